"""How Mastodon reads a text: links, mentions, tags, its count, and its HTML read back.

The rules are networks/mastodon.md §4 (counting) and §6 (comparing). Every scan here is
linear: possessive patterns and one pass over characters, since the text is a user's.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

import regex
from linkify_it.tlds import TLDS

from app.networks.base import Composed, Span

# What the server strips from both ends before it counts.
BLANK = "\t\n\v\f\r \0"
RESERVED = 23
MAX_URL = 4096

_TLDS = frozenset(word.lower() for word in TLDS)
_CLUSTER = regex.compile(r"\X")
_SCHEME = regex.compile(r"(?<![A-Za-z0-9@＠$#＃\uFEFF\uFFFE\uFFFF])https?://", regex.IGNORECASE)
_HOST = regex.compile(r"[\p{L}\p{M}\p{N}._-]++")
_LABEL = regex.compile(r"[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}_-]*+(?<=[\p{L}\p{M}\p{N}]))?+")
_PORT = regex.compile(r":\d{1,5}+")
_PATH_STOP = regex.compile(r"[\s<>()?]")
_PATH_END = regex.compile(r"""[^\s()?!*"'「」<>;:=,.$%\[\]~&|@]""")
_QUERY = regex.compile(r"\?[A-Za-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@^\u00A0-\U0010FFFD]++")
_QUERY_END = regex.compile(r"[A-Za-z0-9_&=#/\-\u00A0-\U0010FFFD]")
_NAME = r"[A-Za-z0-9_]++(?:[.-]++[A-Za-z0-9_]++)*+"
_MENTION = regex.compile(
    rf"(?<![=/\w])@(?P<user>{_NAME})(?:@(?P<host>\w++(?:[.-]++\w++)*+))?+(?![@＠]|://)"
)
_TAG = regex.compile(r"(?<![=/)\p{L}\p{N}])[#＃](?P<name>[\w·・\u200c]++)")
_ELEMENT = regex.compile(r"""</?(?P<name>[A-Za-z][A-Za-z0-9]*+)(?:[^<>"']|"[^"]*+"|'[^']*+')*+>""")
_BLOCKS = frozenset(("br", "p", "li", "blockquote", "pre", "div"))


@dataclass(frozen=True)
class Entity:
    """A live part of a text: ``kind`` is ``link``, ``mention`` or ``tag``."""

    start: int
    end: int
    kind: str
    shown: str  # as counted; for a link its address
    host: str = ""


def links(text: str) -> Iterator[Entity]:
    """Every address the server makes a link of: ``http(s)://`` and a public domain."""
    place = 0
    while found := _SCHEME.search(text, place):
        end = _address_end(text, found.end())
        place = end or found.end()
        if end and end - found.start() <= MAX_URL:
            yield Entity(found.start(), end, "link", text[found.start() : end])


def _address_end(text: str, start: int) -> int:
    """Where an address ends whose domain should begin at ``start``; 0 for none."""
    end = _domain_end(text, start)
    if not end:
        return 0
    if port := _PORT.match(text, end):
        end = port.end()
    if text[end : end + 1] == "/":
        end = _path_end(text, end)
    if query := _QUERY.match(text, end):
        for place in range(query.end() - 1, end, -1):
            if _QUERY_END.match(text, place):
                return place + 1
    return end


def _domain_end(text: str, start: int) -> int:
    """The end of the longest run of labels that closes with a real top-level domain."""
    run = _HOST.match(text, start)
    if run is None:
        return 0
    end, place = 0, start
    for number, label in enumerate(run[0].split(".")):
        whole = _LABEL.fullmatch(label) is not None
        if number and whole and is_tld(label):
            end = place + len(label)
        if not whole:
            break
        place += len(label) + 1
    return 0 if text[end : end + 1] in ("@", "＠") else end


@lru_cache(maxsize=4096)
def is_tld(label: str) -> bool:
    """Whether a last label exists in the root zone (IDN ones in either spelling)."""
    word = label.lower()
    if word in _TLDS or word.startswith("xn--"):
        return True
    if word.isascii():
        return False
    try:
        return word.encode("idna").decode() in _TLDS
    except UnicodeError:
        return False


def _path_end(text: str, start: int) -> int:
    """A path runs to white space, but does not close with punctuation."""
    good, place = start + 1, start + 1
    while place < len(text):
        if text[place] == "(":
            place = _closed(text, place)
            if not place:
                break
            good = place
            continue
        if _PATH_STOP.match(text, place):
            break
        place += 1
        if text[place - 1] == "/" or _PATH_END.match(text, place - 1):
            good = place
    return good


