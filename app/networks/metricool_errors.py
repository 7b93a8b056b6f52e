"""Metricool's answers that are not 2xx, and a network's refusal it tells of (metricool.md §5).

Its errors are JSON, ``{"title", "detail": {field: text}}`` or ``{"error", "message"}``, and
sometimes plain text. Only JSON of a listed status is taken for a refusal: on making a post
anything else stays unknown and is looked up.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from app.clock import now
from app.networks.base import Category, Effect, NetworkError
from app.networks.wire import Answer, retry_at

NO_HEADER = timedelta(seconds=60)  # the wait after a 429 that names none
TOKEN = "Metricool does not accept the token any more. Connect Metricool again."
PLAN = (
    "Metricool does not let this token use the brand: the plan has no API, or the brand is "
    "not yours."
)
SHORT = 200  # characters of Metricool's own words that a person is shown

_MEDIA = re.compile(r"\b(media|image|picture|photo|video|file|format|aspect|resolution)", re.I)
_AUTH = re.compile(
    r"token|permission|re-?connect|not connected|account connected|authori[sz]|session|log ?in|"
    r"credential|disconnect",
    re.I,
)  # fmt: skip
_TWICE = re.compile(r"duplicat|already (been )?(posted|published)|same (text|content)", re.I)
_TEXT = re.compile(r"characters|too long|\btext\b|caption|length", re.I)


def always(answer: Answer) -> NetworkError | None:
    """The judge of every call."""
    if answer.status == 401:
        return _error(answer, Category.AUTH_ERROR, TOKEN, code="bad_token")
    if answer.status == 403 and said(answer):
        return _error(answer, Category.AUTH_ERROR, PLAN, code="no_access")
    if answer.status == 429:
        wait = retry_at(answer, "x-ratelimit-reset", "ratelimit-reset") or now() + NO_HEADER
        return _error(
            answer, Category.RATE_LIMITED, "Too many calls for now.", retry_at=max(wait, now())
        )
    if answer.status == 404:
        return _error(answer, Category.UNKNOWN, "Metricool does not have this.", code="not_found",
                      retryable=False)  # fmt: skip
    if answer.status in (400, 422) and said(answer):
        return _refused(answer)
    if answer.status >= 500:
        return _error(
            answer, Category.NETWORK_ERROR, "Metricool had a problem of its own.",
            effect=Effect.UNKNOWN,
        )  # fmt: skip
    return None


def created(answer: Answer) -> NetworkError | None:
    """The judge of making a post: a 404 there is on nobody's list."""
    return None if answer.status == 404 else always(answer)


def bucket(answer: Answer) -> NetworkError | None:
    """The judge of the store that takes the bytes: its addresses run out, so all is tried again."""
    if answer.status >= 500 or answer.status == 429:
        return None
    return _error(
        answer, Category.MEDIA_ERROR, "The upload was not taken.", code="upload", retryable=True
    )


def said(answer: Answer) -> str:
    """Metricool's own sentence; ``""`` where the answer is not in its words."""
    found = answer.mapping()
    detail = found.get("detail")
    if isinstance(detail, dict) and detail:
        return " ".join(str(one) for one in detail.values())
    for name in ("message", "error", "detail", "title"):
        if isinstance(found.get(name), str) and found[name]:
            return str(found[name])
    return ""


def from_network(detail: str, title: str) -> NetworkError:
    """Why a network did not take what Metricool gave it; Metricool has tried again already."""
    words = short(detail) or "It gave no reason."
    if _TWICE.search(detail):
        return NetworkError(Category.DUPLICATE, words, retryable=False, code="duplicate")
    if _AUTH.search(detail):
        return NetworkError(
            Category.AUTH_ERROR,
            f"Metricool has lost its connection to {title}. Reconnect it there, then refresh the "
            "accounts here.",
            retryable=False, code="reconnect", raw=words,
        )  # fmt: skip
    if _MEDIA.search(detail):
        return NetworkError(Category.MEDIA_ERROR, words, retryable=False, code="media")
    if _TEXT.search(detail):
        return NetworkError(Category.VALIDATION, words, retryable=False, code="text")
    return NetworkError(Category.UNKNOWN, words, retryable=False, code="refused")


def short(text: str) -> str:
    """One line of somebody else's words."""
    line = " ".join(text.split())
    return line if len(line) <= SHORT else line[: SHORT - 1] + "…"


def _refused(answer: Answer) -> NetworkError:
    detail = answer.mapping().get("detail")
    names = " ".join(detail) if isinstance(detail, dict) else said(answer)
    category = Category.MEDIA_ERROR if _MEDIA.search(names) else Category.VALIDATION
    return _error(answer, category, short(said(answer)), retryable=False, code="refused")


def _error(answer: Answer, category: Category, message: str, **more: Any) -> NetworkError:
    if category is Category.AUTH_ERROR:
        more.setdefault("retryable", False)
    return NetworkError(category, message, status=answer.status, raw=answer.raw, **more)
