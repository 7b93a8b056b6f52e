"""The one place where HTTP failures become ``NetworkError`` (style.md, "A network")."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2 as httpx

from app import egress
from app.clock import now
from app.networks.base import Category, Effect, NetworkError

# Failures before a connection stood: nothing can have been executed.
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_SECRET = re.compile(r"(?i)(token|secret|password|authorization|jwt|code)(\W{1,4})[\w.~+/=-]{8,}")


@dataclass(frozen=True)
class Answer:
    """A whole answer: header names in lower case, the decoded body (at most 1 MiB)."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def data(self) -> Any:
        """The JSON, or ``None`` where the body is none (HTML, half an answer)."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def mapping(self) -> dict[str, Any]:
        """The JSON object, or ``{}``."""
        found = self.data()
        return found if isinstance(found, dict) else {}

    @property
    def raw(self) -> str:
        """The beginning of the body for a person, anything like a secret taken out."""
        text = self.body[:2048].decode("utf-8", "replace")
        return _SECRET.sub(r"\1\2…", text)[:512]


# A module's reading of an answer that is not 2xx: the error, or None where the answer is
# not on its list (then nobody knows whether it was executed).
Judge = Callable[[Answer], NetworkError | None]


def call(
    http: httpx.Client,
    method: str,
    url: str,
    *,
    judge: Judge,
    headers: Mapping[str, str] | None = None,
    params: Any = None,
    json: Any = None,
    form: Any = None,
    files: Any = None,
    content: Any = None,
    seconds: float = egress.TOTAL_SECONDS,
) -> Answer:
    """One request; answers of 2xx come back, everything else raises ``NetworkError``.

    ``seconds`` bounds the whole call, and never outlives a deadline around it
    (``egress.bounded``). Redirects are not followed.
    """
    with egress.bounded(seconds) as wire:
        try:
            with http.stream(
                method, url, headers=headers, params=params, json=json, data=form,
                files=files, content=content,
            ) as response:  # fmt: skip
                wire.sent = True  # a transport without sockets has no first byte to see
                body = _body(response)
                answer = Answer(
                    response.status_code,
                    {k.lower(): v for k, v in response.headers.items()},
                    body,
                )
        except httpx.InvalidURL as error:
            raise NetworkError(
                Category.VALIDATION, "That is not an address we can reach.", retryable=False
            ) from error
        except (httpx.HTTPError, httpx.StreamError, TimeoutError, OSError) as error:
            unsent = isinstance(error, UNSENT) or not wire.sent
            raise NetworkError(
                Category.NETWORK_ERROR,
                "We could not reach the server."
                if unsent
                else "The server did not answer in time.",
                effect=Effect.NONE if unsent else Effect.UNKNOWN,
                code=type(error).__name__,
            ) from error
    if 200 <= answer.status < 300:
        return answer
    judged = judge(answer)
    if judged is not None:
        raise judged
    raise NetworkError(
        Category.UNKNOWN,
        f"The server gave an answer we do not know ({answer.status}).",
        effect=Effect.UNKNOWN,
        status=answer.status,
        raw=answer.raw,
    )


def _body(response: httpx.Response) -> bytes:
    """The decoded body; a 2xx of more than 1 MiB was executed, but cannot be read."""
    pieces, size = [], 0
    try:
        for piece in response.iter_bytes():
            size += len(piece)
            if size > egress.MAX_BODY:
                break
            pieces.append(piece)
    except (httpx.HTTPError, httpx.StreamError, TimeoutError, OSError) as error:
        if 200 <= response.status_code < 300:
            raise unreadable(response.status_code) from error
        raise
    if size > egress.MAX_BODY:
        if 200 <= response.status_code < 300:
            raise unreadable(response.status_code)
        return b""
    return b"".join(pieces)


def unreadable(status: int, raw: str = "") -> NetworkError:
    """A 2xx whose body says nothing we can use: executed (reliability §4)."""
    return NetworkError(
        Category.UNKNOWN,
        "The server accepted it, but its answer could not be read.",
        effect=Effect.DONE,
        status=status,
        raw=raw,
    )


def retry_at(answer: Answer, *reset_headers: str) -> datetime | None:
    """When to come back, by ``Retry-After`` and the named reset headers (the latest one).

    Takes seconds, HTTP dates, unix seconds and ISO 8601 (networks/mastodon.md §4).
    """
    found = [_moment(answer.headers.get(name, "")) for name in ("retry-after", *reset_headers)]
    times = [moment for moment in found if moment is not None]
    return max(times) if times else None


def _moment(text: str) -> datetime | None:
    text = text.strip()
    if not text:
        return None
    try:
        if re.fullmatch(r"\d{1,11}(\.\d{1,9})?", text):
            number = float(text)
            if number > 1_000_000_000:
                return datetime.fromtimestamp(number, UTC)
            return now() + timedelta(seconds=min(number, 86_400.0))
        if text[:4].isdigit():
            moment = datetime.fromisoformat(text)
        else:
            moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
