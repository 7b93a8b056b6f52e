"""Finding a post again among an account's own (networks/mastodon.md §6, reliability §4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from app.networks.base import Item, Metrics, Probed, Published, Verdict
from app.networks.mastodon_text import BLANK, alike, canonical, plain

SLACK = timedelta(seconds=60)  # clocks differ (reliability §4)
PAGE = 40
MAX_PAGES = 25
MAX_CONTENT = 65_536


class Match(Enum):
    SAME = "same"
    NEAR = "near"  # same place, nearly the same words: rewritten, or somebody else's
    OTHER = "other"


@dataclass(frozen=True)
class Sought:
    """What is looked for: since when, and everything that identifies it."""

    since: datetime
    text: str
    parent: str
    media: int
    known: frozenset[str]

    @classmethod
    def of(cls, item: Item, since: datetime, known: frozenset[str]) -> Sought:
        """For an item whose commit call began at ``since``."""
        return cls(
            since - SLACK,
            canonical(item.part.text.strip(BLANK)),
            item.parent.external_id if item.parent else "",
            len(item.part.media),
            known,
        )

    def match(self, status: Mapping[str, Any]) -> Match:
        """Whether a status is the one: same place, same media, same words."""
        made = moment(status.get("created_at"))
        if made is None or made < self.since or str(status.get("id")) in self.known:
            return Match.OTHER
        if str(status.get("in_reply_to_id") or "") != self.parent:
            return Match.OTHER
        attached = status.get("media_attachments")
        if (len(attached) if isinstance(attached, list) else 0) != self.media:
            return Match.OTHER
        text = canonical(plain(str(status.get("content") or "")[:MAX_CONTENT]))
        if text == self.text:
            return Match.SAME
        return Match.NEAR if alike(text, self.text) else Match.OTHER


def search(sought: Sought, page: Callable[[str], list[dict[str, Any]]]) -> Probed:
    """Read pages of own statuses (newest first) back past ``since``.

    ``page(max_id)`` is one of them. Two candidates, a nearly equal one alone, or a list
    that never reaches ``since`` cannot be decided.
    """
    same: list[dict[str, Any]] = []
    near = 0
    for status in _walk(sought, page):
        if status is None:
            return Probed(Verdict.UNSURE, message="The account posts too much to look back.")
        found = sought.match(status)
        if found is Match.SAME:
            same.append(status)
        near += found is Match.NEAR
    if len(same) == 1:
        return Probed(Verdict.PUBLISHED, published(same[0]))
    if same:
        return Probed(Verdict.UNSURE, message="More than one post looks like this one.")
    if near:
        return Probed(Verdict.UNSURE, message="A post looks almost like this one.")
    return Probed(Verdict.ABSENT)


def _walk(
    sought: Sought, page: Callable[[str], list[dict[str, Any]]]
) -> Iterator[dict[str, Any] | None]:
    """Every status back to ``since``; ``None`` at the end where that was not reached."""
    last = ""
    for _ in range(MAX_PAGES):
        found = page(last)
        if not found:
            return
        yield from found
        oldest = moment(found[-1].get("created_at"))
        if oldest is not None and oldest < sought.since:
            return
        following = str(found[-1].get("id") or "")
        if not following or following == last:
            break
        last = following
    yield None


def moment(text: Any) -> datetime | None:
    """``created_at`` as an aware time, or ``None``."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def published(status: Mapping[str, Any]) -> Published:
    """A status as the rest of the house keeps it."""
    return Published(
        str(status["id"]),
        str(status.get("url") or status.get("uri") or ""),
        {"uri": str(status.get("uri") or ""), "visibility": str(status.get("visibility") or "")},
    )


def counts(status: Mapping[str, Any]) -> Metrics:
    """A status' counts (§3); ``None`` where the server does not tell one."""

    def number(name: str) -> int | None:
        value = status.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    return Metrics(
        likes=number("favourites_count"),
        shares=number("reblogs_count"),
        comments=number("replies_count"),
        quotes=number("quotes_count"),
    )
