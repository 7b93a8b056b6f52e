"""The feed: what the played networks show the world, for a person to look at."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.sandbox.faults import CALLS, FAULTS, WORDS
from app.sandbox.records import Post, counts
from app.sandbox.room import rooms
from app.sandbox.store import store

bp = Blueprint("feed", __name__, static_folder="static", static_url_path="/_sandbox/static")

SHOWN = 50
REFRESH_SECONDS = 3
_LINK = re.compile(r"https?://[^\s<>\"']{1,2000}")


@dataclass(frozen=True)
class Shown:
    """A post as the templates need it."""

    post: Post
    title: str  # of the network
    name: str  # of the account
    pieces: list[tuple[str, str]]  # text and link target, "" for plain text
    card: dict[str, str]
    parent: Post | None
    counts: dict[str, int]


def pieces(text: str) -> list[tuple[str, str]]:
    """The text cut into plain parts and http(s) links."""
    found: list[tuple[str, str]] = []
    place = 0
    for link in _LINK.finditer(text):
        url = link[0].rstrip(".,;:!?)")
        found.append((text[place : link.start()], ""))
        found.append((url, url))
        place = link.start() + len(url)
    found.append((text[place:], ""))
    return [piece for piece in found if piece[0]]


def shown(post: Post) -> Shown:
    """Everything the page says about a post."""
    room = rooms().get(post.network)
    # A room whose posts mark their own links says so; then nothing is linked or carded here.
    marked = post.extras.get("pieces")
    parts = pieces(post.text) if marked is None else [(text, link) for text, link in marked]
    links = [target for _, target in parts if target and marked is None]
    card = dict(post.extras.get("card") or {})
    if not card and links and not post.media:
        card = {"url": links[0], "title": urlsplit(links[0]).hostname or "", "description": ""}
    if not card.get("url", "").startswith(("https://", "http://")):
        card = {}
    account = store().accounts.get(post.network, post.account)
    parent = store().posts.get(post.network, post.parent, deleted=True) if post.parent else None
    replies = len(store().posts.replies(post.network, post.id))
    title = room.title if room else post.network
    return Shown(post, title, account.name, parts, card, parent, counts(post, replies))


@bp.get("/")
def index() -> ResponseReturnValue:
    """The newest posts; the page asks for itself again unless the panel is open."""
    network, account = request.args.get("network", ""), request.args.get("account", "")
    panel = "panel" in request.args
    newest = store().posts.newest(network=network, account=account)
    posts = [shown(post) for post in islice(newest, SHOWN)]
    response = make_response(
        render_template(
            "sandbox/feed.html",
            posts=posts,
            rooms=list(rooms().values()),
            network=network,
            account=account,
            panel=panel,
            problem=request.args.get("problem", "")[:200],
            faults=store().faults.all(),
            calls=CALLS,
            kinds=FAULTS,
            words=WORDS,
            refresh=0 if panel else REFRESH_SECONDS,
        )  # fmt: skip
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def permalink(network: str, post_id: str, *, handle: str = "") -> Response:
    """The page of one post with its thread; 404 in words where there is none.

    ``handle``: also 404 unless the post is that account's.
    """
    found = store().posts.get(network, post_id)
    if found is None or handle.lower() not in ("", found.account.lower()):
        return make_response(render_template("sandbox/gone.html", refresh=0), 404)
    above: list[Post] = []
    parent = store().posts.get(network, found.parent) if found.parent else None
    while parent is not None and len(above) < 100:
        above.append(parent)
        parent = store().posts.get(network, parent.parent) if parent.parent else None
    below = store().posts.replies(network, post_id)
    response = make_response(
        render_template(
            "sandbox/post.html",
            item=replace(shown(found), parent=None) if above else shown(found),
            refresh=0,
            above=[replace(shown(p), parent=None) for p in reversed(above)],
            below=[replace(shown(p), parent=None) for p in below],
        )  # fmt: skip
    )
    response.headers["Cache-Control"] = "no-store"
    return response
