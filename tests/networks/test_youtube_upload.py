"""A video on its way: pieces, pauses, crashes. No byte of it is sent twice without need."""

from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app import egress
from app.networks import youtube_upload
from app.networks.base import Account, Category, Effect, Media, NetworkError, Verdict
from app.networks.youtube import YouTube
from app.sandbox.store import Store
from tests.networks.youtube_fixtures import *  # noqa: F403
from tests.networks.youtube_helpers import (
    QUARTER,
    Wire,
    asked,
    film,
    item,
    order,
    prepared,
    publish,
    taken,
)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(youtube_upload, "PIECE", QUARTER)


def videos(store: Store) -> list[dict[str, Any]]:
    return [video for _, video in store.table("youtube.videos").items()]


def test_all_but_the_last_bytes_go_before_the_commit(
    youtube: YouTube, alice: Account, wire: Wire, store: Store, tmp_path: Path
) -> None:
    one = item(youtube, "Film", film(tmp_path, 2 * QUARTER + 10))
    total = 2 * QUARTER + 10
    resume = prepared(youtube, alice, one)
    assert wire.calls == [
        "POST videos", f"PUT 0-262143/{total}", f"PUT 262144-524287/{total}"
    ]  # fmt: skip
    assert not videos(store)
    taken(youtube, alice, one, resume)
    assert wire.calls[3:] == [f"PUT 524288-524297/{total}"] and len(videos(store)) == 1


@pytest.mark.parametrize("size", [1, QUARTER, QUARTER + 1, 2 * QUARTER])
def test_at_least_a_byte_is_left_for_the_commit(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path, size: int
) -> None:
    shot = film(tmp_path, size, head=b"")
    publish_or_fail = item(youtube, "Film", shot)
    resume = prepared(youtube, alice, publish_or_fail)
    assert 0 < size - resume["upload"]["sent"] <= QUARTER and not videos(store)
    taken(youtube, alice, publish_or_fail, resume)
    assert store.blob(videos(store)[0]["blob"]) == ("video/mp4", shot.path.read_bytes())


def test_the_sessions_address_is_kept_secret(
    youtube: YouTube, alice: Account, tmp_path: Path
) -> None:
    resume = prepared(youtube, alice, item(youtube, "Film", film(tmp_path)))
    assert "upload_id=" in resume.pop("secret")["session"]
    assert "upload_id" not in str(resume)
    assert set(resume["upload"]) == {"size", "hash", "sent"} and len(resume["upload"]["hash"]) == 64


@pytest.mark.parametrize("stop", range(1, 5))
def test_a_preparation_goes_on_where_it_was_cut_off(
    youtube: YouTube, alice: Account, wire: Wire, store: Store, tmp_path: Path, stop: int
) -> None:
    shot = film(tmp_path)
    one = item(youtube, "Film", shot)
    steps = youtube.prepare(alice, one, {})
    kept = [next(steps) for _ in range(stop)][-1]
    del steps
    resume = prepared(youtube, alice, one, kept)
    assert wire.calls.count("POST videos") == 1
    pieces = [call for call in wire.calls if call.startswith("PUT ") and "*" not in call]
    assert len(pieces) == len(set(pieces)) == 3
    taken(youtube, alice, one, resume)
    assert store.blob(videos(store)[0]["blob"]) == ("video/mp4", shot.path.read_bytes())


def test_a_piece_that_arrived_unnoticed_is_not_sent_again(
    youtube: YouTube, alice: Account, wire: Wire, tmp_path: Path
) -> None:
    one = item(youtube, "Film", film(tmp_path))
    steps = youtube.prepare(alice, one, {})
    before = next(steps)
    next(steps)  # the piece arrives, and we are killed before that is written down
    prepared(youtube, alice, one, before)
    assert len([c for c in wire.calls if c.startswith("PUT 0-")]) == 1


def test_another_file_under_the_same_name_begins_anew(
    youtube: YouTube, alice: Account, wire: Wire, store: Store, tmp_path: Path
) -> None:
    shot = film(tmp_path)
    one = item(youtube, "Film", shot)
    kept = prepared(youtube, alice, one)
    shot.path.write_bytes(b"\0\0\0\x18ftyp" + b"another" * 100_000)
    resume = prepared(youtube, alice, one, kept)
    assert wire.calls.count("POST videos") == 2
    taken(youtube, alice, one, resume)
    stored = store.blob(videos(store)[0]["blob"])
    assert stored is not None and stored[1] == shot.path.read_bytes()


def test_a_session_that_expired_begins_anew(
    youtube: YouTube, alice: Account, wire: Wire, store: Store, tmp_path: Path
) -> None:
    one = item(youtube, "Film", film(tmp_path))
    steps = youtube.prepare(alice, one, {})
    kept = [next(steps), next(steps)][-1]
    for upload_id, _ in store.table("youtube.sessions").items():
        store.table("youtube.sessions").pop(upload_id)
    resume = prepared(youtube, alice, one, kept)
    assert wire.calls.count("POST videos") == 2
    taken(youtube, alice, one, resume)
    assert len(videos(store)) == 1


@pytest.mark.parametrize("fault", ["http_500", "reset", "reset_after_accept", "invalid_json"])
def test_a_piece_in_trouble_is_asked_about_and_goes_on(
    youtube: YouTube, alice: Account, wire: Wire, store: Store, tmp_path: Path, fault: str
) -> None:
    shot = film(tmp_path)
    one = item(youtube, "Film", shot)
    steps = youtube.prepare(alice, one, {})
    kept = next(steps)
    order(store, "upload", fault)
    for step in steps:
        kept = step
    taken(youtube, alice, one, kept)
    (video,) = videos(store)
    assert store.blob(video["blob"]) == ("video/mp4", shot.path.read_bytes())


