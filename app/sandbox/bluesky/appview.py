"""The application view: profiles, counted posts, and the pages people read (§3)."""

from __future__ import annotations

from itertools import islice
from typing import Any
from urllib.parse import urlencode

from flask import redirect, request
from flask.typing import ResponseReturnValue

from app.sandbox import feed
from app.sandbox.bluesky.names import NAME, did_of, handle_of, name_of, person
from app.sandbox.bluesky.people import actor
from app.sandbox.bluesky.words import ROOM, answer, bp, invalid
from app.sandbox.control import base
from app.sandbox.records import Post, counts, iso
from app.sandbox.store import store

POSTS_A_CALL = 25


def basic(name: str) -> dict[str, Any]:
    """A person beside a post."""
    found = person(name)
    return {
        "did": did_of(name), "handle": handle_of(name), "displayName": found.name,
        "avatar": f"{base()}/_sandbox/avatar/{name}.png", "labels": [],
        "createdAt": iso(1_700_000_000),
    }  # fmt: skip


@bp.get("/xrpc/app.bsky.actor.getProfile")
@ROOM.operation("account")
def profile() -> ResponseReturnValue:
    name = actor(request.args.get("actor", ""))
    posts = sum(1 for _ in store().posts.of(NAME, name))
    seed = len(name) * 37
    return answer(
        {
            **basic(name), "description": "", "followersCount": 120 + seed,
            "followsCount": 40 + seed % 50, "postsCount": posts, "indexedAt": iso(1_700_000_000),
        }
    )  # fmt: skip


@bp.get("/xrpc/app.bsky.feed.getPosts")
@ROOM.operation("metrics")
def posts() -> ResponseReturnValue:
    """Posts by URI, at most 25; those that are gone are left out."""
    uris = request.args.getlist("uris") + request.args.getlist("uris[]")
    if not 1 <= len(uris) <= POSTS_A_CALL:
        raise invalid(f"array too big (maximum {POSTS_A_CALL}, got {len(uris)}) at $.uris")
    found = [store().posts.get(NAME, uri) for uri in uris]
    return answer({"posts": [view(post) for post in found if post is not None]})


@bp.get("/xrpc/app.bsky.feed.getAuthorFeed")
@ROOM.operation("lookup")
def author_feed() -> ResponseReturnValue:
    name = actor(request.args.get("actor", ""))
    limit = min(max(request.args.get("limit", 50, type=int), 1), 100)
    newest = islice(store().posts.of(NAME, name), limit)
    return answer({"feed": [{"post": view(post)} for post in newest]})


def view(post: Post) -> dict[str, Any]:
    """``app.bsky.feed.defs#postView``, without the embed's own view."""
    replies = len(store().posts.replies(NAME, post.id))
    found = counts(post, replies)
    return {
        "uri": post.id, "cid": post.extras["cid"], "author": basic(post.account),
        "record": post.extras["record"], "indexedAt": post.created_at, "labels": [],
        "likeCount": found["likes"], "repostCount": found["shares"],
        "replyCount": found["comments"], "quoteCount": found["quotes"],
        "bookmarkCount": found["saves"],
    }  # fmt: skip


@bp.get("/profile/<who>/post/<rkey>")
def post_page(who: str, rkey: str) -> ResponseReturnValue:
    """The page of a post, under its author's handle or DID."""
    name = name_of(who)
    uri = f"at://{did_of(name)}/app.bsky.feed.post/{rkey}"
    return feed.permalink(NAME, uri, handle=name)


@bp.get("/profile/<who>")
def profile_page(who: str) -> ResponseReturnValue:
    """Somebody's posts, on the feed page."""
    return redirect(f"{base()}/?{urlencode({'network': NAME, 'account': name_of(who)})}", 303)


@bp.get("/hashtag/<tag>")
def tag_page(tag: str) -> ResponseReturnValue:
    """There is no page of a tag here; the network's posts come nearest."""
    return redirect(f"{base()}/?{urlencode({'network': NAME})}", 303)
