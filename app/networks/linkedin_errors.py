"""LinkedIn's answers that are not 2xx, read by the table of networks/linkedin.md §6.

Only what stands there is "known not executed"; anything else on creating a post stays
unknown and is asked about (§7).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.clock import now
from app.networks.base import Category, Effect, NetworkError
from app.networks.wire import Answer, retry_at

NO_HEADER = timedelta(minutes=15)  # §4: minutes first, where LinkedIn does not say
PROCESSING = timedelta(seconds=20)
VERSIONS = frozenset({"VERSION_MISSING", "NONEXISTENT_VERSION"})
MEDIA = frozenset({
    "MEDIA_ASSET_PROCESSING_FAILED", "INVALID_IMAGE_ID", "INVALID_VIDEO_ID",
    "INVALID_DOCUMENT_ID", "EXPIRED_UPLOAD_URL", "UPDATING_ASSET_FAILED",
})  # fmt: skip
DUPLICATE = "DUPLICATE_POST"
URN = re.compile(r"urn:li:(?:share|ugcPost):\d+")
_DUPLICATE = re.compile(r"duplicate of urn:li:", re.I)
_DAY = re.compile(r"\bday\b", re.I)
_WAITING = re.compile(r"\b(still )?process(ing|ed)\b|not ready|waiting_upload|not available", re.I)
OPERATOR = "operator_version"


@dataclass(frozen=True)
class Trouble:
    """What an error body says; any key of it may be missing."""

    message: str = ""
    codes: frozenset[str] = frozenset()
    details: str = ""  # what ``inputErrors`` say in words
    known: bool = False  # whether it was LinkedIn's JSON at all

    @classmethod
    def of(cls, answer: Answer) -> Trouble:
        """Read a body; HTML, plain text and half JSON give an empty one."""
        body = answer.mapping()
        details = body.get("errorDetails")
        rows = details.get("inputErrors") if isinstance(details, dict) else None
        inputs = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        codes = {_text(body, "code"), *(_text(row, "code") for row in inputs)}
        words = " ".join(filter(None, (_text(row, "description") for row in inputs)))
        known = any(name in body for name in ("message", "code", "status", "serviceErrorCode"))
        return cls(_text(body, "message"), frozenset(codes - {""}), words, known)

    @property
    def words(self) -> str:
        return f"{self.message} {self.details}"

    @property
    def code(self) -> str:
        return ",".join(sorted(self.codes))

    @property
    def duplicate(self) -> bool:
        return DUPLICATE in self.codes or bool(_DUPLICATE.search(self.words))


class Duplicate(NetworkError):
    """An equal post of the same author is out; ``named`` is its URN, or ``""`` (§7)."""

    def __init__(self, answer: Answer, trouble: Trouble) -> None:
        super().__init__(
            Category.DUPLICATE, "The same post is out already.", retryable=False,
            status=answer.status, code=DUPLICATE, raw=answer.raw,
        )  # fmt: skip
        found = URN.search(trouble.words)
        self.named = found[0] if found else ""


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _error(
    answer: Answer, category: Category, message: str, trouble: Trouble, **more: Any
) -> NetworkError:
    more.setdefault("code", trouble.code or str(answer.status))
    return NetworkError(category, message, status=answer.status, raw=answer.raw, **more)


def always(answer: Answer) -> NetworkError | None:
    """Rows of the table that mean the same on every call."""
    trouble = Trouble.of(answer)
    if answer.status == 426 or trouble.codes & VERSIONS:
        return _error(
            answer, Category.VALIDATION,
            "this installation asks for a version of the API that is no longer served; its "
            "operator has to raise LINKEDIN_API_VERSION",
            trouble, retryable=False, code=OPERATOR,
        )  # fmt: skip
    if answer.status == 401:
        return _error(
            answer, Category.AUTH_ERROR, "The sign-in is no longer valid. Connect it again.",
            trouble, expired=True, retryable=False,
        )  # fmt: skip
    if answer.status == 429:
        return _error(
            answer, Category.RATE_LIMITED, "Too many requests for now.", trouble,
            retry_at=reset(answer, trouble),
        )  # fmt: skip
    if answer.status == 403 and trouble.known:
        return _error(
            answer, Category.AUTH_ERROR,
            "This app may not do that for the account: a permission, the role on the page or "
            "the app's own access is missing. Connect it again.",
            trouble, retryable=False,
        )  # fmt: skip
    return None


def reset(answer: Answer, trouble: Trouble) -> datetime:
    """``Retry-After`` where it is sent; a day's limit ends at 00:00 UTC; else 15 minutes (§4)."""
    found = retry_at(answer)
    if found is not None:
        return max(found, now())
    at = now().astimezone(UTC)
    midnight = (at + timedelta(days=1)).replace(hour=0, minute=0, second=5, microsecond=0)
    return midnight if _DAY.search(trouble.words) else min(at + NO_HEADER, midnight)


def created(answer: Answer) -> NetworkError | None:
    """The judge of ``POST /rest/posts``. A 5xx or anything unlisted is nobody's word."""
    trouble = Trouble.of(answer)
    if 400 <= answer.status < 500 and trouble.duplicate:
        return Duplicate(answer, trouble)
    known = always(answer)
    if known is not None:
        return known
    if answer.status == 409 and trouble.known:
        # Another change of the same thing was under way: look before sending again.
        return _error(
            answer, Category.NETWORK_ERROR, "The server was busy with the same post.", trouble,
            effect=Effect.UNKNOWN, retryable=True,
        )  # fmt: skip
    if answer.status in (400, 404, 422) and trouble.known:
        return _media(answer, trouble) or _refused(answer, trouble)
    return None


