"""Posts, threads, deleting and counting on X."""

from datetime import timedelta
from pathlib import Path

import httpx2 as httpx
import pytest

from app.clock import now
from app.config import Config
from app.networks.base import Account, Category, Effect, Metrics, NetworkError, Published
from app.networks.x import X
from app.sandbox.store import Store
from tests.networks.x_helpers import item, person, picture, publish


@pytest.fixture
def x(http: httpx.Client, config: Config) -> X:
    return X(http, config)


@pytest.fixture
def alice(x: X) -> Account:
    return person(x)


def test_a_post_is_public_with_a_link_a_person_can_open(
    x: X, alice: Account, http: httpx.Client
) -> None:
    published = publish(x, alice, item("Hello & <welcome> to https://example.com/a?b=c"))
    assert published.url == f"http://127.0.0.1:8090/x/alice/status/{published.external_id}"
    page = http.get(published.url)
    assert page.status_code == 200
    assert "Hello &amp; &lt;welcome&gt; to" in page.text
    assert 'href="https://example.com/a?b=c"' in page.text


def test_280_weighted_characters_are_taken_and_281_refused(x: X, alice: Account) -> None:
    assert publish(x, alice, item("漢" * 140)).external_id
    with pytest.raises(NetworkError, match="too long") as told:
        publish(x, alice, item("漢" * 140 + "x"))
    error = told.value
    assert (error.category, error.effect) == (Category.VALIDATION, Effect.NONE)
    assert not error.retryable


def test_long_posts_go_out_for_subscribers_and_are_found_again(x: X, store: Store) -> None:
    store.accounts.get("twitter", "rich").extras["subscription_type"] = "Premium"
    rich = person(x, "rich")
    one = item("A long story. " * 200 + "https://example.com")
    published = publish(x, rich, one)
    found = x.probe(rich, one, {}, one.at, frozenset())
    assert found.published == published


def test_the_same_text_again_is_a_duplicate_and_nothing_is_posted(
    x: X, alice: Account, store: Store
) -> None:
    publish(x, alice, item("Good morning"))
    with pytest.raises(NetworkError) as told:
        publish(x, alice, item("Good  morning "))
    assert (told.value.category, told.value.effect) == (Category.DUPLICATE, Effect.NONE)
    assert not told.value.retryable
    assert len(list(store.posts.newest())) == 1
    assert publish(x, person(x, "bob"), item("Good morning")).external_id


def test_a_thread_answers_part_by_part(x: X, alice: Account, store: Store) -> None:
    first = publish(x, alice, item("One"))
    second = publish(x, alice, item("Two", parent=first))
    publish(x, alice, item("Three", parent=second))
    posts = {post.text: post for post in store.posts.newest()}
    assert posts["Two"].parent == first.external_id
    assert posts["Three"].parent == second.external_id


def test_a_reply_to_somebody_else_is_refused_as_x_refuses_it(x: X, alice: Account) -> None:
    first = publish(x, person(x, "bob"), item("Mine"))
    with pytest.raises(NetworkError, match="thread ends here") as told:
        publish(x, alice, item("Me too", parent=first))
    assert (told.value.category, told.value.effect) == (Category.VALIDATION, Effect.NONE)


def test_an_answer_to_a_post_that_is_gone_is_refused(x: X, alice: Account) -> None:
    first = publish(x, alice, item("One"))
    x.delete(alice, first)
    with pytest.raises(NetworkError, match="gone") as told:
        publish(x, alice, item("Two", parent=first))
    assert told.value.effect is Effect.NONE


def test_who_may_reply_is_passed_on_and_nothing_else_is(x: X, alice: Account, store: Store) -> None:
    publish(x, alice, item("Only you", reply_settings="mentionedUsers", visibility="x", poll={}))
    assert next(store.posts.newest()).text == "Only you"


