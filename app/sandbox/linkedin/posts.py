"""Creating, reading and deleting posts on the played LinkedIn."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox import feed
from app.sandbox.linkedin import media
from app.sandbox.linkedin.desk import allowed, author, body, granted, me, page, pages, person, query
from app.sandbox.linkedin.text import read
from app.sandbox.linkedin.words import NAME, ROOM, bp, denied, duplicate, invalid, no, say
from app.sandbox.records import Account, Post
from app.sandbox.store import store

LIMIT, ALT, TITLE, DESCRIPTION = 3000, 4086, 400, 4086
DUPLICATE_SECONDS = 24 * 3600
WRITES = ("w_member_social", "w_organization_social")
FIELDS = {
    "author", "commentary", "visibility", "distribution", "lifecycleState",
    "isReshareDisabledByAuthor", "content", "reshareContext", "contentLandingPage",
    "contentCallToActionLabel",
}  # fmt: skip
NEEDED = ("author", "commentary", "visibility", "distribution", "lifecycleState")


@bp.post("/rest/posts")
@ROOM.operation("publish")
@allowed(*WRITES, counted=True)
def create() -> ResponseReturnValue:
    """Publish a post: 201, no body, its URN in a header."""
    asked = body()
    for name in sorted(set(asked) - FIELDS):
        invalid(f"/{name}", "unrecognized field found but not allowed", "UNPERMITTED_FIELD")
    for name in NEEDED:
        if asked.get(name) is None:
            invalid(f"/{name}", "field is required but not found", "MISSING_FIELD")
    who = author(asked["author"], "author")
    _plain_fields(asked, who)
    shown = read(asked["commentary"])
    if len(shown) > LIMIT:
        no(400, "FIELD_LENGTH_TOO_LONG", "The commentary is too long", field="/commentary")
    content = asked.get("content")
    files, card = _content(content, asked["author"]) if content is not None else ([], {})
    if not shown.strip() and content is None:
        invalid("/commentary", "The post is empty", "INVALID_VALUE_BLANK_FIELD")
    key = _sameness(asked)
    with store().lock:
        before = _standing(key)
        if before is not None:
            return duplicate(before.id)
        post = _add(who, asked, shown, files, card)
        store().table("linkedin.recent").put(key, {"urn": post.id})
    return say(None, 201, x_restli_id=post.id, Location=f"/posts/{post.id}")


def _plain_fields(asked: dict[str, Any], who: Account) -> None:
    seen = ("PUBLIC", "LOGGED_IN") if who is not me() else ("PUBLIC", "CONNECTIONS", "LOGGED_IN")
    if asked["visibility"] not in seen:
        invalid("/visibility", "visibility is not valid for this author")
    if asked["lifecycleState"] != "PUBLISHED":
        invalid("/lifecycleState", "lifecycleState must be PUBLISHED")
    spread = asked["distribution"]
    if not isinstance(spread, dict) or spread.get("feedDistribution") != "MAIN_FEED":
        invalid("/distribution/feedDistribution", "feedDistribution must be MAIN_FEED")
    if not isinstance(asked["commentary"], str):
        invalid("/commentary", "commentary is not a string")
    if not isinstance(asked.get("isReshareDisabledByAuthor", False), bool):
        invalid("/isReshareDisabledByAuthor", "not a boolean")


def _content(content: Any, owner: str) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Files and link card of a post."""
    if not isinstance(content, dict) or len(content) != 1:
        invalid("/content", "content has exactly one member")
    ((kind, given),) = content.items()
    if not isinstance(given, dict):
        invalid(f"/content/{kind}", "not an object")
    if kind == "media":
        film = str(given.get("id")).startswith("urn:li:video:")
        return [_file(given, owner, "video" if film else "image")], {}
    if kind == "multiImage":
        rows = given.get("images")
        if not isinstance(rows, list) or not 2 <= len(rows) <= 20:
            invalid("/content/multiImage/images", "2 to 20 images are needed")
        return [_file(row if isinstance(row, dict) else {}, owner, "image") for row in rows], {}
    if kind != "article":
        invalid(f"/content/{kind}", "unrecognized field found", "UNPERMITTED_FIELD")
    return [], _article(given, owner)


def _file(given: dict[str, Any], owner: str, kind: str) -> dict[str, Any]:
    urn = given.get("id")
    found = media.asset(urn, kind)
    if found is None or found["owner"] != owner:
        no(400, f"INVALID_{kind.upper()}_ID", f"The {kind} is not one of the author's",
           field="/content/media/id")  # fmt: skip
    state = media.state(found)
    if state in ("WAITING_UPLOAD", "PROCESSING"):
        no(400, "MEDIA_ASSET_WAITING_UPLOAD", f"Media asset {urn} is {state}", field="/content")
    if state == "PROCESSING_FAILED":
        no(400, "MEDIA_ASSET_PROCESSING_FAILED", f"Media asset {urn} failed", field="/content")
    alt, title = given.get("altText", ""), given.get("title", "")
    for name, text, most in (("altText", alt, ALT), ("title", title, TITLE)):
        if not isinstance(text, str) or len(text) > most:
            no(400, "FIELD_LENGTH_TOO_LONG", f"{name} is too long", field=f"/content/media/{name}")
    return {"blob": found["blob"], "mime": found["mime"], "alt": alt, "urn": urn, "title": title}


