"""Links as X recognises them in a text: with or without a scheme, by known top-level domains.

Rules: networks/x.md §4, as twitter-text 3 has them. A scanner, not one large expression:
every character is looked at a bounded number of times, whatever a person types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from linkify_it.tlds import TLDS

MAX_URL = 4096
MAX_LABEL = 63  # as it goes over the wire, in punycode
MAX_TCO_SLUG = 40

LATIN = (
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268"
    "\u026f\u0272\u0289\u028b\u02bb\u0300-\u036f\u1e00-\u1eff"
)
CYRILLIC = "\u0400-\u04ff"
_CONTROL = "\ufffe\ufeff\uffff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_SCHEME = re.compile(r"https?://", re.I)
# Anything but spaces, ASCII punctuation and invisible marks may be part of a host.
_HOST = re.compile(rf"[^\s!'#%&()*+,\\/:;<=>?@\[\]^{{|}}~$\u180e{_CONTROL}]+")
_PLAIN = re.compile(rf"[-.0-9A-Za-z{LATIN}]+")
_WORD = re.compile(r"[0-9A-Za-z]+")
_PUNYCODE = re.compile(r"xn--[-0-9a-z]+", re.I)
_AFTER_TLD = re.compile(r"[0-9A-Za-z@+-]")
_NOT_BEFORE = re.compile(r"[0-9A-Za-z@＠$#＃\ufffe\ufeff\uffff]")
_PORT = re.compile(r":[0-9]+")
_PATH = rf"0-9A-Za-z{CYRILLIC}{LATIN}!*';:=+,.$/%#\[\]\u2013_~@|&-"
_PATH_RUN = re.compile(rf"[{_PATH}]+")
_PATH_END = re.compile(rf"[0-9A-Za-z{CYRILLIC}{LATIN}+=_#/-]")
_BRACKETS = re.compile(rf"\((?:[{_PATH}]++\)|[{_PATH}]*+\([{_PATH}]++\)[{_PATH}]*+\))")
_QUERY_RUN = re.compile(r"[0-9A-Za-z!?*'@();:&=+$/%#\[\]_.,~|-]+")
_QUERY_END = re.compile(r"[0-9A-Za-z_&=#/-]")
_TCO = re.compile(
    r"https?://t\.co/([0-9A-Za-z]+)(?:\?[0-9A-Za-z!?*'@();:&=+$/%#\[\]_.,~|-]*)?", re.I
)
LONGEST_TLD = 24


@dataclass(frozen=True)
class Link:
    """A link in a text: where it is (code points) and as it is written."""

    start: int
    end: int
    text: str

    @property
    def href(self) -> str:
        """Where it leads; X completes one without a scheme by http."""
        return self.text if _SCHEME.match(self.text) else f"http://{self.text}"


@dataclass(frozen=True)
class _Host:
    """A run of characters that may hold a host, cut at its dots."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    # For a host that begins in label i, where it ends: over more labels, or with the next.
    far: tuple[int, ...]
    near: tuple[int, ...]


@lru_cache(maxsize=1)
def top_level_domains() -> frozenset[str]:
    """Every known top-level domain in lower case, in both of its spellings."""
    known = {tld.lower() for tld in TLDS} | {"onion"}
    return frozenset(
        known | {t[4:].encode().decode("punycode") for t in known if t.startswith("xn--")}
    )


def find_links(text: str) -> list[Link]:
    """All links, in order, none overlapping."""
    found: list[Link] = []
    place = 0  # everything before is taken
    for run in _HOST.finditer(text) if "." in text else ():
        scheme = _scheme_before(text, run.start(), place)
        if "." not in run[0]:
            continue
        host = _host(text, run.start(), run.end())
        start = scheme if scheme is not None else run.start()
        if scheme is not None and _may_begin(text, scheme, place):
            end = _match(text, host, run.start())
            if end:
                place = _rest(text, end)
                found += _with_scheme(text, start, run.start(), end, place)
        for begin in _begins(text, run.start(), run.end()):
            if begin < place or not _may_begin(text, begin, place):
                continue
            end = _match(text, host, begin)
            if end:
                if begin == 0 or text[begin - 1] not in "-_./":
                    found += _bare(text, begin, end)
                place = _rest(text, end)
    return found


def _scheme_before(text: str, start: int, taken: int) -> int | None:
    """Where ``http://`` or ``https://`` right before ``start`` begins, if it is there."""
    for length in (7, 8):
        begin = start - length
        if begin >= taken and _SCHEME.fullmatch(text, begin, start):
            return begin
    return None


def _may_begin(text: str, begin: int, taken: int) -> bool:
    """Whether the character before lets a link begin; it must not belong to another one."""
    if begin == 0:
        return True
    return begin > taken and not _NOT_BEFORE.match(text[begin - 1])


def _begins(text: str, start: int, end: int) -> Iterator[int]:
    """Places in a run where a host without a scheme may begin."""
    # X's library takes a first letter outside ASCII for something before the link.
    if start == 0 and not text[0].isascii():
        yield 1
    yield start
    for place in range(start + 1, end):
        if not _WORD.match(text[place - 1]):
            yield place


