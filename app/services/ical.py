"""iCalendar as text (RFC 5545): escaping, folding, UTC times. It knows nothing of posts.

Calendar programs differ in what they forgive, so nothing is left to that: CRLF ends every line,
no line is longer than 75 octets, and none is cut within a character.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

OCTETS = 75  # of a line, its break not counted (§3.1)
PRODUCT = "-//Carillon//Calendar feed//EN"
MIME = "text/calendar"


@dataclass(frozen=True)
class Event:
    """One VEVENT. ``status`` is CONFIRMED, TENTATIVE or CANCELLED; ``sequence`` never falls.

    ``changed`` is when anything of it was last different: DTSTAMP as well, since a feed has no
    METHOD (§3.8.7.2), so that an unchanged feed is the same to the letter.
    """

    uid: str
    starts: datetime
    lasts: timedelta
    summary: str
    text: str
    url: str
    status: str
    sequence: int
    made: datetime
    changed: datetime

    def lines(self) -> list[str]:
        """Its content lines, not folded yet."""
        return [
            "BEGIN:VEVENT",
            f"UID:{escaped(self.uid)}",
            f"DTSTAMP:{stamp(self.changed)}",
            f"DTSTART:{stamp(self.starts)}",
            f"DURATION:PT{int(self.lasts.total_seconds()) // 60}M",
            f"SUMMARY:{escaped(self.summary)}",
            f"DESCRIPTION:{escaped(self.text)}",
            f"URL:{plain(self.url)}",
            f"STATUS:{self.status}",
            f"SEQUENCE:{max(self.sequence, 0)}",
            f"CREATED:{stamp(self.made)}",
            f"LAST-MODIFIED:{stamp(self.changed)}",
            "TRANSP:TRANSPARENT",  # a post keeps nobody busy
            "END:VEVENT",
        ]


def calendar(name: str, zone: str, events: Iterable[Event], *, every: timedelta) -> bytes:
    """A whole calendar. ``zone`` is what programs show it in; ``every``: how often to look."""
    pause = f"PT{int(every.total_seconds()) // 60}M"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        f"NAME:{escaped(name)}",
        f"X-WR-CALNAME:{escaped(name)}",
        f"X-WR-TIMEZONE:{escaped(zone)}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{pause}",
        f"X-PUBLISHED-TTL:{pause}",
    ]
    for event in events:
        lines += event.lines()
    lines.append("END:VCALENDAR")
    return b"".join(folded(line) for line in lines)


def escaped(text: str) -> str:
    """A TEXT value (§3.3.11): backslash, semicolon, comma and line ends; no other controls."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(one for one in text if one in "\n\t" or not control(one))
    for sign, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(sign, written)
    return text


def plain(text: str) -> str:
    """A value that is not TEXT, such as a URI: on one line."""
    return "".join(one for one in text if not control(one))


def control(one: str) -> bool:
    """Whether a character may not stand in a value (§3.1, CONTROL); joiners of emoji may."""
    return one < " " or "\x7f" <= one <= "\x9f"


def stamp(at: datetime) -> str:
    """A moment in UTC: ``20260514T123000Z``."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def folded(line: str) -> bytes:
    """The line with its CRLF, cut into pieces of at most 75 octets; the next begins with a space
    of its own (§3.1), and no character is cut in two."""
    raw = line.encode()
    if len(raw) <= OCTETS:
        return raw + b"\r\n"
    pieces: list[bytes] = []
    start, room = 0, OCTETS
    while start < len(raw):
        end = min(start + room, len(raw))
        while end < len(raw) and raw[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        pieces.append(raw[start:end])
        start, room = end, OCTETS - 1
    return b"\r\n ".join(pieces) + b"\r\n"


def unfolded(raw: bytes) -> Sequence[str]:
    """The content lines of a calendar, as a reader puts them together again."""
    return raw.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]
