"""Comments on the played Reddit."""

from __future__ import annotations

import time

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox.records import Post
from app.sandbox.reddit.desk import NAME, ROOM, allowed, base, bp, flag, me, say, stop
from app.sandbox.reddit.posts import fresh_id, often
from app.sandbox.reddit.shapes import comment, path, public
from app.sandbox.store import store

LENGTH = 10_000


@bp.post("/api/comment", strict_slashes=False)
@ROOM.operation("publish")
@allowed("submit")
def reply() -> ResponseReturnValue:
    """Under a post or another comment."""
    parent = store().posts.get(NAME, request.form.get("thing_id", ""))
    text = request.form.get("text", "").strip()
    if parent is None or not public(parent):
        raise stop("DELETED_COMMENT", "that comment has been deleted", "parent")
    if not text:
        raise stop("NO_TEXT", "we need something here", "text")
    if len(text) > LENGTH:
        raise stop("TOO_LONG", f"this is too long (max: {LENGTH})", "text")
    often()
    link = parent.id if parent.id.startswith("t3_") else parent.extras["link_id"]
    extras = {"sr": parent.extras["sr"], "link_id": link, "sendreplies": flag("sendreplies", True)}
    post = Post(
        NAME, me().handle, fresh_id("t1"), text, time.time(), parent=parent.id, extras=extras
    )
    post.url = base() + path(post)
    store().posts.add(post)
    return say({"json": {"errors": [], "data": {"things": [comment(post)]}}})
