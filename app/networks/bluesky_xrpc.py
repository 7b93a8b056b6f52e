"""Calls to a PDS, and its refusals in our words (networks/bluesky.md §5)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from binascii import Error as BadBase64
from datetime import UTC, datetime
from typing import Any

import httpx2 as httpx

from app import egress
from app.networks.base import Category, Effect, NetworkError, Tokens
from app.networks.bluesky_dpop import Dpop
from app.networks.wire import Answer, Judge, call, retry_at

RECONNECT = "The account no longer lets us in. Connect it again."
AUTH: dict[str, str] = {
    "InvalidToken": RECONNECT,
    "AuthMissing": RECONNECT,
    "AuthenticationRequired": RECONNECT,
    "AccountTakedown": "This account has been suspended there.",
    "AccountDeactivated": "This account is deactivated there. Activate it, then connect it again.",
    "AccountNotFound": "This account is not on that server any more. Connect it again.",
    "ScopeMissingError": "Permission to post was not given. Connect the account again.",
}


def error_name(answer: Answer) -> str:
    """The ``error`` of the body: what decides, whatever the status (§5)."""
    name = answer.mapping().get("error")
    return name if isinstance(name, str) else ""


def judge(answer: Answer) -> NetworkError | None:
    """The refusals of §5; anything else is nobody's word about what happened."""
    name, status = error_name(answer), answer.status
    found = _of_session(answer, name) or _of_content(answer, name)
    if found is not None:
        return found
    if status == 429:
        return NetworkError(
            Category.RATE_LIMITED,
            "Too many requests for now; the server asks us to wait.",
            status=status, code=name, raw=answer.raw,
            retry_at=retry_at(answer, "ratelimit-reset"),
        )  # fmt: skip
    if status >= 500:
        return NetworkError(
            Category.NETWORK_ERROR,
            "The server has trouble at the moment.",
            effect=Effect.UNKNOWN, status=status, code=name, raw=answer.raw,
        )  # fmt: skip
    return None


def read_judge(answer: Answer) -> NetworkError | None:
    """The judge of ``getRecord``: no such record is an answer too, told by its code (§6.4)."""
    if error_name(answer) == "RecordNotFound":
        return _refusal(answer, Category.VALIDATION, "That post is not there.")
    return judge(answer)


def _of_session(answer: Answer, name: str) -> NetworkError | None:
    # An OAuth access token that has expired is told as 401 invalid_token, like one that was
    # revoked: one refresh tells which (measured on 0.4.217; RFC 6750 §3.1).
    expired = name == "ExpiredToken" or (name == "invalid_token" and answer.status == 401)
    if expired:
        return _refusal(answer, Category.AUTH_ERROR, RECONNECT, expired=True)
    if name in AUTH:
        return _refusal(answer, Category.AUTH_ERROR, AUTH[name])
    if name == "invalid_dpop_proof" and answer.status == 401:
        # Checked before the request is looked at (RFC 9449 §7.1): a wrong clock, as a rule.
        return _refusal(
            answer, Category.NETWORK_ERROR,
            "The server did not accept our signature. Check this machine's clock.",
            retryable=True,
        )  # fmt: skip
    return None


def _of_content(answer: Answer, name: str) -> NetworkError | None:
    if name == "InvalidSwap":
        return _refusal(
            answer, Category.DUPLICATE, "An earlier version of this post is public already."
        )
    if name == "BlobNotFound":
        return _refusal(
            answer, Category.MEDIA_ERROR,
            "The server no longer has an uploaded file. It will be uploaded again.",
            retryable=True,
        )  # fmt: skip
    if name == "PayloadTooLarge" or answer.status == 413:
        return _refusal(answer, Category.MEDIA_ERROR, "The picture is too large for this server.")
    if name == "InvalidRequest" and answer.status == 400:
        told = " ".join(str(answer.mapping().get("message") or "no reason given").split())[:200]
        category = Category.MEDIA_ERROR if "embed" in told else Category.VALIDATION
        return _refusal(answer, category, f"The server refused it: {told}")
    return None


def _refusal(
    answer: Answer, category: Category, message: str, *, expired: bool = False,
    retryable: bool = False,
) -> NetworkError:  # fmt: skip
    return NetworkError(
        category, message, retryable=retryable, expired=expired,
        status=answer.status, code=error_name(answer), raw=answer.raw,
    )  # fmt: skip


class Xrpc:
    """One way to call any PDS, with either kind of session."""

    def __init__(self, http: httpx.Client, dpop: Dpop) -> None:
        self.http, self.dpop = http, dpop

    def call(
        self, server: str, method: str, nsid: str, *, tokens: Tokens | None = None,
        headers: dict[str, str] | None = None, judge: Judge = judge,
        seconds: float = egress.TOTAL_SECONDS, **rest: Any,
    ) -> Answer:  # fmt: skip
        """``/xrpc/<nsid>`` at ``server``: an OAuth session signs, an app password's bears.

        ``rest`` is ``params``, ``json`` or ``content`` (bytes) of ``wire.call``.
        """
        url = f"{server}/xrpc/{nsid}"
        fixed = dict(headers or {})
        key = tokens.more.get("dpop_key", "") if tokens is not None else ""
        if tokens is not None and key:
            return self.dpop.send(
                method, url, key=key, access=tokens.access, headers=fixed, judge=judge,
                seconds=seconds, **rest,
            )  # fmt: skip
        if tokens is not None:
            fixed["Authorization"] = f"Bearer {tokens.access}"
        return call(self.http, method, url, headers=fixed, judge=judge, seconds=seconds, **rest)


def expiry(token: str) -> datetime | None:
    """When a session token ends, read from its ``exp`` as a hint only (§1a)."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(int(claims["exp"]), UTC)
    except (BadBase64, ValueError, TypeError, KeyError, OverflowError, OSError):
        return None
