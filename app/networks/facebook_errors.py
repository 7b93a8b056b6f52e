"""What Facebook's refusals mean beside those all Meta networks share (facebook.md §1).

Meanings of numbers above 1,000,000 are hints: Meta does not document them. They stand as codes
in some answers and as subcodes in others.
"""

from __future__ import annotations

from datetime import timedelta

from app.clock import now
from app.networks import meta
from app.networks.base import Category, Effect, NetworkError
from app.networks.meta import Row
from app.networks.wire import Answer

IDENTITY = "PAGE_IDENTITY_CONFIRMATION_REQUIRED"  # the Ampost contract's own code
PAGE_CHECK = (
    "The Page's managers have to confirm who they are first, in the Facebook app on a phone, "
    "under the Page's settings. Then connect it again."
)

_LINK = Row(Category.VALIDATION, "The link cannot be shared here.", False)
_MEDIA = Row(Category.MEDIA_ERROR, "The file was not taken.", True)
_LATER = Row(Category.NETWORK_ERROR, meta.SERVER)
_CONTENT = Row(Category.VALIDATION, "This content was refused.", False)
_LIMITED = Row(Category.AUTH_ERROR, PAGE_CHECK, False)
_TWICE = Row(Category.DUPLICATE, "These photos were posted already.", False)

_BIG_NUMBERS = {
    1609005: Row(Category.VALIDATION, "The page behind the link cannot be read.", False),
    2061006: _LINK,
    1609008: Row(Category.VALIDATION, "A link to Facebook itself cannot be shared.", False),
    1366046: Row(Category.MEDIA_ERROR, "The picture is too large or of the wrong kind.", True),
    2069019: _MEDIA,
    1363047: _LATER,
    1609010: _LATER,
    1346003: _CONTENT,
    1404102: _CONTENT,
    1349125: _CONTENT,
    1404006: _LIMITED,
    1404078: _LIMITED,
    1404112: Row(Category.AUTH_ERROR, "The account is limited for now. Sign in there first.",
                 False),
    1404082: _LIMITED,
    1366051: _TWICE,
}  # fmt: skip

TABLE: meta.Table = (
    meta.BASE
    | {(number, None): row for number, row in _BIG_NUMBERS.items()}
    | {(None, number): row for number, row in _BIG_NUMBERS.items()}
    | {
        (368, 4854002): Row(Category.AUTH_ERROR, PAGE_CHECK, False),
        (506, None): Row(
            Category.DUPLICATE, "This is the same as the last post of the Page.", False, plain=True
        ),
        (352, None): Row(Category.MEDIA_ERROR, "The video was not taken.", True),
        (6000, None): Row(Category.MEDIA_ERROR, "The video was not taken.", True),
    }
)

_COMMIT, _OTHER = meta.judge(TABLE, commit=True), meta.judge(TABLE)


def published(answer: Answer) -> NetworkError | None:
    """The judge of the calls that make something public."""
    return _named(_COMMIT(answer))


commented = meta.commented(published)


def other(answer: Answer) -> NetworkError | None:
    """The judge of calls that may be repeated: staging, reading, deleting."""
    return _named(_OTHER(answer))


def _named(error: NetworkError | None) -> NetworkError | None:
    if error is not None and error.code == "368/4854002":
        error.code = IDENTITY
    return error


def uploaded(answer: Answer) -> NetworkError | None:
    """The judge of the upload host, which has an error body of its own."""
    told = answer.mapping().get("debug_info")
    if answer.status >= 500 or not isinstance(told, dict):
        return other(answer)
    kind = str(told.get("type") or "")
    if answer.status in (401, 403):
        return NetworkError(
            Category.AUTH_ERROR, meta.RECONNECT, status=answer.status, code=kind, raw=answer.raw,
            retryable=False, expired=True,
        )  # fmt: skip
    return NetworkError(
        Category.MEDIA_ERROR, "The video was not taken.", status=answer.status, code=kind,
        raw=answer.raw, retryable=True,
    )  # fmt: skip


def gone(error: NetworkError) -> bool:
    """Whether the refusal says that the object is not there."""
    return error.code in ("100/33", "33")


def still(message: str, seconds: float, *, accepted: bool = False) -> NetworkError:
    """It is being processed; come back in so many seconds. ``accepted``: it will go public."""
    return NetworkError(
        Category.MEDIA_PROCESSING, message, code="processing",
        effect=Effect.DONE if accepted else Effect.NONE,
        retry_at=now() + timedelta(seconds=seconds),
    )  # fmt: skip
