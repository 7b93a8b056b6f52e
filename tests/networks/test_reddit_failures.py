"""What goes wrong at Reddit, what is known then, and steps that are not done twice."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import time_machine

from app.clock import now
from app.config import Config
from app.networks.base import (
    Account,
    Category,
    Effect,
    Item,
    NetworkError,
    Published,
    Verdict,
)
from app.networks.reddit import Reddit
from app.sandbox.store import Store
from tests.networks.reddit_helpers import (
    accepted,
    appears,
    ask,
    item,
    only,
    order,
    person,
    picture,
    played,
    prepared,
    publish,
    sandbox,
    store,
    video,
)

__all__ = ["played", "sandbox", "store"]


@pytest.fixture
def reddit(http: httpx.Client, config: Config) -> Reddit:
    return Reddit(http, config)


@pytest.fixture
def alice(reddit: Reddit) -> Account:
    return person(reddit)


@pytest.mark.parametrize("how", ["a file nobody can open", "the fault", "the account's extras"])
def test_what_never_appears_ends_with_a_person_and_is_not_sent_again(
    reddit: Reddit, alice: Account, store: Store, tmp_path: Path, how: str
) -> None:
    one = item("A film", video(tmp_path, good=how != "a file nobody can open"))
    if how == "the fault":
        order(store, "publish", "processing")
    elif how == "the account's extras":
        store.accounts.get("reddit", "alice").extras["processing"] = "fail"
    accepted(reddit, alice, one)
    assert ask(reddit, alice, one).verdict is Verdict.PROCESSING
    with time_machine.travel(now() + timedelta(minutes=10, seconds=1)):
        found = ask(reddit, alice, one)
    assert found.verdict is Verdict.UNSURE and "ten minutes" in found.message
    assert not list(store.posts.newest())


@pytest.mark.parametrize(
    ("one", "words", "code"),
    [
        (item("x", subreddit="nosuchplace"), "no subreddit of that name", "SUBREDDIT_NOEXIST"),
        (item("x", subreddit="closed"), "may not post", "SUBREDDIT_NOTALLOWED"),
        (item("x", subreddit="u/bob"), "may not post", "SUBREDDIT_NOTALLOWED"),
        (item("x", subreddit="linksonly"), "no text posts", "NO_SELFS"),
        (item("x\nhttps://example.com", subreddit="textonly"), "text posts only", "NO_LINKS"),
        (item("x\nhttps://nowhere"), "does not take that link", "BAD_URL"),
        (item("t" * 301), "too long", "TOO_LONG"),
        (item("t\n" + "x" * 40_001), "too long", "TOO_LONG"),
        (item("[News] for free", subreddit="strict", flairId="f-news"), "may not contain free",
         "SUBMIT_VALIDATION_TITLE_BLACKLISTED_STRING"),
        (item("[News] At last\n\nWords", subreddit="strict"), "must contain post flair",
         "SUBMIT_VALIDATION_FLAIR_REQUIRED"),
        (item("x", subreddit="flaired", flairId="f-news", flairText="Mine"), "fixed",
         "INVALID_OPTION"),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_words_and_nothing_was_posted(
    reddit: Reddit, alice: Account, store: Store, one: Item, words: str, code: str
) -> None:
    with pytest.raises(NetworkError, match=words) as told:
        publish(reddit, alice, one)
    error = told.value
    assert (error.category, error.effect, error.code) == (Category.VALIDATION, Effect.NONE, code)
    assert not error.retryable and not list(store.posts.newest())


def test_a_gallerys_refusal_is_a_bare_list(reddit: Reddit, alice: Account, tmp_path: Path) -> None:
    one = item("Two", picture(tmp_path), picture(tmp_path), subreddit="nogallery")
    with pytest.raises(NetworkError, match="no galleries") as told:
        publish(reddit, alice, one)
    assert (told.value.effect, told.value.code) == (Effect.NONE, "GALLERIES_DISABLED")


def test_a_link_that_stands_already_is_a_duplicate_unless_that_is_meant(
    reddit: Reddit, alice: Account, store: Store
) -> None:
    publish(reddit, person(reddit, "bob"), item("His\nhttps://example.com/a"))
    with pytest.raises(NetworkError) as told:
        publish(reddit, alice, item("Mine\nhttps://example.com/a"))
    assert (told.value.category, told.value.effect) == (Category.DUPLICATE, Effect.NONE)
    assert ask(reddit, alice, item("Mine\nhttps://example.com/a")).verdict is Verdict.ABSENT
    assert publish(reddit, alice, item("Mine\nhttps://example.com/a", resubmit=True)).url


def test_posting_too_often_waits_for_the_time_that_was_named(
    reddit: Reddit, alice: Account, store: Store
) -> None:
    store.limits.set_limit("reddit", "alice", "submit", 1)
    post = publish(reddit, alice, item("One"))
    for late in (item("Two"), item("Three", parent=post)):
        with pytest.raises(NetworkError) as told:
            publish(reddit, alice, late)
        error = told.value
        assert (error.category, error.effect, error.code) == (
            Category.RATE_LIMITED, Effect.NONE, "RATELIMIT",
        )  # fmt: skip
        assert error.retry_at is not None
        assert timedelta(minutes=9) < error.retry_at - now() <= timedelta(minutes=10, seconds=3)


def test_the_windows_end_is_seconds_from_now(reddit: Reddit, alice: Account, store: Store) -> None:
    store.limits.set_limit("reddit", "*", "calls", 0)
    with pytest.raises(NetworkError) as told:
        publish(reddit, alice, item("One"))
    assert (told.value.category, told.value.effect) == (Category.RATE_LIMITED, Effect.NONE)
    assert told.value.retry_at is not None
    assert timedelta(minutes=9) < told.value.retry_at - now() < timedelta(minutes=11)


@pytest.mark.parametrize(
    ("fault", "category", "effect", "posted"),
    [
        ("http_500", Category.UNKNOWN, Effect.UNKNOWN, 0),
        ("http_500_after_accept", Category.UNKNOWN, Effect.UNKNOWN, 1),
        ("invalid_json", Category.UNKNOWN, Effect.DONE, 1),
        ("reset_after_accept", Category.UNKNOWN, Effect.UNKNOWN, 1),
        ("timeout", Category.UNKNOWN, Effect.UNKNOWN, 0),
        ("http_429", Category.RATE_LIMITED, Effect.NONE, 0),
        ("revoked", Category.AUTH_ERROR, Effect.NONE, 0),
        ("duplicate", Category.DUPLICATE, Effect.NONE, 0),
    ],
)
def test_what_is_known_after_trouble_is_what_happened_and_the_list_tells_the_rest(
    reddit: Reddit, alice: Account, store: Store, fault: str, category: Category, effect: Effect,
    posted: int,
) -> None:  # fmt: skip
    publish(reddit, alice, item("Another"))
    one = item("Hello")
    order(store, "publish", fault, **({"delay_ms": 1} if fault == "timeout" else {}))
    with pytest.raises(NetworkError) as told:
        publish(reddit, alice, one)
    assert (told.value.category, told.value.effect) == (category, effect)
    assert told.value.expired is (fault == "revoked")
    assert len(list(store.posts.newest())) == 1 + posted
    found = ask(reddit, alice, one)
    assert found.verdict is (Verdict.PUBLISHED if posted else Verdict.ABSENT)
    if posted:
        assert found.published is not None
        assert found.published.external_id == next(store.posts.newest()).id


def test_the_edges_page_is_no_answer_of_reddits(http: httpx.Client, store: Store) -> None:
    named = Config.from_env({"REDDIT_USER_AGENT": "curl/8", "SECRET_KEY": "x" * 40})
    blocked = Reddit(http, named)
    alice = person(Reddit(http, Config.from_env({"SECRET_KEY": "x" * 40})))
    with pytest.raises(NetworkError, match="REDDIT_USER_AGENT") as told:
        publish(blocked, alice, item("Hello"))
    assert (told.value.category, told.value.effect) == (Category.NETWORK_ERROR, Effect.NONE)
    assert not list(store.posts.newest())


def test_a_picture_whose_answer_was_lost_is_waited_for_and_not_sent_again(
    reddit: Reddit, alice: Account, store: Store, tmp_path: Path
) -> None:
    store.accounts.get("reddit", "alice").extras["processing"] = 0.3
    one = item("Look", picture(tmp_path))
    resume = prepared(reddit, alice, one)
    order(store, "publish", "http_500_after_accept")
    with pytest.raises(NetworkError) as told:
        reddit.commit(alice, one, resume)
    assert told.value.effect is Effect.UNKNOWN
    assert appears(reddit, alice, one).external_id == only(store).id


def test_probing_knows_its_own_from_others_and_from_earlier_ones(
    reddit: Reddit, alice: Account, store: Store
) -> None:
    one = item("Same title\n\nText")
    publish(reddit, alice, item("Same title", subreddit="elsewhere"))
    publish(reddit, alice, item("Same title\nhttps://example.com/z"))
    assert ask(reddit, alice, one).verdict is Verdict.ABSENT
    first = publish(reddit, alice, item("Same   title\n\nText", subreddit="Test"))
    assert ask(reddit, alice, one).published == first
    assert ask(reddit, alice, one, first.external_id).verdict is Verdict.ABSENT
    publish(reddit, alice, one)
    assert ask(reddit, alice, one).verdict is Verdict.UNSURE
    later = reddit.probe(alice, one, {}, now() + timedelta(minutes=5), frozenset())
    assert later.verdict is Verdict.ABSENT


def test_probing_reads_on_past_the_first_page_and_says_who_removed_it(
    reddit: Reddit, alice: Account, store: Store
) -> None:
    one = item("Sought [removeme]")
    sought = publish(reddit, alice, one)
    for n in range(30):
        publish(reddit, alice, item(f"Later {n}"))
    found = ask(reddit, alice, one)
    assert found.published == Published(
        sought.external_id, sought.url, {"removed": "automod_filtered"}
    )


# Steps that were done are not done again -------------------------------------------------------


class Counted(httpx.BaseTransport):
    """Counts the calls that reach the network."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner, self.paths = inner, []  # type: ignore[var-annotated]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        return self.inner.handle_request(request)


