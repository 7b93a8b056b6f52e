"""What a record must look like, refused in the words of PDS 0.4.217 (measured, §4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import regex

from app.sandbox.bluesky.cids import CID, TID
from app.sandbox.bluesky.words import invalid, no

POST = "app.bsky.feed.post"
IMAGE_BYTES = 1_000_000  # the older lexicon, which servers in the field still carry
VIDEO_BYTES = 100_000_000
Blob = Mapping[str, Any]
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,20})?(Z|[+-]\d\d:\d\d)")
_URI = re.compile(r"\w+:(?://)?[^\s/][^\s]*")
_AT_URI = re.compile(r"at://[^\s/]+\.?[^\s/]+/[^\s/]+/[^\s/]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_RKEY = re.compile(r"[A-Za-z0-9._:~-]{1,512}")
_NSID = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*(\.[a-zA-Z][a-zA-Z0-9-]*){2,}")


class Checked:
    """One record under examination; ``blob`` looks a blob of the account up by its CID."""

    def __init__(self, collection: str, blob: Callable[[str], Blob | None]) -> None:
        self.collection, self.blob = collection, blob
        self.blobs: list[str] = []

    def wrong(self, what: str, path: str) -> Exception:
        return invalid(f"Invalid {self.collection} record: {what} at {path}")

    def need(self, found: Any, key: str, path: str, kind: type) -> Any:
        """``found[key]`` of that type, or a refusal."""
        if not isinstance(found, dict):
            raise self.wrong(f"Expected object value type (got {found!r:.40})", path)
        if key not in found:
            raise self.wrong(f'Missing required key "{key}"', path)
        value = found[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            word = {str: "string", int: "integer", list: "array", dict: "object"}[kind]
            raise self.wrong(f"Expected {word} value type (got {value!r:.40})", f"{path}.{key}")
        return value

    def at_most(self, number: int, limit: int, what: str, path: str) -> None:
        if number > limit:
            raise self.wrong(f"{what} too big (maximum {limit}, got {number})", path)

    def text(self, value: str, path: str, size: int, clusters: int) -> None:
        """Bytes and grapheme clusters."""
        self.at_most(len(value.encode("utf-8", "surrogatepass")), size, "string", path)
        self.at_most(len(regex.findall(r"\X", value)), clusters, "grapheme", path)

    def moment(self, value: str, path: str) -> None:
        """A time with its zone: without one it says nothing."""
        try:
            if not _DATETIME.fullmatch(value):
                raise ValueError(value)
            datetime.fromisoformat(value[:19])
        except ValueError:
            raise self.wrong(f'Invalid datetime (got "{value[:60]}")', path) from None

    def media(self, found: Any, path: str, mime: str, size: int) -> None:
        """A blob object; that its bytes are there is looked at last, as the real server does."""
        mime_is = self.need(found, "mimeType", path, str)
        size_is = self.need(found, "size", path, int)
        link = self.need(self.need(found, "ref", path, dict), "$link", f"{path}.ref", str)
        if not CID.fullmatch(link):
            raise self.wrong("Invalid CID", f"{path}.ref")
        if not mime_is.startswith(mime.rstrip("*")):
            raise self.wrong(f'Expected "{mime}" (got "{mime_is[:60]}")', f"{path}.mimeType")
        self.at_most(size_is, size, "blob", path)
        self.blobs.append(link)

    def there(self) -> None:
        for link in self.blobs:
            if self.blob(link) is None:
                raise no(400, "BlobNotFound", f"Could not find blob: {link}")


def check(collection: str, rkey: str, record: Any, blob: Callable[[str], Blob | None]) -> None:
    """Refuse what the server would; collections it has no lexicon for are stored unchecked."""
    if not _NSID.fullmatch(collection):
        raise invalid(f'Invalid NSID string (got "{collection[:60]}") at $.collection')
    if not _RKEY.fullmatch(rkey) or rkey in (".", ".."):
        raise invalid(f'Invalid record key (got "{rkey[:60]}") at $.rkey')
    if not isinstance(record, dict):
        raise invalid("Expected object value type at $.record")
    kind = record.setdefault("$type", collection)
    if kind != collection:
        raise invalid(f"Invalid $type: expected {collection}, got {kind!s:.60}")
    if collection == POST:
        if not TID.fullmatch(rkey):
            raise invalid(f'Invalid record key for {POST}: Invalid TID string (got "{rkey}") at $')
        _post(record, Checked(collection, blob))


def _post(record: dict[str, Any], at: Checked) -> None:
    path = "$.record"
    at.text(at.need(record, "text", path, str), f"{path}.text", 3000, 300)
    at.moment(at.need(record, "createdAt", path, str), f"{path}.createdAt")
    for key, limit in (("langs", 3), ("tags", 8)):
        if key in record:
            rows = at.need(record, key, path, list)
            at.at_most(len(rows), limit, "array", f"{path}.{key}")
            for number, one in enumerate(rows if key == "langs" else ()):
                if not isinstance(one, str) or not _LANGUAGE.fullmatch(one):
                    said = f'Invalid language (got "{one!s:.40}")'
                    raise at.wrong(said, f"{path}.langs[{number}]")
    if "facets" in record:
        for number, facet in enumerate(at.need(record, "facets", path, list)):
            _facet(facet, at, f"{path}.facets[{number}]")
    if "reply" in record:
        for key in ("root", "parent"):
            _reference(
                at.need(record["reply"], key, f"{path}.reply", dict), at, f"{path}.reply.{key}"
            )
    if "embed" in record:
        _embed(at.need(record, "embed", path, dict), at, f"{path}.embed")
    at.there()


def _facet(facet: Any, at: Checked, path: str) -> None:
    """Byte ranges; like the real server, without a look at whether the text is that long."""
    index = at.need(facet, "index", path, dict)
    for key in ("byteStart", "byteEnd"):
        number = at.need(index, key, f"{path}.index", int)
        if number < 0:
            raise at.wrong(f"integer too small (minimum 0, got {number})", f"{path}.index.{key}")
    for number, feature in enumerate(at.need(facet, "features", path, list)):
        place = f"{path}.features[{number}]"
        kind = at.need(feature, "$type", place, str)
        if kind.endswith("#link") and not _URI.fullmatch(at.need(feature, "uri", place, str)):
            raise at.wrong("Invalid uri", f"{place}.uri")
        if kind.endswith("#mention") and not at.need(feature, "did", place, str).startswith("did:"):
            raise at.wrong("Invalid DID", f"{place}.did")
        if kind.endswith("#tag"):
            at.text(at.need(feature, "tag", place, str), f"{place}.tag", 640, 64)


def _reference(found: dict[str, Any], at: Checked, path: str) -> None:
    uri = at.need(found, "uri", path, str)
    if not _AT_URI.fullmatch(uri):
        raise at.wrong(f'Invalid at-uri (got "{uri[:60]}")', f"{path}.uri")
    if not CID.fullmatch(at.need(found, "cid", path, str)):
        raise at.wrong("Invalid CID", f"{path}.cid")


def _embed(embed: dict[str, Any], at: Checked, path: str) -> None:
    kind = at.need(embed, "$type", path, str)
    if kind == "app.bsky.embed.images":
        _images(embed, at, path)
    elif kind == "app.bsky.embed.external":
        _external(at.need(embed, "external", path, dict), at, f"{path}.external")
    elif kind == "app.bsky.embed.video":
        at.media(at.need(embed, "video", path, dict), f"{path}.video", "video/mp4", VIDEO_BYTES)
        if "alt" in embed:
            at.need(embed, "alt", path, str)
        _shape(embed, at, path)
    elif kind == "app.bsky.embed.record":
        _reference(at.need(embed, "record", path, dict), at, f"{path}.record")
    elif kind == "app.bsky.embed.recordWithMedia":
        inner = at.need(at.need(embed, "record", path, dict), "record", f"{path}.record", dict)
        _reference(inner, at, f"{path}.record.record")
        _embed(at.need(embed, "media", path, dict), at, f"{path}.media")


def _images(embed: dict[str, Any], at: Checked, path: str) -> None:
    images = at.need(embed, "images", path, list)
    at.at_most(len(images), 4, "array", f"{path}.images")
    for number, image in enumerate(images):
        place = f"{path}.images[{number}]"
        at.media(at.need(image, "image", place, dict), f"{place}.image", "image/*", IMAGE_BYTES)
        at.need(image, "alt", place, str)
        _shape(image, at, place)


def _shape(found: dict[str, Any], at: Checked, path: str) -> None:
    if "aspectRatio" in found:
        for key in ("width", "height"):
            if at.need(found["aspectRatio"], key, f"{path}.aspectRatio", int) < 1:
                raise at.wrong("integer too small (minimum 1)", f"{path}.aspectRatio.{key}")


def _external(card: dict[str, Any], at: Checked, path: str) -> None:
    uri = at.need(card, "uri", path, str)
    if not _URI.fullmatch(uri):
        raise at.wrong(f'Invalid uri (got "{uri[:60]}")', f"{path}.uri")
    for key in ("title", "description"):
        at.need(card, key, path, str)
    if "thumb" in card:
        at.media(at.need(card, "thumb", path, dict), f"{path}.thumb", "image/*", IMAGE_BYTES)
