"""Records that a server refuses, and how: asked of the sandbox and of a real server alike."""

from __future__ import annotations

from typing import Any

FAMILY = "👩‍👩‍👧‍👦"
GONE = "bafkreia6cnqhm7lvxlz5rxjmqzbzj5kmzlfnqmj3lzmv3iy4zq4ycx5qhm"
POST = "app.bsky.feed.post"
RKEY = "3m5abcdefgh2a"
PLAIN: dict[str, Any] = {"$type": POST, "text": "hi", "createdAt": "2026-01-01T00:00:00.000Z"}


def blob(**more: Any) -> dict[str, Any]:
    found = {"$type": "blob", "ref": {"$link": GONE}, "mimeType": "image/jpeg", "size": 10}
    return {**found, **more}


def images(*found: dict[str, Any]) -> dict[str, Any]:
    return {**PLAIN, "embed": {"$type": "app.bsky.embed.images", "images": list(found)}}


def card(**external: Any) -> dict[str, Any]:
    return {**PLAIN, "embed": {"$type": "app.bsky.embed.external", "external": external}}


def facet(index: dict[str, Any]) -> dict[str, Any]:
    return {**PLAIN, "facets": [{"index": index, "features": []}]}


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in PLAIN.items() if name != key}


INVALID = f"Invalid {POST} record: "
# name → record, error, the beginning of its message
REFUSED: dict[str, tuple[Any, str, str]] = {
    "301 characters": (
        {**PLAIN, "text": "x" * 301}, "InvalidRequest",
        INVALID + "grapheme too big (maximum 300, got 301) at $.record.text",
    ),
    "3025 bytes": (
        {**PLAIN, "text": FAMILY * 121}, "InvalidRequest",
        INVALID + "string too big (maximum 3000, got 3025) at $.record.text",
    ),
    "no text": (
        without("text"), "InvalidRequest", INVALID + 'Missing required key "text" at $.record'
    ),
    "no time": (
        without("createdAt"), "InvalidRequest",
        INVALID + 'Missing required key "createdAt" at $.record',
    ),
    "a time without its zone": (
        {**PLAIN, "createdAt": "2026-01-01T00:00:00"}, "InvalidRequest",
        INVALID + 'Invalid datetime (got "2026-01-01T00:00:00") at $.record.createdAt',
    ),
    "four languages": (
        {**PLAIN, "langs": ["en", "de", "fr", "it"]}, "InvalidRequest",
        INVALID + "array too big (maximum 3, got 4) at $.record.langs",
    ),
    "another type": (
        {**PLAIN, "$type": "app.bsky.feed.like"}, "InvalidRequest",
        f"Invalid $type: expected {POST}, got app.bsky.feed.like",
    ),
    "a facet before the text": (
        facet({"byteStart": -1, "byteEnd": 3}), "InvalidRequest",
        INVALID + "integer too small (minimum 0, got -1) at $.record.facets[0].index.byteStart",
    ),
    "a facet without end": (
        facet({"byteStart": 0}), "InvalidRequest",
        INVALID + 'Missing required key "byteEnd" at $.record.facets[0].index',
    ),
    "five pictures": (
        images(*[{"image": blob(), "alt": ""}] * 5), "InvalidRequest",
        INVALID + "array too big (maximum 4, got 5) at $.record.embed.images",
    ),
    "a picture without alt": (
        images({"image": blob()}), "InvalidRequest",
        INVALID + 'Missing required key "alt" at $.record.embed.images[0]',
    ),
    "a picture above one megabyte": (
        images({"image": blob(size=1_500_000), "alt": ""}), "InvalidRequest",
        INVALID + "blob too big (maximum 1000000, got 1500000) at $.record.embed.images[0].image",
    ),
    "a film as a picture": (
        images({"image": blob(mimeType="video/mp4"), "alt": ""}), "InvalidRequest",
        INVALID + 'Expected "image/*" (got "video/mp4") at $.record.embed.images[0].image.mimeType',
    ),
    "a picture that was not uploaded": (
        images({"image": blob(), "alt": ""}), "BlobNotFound", f"Could not find blob: {GONE}"
    ),
    "a card without address": (
        card(uri="nope", title="x", description=""), "InvalidRequest",
        INVALID + 'Invalid uri (got "nope") at $.record.embed.external.uri',
    ),
    "a card without description": (
        card(uri="https://a.example", title="x"), "InvalidRequest",
        INVALID + 'Missing required key "description" at $.record.embed.external',
    ),
    "a reply to nothing": (
        {**PLAIN, "reply": {"root": {"uri": "at://x", "cid": "bafy"}}}, "InvalidRequest",
        INVALID + 'Invalid at-uri (got "at://x") at $.record.reply.root.uri',
    ),
}  # fmt: skip
