"""Texts, links, photos, stories and comments of a Page; deleting and counting."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.clock import now
from app.networks.base import Account, Category, Effect, Metrics, NetworkError, Published, Verdict
from app.networks.facebook import Facebook
from app.sandbox.store import Store
from tests.networks.facebook_helpers import (
    alice,
    comment,
    facebook,
    http,
    item,
    page,
    picture,
    played,
    prepared,
    public,
    publish,
    store,
)  # fmt: skip

__all__ = ["alice", "facebook", "http", "played", "store"]  # fixtures


def test_a_text_is_public_with_a_link_a_person_can_open(
    facebook: Facebook, alice: Account, http: httpx.Client
) -> None:
    published = publish(facebook, alice, item("  Hello & <welcome>\r\nall  "))
    owner, _, number = published.external_id.partition("_")
    assert owner == alice.external_id
    assert published.url == f"http://127.0.0.1:8090/facebook/{owner}/posts/{number}"
    shown = http.get(published.url)
    assert shown.status_code == 200 and "Hello &amp; &lt;welcome&gt;" in shown.text


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("See (https://example.com/a_(b)?c=d).", "https://example.com/a_(b)?c=d"),
        ("https://www.facebook.com/events/1 and https://example.org", "https://example.org"),
        ("On https://m.facebook.com/x", ""),
        ("No link", ""),
    ],
)
def test_the_first_link_is_attached_but_never_facebooks_own(
    facebook: Facebook, alice: Account, store: Store, text: str, link: str
) -> None:
    publish(facebook, alice, item(text))
    (post,) = public(store)
    assert (post.text, post.extras["link"]) == (text, link)


@pytest.mark.parametrize("count", [1, 3, 10])
def test_photos_go_out_in_order_with_their_descriptions(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path, count: int
) -> None:
    files = [picture(tmp_path, alt=f"Square {n}" if n else "") for n in range(count)]
    publish(facebook, alice, item("See https://example.com", *files))
    (post,) = public(store)
    assert [one["alt"] for one in post.media] == [one.alt for one in files]
    assert store.blob(post.media[-1]["blob"]) == ("image/png", files[-1].path.read_bytes())
    assert post.text == "See https://example.com" and post.extras["link"] == ""


def test_a_photo_story_goes_out_without_words(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item("unseen", picture(tmp_path), placement="story")
    published = publish(facebook, alice, one)
    (post,) = public(store)
    assert (post.id, post.text, post.extras["kind"]) == (published.external_id, "", "story")
    facebook.delete(alice, published)
    assert public(store) == []


def test_the_first_comment_stands_under_its_post(
    facebook: Facebook, alice: Account, store: Store, http: httpx.Client
) -> None:
    parent = publish(facebook, alice, item("Post"))
    said = publish(facebook, alice, comment("Read more: https://example.com", parent))
    assert public(store)[1].parent == parent.external_id
    assert said.url.startswith(f"{parent.url}?comment_id=")
    assert "Read more" in http.get(said.url).text
    counted = facebook.metrics(alice, [parent.external_id])[parent.external_id]
    assert counted.comments == 1


def test_a_stopped_preparation_lays_no_photo_ready_twice(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item("Three", *(picture(tmp_path) for _ in range(3)))
    resume: dict[str, Any] = {}
    for _ in range(3):
        resume = next(facebook.prepare(alice, one, resume))
    assert list(facebook.prepare(alice, one, resume)) == []
    assert len(store.table("facebook.photos").items()) == 3
    facebook.commit(alice, one, resume)
    assert len(public(store)[0].media) == 3


def test_photos_are_posted_once_however_often_it_is_asked(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item("Two", picture(tmp_path), picture(tmp_path))
    resume = prepared(facebook, alice, one)
    facebook.commit(alice, one, resume)
    with pytest.raises(NetworkError) as told:
        facebook.commit(alice, one, resume)
    error = told.value
    assert (error.category, error.effect, error.code) == (
        Category.DUPLICATE, Effect.NONE, "100/1366051",
    )  # fmt: skip
    assert len(public(store)) == 1


def test_a_commit_without_its_photos_asks_for_them_again(
    facebook: Facebook, alice: Account, tmp_path: Path
) -> None:
    with pytest.raises(NetworkError, match="uploaded again") as told:
        facebook.commit(alice, item("x", picture(tmp_path)), {})
    assert (told.value.category, told.value.retryable) == (Category.MEDIA_ERROR, True)


def test_the_same_words_as_the_last_post_are_a_duplicate(
    facebook: Facebook, alice: Account, store: Store
) -> None:
    publish(facebook, alice, item("Good morning"))
    with pytest.raises(NetworkError) as told:
        publish(facebook, alice, item("Good morning"))
    assert (told.value.category, told.value.effect, told.value.code) == (
        Category.DUPLICATE, Effect.NONE, "506",
    )  # fmt: skip
    publish(facebook, alice, item("Good night"))
    assert publish(facebook, alice, item("Good morning")).external_id


REFUSED = [
    ("meta-error:190/463", Category.AUTH_ERROR, "190/463", "no longer valid"),
    ("meta-error:190/492", Category.AUTH_ERROR, "190/492", "no longer has a role"),
    ("meta-error:368/4854002", Category.AUTH_ERROR, "PAGE_IDENTITY_CONFIRMATION_REQUIRED",
     "confirm who they are"),
    ("meta-error:368", Category.VALIDATION, "368", "policy"),
    ("meta-error:1346003", Category.VALIDATION, "1346003", "refused"),
    ("meta-error:100/1404078", Category.AUTH_ERROR, "100/1404078", "confirm who they are"),
    ("https://unreachable.example/x", Category.VALIDATION, "100/1609005", "cannot be read"),
    ("x" * 63_207, Category.VALIDATION, "100", "63206"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "category", "code", "words"), REFUSED)
def test_a_refusal_says_what_to_do_and_nothing_is_public(
    facebook: Facebook, alice: Account, store: Store,
    text: str, category: Category, code: str, words: str,
) -> None:  # fmt: skip
    with pytest.raises(NetworkError, match=words) as told:
        publish(facebook, alice, item(text))
    error = told.value
    assert (error.category, error.effect, error.code) == (category, Effect.NONE, code)
    assert not error.retryable and "fbtrace_id" in error.raw
    assert public(store) == []


@pytest.mark.parametrize(
    ("fault", "category", "effect", "posted"),
    [
        ("http_500", Category.NETWORK_ERROR, Effect.UNKNOWN, 0),
        ("http_500_after_accept", Category.NETWORK_ERROR, Effect.UNKNOWN, 1),
        ("invalid_json", Category.UNKNOWN, Effect.DONE, 1),
        ("hang_after_accept", Category.UNKNOWN, Effect.UNKNOWN, 1),
        ("reset", Category.UNKNOWN, Effect.UNKNOWN, 0),
        ("http_429", Category.RATE_LIMITED, Effect.NONE, 0),
        ("revoked", Category.AUTH_ERROR, Effect.NONE, 0),
        ("duplicate", Category.DUPLICATE, Effect.NONE, 0),
    ],
)
def test_what_is_known_after_trouble_is_what_happened(
    facebook: Facebook, alice: Account, store: Store,
    fault: str, category: Category, effect: Effect, posted: int,
) -> None:  # fmt: skip
    one = item("Hello")
    store.faults.order({"network": "facebook", "operation": "publish", "fault": fault,
                        "delay_ms": 0, "account": "alice"})  # fmt: skip
    with pytest.raises(NetworkError) as told:
        publish(facebook, alice, one)
    assert (told.value.category, told.value.effect) == (category, effect)
    assert len(public(store)) == posted
    found = facebook.probe(alice, one, {}, one.at, frozenset())
    assert found.verdict is (Verdict.PUBLISHED if posted else Verdict.ABSENT)


def test_the_end_of_a_rate_limit_is_told_in_minutes(
    facebook: Facebook, alice: Account, store: Store
) -> None:
    store.faults.order({"network": "facebook", "operation": "publish", "fault": "http_429",
                        "retry_after_s": 600})  # fmt: skip
    with pytest.raises(NetworkError) as told:
        publish(facebook, alice, item("x"))
    assert told.value.retry_at is not None and told.value.code == "32"
    assert timedelta(minutes=9) < told.value.retry_at - now() <= timedelta(minutes=10, seconds=1)


def test_deleting_twice_is_harmless_and_a_strangers_post_stays(
    facebook: Facebook, alice: Account, store: Store
) -> None:
    published = publish(facebook, alice, item("Soon gone"))
    facebook.delete(alice, published)
    facebook.delete(alice, published)
    facebook.delete(alice, Published("1_2"))
    assert public(store) == []
    other = publish(facebook, page(facebook, "bob"), item("Stays"))
    with pytest.raises(NetworkError) as told:
        facebook.delete(alice, other)
    assert told.value.category is Category.AUTH_ERROR and len(public(store)) == 1


def test_numbers_come_with_views_and_without_them(
    facebook: Facebook, alice: Account, store: Store
) -> None:
    made = [publish(facebook, alice, item(f"Post {n}")).external_id for n in range(3)]
    facebook.delete(alice, Published(made[2]))
    found = store.posts.get("facebook", made[0])
    assert found is not None
    found.extras["counts"] = {"likes": 7, "impressions": 900, "shares": 2}
    counted = facebook.metrics(alice, made)
    assert counted[made[0]] == Metrics(likes=7, shares=2, comments=0, impressions=900)
    assert counted[made[1]].shares == 0 and counted[made[2]] == Metrics(gone=True)
    store.accounts.get("facebook", "alice").extras["gone_metrics"] = ["post_media_view"]
    again = facebook.metrics(alice, made[:2])
    assert again[made[0]].likes == 7 and again[made[0]].impressions is None


def test_counting_stops_before_the_allowance_is_used_up(
    facebook: Facebook, alice: Account, store: Store
) -> None:
    made = [publish(facebook, alice, item(f"Post {n}")).external_id for n in range(3)]
    # 3 posts took 6 calls, and the Page itself was read before that.
    store.limits.set_limit("facebook", "alice", "calls", 10)
    counted = facebook.metrics(alice, made)
    assert 0 < len(counted) < 3


def test_no_ids_need_no_call(facebook: Facebook, alice: Account, store: Store) -> None:
    store.faults.order({"network": "facebook", "operation": "*", "fault": "http_500"})
    assert facebook.metrics(alice, []) == {}
