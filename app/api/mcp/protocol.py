"""JSON-RPC as MCP speaks it: the handshake, ``ping``, the list of tools and their calls.

A call that goes wrong is a result with ``isError``, since the model should read why; only a
message that is itself wrong gets an error of the protocol.
"""

from __future__ import annotations

from typing import Any

from app.api import openapi
from app.api.mcp import calls
from app.api.mcp.registry import TOOLS

VERSIONS = ("2025-11-25", "2025-06-18")  # that we speak, the newest first
UNREADABLE, MALFORMED, NO_METHOD, NO_PARAMS = -32700, -32600, -32601, -32602
NO_VERSION = -32022  # no version in common
# Asked before any version is settled.
FIRST = ("initialize", "server/discover")
INSTRUCTIONS = (
    "Carillon schedules posts to social networks. Start with list_profiles and list_accounts."
    " Check a text with validate_post before you create or schedule it: the answer says what each"
    " network would refuse. Times are ISO 8601; one without an offset is UTC. A new post is a"
    " draft unless it has a scheduledFor; publish_post makes it public at once. Give create_post"
    " an idempotencyKey of your own, so that asking twice makes one post. What you make is marked"
    " as made by an agent on the calendar, and the key may be set so that a person has to confirm"
    " it: the answer then says held: approval."
)


def answer(message: dict[str, Any], *, key: str | None = None) -> dict[str, Any] | None:
    """The answer to a message, ``None`` to a notification. ``key`` makes a call once."""
    number, method = message.get("id"), message.get("method")
    if message.get("jsonrpc") != "2.0" or isinstance(number, bool | float | list | dict):
        return refusal(None, MALFORMED, "Send one JSON-RPC 2.0 message.")
    if not isinstance(method, str):
        if "result" in message or "error" in message:
            return None  # an answer, and we asked nothing
        return refusal(number, MALFORMED, "A message names its method.")
    if "id" not in message:
        return None
    params = message.get("params", {})
    if not isinstance(params, dict):
        return refusal(number, NO_PARAMS, "params has to be an object.")
    if method == "tools/call":
        return _called(number, params, key)
    told = _told(method, params)
    if told is None:
        return refusal(number, NO_METHOD, f"There is no method {method[:80]}.")
    return {"jsonrpc": "2.0", "id": number, "result": told}


def refusal(
    number: Any, code: int, words: str, data: dict[str, Any] | None = None
) -> dict[str, Any]:
    """An error of the protocol."""
    error: dict[str, Any] = {"code": code, "message": words}
    return {"jsonrpc": "2.0", "id": number, "error": error | ({"data": data} if data else {})}


def unspoken(message: dict[str, Any], version: str | None) -> dict[str, Any] | None:
    """The refusal of a message in a version that we do not speak."""
    if version is None or version in VERSIONS or message.get("method") in FIRST:
        return None
    return refusal(
        message.get("id"), NO_VERSION, f"This server does not speak MCP {version[:20]}.",
        {"supported": list(VERSIONS), "requested": version[:20]},
    )  # fmt: skip


def is_malformed(said: dict[str, Any]) -> bool:
    """Whether the answer says that the message was no message."""
    return bool(said.get("error", {}).get("code") == MALFORMED)


def _told(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    if method == "initialize":
        return _welcome(params.get("protocolVersion"))
    if method == "ping":
        return {}
    if method == "tools/list":
        return {"tools": [one.listed() for one in TOOLS.values()]}
    return None


def _called(number: Any, params: dict[str, Any], key: str | None) -> dict[str, Any]:
    name, given = params.get("name"), params.get("arguments", {})
    tool = TOOLS.get(name) if isinstance(name, str) else None
    if tool is None:
        return refusal(number, NO_PARAMS, f"There is no tool {str(name)[:80]}.")
    if not isinstance(given, dict | None):
        return refusal(number, NO_PARAMS, "arguments has to be an object.")
    return {"jsonrpc": "2.0", "id": number, "result": calls.call(tool, given or {}, key)}


def _welcome(version: Any) -> dict[str, Any]:
    return {
        "protocolVersion": version if version in VERSIONS else VERSIONS[0],
        "capabilities": {"tools": {"listChanged": False}},
        "serverInfo": {"name": "carillon", "title": "Carillon", "version": openapi.VERSION},
        "instructions": INSTRUCTIONS,
    }