def test_media_x_no_longer_knows_asks_for_a_new_upload(
    x: X, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item("Look", picture(tmp_path))
    resume: dict[str, object] = {}
    for step in x.prepare(alice, one, {}):
        resume = step
    shot = one.part.media[0].id
    store.table("x.media").pop(resume["media"][shot]["id"])  # type: ignore[index]
    with pytest.raises(NetworkError) as told:
        x.commit(alice, one, resume)
    error = told.value
    assert (error.category, error.effect, error.retryable) == (
        Category.MEDIA_ERROR, Effect.NONE, True,
    )  # fmt: skip


def test_the_limit_of_x_is_met_and_its_reset_is_told(x: X, alice: Account, store: Store) -> None:
    store.limits.set_limit("twitter", "alice", "create", 2)
    publish(x, alice, item("One"))
    publish(x, alice, item("Two"))
    with pytest.raises(NetworkError) as told:
        publish(x, alice, item("Three"))
    error = told.value
    assert (error.category, error.effect) == (Category.RATE_LIMITED, Effect.NONE)
    assert error.retry_at is not None
    assert timedelta(minutes=14) < error.retry_at - now() <= timedelta(minutes=15, seconds=2)


@pytest.mark.parametrize(
    ("fault", "category", "effect", "posted"),
    [
        ("http_500", Category.UNKNOWN, Effect.UNKNOWN, 0),
        ("http_500_after_accept", Category.UNKNOWN, Effect.UNKNOWN, 1),
        ("invalid_json", Category.UNKNOWN, Effect.DONE, 1),
        ("http_429", Category.RATE_LIMITED, Effect.NONE, 0),
        ("revoked", Category.AUTH_ERROR, Effect.NONE, 0),
        ("duplicate", Category.DUPLICATE, Effect.NONE, 0),
    ],
)
def test_what_is_known_after_trouble_is_what_happened(
    x: X, alice: Account, store: Store, fault: str, category: Category, effect: Effect, posted: int
) -> None:
    store.faults.order({"network": "twitter", "operation": "publish", "fault": fault})
    with pytest.raises(NetworkError) as told:
        publish(x, alice, item("Hello"))
    assert (told.value.category, told.value.effect) == (category, effect)
    assert told.value.expired is (fault == "revoked")
    assert len(list(store.posts.newest())) == posted


def test_deleting_twice_is_harmless_and_a_strangers_post_stays(
    x: X, alice: Account, store: Store
) -> None:
    published = publish(x, alice, item("Soon gone"))
    x.delete(alice, published)
    x.delete(alice, published)
    x.delete(alice, Published("1"))
    assert [post.deleted for post in store.posts.newest()] == [True]
    other = publish(x, person(x, "bob"), item("Stays"))
    with pytest.raises(NetworkError):
        x.delete(alice, other)
    assert store.posts.get("twitter", other.external_id) is not None


def test_counts_come_by_the_hundred_and_gone_posts_are_told_apart(
    x: X, alice: Account, store: Store
) -> None:
    mine = [publish(x, alice, item(f"Post {n}")) for n in range(3)]
    reply = publish(x, alice, item("More", parent=mine[0]))
    x.delete(alice, mine[2])
    post = store.posts.get("twitter", mine[1].external_id)
    assert post is not None
    post.extras["counts"] = {"likes": 7, "impressions": 900}
    asked = [p.external_id for p in mine] + [reply.external_id] + [str(n) for n in range(1, 150)]
    found = x.metrics(alice, asked)
    assert found[mine[0].external_id].comments == 1
    assert found[mine[1].external_id].likes == 7
    assert found[mine[1].external_id].impressions == 900
    assert found[mine[2].external_id] == Metrics(gone=True)
    assert found["149"] == Metrics(gone=True)
    assert len(found) == len(asked)


def test_no_ids_need_no_call(x: X, alice: Account, store: Store) -> None:
    store.faults.order({"network": "twitter", "fault": "http_500", "times": -1})
    assert x.metrics(alice, []) == {}
