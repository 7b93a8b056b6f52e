"""What goes wrong at Threads, and what is known then: category, effect, time and words."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.clock import now
from app.config import Config
from app.networks import threads_errors
from app.networks.base import Account, Category, Effect, NetworkError, Published, Tokens
from app.networks.threads import Threads
from app.networks.wire import Answer
from app.sandbox.store import Store
from tests.networks.threads_helpers import (
    Shelf,
    client,
    extras,
    item,
    person,
    prepared,
    publish,
    shelf,
)


@pytest.fixture
def threads(http: httpx.Client, config: Config, store: Store) -> Threads:
    return client(http, config, store)


@pytest.fixture
def alice(threads: Threads) -> Account:
    return person(threads)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Shelf]:
    with shelf(tmp_path) as found:
        yield found


def answer(status: int, code: int, subcode: int = 0, **more: Any) -> Answer:
    error = {"message": "Said", "type": "OAuthException", "code": code, "fbtrace_id": "Abc"}
    error |= ({"error_subcode": subcode} if subcode else {}) | more
    return Answer(status, {}, json.dumps({"error": error}).encode())


REFUSALS = [
    (answer(400, 24, 4279009), Category.MEDIA_PROCESSING),
    (answer(400, 24), Category.MEDIA_PROCESSING),
    (answer(400, 9004, 2207052), Category.MEDIA_ERROR),
    (answer(400, 100), Category.VALIDATION),
    (answer(401, 190, 463), Category.AUTH_ERROR),
    (answer(401, 190), Category.AUTH_ERROR),
    (answer(400, 102), Category.AUTH_ERROR),
    (answer(403, 10), Category.AUTH_ERROR),
    (answer(403, 200), Category.AUTH_ERROR),
    (answer(403, 10, 4279013), Category.AUTH_ERROR),
    (answer(400, 1, 4279013), Category.AUTH_ERROR),
    (answer(400, -1, 2207051), Category.RATE_LIMITED),
    (answer(403, 9, 2207042), Category.RATE_LIMITED),
    *[(answer(400, code), Category.RATE_LIMITED) for code in (4, 17, 32, 613)],
]  # fmt: skip


@pytest.mark.parametrize(("found", "category"), REFUSALS)
def test_a_listed_refusal_means_that_nothing_was_published(
    found: Answer, category: Category
) -> None:
    error = threads_errors.publishing(found)
    assert error is not None
    assert (error.category, error.effect) == (category, Effect.NONE)
    if category is Category.RATE_LIMITED:
        assert error.retry_at is not None and error.retry_at > now() + timedelta(minutes=59)
    if category is Category.MEDIA_PROCESSING:
        assert error.retry_at is not None
        assert timedelta(seconds=25) < error.retry_at - now() <= timedelta(seconds=30)


@pytest.mark.parametrize(
    "found",
    [
        answer(500, 1), answer(500, 2), answer(400, 2, is_transient=True), answer(400, 77777),
        # Threads says so of posts that it has made.
        answer(500, 10), answer(503, 24, 4279009),
        Answer(502, {}, b"<html>Bad gateway</html>"), Answer(400, {}, b"<html>"),
        Answer(302, {}, b""),
    ],
)  # fmt: skip
def test_anything_else_on_publishing_stays_unknown(found: Answer) -> None:
    error = threads_errors.publishing(found)
    assert error is None or error.effect is Effect.UNKNOWN


def trouble(
    threads: Threads, account: Account, store: Store, fault: str, **more: Any
) -> NetworkError:
    one = item("Trouble")
    resume = prepared(threads, account, one)
    order = {"network": "threads", "operation": "publish", "fault": fault, "delay_ms": 1}
    store.faults.order(order | more)
    with pytest.raises(NetworkError) as told:
        threads.commit(account, one, resume)
    return told.value


@pytest.mark.parametrize(
    ("fault", "category", "effect", "posted"),
    [
        ("revoked", Category.AUTH_ERROR, Effect.NONE, 0),
        ("http_429", Category.RATE_LIMITED, Effect.NONE, 0),
        ("processing", Category.MEDIA_PROCESSING, Effect.NONE, 0),
        ("http_500", Category.UNKNOWN, Effect.UNKNOWN, 0),
        ("http_500_after_accept", Category.UNKNOWN, Effect.UNKNOWN, 1),
        ("invalid_json", Category.UNKNOWN, Effect.DONE, 1),
        ("timeout", Category.UNKNOWN, Effect.UNKNOWN, 0),
        ("hang_after_accept", Category.UNKNOWN, Effect.UNKNOWN, 1),
    ],
)
def test_trouble_on_publishing_is_never_guessed_at(
    threads: Threads, alice: Account, store: Store,
    fault: str, category: Category, effect: Effect, posted: int,
) -> None:  # fmt: skip
    error = trouble(threads, alice, store, fault)
    assert (error.category, error.effect) == (category, effect)
    assert len(list(store.posts.newest())) == posted
    assert "sandbox-alice" not in f"{error.message}{error.raw}"


def test_the_wait_is_the_one_meta_names(threads: Threads, alice: Account, store: Store) -> None:
    error = trouble(threads, alice, store, "http_429", retry_after_s=1200)
    assert error.retry_at is not None
    assert abs(error.retry_at - now() - timedelta(minutes=20)) < timedelta(seconds=5)


def test_a_profile_that_is_restricted_is_told_so(
    threads: Threads, alice: Account, store: Store
) -> None:
    one = item("No")
    resume = prepared(threads, alice, one)
    extras(store, restricted=True)
    with pytest.raises(NetworkError) as told:
        threads.commit(alice, one, resume)
    assert told.value.category is Category.AUTH_ERROR and "restricted" in told.value.message


@pytest.mark.parametrize("reply", [False, True])
def test_a_used_up_quota_stops_before_anything_is_made(
    threads: Threads, alice: Account, store: Store, reply: bool
) -> None:
    first = publish(threads, alice, item("First"))
    extras(store, quota_total=1, reply_quota_total=0)
    made = len(store.table("threads.containers").items())
    with pytest.raises(NetworkError) as told:
        prepared(threads, alice, item("Next", parent=first if reply else None))
    assert (told.value.category, told.value.code) == (Category.RATE_LIMITED, "quota")
    assert told.value.retry_at is not None and told.value.retry_at > now()
    assert ("0 replies" if reply else "1 posts") in told.value.message
    assert len(store.table("threads.containers").items()) == made


def test_a_quota_used_up_meanwhile_is_read_from_the_refusal(
    threads: Threads, alice: Account, store: Store
) -> None:
    one = item("Late")
    resume = prepared(threads, alice, one)
    extras(store, quota_total=0)
    with pytest.raises(NetworkError) as told:
        threads.commit(alice, one, resume)
    assert (told.value.category, told.value.code) == (Category.RATE_LIMITED, "9/2207042")


def test_an_expired_sign_in_is_told_as_such(threads: Threads, alice: Account, store: Store) -> None:
    grant = store.grants.issue("threads", "access", "alice", seconds=60, scopes=[])
    grant.expires = time.time() - 1
    old = Account(alice.external_id, "alice", Tokens(grant.token))
    with pytest.raises(NetworkError) as told:
        prepared(threads, old, item("Hello"))
    assert (told.value.category, told.value.code) == (Category.AUTH_ERROR, "190/463")


def test_what_takes_long_is_left_alone_and_taken_up_again(
    threads: Threads, alice: Account, store: Store
) -> None:
    store.faults.order(
        {"network": "threads", "operation": "upload", "fault": "processing", "times": -1}
    )
    one = item("Slow")
    kept: dict[str, Any] = {}
    with pytest.raises(NetworkError) as told:
        for step in threads.prepare(alice, one, kept):
            kept = step
    assert told.value.category is Category.MEDIA_PROCESSING
    assert told.value.retry_at is not None and told.value.retry_at > now()
    store.faults.clear()
    table = store.table("threads.containers")
    (key, row) = table.items()[0]
    table.put(key, {**row, "done_at": 0.0})
    threads.commit(alice, one, prepared(threads, alice, one, kept))
    assert len(table.items()) == 1


def failing(threads: Threads, alice: Account, one: Any, kept: Any) -> tuple[NetworkError, Any]:
    """The error, and what the engine carries on after a media error (only ``keep``)."""
    with pytest.raises(NetworkError) as told:
        for step in threads.prepare(alice, one, kept):
            kept = step
    return told.value, {"keep": kept["keep"]}


@pytest.mark.parametrize(
    ("alt", "category", "tries", "words"),
    [
        ("FAILED_PROCESSING_VIDEO", Category.MEDIA_ERROR, 2, "MP4"),
        ("FAILED_PROCESSING_AUDIO", Category.MEDIA_ERROR, 2, "sound"),
        ("UNKNOWN", Category.MEDIA_ERROR, 2, "could not process"),
        ("INVALID_DURATION", Category.VALIDATION, 1, "5 minutes"),
        ("INVALID_ASPEC_RATIO", Category.VALIDATION, 1, "too wide or too tall"),
        ("INVALID_FRAME_RATE", Category.VALIDATION, 1, "23 to 60"),
    ],
)
def test_a_container_that_fails_is_made_once_more_or_not(
    threads: Threads, alice: Account, files: Shelf, store: Store,
    alt: str, category: Category, tries: int, words: str,
) -> None:  # fmt: skip
    one = item("Look", files.video(alt))
    kept: dict[str, Any] = {}
    for number in range(1, tries + 1):
        error, kept = failing(threads, alice, one, kept)
        assert (error.category, error.retryable) == (category, number < tries)
        assert words in error.message
    assert list(store.posts.newest()) == []


@pytest.mark.parametrize("kind", ["picture", "video"])
def test_a_file_threads_cannot_fetch_names_the_cure(
    threads: Threads, alice: Account, files: Shelf, kind: str
) -> None:
    media = files.picture() if kind == "picture" else files.video()
    media.path.unlink()
    one = item("Look", media)
    kept: dict[str, Any] = {}
    first, kept = failing(threads, alice, one, kept)
    second, _ = failing(threads, alice, one, kept)
    assert (first.category, first.retryable) == (Category.MEDIA_ERROR, True)
    assert (second.category, second.retryable) == (Category.MEDIA_ERROR, False)
    assert kind == "picture" or "APP_URL" in second.message


def test_without_a_public_address_nothing_is_asked(
    threads: Threads, alice: Account, files: Shelf, store: Store
) -> None:
    media = files.picture()
    bare = type(media)(media.id, media.path, media.mime, media.size)
    with pytest.raises(NetworkError) as told:
        prepared(threads, alice, item("Look", bare))
    assert (told.value.code, told.value.retryable) == ("no_public_url", False)


def test_a_fresh_parent_is_waited_for(threads: Threads, alice: Account, store: Store) -> None:
    first = publish(threads, alice, item("One"))
    extras(store, fresh_seconds=60)
    one = item("Two", parent=first)
    kept: dict[str, Any] = {}
    with pytest.raises(NetworkError) as told:
        for step in threads.prepare(alice, one, kept):
            kept = step
    assert told.value.category is Category.MEDIA_PROCESSING
    extras(store, fresh_seconds=0)
    threads.commit(alice, one, prepared(threads, alice, one, kept))
    assert next(store.posts.newest()).parent == first.external_id


def test_a_parent_that_stays_away_ends_the_thread(threads: Threads, alice: Account) -> None:
    one = item("Two", parent=Published("123"))
    with pytest.raises(NetworkError) as told:
        prepared(threads, alice, one, {"orphan": time.time() - 3600})
    assert (told.value.category, told.value.retryable) == (Category.VALIDATION, False)
    assert "gone" in told.value.message


def test_threads_own_words_are_shown_for_a_refused_text(threads: Threads, alice: Account) -> None:
    with pytest.raises(NetworkError) as told:
        prepared(threads, alice, item("x" * 501))
    assert told.value.category is Category.VALIDATION and "500" in told.value.message


@pytest.mark.parametrize("fault", ["http_500", "invalid_json"])
def test_a_post_is_out_even_if_its_address_is_not_told(
    threads: Threads, alice: Account, store: Store, fault: str
) -> None:
    one = item("Out")
    resume = prepared(threads, alice, one)
    store.faults.order({"network": "threads", "operation": "lookup", "fault": fault, "times": -1})
    found = threads.commit(alice, one, resume)
    assert found.external_id == next(store.posts.newest()).id and found.url == ""
