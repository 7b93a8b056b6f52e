"""Posts and comments as Reddit shows them."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlsplit

from app.sandbox.records import Post, counts
from app.sandbox.reddit.desk import NAME, base
from app.sandbox.store import store


def slug(title: str) -> str:
    """A title as it stands in an address."""
    words = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    return words[:50].strip("_") or "_"


def path(post: Post) -> str:
    """Its address without the server."""
    extras = post.extras
    if post.id.startswith("t1_"):
        link = store().posts.get(NAME, extras["link_id"], deleted=True)
        title = slug(link.extras["title"]) if link is not None else "_"
        return f"/r/{extras['sr']}/comments/{extras['link_id'][3:]}/{title}/{post.id[3:]}/"
    return f"/r/{extras['sr']}/comments/{post.id[3:]}/{slug(extras['title'])}/"


def public(post: Post) -> bool:
    """Whether its processing is over."""
    return bool(post.extras.get("visible_at", 0.0) <= time.time())


def shown(post: Post) -> dict[str, Any]:
    """A post (``t3``) or a comment (``t1``); its author and text go when it is deleted."""
    return comment(post) if post.id.startswith("t1_") else link(post)


def _common(post: Post) -> dict[str, Any]:
    found = counts(post, len(store().posts.replies(NAME, post.id)))
    made = post.extras.get("visible_at") or post.at
    return {
        "id": post.id[3:], "name": post.id, "subreddit": post.extras["sr"],
        "subreddit_name_prefixed": f"r/{post.extras['sr']}",
        "author": "[deleted]" if post.deleted else post.account, "permalink": path(post),
        "created_utc": float(int(made)), "created": float(int(made)), "edited": False,
        "score": found["likes"] + 1, "ups": found["likes"] + 1, "downs": 0, "likes": True,
        "total_awards_received": 0, "send_replies": bool(post.extras.get("sendreplies", True)),
        "removed_by_category": post.extras.get("removed_by_category"),
    }  # fmt: skip


def link(post: Post) -> dict[str, Any]:
    """A submission."""
    extras, kind = post.extras, post.extras["kind"]
    found = counts(post)
    here = base() + path(post)
    return {
        "kind": "t3",
        "data": {
            **_common(post), "title": extras["title"],
            "selftext": "[deleted]" if post.deleted else extras["text"],
            "is_self": kind == "self", "is_video": kind == "video",
            "is_gallery": kind == "gallery",
            "url": here if kind in ("self", "gallery") else extras["url"],
            "domain": f"self.{extras['sr']}" if kind == "self"
            else urlsplit(extras["url"]).hostname or "i.redd.it",
            "over_18": extras["nsfw"], "spoiler": extras["spoiler"],
            "link_flair_text": extras.get("flair_text") or None,
            "link_flair_template_id": extras.get("flair_id") or None,
            "num_comments": _comments(post), "num_crossposts": found["shares"],
            "upvote_ratio": 0.97, "view_count": extras.get("counts", {}).get("impressions"),
        },
    }  # fmt: skip


def _comments(post: Post) -> int:
    """All below it, however deep."""
    below = store().posts.replies(NAME, post.id)
    return sum(1 + _comments(one) for one in below)


def comment(post: Post) -> dict[str, Any]:
    """A comment."""
    body = "[deleted]" if post.deleted else post.text
    return {
        "kind": "t1",
        "data": {
            **_common(post), "body": body, "body_html": "", "parent_id": post.parent,
            "link_id": post.extras["link_id"], "replies": "", "depth": 0,
        },
    }  # fmt: skip
