"""What became of a post whose publishing nobody saw the answer of."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app import egress
from app.config import Config
from app.networks.base import Account, Effect, Item, NetworkError, Probe, Probed, Verdict
from app.networks.threads import Threads
from app.networks.threads_probe import canonical
from app.sandbox import line
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


def lost(
    threads: Threads, account: Account, one: Item, store: Store,
    fault: str = "http_500_after_accept",
) -> dict[str, Any]:  # fmt: skip
    """Commit with an answer that never arrives; what prepare left."""
    resume = prepared(threads, account, one)
    store.faults.order({"network": "threads", "operation": "publish", "fault": fault})
    with pytest.raises(NetworkError):
        threads.commit(account, one, resume)
    return resume


def ask(threads: Threads, account: Account, one: Item, resume: dict[str, Any]) -> Probed:
    return threads.probe(account, one, resume, one.at, frozenset())


@pytest.mark.parametrize("kind", ["text", "picture", "carousel", "thread", "comment"])
def test_a_post_is_found_and_only_it(
    threads: Threads, alice: Account, store: Store, files: Shelf, kind: str
) -> None:
    first = publish(threads, alice, item("Same words"))
    media = {"picture": 1, "carousel": 2}.get(kind, 0)
    one = item(
        "Other words #topic\n\nand  more" if kind == "text" else "Same words",
        *[files.picture() for _ in range(media)],
        parent=first if kind in ("thread", "comment") else None,
        comment=kind == "comment",
    )
    resume = lost(threads, alice, one, store)
    found = ask(threads, alice, one, resume)
    post = next(store.posts.newest())
    assert found.verdict is Verdict.PUBLISHED and found.published is not None
    assert (found.published.external_id, found.published.url) == (post.id, post.url)
    assert len(list(store.posts.newest())) == 2


def test_what_was_not_executed_is_absent_and_goes_out_once(
    threads: Threads, alice: Account, store: Store
) -> None:
    one = item("Never there")
    resume = lost(threads, alice, one, store, "http_500")
    assert ask(threads, alice, one, resume).verdict is Verdict.ABSENT
    threads.commit(alice, one, prepared(threads, alice, one, resume))
    assert len(list(store.posts.newest())) == 1


def test_without_a_container_nothing_can_be_out(threads: Threads, alice: Account) -> None:
    assert ask(threads, alice, item("x"), {}).verdict is Verdict.ABSENT
    with pytest.raises(NetworkError) as told:
        threads.commit(alice, item("x"), {})
    assert told.value.effect is Effect.NONE


def test_a_twin_does_not_hide_that_it_is_out(
    threads: Threads, alice: Account, store: Store
) -> None:
    twin = publish(threads, alice, item("Twins"))
    one = item("Twins")
    resume = lost(threads, alice, one, store)
    found = ask(threads, alice, one, resume)
    assert found.verdict is Verdict.PUBLISHED and found.published is not None
    assert found.published.external_id == ""  # out for sure, but nobody can say which it is
    known = frozenset({twin.external_id})
    sure = threads.probe(alice, one, resume, one.at, known)
    assert sure.published is not None
    assert sure.published.external_id == next(store.posts.newest()).id


def test_a_listing_that_lags_is_waited_for_a_while(
    threads: Threads, alice: Account, store: Store
) -> None:
    extras(store, listing_seconds=3600)
    one = item("Not listed yet")
    resume = lost(threads, alice, one, store)
    assert ask(threads, alice, one, resume).verdict is Verdict.PROCESSING
    later = threads.probe(alice, one, resume, one.at - timedelta(minutes=5), frozenset())
    assert later.verdict is Verdict.PUBLISHED and later.published is not None
    assert later.published.extras == {"container": resume["container"]["id"]}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"done_at": time.time() + 9e9, "at": time.time() + 9e9}, Verdict.PROCESSING),
        ({"at": 1.0}, Verdict.ABSENT),
        ({"trouble": "FAILED_PROCESSING_VIDEO"}, Verdict.FAILED),
        ({"handle": "bob"}, Verdict.UNSURE),
    ],
)
def test_every_state_of_a_container_has_its_meaning(
    threads: Threads, alice: Account, store: Store, change: dict[str, Any], verdict: Verdict
) -> None:
    one = item("State")
    resume = prepared(threads, alice, one)
    table = store.table("threads.containers")
    key, row = table.items()[0]
    table.put(key, {**row, **change})
    found = ask(threads, alice, one, resume)
    assert found.verdict is verdict
    if verdict is Verdict.FAILED:
        assert found.error is not None and not found.error.retryable
        assert "could not process" in found.error.message


@pytest.mark.parametrize("fault", ["http_500", "http_429", "revoked", "invalid_json"])
def test_a_look_that_fails_decides_nothing(
    threads: Threads, alice: Account, store: Store, fault: str
) -> None:
    one = item("Hello")
    resume = prepared(threads, alice, one)
    store.faults.order({"network": "threads", "operation": "upload", "fault": fault})
    with pytest.raises(NetworkError):
        ask(threads, alice, one, resume)


def test_old_posts_with_the_same_words_and_other_kinds_are_not_it(
    threads: Threads, alice: Account, store: Store, files: Shelf
) -> None:
    publish(threads, alice, item("Every morning"))
    old = next(store.posts.newest())
    old.at -= 600
    publish(threads, alice, item("Every morning", files.picture()))
    one = item("Every morning")
    resume = lost(threads, alice, one, store)
    found = ask(threads, alice, one, resume)
    assert found.published is not None
    assert found.published.external_id == next(store.posts.newest()).id


def test_a_long_list_is_read_by_pages(threads: Threads, alice: Account, store: Store) -> None:
    one = item("The first of many")
    resume = lost(threads, alice, one, store)
    wanted = next(store.posts.newest()).id
    template = dict(vars(next(store.posts.newest())))
    for number in range(60):
        copy = {**template, "id": str(store.serial()), "text": f"Later {number}"}
        store.posts.add(type(next(store.posts.newest()))(**copy))
    found = ask(threads, alice, one, resume)
    assert found.published is not None and found.published.external_id == wanted


def test_only_the_handle_is_asked(threads: Threads, alice: Account) -> None:
    assert threads.probe_by(alice, 0.0) is Probe.HANDLE
    assert canonical("A  #b\nc") == canonical("A b c")


@pytest.mark.parametrize(
    ("fault", "effect", "posted"),
    [
        ("timeout", Effect.UNKNOWN, False),
        ("hang_after_accept", Effect.UNKNOWN, True),
        ("reset_after_accept", Effect.UNKNOWN, True),
        ("half_answer", Effect.DONE, True),
        ("drip", Effect.DONE, True),
    ],
)
def test_on_a_real_socket_no_trouble_outlives_the_deadline(
    socket_config: Config, store: Store, fault: str, effect: Effect, posted: bool
) -> None:
    with egress.client(socket_config, guarded=False) as http:
        threads = client(http, socket_config, store)
        alice = person(threads)
        one = item(f"Trouble: {fault}")
        resume = prepared(threads, alice, one)
        store.faults.order({"network": "threads", "operation": "publish", "fault": fault})
        start = time.monotonic()
        with pytest.raises(NetworkError) as told, egress.bounded(0.6):
            threads.commit(alice, one, resume)
        assert time.monotonic() - start < 4
        assert told.value.effect is effect
        found = ask(threads, alice, one, resume)
        line.closing.set()  # wake whatever still hangs
        time.sleep(0.05)
        line.closing.clear()
    assert found.verdict is (Verdict.PUBLISHED if posted else Verdict.ABSENT)
