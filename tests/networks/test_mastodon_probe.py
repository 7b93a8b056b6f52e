"""An outcome nobody read: asked by key or by listing, never guessed (§6)."""

from __future__ import annotations

from dataclasses import replace
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
    Effect,
    NetworkError,
    Probe,
    Verdict,
)
from app.networks.mastodon import Mastodon
from app.sandbox.store import Store
from tests.networks.mastodon_helpers import (
    Canned,
    account_at,
    connected,
    fault,
    item,
    picture,
    posts,
    publish,
)

NONE: frozenset[str] = frozenset()


@pytest.fixture
def naps() -> list[float]:
    return []


@pytest.fixture
def client(http: httpx.Client, config: Config, naps: list[float]) -> Mastodon:
    """Its waits are noted, and move no clock."""
    made = Mastodon(http, config)
    made.sleep = naps.append
    return made


@pytest.fixture
def ana(client: Mastodon) -> Account:
    return connected(client)


def steps(client: Mastodon, who: Account, thing: Any, resume: dict[str, Any]) -> list[Any]:
    return list(client.prepare(who, thing, resume))


@pytest.mark.parametrize(
    ("age", "how"),
    [
        (0, Probe.LISTING), (29.9, Probe.LISTING), (30, Probe.KEY), (3299, Probe.KEY),
        (3300, Probe.LISTING), (90_000, Probe.LISTING),
    ],
)  # fmt: skip
def test_a_genuine_server_is_asked_by_key_while_it_keeps_it(
    client: Mastodon, ana: Account, age: float, how: Probe
) -> None:
    assert client.probe_by(ana, age) is how


@pytest.mark.parametrize("software", ["pleroma", "other", None])
def test_other_servers_are_only_read(client: Mastodon, ana: Account, software: str | None) -> None:
    other = replace(ana, extras={**ana.extras, "software": software})
    assert {client.probe_by(other, age) for age in (0, 60, 4000)} == {Probe.LISTING}


def test_a_key_is_kept_for_an_hour(client: Mastodon, ana: Account) -> None:
    thing, begun = item("Once"), now()
    with time_machine.travel(begun):
        first = publish(client, ana, thing)
    with time_machine.travel(begun + timedelta(minutes=55)):
        assert publish(client, ana, thing) == first
    with time_machine.travel(begun + timedelta(minutes=61)):
        assert publish(client, ana, thing) != first


@pytest.mark.parametrize(
    "kind", ["http_500_after_accept", "invalid_json", "hang_after_accept", "half_answer"]
)
def test_what_was_done_unseen_is_found_again(
    client: Mastodon, ana: Account, tmp_path: Path, kind: str
) -> None:
    thing = item(
        "Sale & more: https://example.com/a/very/long/path/that/goes/on\n\n@bob@x.org #tag",
        picture(tmp_path),
    )
    resume = steps(client, ana, thing, {})[-1]
    fault(client.http, "publish", kind, delay_ms=1)
    since = now()
    with pytest.raises(NetworkError) as caught:
        client.commit(ana, thing, resume)
    assert caught.value.effect in (Effect.UNKNOWN, Effect.DONE)
    found = client.probe(ana, thing, resume, since, NONE)
    (post,) = posts(client.http)
    assert found.verdict is Verdict.PUBLISHED
    assert found.published is not None
    assert (found.published.external_id, found.published.url) == (post["id"], post["url"])
    assert client.commit(ana, thing, resume).external_id == post["id"]
    assert len(posts(client.http)) == 1


@pytest.mark.parametrize("kind", ["http_500", "timeout", "reset"])
def test_what_was_not_done_is_absent(client: Mastodon, ana: Account, kind: str) -> None:
    thing, since = item("Not there"), now()
    fault(client.http, "publish", kind, delay_ms=1)
    with pytest.raises(NetworkError) as caught:
        client.commit(ana, thing, {})
    assert caught.value.effect is Effect.UNKNOWN
    assert client.probe(ana, thing, {}, since, NONE).verdict is Verdict.ABSENT


def test_ids_of_other_targets_do_not_count(client: Mastodon, ana: Account) -> None:
    made = publish(client, ana, item("Twin"))
    found = client.probe(ana, item("Twin"), {}, now(), frozenset({made.external_id}))
    assert found.verdict is Verdict.ABSENT


