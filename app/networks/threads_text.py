"""Threads' text: how it counts, and what is live in it (networks/threads.md §3).

A code point counts 1, an emoji as many as its UTF-8 has bytes. One detection serves the
counter, the preview and the check of links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import regex

from app.networks.base import Composed, Span
from app.networks.x_links import find_links

LIMIT = 500
LINKS = 5  # different ones in a post; more are refused when the container is made
# Never accepted in a text, and nobody types them: half characters, controls, byte order marks.
_NEVER_SENT = re.compile("[\ud800-\udfff\x00-\x08\x0b-\x1f\x7f\ufffe\ufeff\uffff]")
_CLUSTER = regex.compile(r"\X")
# What a cluster begins with where it is shown as an emoji (UTS #51): a flag, a keycap, a
# character that is one by itself, or one that is made so by a selector, a tone or a joiner.
_EMOJI = regex.compile(
    r"""
      \p{Regional_Indicator}{2}
    | [0-9\#*] \uFE0F? \u20E3
    | \p{Emoji_Presentation}
    | \p{Extended_Pictographic} [\uFE0F\u200D\p{Emoji_Modifier}]
    """,
    regex.VERBOSE | regex.V1,
)
_MENTION = regex.compile(r"(?<![\w@/.])@([A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?)")
# The first one is the post's topic; the others are plain text.
_TOPIC = regex.compile(r"(?<![\w&/])#(?=[\p{N}_]*\p{L})[^\s#.&]{1,50}")


def tidy(text: str) -> str:
    """The text as it is sent: unix line ends, nothing empty around it."""
    return _NEVER_SENT.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def compose(text: str) -> Composed:
    """The text as sent with its count; spans are code points of that text."""
    sent = tidy(text)
    count, fits = _measure(sent)
    spans = list(_live(sent))
    if count > LIMIT:
        spans.append(Span(fits, len(sent), "over"))
    return Composed(sent, count, LIMIT, tuple(sorted(spans, key=lambda s: (s.start, s.end))))


def _measure(text: str) -> tuple[int, int]:
    """The whole count, and how many code points still fit into the limit."""
    if text.isascii():
        return len(text), min(len(text), LIMIT)
    total, fits, place = 0, 0, 0
    for cluster in _CLUSTER.findall(text):
        emoji = _EMOJI.match(cluster) is not None
        place += len(cluster)
        total += len(cluster.encode()) if emoji else len(cluster)
        if total <= LIMIT:
            fits = place
    return total, fits


def _live(text: str) -> Iterator[Span]:
    links = [Span(one.start, one.end, "link", one.href) for one in find_links(text)]
    yield from links

    def free(start: int, end: int) -> bool:
        return all(end <= link.start or link.end <= start for link in links)

    for mention in _MENTION.finditer(text):
        start, end = mention.span()
        if free(start, end):
            yield Span(start, end, "mention", f"https://www.threads.net/@{mention[1]}")
    for topic in _TOPIC.finditer(text):
        start, end = topic.span()
        if free(start, end):
            yield Span(start, end, "tag")
            return


def links(text: str) -> set[str]:
    """The different links of a text that are written as such: with a scheme or ``www``."""
    found = (one.text.lower() for one in find_links(text))
    return {one for one in found if one.startswith(("http://", "https://", "www."))}
