"""What may be posted on TikTok, said before, looked at again when it is sent, and its refusals."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.clock import now
from app.config import Config
from app.networks import tiktok_errors
from app.networks.base import Account, Category, Effect, Media, NetworkError, Part
from app.networks.rules import completed
from app.networks.tiktok import TikTok
from app.networks.wire import Answer
from app.sandbox.store import Store
from tests.networks.tiktok_fixtures import alice, sandbox, store, tiktok, wire
from tests.networks.tiktok_helpers import PRIVATE, PUBLIC, committed, item, prepared, video

__all__ = ["alice", "sandbox", "store", "tiktok", "wire"]
FILM = Media("v", Path("v.mp4"), "video/mp4", 9_000_000, 1080, 1920, seconds=30.0, codec="h264")
SHOT = Media("p", Path("p.jpg"), "image/jpeg", 90_000, 1080, 1350)


@pytest.fixture(scope="module")
def plain() -> TikTok:
    """For what needs no network."""
    return TikTok(httpx.Client(), Config(APP_URL="https://a.example", TIKTOK_AUDITED=True))


@pytest.mark.parametrize(
    ("text", "count"),
    [("abc", 3), ("é", 1), ("漢", 1), ("😀", 2), ("👩‍👩‍👧", 8), (" a\r\nb ", 3)],
)
def test_a_text_counts_in_utf_16_units(plain: TikTok, text: str, count: int) -> None:
    assert plain.compose(text, {}).count == count


def test_what_is_live_and_what_is_over_is_marked(plain: TikTok) -> None:
    spans = plain.compose("Hi @anna.b and #sea, not a@b.c or #12", {}).spans
    assert [(s.kind, s.href.rpartition("/")[2]) for s in spans] == [
        ("mention", "@anna.b"), ("tag", "sea")
    ]  # fmt: skip
    over = plain.compose("a" * 2199 + "😀b", {})
    assert (over.left, over.spans[-1].kind, over.spans[-1].start) == (-2, "over", 2199)


def told(plain: TikTok, media: tuple[Media, ...], text: str = "x", **options: Any) -> list[str]:
    found = plain.validate((Part(text, media),), {}, {**PUBLIC, **options})
    return [f"{'' if one.blocks else 'warning '}{one.field}" for one in found]


LONGER = replace(FILM, seconds=601)
CASES: list[tuple[tuple[Media, ...], dict[str, Any], list[str]]] = [
    ((FILM,), {}, []),
    ((SHOT,) * 35, {"title": "T" * 90, "description": "d" * 4000}, []),
    ((replace(FILM, mime="video/webm", codec="vp9"),), {}, []),
    ((), {}, ["media"]),
    ((SHOT,) * 36, {}, ["media"]),
    ((FILM, FILM), {}, ["media"]),
    ((FILM, SHOT), {}, ["media"]),
    ((replace(SHOT, mime="image/png"),), {}, ["media"]),
    ((replace(SHOT, size=20_000_001),), {}, ["media"]),
    ((replace(FILM, size=4_000_000_001),), {}, ["media"]),
    ((replace(FILM, codec="av1"),), {}, ["media"]),
    ((replace(FILM, width=320),), {}, ["media"]),
    ((replace(FILM, height=4320),), {}, ["media"]),
    ((LONGER,), {}, ["media"]),
    ((FILM,), {"privacyLevel": None}, ["options.privacyLevel"]),
    ((FILM,), {"privacyLevel": "EVERYBODY"}, ["options.privacyLevel"]),
    ((FILM,), {"disableComment": "no"}, ["options.disableComment"]),
    ((FILM,), {"brandContentToggle": True}, []),
    ((FILM,), {"brandContentToggle": True, **PRIVATE}, ["options.brandContentToggle"]),
    ((FILM,), {"videoCoverTimestampMs": 30_000}, []),
    ((FILM,), {"videoCoverTimestampMs": 30_001}, ["options.videoCoverTimestampMs"]),
    ((FILM,), {"videoCoverTimestampMs": -1}, ["options.videoCoverTimestampMs"]),
    ((SHOT,), {"title": "T" * 91}, ["options.title"]),
    ((SHOT,), {"title": "😀" * 46}, ["options.title"]),
    ((SHOT,), {"description": "😀" * 2001}, ["options.description"]),
]


@pytest.mark.parametrize(("media", "options", "fields"), CASES)
def test_what_tiktok_refuses_is_said_before(
    plain: TikTok, media: tuple[Media, ...], options: dict[str, Any], fields: list[str]
) -> None:
    assert told(plain, media, **options) == fields


def test_text_and_threads(plain: TikTok) -> None:
    assert told(plain, (FILM,), "😀" * 1100) == []
    assert told(plain, (FILM,), "😀" * 1100 + "a") == ["text"]
    two = plain.validate((Part("a", (FILM,)), Part("b")), {}, PUBLIC)
    assert [one.field for one in two] == ["text"]


def test_photos_need_an_installation_with_a_public_address(http: httpx.Client) -> None:
    local = TikTok(http, Config(APP_URL="http://a.example", TIKTOK_AUDITED=True))
    assert told(local, (SHOT,)) == ["media"] and told(local, (FILM,)) == []


def test_nothing_is_allowed_beforehand_and_no_audience_is_chosen(plain: TikTok) -> None:
    caps = plain.capabilities({})
    usual = completed(caps, {})
    assert "privacyLevel" not in usual and "videoCoverTimestampMs" not in usual
    assert [usual[n] for n in ("disableComment", "disableDuet", "disableStitch")] == [True] * 3
    assert not usual["brandContentToggle"] and not usual["isAigc"] and not usual["autoAddMusic"]
    assert (caps.by_url, caps.threads, caps.deletes) == (("image",), False, False)


def test_an_accounts_creator_info_narrows_the_choices(plain: TikTok) -> None:
    extras = {
        "privacy_level_options": ["FOLLOWER_OF_CREATOR", "SELF_ONLY"], "duet_disabled": True,
        "max_video_post_duration_sec": 60,
    }  # fmt: skip
    caps = plain.capabilities(extras)
    assert [value for value, _ in caps.options[0].choices] == ["FOLLOWER_OF_CREATOR", "SELF_ONLY"]
    assert caps.max_video_seconds == 60.0
    part = Part("x", (replace(FILM, seconds=70.0),))
    found = plain.validate((part,), extras, {**PUBLIC, "disableDuet": False})
    assert [(one.field, one.blocks) for one in found] == [
        ("media", True), ("options.privacyLevel", True), ("options.disableDuet", False)
    ]  # fmt: skip


def test_before_the_audit_posts_are_for_their_author_alone(
    http: httpx.Client, config: Config, alice: Account, tmp_path: Path
) -> None:
    unaudited = TikTok(http, config)
    option = unaudited.capabilities(alice.extras).options[0]
    assert [value for value, _ in option.choices] == ["SELF_ONLY"] and "audit" in option.help
    fields = [one.field for one in unaudited.validate((Part("x", (FILM,)),), {}, PUBLIC)]
    assert fields == ["options.privacyLevel"]
    with pytest.raises(NetworkError) as error:
        prepared(unaudited, alice, item("x", video(tmp_path), **PUBLIC))
    assert error.value.code == "privacy_level_option_mismatch"
    one = item("x", video(tmp_path), **PRIVATE)
    committed(unaudited, alice, one, prepared(unaudited, alice, one))


# What is asked again when a post is sent


@pytest.mark.parametrize(
    ("extras", "options", "code", "words"),
    [
        ({"private": True}, PUBLIC, "privacy_level_option_mismatch", "“Everyone” any more"),
        ({"max_video_post_duration_sec": 3}, PUBLIC, "duration_check_failed", "may post 3"),
        ({}, {**PRIVATE, "brandContentToggle": True}, "branded", "branded content"),
        ({}, {}, "privacy_level_option_mismatch", "nobody chose"),
        ({"unaudited": True}, PUBLIC, "unaudited_client_can_only_post_to_private_accounts",
         "private in the app"),
        ({"refuse": "spam_risk_user_banned_from_posting"}, PUBLIC,
         "spam_risk_user_banned_from_posting", "blocked"),
        ({"refuse": "spam_risk_text"}, PUBLIC, "spam_risk_text", "spam"),
    ],
)  # fmt: skip
def test_what_changed_since_it_was_written_is_refused_in_words(
    tiktok: TikTok, alice: Account, store: Store, tmp_path: Path, extras: dict[str, Any],
    options: dict[str, Any], code: str, words: str,
) -> None:  # fmt: skip
    store.accounts.get("tiktok", "alice").extras.update(extras)
    with pytest.raises(NetworkError, match=words) as error:
        prepared(tiktok, alice, item("x", video(tmp_path), **options))
    found = error.value
    assert (found.category, found.code, found.retryable) == (Category.VALIDATION, code, False)


@pytest.mark.parametrize("cap", ["spam_risk_too_many_posts", "reached_active_user_cap"])
def test_caps_of_a_day_are_waited_for_by_hours(
    tiktok: TikTok, alice: Account, store: Store, tmp_path: Path, cap: str
) -> None:
    store.accounts.get("tiktok", "alice").extras["refuse"] = cap
    with pytest.raises(NetworkError) as error:
        prepared(tiktok, alice, item("x", video(tmp_path), **PUBLIC))
    assert (error.value.category, error.value.status) == (Category.RATE_LIMITED, 200)
    assert error.value.retry_at is not None
    assert error.value.retry_at > now() + timedelta(hours=1.9)


FAULTS = [
    ("upload", "revoked", Category.AUTH_ERROR), ("account", "revoked", Category.AUTH_ERROR),
    ("upload", "http_429", Category.RATE_LIMITED), ("account", "http_429", Category.RATE_LIMITED),
    ("upload", "http_500", Category.NETWORK_ERROR), ("upload", "invalid_json", Category.UNKNOWN),
    ("account", "reset", Category.NETWORK_ERROR),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "fault", "category"), FAULTS)
def test_trouble_while_preparing_is_told_and_passes(
    tiktok: TikTok, alice: Account, store: Store, tmp_path: Path, operation: str, fault: str,
    category: Category,
) -> None:  # fmt: skip
    one = item("x", video(tmp_path), **PUBLIC)
    store.faults.order({"network": "tiktok", "operation": operation, "fault": fault})
    with pytest.raises(NetworkError) as error:
        prepared(tiktok, alice, one)
    assert error.value.category is category
    assert error.value.expired is (fault == "revoked")
    if category is Category.RATE_LIMITED:
        assert error.value.retry_at is not None
        assert error.value.retry_at >= now() + timedelta(seconds=55)
    assert committed(tiktok, alice, one, prepared(tiktok, alice, one)).effect is Effect.DONE


def answer(status: int, code: str = "", **headers: str) -> Answer:
    body = json.dumps({"data": {}, "error": {"code": code, "message": "m", "log_id": "1"}})
    return Answer(status, headers, body.encode() if code else b"<html>oops</html>")


@pytest.mark.parametrize("code", sorted(tiktok_errors.TABLE))
@pytest.mark.parametrize("status", [200, 403])
def test_a_listed_code_counts_whatever_the_status(code: str, status: int) -> None:
    found = answer(status, code)
    error = tiktok_errors.judge(found)
    assert error is not None and error.code == code
    assert error.effect is (Effect.UNKNOWN if code == "internal_error" else Effect.NONE)
    assert "tiktok" not in error.message.lower()
    with pytest.raises(NetworkError):
        tiktok_errors.data(found)


@pytest.mark.parametrize(
    ("found", "category", "effect"),
    [
        (answer(500), Category.NETWORK_ERROR, Effect.UNKNOWN),
        (answer(502, "whatever"), Category.NETWORK_ERROR, Effect.UNKNOWN),
        (answer(429), Category.RATE_LIMITED, Effect.NONE),
        (answer(200), Category.UNKNOWN, Effect.DONE),
        (answer(200, "new_code"), Category.UNKNOWN, Effect.UNKNOWN),
    ],
)
def test_other_answers(found: Answer, category: Category, effect: Effect) -> None:
    if found.status == 200:
        with pytest.raises(NetworkError) as told:
            tiktok_errors.data(found)
        error: NetworkError | None = told.value
    else:
        error = tiktok_errors.judge(found)
    assert error is not None and (error.category, error.effect) == (category, effect)
    assert tiktok_errors.judge(answer(403)) is None and tiktok_errors.judge(answer(404)) is None


@pytest.mark.parametrize(
    ("found", "effect"),
    [
        (Answer(416, {"content-range": "bytes 0-99/100"}, b""), Effect.DONE),
        (Answer(416, {"content-range": "bytes 0-49/100"}, b""), Effect.NONE),
        (Answer(416, {}, b""), None), (Answer(404, {}, b""), None), (Answer(418, {}, b""), None),
        (Answer(400, {}, b""), Effect.NONE), (Answer(403, {}, b""), Effect.NONE),
        (Answer(503, {}, b""), Effect.UNKNOWN),
    ],
)  # fmt: skip
def test_what_the_last_piece_may_be_told(found: Answer, effect: Effect | None) -> None:
    error = tiktok_errors.ending(found)
    assert (None if error is None else error.effect) is effect


@pytest.mark.parametrize("reason", [*tiktok_errors.FAILED, "spam_risk_text", "something_new"])
def test_every_reason_of_a_failed_post_has_words(reason: str) -> None:
    error = tiktok_errors.failed(reason)
    assert error.effect is Effect.NONE and error.message and error.code == reason
