"""A page's title, description and picture, read from its HTML (ogp.me; HTML §4.2).

Not with ``html.parser``: on hostile input its time grows with the square of the length (32 kB
of ``<a `` take it six seconds). This reader looks for the few tags it wants and passes once
over the text; every pattern is bounded. Entities are the standard library's.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

TITLE_LIMIT, TEXT_LIMIT, URL_LIMIT = 300, 600, 2000  # characters, as the columns of link_cards
MOST_TAGS = 500

# What may matter; inside the first group nothing is a tag.
_MARK = re.compile(
    r"<(?:!--|(script|style|template|noscript|textarea|svg)(?=[\s/>])"
    r"|(title)(?=[\s/>])|(meta|link|base)(?=[\s/>]))",
    re.IGNORECASE | re.ASCII,
)
_ATTRIBUTE = re.compile(
    r"""[\s/]{0,100}([^\s"'<>/=]{1,64})"""
    r"""(?:\s{0,20}=\s{0,20}(?:"([^"]{0,5000})"|'([^']{0,5000})'|([^\s"'=<>`]{1,5000})))?"""
)
_CHARSET = re.compile(rb"charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9_-]{1,40})", re.IGNORECASE)
# Python also knows codecs that are no text, or slow: only those a page may have are used.
_CHARSETS = re.compile(
    r"utf-?8|utf-?16(?:-?[lb]e)?|us-ascii|iso-?8859-?\d{1,2}|latin-?1|windows-?125\d|cp125\d"
    r"|shift[_-]?jis|windows-31j|euc-(?:jp|kr)|iso-2022-jp|gbk|gb2312|gb18030|big5|koi8-[ru]"
)
_WIDER = {"us-ascii": "cp1252", "iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
# Turn text round without being seen; a title must not.
_UNSEEN = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0xFEFF])


@dataclass(frozen=True)
class Page:
    """What a page says of itself; ``""`` for what it does not say. ``image`` is absolute."""

    title: str = ""
    description: str = ""
    image: str = ""


def read(body: bytes, charset: str, url: str) -> Page:
    """The page at ``url``. ``charset`` is its ``Content-Type``'s, or ``""``."""
    said, base = _said(decode(body, charset))
    try:
        base = urljoin(url, base)
    except ValueError:
        base = url
    return Page(
        title=tidy(_first(said, "og:title", "twitter:title", "<title>"), TITLE_LIMIT),
        description=tidy(
            _first(said, "og:description", "twitter:description", "description"), TEXT_LIMIT
        ),
        image=_address(
            base,
            _first(said, "og:image:secure_url", "og:image", "og:image:url", "twitter:image",
                   "twitter:image:src", "image_src"),
        ),
    )  # fmt: skip


def decode(body: bytes, charset: str) -> str:
    """The text of a page: byte order mark, header, ``<meta>``, UTF-8, in that order."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    found = _CHARSET.search(body[:2048])
    inside = found.group(1).decode("ascii") if found else ""
    for name in (charset, "utf-8" if inside.lower().startswith("utf-16") else inside):
        known = _codec(name)
        if known:
            return body.decode(known, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = error.reason == "unexpected end of data"  # the page was longer than what we read
        return body.decode("utf-8" if cut else "cp1252", "replace")


def tidy(text: str, limit: int) -> str:
    """One line without control characters, at most ``limit`` characters."""
    plain = html.unescape(text).translate(_UNSEEN)
    spaced = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in plain)
    line = " ".join(spaced.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _codec(name: str) -> str:
    """Python's name of a charset that a page may have; ``""`` for others."""
    name = name.strip().strip("\"'").lower()
    if not _CHARSETS.fullmatch(name):
        return ""
    try:
        found = codecs.lookup(name).name
    except LookupError:
        return ""
    return _WIDER.get(found, found)


def _said(text: str) -> tuple[dict[str, str], str]:
    """Every name the page gives a value for (the first one counts), and its base address."""
    said: dict[str, str] = {}
    base = ""
    for tag, found in _tags(text):
        if tag == "title":
            said.setdefault("<title>", found["text"])
        elif tag == "base":
            base = base or found.get("href", "")
        elif tag == "link":
            if "image_src" in found.get("rel", "").lower().split():
                said.setdefault("image_src", found.get("href", ""))
        else:
            name = (found.get("property") or found.get("name") or "").strip().lower()
            if name and found.get("content", "").strip():
                said.setdefault(name, found["content"])
    return said, html.unescape(base).strip()


def _tags(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    place = 0
    for _ in range(MOST_TAGS):
        mark = _MARK.search(text, place)
        if mark is None:
            return
        hidden, title, wanted = mark.groups()
        place = mark.end()
        if wanted:
            found, place = _attributes(text, place)
            yield wanted.lower(), found
            continue
        end = _end(text, place, hidden or title)
        if title:
            start = text.find(">", place, place + 1000) + 1
            if start:
                stop = min(end, start + 4 * TITLE_LIMIT) if end else start + 4 * TITLE_LIMIT
                yield "title", {"text": text[start:stop]}
        if not end:
            return
        place = end


def _end(text: str, place: int, name: str | None) -> int:
    """Where a comment or an element without tags inside ends; 0 where it never does."""
    if name is None:
        return text.find("-->", place) + 1
    closing = re.compile("</" + name, re.IGNORECASE | re.ASCII).search(text, place)
    return closing.start() if closing else 0


def _attributes(text: str, place: int) -> tuple[dict[str, str], int]:
    """The attributes of a tag whose name has just been read, and where they end."""
    found: dict[str, str] = {}
    for _ in range(30):
        one = _ATTRIBUTE.match(text, place)
        if one is None:
            break
        place = one.end()
        value = next((group for group in one.groups()[1:] if group is not None), "")
        found.setdefault(one.group(1).lower(), value)
    return found, place


def _first(said: dict[str, str], *names: str) -> str:
    return next((said[name] for name in names if said.get(name, "").strip()), "")


def _address(base: str, found: str) -> str:
    """An absolute http or https address; ``""`` for anything else."""
    found = html.unescape(found).strip()
    if not found or len(found) > URL_LIMIT or not found.isprintable():
        return ""
    try:
        whole = urljoin(base, found)
    except ValueError:
        return ""
    return whole if whole.lower().startswith(("http://", "https://")) else ""
