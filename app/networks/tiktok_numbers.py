"""Counts of TikTok posts (networks/tiktok.md §3): lifetime totals of public posts only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.networks.base import Category, Metrics, NetworkError
from app.networks.tiktok_api import Api
from app.networks.tiktok_seen import HANDLES

QUERY = "/v2/video/query/"
FIELDS = "id,view_count,like_count,comment_count,share_count"
BATCH = 20  # ids one look-up takes
STRANGE = ("invalid_publish_id", "token_not_authorized_for_specified_publish_id")


def read(api: Api, ids: list[str]) -> dict[str, Metrics]:
    """Counts by the id asked for, be it the post's own or its publish id."""
    numbers = _numbers(api, ids)
    sought = list(dict.fromkeys(numbers.values()))
    found: dict[str, Metrics] = {}
    for start in range(0, len(sought), BATCH):
        body = {"filters": {"video_ids": sought[start : start + BATCH]}}
        videos = api.post(QUERY, body, {"fields": FIELDS}).get("videos")
        for row in videos if isinstance(videos, list) else []:
            if isinstance(row, dict):
                found[str(row.get("id"))] = _counts(row)
    return {one: found[numbers[one]] for one in ids if numbers.get(one) in found}


def _numbers(api: Api, ids: list[str]) -> dict[str, str]:
    """The posts' own ids. Those without one (private, or still being moderated) are left out.

    Looking up publish ids shares its 30 calls a minute with publishing: some have to do.
    """
    found = {one: one for one in ids if one.isdigit()}
    for handle in [one for one in ids if not one.isdigit()][:HANDLES]:
        try:
            told = api.status(handle).ids
        except NetworkError as error:
            if error.category is Category.RATE_LIMITED:
                break
            if error.code not in STRANGE:
                raise
            continue
        if told:
            found[handle] = told[0]
    return found


def _counts(row: Mapping[str, Any]) -> Metrics:
    def number(name: str) -> int | None:
        value = row.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    return Metrics(
        likes=number("like_count"), shares=number("share_count"),
        comments=number("comment_count"), impressions=number("view_count"),
    )  # fmt: skip
