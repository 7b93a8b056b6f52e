"""Reddit's three shapes of errors, read by the table of networks/reddit.md §5.

A 200 with a list of errors is a refusal: nothing was made. So is a 4xx in Reddit's own JSON,
and the edge's page for clients it does not know. Everything else on a submission stays
unknown and is looked up (reliability §4).
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from typing import Any

from app.clock import now
from app.networks.base import Category, Effect, NetworkError
from app.networks.wire import Answer, retry_at, unreadable

NO_HEADER = timedelta(minutes=10)  # the window's whole length
RESET = "x-ratelimit-reset"  # seconds to the end of the window
_WAIT = re.compile(r"(\d{1,4})\s*(millisecond|second|minute|hour)s?", re.I)
_UNITS = {"millisecond": 0.001, "second": 1.0, "minute": 60.0, "hour": 3600.0}
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_MOST = re.compile(r"<MaxSizeAllowed>(\d{1,15})</MaxSizeAllowed>")
SIGN_IN = ("USER_REQUIRED", "USER_SUSPENDED", "INVALID_GRANT")
# Codes whose own message does not tell a marketer what to do.
WORDS = {
    "SUBREDDIT_NOEXIST": "There is no subreddit of that name.",
    "SUBREDDIT_NOTALLOWED": "This account may not post in that subreddit.",
    "SUBREDDIT_REQUIRED": "Choose a subreddit.",
    "NO_SELFS": "That subreddit takes no text posts: post a link.",
    "NO_LINKS": "That subreddit takes text posts only.",
    "GALLERIES_DISABLED": "That subreddit takes no galleries: post one picture.",
    "DOMAIN_BANNED": "Reddit does not allow links to that site.",
    "BAD_URL": "Reddit does not take that link.",
    "NO_URL": "The link is missing.",
    "IN_TIMEOUT": "Reddit lets this account post nothing for a while.",
    "BAD_CAPTCHA": "Reddit asks this account for a captcha: post once on its own site first.",
    "DELETED_COMMENT": "The post this one answers is gone.",
}  # fmt: skip


def _error(answer: Answer, category: Category, message: str, **more: Any) -> NetworkError:
    return NetworkError(category, message, status=answer.status, raw=answer.raw, **more)


def accepted(answer: Answer) -> dict[str, Any]:
    """The ``data`` of a 2xx that did what was asked; raises its errors."""
    found = answer.data()
    inner = found.get("json") if isinstance(found, dict) else None
    errors = inner.get("errors") if isinstance(inner, dict) else found
    if isinstance(errors, list) and errors:
        seconds = inner.get("ratelimit") if isinstance(inner, dict) else None
        raise refusal(answer, errors, seconds)
    data = inner.get("data") if isinstance(inner, dict) else None
    if not isinstance(data, dict):
        raise unreadable(answer.status, answer.raw)
    return data


def refusal(answer: Answer, errors: list[Any], seconds: object = None) -> NetworkError:
    """The first of the listed errors, ``[code, message, field]`` each, in our words."""
    rows = [[str(cell or "") for cell in row] for row in errors if isinstance(row, list) and row]
    if not rows:
        rows = [[str(cell or "") for cell in errors]]
    code, said = rows[0][0], rows[0][1] if len(rows[0]) > 1 else ""
    limited = next((row for row in rows if row[0] == "RATELIMIT"), None)
    if limited is not None:
        at = _pause(limited[1] if len(limited) > 1 else "", seconds)
        return _error(
            answer, Category.RATE_LIMITED, "This account posts too often for Reddit just now.",
            code="RATELIMIT", retry_at=at,
        )  # fmt: skip
    if code == "ALREADY_SUB":
        return _error(
            answer, Category.DUPLICATE, "That link stands in this subreddit already.",
            code=code, retryable=False,
        )  # fmt: skip
    if code in SIGN_IN:
        return _error(
            answer, Category.AUTH_ERROR, "The sign-in is no longer valid. Connect it again.",
            code=code, retryable=False,
        )  # fmt: skip
    message = WORDS.get(code) or _sentence(said) or f"Reddit refused this ({code})."
    return _error(answer, Category.VALIDATION, message, code=code, retryable=False)


def _pause(said: str, seconds: object) -> datetime:
    """When to come back: the seconds beside the error, or the time in its words."""
    wait = 0.0
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        wait = float(seconds) if math.isfinite(seconds) else 0.0
    else:
        for number, unit in _WAIT.findall(said):
            wait += int(number) * _UNITS[unit.lower()]
    if wait <= 0:
        return now() + NO_HEADER
    return now() + timedelta(seconds=min(wait, 86_400.0) + 1.0)


def _sentence(said: str) -> str:
    text = " ".join(said.split())[:200]
    return f"{text[0].upper()}{text[1:]}" if text else ""


def always(answer: Answer) -> NetworkError | None:
    """Answers that mean the same on every call."""
    named = answer.headers.get("www-authenticate", "")
    if answer.status == 401:
        return _error(
            answer, Category.AUTH_ERROR, "The sign-in is no longer valid. Connect it again.",
            code="invalid_token", expired=True, retryable=False,
        )  # fmt: skip
    if answer.status == 429:
        found = retry_at(answer, RESET)
        return _error(
            answer, Category.RATE_LIMITED, "Too many requests for now.", code="429",
            retry_at=found if found is not None else now() + NO_HEADER,
        )  # fmt: skip
    if answer.status == 403 and "insufficient_scope" in named:
        return _error(
            answer, Category.AUTH_ERROR,
            "A permission is missing. Connect the account again.",
            code="insufficient_scope", retryable=False,
        )  # fmt: skip
    if answer.status == 403 and answer.data() is None:
        return _error(
            answer, Category.NETWORK_ERROR,
            "Reddit turned this installation away before looking at the request. Its operator "
            "has to check REDDIT_USER_AGENT, and whether Reddit has approved the app.",
            code="blocked",
        )  # fmt: skip
    reason = str(answer.mapping().get("reason") or "")
    if answer.status == 403 and "SUSPENDED" in reason.upper():
        return _error(
            answer, Category.AUTH_ERROR, "Reddit has suspended this account.",
            code=reason, retryable=False,
        )  # fmt: skip
    return None


def created(answer: Answer) -> NetworkError | None:
    """The judge of submissions and comments. A 5xx or anything unlisted is nobody's word."""
    known = always(answer)
    if known is not None:
        return known
    found = answer.mapping()
    reason = str(found.get("reason") or "")
    if answer.status == 400 and (reason or found.get("error_type")):
        said = _sentence(str(found.get("explanation") or found.get("message") or ""))
        return _error(
            answer, Category.VALIDATION,
            f"A rule of the subreddit: {said}" if said else "A rule of the subreddit is broken.",
            code=reason or "SUBMIT_VALIDATION_ERROR", retryable=False,
        )  # fmt: skip
    if answer.status in (403, 404) and found:
        words = {
            403: "This account may not post in that subreddit.",
            404: "That subreddit, or the post this one answers, is not there.",
        }
        return _error(
            answer, Category.VALIDATION, words[answer.status], code=reason or str(answer.status),
            retryable=False,
        )  # fmt: skip
    return None


