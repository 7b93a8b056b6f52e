"""Counts of posts by what they are (networks/instagram.md §4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.networks.base import Category, Metrics, NetworkError
from app.networks.instagram_graph import Graph, data

FEED = ("views", "likes", "comments", "saved", "shares")
STORY = ("views", "replies", "shares")
FIELDS = "id,media_product_type,like_count,comments_count"
GONE = ("100/33", "33")


class Numbers:
    """Reads posts one by one; a metric that Instagram withdrew is asked for only once."""

    def __init__(self) -> None:
        self.withdrawn: set[tuple[str, str]] = set()

    def of(self, graph: Graph, media: str) -> Metrics | None:
        """``None`` where Instagram tells nothing of it now."""
        try:
            found = graph.get(media, fields=FIELDS)
        except NetworkError as error:
            if error.code in GONE:
                return Metrics(gone=True)
            if error.category is Category.VALIDATION:
                return None
            raise
        product = str(found.get("media_product_type") or "FEED")
        told = self._insights(graph, media, product)
        likes, comments = _number(found.get("like_count")), _number(found.get("comments_count"))
        return Metrics(
            likes=_or(told.get("likes"), likes),
            comments=_or(told.get("replies"), _or(told.get("comments"), comments)),
            shares=told.get("shares"), saves=told.get("saved"), impressions=told.get("views"),
        )  # fmt: skip

    def _insights(self, graph: Graph, media: str, product: str) -> dict[str, int]:
        names = STORY if product == "STORY" else FEED
        wanted = [name for name in names if (product, name) not in self.withdrawn]
        try:
            return _values(graph.get(media, "insights", metric=",".join(wanted)))
        except NetworkError as error:
            if error.code == "100":
                return self._singly(graph, media, product, wanted)
            if error.expired or error.category not in (Category.AUTH_ERROR, Category.VALIDATION):
                raise
            return {}  # too few viewers, a story that is over, a permission that is missing

    def _singly(
        self, graph: Graph, media: str, product: str, names: list[str]
    ) -> dict[str, int]:  # fmt: skip
        """One unknown name fails a whole call: find it, and do not ask for it again."""
        found: dict[str, int] = {}
        for name in names:
            try:
                found |= _values(graph.get(media, "insights", metric=name))
            except NetworkError as error:
                if error.code != "100":
                    raise
                self.withdrawn.add((product, name))
        return found


def _values(answer: Mapping[str, Any]) -> dict[str, int]:
    """``values[0].value`` or ``total_value.value`` by name; what is not told is left out."""
    found: dict[str, int] = {}
    for row in data(answer):
        values, total = row.get("values"), row.get("total_value")
        first = values[0] if isinstance(values, list) and values else total
        value = _number(first.get("value")) if isinstance(first, dict) else None
        if value is not None:
            found[str(row.get("name"))] = value
    return found


def _or(first: int | None, second: int | None) -> int | None:
    return second if first is None else first


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