def _host(text: str, start: int, limit: int) -> _Host:
    """Cut a run at its dots, and see from behind which labels lead to a known domain."""
    labels = text[start:limit].split(".")
    starts, ends, place = [], [], start
    for label in labels:
        starts.append(place)
        ends.append(place + len(label))
        place += len(label) + 1
    far, near = [0] * len(labels), [0] * len(labels)
    for number in range(len(labels) - 2, -1, -1):
        if not labels[number] or labels[number][-1] in "-_":
            continue
        after = labels[number + 1]
        if _label(after):
            plain = near[number + 1] if "_" not in after else 0
            far[number] = far[number + 1] or plain
        length = _tld(after, text[ends[number + 1] : ends[number + 1] + 1])
        near[number] = starts[number + 1] + length if length else 0
    return _Host(tuple(starts), tuple(ends), tuple(far), tuple(near))


def _match(text: str, host: _Host, begin: int) -> int:
    """Where a host that begins here ends; 0 where none does."""
    number = _label_at(host, begin)
    if text[begin] in "-_.":
        return 0
    if host.far[number]:
        return host.far[number]
    # The name right before the top-level domain has no underscore.
    return 0 if "_" in text[begin : host.ends[number]] else host.near[number]


def _label_at(host: _Host, place: int) -> int:
    low, high = 0, len(host.starts) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if host.starts[middle] <= place:
            low = middle
        else:
            high = middle - 1
    return low


def _label(label: str) -> bool:
    """Whether this may stand in a host: hyphens and underscores only inside."""
    return bool(label) and label[0] not in "-_" and label[-1] not in "-_"


def _short_enough(host: str) -> bool:
    for label in host.split("."):
        coded = len(label) if label.isascii() else len(label[:80].encode("punycode")) + 4
        if coded > MAX_LABEL:
            return False
    return True


def _tld(label: str, after: str) -> int:
    """How much of the beginning of ``label`` is a top-level domain; 0 for nothing."""
    known = top_level_domains()
    coded = _PUNYCODE.match(label)
    if coded:
        return coded.end()
    word = _WORD.match(label)
    lengths = [word.end()] if word else range(min(len(label), LONGEST_TLD), 0, -1)
    for length in lengths:
        behind = label[length : length + 1] or after
        if label[:length].lower() in known and not _AFTER_TLD.match(behind):
            return length
    return 0


def _with_scheme(text: str, start: int, host: int, end: int, whole: int) -> list[Link]:
    if not _short_enough(text[host:end]) or whole - start > MAX_URL:
        return []
    short = _TCO.match(text, start, whole)
    if short and len(short[1]) > MAX_TCO_SLUG:
        return []
    end = short.end() if short else whole
    return [Link(start, end, text[start:end])]


def _bare(text: str, begin: int, end: int) -> list[Link]:
    """Links of a host without a scheme: its plain Latin parts, the last with the path."""
    if not _short_enough(text[begin:end]):
        return []
    found: list[Link] = []
    for part in _PLAIN.finditer(text, begin, end):
        found += _plain(text, part.start(), part.end(), end)
    port = _PORT.match(text, end)
    path = port.end() if port else end
    if found and text[path : path + 1] == "/":
        last, whole = found.pop(), _rest(text, end)
        found.append(Link(last.start, whole, text[last.start : whole]))
    return [link for link in found if len(link.text) + 8 <= MAX_URL]


def _plain(text: str, start: int, end: int, limit: int) -> list[Link]:
    """Links in a run of plain Latin letters, digits, hyphens and dots of a host."""
    found = []
    for piece in re.finditer(r"[^.]+(?:\.[^.]+)*\.?", text[start:end]):
        place = start + piece.start()
        labels = piece[0].split(".")
        for count in range(len(labels), 1, -1):
            tld_at = place + len(".".join(labels[: count - 1])) + 1
            # A domain in another script begins where the plain run ends.
            label = labels[count - 1] or text[tld_at:limit]
            length = _tld(label, "" if tld_at + len(label) >= limit else text[tld_at + len(label)])
            if length:
                found.append(Link(place, tld_at + length, text[place : tld_at + length]))
                break
    return found


def _rest(text: str, place: int) -> int:
    """The end of port, path and query after a host that ends at ``place``."""
    port = _PORT.match(text, place)
    if port:
        place = port.end()
    if text[place : place + 1] == "/":
        place = _path(text, place + 1)
    if text[place : place + 1] == "?":
        run = _QUERY_RUN.match(text, place + 1)
        place = _trimmed(text, place + 1, run.end(), _QUERY_END, place) if run else place
    return place


def _path(text: str, place: int) -> int:
    """The end of a path: after the last character that may end one, or after brackets."""
    best = place
    while True:
        run = _PATH_RUN.match(text, place)
        if run:
            best = _trimmed(text, place, run.end(), _PATH_END, best)
            place = run.end()
        brackets = _BRACKETS.match(text, place)
        if not brackets:
            return best
        place = best = brackets.end()


def _trimmed(text: str, start: int, end: int, last: re.Pattern[str], otherwise: int) -> int:
    """``end``, moved back to just after a character that may be the last one."""
    while end > start:
        if last.match(text[end - 1]):
            return end
        end -= 1
    return otherwise
