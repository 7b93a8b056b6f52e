"""What is public: one post, the account's lists, numbers, the pages a person can open."""

from __future__ import annotations

import time
from itertools import islice
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.sandbox import feed
from app.sandbox.instagram import containers
from app.sandbox.instagram.desk import DAY, NAME, ROOM, allowed, bp, me, only, own
from app.sandbox.instagram.login import profile
from app.sandbox.instagram.publish import id_of, own_post, shortcode
from app.sandbox.meta import invalid, no, say, stamp
from app.sandbox.records import Post, counts
from app.sandbox.store import store

FEED = (
    "views", "reach", "likes", "comments", "saved", "shares", "total_interactions", "follows",
    "profile_visits", "profile_activity",
)  # fmt: skip
METRICS = {
    "FEED": FEED,
    "REELS": (*FEED[:7], "ig_reels_avg_watch_time", "ig_reels_video_view_total_time",
              "reels_skip_rate", "reposts"),
    "STORY": ("views", "reach", "replies", "shares", "total_interactions", "follows",
              "profile_visits", "navigation"),
}  # fmt: skip
COUNTED = {"like_count", "comments_count"}


def shown(post: Post) -> dict[str, Any]:
    """A post with every field the API knows of it."""
    found = counts(post, len(store().posts.replies(NAME, post.id)))
    url = f"{request.host_url}_sandbox/media/{post.media[0]['blob']}" if post.media else None
    return {
        "id": post.id, "caption": post.text or None, "timestamp": stamp(post.at),
        "permalink": post.url, "shortcode": shortcode(post.id), "media_url": url,
        "media_product_type": post.extras.get("product"),
        "media_type": post.extras.get("type"), "username": post.account,
        "like_count": None if me().extras.get("likes_hidden") else found["likes"],
        "comments_count": found["comments"],
    }  # fmt: skip


@bp.get("/<version>/<node>")
def node(version: str, node: str) -> ResponseReturnValue:
    """An account, a container or a post: ids of all three look alike."""
    if containers.table().get(node) is not None:
        return containers.shown(node=node)
    if COUNTED & set(request.args.get("fields", "").split(",")):
        return _counted(version=version, node=node)
    return _read(version=version, node=node)


@ROOM.operation("metrics")
@allowed("basic")
def _counted(version: str, node: str) -> ResponseReturnValue:
    return only(shown(own_post(node)))


@ROOM.operation("lookup")
@allowed("basic")
def _read(version: str, node: str) -> ResponseReturnValue:
    if node == profile()["id"]:
        return only(profile())
    return only(shown(own_post(node)))


@bp.get("/<version>/<ig>/media")
@ROOM.operation("lookup")
@allowed("basic")
def listed(version: str, ig: str) -> ResponseReturnValue:
    """The account's posts, newest first, without its stories."""
    own(ig)
    return _list("FEED", "REELS")


@bp.get("/<version>/<ig>/stories")
@ROOM.operation("lookup")
@allowed("basic")
def stories(version: str, ig: str) -> ResponseReturnValue:
    """Stories that are still shown."""
    own(ig)
    return _list("STORY")


def _list(*products: str) -> ResponseReturnValue:
    size = min(max(request.args.get("limit", 25, int), 1), 100)
    start = int(request.args.get("after", "0"))
    posts = (
        post
        for post in store().posts.of(NAME, me().handle)
        if post.extras.get("product") in products
        and ("STORY" not in products or time.time() - post.at < DAY)
    )
    page = list(islice(posts, start, start + size + 1))
    rows = []
    for post in page[:size]:
        row = only(shown(post))
        assert isinstance(row, Response)
        rows.append(row.get_json())
    answer: dict[str, Any] = {"data": rows}
    if len(page) > size:
        after = str(start + size)
        answer["paging"] = {
            "cursors": {"after": after},
            "next": f"{request.base_url}?after={after}",
        }
    return say(answer)


@bp.get("/<version>/<node>/insights")
@ROOM.operation("metrics")
@allowed("basic", "manage_insights")
def insights(version: str, node: str) -> ResponseReturnValue:
    """Numbers of a post; one name that is not known fails the whole call."""
    post = own_post(node)
    product = str(post.extras.get("product"))
    names = METRICS.get(product, ())
    asked = [name for name in request.args.get("metric", "").split(",") if name]
    for place, name in enumerate(asked):
        if name not in names:
            invalid(f"metric[{place}] must be one of the following values: {', '.join(names)}")
    if not asked:
        invalid("The parameter metric is required")
    if product == "STORY" and time.time() - post.at > DAY:
        no(10, "(#10) Not enough viewers for the media to show insights")
    found = _numbers(post)
    return say(
        {
            "data": [
                {"name": name, "period": "lifetime", "values": [{"value": found.get(name, 0)}],
                 "title": name.replace("_", " ").capitalize(),
                 "id": f"{node}/insights/{name}/lifetime"}
                for name in asked
            ]
        }
    )  # fmt: skip


def _numbers(post: Post) -> dict[str, int]:
    told = counts(post, len(store().posts.replies(NAME, post.id)))
    return {
        "views": told["impressions"], "reach": told["impressions"] * 4 // 5,
        "likes": told["likes"], "comments": told["comments"], "replies": told["comments"],
        "saved": told["saves"], "shares": told["shares"],
        "total_interactions": told["likes"] + told["comments"] + told["saves"] + told["shares"],
    }  # fmt: skip


@bp.get("/p/<code>/")
@bp.get("/reel/<code>/")
def permalink(code: str) -> ResponseReturnValue:
    """A post's page."""
    return feed.permalink(NAME, id_of(code))


@bp.get("/stories/<handle>/<media_id>/")
def story(handle: str, media_id: str) -> ResponseReturnValue:
    return feed.permalink(NAME, media_id, handle=handle)
