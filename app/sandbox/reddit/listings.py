"""Reading on the played Reddit: somebody's posts and comments, things by id."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox.reddit.desk import NAME, ROOM, allowed, bp, plain_error, say
from app.sandbox.reddit.people import listing
from app.sandbox.reddit.shapes import public, shown
from app.sandbox.store import store

KINDS = {"submitted": "t3_", "comments": "t1_"}


@bp.get("/user/<handle>/<where>", strict_slashes=False)
@ROOM.operation("lookup")
@allowed("history")
def written(handle: str, where: str) -> ResponseReturnValue:
    """Somebody's posts or comments, the newest first, by pages."""
    if where not in KINDS:
        return plain_error(404, "Not Found")
    rows = [
        shown(post)
        for post in store().posts.of(NAME, handle)
        if post.id.startswith(KINDS[where]) and public(post)
    ]
    return say(listing(rows))


@bp.get("/api/info", strict_slashes=False)
@ROOM.operation("metrics")
@allowed("read")
def info() -> ResponseReturnValue:
    """Up to a hundred things by full name; deleted ones too, without author and text."""
    names = [one for one in request.args.get("id", "").split(",") if one][:100]
    found = [store().posts.get(NAME, one, deleted=True) for one in names]
    rows = [shown(post) for post in found if post is not None and public(post)]
    return say(listing(rows, 100))
