"""Who one is and where one may post, on the played Reddit."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox.reddit import places
from app.sandbox.reddit.desk import NAME, ROOM, allowed, base36, bp, me, plain_error, say
from app.sandbox.store import store

SUBSCRIBED = ("announcements", "flaired", "strict", "textonly", "closed")


@bp.get("/api/v1/me", strict_slashes=False)
@ROOM.operation("account")
@allowed("identity", suspended=True)
def myself() -> ResponseReturnValue:
    """The account of the token; its picture's address has a query."""
    account = me()
    picture = f"{request.host_url.rstrip('/')}/_sandbox/avatar/{account.handle}.png?s=256&v=1"
    karma = sum(1 for _ in store().posts.of(NAME, account.handle))
    return say(
        {
            "id": base36(int(account.id)), "name": account.handle, "icon_img": picture,
            "link_karma": 10 + karma, "comment_karma": 5, "total_karma": 15 + karma,
            "created_utc": 1577836800.0, "is_gold": False, "is_mod": True,
            "has_verified_email": bool(account.extras.get("has_verified_email", True)),
            "is_suspended": bool(account.extras.get("is_suspended", False)),
            "subreddit": {"display_name": f"u_{account.handle}", "title": account.name,
                          "over_18": False},
        }
    )  # fmt: skip


@bp.get("/subreddits/mine/<where>", strict_slashes=False)
@ROOM.operation("account")
@allowed("mysubreddits")
def mine(where: str) -> ResponseReturnValue:
    """Subreddits followed, moderated or contributed to, by pages."""
    usual: dict[str, list[str]] = {
        "subscriber": list(SUBSCRIBED), "moderator": [f"{me().handle[:16]}_club"],
        "contributor": [],
    }  # fmt: skip
    if where not in usual:
        return plain_error(404, "Not Found")
    names = me().extras.get(where, usual[where])
    found = [place for place in map(places.find, names) if place is not None]
    return say(listing([places.thing(place) for place in found]))


def listing(rows: list[dict[str, Any]], usual: int = 25) -> dict[str, Any]:
    """A page of things by ``limit`` and ``after``."""
    limit = max(1, min(request.args.get("limit", usual, type=int), 100))
    after = request.args.get("after", "")
    names = [row["data"]["name"] for row in rows]
    start = names.index(after) + 1 if after in names else 0
    shown = rows[start : start + limit]
    more = start + limit < len(rows)
    return {
        "kind": "Listing",
        "data": {
            "after": shown[-1]["data"]["name"] if more and shown else None, "before": None,
            "dist": len(shown), "modhash": None, "geo_filter": "", "children": shown,
        },
    }  # fmt: skip


@bp.get("/api/v1/<name>/post_requirements", strict_slashes=False)
@ROOM.operation("account")
@allowed("submit")
def requirements(name: str) -> ResponseReturnValue:
    """What a subreddit wants of a post before it is made."""
    place = places.find(name)
    if place is None:
        return plain_error(404, "Not Found")
    return say({one: place.wants(one) for one in places.REQUIREMENTS})


@bp.get("/r/<name>/about", strict_slashes=False)
@ROOM.operation("account")
@allowed("read")
def about(name: str) -> ResponseReturnValue:
    """A subreddit."""
    place = places.find(name)
    return plain_error(404, "Not Found") if place is None else say(places.thing(place))


@bp.get("/r/<name>/api/link_flair_v2", strict_slashes=False)
@ROOM.operation("account")
@allowed("flair")
def flairs(name: str) -> ResponseReturnValue:
    """Flairs that can be chosen; 403 where there are none."""
    place = places.find(name)
    if place is None:
        return plain_error(404, "Not Found")
    if not place.says("link_flair_enabled"):
        return plain_error(403, "Forbidden")
    rows = [{"type": "text", "richtext": [], "mod_only": False, **one} for one in place.flairs]
    return say(rows)
