"""YouTube's answers that are not 2xx, read by ``errors[0].reason`` (networks/youtube.md §5).

Only what stands in that table is "known not executed"; anything else on the last bytes of
an upload stays unknown and is looked up (reliability §4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.clock import now
from app.networks.base import Category, Effect, NetworkError
from app.networks.wire import Answer, retry_at

PACIFIC = ZoneInfo("America/Los_Angeles")  # quotas begin anew at its midnight (§4)
CHANNEL_WAIT = timedelta(hours=24)  # after the channel's own daily uploads are used up
PAUSE = timedelta(seconds=60)  # rate limits say no time

ENDED = {
    "insufficientPermissions": "A permission that is needed was not given. Connect the channel "
    "again and leave every box ticked.",
    "forbidden": "This is not allowed for the connected channel. Connect it again.",
    "accountDelegationForbidden": "This account may not act for that channel.",
    "authenticatedUserAccountClosed": "The account was closed.",
    "authenticatedUserAccountSuspended": "The account was suspended.",
    "youtubeSignupRequired": "This Google account has no channel. Make one, then connect again.",
}
NO_COMMENT = {
    "insufficientPermissions": "The permission to comment was not given. Connect the channel again "
    "and leave every box ticked.",
    "forbidden": "The channel may not comment on this video.",
}
DAY_QUOTA = frozenset({"quotaExceeded", "dailyLimitExceeded"})
HURRIED = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "uploadRateLimitExceeded"})
CONTENT = {
    "invalidTitle": "the title is missing, too long or holds < or >",
    "invalidDescription": "the description is too long or holds < or >",
    "invalidTags": "the tags are too long or hold characters that are not allowed",
    "invalidCategoryId": "the category does not exist",
    "invalidVideoMetadata": "title or category are missing",
    "invalidPublishAt": "the time to go public is not valid",
    "invalidFilename": "the file name is not valid",
    "invalidRecordingDetails": "the recording details are not valid",
    "invalidVideoGameRating": "the game rating is not valid",
    "defaultLanguageNotSet": "the language of the text is missing",
    "forbiddenPrivacySetting": "this visibility is not allowed for the channel",
    "forbiddenLicenseSetting": "this licence is not allowed for the channel",
    "commentsDisabled": "comments are switched off for this video",
    "commentTextRequired": "the comment is empty",
    "commentTextTooLong": "the comment is too long",
    "invalidCommentThreadMetadata": "the comment is not valid",
}
FILES = {
    "mediaBodyRequired": "the request held no video",
    "imageFormatUnsupported": "the picture has to be a JPG or PNG",
    "imageTooTall": "the picture is too tall",
    "imageTooWide": "the picture is too wide",
    "failedPrecondition": "the picture could not be used",
}
GONE = frozenset({"videoNotFound", "commentNotFound", "playlistNotFound", "channelNotFound"})
SWITCHED_OFF = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})


@dataclass(frozen=True)
class Trouble:
    """What an error body says; empty for anything that is not Google's JSON."""

    reason: str = ""
    status: str = ""
    message: str = ""

    @classmethod
    def of(cls, answer: Answer) -> Trouble:
        """Read a body."""
        error = answer.mapping().get("error")
        if not isinstance(error, dict):
            return cls()
        rows = error.get("errors")
        first = rows[0] if isinstance(rows, list) and rows else None
        row: dict[str, Any] = first if isinstance(first, dict) else {}
        return cls(
            str(row.get("reason") or ""),
            str(error.get("status") or ""),
            str(row.get("message") or error.get("message") or ""),
        )


def _error(
    answer: Answer, category: Category, message: str, trouble: Trouble, **more: Any
) -> NetworkError:
    more.setdefault("code", trouble.reason or trouble.status)
    return NetworkError(category, message, status=answer.status, raw=answer.raw, **more)


def always(answer: Answer) -> NetworkError | None:
    """Rows of the table that mean the same on every call."""
    trouble = Trouble.of(answer)
    reason = trouble.reason
    if reason in ENDED:
        return _error(answer, Category.AUTH_ERROR, ENDED[reason], trouble, retryable=False)
    if answer.status == 401:
        return _error(
            answer, Category.AUTH_ERROR, "The sign-in is no longer valid. Connect it again.",
            trouble, expired=True, retryable=False,
        )  # fmt: skip
    limited = _limited(answer, trouble)
    if limited is not None:
        return limited
    if reason in CONTENT:
        return _error(answer, Category.VALIDATION, CONTENT[reason], trouble, retryable=False)
    if reason in FILES:
        return _error(answer, Category.MEDIA_ERROR, FILES[reason], trouble, retryable=False)
    if reason in SWITCHED_OFF:
        return _error(
            answer, Category.VALIDATION,
            "The YouTube Data API is switched off in this installation's Google project. Its "
            "operator has to enable it there.",
            trouble, retryable=False,
        )  # fmt: skip
    return None


