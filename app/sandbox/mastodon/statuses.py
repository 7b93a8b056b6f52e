"""Posts: made once per ``Idempotency-Key``, shown, counted, taken down (§2, §3, §6)."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.sandbox import feed
from app.sandbox.mastodon import html, media, server, shapes, words
from app.sandbox.mastodon.auth import app_of
from app.sandbox.mastodon.desk import NAME, ROOM, base, count, grant, me, route, signed_in
from app.sandbox.records import Post
from app.sandbox.store import store

KEY_SECONDS = 3600
VISIBILITIES = ("public", "unlisted", "private", "direct")
BATCH = 20
BLANK = "\t\n\v\f\r \0"
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2}|-[A-Z][a-z]{3})?")


@dataclass(frozen=True)
class Draft:
    """What was asked for, from a form or from JSON."""

    text: str
    media_ids: list[str] = field(default_factory=list)
    parent: str = ""
    spoiler: str = ""
    sensitive: bool = False
    visibility: str = ""
    language: str = ""
    later: bool = False  # scheduled_at or a poll: not played here


def draft() -> Draft:
    """Read the request; form fields carry brackets, JSON does not."""
    if request.is_json:
        found = request.get_json(silent=True)
        given: dict[str, Any] = found if isinstance(found, dict) else {}
        ids = given.get("media_ids") or []
    else:
        given = {name: request.form[name] for name in request.form}
        ids = request.form.getlist("media_ids[]") or request.form.getlist("media_ids")
    later = any(name == "scheduled_at" or name.startswith("poll") for name in given)
    return Draft(
        text=str(given.get("status") or "").strip(BLANK),
        media_ids=[str(one) for one in ids] if isinstance(ids, list) else [],
        parent=str(given.get("in_reply_to_id") or ""),
        spoiler=str(given.get("spoiler_text") or "").strip(BLANK),
        sensitive=str(given.get("sensitive") or "").lower() in ("true", "1", "on"),
        visibility=str(given.get("visibility") or ""),
        language=str(given.get("language") or ""),
        later=later and any(given.get(name) for name in given if name != "status"),
    )


@route("/api/v1/statuses", "POST")
@ROOM.operation("publish")
@signed_in("write:statuses")
def publish() -> ResponseReturnValue:
    asked = draft()
    if asked.later:
        return words.said(422, "Validation failed: polls and scheduled_at are not played here")
    # One lock from the key to the post: a second call with the key sees the first one's post.
    with store().lock:
        if asked.parent and store().posts.get(NAME, asked.parent) is None:
            return words.no(404, "parent_gone")
        key = request.headers.get("Idempotency-Key", "")
        if key and (first := _first(key)):
            kept = store().posts.get(NAME, first)
            return shapes.status(kept) if kept else words.no(404, "not_found")
        files: list[dict[str, Any]] = []
        refused = _attach(asked, files) or _invalid(asked) or count("statuses", me().handle)
        if refused is not None:
            return refused
        post = _add(asked, files)
        if key:
            row = {"id": post.id, "at": time.time()}
            store().table("mastodon.keys").put(f"{me().handle.lower()}\0{key}", row)
    return shapes.status(post)


def _first(key: str) -> str:
    """The post made under a key within the hour, or ``""``."""
    found = store().table("mastodon.keys").get(f"{me().handle.lower()}\0{key}")
    return str(found["id"]) if found and time.time() - found["at"] < KEY_SECONDS else ""


def _attach(asked: Draft, files: list[dict[str, Any]]) -> Response | None:
    """Find the files named, or say what is wrong with them."""
    if len(asked.media_ids) > server.MAX_MEDIA:
        return words.no(422, "media_many", limit=server.MAX_MEDIA)
    found = {one: media.find(one, me().handle) for one in asked.media_ids}
    missing = [one for one, row in found.items() if row is None]
    if missing:
        return words.no(422, "media_unknown", ids=", ".join(missing))
    files.extend(row for row in found.values() if row is not None)
    if len(files) > 1 and any(row["kind"] != "image" for row in files):
        return words.no(422, "media_mixed")
    if not all(media.done(row) for row in files):
        return words.no(422, "not_ready")
    return None


def _invalid(asked: Draft) -> Response | None:
    if not asked.text and not asked.media_ids and not asked.spoiler:
        return words.no(422, "blank")
    limit = server.max_characters()
    if html.length(asked.text, asked.spoiler, server.URL_LENGTH) > limit:
        return words.no(422, "long", limit=limit)
    if asked.visibility and asked.visibility not in VISIBILITIES:
        return words.no(422, "invalid", what="Visibility")
    return None


def _add(asked: Draft, files: list[dict[str, Any]]) -> Post:
    """Keep the post and take its files off the shelf."""
    number = str(store().serial())
    for row in files:
        row["status"] = number
        store().table("mastodon.media").put(row["id"], row)
    app = app_of(grant().client_id) or {}
    post = Post(
        NAME,
        me().handle,
        number,
        asked.text,
        time.time(),
        [{"blob": row["blob"], "mime": row["mime"], "alt": row["alt"]} for row in files],
        asked.parent,
        f"{base()}/@{me().handle}/{number}",
    )
    post.extras = {
        "visibility": asked.visibility or me().extras.get("privacy", "public"),
        "sensitive": asked.sensitive or bool(asked.spoiler),
        "spoiler_text": asked.spoiler,
        # An unknown language is no fault: the account's own is taken.
        "language": asked.language if LANGUAGE.fullmatch(asked.language) else "en",
        "application": {"name": app.get("name", ""), "website": app.get("website")},
        "files": files,
        "key": request.headers.get("Idempotency-Key", ""),
    }
    return store().posts.add(post)


def _seen(status_id: str) -> Post | None:
    """A post the caller may see: followers-only and direct ones are their author's."""
    found = store().posts.get(NAME, status_id)
    if found is None or found.extras["visibility"] in ("public", "unlisted"):
        return found
    return found if found.account.lower() == me().handle.lower() else None


