"""What a video is called there: title, description, tags, visibility (networks/youtube.md §2, §4).

The title is the option ``title``, or else the text's first line; the description is the
option ``description``, or else what the title left of the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.networks.base import Composed, Span

TITLE_LIMIT = 100  # characters
DESCRIPTION_LIMIT = 5000  # bytes of UTF-8
TAGS_LIMIT = 500  # characters, counted by ``tags_length``
CATEGORY = "22"
_LINK = re.compile(r"https?://[^\s<>\"']{1,2000}")
_TAG = re.compile(r"(?<![\w&/#])#(\w{1,100})")
ANGLES = re.compile(r"[<>]")


@dataclass(frozen=True)
class Words:
    """Title and description as they are sent."""

    title: str
    description: str


def words(text: str, options: Mapping[str, Any]) -> Words:
    """Title and description of a post; either may be empty."""
    text = tidy(text)
    title = " ".join(str(options.get("title") or "").split())
    rest = text
    if not title:
        title, _, rest = text.partition("\n")
        title, rest = title.strip(), rest.strip()
    return Words(title, tidy(str(options.get("description") or "")) or rest)


def tidy(text: str) -> str:
    """One kind of line ends, nothing around."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def compose(text: str) -> Composed:
    """The text counted as a description is: bytes of UTF-8, links and hashtags marked."""
    text = tidy(text)
    spans = [
        Span(m.start(), m.start() + len(m[0].rstrip(".,;:!?)")), "link", m[0].rstrip(".,;:!?)"))
        for m in _LINK.finditer(text)
    ]
    spans += [
        Span(m.start(), m.end(), "tag", f"https://www.youtube.com/hashtag/{m[1].lower()}")
        for m in _TAG.finditer(text)
        if not any(span.start <= m.start() < span.end for span in spans)
    ]
    spans.sort(key=lambda span: span.start)
    return Composed(text, len(text.encode()), DESCRIPTION_LIMIT, tuple(spans))


def tags(options: Mapping[str, Any]) -> list[str]:
    """The tags without blanks and repeats."""
    given = options.get("tags")
    found = [" ".join(str(tag).split()).lstrip("#") for tag in given or ()]
    return list(dict.fromkeys(tag for tag in found if tag))


def tags_length(found: list[str]) -> int:
    """YouTube's own count: commas between them count, and quotes around one with a space."""
    lengths = [len(tag) + 2 * (" " in tag) for tag in found]
    return sum(lengths) + max(len(found) - 1, 0)


def moment(value: Any) -> datetime | None:
    """An ISO 8601 time with its zone."""
    if not isinstance(value, str) or not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def privacy(options: Mapping[str, Any], *, forced: bool) -> str:
    """The visibility asked for; always one, since none at all means public there."""
    wanted = str(options.get("privacyStatus") or "private")
    return "private" if forced else wanted


def resource(text: str, options: Mapping[str, Any], *, forced: bool) -> dict[str, Any]:
    """The video as it is announced; ``forced`` keeps it private, for good."""
    called = words(text, options)
    snippet: dict[str, Any] = {
        "title": called.title,
        "categoryId": str(options.get("categoryId") or CATEGORY),
    }
    if called.description:
        snippet["description"] = called.description
    if tags(options):
        snippet["tags"] = tags(options)
    status: dict[str, Any] = {
        "privacyStatus": privacy(options, forced=forced),
        "selfDeclaredMadeForKids": bool(options.get("selfDeclaredMadeForKids", False)),
        "containsSyntheticMedia": bool(options.get("containsSyntheticMedia", False)),
    }
    at = moment(options.get("publishAt"))
    if at is not None and status["privacyStatus"] == "private" and not forced:
        status["publishAt"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"snippet": snippet, "status": status}
