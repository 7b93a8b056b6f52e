"""What the sandbox keeps, as plain records: everything in them is JSON."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def iso(at: float) -> str:
    """Unix seconds as ``2026-05-14T12:30:00.123Z``."""
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def stable_number(*words: str) -> int:
    """An 18-digit number that is always the same for the same words."""
    hashed = hashlib.sha256("\0".join(words).encode()).digest()
    return 10**17 + int.from_bytes(hashed[:8], "big") % (9 * 10**17)


@dataclass
class Account:
    """Somebody on a network. ``id`` is the same in every sandbox; rooms may show another."""

    network: str
    handle: str
    id: str
    name: str = ""
    extras: dict[str, Any] = field(default_factory=dict)


@dataclass
class Grant:
    """A code, an access token, a refresh token, an app password …

    ``expires`` is unix seconds, 0 for never. Grants of one ``family`` come from one consent.
    """

    network: str
    kind: str
    token: str
    handle: str
    client_id: str = ""
    scopes: list[str] = field(default_factory=list)
    expires: float = 0.0
    family: str = ""
    ended: bool = False
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        """Neither ended nor past its time."""
        return not self.ended and (not self.expires or time.time() < self.expires)


@dataclass
class Post:
    """Something public on a network.

    ``at`` is the moment of acceptance (unix seconds with fractions). ``media`` holds
    ``{"blob", "mime", "alt"}`` each, ``parent`` the id of the post answered, ``url`` the
    permalink. ``extras`` is the room's; three names are understood everywhere: ``card``
    (``{"url", "title", "description", "blob"}``), ``counts`` (see ``counts``) and
    ``pieces`` (the text as ``[text, link target or ""]``, where posts mark their own links).
    """

    network: str
    account: str
    id: str
    text: str
    at: float
    media: list[dict[str, Any]] = field(default_factory=list)
    parent: str = ""
    url: str = ""
    deleted: bool = False
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def created_at(self) -> str:
        """ISO 8601 with milliseconds."""
        return iso(self.at)

    @property
    def moment(self) -> datetime:
        """The moment of acceptance, aware, in UTC."""
        return datetime.fromtimestamp(self.at, UTC)


def counts(post: Post, replies: int = 0) -> dict[str, int]:
    """Made-up but steady numbers of a post: they grow with its age and never shrink.

    Keys: ``likes, shares, comments, quotes, saves, impressions``. Whatever
    ``post.extras["counts"]`` sets wins; ``replies`` are the real ones and are added.
    """
    seed = hashlib.sha256(f"{post.network}\0{post.id}".encode()).digest()
    hours = max(time.time() - post.at, 0.0) / 3600
    grown = hours / (hours + 6)
    views = int((200 + seed[0] * 12) * grown)
    found = {
        "likes": views * (2 + seed[1] % 5) // 100,
        "shares": views * (seed[2] % 3) // 100,
        "comments": replies,
        "quotes": views * (seed[3] % 2) // 200,
        "saves": views * (seed[4] % 2) // 100,
        "impressions": views,
    }
    return {**found, **post.extras.get("counts", {})}
