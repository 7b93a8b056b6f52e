"""TikTok's answers and failed posts, read by the table of networks/tiktok.md §5.

Only the code ``"ok"`` is success, whatever the HTTP status says (§2). Messages of what a post
meets are clauses: they follow "TikTok refused this: ".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.clock import now
from app.networks.base import Category, Effect, NetworkError
from app.networks.wire import Answer, retry_at, unreadable

MINUTE = timedelta(seconds=60)  # §4: no header says more
LATE = timedelta(hours=2)  # caps roll over 24 hours: looked at a few times a day
PERMISSION = "A permission is missing. Connect the account again and allow everything asked for."
SIGNED_OUT = "The sign-in is no longer valid. Connect the account again."
SERVER = "The server has a problem of its own."
_RANGE = re.compile(r"bytes\s+0-(\d+)/(\d+)")


@dataclass(frozen=True)
class Row:
    """What a code means; ``wait`` is how long to stay away."""

    category: Category
    message: str
    retryable: bool | None = None
    expired: bool = False
    wait: timedelta | None = None
    effect: Effect = Effect.NONE


_LIMITED = Row(Category.RATE_LIMITED, "Too many requests for now.", wait=MINUTE)
_EXPIRED = Row(Category.AUTH_ERROR, SIGNED_OUT, False, expired=True)
_SCOPE = Row(Category.AUTH_ERROR, PERMISSION, False)
_TROUBLE = Row(Category.NETWORK_ERROR, SERVER, effect=Effect.UNKNOWN)
_INVALID = Row(Category.VALIDATION, "it does not take these settings or this file", False)
_UNKNOWN_ID = Row(Category.UNKNOWN, "The upload is not known there any more.", False)

TABLE: Mapping[str, Row] = {
    "access_token_invalid": _EXPIRED,
    "scope_not_authorized": _SCOPE,
    "scope_permission_missed": _SCOPE,
    "rate_limit_exceeded": _LIMITED,
    "spam_risk_too_many_posts": Row(
        Category.RATE_LIMITED,
        "The account has reached its number of posts made by apps for 24 hours.", wait=LATE,
    ),
    "spam_risk_too_many_pending_share": Row(
        Category.RATE_LIMITED, "The account has too many unfinished posts for 24 hours.", wait=LATE
    ),
    "reached_active_user_cap": Row(
        Category.RATE_LIMITED,
        "This installation has reached its number of posting accounts for 24 hours.", wait=LATE,
    ),
    "spam_risk_user_banned_from_posting": Row(
        Category.VALIDATION, "the account is blocked from posting; look into the app", False
    ),
    "spam_risk": Row(Category.VALIDATION, "it looks like spam to its checks", False),
    "spam_risk_text": Row(Category.VALIDATION, "the text looks like spam to its checks", False),
    "unaudited_client_can_only_post_to_private_accounts": Row(
        Category.VALIDATION,
        "until this installation's app has passed the audit, it may post to private accounts "
        "only; make the account private in the app, or ask the operator about the audit", False,
    ),
    "privacy_level_option_mismatch": Row(
        Category.VALIDATION,
        "the account does not offer this audience any more; choose again who can see the post",
        False,
    ),
    "url_ownership_unverified": Row(
        Category.VALIDATION,
        "the address of this installation's pictures is not verified for its app; the operator "
        "has to verify the domain there", False,
    ),
    "invalid_param": _INVALID,
    "invalid_params": _INVALID,
    "invalid_file_upload": Row(
        Category.MEDIA_ERROR, "the file was not taken; export it again as MP4", False
    ),
    "internal_error": _TROUBLE,
    "invalid_publish_id": _UNKNOWN_ID,
    "token_not_authorized_for_specified_publish_id": _UNKNOWN_ID,
}  # fmt: skip

# ``fail_reason`` of a post that was taken and then refused, beside the codes above.
FAILED: Mapping[str, Row] = {
    "file_format_check_failed": Row(
        Category.MEDIA_ERROR, "the file has a format it does not take; export it as MP4 with H.264",
        False,
    ),
    "duration_check_failed": Row(
        Category.MEDIA_ERROR, "the video is longer than this account may post", False
    ),
    "frame_rate_check_failed": Row(
        Category.MEDIA_ERROR, "the video must have 23 to 60 frames a second", False
    ),
    "picture_size_check_failed": Row(
        Category.MEDIA_ERROR,
        "the picture size does not fit: videos have 360 to 4096 pixels a side, photos at most "
        "1080p", False,
    ),
    "video_pull_failed": Row(
        Category.MEDIA_ERROR, "the video could not be fetched from this installation", True
    ),
    "photo_pull_failed": Row(
        Category.MEDIA_ERROR, "the pictures could not be fetched from this installation", True
    ),
    "publish_cancelled": Row(Category.VALIDATION, "the post was cancelled there", False),
    "auth_removed": Row(
        Category.AUTH_ERROR, "The access was taken back. Connect the account again.", False
    ),
    "internal": Row(Category.NETWORK_ERROR, SERVER, True),
}  # fmt: skip


def code_of(answer: Answer) -> str:
    """``error.code`` of an answer, or ``""`` where it is not TikTok's JSON."""
    error = answer.mapping().get("error")
    return str(error.get("code") or "") if isinstance(error, dict) else ""


