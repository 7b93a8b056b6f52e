"""Submitting and deleting on the played Reddit (§2, §5)."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.sandbox.records import Post
from app.sandbox.reddit import checks, media
from app.sandbox.reddit.checks import Asked
from app.sandbox.reddit.desk import (
    NAME,
    ROOM,
    Refused,
    allowed,
    already,
    base,
    base36,
    bp,
    me,
    plain_error,
    refused,
    say,
    stop,
)
from app.sandbox.reddit.shapes import path
from app.sandbox.room import met
from app.sandbox.store import store

KINDS = ("self", "link", "image", "video", "videogif")
SUBMITS, SUBMIT_WINDOW = 60, 600.0
PROCESSING_SECONDS = 0.5


def fresh_id(kind: str) -> str:
    """A new full name: ``t3_…`` for a post, ``t1_…`` for a comment."""
    return f"{kind}_{base36(store().serial(bits=16))}"


def often() -> None:
    """How often one account may write; told in a 200, in words and seconds."""
    window = store().limits.hit(NAME, me().handle, "submit", SUBMITS, SUBMIT_WINDOW)
    if window.refused:
        seconds = max(window.reset - time.time(), 1.0)
        word = f"{int(seconds // 60)} minutes" if seconds >= 120 else f"{int(seconds)} seconds"
        raise Refused(
            refused(
                ("RATELIMIT", f"Looks like you've been doing that a lot. Take a break for {word} "
                 "before trying again.", "ratelimit"),
                ratelimit=round(seconds, 3),
            )
        )  # fmt: skip


@bp.post("/api/submit", strict_slashes=False)
@ROOM.operation("publish")
@allowed("submit")
def submit() -> ResponseReturnValue:
    """A text, a link, a picture or a video."""
    form = request.form
    if form.get("api_type") != "json":
        return say({"jquery": [[0, 1, "call", ["body"]]], "success": False})
    kind = form.get("kind", "")
    if kind not in KINDS:
        raise stop("INVALID_OPTION", "that option is not valid", "kind")
    asked = checks.asked(form, "video" if kind == "videogif" else kind)
    checks.check(asked)
    if kind == "self":
        often()
        return _made(_add(asked, []))
    if kind == "link":
        return _link(asked)
    files = _uploads(asked)
    often()
    return _later(asked, files)


def _link(asked: Asked) -> Response:
    with store().lock:
        if not asked.resubmit and _stands(asked):
            return already()
        often()
        return _made(_add(asked, []))


def _stands(asked: Asked) -> bool:
    """Whether anybody has that link standing in the subreddit."""
    return any(
        post.extras.get("url") == asked.url and post.extras["sr"] == asked.place.name
        and not post.deleted and post.extras["kind"] == "link"
        for post in store().posts.newest(network=NAME)
        if post.id.startswith("t3_")
    )  # fmt: skip


def _uploads(asked: Asked) -> list[dict[str, Any]]:
    found = media.by_url(asked.url, asked.kind)
    if found is None:
        raise stop("BAD_URL", "you should check that url", "url")
    if asked.kind == "image":
        return [found]
    poster = media.by_url(request.form.get("video_poster_url", ""), "image")
    if poster is None:
        raise stop("NO_URL", "a url is required", "video_poster_url")
    return [found]


def _add(asked: Asked, files: list[dict[str, Any]], visible_at: float = 0.0) -> Post:
    post_id = fresh_id("t3")
    text = f"{asked.title}\n\n{asked.text}".strip()
    url = asked.url if asked.kind == "link" else ""
    extras: dict[str, Any] = {
        "sr": asked.place.name, "title": asked.title, "text": asked.text, "kind": asked.kind,
        "url": asked.url, "nsfw": asked.nsfw, "spoiler": asked.spoiler,
        "flair_id": asked.flair_id, "flair_text": asked.flair_text,
        "sendreplies": asked.sendreplies, "visible_at": visible_at,
        "removed_by_category": "automod_filtered" if "[removeme]" in text else None,
    }  # fmt: skip
    if url:
        extras["card"] = {"url": url, "title": urlsplit(url).hostname or "", "description": ""}
        text = f"{asked.title}\n\n{url}\n\n{asked.text}".strip()
    attached = [{"blob": one["blob"], "mime": one["mime"], "alt": ""} for one in files]
    post = Post(NAME, me().handle, post_id, text, time.time(), attached, extras=extras)
    post.url = base() + path(post)
    return store().posts.add(post)


def _made(post: Post) -> Response:
    data = {"url": post.url, "drafts_count": 0, "id": post.id[3:], "name": post.id}
    return say({"json": {"errors": [], "data": data}})


def _later(asked: Asked, files: list[dict[str, Any]]) -> Response:
    """Accepted: the post is made afterwards, or never, and its id is not told."""
    wait = me().extras.get("processing", PROCESSING_SECONDS)
    hit = met()
    never = wait == "fail" or (hit is not None and hit.kind == "processing")
    if not never and all(media.readable(one) for one in files):
        _add(asked, files, time.time() + float(wait))
    data = {
        "user_submitted_page": f"{base()}/user/{me().handle}/submitted/",
        "websocket_url": f"wss://ws-{fresh_id('ws')}.wss.redditmedia.com/",
    }
    return say({"json": {"errors": [], "data": data}})


@bp.post("/api/submit_gallery_post.json", strict_slashes=False)
@ROOM.operation("publish")
@allowed("submit")
def gallery() -> ResponseReturnValue:
    """Two to twenty pictures, asked for in JSON; errors are a list."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or body.get("api_type") != "json":
        return plain_error(400, "Bad Request")
    asked = checks.asked({name: _text(value) for name, value in body.items()}, "gallery")
    try:
        checks.check(asked)
        files = _items(body.get("items"))
        if not asked.place.says("allow_galleries"):
            raise stop("GALLERIES_DISABLED", "that community does not allow galleries", "sr")
        often()
    except Refused as error:
        return _as_list(error)
    return _made(_add(asked, files))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as_list(error: Refused) -> Response:
    """The gallery's refusals come as a bare list (§2)."""
    answer = error.response
    assert isinstance(answer, Response)
    found = answer.get_json()
    return say(found["json"]["errors"]) if "json" in found else answer


def _items(items: object) -> list[dict[str, Any]]:
    rows = items if isinstance(items, list) else []
    if not 2 <= len(rows) <= 20:
        raise stop("INVALID_OPTION", "a gallery has 2 to 20 items", "items")
    found = [media.by_id(str(row.get("media_id"))) for row in rows if isinstance(row, dict)]
    if len(found) != len(rows) or any(one is None for one in found):
        raise stop("INVALID_OPTION", "that media is not valid", "items")
    if any(len(str(row.get("caption", ""))) > 180 for row in rows):
        raise stop("TOO_LONG", "this is too long (max: 180)", "items")
    return [one for one in found if one is not None]


@bp.post("/api/del", strict_slashes=False)
@ROOM.operation("delete")
@allowed("edit")
def delete() -> ResponseReturnValue:
    """Take down one's own; what is gone already is done."""
    name = request.form.get("id", "")
    post = store().posts.get(NAME, name)
    if post is not None and post.account.lower() != me().handle.lower():
        return plain_error(403, "Forbidden")
    store().posts.remove(NAME, name)
    return say({})