def _limited(answer: Answer, trouble: Trouble) -> NetworkError | None:
    if trouble.reason in DAY_QUOTA:
        return _error(
            answer, Category.RATE_LIMITED,
            "This installation's quota for today is used up; it begins anew at midnight in "
            "California.",
            trouble, retry_at=pacific_midnight(),
        )  # fmt: skip
    if trouble.reason == "uploadLimitExceeded":
        return _error(
            answer, Category.RATE_LIMITED, "The channel has uploaded as much as it may in a day.",
            trouble, retry_at=now() + CHANNEL_WAIT,
        )  # fmt: skip
    if trouble.reason in HURRIED or answer.status == 429:
        return _error(
            answer, Category.RATE_LIMITED, "Too many requests for now.", trouble,
            retry_at=retry_at(answer) or now() + PAUSE,
        )  # fmt: skip
    return None


def pacific_midnight() -> datetime:
    """When the day's quota begins anew, in UTC."""
    there = now().astimezone(PACIFIC) + timedelta(days=1)
    return there.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def other(answer: Answer) -> NetworkError | None:
    """The judge of calls that may be made again: reading, deleting, beginning an upload."""
    known = always(answer)
    if known is not None:
        return known
    trouble = Trouble.of(answer)
    if answer.status in (404, 410):
        return _error(
            answer, Category.VALIDATION, "It is not there any more.", trouble,
            retryable=False, code="not_found",
        )  # fmt: skip
    if answer.status >= 500:
        return _error(
            answer, Category.NETWORK_ERROR, "The server has a problem of its own.", trouble,
            effect=Effect.UNKNOWN,
        )  # fmt: skip
    if answer.status == 400 and trouble.reason:
        said = trouble.message or "the request was not accepted"
        return _error(answer, Category.VALIDATION, said, trouble, retryable=False)
    return None


def commented(answer: Answer) -> NetworkError | None:
    """The judge of making a comment. A 5xx or anything unlisted is nobody's word.

    A comment that is not allowed says nothing of the sign-in, which is good for videos.
    """
    trouble = Trouble.of(answer)
    if trouble.reason in NO_COMMENT:
        return _error(
            answer, Category.VALIDATION, NO_COMMENT[trouble.reason], trouble, retryable=False
        )
    known = always(answer)
    if known is not None:
        return known
    if trouble.reason in GONE:
        return _error(
            answer, Category.VALIDATION, "The video to comment on is gone.", trouble,
            retryable=False,
        )  # fmt: skip
    return None


class Incomplete(NetworkError):
    """308: ``stored`` bytes are there and more are wanted. Nothing exists yet (§2)."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(
            Category.NETWORK_ERROR, "The upload is not complete yet.", status=308,
            code="incomplete",
        )  # fmt: skip
        end = answer.headers.get("range", "").rpartition("-")[2].strip()
        self.stored = int(end) + 1 if end.isdigit() and len(end) < 16 else 0
        self.moved = answer.headers.get("location", "")


class Lost(NetworkError):
    """404 or 410: the session is unknown there, because it ended well or because it expired."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(
            Category.UNKNOWN, "The upload is not known any more. We look whether it is out.",
            effect=Effect.UNKNOWN, status=answer.status, code="session_lost", raw=answer.raw,
        )  # fmt: skip


def session(answer: Answer) -> NetworkError | None:
    """The judge of the last bytes: listed refusals, 308 and a lost session; 5xx stay unknown."""
    if answer.status == 308:
        return Incomplete(answer)
    if answer.status in (404, 410):
        return Lost(answer)
    return always(answer)


def piece(answer: Answer) -> NetworkError | None:
    """The judge of all bytes but the last: they may be sent again, so 5xx is plain trouble."""
    return session(answer) or other(answer)


def token(answer: Answer) -> NetworkError | None:
    """The judge of the token endpoint (§1): its 4xx are final, 5xx and 429 pass."""
    if answer.status == 429:
        return NetworkError(
            Category.RATE_LIMITED, "Too many sign-ins for now.", status=429, raw=answer.raw,
            retry_at=retry_at(answer) or now() + PAUSE,
        )  # fmt: skip
    if answer.status >= 500:
        return NetworkError(
            Category.NETWORK_ERROR, "The sign-in service has a problem of its own.",
            effect=Effect.UNKNOWN, status=answer.status, raw=answer.raw,
        )  # fmt: skip
    if answer.status < 400:
        return None
    code = str(answer.mapping().get("error") or "")
    message = "The access has ended or was taken back. Connect the channel again."
    if code in ("unauthorized_client", "invalid_client"):
        message = "Google does not know this installation's keys. Its operator has to check them."
    return NetworkError(
        Category.AUTH_ERROR, message, status=answer.status, code=code, raw=answer.raw,
        retryable=False,
    )  # fmt: skip
