"""Speaking to a system somebody connected: bounded in time and size, in words when it fails."""

from __future__ import annotations

import json
from typing import Any

import httpx2 as httpx

from app import egress

SECONDS = 15.0


class RemoteError(Exception):
    """A call that did not go well; ``message`` is a plain sentence without any secret."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refused(RemoteError):
    """The system does not accept what we are connected with: only a person can mend it."""


class Away(RemoteError):
    """It could not be asked, or did not answer as it should."""


class Answer:
    """What it said: ``status`` and at most ``egress.MAX_BODY`` bytes."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body

    def mapping(self) -> dict[str, Any]:
        """The JSON object of the answer; empty where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def ask(http: httpx.Client, method: str, url: str, *, title: str, **sent: Any) -> Answer:
    """One request of at most ``SECONDS``. Raises ``Away``; an address the guard does not allow
    is ``Refused``. Redirects are not followed."""
    try:
        with (
            egress.bounded(SECONDS),
            http.stream(method, url, follow_redirects=False, **sent) as response,
        ):
            body = b""
            for piece in response.iter_bytes():
                body += piece
                if len(body) > egress.MAX_BODY:
                    raise Away(f"{title} gave an answer that is too long.")
            found = Answer(response.status_code, body)
    except httpx.ConnectError as error:
        if egress.REFUSED in str(error):
            raise Refused(egress.REFUSED) from error
        raise Away(f"{title} could not be reached.") from error
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, TimeoutError, OSError) as error:
        raise Away(f"{title} could not be reached.") from error
    if found.status == 429 or found.status >= 500:
        raise Away(f"{title} cannot answer just now ({found.status}).")
    return found
