"""Reading on the played X: people, posts, an account's newest posts, pages for a person."""

from __future__ import annotations

import time
from datetime import datetime
from itertools import islice
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox import feed
from app.sandbox.records import Account, Post
from app.sandbox.store import store
from app.sandbox.x.desk import NAME, ROOM, allowed, bp, invalid, me, missing, say
from app.sandbox.x.shapes import POST_FIELDS, USER_FIELDS, attached, tweet, user

LISTED = {
    "max_results", "start_time", "end_time", "since_id", "until_id", "exclude",
    "pagination_token", "tweet.fields", "expansions", "media.fields", "user.fields",
    "poll.fields", "place.fields",
}  # fmt: skip
EXPANSIONS = [
    "author_id", "attachments.media_keys", "referenced_tweets.id", "in_reply_to_user_id",
    "referenced_tweets.id.author_id", "attachments.poll_ids", "entities.mentions.username",
    "geo.place_id", "edit_history_tweet_ids",
]  # fmt: skip
LOOKED_UP = {
    "ids", "tweet.fields", "expansions", "media.fields", "user.fields", "poll.fields",
    "place.fields",
}  # fmt: skip


def _known(names: set[str]) -> None:
    """X refuses query parameters it does not know."""
    for name, value in request.args.items():
        if name not in names:
            invalid(
                f"The query parameter [{name}] is not one of [{sorted(names)}]", **{name: value}
            )


def _fields(name: str, known: list[str]) -> set[str]:
    asked = {word for word in request.args.get(name, "").split(",") if word}
    for word in asked:
        if word not in known:
            invalid(f"The `{name}` query parameter value [{word}] is not valid", **{name: word})
    return asked


def _base() -> str:
    return request.host_url.rstrip("/")


@bp.get("/2/users/me")
@ROOM.operation("account")
@allowed("me", "users.read", "tweet.read")
def myself() -> ResponseReturnValue:
    _known({"user.fields", "tweet.fields", "expansions"})
    return say({"data": user(me(), _fields("user.fields", USER_FIELDS), _base())})


@bp.get("/2/users/by")
@ROOM.operation("account")
@allowed("user", "users.read", "tweet.read")
def by_names() -> ResponseReturnValue:
    """Up to a hundred people by handle."""
    _known({"usernames", "user.fields", "tweet.fields", "expansions"})
    names = [name for name in request.args.get("usernames", "").split(",") if name]
    if not 1 <= len(names) <= 100:
        invalid("The `usernames` query parameter takes 1 to 100 names.", usernames=len(names))
    fields = _fields("user.fields", USER_FIELDS)
    return say(
        {"data": [user(store().accounts.get(NAME, name), fields, _base()) for name in names]}
    )


@bp.get("/2/users/by/username/<handle>")
@ROOM.operation("account")
@allowed("user", "users.read", "tweet.read")
def by_name(handle: str) -> ResponseReturnValue:
    account = store().accounts.get(NAME, handle)
    return say({"data": user(account, _fields("user.fields", USER_FIELDS), _base())})


@bp.get("/2/users/<number>")
@ROOM.operation("account")
@allowed("user", "users.read", "tweet.read")
def by_id(number: str) -> ResponseReturnValue:
    account = store().accounts.by_id(NAME, number)
    if account is None:
        return say({"errors": [missing("user", "id", number)]})
    return say({"data": user(account, _fields("user.fields", USER_FIELDS), _base())})


@bp.get("/2/tweets")
@ROOM.operation("metrics")
@allowed("posts", "tweet.read", "users.read")
def lookup() -> ResponseReturnValue:
    """Up to a hundred posts; what is gone is among ``errors``."""
    _known(LOOKED_UP)
    ids = [one for one in request.args.get("ids", "").split(",") if one]
    if not 1 <= len(ids) <= 100:
        invalid("The `ids` query parameter takes 1 to 100 ids.", ids=len(ids))
    if any(not one.isdigit() or len(one) > 19 for one in ids):
        invalid("The `ids` query parameter value is not valid", ids=",".join(ids)[:100])
    return _several(ids)


def _several(ids: list[str]) -> ResponseReturnValue:
    fields = _fields("tweet.fields", POST_FIELDS)
    found = {one: store().posts.get(NAME, one) for one in dict.fromkeys(ids)}
    body: dict[str, Any] = {}
    data = [_shown(post, fields) for post in found.values() if post is not None]
    errors = [missing("tweet", "ids", one) for one, post in found.items() if post is None]
    if data:
        body["data"] = data
    body |= _includes([post for post in found.values() if post is not None])
    if errors:
        body["errors"] = errors
    return say(body)


