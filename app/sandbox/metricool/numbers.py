"""Numbers of the played Metricool: posts, time lines, best times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox.metricool.desk import NAME, NETWORKS, ROOM, allowed, bp, brand, invalid, me, say
from app.sandbox.records import Post, counts, stable_number
from app.sandbox.store import store

TIMED = ("twitter", "facebook", "instagram", "linkedin", "youtube", "tiktok")
SUBJECTS = ("account", "posts", "videos", "reels", "stories", "pins")


def _moment(name: str) -> datetime:
    text = request.args.get(name, "")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        invalid({name: "A time such as 2026-01-01T00:00:00 is required."})
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _posts(network: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
    return [
        _shown(post)
        for post in store().posts.of(NAME, me().handle)
        if post.extras["provider"] == network
        and post.extras["blog_id"] == brand().id
        and not post.parent
        and start <= post.moment <= end
    ]


def _shown(post: Post) -> dict[str, Any]:
    found = counts(post, len(store().posts.replies(NAME, post.id)))
    return {
        "postId": post.id, "text": post.text, "url": post.url, "publishedAt": post.created_at,
        "likes": found["likes"], "comments": found["comments"], "shares": found["shares"],
        "saved": found["saves"], "impressions": found["impressions"],
        "interactions": found["likes"] + found["comments"] + found["shares"],
    }  # fmt: skip


def _network(network: str, known: tuple[str, ...] = NETWORKS) -> None:
    if network not in known:
        invalid({"network": f"One of {', '.join(known)}."})


@bp.get("/v2/analytics/posts/<network>")
@ROOM.operation("metrics")
@allowed()
def of_posts(network: str) -> ResponseReturnValue:
    """Posts of a network with their counts."""
    _network(network)
    return say({"data": _posts(network, _moment("from"), _moment("to"))})


@bp.get("/v2/analytics/<kind>/<network>")
@ROOM.operation("metrics")
@allowed()
def of_kind(kind: str, network: str) -> ResponseReturnValue:
    """Reels and stories: there are none that came from elsewhere."""
    if kind not in ("reels", "stories", "campaigns"):
        invalid({"kind": "posts, reels or stories."})
    _moment("from")
    _moment("to")
    return say({"data": []})


@bp.get("/stats/twitter/posts")
@ROOM.operation("metrics")
@allowed()
def of_x() -> ResponseReturnValue:
    """The older form, by days written together."""
    start, end = (_date(name) for name in ("start", "end"))
    first = datetime(start.year, start.month, start.day, tzinfo=UTC)
    last = datetime(end.year, end.month, end.day, tzinfo=UTC) + timedelta(days=1)
    return say(_posts("twitter", first, last))


def _date(name: str) -> date:
    try:
        return datetime.strptime(request.args.get(name, ""), "%Y%m%d").date()
    except ValueError:
        invalid({name: "A day such as 20260101 is required."})


@bp.get("/v2/analytics/timelines")
@ROOM.operation("metrics")
@allowed()
def timelines() -> ResponseReturnValue:
    """A figure by days."""
    network, metric = request.args.get("network", ""), request.args.get("metric", "")
    _network(network)
    subject = request.args.get("subject") or request.args.get("metricType") or "account"
    if not metric or subject not in SUBJECTS:
        invalid({"metric": "metric and subject are required."})
    start, end = _moment("from"), _moment("to")
    days = min(max((end - start).days, 0), 366)
    values = [
        {"dateTime": (start + timedelta(days=n)).isoformat(), "value": _figure(network, metric, n)}
        for n in range(days + 1)
    ]
    return say({"data": [{"metric": metric, "values": values}]})


def _figure(*words: object) -> int:
    """Made up, and always the same for the same brand."""
    return stable_number(str(brand().id), *map(str, words)) % 100


@bp.get("/v2/scheduler/besttimes/<network>")
@ROOM.operation("metrics")
@allowed()
def best_times(network: str) -> ResponseReturnValue:
    """How good each hour of a week is; day 1 is Sunday."""
    _network(network, TIMED)
    _moment("start")
    _moment("end")
    return say(
        {
            "data": [
                {
                    "dayOfWeek": day,
                    "bestTimesByHour": [
                        {"hourOfDay": hour, "value": _figure(network, day, hour)}
                        for hour in range(24)
                    ],
                }
                for day in range(1, 8)
            ]
        }
    )