def other(answer: Answer) -> NetworkError | None:
    """The judge of calls that may be made again: reading, leases, deleting."""
    known = always(answer)
    if known is not None:
        return known
    if answer.status in (408, 520, 522) or answer.status >= 500:
        return _error(
            answer, Category.NETWORK_ERROR, "The server has a problem of its own.",
            effect=Effect.UNKNOWN,
        )  # fmt: skip
    if answer.status in (400, 403, 404):
        code = {403: "forbidden", 404: "not_found"}.get(answer.status, "bad_request")
        return _error(
            answer, Category.VALIDATION, "Reddit does not show that to this account.",
            code=code, retryable=False,
        )  # fmt: skip
    return None


def storage(answer: Answer) -> NetworkError | None:
    """The judge of the upload's own server, which speaks XML."""
    text = answer.body[:4096].decode("utf-8", "replace")
    found, most = _CODE.search(text), _MOST.search(text)
    code = found[1] if found else ""
    if answer.status in (408, 429) or answer.status >= 500:
        return _error(
            answer, Category.NETWORK_ERROR, "The upload's server has a problem of its own.",
            effect=Effect.UNKNOWN, code=code,
        )  # fmt: skip
    if code == "EntityTooLarge" or answer.status == 413:
        figure = f" It takes {int(most[1]) / 1_048_576:.0f} MB." if most else ""
        return _error(
            answer, Category.MEDIA_ERROR, f"The file is too large for Reddit.{figure}",
            code=code or "413", retryable=False,
        )  # fmt: skip
    if 400 <= answer.status < 500:
        return _error(
            answer, Category.MEDIA_ERROR, "Reddit did not take the file.",
            code=code or str(answer.status), retryable=True,
        )  # fmt: skip
    return None


def token(answer: Answer) -> NetworkError | None:
    """The judge of the token endpoint; it is also asked about its 200s (§1)."""
    found = answer.mapping()
    code = str(found.get("error") or "")
    if answer.status == 429 or (answer.status == 403 and answer.data() is None):
        return always(answer)
    if answer.status >= 500 or answer.status == 408:
        return _error(
            answer, Category.NETWORK_ERROR, "The sign-in service has a problem of its own.",
            effect=Effect.UNKNOWN,
        )  # fmt: skip
    if answer.status < 400 and not code:
        return None
    message = "The access has ended or was taken back. Connect the account again."
    if answer.status in (401, 403) or code in ("unauthorized_client", "invalid_client"):
        message = (
            "Reddit does not know this installation's app keys. Its operator has to check them."
        )
    return _error(
        answer, Category.AUTH_ERROR, message, code=code or str(answer.status), retryable=False
    )
