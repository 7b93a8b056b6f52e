"""What the played TikTok tells: people, creators, how far a post is, public posts."""

from __future__ import annotations

from itertools import islice
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox import feed
from app.sandbox.records import Post, counts
from app.sandbox.room import met
from app.sandbox.store import store
from app.sandbox.tiktok import drafts
from app.sandbox.tiktok.desk import (
    NAME,
    ROOM,
    allowed,
    body,
    bp,
    fine,
    granted,
    invalid,
    me,
    no,
    uploads,
)
from app.sandbox.tiktok.oauth import open_id

USER_FIELDS = {
    "open_id": "user.info.basic", "union_id": "user.info.basic", "avatar_url": "user.info.basic",
    "display_name": "user.info.basic", "username": "user.info.profile",
    "bio_description": "user.info.profile", "is_verified": "user.info.profile",
    "profile_deep_link": "user.info.profile", "follower_count": "user.info.stats",
    "following_count": "user.info.stats", "likes_count": "user.info.stats",
    "video_count": "user.info.stats",
}  # fmt: skip
POST_FIELDS = (
    "id", "title", "create_time", "share_url", "view_count", "like_count", "comment_count",
    "share_count", "duration",
)  # fmt: skip
LONGEST = 600


def _fields(known: Any) -> list[str]:
    """The fields asked for in the query."""
    asked = [one for one in request.args.get("fields", "").split(",") if one]
    unknown = [one for one in asked if one not in known]
    if not asked or unknown:
        invalid(f"fields is missing or not known: {','.join(unknown)}")
    return asked


@bp.get("/v2/user/info/")
@ROOM.operation("account")
@allowed("read")
def user() -> ResponseReturnValue:
    """The person of the token."""
    asked = _fields(USER_FIELDS)
    if not {USER_FIELDS[one] for one in asked} <= granted():
        no("scope_not_authorized", 401)
    handle = me().handle
    posts = sum(1 for _ in store().posts.of(NAME, handle))
    known: dict[str, Any] = {
        "open_id": open_id(handle), "union_id": f"u{open_id(handle)}",
        "avatar_url": f"{request.host_url}_sandbox/avatar/{handle}.png",
        "display_name": me().name, "username": handle.lower(), "bio_description": "",
        "is_verified": False, "profile_deep_link": url_for("tiktok.profile", handle=handle),
        "follower_count": 120, "following_count": 80, "likes_count": 40, "video_count": posts,
    }  # fmt: skip
    return fine({"user": {name: known[name] for name in asked}})


@bp.post("/v2/post/publish/creator_info/query/")
@ROOM.operation("account")
@allowed("creator", "video.publish")
def creator() -> ResponseReturnValue:
    """What the creator may do now; "not now" comes with status 200."""
    extras = me().extras
    if extras.get("refuse"):
        no(str(extras["refuse"]), 200)
    return fine(
        {
            "creator_avatar_url": f"{request.host_url}_sandbox/avatar/{me().handle}.png",
            "creator_username": me().handle.lower(), "creator_nickname": me().name,
            "privacy_level_options": drafts.levels(me()),
            "comment_disabled": bool(extras.get("comment_disabled")),
            "duet_disabled": bool(extras.get("duet_disabled")),
            "stitch_disabled": bool(extras.get("stitch_disabled")),
            "max_video_post_duration_sec": extras.get("max_video_post_duration_sec", LONGEST),
        }
    )  # fmt: skip


