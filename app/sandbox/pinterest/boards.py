"""Boards and their sections on the played Pinterest."""

from __future__ import annotations

import time
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox.pinterest.desk import (
    FORBIDDEN,
    NAME,
    NO_BOARD,
    ROOM,
    allowed,
    body,
    bp,
    has,
    invalid,
    me,
    no,
    page,
    say,
    stop,
)
from app.sandbox.records import iso, stable_number
from app.sandbox.store import Table, store

BEGIN_WITH = (("Ideas", "PUBLIC", ()), ("Launches", "PUBLIC", ("Spring", "Autumn")),
              ("Plans", "SECRET", ()))  # fmt: skip
PRIVACY = ("PUBLIC", "PROTECTED", "SECRET")
NAME_LIMIT, DESCRIPTION_LIMIT, MOST = 50, 500, 2000
TAKEN = 58


def table() -> Table:
    """Boards by id."""
    return store().table("pinterest.boards")


def own() -> dict[str, dict[str, Any]]:
    """The caller's boards, newest last; the first ones are made when first asked for."""
    handle = me().handle.lower()
    with store().lock:
        found = {key: row for key, row in table().items() if row["handle"] == handle}
        if not found:
            for name, privacy, sections in BEGIN_WITH:
                key = str(stable_number(NAME, handle, name))
                found[key] = _new(name, privacy)
                found[key]["sections"] = {
                    str(stable_number(NAME, handle, name, one)): one for one in sections
                }
                table().put(key, found[key])
    return found


def _new(name: str, privacy: str, description: str = "") -> dict[str, Any]:
    return {
        "handle": me().handle.lower(), "name": name, "privacy": privacy, "sections": {},
        "description": description, "created": time.time(),
    }  # fmt: skip


def reached(board_id: str, action: str) -> dict[str, Any]:
    """A board the caller may read or write (``action``); ends the call otherwise."""
    found = own().get(board_id)
    if found is None:
        if table().get(board_id) is not None:
            stop(403, FORBIDDEN, "You are not permitted to access that resource.")
        stop(404, NO_BOARD, "Board not found.")
    if found["privacy"] == "SECRET" and not has(f"boards:{action}_secret"):
        stop(404, NO_BOARD, "Board not found.")
    return found


def _shown(board_id: str, found: dict[str, Any]) -> dict[str, Any]:
    pins = sum(
        1 for post in store().posts.of(NAME, me().handle) if post.extras["board_id"] == board_id
    )
    return {
        "id": board_id, "name": found["name"], "description": found["description"],
        "privacy": found["privacy"], "pin_count": pins, "follower_count": 3,
        "collaborator_count": 0, "created_at": iso(found["created"])[:19],
        "owner": {"username": me().handle},
    }  # fmt: skip


@bp.get("/v5/boards")
@ROOM.operation("account")
@allowed("read", "boards:read")
def boards() -> ResponseReturnValue:
    """The caller's boards; secret ones only with their scope."""
    wanted = request.args.get("privacy", "")
    return page([
        _shown(key, row)
        for key, row in own().items()
        if (row["privacy"] != "SECRET" or has("boards:read_secret"))
        and wanted in ("", "ALL", row["privacy"])
    ])  # fmt: skip


@bp.post("/v5/boards")
@allowed("write", "boards:read", "boards:write")
def make_board() -> ResponseReturnValue:
    """A new board."""
    asked = body()
    name, privacy = asked.get("name"), asked.get("privacy", "PUBLIC")
    description = asked.get("description") or ""
    if not isinstance(name, str) or not 0 < len(name.strip()) <= NAME_LIMIT:
        invalid(f"name has 1 to {NAME_LIMIT} characters.")
    if privacy not in PRIVACY:
        invalid(f"{privacy!r} does not match {'|'.join(PRIVACY)}.")
    if not isinstance(description, str) or len(description) > DESCRIPTION_LIMIT:
        invalid(f"description maxLength={DESCRIPTION_LIMIT}")
    if privacy == "SECRET" and not has("boards:write_secret"):
        return no(403, FORBIDDEN, "Your application does not have the required scopes.")
    with store().lock:
        found = own()
        if len(found) >= MOST:
            return no(400, TAKEN, f"You have {MOST} boards already.")
        if any(row["name"].lower() == name.strip().lower() for row in found.values()):
            return no(400, TAKEN, "You already have a board with this name.")
        key = str(store().serial())
        table().put(key, _new(name.strip(), privacy, description))
    return say(_shown(key, own()[key]), 201)


@bp.get("/v5/boards/<board_id>")
@allowed("read", "boards:read")
def board(board_id: str) -> ResponseReturnValue:
    return say(_shown(board_id, reached(board_id, "read")))


@bp.get("/v5/boards/<board_id>/sections")
@ROOM.operation("account")
@allowed("read", "boards:read")
def sections(board_id: str) -> ResponseReturnValue:
    """The sections of a board."""
    found = reached(board_id, "read")["sections"]
    return page([{"id": key, "name": name} for key, name in found.items()])


@bp.post("/v5/boards/<board_id>/sections")
@allowed("write", "boards:read", "boards:write")
def make_section(board_id: str) -> ResponseReturnValue:
    """A new section."""
    found = reached(board_id, "write")
    name = body().get("name")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= 180:
        invalid("name has 1 to 180 characters.")
    key = str(store().serial())
    found["sections"] = {**found["sections"], key: name.strip()}
    table().put(board_id, found)
    return say({"id": key, "name": name.strip()}, 201)
