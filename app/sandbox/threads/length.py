"""How long Threads finds a text: the played Threads' own count, made apart from any client's.

A code point counts 1; an emoji counts the bytes of its UTF-8 (networks: "emojis count as the
number of their UTF-8 bytes"). Links: at most 5 different ones, an attached one included.
"""

from __future__ import annotations

import regex

LIMIT, LINKS = 500, 5
_CLUSTER = regex.compile(r"\X")
_LINK = regex.compile(r"(?:https?://|(?<![\w@./-])www\.)[^\s<>\"']{1,2000}", regex.IGNORECASE)


def counted(text: str) -> int:
    """The count compared with 500."""
    if text.isascii():
        return len(text)
    return sum(
        len(cluster.encode()) if _emoji(cluster) else len(cluster)
        for cluster in _CLUSTER.findall(text)
    )


def _emoji(cluster: str) -> bool:
    """Whether it is shown in colours: by nature, or because a selector or a joiner says so."""
    if regex.match(r"\p{Emoji_Presentation}|\p{RI}\p{RI}|[0-9#*]\uFE0F?\u20E3", cluster):
        return True
    return len(cluster) > 1 and bool(
        regex.match(r"\p{Extended_Pictographic}(?:\uFE0F|\u200D|\p{Emoji_Modifier})", cluster)
    )


def links(text: str) -> set[str]:
    """The different links in a text."""
    found = (one[0].rstrip(".,;:!?)") for one in _LINK.finditer(text))
    return {one.lower() for one in found}
