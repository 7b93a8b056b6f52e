"""Finding a Pin whose making nobody saw the answer of (networks/pinterest.md §6).

Title, description and link are compared, and the time. That lists come newest first is not
documented, so it is only relied on where a page shows it.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from app.networks.base import Probed, Published, Verdict

SLACK = timedelta(seconds=60)
PAGE, PAGES = 100, 20

Page = Callable[[Mapping[str, str]], Mapping[str, Any]]


@dataclass(frozen=True)
class Sought:
    """What is looked for; ``board`` and ``section`` are ids, ``section`` may be ``""``."""

    title: str
    text: str
    link: str
    board: str
    section: str
    since: datetime
    known: frozenset[str]

    def is_this(self, pin: Mapping[str, Any], at: datetime) -> bool:
        """Whether a listed Pin is what we sent."""
        if str(pin.get("id")) in self.known or at < self.since - SLACK:
            return False
        if str(pin.get("board_id") or self.board) != self.board:
            return False
        if self.section and str(pin.get("board_section_id") or self.section) != self.section:
            return False
        return (
            plain(pin.get("title")) == plain(self.title)
            and plain(pin.get("description")) == plain(self.text)
            and address(pin.get("link")) == address(self.link)
        )


def search(sought: Sought, page: Page, permalink: Callable[[str], str]) -> Probed:
    """Read back past ``since``; one candidate is the Pin, two are for a person."""
    found: list[str] = []
    params = {"page_size": str(PAGE)}
    for _ in range(PAGES):
        answer = page(params)
        rows = answer.get("items")
        if not isinstance(rows, list):
            return Probed(Verdict.UNSURE, message="Pinterest did not show the Pins of the board.")
        times: list[datetime] = []
        for pin in rows:
            at = moment(pin.get("created_at")) if isinstance(pin, dict) else None
            if at is None:
                return Probed(Verdict.UNSURE, message="Pinterest did not say when Pins were made.")
            times.append(at)
            if pin.get("id") and sought.is_this(pin, at):
                found.append(str(pin["id"]))
        bookmark = answer.get("bookmark")
        if not bookmark or _past(times, sought.since - SLACK):
            return _verdict(found, permalink)
        params = {"page_size": str(PAGE), "bookmark": str(bookmark)}
    return Probed(Verdict.UNSURE, message="There are too many Pins to find one among them.")


def _past(times: list[datetime], since: datetime) -> bool:
    """Whether the page went, newest first, past the moment: then nothing follows."""
    falling = all(one >= following for one, following in zip(times, times[1:], strict=False))
    return len(times) > 1 and falling and times[0] > times[-1] and times[-1] < since


def _verdict(found: list[str], permalink: Callable[[str], str]) -> Probed:
    if len(set(found)) > 1:
        return Probed(Verdict.UNSURE, message="Two Pins look like this one.")
    if not found:
        return Probed(Verdict.ABSENT)
    return Probed(Verdict.PUBLISHED, Published(found[0], permalink(found[0])))


def moment(text: Any) -> datetime | None:
    """A time as Pinterest writes it; one without a zone is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def plain(text: Any) -> str:
    """A text as both sides can be brought to: no entities, white space made one."""
    return " ".join(html.unescape(text).split()) if isinstance(text, str) else ""


def address(url: Any) -> str:
    """An address in one spelling: scheme and host in lower case, no lone final slash."""
    if not isinstance(url, str) or not url.strip():
        return ""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url.strip()
    path = "" if parts.path == "/" else unquote(parts.path)
    rest = f"?{unquote(parts.query)}" if parts.query else ""
    mark = f"#{unquote(parts.fragment)}" if parts.fragment else ""
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{path}{rest}{mark}"
