"""The room, and its ways to say no (networks/bluesky.md §5)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from app.sandbox.bluesky.names import NAME, name_of
from app.sandbox.control import base
from app.sandbox.faults import Hit
from app.sandbox.limits import Window
from app.sandbox.room import Room
from app.sandbox.store import store

PREFIX = "/bluesky"
NAMES = {
    400: "InvalidRequest",
    401: "AuthenticationRequired",
    403: "Forbidden",
    404: "XRPCNotSupported",
    405: "InvalidRequest",
    413: "PayloadTooLarge",
    429: "RateLimitExceeded",
    501: "MethodNotImplemented",
}

bp = Blueprint(NAME, __name__)


def here() -> str:
    """The base URL of this server: PDS, application view and OAuth issuer in one."""
    return base() + PREFIX


def answer(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """JSON."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, headers, content_type="application/json; charset=utf-8")


def error(
    status: int, name: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """``{"error", "message"}``."""
    return answer({"error": name, "message": message}, status, headers)


class No(HTTPException):
    """A refusal, raised from wherever it is found."""

    def __init__(self, response: Response) -> None:
        super().__init__(response=response)


def no(status: int, name: str, message: str, headers: Mapping[str, str] | None = None) -> No:
    """``raise no(400, "InvalidRequest", "…")``."""
    return No(error(status, name, message, headers))


def invalid(message: str) -> No:
    """400 ``InvalidRequest``."""
    return no(400, "InvalidRequest", message)


def wrong(status: int, message: str) -> Response:
    """What Flask refuses, and what breaks, in this network's words."""
    return error(status, NAMES.get(status, "InternalServerError"), message)


def limited(window: Window, policy: str) -> dict[str, str]:
    """The rate-limit headers (§4): the reset is in absolute unix seconds."""
    return {
        "RateLimit-Limit": str(window.limit),
        "RateLimit-Remaining": str(window.remaining),
        "RateLimit-Reset": str(window.reset),
        "RateLimit-Policy": policy,
    }


def too_many(window: Window, policy: str) -> No:
    """429."""
    return no(429, "RateLimitExceeded", "Rate Limit Exceeded", limited(window, policy))


def refuse(hit: Hit) -> Response | None:
    """An ordered fault as this network would word it; ``None`` where it has no such answer."""
    if hit.kind == "http_429":
        window = Window(5000, 0, int(time.time() + hit.retry_after) + 1, refused=True)
        return error(
            429, "RateLimitExceeded", "Rate Limit Exceeded", limited(window, "5000;w=3600")
        )
    if hit.kind == "revoked":
        return _revoked()
    if hit.kind == "duplicate":
        return error(400, "InvalidSwap", "Record was at bafyreia6cnqhm7lvxlz5rxjmqzbzj5kmzlfn")
    return None


def _revoked() -> Response:
    """The session ends for good: another refresh must not bring it back."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if request.path.startswith(f"{PREFIX}/oauth/"):
        return answer({"error": "invalid_grant", "error_description": "Token revoked"}, 400)
    if request.path.endswith(".refreshSession"):
        return error(400, "ExpiredToken", "Token has been revoked")
    for sort in ("access", "oauth-access"):
        grant = store().grants.find(NAME, sort, token)
        if grant is not None:
            store().grants.end_family(NAME, grant.family)
    if kind.lower() == "dpop":
        told = 'DPoP algs="ES256", error="invalid_token", error_description="Token revoked"'
        return error(401, "invalid_token", "Token revoked", {"WWW-Authenticate": told})
    return error(400, "InvalidToken", "Token has been revoked")


def whose() -> str:
    """The account of the request's token, log-in, code or refresh token; ``""`` for none."""
    _, _, token = request.headers.get("Authorization", "").partition(" ")
    form = request.form if request.mimetype == "application/x-www-form-urlencoded" else {}
    tried = [
        ("access", token), ("refresh", token), ("oauth-access", token),
        ("service", token), ("oauth-refresh", form.get("refresh_token", "")),
        ("code", form.get("code", "")),
    ]  # fmt: skip
    for kind, text in tried:
        grant = store().grants.find(NAME, kind, text) if text else None
        if grant is not None:
            return grant.handle
    asked = request.get_json(silent=True) if request.is_json else None
    typed = asked.get("identifier") if isinstance(asked, dict) else None
    return name_of(typed) if isinstance(typed, str) else ""


ROOM = Room(
    name=NAME, title="Bluesky", prefix=PREFIX, token_path="/oauth/token",
    refuse=refuse, whose=whose, wrong=wrong,
)  # fmt: skip
