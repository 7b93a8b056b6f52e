"""Identifiers and random tokens."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
import unicodedata
from uuid import UUID

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """A UUIDv7 (RFC 9562 §5.7) that rises within this process.

    The 12 bits after the millisecond count up within it, so rows made in one
    transaction keep their order when sorted by id.
    """
    global _last
    with _lock:
        stamp = (time.time_ns() // 1_000_000) << 12
        _last = max(stamp, _last + 1)
        stamp = _last
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64
    value |= 0b10 << 62 | secrets.randbits(62)
    return UUID(int=value)


def token() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256 in hex: all that is stored of a random token (reliability §9)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def slug(name: str) -> str:
    """A word for an address: lower-case ASCII letters, digits and hyphens, 1–40 long."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    word = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40].strip("-")
    return word or "brand"


def oktopost(prefix: str, number: int) -> str:
    """A row's 15-character Oktopost id: ``001`` and twelve digits for a profile.

    ``prefix`` is three characters: ``001`` account, ``003`` credential, ``014``
    integration, ``0CN`` domain (contracts, "Names").
    """
    return f"{prefix}{number:012d}"