@pytest.fixture
def counted(http: httpx.Client) -> Iterator[Counted]:
    yield Counted(http._transport)  # the sandbox, in memory


def test_a_preparation_stopped_anywhere_goes_on_where_it_was(
    counted: Counted, config: Config, store: Store, tmp_path: Path
) -> None:
    with httpx.Client(transport=counted) as client:
        reddit = Reddit(client, config)
        alice = person(reddit)
        one = item("A film", video(tmp_path))
        counted.paths.clear()
        resume: dict[str, Any] = {}
        for _ in range(10):
            step = next(reddit.prepare(alice, one, resume), None)
            if step is None:
                break
            resume = step
        leases = [path for path in counted.paths if path.endswith("/asset.json")]
        sent = [path for path in counted.paths if "/_storage/" in path]
        assert (len(leases), len(sent)) == (2, 2)
        assert not resume["secret"]["leases"]
        assert "Signature" not in str({**resume, "secret": None})
        accepted_error = pytest.raises(NetworkError)
        with accepted_error as told:
            reddit.commit(alice, one, resume)
        assert told.value.effect is Effect.DONE
        assert appears(reddit, alice, one).external_id == only(store).id


def test_a_lease_that_ran_out_meanwhile_is_taken_anew(
    reddit: Reddit, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item("Look", picture(tmp_path))
    leased = next(reddit.prepare(alice, one, {}))
    with time_machine.travel(now() + timedelta(hours=1)):
        steps = list(reddit.prepare(alice, one, leased))
    assert len(steps) == 2 and steps[-1]["media"][one.part.media[0].id]["url"]


@pytest.mark.parametrize(
    ("fault", "category", "retried"),
    [
        ("http_500", Category.NETWORK_ERROR, True),
        ("http_429", Category.RATE_LIMITED, True),
        ("revoked", Category.AUTH_ERROR, False),
    ],
)
def test_trouble_while_uploading_leaves_nothing_public(
    reddit: Reddit, alice: Account, store: Store, tmp_path: Path, fault: str, category: Category,
    retried: bool,
) -> None:  # fmt: skip
    order(store, "upload", fault)
    with pytest.raises(NetworkError) as told:
        prepared(reddit, alice, item("Look", picture(tmp_path)))
    assert (told.value.category, told.value.retryable) == (category, retried)
    assert not list(store.posts.newest())