def _article(given: dict[str, Any], owner: str) -> dict[str, str]:
    for name in sorted(set(given) - {"source", "title", "description", "thumbnail"}):
        invalid(f"/content/article/{name}", "unrecognized field", "UNPERMITTED_FIELD")
    source = given.get("source")
    if not isinstance(source, str) or not source.startswith(("http://", "https://")):
        invalid("/content/article/source", "source is not a URL")
    title, description = given.get("title"), given.get("description", "")
    if not isinstance(title, str) or not title:
        invalid("/content/article/title", "field is required but not found", "MISSING_FIELD")
    if len(title) > TITLE or len(description) > DESCRIPTION:
        no(400, "FIELD_LENGTH_TOO_LONG", "The article's text is too long",
           field="/content/article")  # fmt: skip
    picture = given.get("thumbnail")
    blob = _file({"id": picture}, owner, "image")["blob"] if picture else ""
    return {"url": source, "title": title, "description": description, "blob": blob}


def _sameness(asked: dict[str, Any]) -> str:
    """What makes two posts equal: author, text and what they carry."""
    same = [asked["author"], asked["commentary"], asked.get("content")]
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


def _standing(key: str) -> Post | None:
    row = store().table("linkedin.recent").get(key)
    post = store().posts.get(NAME, row["urn"]) if row else None
    return post if post is not None and time.time() - post.at < DUPLICATE_SECONDS else None


def _add(
    who: Account, asked: dict[str, Any], shown: str, files: list[dict[str, Any]],
    card: dict[str, str],
) -> Post:  # fmt: skip
    film = bool(files) and files[0]["mime"].startswith("video/")
    urn = f"urn:li:{'ugcPost' if film else 'share'}:{store().serial(bits=22)}"
    extras: dict[str, Any] = {
        "body": asked, "author": asked["author"],
        # LinkedIn makes no card of a link in the text.
        "pieces": [[text, link] for text, link in feed.pieces(shown)],
    }  # fmt: skip
    if card:
        extras["card"] = card
    url = url_for("linkedin.permalink", urn=urn, _external=True)
    return store().posts.add(
        Post(NAME, who.handle, urn, shown, time.time(), files, "", url, extras=extras)
    )


def own(post: Post) -> bool:
    """Whether the member of the request may act for its author."""
    mine = [person(me()), *(page(account) for account, _ in pages())]
    return post.extras.get("author") in mine


def readable(post_author: str) -> None:
    """Reading is for those with the scope: hardly any member, and pages."""
    scope = "r_organization_social" if ":organization:" in post_author else "r_member_social"
    if scope not in granted():
        denied("posts.GET")


@bp.get("/rest/posts")
@ROOM.operation("lookup")
@allowed()
def listing() -> ResponseReturnValue:
    """An author's posts, newest change first."""
    if request.args.get("q") != "author":
        invalid("q", "Finder is not supported", "ILLEGAL_ARGUMENT")
    wanted = query("author")
    readable(wanted)
    start = request.args.get("start", 0, type=int)
    count = min(request.args.get("count", 10, type=int), 100)
    rows = [
        shown(post)
        for post in store().posts.newest(network=NAME)
        if post.extras.get("author") == wanted and not post.deleted and not post.parent
    ]
    paging = {"start": start, "count": count, "links": []}
    return say({"paging": paging, "elements": rows[start : start + count]})


def shown(post: Post) -> dict[str, Any]:
    """A post as its readers get it; times in milliseconds."""
    at = int(post.at * 1000)
    return {
        **post.extras["body"],
        "id": post.id,
        "createdAt": at,
        "publishedAt": at,
        "lastModifiedAt": at,
    }


@bp.get("/rest/posts/<urn>")
@ROOM.operation("lookup")
@allowed()
def one(urn: str) -> ResponseReturnValue:
    """One post."""
    post = store().posts.get(NAME, urn, deleted=True)
    readable(post.extras["author"] if post else person(me()))
    if post is None or post.deleted or me().extras.get("ghosts"):
        no(404, "RESOURCE_NOT_FOUND", "Could not find entity")
    return say(shown(post))


@bp.delete("/rest/posts/<urn>")
@ROOM.operation("delete")
@allowed(*WRITES)
def delete(urn: str) -> ResponseReturnValue:
    """Take a post down: 204, again and again."""
    post = store().posts.get(NAME, urn)
    if post is not None and not own(post):
        denied("posts.DELETE")
    store().posts.remove(NAME, urn)
    return say(None, 204)


@bp.get("/feed/update/<urn>/")
def permalink(urn: str) -> ResponseReturnValue:
    """The post's page."""
    return feed.permalink(NAME, urn)
