"""Comments on the played LinkedIn: plain text, no rule about duplicates."""

from __future__ import annotations

import time
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from app.sandbox.linkedin.desk import allowed, author, body, client, me, query
from app.sandbox.linkedin.oauth import SELF_SERVE
from app.sandbox.linkedin.people import paged
from app.sandbox.linkedin.posts import WRITES, own, readable
from app.sandbox.linkedin.words import NAME, ROOM, bp, denied, invalid, no, say
from app.sandbox.records import Post
from app.sandbox.store import store

LIMIT = 1250


def _under(urn: str) -> Post:
    post = store().posts.get(NAME, urn)
    if post is None:
        no(404, "RESOURCE_NOT_FOUND", f"Could not find entity {urn}")
    return post


@bp.post("/rest/socialActions/<urn>/comments")
@ROOM.operation("publish")
@allowed(*WRITES, counted=True)
def comment(urn: str) -> ResponseReturnValue:
    """Comment on a post."""
    if client() == SELF_SERVE or me().extras.get("no_comments"):
        denied("comments.CREATE")
    asked = body()
    for name in sorted(set(asked) - {"actor", "object", "message", "parentComment"}):
        invalid(f"/{name}", "unrecognized field found but not allowed", "UNPERMITTED_FIELD")
    who = author(asked.get("actor"), "actor")
    post = _under(urn)
    if asked.get("object") != urn:
        invalid("/object", "object is not the post of the path", "INVALID_URN_ID")
    message = asked.get("message")
    text = message.get("text") if isinstance(message, dict) else None
    if not isinstance(text, str) or not text.strip():
        invalid("/message/text", "field is required but not found", "MISSING_FIELD")
    if len(text) > LIMIT:
        no(400, "FIELD_LENGTH_TOO_LONG", "The comment is too long", field="/message/text")
    number = str(store().serial(bits=22))
    made = store().posts.add(
        Post(
            NAME, who.handle, f"urn:li:comment:({urn},{number})", text, time.time(), [], post.id,
            url_for("linkedin.permalink", urn=urn, _external=True),
            extras={"author": asked["actor"], "comment": number},
        )
    )  # fmt: skip
    return say(_shown(made), 201, x_restli_id=number)


def _shown(post: Post) -> dict[str, Any]:
    return {
        "id": post.extras["comment"], "$URN": post.id, "actor": post.extras["author"],
        "object": post.parent, "message": {"text": post.text, "attributes": []},
        "created": {"actor": post.extras["author"], "time": int(post.at * 1000)},
    }  # fmt: skip


@bp.get("/rest/socialActions/<urn>/comments")
@ROOM.operation("lookup")
@allowed()
def comments_under(urn: str) -> ResponseReturnValue:
    """The comments under a post."""
    post = _under(urn)
    readable(post.extras["author"])
    return paged([_shown(one) for one in store().posts.replies(NAME, urn)])


@bp.delete("/rest/socialActions/<urn>/comments/<number>")
@ROOM.operation("delete")
@allowed(*WRITES)
def delete_comment(urn: str, number: str) -> ResponseReturnValue:
    """Take a comment down."""
    post = store().posts.get(NAME, f"urn:li:comment:({urn},{number})")
    if post is None:
        no(404, "RESOURCE_NOT_FOUND", "Could not find entity")
    author(query("actor"), "actor")
    if not own(post):
        denied("comments.DELETE")
    store().posts.remove(NAME, post.id)
    return say(None, 204)
