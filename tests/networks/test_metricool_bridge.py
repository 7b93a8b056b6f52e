"""Networks through Metricool: handed over, looked for, told; over the played Metricool."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.clock import now
from app.config import Config
from app.networks import metricool_media
from app.networks.base import Category, Effect, Item, Media, NetworkError, Part, Verdict
from app.networks.metricool import NETWORKS, Keys, Metricool
from app.networks.metricool_post import instant, local
from app.sandbox.store import Store
from tests.networks.metricool_helpers import (
    BLOG,
    KEYS,
    account,
    bridge,
    due,
    handed,
    item,
    picture,
    prepared,
    video,
)

NONE: frozenset[str] = frozenset()
TIKTOK = {"privacyLevel": "PUBLIC_TO_EVERYONE"}


def posts(store: Store) -> list[Any]:
    return list(store.posts.of("metricool", "alice"))


def order(store: Store, **fault: Any) -> None:
    store.faults.order({"network": "metricool", "times": 1, "delay_ms": 10, **fault})


def test_brands_tell_their_networks_and_how_the_call_went(
    http: httpx.Client, config: Config
) -> None:
    heard = Metricool(http, config).brands("sandbox-alice")
    first, second, own = heard.brands
    assert (first.id, first.name, first.time_zone) == (BLOG, "Carillon Demo", "Europe/Madrid")
    assert {one.network for one in first.linked} == set(NETWORKS)
    assert [one.username for one in second.linked if one.network == "twitter"] == ["secondbrand"]
    assert own.name == "alice's brand" and heard.milliseconds >= 0 and heard.left is None
    assert "sandbox-alice" not in repr(KEYS) and "sandbox-alice" not in repr(KEYS.tokens)
    assert Keys.of(KEYS.tokens) == KEYS


@pytest.mark.parametrize(
    ("network", "kind", "options"),
    [
        ("twitter", "", {}), ("twitter", "picture", {}), ("linkedin", "picture", {}),
        ("facebook", "", {}), ("facebook", "video", {"placement": "reel"}),
        ("instagram", "picture", {}), ("instagram", "video", {"shareToFeed": False}),
        ("threads", "", {}), ("bluesky", "picture", {}), ("tiktok", "video", TIKTOK),
        ("youtube", "video", {"title": "Bells", "privacyStatus": "public"}),
        ("pinterest", "picture", {"boardId": "1", "title": "Bells"}),
    ],
)  # fmt: skip
def test_each_network_gets_its_post_once_its_time_has_come(
    http: httpx.Client, config: Config, store: Store, tmp_path: Path, network: str, kind: str,
    options: dict[str, Any],
) -> None:  # fmt: skip
    there = bridge(http, config, network)
    who = account(there)
    files = [picture(tmp_path)] if kind == "picture" else [video(tmp_path)] if kind else []
    one = item("", *files, options=options)
    assert not [p for p in there.validate((one.part,), who.extras, options) if p.blocks]
    taken = handed(there, who, one)
    assert taken.effect is Effect.DONE and taken.category is Category.MEDIA_PROCESSING
    assert taken.resume is not None and taken.resume["id"]
    assert taken.retry_at is not None and taken.retry_at - now() > timedelta(seconds=100)
    since = now()
    asked = there.probe(who, one, taken.resume, since, NONE)
    assert asked.verdict is Verdict.PROCESSING and not posts(store)
    due(http)
    asked = there.probe(who, one, taken.resume, since, NONE)
    assert asked.verdict is Verdict.PUBLISHED and asked.published is not None
    [made] = posts(store)
    assert made.extras["provider"] == network and len(made.media) == len(files)
    assert asked.published.external_id == made.id and asked.published.url == made.url
    counts = there.metrics(who, [made.id, "other"])
    assert list(counts) == [made.id] and counts[made.id].likes is not None


def test_a_first_comment_goes_along_and_is_not_sent_twice(
    http: httpx.Client, config: Config, store: Store
) -> None:
    there = bridge(http, config, "linkedin")
    who = account(there)
    one = item("With a comment", options={"firstComment": "And a link"})
    taken = handed(there, who, one)
    due(http)
    found = there.probe(who, one, taken.resume or {}, now(), NONE).published
    assert found is not None
    comment = item("And a link")
    comment = type(comment)(**{**comment.__dict__, "parent": found, "comment": True})
    assert list(there.prepare(who, comment, {})) == []
    assert there.commit(who, comment, {}).external_id == f"{found.external_id}-comment"
    assert {(p.text, bool(p.parent)) for p in posts(store)} == {
        ("With a comment", False), ("And a link", True),
    }  # fmt: skip


@pytest.mark.parametrize("fault", ["hang_after_accept", "reset_after_accept", "invalid_json"])
def test_a_lost_answer_is_found_in_the_calendar(
    http: httpx.Client, config: Config, store: Store, fault: str
) -> None:
    there = bridge(http, config)
    who, one, since = account(there), item(), now()
    resume = prepared(there, who, one)
    order(store, operation="publish", fault=fault)
    with pytest.raises(NetworkError) as caught:
        there.commit(who, one, resume)
    assert caught.value.effect in (Effect.UNKNOWN, Effect.DONE)
    assert there.probe(who, one, resume, since, NONE).verdict is Verdict.PROCESSING
    other = item(one.part.text + "!")
    assert there.probe(who, other, resume, since, NONE).verdict is Verdict.ABSENT
    later = there.probe(who, one, resume, now() + timedelta(minutes=5), NONE)
    assert later.verdict is Verdict.ABSENT
    due(http)
    asked = there.probe(who, one, resume, since, NONE)
    assert asked.verdict is Verdict.PUBLISHED and asked.published is not None
    known = frozenset({asked.published.external_id})
    assert there.probe(who, one, resume, since, known).verdict is Verdict.ABSENT
    with pytest.raises(NetworkError):
        there.commit(who, one, resume)  # the twin of a client that does not look
    assert there.probe(who, one, resume, since, NONE).verdict is Verdict.UNSURE


def test_a_post_taken_off_in_metricool_is_known_before_its_time_alone(
    http: httpx.Client, config: Config
) -> None:
    there = bridge(http, config)
    who, one = account(there), item()
    resume = dict(handed(there, who, one).resume or {})
    Metricool(http, config).forget(KEYS, resume["id"])
    asked = there.probe(who, one, resume, now(), NONE)
    assert asked.verdict is Verdict.FAILED and asked.error is not None
    assert asked.error.effect is Effect.NONE and not asked.error.retryable
    resume["due"] = (now() - timedelta(minutes=3)).isoformat()
    assert there.probe(who, one, resume, now(), NONE).verdict is Verdict.UNSURE


@pytest.mark.parametrize(
    ("told", "category"),
    [
        ("The access token has expired: reconnect the account", Category.AUTH_ERROR),
        ("Status is a duplicate.", Category.DUPLICATE),
        ("The video format is not supported", Category.MEDIA_ERROR),
        ("The caption is too long", Category.VALIDATION),
        ("Something went wrong", Category.UNKNOWN),
    ],
)
def test_what_a_network_refused_is_told_in_its_words(
    http: httpx.Client, config: Config, store: Store, told: str, category: Category
) -> None:
    there = bridge(http, config)
    who, one = account(there), item()
    person = store.accounts.get("metricool", "alice")
    person.extras["fails"] = {"twitter": told}
    store.accounts.save(person)
    taken = handed(there, who, one)
    due(http)
    asked = there.probe(who, one, taken.resume or {}, now(), NONE)
    assert asked.verdict is Verdict.FAILED and asked.error is not None
    assert asked.error.category is category and not asked.error.retryable
    assert not posts(store)


@pytest.mark.parametrize(
    ("operation", "fault", "category", "effect"),
    [
        ("publish", "revoked", Category.AUTH_ERROR, Effect.NONE),
        ("publish", "http_429", Category.RATE_LIMITED, Effect.NONE),
        ("publish", "http_500", Category.NETWORK_ERROR, Effect.UNKNOWN),
        ("publish", "reset", Category.NETWORK_ERROR, Effect.UNKNOWN),
        ("upload", "revoked", Category.AUTH_ERROR, Effect.NONE),
        ("upload", "http_429", Category.RATE_LIMITED, Effect.NONE),
    ],
)
def test_failures_are_sorted_by_the_table(
    http: httpx.Client, config: Config, store: Store, tmp_path: Path, operation: str, fault: str,
    category: Category, effect: Effect,
) -> None:  # fmt: skip
    there = bridge(http, config)
    who, one = account(there), item("", picture(tmp_path))
    order(store, operation=operation, fault=fault)
    with pytest.raises(NetworkError) as caught:
        there.commit(who, one, prepared(there, who, one))
    assert (caught.value.category, caught.value.effect) == (category, effect)
    assert "sandbox-alice" not in f"{caught.value.message}{caught.value.raw}"
    if category is Category.RATE_LIMITED:
        assert caught.value.retry_at is not None and caught.value.retry_at > now()


def test_a_refused_post_is_known_not_executed(http: httpx.Client, config: Config) -> None:
    there = bridge(http, config, "pinterest")
    one = item("No board")
    refused = handed(there, account(there), one)
    assert (refused.category, refused.effect) == (Category.MEDIA_ERROR, Effect.NONE)
    x = bridge(http, config)
    stale = {"due": (now() - timedelta(minutes=1)).isoformat()}
    with pytest.raises(NetworkError) as late:
        x.commit(account(x), item(), stale)
    assert late.value.effect is Effect.NONE and late.value.retryable


def test_files_laid_once_are_not_laid_again(
    http: httpx.Client, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metricool_media, "PART", 5_000_000)
    there = bridge(http, config, "linkedin")
    who = account(there)
    film, shot = video(tmp_path, 5_300_000), picture(tmp_path)
    one = item("", film, shot)
    first = next(iter(there.prepare(who, one, {})))
    assert list(first["media"]) == [film.id]
    film.path.unlink()  # its bytes are not needed any more
    steps = list(there.prepare(who, one, first))
    assert steps[-1]["media"][film.id] == first["media"][film.id]
    assert set(steps[-1]["media"]) == {film.id, shot.id} and "due" in steps[-1]
    gone = Media(**{**shot.__dict__, "id": "gone", "path": tmp_path / "gone.png"})
    with pytest.raises(NetworkError) as caught:
        prepared(there, who, item("", gone))
    assert caught.value.category is Category.MEDIA_ERROR and not caught.value.retryable


@pytest.mark.parametrize(
    ("network", "text", "options", "field"),
    [
        ("twitter", f"{'a' * 200} https://bells.org/{'b' * 80}", {}, "text"),
        ("linkedin", "For friends", {"visibility": "CONNECTIONS"}, "options.visibility"),
        ("threads", "With a comment", {"firstComment": "Hello"}, "comment"),
        ("youtube", "Later", {"publishAt": "2030-01-01T00:00:00Z"}, "options.publishAt"),
    ],
)
def test_what_would_be_lost_on_the_way_is_refused_beforehand(
    http: httpx.Client, config: Config, network: str, text: str, options: dict[str, Any],
    field: str,
) -> None:  # fmt: skip
    there = bridge(http, config, network)
    found = [one for one in there.validate((Part(text),), {}, options) if one.blocks]
    assert field in {one.field for one in found}


@pytest.mark.parametrize("network", NETWORKS)
def test_a_thread_goes_along_where_the_network_has_threads_and_is_refused_elsewhere(
    http: httpx.Client, config: Config, network: str
) -> None:
    there = bridge(http, config, network)
    caps = there.capabilities({})
    assert caps.threads is caps.whole_threads is (network in ("twitter", "threads", "bluesky"))
    found = there.validate((Part("One"), Part("Two")), {}, {})
    said = [p.message for p in found if p.blocks and p.part == 1 and p.field == "text"]
    wanted = f"{there.title} has no threads: keep it to one part."
    assert said == ([] if caps.threads else [wanted])


def thread(folder: Path) -> tuple[Item, list[Media]]:
    files = [picture(folder, "First"), picture(folder, "Second")]
    first = item("One of three", files[0])
    return replace(first, after=(Part("Two of three", (files[1],)), Part("Three"))), files


def test_a_thread_is_handed_over_whole_and_its_parts_are_not_sent_again(
    http: httpx.Client, config: Config, store: Store, tmp_path: Path
) -> None:
    there = bridge(http, config)
    who, (one, files) = account(there), thread(tmp_path)
    taken = handed(there, who, one)
    assert taken.resume is not None and set(taken.resume["media"]) == {f.id for f in files}
    due(http)
    root = there.probe(who, one, taken.resume, now(), NONE).published
    assert root is not None and root.extras["parts"] == 3
    parent = root
    for place, text in enumerate(("Two of three", "Three"), 2):
        part = replace(item(text), parent=parent, root=root)
        assert list(there.prepare(who, part, {})) == []
        parent = there.commit(who, part, {})
        assert (parent.external_id, parent.url) == (f"{root.external_id}-{place}", root.url)
        assert there.probe(who, part, {}, now(), NONE).published == parent
    late = replace(item("Written later"), parent=parent, root=root)
    with pytest.raises(NetworkError, match="after the post was handed") as refused:
        there.commit(who, late, {})
    assert (refused.value.effect, refused.value.retryable) == (Effect.NONE, False)
    rows = sorted(posts(store), key=lambda row: len(row.id))
    assert [(p.text, [m["alt"] for m in p.media]) for p in sorted(rows, key=lambda p: p.id)] == [
        ("One of three", ["First"]), ("Two of three", ["Second"]), ("Three", []),
    ]  # fmt: skip
    assert [bool(p.parent) for p in sorted(rows, key=lambda p: p.id)] == [False, True, True]


def test_a_lost_thread_is_told_from_another_with_the_same_beginning(
    http: httpx.Client, config: Config, store: Store
) -> None:
    there = bridge(http, config)
    who, since = account(there), now()
    one = replace(item("It begins alike"), after=(Part("And ends so"),))
    other = replace(one, after=(Part("And ends otherwise"),))
    resume = prepared(there, who, one)
    order(store, operation="publish", fault="reset_after_accept")
    with pytest.raises(NetworkError):
        there.commit(who, one, resume)
    assert there.probe(who, one, resume, since, NONE).verdict is Verdict.PROCESSING
    for twin in (other, replace(one, after=())):
        assert there.probe(who, twin, resume, since, NONE).verdict is Verdict.ABSENT


def test_a_late_part_is_counted_in_full_as_well(http: httpx.Client, config: Config) -> None:
    there = bridge(http, config)
    long = f"{'a' * 200} https://bells.org/{'b' * 80}"
    [found] = [p for p in there.validate((Part("Short"), Part(long)), {}, {}) if p.blocks]
    assert (found.part, found.field, found.fix) == (1, "text", "shorten")
    assert "links count in full" in found.message


def test_the_played_metricool_looks_at_every_part_of_a_thread(
    http: httpx.Client, config: Config
) -> None:
    there = bridge(http, config)
    one = replace(item("Fine"), after=(Part(""),))
    refused = handed(there, account(there), one)
    assert refused.effect is Effect.NONE and "descendants[0].text" in refused.raw


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 7, 1, 10, 0, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    ],
)  # fmt: skip
def test_times_are_local_and_mean_one_instant(at: datetime) -> None:
    for zone in ("Europe/Madrid", "America/New_York", "Nowhere/Else", ""):
        told = local(at, zone)
        assert instant(told, "UTC") == at and "+" not in told["dateTime"]
    assert local(at, "Europe/Madrid")["timezone"] == (
        "Europe/Madrid" if at.month in (3, 7) else "UTC"
    )


def test_boards_are_pinterests_alone(http: httpx.Client, config: Config) -> None:
    pinterest, x = bridge(http, config, "pinterest"), bridge(http, config)
    assert {one.name for one in pinterest.destinations(account(pinterest))} == {
        "Ideas", "Launches",
    }  # fmt: skip
    assert x.destinations(account(x)) == []
