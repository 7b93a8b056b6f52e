"""Making it public: ``media_publish``, comments, the day's allowance, deleting."""

from __future__ import annotations

import base64
import time

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox.instagram.containers import container, state, table
from app.sandbox.instagram.desk import (
    DAY,
    NAME,
    ROOM,
    allowed,
    bp,
    facebook,
    grant,
    me,
    not_ready,
    own,
)  # fmt: skip
from app.sandbox.meta import Refused, absent, error, fields, invalid, no, say, stamp
from app.sandbox.records import Post
from app.sandbox.store import store

A_DAY = 100


def shortcode(media_id: str) -> str:
    """What stands in the permalink."""
    whole = int(media_id).to_bytes(8, "big")
    return base64.urlsafe_b64encode(whole).rstrip(b"=").decode()


def id_of(code: str) -> str:
    """The reverse; ``""`` for what is none."""
    try:
        return str(int.from_bytes(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)), "big"))
    except ValueError:
        return ""


def total() -> int:
    return int(me().extras.get("quota_total", A_DAY))


@bp.get("/<version>/<ig>/content_publishing_limit")
@ROOM.operation("lookup")
@allowed("basic", "content_publish")
def allowance(version: str, ig: str) -> ResponseReturnValue:
    """How many were published in the last 24 hours."""
    own(ig)
    newest = store().posts.of(NAME, me().handle, deleted=True)
    used = sum(1 for post in newest if not post.parent and time.time() - post.at < DAY)
    config = {"quota_total": total(), "quota_duration": DAY}
    asked = request.args.get("fields", "quota_usage").split(",")
    row = {"quota_usage": used, "config": config}
    return say({"data": [{name: row[name] for name in asked if name in row}]})


@bp.post("/<version>/<ig>/media_publish")
@ROOM.operation("publish")
@allowed("basic", "content_publish")
def publish(version: str, ig: str) -> ResponseReturnValue:
    """Step 3: once for each container."""
    own(ig)
    node = str(fields().get("creation_id") or "")
    if not node:
        invalid("The parameter creation_id is required")
    with store().lock:
        found = container(node)
        if found is None:
            no(24, "The requested resource does not exist", subcode=2207006,
               words="The media with this creation_id cannot be found.")  # fmt: skip
        _may_go(node, found)
        if store().limits.hit(NAME, me().handle, "publish", total(), DAY).refused:
            no(9, "(#9) Application request limit reached", subcode=2207042,
               words="You reached the maximum number of posts that is allowed to be published "
                     "by Content Publishing API.")  # fmt: skip
        media_id = str(store().serial())
        found["media_id"] = media_id
        table().put(node, found)
        store().posts.add(_post(media_id, found))
    return say({"id": media_id})


def _may_go(node: str, found: dict[str, object]) -> None:
    code = state(found)
    if found["child"]:
        no(100, "Invalid parameter", subcode=2207023, words="This is an item of a carousel.")
    if code == "IN_PROGRESS":
        raise Refused(not_ready())
    if code == "EXPIRED":
        no(-2, "The media container has expired", subcode=2207020,
           words="The media you are trying to access has expired.")  # fmt: skip
    if code == "ERROR":
        no(-1, "The media could not be created", subcode=2207032,
           words="Creating the media failed, please try to re-create it.")  # fmt: skip
    if code == "PUBLISHED":
        no(24, "The requested resource does not exist", subcode=2207006,
           words=f"The container {node} has been published already.")  # fmt: skip


def _post(media_id: str, found: dict[str, object]) -> Post:
    handle, product = me().handle, str(found["product"])
    where = {
        "REELS": f"reel/{shortcode(media_id)}/", "STORY": f"stories/{handle}/{media_id}/",
    }.get(product, f"p/{shortcode(media_id)}/")  # fmt: skip
    media = list(found["media"])  # type: ignore[call-overload]
    kind = str(found["kind"])
    moving = bool(media) and str(media[0]["mime"]).startswith("video/")
    extras = {
        "product": product, "more": found["more"],
        "type": "CAROUSEL_ALBUM" if kind == "CAROUSEL" else "VIDEO" if moving else "IMAGE",
    }  # fmt: skip
    return Post(
        NAME, handle, media_id, str(found["caption"]), time.time(), media,
        url=f"{request.host_url.rstrip('/')}{ROOM.prefix}/{where}", extras=extras,
    )  # fmt: skip


def own_post(node: str) -> Post:
    """A post or comment of the caller."""
    found = store().posts.get(NAME, node)
    if found is None or found.account.lower() != me().handle.lower():
        absent(node)
    return found


@bp.post("/<version>/<node>/comments")
@ROOM.operation("publish")
@allowed("basic", "manage_comments")
def comment(version: str, node: str) -> ResponseReturnValue:
    """A comment under one's own post; asking for ``fields`` fails although it was made."""
    post = own_post(node)
    asked = fields()
    message = str(asked.get("message") or "").strip()
    if not message:
        invalid("The parameter message is required")
    if post.parent or post.extras.get("product") == "STORY":
        absent(node)
    made = Post(
        NAME, me().handle, str(store().serial()), message, time.time(), parent=post.id,
        url=post.url,
    )  # fmt: skip
    store().posts.add(made)
    if "fields" in asked:
        return error(20, "Error: the comment cannot be read", subcode=1772107)
    return say({"id": made.id})


@bp.get("/<version>/<node>/comments")
@ROOM.operation("lookup")
@allowed("basic", "manage_comments")
def comments(version: str, node: str) -> ResponseReturnValue:
    """Comments under a post, newest first."""
    post = own_post(node)
    rows = [] if me().extras.get("hidden_comments") else store().posts.replies(NAME, post.id)
    return say(
        {
            "data": [
                {"id": row.id, "text": row.text, "timestamp": stamp(row.at),
                 "username": row.account}
                for row in reversed(rows)
            ]
        }
    )  # fmt: skip


@bp.delete("/<version>/<node>")
@ROOM.operation("delete")
@allowed("basic")
def delete(version: str, node: str) -> ResponseReturnValue:
    """Way A alone, with its own scope."""
    if not facebook():
        return error(3, "(#3) Application does not have the capability to make this API call.")
    if "instagram_manage_contents" not in grant().scopes:
        return error(10, "(#10) Application does not have permission for this action", status=403)
    post = own_post(node)
    for row in (*store().posts.replies(NAME, post.id), post):
        store().posts.remove(NAME, row.id)
    return say({"success": True, "deleted_id": node})
