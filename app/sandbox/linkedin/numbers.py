"""Statistics of the played LinkedIn: pages' posts, and members' where the scope is there."""

from __future__ import annotations

import re
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox.linkedin.desk import allowed, me, members, page, pages, person, query
from app.sandbox.linkedin.words import NAME, ROOM, bp, denied, invalid, no, say
from app.sandbox.records import Post, counts
from app.sandbox.store import store

TYPES = {
    "IMPRESSION": "impressions", "MEMBERS_REACHED": "impressions", "RESHARE": "shares",
    "REACTION": "likes", "COMMENT": "comments", "POST_SAVE": "saves",
}  # fmt: skip


def _numbers(post: Post) -> dict[str, int]:
    return counts(post, len(store().posts.replies(NAME, post.id)))


@bp.get("/rest/organizationalEntityShareStatistics")
@ROOM.operation("metrics")
@allowed("rw_organization_admin", "r_organization_social")
def shares() -> ResponseReturnValue:
    """Lifetime numbers of a page's posts; those without activity are left out."""
    if request.args.get("q") != "organizationalEntity":
        invalid("q", "Finder is not supported", "ILLEGAL_ARGUMENT")
    wanted = query("organizationalEntity")
    if wanted not in [page(account) for account, _ in pages()]:
        denied("organizationalEntityShareStatistics.FINDER")
    rows: list[dict[str, Any]] = []
    for name, field in (("shares", "share"), ("ugcPosts", "ugcPost")):
        if name not in request.args:
            continue
        for urn in members(name):
            if not urn.startswith(f"urn:li:{field}:"):
                invalid(name, "Invalid URN type", "INVALID_URN_TYPE")
            post = store().posts.get(NAME, urn)
            if post is None or post.extras["author"] != wanted:
                continue
            row = _statistics(_numbers(post))
            if any(row.values()):
                rows.append(
                    {"totalShareStatistics": row, field: urn, "organizationalEntity": wanted}
                )
    return say({"paging": {"start": 0, "count": 10, "links": []}, "elements": rows})


def _statistics(found: dict[str, int]) -> dict[str, Any]:
    return {
        "impressionCount": found["impressions"],
        "uniqueImpressionsCount": found["impressions"] * 2 // 3,
        "clickCount": found["impressions"] // 40, "likeCount": found["likes"],
        "commentCount": found["comments"], "shareCount": found["shares"],
        "engagement": 0.0 if not found["impressions"] else 0.05,
    }  # fmt: skip


@bp.get("/rest/memberCreatorPostAnalytics")
@ROOM.operation("metrics")
@allowed("r_member_postAnalytics")
def member() -> ResponseReturnValue:
    """One number of one of the member's posts."""
    raw = dict(part.partition("=")[::2] for part in request.query_string.decode().split("&"))
    found = re.fullmatch(r"\((share|ugc):([^():]+)\)", raw.get("entity", ""))
    kind = query("queryType")
    if request.args.get("q") != "entity" or found is None or query("aggregation") != "TOTAL":
        invalid("entity", "Invalid query parameters", "ILLEGAL_ARGUMENT")
    if kind not in TYPES:
        invalid("queryType", f"{kind} is not supported")
    urn = found[2].replace("%3A", ":")
    post = store().posts.get(NAME, urn)
    if post is None:
        no(404, "RESOURCE_NOT_FOUND", "Could not find entity")
    if post.extras["author"] != person(me()):
        denied("memberCreatorPostAnalytics.FINDER")
    count = _numbers(post)[TYPES[kind]]
    rows = [{"count": count, "metricType": kind, "targetEntity": {found[1]: urn}}] if count else []
    return say({"elements": rows})
