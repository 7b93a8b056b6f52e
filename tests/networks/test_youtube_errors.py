"""Each row of YouTube's error table (networks/youtube.md §5), and what stays unknown."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import time_machine
from werkzeug.serving import BaseWSGIServer

from app import egress
from app.clock import now
from app.config import Config
from app.networks import youtube_errors
from app.networks.base import Account, Category, Effect, NetworkError, Verdict
from app.networks.wire import Answer
from app.networks.youtube import YouTube
from app.sandbox.store import Store
from tests.networks.youtube_fixtures import *  # noqa: F403
from tests.networks.youtube_helpers import (
    asked,
    channel,
    film,
    item,
    order,
    prepared,
    taken,
)


def answer(status: int, reason: str = "", text: str = "", **headers: str) -> Answer:
    rows = [{"domain": "youtube.x", "reason": reason, "message": "Said so."}] if reason else []
    body = text or json.dumps({"error": {"code": status, "message": "M", "errors": rows}})
    return Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, body.encode())


ROWS = [
    (401, "authError", Category.AUTH_ERROR, False),
    (401, "youtubeSignupRequired", Category.AUTH_ERROR, False),
    (403, "insufficientPermissions", Category.AUTH_ERROR, False),
    (403, "forbidden", Category.AUTH_ERROR, False),
    (403, "accountDelegationForbidden", Category.AUTH_ERROR, False),
    (403, "authenticatedUserAccountSuspended", Category.AUTH_ERROR, False),
    (403, "quotaExceeded", Category.RATE_LIMITED, True),
    (403, "dailyLimitExceeded", Category.RATE_LIMITED, True),
    (400, "uploadLimitExceeded", Category.RATE_LIMITED, True),
    (403, "rateLimitExceeded", Category.RATE_LIMITED, True),
    (403, "userRateLimitExceeded", Category.RATE_LIMITED, True),
    (429, "uploadRateLimitExceeded", Category.RATE_LIMITED, True),
    (400, "invalidTitle", Category.VALIDATION, False),
    (400, "invalidPublishAt", Category.VALIDATION, False),
    (403, "forbiddenPrivacySetting", Category.VALIDATION, False),
    (403, "accessNotConfigured", Category.VALIDATION, False),
    (400, "mediaBodyRequired", Category.MEDIA_ERROR, False),
    (400, "imageTooWide", Category.MEDIA_ERROR, False),
]


@pytest.mark.parametrize(("status", "reason", "category", "retried"), ROWS)
def test_a_listed_refusal_means_that_nothing_was_made(
    status: int, reason: str, category: Category, retried: bool
) -> None:
    error = youtube_errors.session(answer(status, reason))
    assert error is not None
    assert (error.category, error.effect, error.retryable) == (category, Effect.NONE, retried)
    assert error.expired is (reason == "authError") and error.code == reason
    assert error.message and "youtube." not in error.message.lower()


@pytest.mark.parametrize(
    "found",
    [answer(500, "backendError"), answer(503), answer(502, text="<html>Bad gateway</html>"),
     answer(403, text="<html>blocked by a proxy</html>"), answer(403, "somethingNew"),
     answer(400, text="<html>"), answer(400, "somethingNew"), answer(302)],
)  # fmt: skip
def test_anything_else_on_the_last_bytes_stays_unknown(found: Answer) -> None:
    assert youtube_errors.session(found) is None


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("bytes=0-262143", 262144),
        ("0-9", 10),
        ("", 0),
        ("bytes=0-x", 0),
        ("bytes=0-" + "9" * 40, 0),
    ],
)
def test_308_says_how_much_is_there(said: str, stored: int) -> None:
    error = youtube_errors.session(answer(308, text="-", range=said))
    assert isinstance(error, youtube_errors.Incomplete)
    assert (error.stored, error.effect) == (stored, Effect.NONE)


@pytest.mark.parametrize(
    ("here", "midnight"),
    [("2026-07-14T12:00:00Z", "2026-07-15T07:00:00Z"),
     ("2026-07-14T06:59:00Z", "2026-07-14T07:00:00Z"),
     ("2026-11-01T07:30:00Z", "2026-11-02T08:00:00Z"),  # summer time ends that day
     ("2026-12-31T23:00:00Z", "2027-01-01T08:00:00Z")],
)  # fmt: skip
def test_the_quota_begins_anew_at_midnight_in_california(here: str, midnight: str) -> None:
    with time_machine.travel(datetime.fromisoformat(here), tick=False):
        error = youtube_errors.always(answer(403, "quotaExceeded"))
    assert error is not None and error.retry_at == datetime.fromisoformat(midnight).astimezone(UTC)


@pytest.mark.parametrize(
    ("found", "wait"),
    [(answer(400, "uploadLimitExceeded"), 24 * 3600.0), (answer(403, "rateLimitExceeded"), 60.0),
     (answer(429, "rateLimitExceeded", retry_after="90"), 90.0)],
)  # fmt: skip
def test_other_limits_have_their_own_wait(found: Answer, wait: float) -> None:
    error = youtube_errors.always(found)
    assert error is not None and error.retry_at is not None
    assert abs((error.retry_at - now()).total_seconds() - wait) < 5


def test_secrets_in_an_answer_are_not_kept() -> None:
    found = Answer(400, {}, b'{"error": "invalid_grant", "refresh_token": "1//0abcdefghijk"}')
    error = youtube_errors.token(found)
    assert error is not None and "abcdefghijk" not in error.raw


@pytest.mark.parametrize(
    ("bucket", "code"), [("insert", "quotaExceeded"), ("units", "quotaExceeded"),
                         ("channel", "uploadLimitExceeded")],
)  # fmt: skip
def test_quotas_are_met_when_the_upload_begins(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path, bucket: str, code: str
) -> None:
    store.limits.set_limit("youtube", "*", bucket, 0)
    with pytest.raises(NetworkError) as told:
        prepared(youtube, alice, item(youtube, "Film", film(tmp_path)))
    assert (told.value.category, told.value.code) == (Category.RATE_LIMITED, code)
    assert told.value.retry_at is not None and told.value.retry_at > now()


@pytest.mark.parametrize(
    ("options", "code"),
    [({"title": "a < b"}, "invalidTitle"), ({"description": "é" * 2501}, "invalidDescription"),
     ({"tags": ["x" * 499, "y"]}, "invalidTags"), ({"categoryId": "99"}, "invalidCategoryId"),
     ({"publishAt": "2020-01-01T00:00:00Z"}, "invalidPublishAt")],
)  # fmt: skip
def test_content_that_is_refused_is_named(
    youtube: YouTube, alice: Account, tmp_path: Path, options: dict[str, Any], code: str
) -> None:
    with pytest.raises(NetworkError) as told:
        prepared(youtube, alice, item(youtube, "Film", film(tmp_path), **options))
    assert (told.value.category, told.value.code) == (Category.VALIDATION, code)
    assert not told.value.retryable


def test_a_channel_that_went_away_is_an_ended_sign_in(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    account = store.accounts.get("youtube", "alice")
    account.extras["channel"] = False
    store.accounts.save(account)
    with pytest.raises(NetworkError) as told:
        prepared(youtube, alice, item(youtube, "Film", film(tmp_path)))
    assert (told.value.code, told.value.expired) == ("youtubeSignupRequired", False)


def test_a_commit_that_hangs_after_it_was_taken_makes_one_video(
    server: BaseWSGIServer, socket_config: Config, store: Store, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Over real sockets: the deadline cuts the wait, the session tells the rest."""
    monkeypatch.setattr("app.sandbox.youtube.videos.PROCESSING_SECONDS", 0.0)
    with egress.client(socket_config, guarded=False) as http:
        youtube = YouTube(http, socket_config)
        account = channel(youtube)
        one = item(youtube, "Film", film(tmp_path))
        resume = prepared(youtube, account, one)
        order(store, "publish", "hang_after_accept", delay_ms=1500)
        with egress.bounded(0.5), pytest.raises(NetworkError) as told:
            youtube.commit(account, one, resume)
        assert (told.value.category, told.value.effect) == (Category.NETWORK_ERROR, Effect.UNKNOWN)
        found = asked(youtube, account, one, resume)
        assert found.verdict is Verdict.PUBLISHED
        assert len(list(store.posts.newest())) == 1
        for fault, effect in (("reset", Effect.UNKNOWN), ("half_answer", Effect.DONE)):
            again = item(youtube, "Again", film(tmp_path))
            resume = prepared(youtube, account, again)
            order(store, "publish", fault)
            with pytest.raises(NetworkError) as told:
                youtube.commit(account, again, resume)
            assert told.value.effect is effect
        assert asked(youtube, account, again, resume).verdict is Verdict.PUBLISHED


