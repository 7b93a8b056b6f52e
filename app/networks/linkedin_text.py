"""LinkedIn's "little text": counting, marking and escaping a post's text (networks/linkedin.md §3).

A reserved character that is not escaped cuts the post off there without a word, so every one
is escaped but for what is meant: hashtags, and mentions written ``@[Name](urn:li:…)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from app.networks.base import Composed, Span

LIMIT = 3000
COMMENT_LIMIT = 1250
_RESERVED = re.compile(r"[\\|{}@\[\]()<>#*_~]")
_LIVE = re.compile(
    r"(?P<link>https?://[^\s<>\"]{1,2000})"
    r"|(?P<mention>@\[(?P<name>[^\[\]\n]{1,200})\]"
    r"\((?P<urn>urn:li:(?:organization|person):[\w-]{1,60})\))"
    r"|(?<![\w/&])[#＃](?P<tag>\w{1,100})"
)
_LETTER = re.compile(r"[^\W\d_]")


def tidy(text: str) -> str:
    """The text without white space around it, lines ended by ``\\n`` alone."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def compose(text: str) -> Composed:
    """The text as people will read it, in code points; a mention counts as its name.

    Sent is ``little(text)``: whether the backslashes count is not documented (§4).
    """
    plain = tidy(text)
    spans: list[Span] = []
    shorter = 0
    for found in _live(plain):
        start, end = found.span()
        if found["link"]:
            href = _url(found["link"])
            spans.append(Span(start, start + len(href), "link", href))
        elif found["mention"]:
            spans.append(Span(start, end, "mention"))
            shorter += len(found["mention"]) - len(found["name"])
        else:
            tag = quote(found["tag"], safe="")
            spans.append(Span(start, end, "tag", f"https://www.linkedin.com/feed/hashtag/{tag}"))
    count = len(plain) - shorter
    if count > LIMIT:
        spans.append(Span(min(LIMIT + shorter, len(plain) - 1), len(plain), "over"))
    return Composed(plain, count, LIMIT, tuple(sorted(spans, key=lambda s: (s.start, s.end))))


def little(text: str) -> str:
    """The text as ``commentary`` takes it."""
    plain = tidy(text)
    pieces, place = [], 0
    for found in _live(plain):
        pieces.append(escape(plain[place : found.start()]))
        if found["link"]:
            pieces.append(escape(found["link"]))
        elif found["mention"]:
            pieces.append(f"@[{escape(found['name'])}]({found['urn']})")
        else:
            sign = found[0][0]
            pieces.append("{hashtag|" + escape(sign) + "|" + escape(found["tag"]) + "}")
        place = found.end()
    pieces.append(escape(plain[place:]))
    return "".join(pieces)


def plain(commentary: str) -> str:
    """A commentary as people read it: to compare what a listing gives with what was sent."""
    text = re.sub(r"\{hashtag\|(\\?[#＃])\|((?:\\.|[^\\}])*)\}", r"\1\2", commentary)
    text = re.sub(r"(?<!\\)@\[((?:\\.|[^\\\]])*)\]\(urn:li:[^)]*\)", r"\1", text)
    return " ".join(re.sub(r"\\([\\|{}@\[\]()<>#*_~])", r"\1", text).split())


def escape(text: str) -> str:
    """Every reserved character behind a backslash."""
    return _RESERVED.sub(lambda found: "\\" + found[0], text)


def _live(text: str) -> Iterator[re.Match[str]]:
    for found in _LIVE.finditer(text):
        if found["tag"] is None or _LETTER.search(found["tag"]):
            yield found


def _url(text: str) -> str:
    """Without the punctuation of the sentence around it."""
    text = text.rstrip(".,;:!?'")
    while text.endswith(")") and text.count(")") > text.count("("):
        text = text[:-1].rstrip(".,;:!?'")
    return text