def _includes(posts: list[Post]) -> dict[str, Any]:
    """The other objects asked for by ``expansions``."""
    asked = _fields("expansions", EXPANSIONS)
    found: dict[str, Any] = {}
    if "author_id" in asked:
        fields = _fields("user.fields", USER_FIELDS)
        handles = dict.fromkeys(post.account for post in posts)
        found["users"] = [user(store().accounts.get(NAME, h), fields, _base()) for h in handles]
    if "attachments.media_keys" in asked:
        found["media"] = [attached(item, _base()) for post in posts for item in post.media]
    if "referenced_tweets.id" in asked:
        parents = [store().posts.get(NAME, post.parent) for post in posts if post.parent]
        fields = _fields("tweet.fields", POST_FIELDS)
        found["tweets"] = [_shown(parent, fields) for parent in parents if parent is not None]
    full = {name: rows for name, rows in found.items() if rows}
    return {"includes": full} if full else {}


def _shown(post: Post, fields: set[str]) -> dict[str, Any]:
    """Numbers that are not public are for the author, within 30 days."""
    private = {"non_public_metrics", "organic_metrics", "promoted_metrics"}
    young = time.time() - post.at < 30 * 86_400
    if post.account.lower() != me().handle.lower() or not young:
        fields = fields - private
    return tweet(post, fields)


@bp.get("/2/tweets/<post_id>")
@ROOM.operation("lookup")
@allowed("posts", "tweet.read", "users.read")
def one(post_id: str) -> ResponseReturnValue:
    """One post."""
    fields = _fields("tweet.fields", POST_FIELDS)
    post = store().posts.get(NAME, post_id)
    if post is None:
        return say({"errors": [missing("tweet", "id", post_id)]})
    return say({"data": _shown(post, fields), **_includes([post])})


@bp.get("/2/users/<number>/tweets")
@ROOM.operation("lookup")
@allowed("timeline", "tweet.read", "users.read")
def timeline(number: str) -> ResponseReturnValue:
    """An account's posts, newest first, by pages."""
    _known(LISTED)
    account = store().accounts.by_id(NAME, number)
    if account is None:
        return say({"errors": [missing("user", "id", number)]})
    size = request.args.get("max_results", 10, type=int)
    if not 5 <= size <= 100:
        invalid("The `max_results` query parameter value is not between 5 and 100",
                max_results=size)  # fmt: skip
    fields = _fields("tweet.fields", POST_FIELDS)
    rows = _matching(account)
    skip = _token()
    page = list(islice(rows, skip, skip + size + 1))
    body: dict[str, Any] = {}
    shown = page[:size]
    meta: dict[str, Any] = {"result_count": len(shown)}
    if shown:
        body["data"] = [_shown(post, fields) for post in shown]
        body |= _includes(shown)
        meta |= {"newest_id": shown[0].id, "oldest_id": shown[-1].id}
    if len(page) > size:
        meta["next_token"] = f"p{skip + size}"
    body["meta"] = meta
    return say(body)


def _token() -> int:
    token = request.args.get("pagination_token", "p0")
    if not token.startswith("p") or not token[1:].isdigit():
        invalid("The `pagination_token` query parameter value is not valid",
                pagination_token=token)  # fmt: skip
    return int(token[1:])


def _matching(account: Account) -> Any:
    since, until = _time("start_time"), _time("end_time")
    without_replies = "replies" in request.args.get("exclude", "").split(",")
    since_id = int(request.args.get("since_id", "0"))
    until_id = int(request.args.get("until_id", "0")) or 2**63
    return (
        post
        for post in store().posts.of(NAME, account.handle)
        if (since is None or int(post.at) >= since)
        and (until is None or post.at < until)
        and since_id < int(post.id) < until_id
        and not (without_replies and post.parent)
    )


def _time(name: str) -> float | None:
    text = request.args.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or "T" not in text:
        invalid(f"The `{name}` query parameter value [{text}] is not a valid RFC3339 time",
                **{name: text})  # fmt: skip
    return found.timestamp()


@bp.get("/<handle>/status/<post_id>")
def permalink(handle: str, post_id: str) -> ResponseReturnValue:
    """The post's page; ``i`` in place of the handle works too."""
    return feed.permalink(NAME, post_id, handle="" if handle == "i" else handle)


@bp.get("/<handle>")
def profile(handle: str) -> ResponseReturnValue:
    """Somebody's posts."""
    return redirect(url_for("feed.index", network=NAME, account=handle))
