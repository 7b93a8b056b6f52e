"""A post as Reddit takes it: title, body, kind and link out of one text (networks/reddit.md §2).

The text is Markdown and goes as it was written. A title that nobody wrote is the text's
first line. A body that is one address and nothing else makes a link post.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.networks.base import Composed, Part, Span

TITLE, TEXT, COMMENT = 300, 40_000, 10_000
AUTO, SELF, LINK = "auto", "self", "link"

_URL = re.compile(r"https?://[^\s<>\[\]\"']{1,2000}", re.I)
_HEADING = re.compile(r"^#{1,6}\s+")
_NAMED = re.compile(r"(?<![\w/])/?(r|u)/([A-Za-z0-9_-]{2,23})(?![\w/-])")
_PLACE = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9_]{1,20}|u_[A-Za-z0-9_-]{1,20})", re.I)


@dataclass(frozen=True)
class Draft:
    """What is submitted. ``kind``: ``self``, ``link``, ``image``, ``gallery`` or ``video``."""

    kind: str
    title: str
    text: str
    url: str = ""


def tidy(text: str) -> str:
    """The text with plain line ends and no blank edges."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return plain.strip()


def collapse(title: str) -> str:
    """A title as Reddit keeps it: white space made one."""
    return " ".join(unicodedata.normalize("NFC", title).split())


def place(name: str) -> str:
    """The API's name of a subreddit or profile as people write it; ``""`` where it is none.

    ``r/python``, ``/r/Python/`` → ``python`` (case kept); ``u/ann`` → ``u_ann``.
    """
    bare = name.strip().strip("/")
    if bare[:2].lower() == "r/":
        bare = bare[2:]
    elif bare[:2].lower() == "u/":
        bare = f"u_{bare[2:]}"
    return bare if _PLACE.fullmatch(bare) else ""


def draft(part: Part, options: Mapping[str, Any]) -> Draft:
    """The first part with its options, ready to be sent; the title may be ``""``."""
    body = tidy(part.text)
    title = collapse(str(options.get("title") or ""))
    if not title:
        first, _, rest = body.partition("\n")
        if not _URL.fullmatch(first.strip()):
            title, body = collapse(_HEADING.sub("", first)), rest.strip()
    kinds = [one.kind for one in part.media]
    if "video" in kinds:
        return Draft("video", title, body)
    if kinds:
        return Draft("image" if len(kinds) == 1 else "gallery", title, body)
    return _written(title, body, part, str(options.get("kind") or AUTO))


def _written(title: str, body: str, part: Part, wanted: str) -> Draft:
    if wanted == SELF or (wanted == AUTO and not _URL.fullmatch(body)):
        return Draft(SELF, title, body)
    if _URL.fullmatch(body):
        return Draft(LINK, title, "", body)
    card = part.card.url if part.card is not None else ""
    url = card or next(iter(urls(body)), "") or next(iter(urls(title)), "")
    lines = [line for line in body.split("\n") if line.strip() != url]
    rest = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return Draft(LINK, title, rest, url)


def urls(text: str) -> list[str]:
    """The web addresses of a text, without the punctuation that ends a sentence."""
    return [found[0].rstrip(".,;:!?)*_~`") for found in _URL.finditer(text)]


def compose(text: str, limit: int = TEXT) -> Composed:
    """The text as sent, counted in code points."""
    plain = tidy(text)
    spans = []
    for found in _URL.finditer(plain):
        url = found[0].rstrip(".,;:!?)*_~`")
        spans.append(Span(found.start(), found.start() + len(url), "link", url))
    taken = [(one.start, one.end) for one in spans]
    for named in _NAMED.finditer(plain):
        if not any(start <= named.start() < end for start, end in taken):
            href = f"https://www.reddit.com/{'user' if named[1] == 'u' else 'r'}/{named[2]}"
            kind = "mention" if named[1] == "u" else "link"
            spans.append(Span(named.start(), named.end(), kind, href))
    if len(plain) > limit:
        spans.append(Span(limit, len(plain), "over"))
    return Composed(plain, len(plain), limit, tuple(sorted(spans, key=lambda one: one.start)))


def alike(one: str, other: str) -> bool:
    """Whether two texts are the same but for white space."""
    return collapse(one) == collapse(other)
