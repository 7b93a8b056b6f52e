"""Pinterest's answers that are not 2xx, read by the table of networks/pinterest.md §5.

Only what stands there is "known not executed": on creating a Pin anything else stays
unknown and is looked up (reliability §4). Of the numeric codes two are known; status and
words decide.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from app.clock import now
from app.networks.base import Category, Effect, NetworkError
from app.networks.wire import Answer, retry_at

NO_HEADER = timedelta(seconds=60)  # §5: the wait after a 429 that names none
RESET = "x-ratelimit-reset"

_SPAM = re.compile(r"\bspam", re.I)
_BOARD = re.compile(r"\bboard", re.I)
_SCOPE = re.compile(r"\bscopes?\b", re.I)  # a list of scopes names boards too
_MEDIA = re.compile(
    r"reach the url|\bimages?\b|\bpictures?\b|\bvideo\b|\bmedia\b|\bcover_image|content_type", re.I
)
_SHAPE = re.compile(r"does not match|maxItems|minItems|maxLength|is a required property", re.I)


def said(answer: Answer) -> str:
    """Pinterest's own sentence; ``""`` where the answer is not in its words."""
    found = answer.mapping()
    message = found.get("message")
    if not isinstance(message, str) or "code" not in found:
        return ""
    detail = found.get("message_detail")
    return f"{message} {detail}" if isinstance(detail, str) else message


def _error(answer: Answer, category: Category, message: str, **more: Any) -> NetworkError:
    more.setdefault("code", str(answer.mapping().get("code") or ""))
    return NetworkError(category, message, status=answer.status, raw=answer.raw, **more)


def always(answer: Answer) -> NetworkError | None:
    """Rows of the table that mean the same on every call."""
    if answer.status == 401:
        return _error(
            answer, Category.AUTH_ERROR, "The sign-in is no longer valid. Connect it again.",
            expired=True, retryable=False,
        )  # fmt: skip
    if answer.status == 429 and _SPAM.search(said(answer)):
        return _error(
            answer, Category.VALIDATION,
            "It was held for spam: the link or the text is not trusted there. Change it, or ask "
            "Pinterest's help to look at the account.",
            code="spam", retryable=False,
        )  # fmt: skip
    if answer.status == 429:
        wait = retry_at(answer, RESET) or now() + NO_HEADER
        return _error(
            answer, Category.RATE_LIMITED, "Too many requests for now.", retry_at=max(wait, now())
        )
    if answer.status == 403 and said(answer):
        words = said(answer)
        if _BOARD.search(words) and not _SCOPE.search(words):
            return _error(
                answer, Category.VALIDATION, "This account may not use that board. Choose another.",
                retryable=False,
            )  # fmt: skip
        return _error(
            answer, Category.AUTH_ERROR,
            "This app may not do that for the account: a permission is missing, or the app has "
            "no access to it yet. Connect it again.",
            retryable=False,
        )  # fmt: skip
    return None


def created(answer: Answer) -> NetworkError | None:
    """The judge of making a Pin. A 5xx or anything unlisted is nobody's word."""
    known = always(answer)
    if known is not None:
        return known
    words = said(answer)
    if answer.status == 404 and words:
        return _error(
            answer, Category.VALIDATION,
            "The board or its section is not there any more. Choose another.", retryable=False,
        )  # fmt: skip
    if answer.status == 400 and words:
        return _bad(answer, words)
    return None


def _bad(answer: Answer, words: str) -> NetworkError:
    waiting = "still processing" in words.lower() or "not ready" in words.lower()
    if waiting and "failed" not in words.lower():
        return _error(
            answer, Category.MEDIA_PROCESSING, "The video is still being processed.",
            retry_at=now() + timedelta(seconds=60),
        )  # fmt: skip
    # "media_source … does not match" is the schema's sentence about us, not about a file.
    if _MEDIA.search(words.replace("media_source", "")) and not _SHAPE.search(words):
        return _error(
            answer, Category.MEDIA_ERROR, "The picture or video was not taken.", retryable=True
        )
    return _error(
        answer, Category.VALIDATION, f"It does not take this content: {_short(words)}",
        retryable=False,
    )  # fmt: skip


def _short(words: str) -> str:
    return words if len(words) <= 160 else f"{words[:159]}…"


def other(answer: Answer) -> NetworkError | None:
    """The judge of calls that may be made again: reading, registering, deleting."""
    known = always(answer)
    if known is not None:
        return known
    if answer.status == 404:
        return _error(
            answer, Category.VALIDATION, "It is not there any more.", code="not_found",
            retryable=False,
        )  # fmt: skip
    if answer.status == 400 and said(answer):
        return _error(
            answer, Category.VALIDATION, f"It was refused: {_short(said(answer))}", retryable=False
        )
    if answer.status >= 500:
        return _error(
            answer, Category.NETWORK_ERROR, "The server has a problem of its own.",
            effect=Effect.UNKNOWN,
        )  # fmt: skip
    return None


def told(answer: Answer) -> NetworkError | None:
    """The judge of analytics: a 403 says that the account has none, not that it is signed out."""
    if answer.status == 403:
        return _error(
            answer, Category.VALIDATION, "Only business accounts have analytics.",
            code="no_analytics", retryable=False,
        )  # fmt: skip
    return other(answer)


def stored(answer: Answer) -> NetworkError | None:
    """The judge of the storage service that takes a video's bytes: XML, and not ours to sign.

    A 4xx is most often a form that ran out: the file is registered anew.
    """
    if answer.status >= 500 or answer.status == 429:
        return _error(
            answer, Category.NETWORK_ERROR, "The upload failed on the other side.",
            effect=Effect.UNKNOWN,
        )  # fmt: skip
    large = b"EntityTooLarge" in answer.body
    return _error(
        answer, Category.MEDIA_ERROR,
        "The video is too large." if large else "The video was not taken.",
        code="too_large" if large else "upload", retryable=not large,
    )  # fmt: skip


def token(answer: Answer) -> NetworkError | None:
    """The judge of the token endpoint: its 4xx are final, 5xx and 429 pass."""
    if answer.status == 429:
        return always(answer)
    if answer.status >= 500:
        return _error(
            answer, Category.NETWORK_ERROR, "The sign-in service has a problem of its own.",
            effect=Effect.UNKNOWN,
        )  # fmt: skip
    if answer.status < 400:
        return None
    message = "The access has ended or was taken back. Connect the account again."
    if answer.status == 401:
        message = (
            "Pinterest does not know this installation's app keys. Its operator has to check them."
        )
    return _error(answer, Category.AUTH_ERROR, message, retryable=False)