def test_trouble_that_stays_is_told_and_the_pieces_are_kept(
    youtube: YouTube, alice: Account, wire: Wire, store: Store, tmp_path: Path
) -> None:
    one = item(youtube, "Film", film(tmp_path))
    steps = youtube.prepare(alice, one, {})
    kept = [next(steps), next(steps)][-1]
    order(store, "upload", "http_500", times=-1)
    with pytest.raises(NetworkError) as told:
        next(steps)
    assert told.value.category is Category.NETWORK_ERROR and told.value.retryable
    store.faults.clear()
    wire.asked.clear()
    prepared(youtube, alice, one, kept)
    assert wire.calls[0].startswith("PUT */") and wire.calls[1].startswith("PUT 262144-")


def test_a_long_upload_is_handed_back_before_its_deadline(
    youtube: YouTube, alice: Account, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = item(youtube, "Film", film(tmp_path))
    kept: dict[str, Any] = {}
    with egress.bounded(1.0) as wire_left, pytest.raises(NetworkError) as told:
        for step in youtube.prepare(alice, one, {}):
            kept = step
            wire_left.until -= 0.4
    assert told.value.category is Category.MEDIA_PROCESSING and told.value.retry_at is not None
    assert 0 < kept["upload"]["sent"] < kept["upload"]["size"]
    resume = prepared(youtube, alice, one, kept)
    assert wire.calls.count("POST videos") == 1
    taken(youtube, alice, one, resume)


@pytest.mark.parametrize("heals", [True, False])
def test_last_bytes_of_which_a_part_is_kept_are_sent_again_once(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path, heals: bool
) -> None:
    shot = film(tmp_path, 2 * QUARTER + 10)
    one = item(youtube, "Film", shot)
    resume = prepared(youtube, alice, one)
    places: list[str] = []

    def half_deaf(request: httpx.Request) -> httpx.Response:
        places.append(request.headers["content-range"])
        if heals and len(places) > 1:
            return httpx.Response(200, json={"id": "abcdefghijk"})
        return httpx.Response(308, headers={"Range": f"bytes=0-{2 * QUARTER + 3}"})

    with httpx.Client(transport=httpx.MockTransport(half_deaf)) as client:
        youtube.http = client
        if heals:
            taken(youtube, alice, one, resume)
        else:
            with pytest.raises(NetworkError) as told:
                youtube.commit(alice, one, resume)
            assert (told.value.code, told.value.effect) == ("incomplete", Effect.NONE)
    start, end = 2 * QUARTER, 2 * QUARTER + 9
    assert places == [f"bytes {n}-{end}/{end + 1}" for n in (start, start + 4)]


@pytest.mark.parametrize(
    ("size", "code"), [(0, "emptyFile"), (None, "media_missing")]
)  # fmt: skip
def test_a_file_that_is_gone_or_empty_is_refused_for_good(
    youtube: YouTube, alice: Account, wire: Wire, tmp_path: Path, size: int | None, code: str
) -> None:
    path = tmp_path / "a.mp4"
    if size is not None:
        path.write_bytes(b"")
    with pytest.raises(NetworkError) as told:
        prepared(youtube, alice, item(youtube, "Film", Media("m", path, "video/mp4", 9)))
    assert (told.value.code, told.value.retryable) == (code, False) and not wire.calls


def test_a_token_that_ends_on_the_way_ends_nothing_else(
    youtube: YouTube, alice: Account, wire: Wire, store: Store, tmp_path: Path
) -> None:
    one = item(youtube, "Film", film(tmp_path))
    steps = youtube.prepare(alice, one, {})
    kept = next(steps)
    order(store, "upload", "revoked")
    with pytest.raises(NetworkError) as told:
        next(steps)
    assert told.value.expired and told.value.effect is Effect.NONE
    resume = prepared(youtube, alice, one, kept)  # with fresh tokens, as the engine does
    order(store, "publish", "revoked")
    with pytest.raises(NetworkError) as told:
        youtube.commit(alice, one, resume)
    assert told.value.expired and told.value.effect is Effect.NONE
    taken(youtube, alice, one, resume)
    assert len(videos(store)) == 1


def test_a_session_elsewhere_is_not_followed(
    youtube: YouTube, alice: Account, tmp_path: Path
) -> None:
    uploads = youtube._uploads(alice)
    assert uploads._trusted("http://127.0.0.1:8090/youtube/upload/youtube/v3/videos?upload_id=1")
    assert uploads._trusted("https://upload.youtube.googleapis.com/upload/x?upload_id=1")
    for address in (
        "", "http://evil.example/upload", "http://www.googleapis.com/upload",
        "https://googleapis.com.evil.example/upload", "https://evilgoogleapis.com/upload",
    ):  # fmt: skip
        assert not uploads._trusted(address)


def test_what_is_committed_already_is_only_asked_about(
    youtube: YouTube, alice: Account, wire: Wire, store: Store, tmp_path: Path
) -> None:
    one = item(youtube, "Film", film(tmp_path))
    resume = prepared(youtube, alice, one)
    taken(youtube, alice, one, resume)
    again = prepared(youtube, alice, one, resume)
    assert again["video"] == videos(store)[0]["id"]
    wire.asked.clear()
    taken(youtube, alice, one, again)
    assert wire.calls == [] and len(videos(store)) == 1
    assert asked(youtube, alice, one, again).verdict is Verdict.PUBLISHED
    assert wire.calls == ["GET videos"]


def test_publishing_twice_makes_two_videos_and_once_one(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    shot = film(tmp_path)
    publish(youtube, alice, item(youtube, "Film", shot))
    assert len(videos(store)) == 1
