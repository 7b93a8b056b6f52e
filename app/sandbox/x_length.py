"""How long X finds a text: the played X's own count, made apart from any client's.

The rules are those X documents: a link counts 23, an emoji 2, a plain letter 1, the rest 2.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import chain

import regex
from linkify_it.tlds import TLDS

LINK = 23
LIGHT = (range(4352), range(8192, 8206), range(8208, 8224), range(8242, 8248))


@lru_cache(maxsize=1)
def link_pattern() -> regex.Pattern[str]:
    """Links with a scheme, and bare hosts under a known top-level domain."""
    coded = (t for t in TLDS if t.startswith("XN--"))
    decoded = (t[4:].lower().encode().decode("punycode") for t in coded)
    known = "|".join(sorted(chain(map(str.lower, TLDS), decoded), key=len, reverse=True))
    label = r"[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}_-]{0,61}[\p{L}\p{M}\p{N}])?"
    plain = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    tail = r"(?:/(?:[\w.~!*';:@&=+$,/%#\[\]|–-]*[\w=+#/-])?(?:\([\w.~%-]+\))?)?"
    query = r"(?:\?[a-z0-9!?*'@();:&=+$/%#\[\]_.,~|-]*[a-z0-9_&=#/-])?"
    end = r"(?![a-z0-9@+-])"
    return regex.compile(
        rf"""
        (?<![a-z0-9@＠$\#＃]) https?:// (?:{label}\.)+ (?:{known}){end} (?::\d+)? {tail} {query}
        | (?<![a-z0-9@＠$\#＃_./-]) (?:{plain}\.)+ (?:{known}){end}
          (?: (?::\d+)? (?=/) {tail} {query} )?
        """,
        regex.VERBOSE | regex.IGNORECASE,
    )


def links(text: str) -> list[tuple[int, int, str]]:
    """Start, end and text of every link."""
    if "." not in text:
        return []
    return [(m.start(), m.end(), m[0]) for m in link_pattern().finditer(text, timeout=2)]


def weighted(text: str) -> int:
    """The count X compares with 280."""
    text = unicodedata.normalize("NFC", text)
    total, place = 0, 0
    for start, end, _ in links(text):
        total += _plain(text[place:start]) + LINK
        place = end
    return total + _plain(text[place:])


def _plain(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if _emoji(c) else sum(map(_light, c)) for c in regex.findall(r"\X", text))


def _emoji(cluster: str) -> bool:
    return len(cluster) > 1 and bool(
        regex.match(r"\p{Extended_Pictographic}|\p{RI}\p{RI}|[0-9#*]\uFE0F?\u20E3", cluster)
    )


def _light(character: str) -> int:
    return 1 if any(ord(character) in block for block in LIGHT) else 2
