"""Counts of posts from Metricool's analytics (networks/metricool.md §3).

The names of the figures are written down nowhere: the usual ones are tried, and what is not
told stays untold.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from app.clock import now
from app.networks.base import Metrics
from app.networks.metricool import Keys, Metricool

FIELDS = ("likes", "shares", "comments", "saves", "impressions")
BACK = timedelta(days=60)
REELS = ("instagram", "facebook")
IDS = ("postId", "id", "reelId", "videoId", "tweetId", "pinId")
NAMES: dict[str, tuple[str, ...]] = {
    "likes": ("likes", "favorites", "reactions"),
    "shares": ("shares", "retweets", "reposts"),
    "comments": ("comments", "replies"),
    "quotes": ("quotes",),
    "saves": ("saved", "saves"),
    "impressions": ("impressions", "views", "videoViews"),
}


def read(metricool: Metricool, keys: Keys, network: str, ids: list[str]) -> dict[str, Metrics]:
    """Counts by the id the network gave; ids that are not listed are left out."""
    wanted, found = set(ids), {}
    for path, query in _calls(network):
        for row in metricool.rows(keys, path, query):
            mine = wanted & {str(row[name]) for name in IDS if row.get(name)}
            for one in mine:
                found[one] = _counted(row)
    return found


def _calls(network: str) -> list[tuple[str, dict[str, str]]]:
    end = now() + timedelta(days=1)
    start = end - BACK
    if network == "twitter":
        days = {"start": f"{start:%Y%m%d}", "end": f"{end:%Y%m%d}"}
        return [("/stats/twitter/posts", days)]
    span = {"from": f"{start:%Y-%m-%dT00:00:00}", "to": f"{end:%Y-%m-%dT00:00:00}"}
    kinds = ("posts", "reels") if network in REELS else ("posts",)
    return [(f"/v2/analytics/{kind}/{network}", span) for kind in kinds]


def _counted(row: Mapping[str, Any]) -> Metrics:
    return Metrics(
        likes=_figure(row, "likes"), shares=_figure(row, "shares"),
        comments=_figure(row, "comments"), quotes=_figure(row, "quotes"),
        saves=_figure(row, "saves"), impressions=_figure(row, "impressions"),
    )  # fmt: skip


def _figure(row: Mapping[str, Any], field: str) -> int | None:
    for name in NAMES[field]:
        value = row.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return int(value)
    return None
