"""What became of a publish call nobody saw the answer of (networks/instagram.md §6).

The container tells whether it is public; which media it became has to be looked up among the
account's newest, since the container does not say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.clock import now
from app.networks import instagram_rules, meta
from app.networks.base import Category, NetworkError, Probe, Probed, Published, Verdict
from app.networks.instagram_containers import status
from app.networks.instagram_graph import Graph, data

SLACK = timedelta(seconds=60)
LAG = timedelta(minutes=10)  # how long a new post may be missing from the lists
FIELDS = "id,caption,timestamp,permalink,media_product_type"
PRODUCTS = {instagram_rules.REEL: "REELS", instagram_rules.STORY: "STORY"}


@dataclass(frozen=True)
class Sought:
    """What is looked for."""

    ig: str
    form: str
    caption: str
    since: datetime
    known: frozenset[str]

    def is_this(self, row: Mapping[str, Any]) -> bool:
        at = meta.moment(row.get("timestamp"))
        if at is None or at < self.since - SLACK or str(row.get("id")) in self.known:
            return False
        if row.get("media_product_type") not in (None, PRODUCTS.get(self.form, "FEED")):
            return False
        return self.form == instagram_rules.STORY or same(row.get("caption"), self.caption)


def post(graph: Graph, container: str, sought: Sought) -> Probed:
    """Ask the container; a published one is looked for in the lists."""
    try:
        code, _ = status(graph, container)
    except NetworkError as error:
        if error.category not in (Category.VALIDATION, Category.MEDIA_PROCESSING):
            raise
        return _unknown(graph, sought)
    if code == "PUBLISHED":
        return published(graph, sought)
    if code == "IN_PROGRESS":
        return Probed(Verdict.PROCESSING)
    return Probed(Verdict.ABSENT)


def published(graph: Graph, sought: Sought) -> Probed:
    """It is public: which one is it? Told without an id where the lists never show it."""
    found = _candidates(graph, sought)
    if len(found) == 1:
        return Probed(Verdict.PUBLISHED, found[0])
    if found:
        return Probed(
            Verdict.UNSURE,
            message="This is on Instagram, but we cannot tell which of two posts it is. Do not "
            "send it again.",
        )
    if now() - sought.since < LAG:
        return Probed(Verdict.PROCESSING)
    return Probed(Verdict.PUBLISHED, Published("", ""))


def _unknown(graph: Graph, sought: Sought) -> Probed:
    """The container is forgotten, which it is a day after: only the lists are left."""
    found = _candidates(graph, sought)
    if len(found) == 1:
        return Probed(Verdict.PUBLISHED, found[0])
    return Probed(Verdict.UNSURE, message="Instagram no longer knows whether this went out.")


def _candidates(graph: Graph, sought: Sought) -> list[Published]:
    edge = "stories" if sought.form == instagram_rules.STORY else "media"
    rows = data(graph.get(sought.ig, edge, fields=FIELDS, limit="25"))
    return [as_published(row) for row in rows if sought.is_this(row)]


def as_published(row: Mapping[str, Any]) -> Published:
    """A listed media."""
    product = str(row.get("media_product_type") or "")
    extras = {"product": product} if product else {}
    return Published(str(row.get("id")), str(row.get("permalink") or ""), extras)


def comment(
    graph: Graph, media: str, text: str, since: datetime, known: Iterable[str]
) -> Probed:  # fmt: skip
    """Look for our first comment under the post."""
    rows = graph.rows(media, "comments", fields="id,text,timestamp", limit="50")
    found = [
        str(row.get("id"))
        for row in rows
        if same(row.get("text"), text)
        and (meta.moment(row.get("timestamp")) or since) >= since - SLACK
        and str(row.get("id")) not in set(known)
    ]
    if len(found) == 1:
        return Probed(Verdict.PUBLISHED, Published(found[0], "", {"comment": True}))
    if found:
        return Probed(Verdict.UNSURE, message="Two comments like this are under the post.")
    return Probed(Verdict.ABSENT, by=Probe.LISTING)


def same(told: object, text: str) -> bool:
    """Whether two texts are one: white space at the ends and in lines is not Instagram's to
    keep."""
    return " ".join(str(told or "").split()) == " ".join(text.split())