def test_html_in_place_of_json_is_no_answer(
    youtube: YouTube, alice: Account, tmp_path: Path
) -> None:
    def page(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, html="<html>Welcome to the hotel network</html>")

    one = item(youtube, "Film", film(tmp_path, 1000))
    resume = prepared(youtube, alice, one)
    with httpx.Client(transport=httpx.MockTransport(page)) as client:
        youtube.http = client
        with pytest.raises(NetworkError) as told:
            youtube.commit(alice, one, resume)
        assert told.value.effect is Effect.DONE
        with pytest.raises(NetworkError):
            asked(youtube, alice, one, resume)
        with pytest.raises(NetworkError):
            prepared(youtube, alice, item(youtube, "Other", film(tmp_path, 1000)))


def test_waiting_for_midnight_is_over_within_a_day() -> None:
    assert timedelta() < youtube_errors.pacific_midnight() - now() <= timedelta(hours=25)


def test_a_refused_request_does_not_stop_the_next(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item(youtube, "Film", film(tmp_path))
    resume = prepared(youtube, alice, one)
    order(store, "publish", "http_429", retry_after_s=7)
    with pytest.raises(NetworkError) as told:
        youtube.commit(alice, one, resume)
    assert (told.value.category, told.value.effect) == (Category.RATE_LIMITED, Effect.NONE)
    assert told.value.retry_at is not None
    assert 0 < (told.value.retry_at - now()).total_seconds() <= 8
    taken(youtube, alice, one, prepared(youtube, alice, one, resume))
    assert len(list(store.posts.newest())) == 1
