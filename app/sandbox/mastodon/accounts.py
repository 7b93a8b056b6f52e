"""People and their posts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import urlencode

from flask import Response, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox.mastodon import shapes, words
from app.sandbox.mastodon.desk import NAME, PREFIX, ROOM, base, me, route, signed_in
from app.sandbox.records import Post
from app.sandbox.store import store

PAGE, MOST = 20, 40


@route("/api/v1/accounts/verify_credentials")
@ROOM.operation("account")
@signed_in("profile", "read:accounts")
def verify_credentials() -> ResponseReturnValue:
    return shapes.credentials(me())


@route("/api/v1/accounts/lookup")
@ROOM.operation("account")
def lookup() -> ResponseReturnValue:
    handle = request.args.get("acct", "").lstrip("@").partition("@")[0].lower()
    known = (a for a in store().accounts.known(NAME) if a.handle.lower() == handle)
    found = next(known, None)
    return shapes.account(found) if found else words.no(404, "not_found")


@route("/api/v1/accounts/<account_id>")
@ROOM.operation("account")
def account(account_id: str) -> ResponseReturnValue:
    found = store().accounts.by_id(NAME, account_id)
    return shapes.account(found) if found else words.no(404, "not_found")


@route("/api/v1/accounts/<account_id>/statuses")
@ROOM.operation("lookup")
@signed_in("read:statuses")
def statuses(account_id: str) -> ResponseReturnValue:
    """An account's posts, newest first, a page at a time."""
    found = store().accounts.by_id(NAME, account_id)
    if found is None:
        return words.no(404, "not_found")
    posts = [] if "pinned" in request.args else _page(store().posts.of(NAME, found.handle))
    return _listed(posts, f"/api/v1/accounts/{account_id}/statuses")


@route("/api/v1/timelines/public")
@route("/api/v1/timelines/home")
@ROOM.operation("lookup")
@signed_in("read:statuses")
def timeline() -> ResponseReturnValue:
    """Everybody follows everybody here."""
    posts = (p for p in store().posts.newest(network=NAME) if not p.deleted)
    return _listed(_page(posts), request.path.removeprefix(PREFIX).rstrip("/"))


def _page(posts: Iterable[Post]) -> list[Post]:
    """A page of those the caller may see, narrowed down as asked."""
    limit = min(max(request.args.get("limit", PAGE, type=int), 1), MOST)
    return list(islice(_wanted(posts), limit))


def _wanted(posts: Iterable[Post]) -> Iterator[Post]:
    below = request.args.get("max_id", type=int)
    above = request.args.get("since_id", type=int) or request.args.get("min_id", type=int)
    for post in posts:
        own = post.account.lower() == me().handle.lower()
        if not own and post.extras["visibility"] not in ("public", "unlisted"):
            continue
        if request.args.get("only_media") in ("true", "1") and not post.media:
            continue
        if request.args.get("exclude_replies") in ("true", "1") and post.parent:
            continue
        if (below and int(post.id) >= below) or (above and int(post.id) <= above):
            continue
        yield post


def _listed(posts: list[Post], path: str) -> Response:
    """A page as JSON, with the way to the pages beside it."""
    response = jsonify([shapes.status(post) for post in posts])
    if posts:
        url = base() + path
        older, newer = urlencode({"max_id": posts[-1].id}), urlencode({"min_id": posts[0].id})
        response.headers["Link"] = f'<{url}?{older}>; rel="next", <{url}?{newer}>; rel="prev"'
    return response


@route("/@<handle>")
def profile(handle: str) -> ResponseReturnValue:
    """An account's page: the feed, narrowed down."""
    return redirect(url_for("feed.index", network=NAME, account=handle), 302)
