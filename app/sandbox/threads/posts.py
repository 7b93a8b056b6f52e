"""Posts of the played Threads: how they come out of containers, and how they are shown."""

from __future__ import annotations

import string
import time
from collections.abc import Iterator
from typing import Any, NoReturn

from flask import Response, url_for

from app.sandbox import meta
from app.sandbox.meta import fields, say, stamp
from app.sandbox.records import Post, counts
from app.sandbox.store import Table, store
from app.sandbox.threads.desk import NAME, absent, me

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
MEDIA_TYPES = {
    "TEXT": "TEXT_POST", "IMAGE": "IMAGE", "VIDEO": "VIDEO", "CAROUSEL": "CAROUSEL_ALBUM",
}  # fmt: skip
METRICS = {
    "views": "impressions", "likes": "likes", "replies": "comments", "reposts": "shares",
    "quotes": "quotes", "shares": "saves",
}  # fmt: skip


def table() -> Table:
    """Containers by id."""
    return store().table("threads.containers")


def wanted() -> list[str]:
    """The names in ``fields``; ``id`` where none are given."""
    return [one for one in str(fields().get("fields") or "id").split(",") if one]


def unfit(name: str) -> NoReturn:
    """A field was asked for that this kind of object does not have."""
    meta.no(100, f"(#100) Tried accessing nonexisting field ({name})", kind="THApiException")


def shortcode(post_id: str) -> str:
    """The id in 64 signs, as permalinks have it."""
    rest, found = int(post_id), ""
    while rest:
        rest, place = divmod(rest, 64)
        found = ALPHABET[place] + found
    return found


def number(code: str) -> str:
    """The id of a shortcode, ``""`` for one that cannot be."""
    if not code or len(code) > 20 or any(sign not in ALPHABET for sign in code):
        return ""
    found = 0
    for sign in code:
        found = found * 64 + ALPHABET.index(sign)
    return str(found)


def put(container_id: str, container: dict[str, Any]) -> Post:
    """Make a container public."""
    post_id = str(store().serial())
    handle = me().handle
    media = [container["file"]] if container.get("file") else []
    for child in container.get("children", ()):
        found = table().get(child)
        media += [found["file"]] if found is not None else []
    post = Post(
        NAME, handle, post_id, container["text"], time.time(), media, container["reply_to"],
        url_for("threads.permalink", handle=handle, code=shortcode(post_id), _external=True),
        extras={
            "media_type": MEDIA_TYPES[container["kind"]], "container": container_id,
            **{name: container[name] for name in ("reply_control", "topic_tag")
               if container[name]},
            **({"card": {"url": container["link"]}} if container["link"] else {}),
        },
    )  # fmt: skip
    with store().lock:
        store().posts.add(post)
        table().put(container_id, {**container, "published": True})
    return post


def late(post: Post, name: str) -> bool:
    """Whether a post is still too fresh for what ``name`` of its account's extras delays."""
    delay = store().accounts.get(NAME, post.account).extras.get(name, 0)
    return isinstance(delay, int | float) and time.time() - post.at < delay


def answered(post_id: str) -> Post | None:
    """A post that can be answered."""
    post = store().posts.get(NAME, post_id)
    return None if post is None or late(post, "fresh_seconds") else post


def shown(post_id: str, asked: list[str]) -> Response:
    """One post with the fields asked for."""
    post = store().posts.get(NAME, post_id)
    return absent(post_id) if post is None else say(media(post, asked))


def root(post: Post) -> Post:
    """The first post of a thread."""
    for _ in range(1000):
        parent = store().posts.get(NAME, post.parent, deleted=True)
        if parent is None:
            return post
        post = parent
    return post


def media(post: Post, asked: list[str]) -> dict[str, Any]:
    """A post with the fields asked for; empty ones are left out, as Graph does."""
    account = store().accounts.get(NAME, post.account)
    whole: dict[str, Any] = {
        "id": post.id, "media_product_type": "THREADS",
        "media_type": post.extras.get("media_type", "TEXT_POST"), "permalink": post.url,
        "owner": {"id": account.id}, "username": post.account, "text": post.text,
        "timestamp": stamp(post.at), "shortcode": shortcode(post.id), "is_quote_post": False,
        "is_reply": bool(post.parent), "has_replies": bool(store().posts.replies(NAME, post.id)),
        "topic_tag": post.extras.get("topic_tag", ""),
        "link_attachment_url": (post.extras.get("card") or {}).get("url", ""),
        "reply_audience": post.extras.get("reply_control", "everyone").upper(),
        "alt_text": post.media[0]["alt"] if len(post.media) == 1 else "",
    }  # fmt: skip
    if post.media:
        blob = post.media[0]["blob"]
        whole["media_url"] = url_for("control.media", name=blob, _external=True)
    if post.parent:
        whole |= {"replied_to": {"id": post.parent}, "root_post": {"id": root(post).id}}
    known = {*whole, "children", "thumbnail_url", "quoted_post", "gif_url", "poll_attachment",
             "media_url", "replied_to", "root_post", "is_reply_owned_by_me",
             "hide_status"}  # fmt: skip
    for name in asked:
        if name.partition("{")[0] not in known:
            unfit(name)
    return {"id": post.id} | {
        name: whole[name] for name in asked if whole.get(name) not in (None, "")
    }


def listed(*, replies: bool) -> Iterator[Post]:
    """The caller's posts or replies that a listing shows by now, newest first."""
    return (
        post
        for post in store().posts.of(NAME, me().handle)
        if bool(post.parent) is replies and not late(post, "listing_seconds")
    )


def numbers(post: Post) -> dict[str, int]:
    """Insights of a post by Threads' names."""
    found = counts(post, len(store().posts.replies(NAME, post.id)))
    return {name: found[ours] for name, ours in METRICS.items()}
