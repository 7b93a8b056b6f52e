"""A text as the instance counts it and as it shows it (§4).

Written apart from our client on purpose: where the two disagree, one of them is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import TypeVar

import regex
from linkify_it.tlds import TLDS

_KNOWN = {tld.lower() for tld in TLDS}
_TOKEN = regex.compile(
    r"""(?P<url>(?<![A-Za-z0-9@$\#])https?://
            (?P<host>[\w-]++(?:\.[\w-]++)++)(?::\d{1,5})?
            (?P<rest>[/?][^\s<>]*+)?)
      | (?P<mention>(?<![=/\w])@(?P<user>[A-Za-z0-9_]++(?:[.-]++[A-Za-z0-9_]++)*+)
            (?:@(?P<at>\w++(?:[.-]++\w++)*+))?+(?![@]|://))
      | (?P<tag>(?<![=/)\w])\#(?P<word>\w*+(?<=\p{L}\w*)))""",
    regex.VERBOSE | regex.IGNORECASE,
)
_TRAILING = ".,:;!?*'\"»”’)]}&|$%=~["
_PARAGRAPHS = re.compile(r"\n\n+")

T = TypeVar("T")
Known = Callable[[str, str], str]


def _address(found: regex.Match[str]) -> str:
    """The link of a match without closing punctuation; ``""`` where it is none."""
    host = found["host"]
    last = host.rsplit(".", 1)[-1].lower()
    if last not in _KNOWN and not last.startswith("xn--"):
        return ""
    url: str = found["url"]
    while url[-1] in _TRAILING:
        if url[-1] == ")" and url.count("(") >= url.count(")"):
            break
        url = url[:-1]
    return url


def rewrite(
    text: str, link: Callable[[str], str], mention: Callable[[str, str], str],
    tag: Callable[[str], str], rest: Callable[[str], str],
) -> str:  # fmt: skip
    """The text with each live part and each piece between them put through its function."""
    pieces: list[str] = []
    place = 0
    for found in _TOKEN.finditer(text):
        if found.start() < place:
            continue
        if found["url"]:
            url = _address(found)
            if not url:
                continue
            shown, end = link(url), found.start() + len(url)
        elif found["mention"]:
            shown, end = mention(found["user"], found["at"] or ""), found.end()
        else:
            shown, end = tag(found["word"]), found.end()
        pieces += [rest(text[place : found.start()]), shown]
        place = end
    return "".join([*pieces, rest(text[place:])])


def length(text: str, spoiler: str, reserved: int) -> int:
    """Grapheme clusters, with links as ``reserved`` and mentions without their host."""
    counted = rewrite(
        text,
        link=lambda url: "x" * reserved,
        mention=lambda user, host: f"@{user}",
        tag=lambda word: f"#{word}",
        rest=str,
    )
    return len(regex.findall(r"\X", spoiler + counted))


def content(text: str, base: str, known: Known) -> str:
    """The ``content`` of a status. ``known(user, host)`` is a profile's address, or ``""``."""

    def link(url: str) -> str:
        scheme = regex.match(r"https?://(?:www\.)?", url, regex.IGNORECASE)
        cut = scheme.end() if scheme else 0
        shown, hidden = url[cut : cut + 30], url[cut + 30 :]
        kind = "ellipsis" if hidden else ""
        return (
            f'<a href="{escape(url)}" target="_blank" rel="nofollow noopener noreferrer" '
            f'translate="no"><span class="invisible">{escape(url[:cut])}</span>'
            f'<span class="{kind}">{escape(shown)}</span>'
            f'<span class="invisible">{escape(hidden)}</span></a>'
        )

    def mention(user: str, host: str) -> str:
        profile = known(user, host)
        if not profile:
            return escape(f"@{user}@{host}" if host else f"@{user}")
        return (
            f'<span class="h-card" translate="no"><a href="{escape(profile)}" '
            f'class="u-url mention">@<span>{escape(user)}</span></a></span>'
        )

    def tag(word: str) -> str:
        return (
            f'<a href="{escape(base)}/tags/{escape(word)}" class="mention hashtag" '
            f'rel="tag">#<span>{escape(word)}</span></a>'
        )

    if not text:
        return ""
    live = rewrite(text.replace("\r\n", "\n").replace("\r", "\n"), link, mention, tag, escape)
    paragraphs = [part.strip("\n").replace("\n", "<br />") for part in _PARAGRAPHS.split(live)]
    return "".join(f"<p>{part}</p>" for part in paragraphs)


def tags(text: str) -> list[str]:
    """The words of the tags in a text."""
    found: list[str] = []
    rewrite(text, lambda url: "", lambda user, host: "", lambda word: _note(found, word), str)
    return found


def mentions(text: str) -> list[tuple[str, str]]:
    """User and host of every mention in a text."""
    found: list[tuple[str, str]] = []
    rewrite(text, lambda url: "", lambda u, h: _note(found, (u, h)), lambda word: "", str)
    return found


def _note(found: list[T], item: T) -> str:
    found.append(item)
    return ""