def _media(answer: Answer, trouble: Trouble) -> NetworkError | None:
    if "MEDIA_ASSET_WAITING_UPLOAD" in trouble.codes or (
        not trouble.codes & MEDIA
        and re.search(r"\b(asset|image|video|media)\b", trouble.words, re.I)
        and _WAITING.search(trouble.words)
    ):
        return _error(
            answer, Category.MEDIA_PROCESSING, "The file is still being processed.", trouble,
            retry_at=now() + PROCESSING,
        )  # fmt: skip
    if trouble.codes & MEDIA:
        return _error(
            answer, Category.MEDIA_ERROR, "The uploaded media is not valid any more.", trouble,
            retryable=True,
        )  # fmt: skip
    return None


def _refused(answer: Answer, trouble: Trouble) -> NetworkError:
    if "FIELD_LENGTH_TOO_LONG" in trouble.codes:
        message = "a text in it is too long"
    elif answer.status == 404:
        message = "what it belongs to is not there any more"
    else:
        message = trouble.details or trouble.message or "it does not take this content"
    return _error(answer, Category.VALIDATION, message[:300], trouble, retryable=False)


def commented(answer: Answer) -> NetworkError | None:
    """The judge of a new comment: 403 means that this app may not comment (§1).

    The sign-in is good for posts all the same, so the account is not to be connected again.
    """
    trouble = Trouble.of(answer)
    if answer.status == 403 and trouble.known:
        return _error(
            answer, Category.VALIDATION,
            "This app may not comment for the account: a permission or the app's own access is "
            "missing.",
            trouble, retryable=False,
        )  # fmt: skip
    known = always(answer)
    if known is not None:
        return known
    if answer.status in (400, 404, 422) and trouble.known:
        return _refused(answer, trouble)
    return None


def upload(answer: Answer) -> NetworkError | None:
    """The judge of the media calls: they may be repeated, so 5xx is plain trouble."""
    trouble = Trouble.of(answer)
    if answer.status in (413, 415):
        return _error(
            answer, Category.MEDIA_ERROR,
            "The file is too large." if answer.status == 413 else "That kind of file is not taken.",
            trouble, retryable=False,
        )  # fmt: skip
    known = always(answer)
    if known is not None:
        return known
    if answer.status in (400, 404, 410, 422):
        definite = trouble.codes & {"FIELD_LENGTH_TOO_LONG", "INVALID_VALUE_FOR_FIELD"}
        return _error(
            answer, Category.MEDIA_ERROR,
            trouble.details or trouble.message or "The file was not taken.",
            trouble, retryable=not definite,
        )  # fmt: skip
    return other(answer)


def put(answer: Answer) -> NetworkError | None:
    """The judge of an upload address: one that is over answers 400, 403 or 410."""
    if answer.status in (403, 409):
        return _error(
            answer, Category.MEDIA_ERROR, "The upload has to begin again.", Trouble.of(answer),
            retryable=True, code="EXPIRED_UPLOAD_URL",
        )  # fmt: skip
    return upload(answer)


def other(answer: Answer) -> NetworkError | None:
    """The judge of calls that may be made again: reading and deleting."""
    known = always(answer)
    if known is not None:
        return known
    trouble = Trouble.of(answer)
    if answer.status == 404:
        return _error(
            answer, Category.VALIDATION, "It is not there any more.", trouble,
            retryable=False, code="not_found",
        )  # fmt: skip
    if answer.status in (400, 422) and trouble.known:
        return _refused(answer, trouble)
    if answer.status >= 500 or answer.status == 409:
        return _error(
            answer, Category.NETWORK_ERROR, "The server has a problem of its own.", trouble,
            effect=Effect.UNKNOWN,
        )  # fmt: skip
    return None


def token(answer: Answer) -> NetworkError | None:
    """The judge of the token endpoint (§1): its 4xx are final, 5xx and 429 pass."""
    if answer.status == 429:
        trouble = Trouble.of(answer)
        return _error(
            answer, Category.RATE_LIMITED, "Too many sign-ins for now.", trouble,
            retry_at=reset(answer, trouble),
        )  # fmt: skip
    if answer.status >= 500:
        return NetworkError(
            Category.NETWORK_ERROR, "The sign-in service has a problem of its own.",
            effect=Effect.UNKNOWN, status=answer.status, raw=answer.raw,
        )  # fmt: skip
    if answer.status < 400:
        return None
    code = str(answer.mapping().get("error") or "")
    message = "The access has ended or was taken back. Connect the account again."
    if code in ("unauthorized_client", "invalid_client", "invalid_client_id"):
        message = (
            "LinkedIn does not know this installation's app keys. Its operator has to check them."
        )
    elif code == "invalid_redirect_uri":
        message = "The address to return to is not registered with the app at LinkedIn."
    return NetworkError(
        Category.AUTH_ERROR, message, status=answer.status, code=code, raw=answer.raw,
        retryable=False,
    )  # fmt: skip
