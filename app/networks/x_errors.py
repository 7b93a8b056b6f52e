"""X's answers that are not 2xx, read by the table of networks/x.md §6.

Only what stands there is "known not executed"; anything else on creating a post stays
unknown and is looked up (reliability §4).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.clock import now
from app.networks.base import Category, Effect, NetworkError
from app.networks.wire import Answer, Judge, retry_at

NO_HEADER = timedelta(minutes=15)  # §4: the wait after a 429 without a header
TOP_UP = timedelta(hours=6)  # 402: nothing changes until the operator pays
WINDOWS = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")

_SIGN_IN = re.compile(r"\b(suspended|locked|scopes?)\b", re.I)
_REFUSED = re.compile(r"not permitted to perform|\brepl(y|ies|ied)\b|\bmention", re.I)
_MEDIA = re.compile(r"\bmedia", re.I)


@dataclass(frozen=True)
class Trouble:
    """What an error body says, whichever of X's three forms it has (§6)."""

    kind: str = ""  # last path part of the problem's ``type``
    title: str = ""
    detail: str = ""
    reason: str = ""
    period: str = ""
    codes: frozenset[int] = frozenset()
    words: str = ""  # every message and parameter name, for telling what is meant
    known: bool = False  # whether it was X's JSON at all

    @classmethod
    def of(cls, answer: Answer) -> Trouble:
        """Read a body; HTML, plain text and half JSON give an empty one."""
        body = answer.data()
        if not isinstance(body, dict):
            return cls(words=answer.raw)
        rows = body.get("errors")
        errors = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        codes = {row["code"] for row in errors if isinstance(row.get("code"), int)}
        kind = _text(body, "type").rstrip("/").rpartition("/")[2]
        words = [_text(body, "title"), _text(body, "detail")]
        for row in errors:
            parameters = row.get("parameters")
            words += [_text(row, "message"), _text(row, "detail")]
            words += [str(name) for name in parameters] if isinstance(parameters, dict) else []
        known = bool(errors or body.get("title") or body.get("detail") or body.get("type"))
        return cls(
            kind, _text(body, "title"), _text(body, "detail"), _text(body, "reason"),
            _text(body, "period"), frozenset(codes), " ".join(filter(None, words)), known,
        )  # fmt: skip


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _error(
    answer: Answer, category: Category, message: str, trouble: Trouble, **more: Any
) -> NetworkError:
    """``code`` is the problem's name, a v1 number or the title: what there is."""
    kind = trouble.kind if trouble.kind != "blank" else ""
    code = kind or ",".join(map(str, sorted(trouble.codes))) or trouble.title
    more.setdefault("code", code)
    return NetworkError(category, message, status=answer.status, raw=answer.raw, **more)


def always(answer: Answer) -> NetworkError | None:
    """Rows of the table that mean the same on every call."""
    trouble = Trouble.of(answer)
    if answer.status == 401:
        return _error(
            answer, Category.AUTH_ERROR, "The sign-in is no longer valid. Connect it again.",
            trouble, expired=True, retryable=False,
        )  # fmt: skip
    if answer.status == 402:
        return _error(
            answer, Category.RATE_LIMITED,
            "The X credits of this installation are used up. Its operator has to top them up.",
            trouble, retry_at=now() + TOP_UP,
        )  # fmt: skip
    if answer.status == 429 or trouble.kind == "usage-capped" or 88 in trouble.codes:
        return _error(
            answer, Category.RATE_LIMITED, "Too many requests for now.", trouble,
            retry_at=reset(answer, trouble),
        )  # fmt: skip
    if answer.status == 403 and _signed_out(trouble):
        return _error(
            answer, Category.AUTH_ERROR,
            "This app may not act for the account: the access, a permission or the account "
            "itself was taken away. Connect it again.",
            trouble, retryable=False,
        )  # fmt: skip
    return None


def _signed_out(trouble: Trouble) -> bool:
    if trouble.kind in ("client-forbidden", "unsupported-authentication"):
        return True
    if trouble.codes & {64, 326} or trouble.reason == "client-not-enrolled":
        return True
    return trouble.known and bool(_SIGN_IN.search(trouble.words))