@bp.post("/v2/post/publish/status/fetch/")
@ROOM.operation("lookup")
@allowed("status")
def status() -> ResponseReturnValue:
    """How far a post or a draft is; the permission for either will do."""
    if not {"video.publish", "video.upload"} & granted():
        no("scope_not_authorized", 401)
    publish_id = body().get("publish_id")
    row = uploads().get(publish_id) if isinstance(publish_id, str) else None
    if row is None:
        no("invalid_publish_id", 400)
    if row["handle"].lower() != me().handle.lower():
        no("token_not_authorized_for_specified_publish_id")
    hit = met()
    stands = drafts.standing(row)
    if hit is not None and hit.kind == "processing" and stands != "uploading":
        stands = "processing"
    found: dict[str, Any] = {}
    if row["kind"] == "video":
        found["uploaded_bytes"] = row["received"]
    else:
        found["downloaded_bytes"] = 0
    if stands in ("uploading", "processing"):
        word = "UPLOAD" if row["kind"] == "video" else "DOWNLOAD"
        return fine({"status": f"PROCESSING_{word}", **found})
    if stands == "failed":
        return fine({"status": "FAILED", "fail_reason": row["reason"], **found})
    if stands == "inbox":
        return fine({"status": "SEND_TO_USER_INBOX", **found})
    if stands == "public":
        found["publicaly_available_post_id"] = [int(row["post_id"])]
    return fine({"status": "PUBLISH_COMPLETE", **found})


@bp.post("/v2/video/list/")
@ROOM.operation("lookup")
@allowed("read", "video.list")
def videos() -> ResponseReturnValue:
    """Public posts, newest first; ``cursor`` is a time in milliseconds."""
    fields, asked = _fields(POST_FIELDS), body()
    most, cursor = asked.get("max_count", 10), asked.get("cursor")
    if not isinstance(most, int) or not 0 < most <= 20:
        invalid("max_count is 1 to 20.")
    if cursor is not None and not isinstance(cursor, int):
        invalid("cursor is a number.")
    rows = (
        post for post in store().posts.of(NAME, me().handle)
        if drafts.public(post) and (cursor is None or int(post.at * 1000) < cursor)
    )  # fmt: skip
    page = list(islice(rows, most + 1))
    shown = page[:most]
    last = int(shown[-1].at * 1000) if shown else 0
    return fine(
        {
            "videos": [_shown(post, fields) for post in shown], "cursor": last,
            "has_more": len(page) > most,
        }
    )  # fmt: skip


@bp.post("/v2/video/query/")
@ROOM.operation("metrics")
@allowed("read", "video.list")
def query() -> ResponseReturnValue:
    """Own public posts by id; others are left out."""
    fields, filters = _fields(POST_FIELDS), body().get("filters")
    ids = filters.get("video_ids") if isinstance(filters, dict) else None
    if not isinstance(ids, list) or not 0 < len(ids) <= 20:
        invalid("filters.video_ids has 1 to 20 ids.")
    if not all(isinstance(one, str) and one.isdigit() for one in ids):
        invalid("filters.video_ids are numbers, as text.")
    found = [store().posts.get(NAME, one) for one in ids]
    mine = [
        post for post in found
        if post is not None and post.account.lower() == me().handle.lower() and drafts.public(post)
    ]  # fmt: skip
    return fine({"videos": [_shown(post, fields) for post in mine]})


def _shown(post: Post, fields: list[str]) -> dict[str, Any]:
    info, numbers = post.extras["post_info"], counts(post)
    known = {
        "id": post.id, "title": info.get("title") or info.get("description") or "",
        "create_time": int(post.at), "share_url": post.url, "view_count": numbers["impressions"],
        "like_count": numbers["likes"], "comment_count": numbers["comments"],
        "share_count": numbers["shares"], "duration": 0 if post.extras["kind"] == "photo" else 5,
    }  # fmt: skip
    return {name: known[name] for name in fields}


@bp.get("/@<handle>/<any(video, photo):kind>/<post_id>")
def permalink(handle: str, kind: str, post_id: str) -> ResponseReturnValue:
    """The post's page."""
    return feed.permalink(NAME, post_id, handle=handle)


@bp.get("/@<handle>")
def profile(handle: str) -> ResponseReturnValue:
    """Somebody's posts."""
    return redirect(url_for("feed.index", network=NAME, account=handle))
