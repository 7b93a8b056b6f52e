"""Reading on the played Facebook: a Page's posts and stories, one object, numbers."""

from __future__ import annotations

import time
from typing import Any

from flask.typing import ResponseReturnValue

from app.sandbox import meta
from app.sandbox.facebook import pages, videos
from app.sandbox.facebook.desk import GRAPH, NAME, ROOM, allowed, bp, page, who
from app.sandbox.facebook.posts import own
from app.sandbox.records import Post, counts
from app.sandbox.store import store

POST_FIELDS = {
    "id", "message", "created_time", "permalink_url", "shares", "reactions", "comments",
    "attachments", "from", "is_published", "status_type",
}  # fmt: skip
STORY_FIELDS = {"post_id", "status", "creation_time", "media_type", "media_id", "url", "id"}
VIDEO_FIELDS = {"id", "status", "post_id", "permalink_url", "published"}
INSIGHTS = {
    "post_media_view", "post_total_media_view_unique", "post_clicks",
    "post_reactions_by_type_total",
}  # fmt: skip


def shown(post: Post, fields: set[str]) -> dict[str, Any]:
    """A post with the fields asked for; keys without a value are left out, as Graph does."""
    found = counts(post, len(store().posts.replies(NAME, post.id)))
    owner = store().accounts.get(NAME, post.account)
    known: dict[str, Any] = {
        "id": post.id, "message": post.text or None, "created_time": meta.stamp(post.at),
        "permalink_url": post.url, "from": {"id": owner.id, "name": owner.name},
        "shares": {"count": found["shares"]} if found["shares"] else None,
        "reactions": {"data": [], "summary": {"total_count": found["likes"]}},
        "comments": {"data": [], "summary": {"total_count": found["comments"]}},
        "attachments": _attachments(post), "is_published": True, "status_type": "added_photos",
    }  # fmt: skip
    return {name: known[name] for name in known if name in fields and known[name] is not None}


def _attachments(post: Post) -> dict[str, Any] | None:
    ids = [str(one) for one in post.extras.get("photos", ())]
    if post.extras.get("video"):
        return {"data": [{"media_type": "video", "target": {"id": post.extras["video"]}}]}
    if len(ids) > 1:
        parts = [{"media_type": "photo", "target": {"id": one}} for one in ids]
        album = {"media_type": "album", "target": {"id": f"{ids[0]}0"}}
        return {"data": [{**album, "subattachments": {"data": parts}}]}
    if ids:
        return {"data": [{"media_type": "photo", "target": {"id": ids[0]}}]}
    if post.extras.get("link"):
        return {"data": [{"media_type": "link", "target": {"url": post.extras["link"]}}]}
    return None


def _between(post: Post) -> bool:
    asked = meta.fields()
    low, high = str(asked.get("since", "0")), str(asked.get("until", "0"))
    if not low.isdigit() or not high.isdigit():
        meta.invalid("Invalid since or until")
    return int(low) <= post.at and (not int(high) or post.at <= int(high))


@bp.get(f"{GRAPH}/<page_id>/published_posts")
@ROOM.operation("lookup")
@allowed("pages_read_engagement", page=True, code=10)
def published_posts(page_id: str) -> ResponseReturnValue:
    """A Page's posts, newest first; no stories, no comments."""
    own(page_id)
    fields = pages.wanted("id,message,created_time", POST_FIELDS)
    rows = [
        shown(post, fields)
        for post in store().posts.of(NAME, page().handle)
        if post.extras.get("kind") not in ("story", "comment") and _between(post)
    ]
    return pages.paged(rows)


@bp.get(f"{GRAPH}/<page_id>/stories")
@ROOM.operation("lookup")
@allowed("pages_read_engagement", page=True, code=10)
def stories(page_id: str) -> ResponseReturnValue:
    """A Page's stories, newest first."""
    own(page_id)
    pages.wanted("post_id,status,creation_time,media_type,media_id,url", STORY_FIELDS)
    rows = []
    for post in store().posts.of(NAME, page().handle):
        if post.extras.get("kind") != "story" or not _between(post):
            continue
        video = post.extras.get("video")
        rows.append({
            "post_id": post.id, "creation_time": str(int(post.at)), "url": post.url,
            "status": "PUBLISHED" if time.time() - post.at < 86_400 else "ARCHIVED",
            "media_type": "video" if video else "photo",
            "media_id": video or post.extras["photos"][0],
        })  # fmt: skip
    return pages.paged(rows)


@bp.get(f"{GRAPH}/<object_id>")
@ROOM.operation("lookup")
@allowed()
def one(object_id: str) -> ResponseReturnValue:
    """A Page, a video, a post or a comment."""
    video = videos.table().get(object_id)
    if video is not None and who().page.lower() == video["handle"].lower():
        if video["post"] and store().posts.get(NAME, video["post"]) is None:
            meta.absent(object_id)
        return meta.say(videos.told(object_id, video, pages.wanted("id", VIDEO_FIELDS)))
    post = store().posts.get(NAME, object_id)
    if post is not None:
        if "pages_read_engagement" not in who().scopes:
            raise meta.Refused(meta.no_permission("pages_read_engagement", 10))
        return meta.say(shown(post, pages.wanted("id,message,created_time", POST_FIELDS)))
    found = pages.by_id(object_id)
    if found is None or not _manages(found.handle):
        meta.absent(object_id)
    return meta.say(pages.shown(found, pages.wanted("id,name", pages.PAGE_FIELDS)))


def _manages(handle: str) -> bool:
    if who().page:
        return who().page.lower() == handle.lower()
    return handle.lower() in {one.lower() for one in pages.handles(who().person)}


@bp.get(f"{GRAPH}/<object_id>/insights")
@ROOM.operation("metrics")
@allowed("read_insights", page=True, code=10)
def insights(object_id: str) -> ResponseReturnValue:
    """Numbers of a post; one metric that is not there fails the call."""
    asked = [name for name in str(meta.fields().get("metric") or "").split(",") if name]
    gone = {str(name) for name in page().extras.get("gone_metrics", ())}
    if not asked or any(name not in INSIGHTS - gone for name in asked):
        meta.invalid("The value must be a valid insights metric")
    post = store().posts.get(NAME, object_id)
    if post is None or post.account.lower() != page().handle.lower():
        meta.absent(object_id)
    found = counts(post, 0)
    values: dict[str, Any] = {
        "post_media_view": found["impressions"],
        "post_total_media_view_unique": found["impressions"] * 4 // 5,
        "post_clicks": found["impressions"] // 40,
        "post_reactions_by_type_total": {"like": found["likes"]} if found["likes"] else {},
    }
    rows = [
        {"name": name, "period": "lifetime", "values": [{"value": values[name]}],
         "id": f"{object_id}/insights/{name}/lifetime"}
        for name in asked
    ]  # fmt: skip
    return meta.say({"data": rows, "paging": {}})
