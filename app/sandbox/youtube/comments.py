"""Comments on the played YouTube."""

from __future__ import annotations

import time
from itertools import islice
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox.records import Post, iso
from app.sandbox.store import store
from app.sandbox.youtube import videos
from app.sandbox.youtube.desk import (
    FORCE,
    NAME,
    ROOM,
    allowed,
    bad,
    body,
    bp,
    channel_id,
    check,
    list_of,
    me,
    needs_channel,
    refused,
    say,
    wanted_parts,
)

LONGEST = 10_000
PARTS = {"id", "replies", "snippet"}
SHAPE: dict[str, Any] = {
    "kind": str, "etag": str,
    "snippet": {
        "videoId": str, "channelId": str,
        "topLevelComment": {"kind": str, "etag": str, "snippet": {"textOriginal": str}},
    },
}  # fmt: skip
LIST_TAKES = {
    "part", "videoId", "id", "order", "maxResults", "textFormat", "pageToken", "searchTerms",
    "moderationStatus", "channelId", "allThreadsRelatedToChannelId",
}  # fmt: skip


def _open(video_id: str) -> dict[str, Any]:
    """A video whose comments are open; else the call ends."""
    video = videos.get(video_id)
    if video is None or (videos.private(video) and video["handle"] != me().handle):
        refused(404, "videoNotFound", "The video identified by the videoId parameter could not be "
                "found.", domain="youtube.commentThread")  # fmt: skip
    if videos.private(video) or video["status"].get("selfDeclaredMadeForKids"):
        refused(403, "commentsDisabled", "The video identified by the videoId parameter has "
                "disabled comments.", domain="youtube.commentThread")  # fmt: skip
    return video


@bp.post("/youtube/v3/commentThreads")
@ROOM.operation("publish")
@allowed(FORCE, cost=50, takes={"part"})
def comment() -> ResponseReturnValue:
    """A comment that begins a thread."""
    asked, parts = body(), wanted_parts(PARTS)
    check(asked, SHAPE)
    needs_channel()
    snippet = asked.get("snippet", {})
    text = snippet.get("topLevelComment", {}).get("snippet", {}).get("textOriginal", "").strip()
    if not text:
        refused(400, "commentTextRequired", "The comment resource must specify a value for the "
                "snippet.topLevelComment.snippet.textOriginal property.",
                domain="youtube.commentThread")  # fmt: skip
    if len(text) > LONGEST:
        refused(400, "commentTextTooLong", "The comment resource contains text that is too long.",
                domain="youtube.commentThread")  # fmt: skip
    video = _open(snippet.get("videoId", ""))
    made = f"Ugx{store().serial():x}AaABAg"
    url = url_for("youtube.watch", v=video["id"], lc=made, _external=True)
    post = Post(NAME, me().handle, made, text, time.time(), parent=video["id"], url=url)
    return say(_thread(store().posts.add(post), parts))


@bp.get("/youtube/v3/commentThreads")
@ROOM.operation("lookup")
@allowed(FORCE, takes=LIST_TAKES)
def threads() -> ResponseReturnValue:
    """A video's comments, newest first."""
    parts = wanted_parts(PARTS)
    video = _open(request.args.get("videoId", ""))
    size = request.args.get("maxResults", 20, type=int)
    if not 1 <= size <= 100:
        bad("Invalid value for maxResults", "invalidParameter")
    found = reversed(store().posts.replies(NAME, video["id"]))
    rows = [_thread(post, parts) for post in islice(found, size)]
    return list_of("commentThreadListResponse", rows)


def _thread(post: Post, parts: list[str]) -> dict[str, Any]:
    author = store().accounts.get(NAME, post.account)
    at = iso(post.at).partition(".")[0] + "Z"
    told: dict[str, Any] = {
        "videoId": post.parent, "textDisplay": post.text, "authorDisplayName": author.name,
        "authorChannelId": {"value": channel_id(author)}, "canRate": True, "viewerRating": "none",
        "likeCount": 0, "publishedAt": at, "updatedAt": at,
    }  # fmt: skip
    if post.account == me().handle:
        told["textOriginal"] = post.text
    found: dict[str, Any] = {"kind": "youtube#commentThread", "etag": "", "id": post.id}
    if "snippet" in parts:
        top = {"kind": "youtube#comment", "etag": "", "id": post.id, "snippet": told}
        found["snippet"] = {
            "videoId": post.parent, "topLevelComment": top, "canReply": True,
            "totalReplyCount": 0, "isPublic": True,
        }  # fmt: skip
    return found


@bp.delete("/youtube/v3/comments")
@ROOM.operation("delete")
@allowed(FORCE, cost=50, takes={"id"})
def uncomment() -> ResponseReturnValue:
    """Take a comment down."""
    post = store().posts.get(NAME, request.args.get("id", ""))
    if post is None or not post.parent:
        refused(404, "commentNotFound", "The specified comment could not be found.",
                domain="youtube.comment")  # fmt: skip
    if post.account != me().handle:
        refused(403, "forbidden", "The comment cannot be deleted.", domain="youtube.comment")
    store().posts.remove(NAME, post.id)
    return "", 204