def _closed(text: str, start: int) -> int:
    """The place after the bracket that closes the one at ``start``; one may lie within."""
    depth = 0
    for place in range(start, len(text)):
        sign = text[place]
        if sign == "(":
            depth += 1
            if depth > 2:
                return 0
        elif sign == ")":
            depth -= 1
            if not depth:
                return place + 1 if place > start + 1 else 0
        elif _PATH_STOP.match(sign):
            return 0
    return 0


def mentions(text: str) -> Iterator[Entity]:
    """``@user`` and ``@user@host``; only the first half of the latter counts."""
    for found in _MENTION.finditer(text):
        yield Entity(
            found.start(), found.end(), "mention", f"@{found['user']}", found["host"] or ""
        )


def tags(text: str) -> Iterator[Entity]:
    """``#tag``: word characters of which one at least is a letter."""
    for found in _TAG.finditer(text):
        name = found["name"].rstrip("·・\u200c")
        if any(sign.isalpha() for sign in name) and not text.startswith("://", found.end()):
            yield Entity(found.start(), found.start() + 1 + len(name), "tag", name)


def entities(text: str, *, tagged: bool = True) -> list[Entity]:
    """Links, mentions and (if wanted) tags in order; where two overlap the first stands."""
    everything = [*links(text), *mentions(text)]
    if tagged:
        everything += tags(text)
    found: list[Entity] = []
    for item in sorted(everything, key=lambda item: (item.start, -item.end)):
        if not found or item.start >= found[-1].end:
            found.append(item)
    return found


def countable(text: str, reserved: int | None = RESERVED) -> tuple[str, list[int]]:
    """The text as it is counted, and for each of its characters the place it came from.

    ``reserved`` is what a link counts; ``None`` where a server counts it as written.
    """
    pieces: list[str] = []
    places: list[int] = []
    last = 0
    for item in entities(text, tagged=False):
        if item.kind == "link" and reserved is None:
            continue
        shown = item.shown if item.kind == "mention" else "x" * (reserved or 0)
        pieces += [text[last : item.start], shown]
        places += [*range(last, item.start), *[item.start] * len(shown)]
        last = item.end
    pieces.append(text[last:])
    places.extend(range(last, len(text)))
    return "".join(pieces), places


def length(text: str, *, spoiler: str = "", reserved: int | None = RESERVED) -> int:
    """Characters as the server counts them: grapheme clusters of warning and text."""
    counted, _ = countable(text, reserved)
    return sum(1 for _ in _CLUSTER.finditer(spoiler + counted))


def compose(
    text: str, limit: int, reserved: int | None, domain: str, spoiler: str = ""
) -> Composed:
    """The text as sent, counted, with its live parts; what is too much is marked ``over``.

    A content warning, ``spoiler``, stands before the text in the server's count.
    """
    sent = text.replace("\r\n", "\n").replace("\r", "\n").strip(BLANK)
    spans = [_span(item, domain) for item in entities(sent)]
    counted, places = countable(sent, reserved)
    number, beyond, before = 0, -1, len(spoiler)
    for found in _CLUSTER.finditer(spoiler + counted):
        if number >= limit and beyond < 0 and found.end() > before:
            beyond = places[max(found.start() - before, 0)]
        number += 1
    if beyond >= 0:
        spans.append(Span(beyond, len(sent), "over"))
    return Composed(sent, number, limit, tuple(spans))


def _span(item: Entity, domain: str) -> Span:
    if item.kind == "link":
        return Span(item.start, item.end, "link", item.shown)
    if item.kind == "tag":
        href = f"https://{domain}/tags/{item.shown}" if domain else ""
        return Span(item.start, item.end, "tag", href)
    host = item.host or domain
    return Span(item.start, item.end, "mention", f"https://{host}/{item.shown}" if host else "")


def plain(html: str) -> str:
    """The text of a status' ``content``, as a reader would copy it.

    The hidden halves of shortened links are part of it. No parser of whole HTML: what
    comes here is any server's, and those take quadratic time over the wrong input.
    """

    def shown(tag: regex.Match[str]) -> str:
        return "\n" if tag["name"].lower() in _BLOCKS else ""

    bare = str(_ELEMENT.sub(shown, html))
    try:
        return unescape(bare).strip()
    except ValueError:  # a character reference of thousands of digits
        return bare.strip()


def canonical(text: str) -> str:
    """What two spellings of one text have in common after the server rewrote it.

    Runs of white space become one space and mentions lose their host, as in ``content``.
    """
    short = _MENTION.sub(lambda found: f"@{found['user']}", text)
    return " ".join(unicodedata.normalize("NFC", short).split())


def alike(one: str, other: str) -> bool:
    """Whether two canonical texts share most of their words: not the same, but too close."""
    first, second = set(one.split()), set(other.split())
    return bool(first and second) and len(first & second) / len(first | second) >= 0.7
