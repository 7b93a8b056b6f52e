"""A call of a tool: arguments checked, permission asked, done once, failures put into words."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ValidationError

from app import logs
from app.api import errors
from app.api.auth import current_actor
from app.api.mcp.tool import Tool
from app.errors import AppError, ValidationFailed
from app.extensions import db
from app.services import idempotency
from app.services.idempotency import Answer, Taken

KEY, OTHER = "idempotencyKey", "idempotency_key"
# What services call a thing → what the tools' arguments call it.
FIELDS = {"due_at": "scheduledFor", "content.linkUrl": "link"}

log = logs.get("mcp")


def call(tool: Tool, given: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    """The result of a call; one that failed says ``isError`` and why."""
    ignored = [name for name in given if not tool.knows(name)]
    wanted = given.get(KEY, given.get(OTHER)) or key
    try:
        _permit(tool)
        asked = tool.takes.model_validate(given)
        if tool.makes and wanted:
            found = _once(tool, asked, str(wanted))
        else:
            found = _plain(tool.run(asked))
    except Exception as error:
        db.session.rollback()
        log.info("mcp.refused", tool=tool.name)
        return _failed(error)
    log.info("mcp.called", tool=tool.name)
    return _done(found, ignored)


def _permit(tool: Tool) -> None:
    """The permission in some profile in reach; the service asks again for the row at hand."""
    actor = current_actor()
    if actor.roles and not actor.profiles(tool.need):
        actor.require(tool.need, next(iter(actor.roles)))


def _plain(made: BaseModel) -> dict[str, Any]:
    found: dict[str, Any] = made.model_dump(mode="json", by_alias=True)
    return found


def _once(tool: Tool, asked: BaseModel, key: str) -> dict[str, Any]:
    """The same call with the same key does its work once (reliability §7)."""
    taken = idempotency.take(_owner(), idempotency.read(key), _fingerprint(tool, asked))
    if isinstance(taken, Answer):
        kept: dict[str, Any] = json.loads(taken.body)
        return kept
    if taken.made_id is not None and taken.made == tool.makes and tool.again is not None:
        return _plain(tool.again(taken.made_id))
    mark = idempotency.noting.set(taken)
    try:
        found = _plain(tool.run(asked))
    except BaseException:
        db.session.rollback()
        idempotency.free(taken)
        raise
    finally:
        idempotency.noting.reset(mark)
    _keep(taken, found)
    return found


def _keep(taken: Taken, found: dict[str, Any]) -> None:
    idempotency.settle(taken, 200, json.dumps(found))


def _owner() -> str:
    return f"key:{current_actor().key_id}"


def _fingerprint(tool: Tool, asked: BaseModel) -> str:
    """SHA-256 of tool and arguments: JSON-RPC numbers its messages anew each time."""
    text = asked.model_dump_json(exclude={OTHER})
    return hashlib.sha256(f"mcp {tool.name}\n{text}".encode()).hexdigest()


def _done(found: dict[str, Any], ignored: list[str]) -> dict[str, Any]:
    content = [{"type": "text", "text": json.dumps(found, ensure_ascii=False)}]
    if ignored:
        names = ", ".join(name[:40] for name in ignored[:10])
        content.append({"type": "text", "text": f"Ignored: there is no argument {names}."})
    return {"content": content, "structuredContent": found, "isError": False}


def _failed(error: Exception) -> dict[str, Any]:
    """What went wrong, a line for each thing to mend; the words are the API's own."""
    told = errors.told(error)
    if isinstance(error, ValidationError):
        told.message = told.contract = "Some arguments are not as the tool describes them."
    listed = [_one(one) for one in told.errors or [told]]
    lines = [_line(one) for one in listed]
    if told.errors and isinstance(error, ValidationError):
        lines.insert(0, told.message)
    found = {
        "code": told.code, "message": told.message, "field": _field(told.field),
        "errors": listed, **json.loads(json.dumps(told.facts, default=str)),
    }  # fmt: skip
    if told.retry_after is not None:
        found["retryAfterSeconds"] = max(told.retry_after, 1)
        lines.append(f"Try again in {found['retryAfterSeconds']} seconds.")
    text = "\n".join(lines)
    return {
        "content": [{"type": "text", "text": text}], "structuredContent": found, "isError": True,
    }  # fmt: skip


def _one(error: AppError | ValidationFailed) -> dict[str, Any]:
    return {"field": _field(error.field), "code": error.code, "message": error.message}


def _line(one: dict[str, Any]) -> str:
    return f"{one['field']}: {one['message']}" if one["field"] else str(one["message"])


def _field(name: str | None) -> str | None:
    return FIELDS.get(name, name) if name else None
