"""How alike two texts are: a hash of what is said, and a small sketch of how (promises.md 6).

Case, punctuation, spacing and campaign tags of links make no difference to either. The sketch is
the 64 smallest hashes of all runs of five characters ("bottom-k"): the share that two sketches
have in common estimates the share of runs that two texts have in common, whatever their length.
"""

from __future__ import annotations

import hashlib
import heapq
import re
import struct
import unicodedata
import zlib
from functools import lru_cache

RUN = 5  # characters: no words are needed, so languages without spaces do too
KEPT = 64  # hashes of a sketch: an estimate is within 0.06 of the truth two times of three
LEAST = 40  # characters of a text that has a sketch: of a shorter one only the same is a twin
MOST = 12_000  # characters looked at
ALIKE = 0.7
TAGS = re.compile(r"[?&](?:utm_[a-z]{1,20}|fbclid|gclid)=[^&\s#]*")
WORDS = re.compile(r"\w+")


def plain(text: str) -> str:
    """What is left of a text when only its words count."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    found = " ".join(WORDS.findall(TAGS.sub("", folded)))
    return found or "".join(folded.split())  # of signs alone, these are what is said


def digest(text: str) -> str:
    """32 hex digits, the same for texts that say the same; empty for no text."""
    found = plain(text)
    return hashlib.sha256(found.encode()).hexdigest()[:32] if found else ""


def sketch(text: str) -> bytes:
    """Up to 256 bytes; empty for a text too short to be nearly like another."""
    found = plain(text)[:MOST]
    if len(found) < LEAST:
        return b""
    runs = {found[at : at + RUN] for at in range(len(found) - RUN + 1)}
    least = heapq.nsmallest(KEPT, {zlib.crc32(one.encode()) for one in runs})
    return struct.pack(f">{len(least)}I", *least)


@lru_cache(1024)
def alike(one: bytes, other: bytes) -> float:
    """From 0 to 1, how much two sketches have in common; 0 where one is empty."""
    if not one or not other:
        return 0.0
    mine, theirs = (set(struct.unpack(f">{len(raw) // 4}I", raw)) for raw in (one, other))
    both, either = mine & theirs, mine | theirs
    most = min(KEPT, len(either))
    if len(both) < ALIKE * most:  # it is no more than this, and most pairs are far from alike
        return len(both) / most
    return sum(found in both for found in sorted(either)[:most]) / most
