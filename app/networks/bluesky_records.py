"""Records: their keys, their addresses and the post itself (networks/bluesky.md §2, §6)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from app.networks import bluesky_text as text
from app.networks.base import Category, Item, Media, NetworkError, Part
from app.networks.bluesky_check import langs

POST = "app.bsky.feed.post"
_DIGITS = "234567abcdefghijklmnopqrstuvwxyz"
_URI = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/([A-Za-z0-9.-]+)/([A-Za-z0-9._:~-]{1,512})")
BLOB_SECONDS = 600.0  # an upload no record names is deleted after minutes to hours (§2)
CARD = "card"  # the key of a card's picture among the blobs of ``resume``


@dataclass(frozen=True)
class Address:
    """Where a record lies: ``at://<did>/<collection>/<rkey>``."""

    did: str
    collection: str
    rkey: str

    @classmethod
    def parse(cls, uri: str) -> Address:
        """From an at-URI; ``validation`` for anything else."""
        found = _URI.fullmatch(uri)
        if found is None:
            raise NetworkError(
                Category.VALIDATION, "That is not the address of a post.", retryable=False
            )
        return cls(*found.groups())

    @property
    def fields(self) -> dict[str, str]:
        """As the calls of ``com.atproto.repo`` name it."""
        return {"repo": self.did, "collection": self.collection, "rkey": self.rkey}


def tid(micros: int, clock: int) -> str:
    """A record key of type ``tid`` (§6): 53 bits of microseconds, 10 of a clock id."""
    value = (micros & (1 << 53) - 1) << 10 | clock & 1023
    return "".join(_DIGITS[value >> shift & 31] for shift in range(60, -1, -5))


def rkey(item: Item) -> str:
    """The key of a first attempt: a function of it, so no repeat can choose another.

    The second comes from the attempt, the rest from its marker: 30 bits keep items of one
    account and one second apart.
    """
    hashed = int.from_bytes(hashlib.sha256(item.marker.encode()).digest()[:8], "big")
    micros = int(item.at.timestamp()) * 1_000_000 + (hashed >> 10) % 1_000_000
    return tid(micros, hashed)


def begun(item: Item, before: Mapping[str, Any]) -> dict[str, Any]:
    """The first ``resume`` of an attempt, from what the attempt before left (``{}``: none).

    ``keep.rkey`` stays the item's for all its attempts: two of them can never be two posts.
    Uploads are used again while they are young enough to be there still. The record is made
    anew: its time is the attempt's, or readers would find the post far down.
    """
    at = item.at.timestamp()
    young = at - float(before.get("at") or 0) < BLOB_SECONDS
    blobs = dict(before.get("blobs") or {}) if young else {}
    found = {
        "keep": dict(before.get("keep") or {"rkey": rkey(item)}),
        "marker": item.marker,
        "at": before["at"] if blobs else at,  # not after the oldest upload
        "blobs": blobs,
    }
    if before.get("videos"):  # being made ready, however long it takes
        found["videos"] = dict(before["videos"])
    return found


def alike(found: Any, record: Mapping[str, Any]) -> bool:
    """Whether a record is that post, but for the time of the attempt that wrote it."""
    return isinstance(found, dict) and {**found, "createdAt": ""} == {**record, "createdAt": ""}


def created_at(at: datetime) -> str:
    """``2026-01-01T00:00:00.000Z``: without a zone the server refuses it (§2)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def build(
    item: Item,
    *,
    blobs: Mapping[str, Any],
    dids: Mapping[str, str],
    reply: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The whole record. ``blobs``: the server's objects by media id, copied unchanged (§2)."""
    words = text.normal(item.part.text)
    record: dict[str, Any] = {
        "$type": POST,
        "text": words,
        "createdAt": created_at(item.at),
    }
    if spoken := langs(item.options):
        record["langs"] = spoken
    marks = text.facets(words, dids)
    if marks:
        record["facets"] = marks
    if reply:
        record["reply"] = dict(reply)
    embed = _embed(item.part, blobs)
    if embed:
        record["embed"] = embed
    return record


def _embed(part: Part, blobs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Media or a card: a post has one embed, and media are what the person chose."""
    if part.media and part.media[0].kind == "video":
        return _video(part.media[0], blobs[part.media[0].id])
    if part.media:
        images = [_image(media, blobs[media.id]) for media in part.media]
        return {"$type": "app.bsky.embed.images", "images": images}
    card = part.card
    if card is None:
        return None
    external: dict[str, Any] = {
        "uri": card.url,
        "title": card.title or urlsplit(card.url).hostname or card.url,
        "description": card.description,
    }
    if CARD in blobs:
        external["thumb"] = blobs[CARD]
    return {"$type": "app.bsky.embed.external", "external": external}


def _video(media: Media, blob: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"$type": "app.bsky.embed.video", "video": blob, **_shape(media)}
    if media.alt:
        found["alt"] = media.alt
    return found


def _image(media: Media, blob: Any) -> dict[str, Any]:
    return {"image": blob, "alt": media.alt, **_shape(media)}


def _shape(media: Media) -> dict[str, Any]:
    """Width and height, so that readers keep the room free before the media is there."""
    if media.width > 0 and media.height > 0:
        return {"aspectRatio": {"width": media.width, "height": media.height}}
    return {}
