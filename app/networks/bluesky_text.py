"""Bluesky's text: how long it is, and where its links, mentions and tags lie.

One detection serves the counter, the preview and the request: the server finds nothing by
itself, what is not in ``facets`` is plain text (networks/bluesky.md §2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import regex
from linkify_it.tlds import TLDS

from app.networks.base import Composed, Span

LIMIT = 300  # grapheme clusters of UAX #29 (networks/bluesky.md §4)
BYTES = 3000  # UTF-8
TAG_GRAPHEMES, TAG_BYTES = 64, 640

_GRAPHEME = regex.compile(r"\X")
# Nothing here can backtrack: every repetition is possessive, and a candidate starts only
# where no word is under way.
_CANDIDATE = regex.compile(
    r"""
    (?<![A-Za-z0-9_])
        (?P<link>https?://[\p{L}\p{N}\[][^\s<>"“”«»「」『』【】（）。、，！？；：]*+)
  | (?<![\p{L}\p{N}[\p{M}--\uFE0F]_@\#＃./\\&=%+:-])
    (?:
        (?P<bare>
            (?P<domain>[\p{L}\p{N}][\p{L}\p{N}\p{M}\-]*+
                (?:\.[\p{L}\p{N}][\p{L}\p{N}\p{M}\-]*+)++)
            (?!@)
            (?P<rest>(?::\d{1,5}+)?+(?:[/?\#][^\s<>"“”«»「」『』【】（）。、，！？；：]*+)?+)
        )
      | @(?P<mention>[A-Za-z0-9][A-Za-z0-9\-]*+(?:\.[A-Za-z0-9][A-Za-z0-9\-]*+)++)(?![@_])
      | [\#＃](?!\uFE0F)(?P<tag>[^\s\p{Cf}\#＃]++)
    )
    """,
    regex.VERBOSE | regex.VERSION1 | regex.IGNORECASE,
)
_TAG_END = regex.compile(r"\p{P}++\Z")
_TAG_WORD = regex.compile(r"[\p{L}\p{So}]")
_TRAILING = frozenset(".,;:!?'\"…．’›")
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_TOP_LEVEL = frozenset(
    name.lower() for tld in TLDS for name in (tld, tld.lower().encode().decode("idna"))
)


@dataclass(frozen=True)
class Found:
    """A marked range in code points. ``value`` is the URL, the handle or the bare tag."""

    start: int
    end: int
    kind: str
    value: str


def normal(text: str) -> str:
    """The text as it is sent: one kind of line break, no blank ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def graphemes(text: str) -> int:
    """Characters as people see them; ``len`` counts code points (networks/bluesky.md §4)."""
    return sum(1 for _ in _GRAPHEME.finditer(text))


def size(text: str) -> int:
    """UTF-8 bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


def find(text: str) -> list[Found]:
    """Links (also without ``https://``), mentions and tags, in order, none overlapping."""
    found = []
    for match in _CANDIDATE.finditer(text):
        start, kind = match.start(), match.lastgroup
        if match["link"]:
            link = _trimmed(match["link"])
            if len(link) > len("https://"):
                found.append(Found(start, start + len(link), "link", link))
        elif match["bare"]:
            bare = _bare(match["domain"], match["rest"])
            if bare:
                found.append(Found(start, start + len(bare), "link", f"https://{bare}"))
        elif match["mention"]:
            handle = match["mention"].rstrip("-")
            if len(handle) <= 253 and handle.rpartition(".")[2][:1].isalpha():
                found.append(Found(start, start + 1 + len(handle), "mention", handle.lower()))
        elif kind:
            tag = _TAG_END.sub("", match["tag"])
            if _TAG_WORD.search(tag) and graphemes(tag) <= TAG_GRAPHEMES and size(tag) <= TAG_BYTES:
                found.append(Found(start, start + 1 + len(tag), "tag", tag))
    return found


def _bare(domain: str, rest: str) -> str:
    """A link written without its scheme, or ``""`` where the domain's end is no known one.

    ``done.It`` is two sentences: a known ending counts in lower case, or when the whole
    domain is in capitals.
    """
    before, _, end = domain.rpartition(".")
    if end not in _TOP_LEVEL and domain != domain.upper():
        # No space before the next word, as in Japanese: example.comです
        ascii_end = regex.match(r"[a-z]*+", end)[0]
        if ascii_end == end or ascii_end not in _TOP_LEVEL:
            return ""
        return f"{before}.{ascii_end}"
    if end.lower() not in _TOP_LEVEL:
        return ""
    return _trimmed(domain + rest)


def _trimmed(url: str) -> str:
    """Without the punctuation of the sentence around it; balanced brackets stay."""
    counts = Counter(c for c in url if c in "()[]{}")
    end = len(url)
    while end:
        last = url[end - 1]
        if last in _BRACKETS and counts[last] > counts[_BRACKETS[last]]:
            counts[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return url[:end]


def compose(text: str, web: str) -> Composed:
    """The text as sent with its count; ``web`` is the base of profile and tag pages.

    The span ``over`` covers what lies beyond 300 graphemes or 3000 bytes.
    """
    text = normal(text)
    spans = [Span(f.start, f.end, f.kind, _href(f, web)) for f in find(text)]
    start = _over(text)
    if start is not None:
        spans.append(Span(start, len(text), "over"))
    return Composed(text, graphemes(text), LIMIT, tuple(spans))


def _over(text: str) -> int | None:
    weight = 0
    for count, match in enumerate(_GRAPHEME.finditer(text), 1):
        weight += size(match[0])
        if count > LIMIT or weight > BYTES:
            return int(match.start())
    return None


def _href(found: Found, web: str) -> str:
    if found.kind == "mention":
        return f"{web}/profile/{found.value}"
    return f"{web}/hashtag/{quote(found.value, safe='')}" if found.kind == "tag" else found.value


def facets(text: str, dids: Mapping[str, str]) -> list[dict[str, Any]]:
    """The ``facets`` of a record: byte ranges, start inclusive, end exclusive (§2).

    ``text`` is normal; ``dids`` maps handles in lower case; a mention without one is
    left out.
    """
    made: list[dict[str, Any]] = []
    at = weight = 0
    for found in find(text):
        feature = _feature(found, dids)
        if feature is None:
            continue
        weight += size(text[at : found.start])
        begin = weight
        weight += size(text[found.start : found.end])
        at = found.end
        made.append({"index": {"byteStart": begin, "byteEnd": weight}, "features": [feature]})
    return made


def _feature(found: Found, dids: Mapping[str, str]) -> dict[str, str] | None:
    kind = f"app.bsky.richtext.facet#{found.kind}"
    if found.kind == "link":
        return {"$type": kind, "uri": found.value}
    if found.kind == "tag":
        return {"$type": kind, "tag": found.value}
    did = dids.get(found.value)
    return {"$type": kind, "did": did} if did else None
