"""Reading on the played Threads: the profile, own posts and replies, insights, pages."""

from __future__ import annotations

import time
from itertools import islice
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox import feed, meta
from app.sandbox.meta import fields, say, stamp
from app.sandbox.store import store
from app.sandbox.threads.desk import NAME, ROOM, absent, allowed, bp, invalid, me, mine
from app.sandbox.threads.posts import (
    METRICS,
    listed,
    media,
    number,
    numbers,
    unfit,
    wanted,
)

ACCOUNT_METRICS = ("views", "likes", "replies", "reposts", "quotes", "clicks", "followers_count")
MOST = 100


@bp.get("/v1.0/me")
@ROOM.operation("account")
@allowed("threads_basic")
def myself() -> ResponseReturnValue:
    """The profile of the token."""
    account = me()
    whole: dict[str, Any] = {
        "id": account.id, "username": account.handle, "name": account.name,
        "threads_profile_picture_url": url_for(
            "control.avatar", handle=account.handle, _external=True
        ),
        "threads_biography": account.extras.get("biography", ""),
        "is_verified": bool(account.extras.get("is_verified", False)),
    }  # fmt: skip
    for name in wanted():
        if name not in whole:
            unfit(name)
    return say({"id": account.id} | {name: whole[name] for name in wanted()})


def _page(*, replies: bool) -> ResponseReturnValue:
    """Newest first, since and until a time, by pages."""
    since, until = _moment("since"), _moment("until")
    limit = request.args.get("limit", 25, type=int)
    if not 1 <= limit <= MOST:
        invalid("limit must be between 1 and 100.")
    after = request.args.get("after", "0")
    if not after.isdigit():
        invalid("The cursor is not valid.")
    rows = (
        post
        for post in listed(replies=replies)
        if (since is None or post.at >= since) and (until is None or post.at < until)
    )
    found = list(islice(rows, int(after), int(after) + limit + 1))
    body: dict[str, Any] = {"data": [media(post, wanted()) for post in found[:limit]]}
    if found:
        following = str(int(after) + limit)
        body["paging"] = {"cursors": {"before": after, "after": following}}
        if len(found) > limit:
            body["paging"]["next"] = f"{request.base_url}?after={following}"
    return say(body)


def _moment(name: str) -> float | None:
    """Unix seconds, or a date as ``YYYY-MM-DD``."""
    text = request.args.get(name)
    if text is None:
        return None
    try:
        found = float(text) if text.isdigit() else time.mktime(time.strptime(text, "%Y-%m-%d"))
    except (ValueError, OverflowError):
        invalid(f"{name} is not a time.")
    return found


@bp.get("/v1.0/<user>/threads")
@ROOM.operation("lookup")
@allowed("threads_basic")
def posts(user: str) -> ResponseReturnValue:
    """Own posts, answers left out."""
    mine(user)
    return _page(replies=False)


@bp.get("/v1.0/<user>/replies")
@ROOM.operation("lookup")
@allowed("threads_basic", "threads_read_replies")
def replies(user: str) -> ResponseReturnValue:
    """Own answers."""
    mine(user)
    return _page(replies=True)


def _metrics(known: tuple[str, ...]) -> list[str]:
    """The metrics asked for; one unknown name fails the whole call."""
    asked = [one for one in str(fields().get("metric") or "").split(",") if one]
    unknown = [one for one in asked if one not in known]
    if unknown or not asked:
        meta.no(
            100, f"(#100) metric[0] must be one of the following values: {', '.join(known)}",
            kind="THApiException",
        )  # fmt: skip
    return asked


@bp.get("/v1.0/<int:post_id>/insights")
@ROOM.operation("metrics")
@allowed("threads_basic", "threads_manage_insights")
def insights(post_id: int) -> ResponseReturnValue:
    """Numbers of an own post."""
    post = store().posts.get(NAME, str(post_id))
    if post is None or post.account.lower() != me().handle.lower():
        return absent(str(post_id))
    found = numbers(post)
    rows = [
        {
            "name": name, "period": "lifetime", "values": [{"value": found[name]}],
            "title": name.title(), "description": "", "id": f"{post.id}/insights/{name}/lifetime",
        }
        for name in _metrics(tuple(METRICS))
    ]  # fmt: skip
    return say({"data": rows})


@bp.get("/v1.0/<user>/threads_insights")
@ROOM.operation("metrics")
@allowed("threads_basic", "threads_manage_insights")
def account_insights(user: str) -> ResponseReturnValue:
    """Numbers of the account: views day by day, the rest in all."""
    mine(user)
    found: dict[str, int] = {}
    for post in store().posts.of(NAME, me().handle):
        for name, count in numbers(post).items():
            found[name] = found.get(name, 0) + count
    rows: list[dict[str, Any]] = []
    for name in _metrics(ACCOUNT_METRICS):
        total = {"followers_count": 120, "clicks": found.get("views", 0) // 40}.get(
            name, found.get(name, 0)
        )
        row: dict[str, Any] = {"name": name, "period": "day", "title": name.title()}
        if name == "views":
            row["values"] = [{"value": total, "end_time": stamp(time.time())}]
        else:
            row["total_value"] = {"value": total}
        rows.append({**row, "id": f"{me().id}/insights/{name}/day"})
    return say({"data": rows})


@bp.get("/@<handle>/post/<code>")
def permalink(handle: str, code: str) -> ResponseReturnValue:
    """The post's page."""
    return feed.permalink(NAME, number(code), handle=handle)


@bp.get("/@<handle>")
def profile(handle: str) -> ResponseReturnValue:
    """Somebody's posts."""
    return redirect(url_for("feed.index", network=NAME, account=handle))