def reset(answer: Answer, trouble: Trouble | None = None) -> datetime:
    """The latest reset among windows with nothing left; else 15 minutes from now (§4)."""
    empty = [
        f"{window}-reset"
        for window in WINDOWS
        if answer.headers.get(f"{window}-remaining", "").strip() == "0"
    ]
    found = retry_at(answer, *empty)
    if found is not None:
        return max(found, now())
    if trouble is not None and trouble.period.lower() == "monthly":
        return now() + timedelta(hours=24)
    if trouble is not None and trouble.period.lower() == "daily":
        tomorrow = (now() + timedelta(days=1)).astimezone(UTC)
        return tomorrow.replace(hour=0, minute=0, second=0, microsecond=0)
    return now() + NO_HEADER


def created(*, has_parent: bool, part: str = "") -> Judge:
    """The judge of ``POST /2/tweets``. A 5xx or anything unlisted is nobody's word."""

    def judge(answer: Answer) -> NetworkError | None:
        trouble = Trouble.of(answer)
        if (
            answer.status == 403
            and trouble.known
            and ("duplicate content" in trouble.words.lower() or 187 in trouble.codes)
        ):
            return _error(
                answer, Category.DUPLICATE, "This exact text was posted a short time ago.",
                trouble, retryable=False,
            )  # fmt: skip
        known = always(answer)
        if known is not None:
            return known
        if answer.status == 403 and trouble.known:
            return _forbidden(answer, trouble, has_parent)
        if answer.status == 400 and trouble.known:
            return _bad(answer, trouble)
        gone = answer.status == 404 or trouble.kind == "resource-not-found"
        if gone and has_parent and trouble.known:
            return _error(
                answer, Category.VALIDATION, "The post this one answers is gone.", trouble,
                retryable=False,
            )  # fmt: skip
        return None

    return judge


def _forbidden(answer: Answer, trouble: Trouble, has_parent: bool) -> NetworkError | None:
    if has_parent:
        message = "replies sent by apps are not allowed for this account, so the thread ends here"
    elif trouble.kind == "not-authorized-for-resource" or _REFUSED.search(trouble.words):
        message = trouble.detail or "this account may not post this"
    else:
        return None
    return _error(answer, Category.VALIDATION, message, trouble, retryable=False)


def _bad(answer: Answer, trouble: Trouble) -> NetworkError:
    if _MEDIA.search(trouble.words):
        return _error(
            answer, Category.MEDIA_ERROR, "The uploaded media is not valid any more.", trouble,
            retryable=True,
        )  # fmt: skip
    if 186 in trouble.codes or "too long" in trouble.words.lower():
        message = "the text is too long"
    else:
        message = trouble.detail or "it does not take this content"
    return _error(answer, Category.VALIDATION, message, trouble, retryable=False)


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
    if answer.status in (400, 404):
        return _error(
            answer, Category.MEDIA_ERROR, trouble.detail or "The file was not taken.", trouble,
            retryable=True,
        )  # fmt: skip
    return other(answer)


def other(answer: Answer) -> NetworkError | None:
    """The judge of calls that may be made again: reading, deleting, describing."""
    known = always(answer)
    if known is not None:
        return known
    trouble = Trouble.of(answer)
    if answer.status == 404 or trouble.kind == "resource-not-found":
        return _error(
            answer, Category.VALIDATION, "It is not there any more.", trouble,
            retryable=False, code="not_found",
        )  # fmt: skip
    if answer.status >= 500:
        return _error(
            answer, Category.NETWORK_ERROR, "The server has a problem of its own.", trouble,
            effect=Effect.UNKNOWN,
        )  # fmt: skip
    return None


def token(answer: Answer) -> NetworkError | None:
    """The judge of the token endpoint (§2): its 4xx are final, 5xx and 429 pass."""
    if answer.status == 429:
        return _error(
            answer, Category.RATE_LIMITED, "Too many sign-ins for now.", Trouble.of(answer),
            retry_at=reset(answer),
        )  # fmt: skip
    if answer.status >= 500:
        return NetworkError(
            Category.NETWORK_ERROR, "The sign-in service has a problem of its own.",
            effect=Effect.UNKNOWN, status=answer.status, raw=answer.raw,
        )  # fmt: skip
    if answer.status < 400:
        return None
    said = answer.mapping()
    code = str(said.get("error") or "")
    message = "The access has ended or was taken back. Connect the account again."
    if code in ("unauthorized_client", "invalid_client"):
        message = "X does not know this installation's app keys. Its operator has to check them."
    return NetworkError(
        Category.AUTH_ERROR, message, status=answer.status, code=code, raw=answer.raw,
        retryable=False,
    )  # fmt: skip
