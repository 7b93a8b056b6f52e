"""An account's own posts and comments: found again, and counted (networks/reddit.md §3, §6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.clock import now
from app.networks.base import Metrics, Probed, Published, Verdict
from app.networks.reddit_text import alike, collapse

SLACK = timedelta(seconds=60)
PATIENCE = timedelta(minutes=10)  # how long pictures and videos may take to appear
PAGES, PAGE = 10, 25

Page = Callable[[Mapping[str, str]], Mapping[str, Any]]


@dataclass(frozen=True)
class Sought:
    """What is looked for. ``parent`` empty: a post in ``place``; else a comment under it.

    ``late``: Reddit makes it after accepting it, so that absence means nothing for a while.
    """

    since: datetime
    known: frozenset[str]
    place: str = ""
    title: str = ""
    is_self: bool = False
    late: bool = False
    parent: str = ""
    body: str = ""

    def is_this(self, row: Mapping[str, Any]) -> bool:
        """Whether a listed thing is what we sent."""
        if str(row.get("name")) in self.known:
            return False
        if self.parent:
            text = str(row.get("body") or "")
            return row.get("parent_id") == self.parent and alike(text, self.body)
        return (
            str(row.get("subreddit") or "").lower() == self.place.lower()
            and collapse(str(row.get("title") or "")) == self.title
            and row.get("is_self", self.is_self) is self.is_self
        )


def search(
    sought: Sought, page: Page, published: Callable[[Mapping[str, Any]], Published]
) -> Probed:
    """Read back past ``since``; one candidate is the post, two are for a person."""
    found: dict[str, Mapping[str, Any]] = {}
    begin = (sought.since - SLACK).timestamp()
    params = {"sort": "new", "limit": str(PAGE), "raw_json": "1"}
    for _ in range(PAGES):
        data = page(params).get("data")
        rows = data.get("children") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(rows, list):
            return Probed(Verdict.UNSURE, message="Reddit did not show this account's posts.")
        cells = [row.get("data") for row in rows if isinstance(row, dict)]
        old = False
        for thing in (one for one in cells if isinstance(one, dict)):
            made = thing.get("created_utc")
            if not isinstance(made, int | float) or made < begin:
                old = old or isinstance(made, int | float)
                continue
            if thing.get("name") and sought.is_this(thing):
                found[str(thing["name"])] = thing
        after = data.get("after")
        if old or not after:
            return _verdict(sought, list(found.values()), published)
        params = {**params, "after": str(after)}
    return Probed(Verdict.UNSURE, message="This account posts too much at once to find one post.")


def _verdict(
    sought: Sought,
    found: list[Mapping[str, Any]],
    published: Callable[[Mapping[str, Any]], Published],
) -> Probed:
    if len(found) > 1:
        return Probed(Verdict.UNSURE, message="Two posts on Reddit look like this one.")
    if found:
        return Probed(Verdict.PUBLISHED, published(found[0]))
    if not sought.late:
        return Probed(Verdict.ABSENT)
    if now() - sought.since < PATIENCE:
        return Probed(Verdict.PROCESSING)
    # Whether it was accepted cannot be read here, and what was may not be sent again.
    return Probed(
        Verdict.UNSURE,
        message="Reddit shows no post ten minutes after the file was handed in: it may not have "
        "been able to open it. Look there before sending it again.",
    )


def counts(thing: Mapping[str, Any]) -> Metrics:
    """A thing's numbers; it is gone when its author deleted it."""
    if thing.get("author") == "[deleted]":
        return Metrics(gone=True)
    return Metrics(
        likes=_number(thing, "score"),
        shares=_number(thing, "num_crossposts"),
        comments=_number(thing, "num_comments"),
        impressions=_number(thing, "view_count"),
    )


def _number(thing: Mapping[str, Any], name: str) -> int | None:
    value = thing.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
