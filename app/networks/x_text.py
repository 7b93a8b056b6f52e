"""How X counts a text, and what is live in it (networks/x.md §4; stack.md, "X's length").

The only place that counts: composer, preview, validation and request all come here.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import regex

from app.networks.base import Composed, Span
from app.networks.x_links import LATIN, Link, find_links

LIMIT = 280
LONG_LIMIT = 25_000
URL_WEIGHT = 23
EMOJI_WEIGHT = 2
# Code points that count 1; all others count 2.
_LIGHT_STARTS = (0x0000, 0x2000, 0x2010, 0x2032)
_LIGHT_ENDS = (0x10FF, 0x200D, 0x201F, 0x2037)
# Never accepted in a text, and nobody types them: half characters, controls, byte order marks.
_NEVER_SENT = re.compile("[\ud800-\udfff\x00-\x08\x0b-\x1f\x7f\ufffe\ufeff\uffff]")

_EMOJI = regex.compile(
    r"""
    \p{Regional_Indicator}{2}
    | [0-9\#*] \uFE0F? \u20E3
    | [©®] \uFE0F
    | (?P<one>
        (?: \p{Emoji_Modifier_Base} \uFE0F? \p{Emoji_Modifier}
          | [\p{Extended_Pictographic}--[\p{Emoji_Presentation}©®]] \uFE0F?
          | [\p{Extended_Pictographic}&&\p{Emoji_Presentation}] )
        (?: [\U000E0020-\U000E007E]++ \U000E007F )?
      )
      (?: \u200D (?&one) )*+
    """,
    regex.VERBOSE | regex.V1,
)
_MENTION = regex.compile(
    rf"(?<![0-9A-Za-z_!#$%&*@＠])[@＠]([0-9A-Za-z_]{{1,20}})(?![0-9A-Za-z_@＠{LATIN}]|://)",
    regex.V0,
)
_TAG = regex.compile(
    r"(?<![\p{L}\p{M}\p{Nd}_&])[#＃](?=[\p{Nd}_\u200c\u200d\u00b7]*[\p{L}\p{M}])"
    r"[\p{L}\p{M}\p{Nd}_\u200c\u200d\u00b7]{1,140}+(?![#＃]|://)"
)
_CASHTAG = regex.compile(r"(?<!\S)\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?(?=$|\s|[^\p{L}\p{N}$])")


def tidy(text: str) -> str:
    """The text as it is sent: NFC, unix line ends, nothing empty around it."""
    plain = _NEVER_SENT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", plain).strip()


def limit_of(extras: Mapping[str, Any]) -> int:
    """How many a text may count: 25,000 with a subscription that has long posts, else 280."""
    plan = str(extras.get("subscription_type", "")).lower()
    return LONG_LIMIT if plan in {"basic", "premium", "premiumplus"} else LIMIT


def compose(text: str, limit: int) -> Composed:
    """The text as sent with its weighted count; spans are code points of that text."""
    sent = tidy(text)
    links = find_links(sent)
    count, fits = _measure(sent, links, limit)
    spans = [Span(link.start, link.end, "link", link.href) for link in links]
    spans += _live(sent, links)
    if count > limit:
        spans.append(Span(fits, len(sent), "over"))
    return Composed(sent, count, limit, tuple(sorted(spans, key=lambda s: (s.start, s.end))))


def weigh(text: str) -> int:
    """The weighted count of a text just as it is, but for NFC (twitter-text's own figure)."""
    plain = unicodedata.normalize("NFC", text)
    return _measure(plain, find_links(plain), 0)[0]


def cashtags(text: str) -> list[str]:
    """Stock symbols such as ``$AAPL``."""
    return [found[0] for found in _CASHTAG.finditer(text)]


def _measure(text: str, links: list[Link], limit: int) -> tuple[int, int]:
    """The whole count, and how many code points still fit into the limit."""
    total, fits = 0, 0
    for end, weight in _units(text, links):
        total += weight
        if total <= limit:
            fits = end
    return total, fits


def _units(text: str, links: list[Link]) -> Iterator[tuple[int, int]]:
    """Where each thing that counts ends, and what it counts."""
    place = 0
    for link in links:
        yield from _plain(text, place, link.start)
        yield link.end, URL_WEIGHT
        place = link.end
    yield from _plain(text, place, len(text))


def _plain(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    place = start
    for emoji in _EMOJI.finditer(text, start, end):
        for index in range(place, emoji.start()):
            yield index + 1, _weight(text[index])
        place = emoji.end()
        yield place, EMOJI_WEIGHT
    for index in range(place, end):
        yield index + 1, _weight(text[index])


@lru_cache(maxsize=4096)
def _weight(character: str) -> int:
    code = ord(character)
    block = bisect_right(_LIGHT_STARTS, code) - 1
    return 1 if code <= _LIGHT_ENDS[block] else 2


def _live(text: str, links: list[Link]) -> list[Span]:
    """Mentions and hashtags outside of links."""
    starts = [link.start for link in links]

    def free(start: int, end: int) -> bool:
        near = bisect_right(starts, end - 1) - 1
        return near < 0 or links[near].end <= start

    mentions = [
        Span(m.start(), m.end(), "mention", f"https://x.com/{m[1]}")
        for m in _MENTION.finditer(text)
        if free(m.start(), m.end())
    ]
    tags = [
        Span(m.start(), m.end(), "tag", f"https://x.com/hashtag/{m[0][1:]}")
        for m in _TAG.finditer(text)
        if free(m.start(), m.end())
    ]
    return mentions + tags
