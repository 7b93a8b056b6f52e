"""Videos and pictures on TikTok: published, resumed after any step, and found again."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import BaseWSGIServer

from app import egress
from app.clock import now
from app.config import Config
from app.networks.base import (
    Account,
    Category,
    Effect,
    NetworkError,
    Probe,
    Published,
    Tokens,
    Verdict,
)
from app.networks.tiktok import TikTok
from app.networks.tiktok_upload import PIECE, plan
from app.sandbox.store import Store
from tests.networks.tiktok_fixtures import alice, sandbox, store, tiktok, wire
from tests.networks.tiktok_helpers import (
    PRIVATE,
    PUBLIC,
    Counted,
    committed,
    item,
    person,
    photo,
    prepared,
    settled,
    video,
)
from tests.workshops import Ahead

__all__ = ["alice", "sandbox", "store", "tiktok", "wire"]
LONG = 3 * PIECE + 1234  # three pieces


def post_of(store: Store) -> Any:
    (found,) = store.posts.newest(network="tiktok")
    return found


def test_a_video_goes_in_pieces_and_its_post_is_found(
    tiktok: TikTok, alice: Account, wire: Counted, store: Store, tmp_path: Path
) -> None:
    film = video(tmp_path, LONG)
    one = item("A harbour #sea", film, **PUBLIC, isAigc=True, videoCoverTimestampMs=1000)
    kept = prepared(tiktok, alice, one)
    assert list(store.posts.newest()) == []  # nothing is public before the last piece
    assert wire.calls == [
        "POST v2/post/publish/creator_info/query", "POST v2/post/publish/video/init",
        f"PUT bytes 0-{PIECE - 1}/{LONG}", f"PUT bytes {PIECE}-{2 * PIECE - 1}/{LONG}",
    ]  # fmt: skip
    assert list(kept["secret"]) == ["upload_url"]
    told = committed(tiktok, alice, one, kept)
    assert (told.category, told.effect) == (Category.MEDIA_PROCESSING, Effect.DONE)
    assert wire.calls[-1] == f"PUT bytes {2 * PIECE}-{LONG - 1}/{LONG}"
    found = settled(tiktok, alice, one, kept)
    assert found.verdict is Verdict.PUBLISHED and found.published is not None
    post = post_of(store)
    assert (post.id, post.url) == (found.published.external_id, found.published.url)
    assert found.published.url.endswith(f"/@alice/video/{post.id}")
    assert store.blob(post.media[0]["blob"]) == ("video/mp4", film.path.read_bytes())
    assert post.extras["post_info"] == {
        "title": "A harbour #sea", "privacy_level": "PUBLIC_TO_EVERYONE", "disable_comment": True,
        "disable_duet": True, "disable_stitch": True, "brand_content_toggle": False,
        "brand_organic_toggle": False, "is_aigc": True, "video_cover_timestamp_ms": 1000,
    }  # fmt: skip


def test_interactions_are_allowed_by_a_person_and_never_against_the_account(
    tiktok: TikTok, alice: Account, store: Store, tmp_path: Path
) -> None:
    store.accounts.get("tiktok", "alice").extras["duet_disabled"] = True
    allow = {"disableComment": False, "disableDuet": False, "disableStitch": True}
    one = item("x", video(tmp_path), **PUBLIC, **allow)
    committed(tiktok, alice, one, prepared(tiktok, alice, one))
    info = post_of(store).extras["post_info"]
    names = ("disable_comment", "disable_duet", "disable_stitch")
    assert [info[name] for name in names] == [False, True, True]


@pytest.mark.parametrize(
    ("size", "pieces"),
    [(1, 1), (4_999_999, 1), (PIECE, 1), (2 * PIECE - 1, 1), (2 * PIECE, 2),
     (50_000_123, 8), (200_000_000, 33), (4_000_000_000, 666)],
)  # fmt: skip
def test_pieces_follow_the_rules_and_the_last_one_is_short(size: int, pieces: int) -> None:
    chunk, count = plan(size)
    assert count == pieces == size // chunk
    assert chunk == size or 5_242_880 <= chunk <= 64_000_000
    assert size - (count - 1) * chunk < 2 * PIECE


@pytest.mark.parametrize("stop", range(1, 4))
def test_a_preparation_goes_on_where_it_was_cut_off(
    tiktok: TikTok, alice: Account, wire: Counted, store: Store, tmp_path: Path, stop: int
) -> None:
    one = item("Film", video(tmp_path, LONG), **PUBLIC)
    steps = tiktok.prepare(alice, one, {})
    kept = [json.loads(json.dumps(next(steps))) for _ in range(stop)][-1]
    del steps
    kept = prepared(tiktok, alice, one, kept)
    committed(tiktok, alice, one, kept)
    puts = [one for one in wire.calls if one.startswith("PUT")]
    assert len(puts) == len(set(puts)) == 3 and wire.count("init") == 1
    assert settled(tiktok, alice, one, kept).verdict is Verdict.PUBLISHED
    assert post_of(store).text == "Film"


def test_a_piece_that_arrived_without_being_noted_is_not_sent_again(
    tiktok: TikTok, alice: Account, wire: Counted, tmp_path: Path
) -> None:
    one = item("Film", video(tmp_path, LONG), **PUBLIC)
    steps = tiktok.prepare(alice, one, {})
    begun = json.loads(json.dumps(next(steps)))
    next(steps)  # the piece is there, but we were killed before noting it
    prepared(tiktok, alice, one, begun)
    assert wire.count("PUT bytes 0-") == 1


@pytest.mark.parametrize("fault", ["http_500", "http_500_after_accept", "reset_after_accept"])
def test_a_piece_whose_answer_is_lost_is_settled_by_what_tiktok_has(
    tiktok: TikTok, alice: Account, wire: Counted, store: Store, tmp_path: Path, fault: str
) -> None:
    one = item("Film", video(tmp_path, LONG), **PUBLIC)
    steps = tiktok.prepare(alice, one, {})
    next(steps)
    store.faults.order({"network": "tiktok", "operation": "upload", "fault": fault, "delay_ms": 1})
    kept: dict[str, Any] = {}
    for step in steps:
        kept = step
    assert wire.count("PUT bytes 0-") == (2 if fault == "http_500" else 1)
    committed(tiktok, alice, one, kept)
    assert settled(tiktok, alice, one, kept).verdict is Verdict.PUBLISHED


def test_an_address_that_has_ended_is_begun_anew(
    tiktok: TikTok, alice: Account, wire: Counted, store: Store, tmp_path: Path
) -> None:
    one = item("Film", video(tmp_path, LONG), **PUBLIC)
    kept = json.loads(json.dumps(next(iter(tiktok.prepare(alice, one, {})))))
    first = kept["publish_id"]
    row = store.table("tiktok.posts").get(first)
    assert row is not None
    store.table("tiktok.posts").put(first, {**row, "until": 0.0})
    kept = prepared(tiktok, alice, one, kept)  # told by the network: 403
    assert kept["publish_id"] != first and wire.count("init") == 2
    kept["until"] = 0
    again = prepared(tiktok, alice, one, kept)  # known beforehand
    assert again["publish_id"] != kept["publish_id"]


@pytest.mark.parametrize(
    ("fault", "done"),
    [("http_500", False), ("reset", False), ("http_500_after_accept", True),
     ("reset_after_accept", True), ("hang_after_accept", True)],
)  # fmt: skip
def test_a_last_piece_nobody_saw_the_answer_of_is_asked_about(
    tiktok: TikTok, alice: Account, wire: Counted, store: Store, tmp_path: Path, fault: str,
    done: bool,
) -> None:  # fmt: skip
    one = item("Once", video(tmp_path, 2 * PIECE), **PUBLIC)
    kept = prepared(tiktok, alice, one)
    store.faults.order({"network": "tiktok", "operation": "publish", "fault": fault, "delay_ms": 1})
    assert committed(tiktok, alice, one, kept).effect is Effect.UNKNOWN
    assert tiktok.probe_by(alice, 0.0, {"publish_id": "v_pub"}) is Probe.HANDLE
    assert tiktok.probe_by(alice, 0.0, {}) is Probe.LISTING  # the answer with the id was lost
    found = settled(tiktok, alice, one, kept)
    assert found.verdict is (Verdict.PUBLISHED if done else Verdict.ABSENT)
    # Whatever is believed: another round publishes it once and uploads nothing twice.
    kept = prepared(tiktok, alice, one, kept)
    assert committed(tiktok, alice, one, kept).effect is Effect.DONE
    assert settled(tiktok, alice, one, kept).verdict is Verdict.PUBLISHED
    assert wire.count("init") == 1
    assert post_of(store).text == "Once"


def test_processing_is_polled_and_may_end_badly(
    tiktok: TikTok, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item("Bad fail:frame_rate_check_failed", video(tmp_path), **PUBLIC)
    kept = prepared(tiktok, alice, one)
    committed(tiktok, alice, one, kept)
    assert tiktok.probe(alice, one, kept, one.at, frozenset()).verdict is Verdict.PROCESSING
    found = settled(tiktok, alice, one, kept)
    assert found.verdict is Verdict.FAILED and found.error is not None
    assert (found.error.category, found.error.retryable) == (Category.MEDIA_ERROR, False)
    assert "frames a second" in found.error.message
    assert list(store.posts.newest()) == []
    with pytest.raises(NetworkError, match="frames"):  # nor is it tried again in vain
        prepared(tiktok, alice, one, kept)


def test_a_failure_of_tiktoks_own_begins_a_new_post(
    tiktok: TikTok, alice: Account, wire: Counted, store: Store, tmp_path: Path
) -> None:
    one = item("fail:internal", video(tmp_path), **PUBLIC)
    kept = prepared(tiktok, alice, one)
    committed(tiktok, alice, one, kept)
    found = settled(tiktok, alice, one, kept)
    assert found.error is not None and found.error.retryable
    again = prepared(tiktok, alice, one, kept)
    assert again["publish_id"] != kept["publish_id"] and wire.count("init") == 2


def test_a_post_that_never_ends_stays_in_processing(
    tiktok: TikTok, alice: Account, wire: Counted, store: Store, tmp_path: Path
) -> None:
    one = item("Slow", video(tmp_path), **PUBLIC)
    kept = prepared(tiktok, alice, one)
    store.faults.order({"network": "tiktok", "operation": "publish", "fault": "processing"})
    committed(tiktok, alice, one, kept)
    time.sleep(0.12)
    assert tiktok.probe(alice, one, kept, one.at, frozenset()).verdict is Verdict.PROCESSING
    # It is never begun again while TikTok has not called it failed.
    kept = prepared(tiktok, alice, one, kept)
    assert committed(tiktok, alice, one, kept).effect is Effect.DONE
    assert wire.count("init") == 1 and wire.count("PUT") == 1


def test_a_private_post_is_out_without_an_id_of_its_own(
    tiktok: TikTok, alice: Account, tmp_path: Path
) -> None:
    one = item("For me", video(tmp_path), **PRIVATE)
    kept = prepared(tiktok, alice, one)
    committed(tiktok, alice, one, kept)
    found = settled(tiktok, alice, one, kept).published
    assert found is not None and found.external_id == kept["publish_id"]
    assert found.url.endswith("/tiktok/@alice")
    assert tiktok.metrics(alice, [found.external_id]) == {}


def test_moderation_is_waited_for_a_minute_and_then_the_post_is_called_out(
    tiktok: TikTok, alice: Account, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop = Ahead(monkeypatch)
    store.accounts.get("tiktok", "alice").extras["moderation_s"] = 60.0
    one = item("Slow to moderate", video(tmp_path), **PUBLIC)
    kept = prepared(tiktok, alice, one)
    committed(tiktok, alice, one, kept)
    workshop.move(1)
    assert tiktok.probe(alice, one, kept, one.at, frozenset()).verdict is Verdict.PROCESSING
    late = tiktok.probe(alice, one, kept, one.at - timedelta(seconds=61), frozenset())
    assert late.published is not None and late.published.external_id == kept["publish_id"]
    assert tiktok.metrics(alice, [kept["publish_id"]]) == {}
    workshop.move(60)
    counted = tiktok.metrics(alice, [kept["publish_id"], post_of(store).id, "123"])
    assert set(counted) == {kept["publish_id"], post_of(store).id}
    numbers = counted[kept["publish_id"]]
    assert (numbers.likes, numbers.impressions) == (0, 0)
    assert (numbers.quotes, numbers.saves) == (None, None)


def test_nothing_sent_is_absent_and_an_unread_answer_is_not(
    tiktok: TikTok, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item("x", video(tmp_path), **PUBLIC)
    assert tiktok.probe(alice, one, {}, one.at, frozenset()).verdict is Verdict.ABSENT
    kept = prepared(tiktok, alice, one)
    store.faults.order({"network": "tiktok", "operation": "lookup", "fault": "invalid_json"})
    with pytest.raises(NetworkError):
        tiktok.probe(alice, one, kept, one.at, frozenset())


def test_a_post_cannot_be_deleted_and_that_is_said(tiktok: TikTok, alice: Account) -> None:
    assert not tiktok.capabilities({}).deletes
    with pytest.raises(NetworkError, match="TikTok app") as told:
        tiktok.delete(alice, Published("1"))
    assert told.value.category is Category.VALIDATION


def test_publish_ids_are_looked_up_sparingly(tiktok: TikTok, alice: Account, wire: Counted) -> None:
    assert tiktok.metrics(alice, [f"p_pub_url~{n}" for n in range(50)]) == {}
    assert wire.count("status/fetch") == 20


# Pictures


def test_over_sockets_the_wait_for_pictures_outlives_the_limit_for_a_first_byte(
    server: BaseWSGIServer, socket_config: Config, store: Store, tiktok: TikTok
) -> None:
    with egress.client(socket_config, guarded=False) as http:
        real = TikTok(http, replace(socket_config, TIKTOK_AUDITED=True))
        real.sleep = lambda seconds: time.sleep(0.2)
        account = person(real)
        one = item("At sea", photo(store, server), **PUBLIC)
        kept = prepared(real, account, one)
        with egress.bounded(30.0, first_byte_within=0.3):
            found = real.commit(account, one, kept)
    assert found.external_id == post_of(store).id


@pytest.mark.parametrize("fault", ["hang_after_accept", "reset_after_accept"])
def test_over_sockets_a_last_piece_without_an_answer_is_found(
    server: BaseWSGIServer, socket_config: Config, store: Store, tiktok: TikTok, tmp_path: Path,
    fault: str,
) -> None:  # fmt: skip
    hasty = replace(socket_config, TIKTOK_AUDITED=True, COMMIT_DEADLINE_SECONDS=0.4)
    with egress.client(socket_config, guarded=False) as http:
        real = TikTok(http, hasty)
        account = person(real)
        one = item("At sea", video(tmp_path, 2 * PIECE), **PUBLIC)
        kept = prepared(real, account, one)
        store.faults.order(
            {"network": "tiktok", "operation": "publish", "fault": fault, "delay_ms": 700}
        )
        assert committed(real, account, one, kept).effect is Effect.UNKNOWN
        real.sleep = lambda seconds: time.sleep(0.05)
        found = settled(real, account, one, kept).published
    assert found is not None and found.external_id == post_of(store).id


def test_pictures_are_fetched_and_posted_in_one_call(
    tiktok: TikTok, alice: Account, wire: Counted, store: Store, server: BaseWSGIServer
) -> None:
    shots = [photo(store, server), photo(store, server, "WEBP")]
    options = {"title": "Two boats", "autoAddMusic": True, "disableComment": False}
    one = item("At the quay", *shots, **PUBLIC, **options)
    found = tiktok.commit(alice, one, prepared(tiktok, alice, one))
    post = post_of(store)
    assert found.external_id == post.id and found.url == post.url
    assert post.url.endswith(f"/@alice/photo/{post.id}")
    assert [m["mime"] for m in post.media] == ["image/jpeg", "image/webp"]
    assert post.extras["post_info"] == {
        "title": "Two boats", "description": "At the quay", "privacy_level": "PUBLIC_TO_EVERYONE",
        "disable_comment": False, "auto_add_music": True, "brand_content_toggle": False,
        "brand_organic_toggle": False,
    }  # fmt: skip
    assert wire.count("init") == 1 and wire.count("creator_info") == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [({"url": "http://127.0.0.1:9/none.jpg"}, "fetched"), ({"kind": "PNG"}, "format"),
     ({"size": (2000, 1200)}, "1080p")],
)  # fmt: skip
def test_pictures_tiktok_cannot_use_are_a_plain_failure(
    tiktok: TikTok, alice: Account, store: Store, server: BaseWSGIServer, change: dict[str, Any],
    words: str,
) -> None:  # fmt: skip
    shot = photo(store, server, **{k: v for k, v in change.items() if k != "url"})
    if "url" in change:
        shot = replace(shot, url=change["url"])
    one = item("x", shot, **PUBLIC)
    with pytest.raises(NetworkError, match=words) as told:
        tiktok.commit(alice, one, prepared(tiktok, alice, one))
    assert (told.value.category, told.value.effect) == (Category.MEDIA_ERROR, Effect.NONE)
    assert told.value.retryable is ("url" in change)
    assert list(store.posts.newest()) == []


def test_pictures_need_an_address(
    tiktok: TikTok, alice: Account, store: Store, server: BaseWSGIServer
) -> None:
    one = item("x", replace(photo(store, server), url=""), **PUBLIC)
    with pytest.raises(NetworkError, match="no public address"):
        prepared(tiktok, alice, one)


def test_pictures_that_take_long_are_left_to_the_probe(
    tiktok: TikTok, alice: Account, store: Store, server: BaseWSGIServer
) -> None:
    store.accounts.get("tiktok", "alice").extras["processing_s"] = 60
    one = item("x", photo(store, server), **PUBLIC)
    with pytest.raises(NetworkError) as told:
        tiktok.commit(alice, one, prepared(tiktok, alice, one))
    assert (told.value.category, told.value.effect) == (Category.MEDIA_PROCESSING, Effect.DONE)


@pytest.mark.parametrize(
    "fault", ["reset_after_accept", "http_500_after_accept", "half_answer", "invalid_json"]
)
def test_pictures_whose_answer_was_lost_are_found_among_the_public_posts(
    tiktok: TikTok, alice: Account, store: Store, server: BaseWSGIServer, fault: str
) -> None:
    before = item("Once", photo(store, server), **PUBLIC)
    known = tiktok.commit(alice, before, prepared(tiktok, alice, before)).external_id
    one = item("Once", photo(store, server), **PUBLIC)
    kept = prepared(tiktok, alice, one)
    store.faults.order({"network": "tiktok", "operation": "publish", "fault": fault, "delay_ms": 1})
    with pytest.raises(NetworkError) as told:
        tiktok.commit(alice, one, kept)
    assert told.value.effect is not Effect.NONE
    time.sleep(0.12)
    newest = next(store.posts.newest(network="tiktok")).id
    found = tiktok.probe(alice, one, kept, one.at, frozenset({known}))
    assert found.published is not None and found.published.external_id == newest != known
    assert tiktok.probe(alice, one, kept, one.at, frozenset()).verdict is Verdict.UNSURE


def test_pictures_that_are_not_listed_are_never_called_absent(
    tiktok: TikTok, alice: Account, store: Store, server: BaseWSGIServer
) -> None:
    one = item("Nowhere", photo(store, server), **PUBLIC)
    with pytest.raises(NetworkError) as told:  # so it is asked again, and then a person decides
        tiktok.probe(alice, one, {}, one.at, frozenset())
    assert told.value.code == "not_listed"
    private = item("Nowhere", photo(store, server), **PRIVATE)
    assert tiktok.probe(alice, private, {}, now(), frozenset()).verdict is Verdict.UNSURE
    poor = replace(alice, tokens=Tokens("sandbox-alice", scopes=("video.publish",)))
    assert tiktok.probe(poor, one, {}, now(), frozenset()).verdict is Verdict.UNSURE