def judge(answer: Answer) -> NetworkError | None:
    """Read a refusal by its code, then by its status; ``None`` for what is not listed."""
    code = code_of(answer)
    row = TABLE.get(code)
    if row is None and answer.status in (401, 429):
        row = _EXPIRED if answer.status == 401 else _LIMITED
    if row is None and answer.status >= 500:
        row = _TROUBLE
    return None if row is None else _error(row, answer, code)


def _error(row: Row, answer: Answer, code: str) -> NetworkError:
    later = None
    if row.wait is not None:
        later = max(retry_at(answer) or now(), now() + row.wait)
    return NetworkError(
        row.category, row.message, effect=row.effect, retryable=row.retryable,
        expired=row.expired, status=answer.status, code=code, raw=answer.raw, retry_at=later,
    )  # fmt: skip


def data(answer: Answer) -> dict[str, Any]:
    """``data`` of a 2xx answer that is "ok"; raises what the code says otherwise."""
    code = code_of(answer)
    if code == "ok":
        found = answer.mapping().get("data")
        return found if isinstance(found, dict) else {}
    if not code:
        raise unreadable(answer.status, answer.raw)
    raise judge(answer) or NetworkError(
        Category.UNKNOWN, f"It was refused for a reason we do not know ({code[:60]}).",
        effect=Effect.UNKNOWN, status=answer.status, code=code[:60], raw=answer.raw,
    )  # fmt: skip


def failed(reason: str) -> NetworkError:
    """Why a post that was taken did not come out: nothing of it is public."""
    row = FAILED.get(reason) or TABLE.get(reason)
    if row is None:
        row = Row(Category.MEDIA_ERROR, f"it could not be published ({reason[:60]})", False)
    later = None if row.wait is None else now() + row.wait
    return NetworkError(
        row.category, row.message, retryable=row.retryable, code=reason[:60], retry_at=later
    )


def uploading(answer: Answer) -> NetworkError | None:
    """The judge of a piece that is not the last (§2): every answer leaves nothing public."""
    if answer.status in (403, 404):
        return NetworkError(
            Category.MEDIA_ERROR, "the upload took too long and has to begin again",
            status=answer.status, code="upload_gone", raw=answer.raw, retryable=True,
        )  # fmt: skip
    if answer.status == 416:
        return NetworkError(
            Category.NETWORK_ERROR, "The upload stopped at another place than we thought.",
            status=416, code="range", raw=answer.raw,
        )  # fmt: skip
    if answer.status == 400:
        return NetworkError(
            Category.MEDIA_ERROR, "the file was not taken", status=400, code="bad_piece",
            raw=answer.raw, retryable=True,
        )  # fmt: skip
    if answer.status == 429:
        return _error(_LIMITED, answer, "rate_limit_exceeded")
    return _error(_TROUBLE, answer, "") if answer.status >= 500 else None


def ending(answer: Answer) -> NetworkError | None:
    """The judge of the last piece, which starts the post.

    What may also be said of a piece that had arrived before (404, 416) settles nothing.
    """
    if answer.status == 404:
        return None
    if answer.status == 416:
        place = _RANGE.match(answer.headers.get("content-range", ""))
        if place is None:
            return None
        if int(place[1]) + 1 >= int(place[2]):
            return processing()
    return uploading(answer)


def processing() -> NetworkError:
    """It has everything and is at work: ask later, send nothing again."""
    return NetworkError(
        Category.MEDIA_PROCESSING, "The post is still being processed.", effect=Effect.DONE,
        code="processing",
    )  # fmt: skip


def token(answer: Answer) -> NetworkError | None:
    """The judge of the token endpoint, whose refusals may come with status 200 (§1)."""
    if answer.status == 429:
        return _error(_LIMITED, answer, "")
    if answer.status >= 500:
        return NetworkError(
            Category.NETWORK_ERROR, "The sign-in service has a problem of its own.",
            effect=Effect.UNKNOWN, status=answer.status, raw=answer.raw,
        )  # fmt: skip
    code = str(answer.mapping().get("error") or "")
    if answer.status < 400 and not code:
        return None
    message = "The access has ended or was taken back. Connect the account again."
    if code in ("invalid_client", "unauthorized_client"):
        message = "The app keys of this installation are not known. Its operator has to check them."
    return NetworkError(
        Category.AUTH_ERROR, message, status=answer.status, code=code, raw=answer.raw,
        retryable=False,
    )  # fmt: skip