def test_two_that_look_alike_are_for_a_person(client: Mastodon, ana: Account) -> None:
    publish(client, ana, item("Twin"))
    publish(client, ana, item("Twin"))
    found = client.probe(ana, item("Twin"), {}, now(), NONE)
    assert (found.verdict, found.published) == (Verdict.UNSURE, None)


def test_an_earlier_post_is_not_this_one(client: Mastodon, ana: Account) -> None:
    publish(client, ana, item("Good morning"))
    later = now() + timedelta(seconds=61)
    assert client.probe(ana, item("Good morning"), {}, later, NONE).verdict is Verdict.ABSENT
    within = now() + timedelta(seconds=50)
    assert client.probe(ana, item("Good morning"), {}, within, NONE).verdict is Verdict.PUBLISHED


def test_another_place_in_a_thread_is_another_post(client: Mastodon, ana: Account) -> None:
    first = publish(client, ana, item("Same"))
    reply = item("Same", parent=first, root=first)
    assert client.probe(ana, reply, {}, now(), NONE).verdict is Verdict.ABSENT
    second = publish(client, ana, reply)
    found = client.probe(ana, reply, {}, now(), NONE)
    assert found.published is not None
    assert found.published.external_id == second.external_id


def test_other_files_make_another_post(client: Mastodon, ana: Account, tmp_path: Path) -> None:
    publish(client, ana, item("Same"))
    with_file = item("Same", picture(tmp_path))
    assert client.probe(ana, with_file, {}, now(), NONE).verdict is Verdict.ABSENT


def test_nearly_the_same_words_are_for_a_person(config: Config) -> None:
    """Another kind of server may have rewritten our text in a way we do not know."""
    status = {
        "id": "5", "created_at": now().isoformat(), "in_reply_to_id": None,
        "content": "<p>Our <em>big</em> sale begins today at nine o’clock sharp</p>",
        "media_attachments": [],
    }  # fmt: skip
    for text, verdict in (
        ("Our *big* sale begins today at nine o’clock sharp", Verdict.UNSURE),
        ("Our big sale begins today at nine o’clock sharp", Verdict.PUBLISHED),
        ("Our little café is closed today", Verdict.ABSENT),
    ):
        pages = [[status], []]
        canned = Canned(lambda line, pages=pages: (200, {}, pages.pop(0)))
        found = Mastodon(canned.http(), config).probe(account_at(), item(text), {}, now(), NONE)
        assert found.verdict is verdict


def test_the_list_is_read_back_past_the_moment(
    client: Mastodon, ana: Account, store: Store
) -> None:
    store.limits.set_limit("mastodon", "*", "*", None)
    thing, since = item("The one"), now()
    made = publish(client, ana, thing)
    for number in range(90):
        publish(client, ana, item(f"Another {number}"))
    found = client.probe(ana, thing, {}, since, NONE)
    assert found.published is not None
    assert found.published.external_id == made.external_id
    gone = client.probe(ana, item("Never"), {}, since, NONE)
    assert gone.verdict is Verdict.ABSENT


def test_a_list_without_end_cannot_say(config: Config) -> None:
    count = iter(range(10**6, 0, -1))

    def endless(line: str) -> Any:
        status = {"created_at": now().isoformat(), "content": "", "media_attachments": []}
        return 200, {}, [{**status, "id": str(next(count))} for _ in range(40)]

    canned = Canned(endless)
    found = Mastodon(canned.http(), config).probe(account_at(), item("x"), {}, now(), NONE)
    assert found.verdict is Verdict.UNSURE
    assert len(canned.asked) == 25
    assert "max_id=" in canned.asked[1][2]["query"]


@pytest.mark.parametrize("said", ["<html>", {"error": "x"}, ["x"]])
def test_a_list_that_cannot_be_read_says_nothing(config: Config, said: Any) -> None:
    canned = Canned(lambda line: (200, {}, said))
    with pytest.raises(NetworkError):
        Mastodon(canned.http(), config).probe(account_at(), item("x"), {}, now(), NONE)
