"""Comments of the played Facebook."""

from __future__ import annotations

import time
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from app.sandbox import meta
from app.sandbox.facebook import videos
from app.sandbox.facebook.desk import GRAPH, NAME, ROOM, allowed, bp, page
from app.sandbox.facebook.pages import paged, wanted
from app.sandbox.records import Post
from app.sandbox.store import store

COMMENT = 8000


def _under(object_id: str) -> Post:
    """The post that is answered; a video is named by its own id too, a story takes none."""
    video = videos.table().get(object_id) or {}
    found = store().posts.get(NAME, str(video.get("post") or object_id))
    if found is None or found.extras.get("kind") == "story":
        meta.absent(object_id)
    return found


@bp.post(f"{GRAPH}/<object_id>/comments")
@ROOM.operation("publish")
@allowed("pages_manage_engagement", page=True)
def comment(object_id: str) -> ResponseReturnValue:
    """Say something under a post, as the Page."""
    parent = _under(object_id)
    words = str(meta.fields().get("message") or "")
    meta.ordered(words)
    if not words.strip():
        meta.invalid("Missing message or attachment")
    if len(words) > COMMENT:
        meta.invalid(f"Param message must be at most {COMMENT} characters long.")
    comment_id = f"{parent.id.rpartition('_')[2]}_{store().serial()}"
    owner = store().accounts.get(NAME, parent.account)
    url = url_for("facebook.permalink", number=owner.id, post=parent.id.rpartition("_")[2],
                  comment_id=comment_id.rpartition("_")[2], _external=True)  # fmt: skip
    store().posts.add(
        Post(NAME, page().handle, comment_id, words, time.time(), [], parent.id, url,
             extras={"kind": "comment"})
    )  # fmt: skip
    return meta.say({"id": comment_id})


@bp.get(f"{GRAPH}/<object_id>/comments")
@ROOM.operation("lookup")
@allowed("pages_read_engagement", page=True, code=10)
def comments(object_id: str) -> ResponseReturnValue:
    """What was said under a post; others' words need ``pages_read_user_content``."""
    parent = _under(object_id)
    known = {"id", "from", "message", "created_time", "permalink_url"}
    fields = wanted("id,message,created_time", known)
    rows = [_shown(one, fields) for one in store().posts.replies(NAME, parent.id)]
    return paged(rows)


def _shown(post: Post, fields: set[str]) -> dict[str, Any]:
    author = store().accounts.get(NAME, post.account)
    known = {
        "id": post.id, "message": post.text, "created_time": meta.stamp(post.at),
        "from": {"id": author.id, "name": author.name}, "permalink_url": post.url,
    }  # fmt: skip
    return {name: known[name] for name in known if name in fields}
