"""Files go up once, are waited for, and found again after a crash (§2)."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import time_machine

from app import egress
from app.clock import now
from app.config import Config
from app.networks.base import (
    Account,
    Category,
    Effect,
    NetworkError,
)
from app.networks.mastodon import Mastodon
from app.sandbox.store import Store
from tests.networks.mastodon_helpers import (
    connected,
    fault,
    film,
    item,
    picture,
    posts,
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


def test_each_step_can_be_resumed(
    client: Mastodon, ana: Account, tmp_path: Path, store: Store
) -> None:
    thing = item("Two", picture(tmp_path, name="one"), picture(tmp_path, name="two"))
    first, second = steps(client, ana, thing, {})
    assert list(first["media"]) == ["one"]
    again = steps(client, ana, thing, json.loads(json.dumps(first)))
    assert again[-1]["media"]["one"]["id"] == second["media"]["one"]["id"]
    assert len(store.table("mastodon.media").items()) == 3  # "two" went up twice, "one" once
    client.commit(ana, thing, again[-1])
    assert len(posts(client.http)[0]["media"]) == 2


def test_finished_uploads_are_only_looked_at(
    client: Mastodon, ana: Account, tmp_path: Path, store: Store
) -> None:
    thing = item("One", picture(tmp_path))
    resume = steps(client, ana, thing, {})[-1]
    again = steps(client, ana, thing, resume)
    assert again[-1] == resume
    assert len(store.table("mastodon.media").items()) == 1


def test_a_file_the_server_forgot_goes_up_again(
    client: Mastodon, ana: Account, tmp_path: Path
) -> None:
    thing = item("One", picture(tmp_path))
    with time_machine.travel(now() - timedelta(hours=25)):
        resume = steps(client, ana, thing, {})[-1]
    again = steps(client, ana, thing, resume)
    assert [step["media"]["a"]["ready"] for step in again] == [False, True]
    assert again[-1]["media"]["a"]["id"] not in ("", resume["media"]["a"]["id"])
    assert client.commit(ana, thing, again[-1]).external_id


def test_steps_do_not_change_what_was_handed_out(
    client: Mastodon, ana: Account, tmp_path: Path
) -> None:
    thing = item("Two", picture(tmp_path, name="one"), picture(tmp_path, name="two"))
    given: dict[str, Any] = {"media": {}, "other": 1}
    found = steps(client, ana, thing, given)
    assert given == {"media": {}, "other": 1}
    assert list(found[0]["media"]) == ["one"]
    assert found[-1]["other"] == 1


def test_a_video_is_waited_for(
    client: Mastodon, ana: Account, tmp_path: Path, naps: list[float]
) -> None:
    start = now()
    with time_machine.travel(start, tick=False) as clock:

        def nap(seconds: float) -> None:
            naps.append(seconds)
            clock.shift(seconds)

        client.sleep = nap
        thing = item("Film", film(tmp_path))
        found = steps(client, ana, thing, {})
        assert [step["media"]["film"]["ready"] for step in found] == [False, True]
        assert found[-1]["media"]["film"]["late"]
        assert naps == [1.0]
        client.commit(ana, thing, found[-1])
    assert posts(client.http)[0]["media"][0]["mime"] == "video/mp4"


def test_waiting_ends_and_is_taken_up_later(
    client: Mastodon, ana: Account, tmp_path: Path, naps: list[float], store: Store
) -> None:
    fault(client.http, "upload", "processing")
    thing, found = item("Slow", picture(tmp_path)), []
    with pytest.raises(NetworkError) as caught:
        for step in client.prepare(ana, thing, {}):
            found.append(step)
    error = caught.value
    assert (error.category, error.effect) == (Category.MEDIA_PROCESSING, Effect.NONE)
    assert error.retryable
    assert 10 < sum(naps) < 60
    with time_machine.travel(now() + timedelta(seconds=10)):
        later = steps(client, ana, thing, found[-1])
        assert later[-1]["media"]["a"]["ready"]
        client.commit(ana, thing, later[-1])
    assert len(store.table("mastodon.media").items()) == 1


def test_waiting_stops_before_the_deadline_around_it(
    client: Mastodon, ana: Account, tmp_path: Path, naps: list[float]
) -> None:
    fault(client.http, "upload", "processing")
    with egress.bounded(1.5), pytest.raises(NetworkError) as caught:
        steps(client, ana, item("Slow", picture(tmp_path)), {})
    assert caught.value.category is Category.MEDIA_PROCESSING
    assert naps == []


def test_a_file_that_failed_to_process_is_an_error_and_forgotten(
    client: Mastodon, ana: Account, tmp_path: Path, store: Store
) -> None:
    fault(client.http, "upload", "processing")
    found: list[Any] = []

    def fail(seconds: float) -> None:
        ((number, row),) = store.table("mastodon.media").items()
        store.table("mastodon.media").put(number, {**row, "failed": True})

    client.sleep = fail
    with pytest.raises(NetworkError) as caught:
        for step in client.prepare(ana, item("x", picture(tmp_path)), {}):
            found.append(step)
    assert (caught.value.category, caught.value.retryable) == (Category.MEDIA_ERROR, False)
    assert found[-1]["media"]["a"]["id"] == ""


def test_a_broken_off_upload_is_tried_once_more(
    client: Mastodon, ana: Account, tmp_path: Path
) -> None:
    fault(client.http, "upload", "http_500")
    found = steps(client, ana, item("x", picture(tmp_path)), {})
    assert found[-1]["media"]["a"]["ready"]
    assert found[-1]["media"]["a"]["failures"] == 1


def test_but_not_for_ever(client: Mastodon, ana: Account, tmp_path: Path) -> None:
    fault(client.http, "upload", "http_500", times=9)
    with pytest.raises(NetworkError) as caught:
        steps(client, ana, item("x", picture(tmp_path)), {})
    error = caught.value
    assert (error.category, error.code, error.retryable) == (
        Category.MEDIA_ERROR, "media_failed", False,
    )  # fmt: skip
    left = client.http.get("http://127.0.0.1:8090/_sandbox/faults").json()["faults"]
    assert left[0]["times"] == 7


def test_a_file_that_left_the_library_is_said_so(
    client: Mastodon, ana: Account, tmp_path: Path
) -> None:
    thing = picture(tmp_path)
    thing.path.unlink()
    with pytest.raises(NetworkError) as caught:
        steps(client, ana, item("x", thing), {})
    assert (caught.value.category, caught.value.code) == (Category.MEDIA_ERROR, "media_missing")


def test_nothing_is_committed_before_the_uploads(
    client: Mastodon, ana: Account, tmp_path: Path
) -> None:
    with pytest.raises(NetworkError) as caught:
        client.commit(ana, item("x", picture(tmp_path)), {})
    assert caught.value.code == "media_not_uploaded"
    assert posts(client.http) == []


def test_a_text_alone_needs_no_step(client: Mastodon, ana: Account) -> None:
    assert steps(client, ana, item("x"), {}) == []
