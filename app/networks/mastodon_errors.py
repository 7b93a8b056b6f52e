"""Mastodon's refusals (networks/mastodon.md §5).

Errors have no codes and their text is translated, so the status decides; the one text we
look at is asked for in English. What is not listed here stays unknown (reliability §4).
"""

from __future__ import annotations

from app.networks.base import Category, Effect, NetworkError
from app.networks.wire import Answer, Judge, retry_at

HEADERS = {"Accept": "application/json", "Accept-Language": "en"}
RESET = "x-ratelimit-reset"


def said(answer: Answer) -> str:
    """The server's sentence, for people; ``""`` where it gave none."""
    found = answer.mapping().get("error")
    return " ".join(found.split())[:300] if isinstance(found, str) else ""


def judge(answer: Answer) -> NetworkError | None:
    """The rows that mean the same for every call."""
    status = answer.status
    if status == 429:
        return _error(
            answer, Category.RATE_LIMITED, "The server asks us to wait before posting more.",
            code="rate_limited",
        )  # fmt: skip
    if status == 401:
        return _error(
            answer, Category.AUTH_ERROR,
            "The server no longer accepts our access. Connect the account again.",
            code="token",
        )  # fmt: skip
    if status == 403 and said(answer):
        return _error(
            answer, Category.AUTH_ERROR,
            "The server does not let this account do that. Check the account there, "
            "then connect it again.",
            code="forbidden",
        )  # fmt: skip
    if status == 410:
        return _error(
            answer, Category.AUTH_ERROR, "The account or its server is gone.", code="gone"
        )
    if status in (502, 503, 504):
        return _error(
            answer, Category.NETWORK_ERROR, "The server is not available just now.",
            code="unavailable", effect=Effect.UNKNOWN,
        )  # fmt: skip
    return None


def status_judge(*, refers: bool, late_media: bool) -> Judge:
    """The judge of ``POST /api/v1/statuses``.

    ``refers``: the post names a parent or media, so a 404 is about those. ``late_media``:
    some of its media was still processing when we uploaded it.
    """

    def judged(answer: Answer) -> NetworkError | None:
        if answer.status == 404 and refers:
            return _error(
                answer, Category.VALIDATION,
                "The post this one answers, or one of its files, is no longer there.",
                code="not_found",
            )  # fmt: skip
        if answer.status == 422:
            return _invalid(answer, late_media)
        return judge(answer)

    return judged


def _invalid(answer: Answer, late_media: bool) -> NetworkError:
    text = said(answer)
    words = text.lower()
    named = "finished processing" in words or "not finished" in words
    if named or (late_media and not words.startswith("validation failed")):
        return _error(
            answer, Category.MEDIA_PROCESSING,
            "The server is still preparing the media.", code="processing", retryable=True,
        )  # fmt: skip
    return _error(
        answer, Category.VALIDATION,
        f"The server refused the post: {text}" if text else "The server refused the post.",
        code="invalid",
    )  # fmt: skip


def upload_judge(answer: Answer) -> NetworkError | None:
    """The judge of ``POST /api/v2/media``."""
    text = said(answer)
    if answer.status == 422:
        return _error(
            answer, Category.MEDIA_ERROR,
            f"The server refused the file: {text}" if text else "The server refused the file.",
            code="media_refused",
        )  # fmt: skip
    if answer.status == 413:
        return _error(
            answer, Category.MEDIA_ERROR, "The file is too large for this server.",
            code="media_too_large",
        )  # fmt: skip
    if answer.status == 500:
        return _error(
            answer, Category.MEDIA_ERROR, "The server could not process the file.",
            code="media_failed", retryable=True,
        )  # fmt: skip
    return judge(answer)


def media_judge(answer: Answer) -> NetworkError | None:
    """The judge of ``GET /api/v1/media/:id``: 404 and 422 are answers, told by their code."""
    if answer.status == 404:
        return _error(
            answer, Category.MEDIA_ERROR, "The server no longer has the file.",
            code="media_gone", retryable=True,
        )  # fmt: skip
    if answer.status == 422:
        return _error(
            answer, Category.MEDIA_ERROR, "The server could not process the file.",
            code="media_failed",
        )  # fmt: skip
    return judge(answer)


def absent_judge(answer: Answer) -> NetworkError | None:
    """The judge where 404 means deleted; told by the code ``not_found``."""
    if answer.status == 404:
        return _error(answer, Category.VALIDATION, "That post is gone.", code="not_found")
    return judge(answer)


def registration_judge(answer: Answer) -> NetworkError | None:
    """The judge of ``POST /api/v1/apps``."""
    if answer.status in (400, 403, 404, 405, 422):
        return _error(
            answer, Category.VALIDATION,
            "That server does not let us register. Check its name.", code="registration",
        )  # fmt: skip
    return judge(answer)


def token_judge(answer: Answer) -> NetworkError | None:
    """The judge of token endpoints: the word in ``error`` is the code (RFC 6749 §5.2)."""
    if not 400 <= answer.status < 500 or answer.status == 429:
        return judge(answer)
    word = said(answer)
    message = {
        "invalid_client": "The server no longer knows us. Start connecting again.",
        "invalid_grant": "That permission was used already or is too old. Please start again.",
        "invalid_scope": "The server does not offer the permissions we need.",
    }.get(word, "The server did not accept the sign-in. Please start again.")
    return _error(answer, Category.AUTH_ERROR, message, code=word[:60] or "refused")


def _error(
    answer: Answer, category: Category, message: str, *, code: str,
    effect: Effect = Effect.NONE, retryable: bool | None = None,
) -> NetworkError:  # fmt: skip
    limited = category in (Category.RATE_LIMITED, Category.NETWORK_ERROR)
    named = (RESET,) if category is Category.RATE_LIMITED else ()
    return NetworkError(
        category, message, code=code, effect=effect, status=answer.status, raw=answer.raw,
        retryable=retryable, retry_at=retry_at(answer, *named) if limited else None,
    )  # fmt: skip
