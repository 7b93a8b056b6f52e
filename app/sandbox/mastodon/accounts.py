"""People and their posts."""

from __future__ import annotations

from itertools import islice
from urllib.parse import urlencode

from flask import Response, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox.mastodon import shapes, words
from app.sandbox.mastodon.desk import NAME, ROOM, base, me, route, signed_in
from app.sandbox.records import Account, Post
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
    limit = min(max(request.args.get("limit", PAGE, type=int), 1), MOST)
    posts = list(islice(_listed(found), limit)) if "pinned" not in request.args else []
    response = jsonify([shapes.status(post) for post in posts])
    return _linked(response, account_id, posts)


def _listed(found: Account) -> list[Post]:
    """The posts the caller may see, narrowed down as asked."""
    own = found.handle.lower() == me().handle.lower()
    below = request.args.get("max_id", type=int)
    above = request.args.get("since_id", type=int) or request.args.get("min_id", type=int)
    wanted = []
    for post in store().posts.of(NAME, found.handle):
        if not own and post.extras["visibility"] not in ("public", "unlisted"):
            continue
        if request.args.get("only_media") in ("true", "1") and not post.media:
            continue
        if request.args.get("exclude_replies") in ("true", "1") and post.parent:
            continue
        if (below and int(post.id) >= below) or (above and int(post.id) <= above):
            continue
        wanted.append(post)
    return wanted


def _linked(response: Response, account_id: str, posts: list[Post]) -> Response:
    if posts:
        url = f"{base()}/api/v1/accounts/{account_id}/statuses"
        older, newer = urlencode({"max_id": posts[-1].id}), urlencode({"min_id": posts[0].id})
        response.headers["Link"] = f'<{url}?{older}>; rel="next", <{url}?{newer}>; rel="prev"'
    return response


@route("/@<handle>")
def profile(handle: str) -> ResponseReturnValue:
    """An account's page: the feed, narrowed down."""
    return redirect(url_for("feed.index", network=NAME, account=handle), 302)
