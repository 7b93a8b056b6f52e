"""What Facebook counts of a post (networks/facebook.md §5): public numbers and views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from app.networks import meta
from app.networks.base import Category, Metrics, NetworkError
from app.networks.facebook_errors import gone
from app.networks.wire import Answer

FIELDS = "id,created_time,shares,reactions.limit(0).summary(true),comments.limit(0).summary(true)"
VIEWS = "post_media_view"
ENOUGH = 80  # percent of the allowance: the rest is asked next time

Read = Callable[[str, Mapping[str, str]], Answer]


def counted(ids: list[str], scopes: tuple[str, ...], read: Read) -> dict[str, Metrics]:
    """Counts by id. Stops early at 80 % of the allowance; posts not asked are left out.

    Views need ``read_insights``; a token whose scopes nobody knows is tried.
    """
    found: dict[str, Metrics] = {}
    views = not scopes or "read_insights" in scopes
    for post_id in ids:
        path = f"/{quote(post_id, safe='')}"
        try:
            answer = read(path, {"fields": FIELDS})
        except NetworkError as error:
            if error.category is Category.RATE_LIMITED and found:
                break
            if error.category is not Category.VALIDATION:
                raise
            # Stories and the like have no such numbers.
            found[post_id] = Metrics(gone=True) if gone(error) else Metrics()
            continue
        percent, seen = meta.usage(answer).percent, None
        if views and percent < ENOUGH:
            seen, views, percent = _views(path, read)
        found[post_id] = _metrics(answer.mapping(), seen)
        if percent >= ENOUGH:
            break
    return found


def _metrics(row: Mapping[str, Any], views: int | None) -> Metrics:
    """Graph leaves ``shares`` out where there are none: that is a zero it tells."""
    shares = row.get("shares")
    return Metrics(
        likes=_total(row, "reactions"),
        shares=_number(shares.get("count")) if isinstance(shares, dict) else 0,
        comments=_total(row, "comments"),
        impressions=views,
    )


def _total(row: Mapping[str, Any], name: str) -> int | None:
    edge = row.get(name)
    summary = edge.get("summary") if isinstance(edge, dict) else None
    return _number(summary.get("total_count")) if isinstance(summary, dict) else None


def _views(path: str, read: Read) -> tuple[int | None, bool, int]:
    """Views, whether to go on asking for them, and the allowance used."""
    try:
        answer = read(f"{path}/insights", {"metric": VIEWS})
    except NetworkError as error:
        if error.category in (Category.VALIDATION, Category.AUTH_ERROR) and not error.expired:
            # Withdrawn or not permitted: as for this post, so for the others.
            return None, gone(error), 0
        if error.category is Category.RATE_LIMITED:
            return None, False, 100
        raise
    listed = answer.mapping().get("data")
    for row in listed if isinstance(listed, list) else []:
        if isinstance(row, dict) and row.get("name") == VIEWS:
            return _value(row.get("values")), True, meta.usage(answer).percent
    return None, True, meta.usage(answer).percent


def _value(values: object) -> int | None:
    """The newest value: a number, or an object of breakdowns to be summed up."""
    last = values[-1] if isinstance(values, list) and values else None
    value = last.get("value") if isinstance(last, dict) else None
    if isinstance(value, dict):
        parts = [_number(one) for one in value.values()]
        return sum(one for one in parts if one is not None)
    return _number(value)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
