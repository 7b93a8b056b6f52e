"""``POST /mcp``: streamable HTTP with JSON answers (specification of 2025-11-25).

There is no session and no stream: every message is a request of its own, with the key in its
header, so that revoking a key or removing a member counts from the next message on.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, json, request
from flask.typing import ResponseReturnValue

from app.api import auth, limits, reading
from app.api.auth import requires
from app.api.contract import JSON
from app.api.mcp import protocol
from app.config import settings
from app.errors import Forbidden, ValidationFailed
from app.permissions import SIGNED_IN

VERSION = "MCP-Protocol-Version"
ORIGIN = "This address takes requests of programs, and of pages of this installation."

bp = Blueprint("mcp", __name__)
auth.shut(bp)
limits.count(bp)
bp.after_request(limits.tell)


@bp.post("/mcp")
@requires(SIGNED_IN)
def speak() -> ResponseReturnValue:
    """One JSON-RPC message; a notification is answered with 202 and nothing."""
    if request.headers.get("Origin", settings().APP_URL) != settings().APP_URL:
        raise Forbidden(ORIGIN)
    try:
        message = reading.body((JSON,))
    except ValidationFailed as error:
        return _said(protocol.refusal(None, protocol.UNREADABLE, error.message), 400)
    told = protocol.unspoken(message, request.headers.get(VERSION))
    if told is not None:
        return _said(told, 400)
    answer = protocol.answer(message, key=request.headers.get("Idempotency-Key"))
    if answer is None:
        return Response(status=202)
    return _said(answer, 400 if protocol.is_malformed(answer) else 200)


def _said(message: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(message), status, mimetype=JSON)