@route("/api/v1/statuses")
@ROOM.operation("metrics")
@signed_in("read:statuses")
def several() -> ResponseReturnValue:
    """Up to twenty posts by id; those that are gone are left out."""
    asked = list(dict.fromkeys(request.args.getlist("id[]")))
    if len(asked) > BATCH:
        return words.no(422, "invalid", what=f"More than {BATCH} ids")
    return [shapes.status(post) for one in asked if (post := _seen(one))]


@route("/api/v1/statuses/<status_id>")
@ROOM.operation("metrics")
@signed_in("read:statuses")
def one(status_id: str) -> ResponseReturnValue:
    post = _seen(status_id)
    return shapes.status(post) if post else words.no(404, "not_found")


@route("/api/v1/statuses/<status_id>", "DELETE")
@ROOM.operation("delete")
@signed_in("write:statuses")
def delete(status_id: str) -> ResponseReturnValue:
    if refused := count("deletes", me().handle):
        return refused
    post = _seen(status_id)
    if post is None or post.account.lower() != me().handle.lower():
        return words.no(404, "not_found")
    answer = {**shapes.status(post), "text": post.text}
    del answer["content"]
    store().posts.remove(NAME, status_id)
    return answer


@route("/api/v1/statuses/<status_id>/source")
@ROOM.operation("metrics")
@signed_in("read:statuses")
def source(status_id: str) -> ResponseReturnValue:
    """The text as it was written."""
    post = _seen(status_id)
    if post is None:
        return words.no(404, "not_found")
    return {"id": post.id, "text": post.text, "spoiler_text": post.extras["spoiler_text"]}


@route("/api/v1/statuses/<status_id>/context")
@ROOM.operation("metrics")
@signed_in("read:statuses")
def context(status_id: str) -> ResponseReturnValue:
    """The thread around a post: what it answers, and what answers it."""
    post = _seen(status_id)
    if post is None:
        return words.no(404, "not_found")
    above: list[Post] = []
    parent = _seen(post.parent) if post.parent else None
    while parent is not None:
        above.insert(0, parent)
        parent = _seen(parent.parent) if parent.parent else None
    below, waiting = [], [post]
    while waiting:
        answers = [p for p in store().posts.replies(NAME, waiting.pop(0).id) if _seen(p.id)]
        below += answers
        waiting += answers
    return {
        "ancestors": [shapes.status(p) for p in above],
        "descendants": [shapes.status(p) for p in below],
    }


@route("/@<handle>/<status_id>")
def permalink(handle: str, status_id: str) -> ResponseReturnValue:
    """The post as a page."""
    return feed.permalink(NAME, status_id, handle=handle)
