"""Posts as everybody sees them: the feed's entry of a record."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

from app.sandbox.bluesky.names import NAME, handle_of
from app.sandbox.bluesky.words import here
from app.sandbox.records import Post
from app.sandbox.store import store


def show(name: str, row: dict[str, Any]) -> None:
    """Put a new post into the feed, or change the one that is there."""
    record, uri = row["value"], row["uri"]
    did, rkey = uri.split("/")[2], uri.rpartition("/")[2]
    media, card = _pictures(did, record.get("embed"))
    extras: dict[str, Any] = {
        "uri": uri, "cid": row["cid"], "facets": marked(record), "record": record,
        "handle": handle_of(name), "pieces": pieces(record),
    }  # fmt: skip
    if card:
        extras["card"] = card
    parent = str((record.get("reply") or {}).get("parent", {}).get("uri", ""))
    before = store().posts.get(NAME, uri, deleted=True)
    if before is not None:
        if before.deleted:
            before.deleted, before.at = False, time.time()
        before.text, before.media, before.extras = record["text"], media, extras
        store().posts.save(before)
        return
    url = f"{here()}/profile/{handle_of(name)}/post/{rkey}"
    store().posts.add(
        Post(NAME, name, uri, record["text"], time.time(), media, parent, url, extras=extras)
    )


def take_down(uri: str) -> None:
    """The record is gone, and with it the post."""
    store().posts.remove(NAME, uri)


def marked(record: dict[str, Any]) -> list[dict[str, Any]]:
    """What each facet covers, cut from the text's bytes; ``None`` where it cuts a character
    or lies outside, as no reader would show it."""
    raw = record["text"].encode("utf-8", "surrogatepass")
    found = []
    for facet in record.get("facets") or ():
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        try:
            text = raw[start:end].decode() if start < end <= len(raw) else None
        except UnicodeDecodeError:
            text = None
        for feature in facet["features"]:
            kind = str(feature.get("$type", "")).partition("#")[2]
            target = feature.get("uri") or feature.get("did") or feature.get("tag") or ""
            found.append({"text": text, "kind": kind, "target": target})
    return found


def pieces(record: dict[str, Any]) -> list[list[str]]:
    """The text for the feed page, linked where a facet covers whole characters of it."""
    raw = record["text"].encode("utf-8", "surrogatepass")
    spans = sorted(
        (facet["index"]["byteStart"], facet["index"]["byteEnd"], shown["text"], _href(shown))
        for facet, shown in zip(_single(record), marked(record), strict=True)
        if shown["text"] is not None
    )
    found, at = [], 0
    for start, end, text, href in spans:
        if start < at:
            continue  # readers show the first of two that overlap
        found += [[raw[at:start].decode("utf-8", "replace"), ""], [text, href]]
        at = end
    return [piece for piece in [*found, [raw[at:].decode("utf-8", "replace"), ""]] if piece[0]]


def _single(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Each facet as often as it has features, in step with ``marked``."""
    return [facet for facet in record.get("facets") or () for _ in facet["features"]]


def _href(shown: dict[str, Any]) -> str:
    target = str(shown["target"])
    if shown["kind"] == "mention":
        return f"{here()}/profile/{quote(target, safe=':')}"
    if shown["kind"] == "tag":
        return f"{here()}/hashtag/{quote(target, safe='')}"
    return target if target.startswith(("https://", "http://")) else ""


def _pictures(did: str, embed: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Media and card of an embed, their bytes by the sandbox's own names."""
    kind = embed.get("$type") if isinstance(embed, dict) else ""
    if kind == "app.bsky.embed.recordWithMedia":
        return _pictures(did, embed["media"])
    if kind == "app.bsky.embed.images":
        return [_file(did, image["image"], image["alt"]) for image in embed["images"]], {}
    if kind == "app.bsky.embed.video":
        return [_file(did, embed["video"], str(embed.get("alt") or ""))], {}
    if kind == "app.bsky.embed.external":
        external = embed["external"]
        thumb = {"blob": _bytes_of(did, external["thumb"])} if "thumb" in external else {}
        card = {"url": external["uri"], **{k: external[k] for k in ("title", "description")}}
        return [], {**card, **thumb}
    return [], {}


def _file(did: str, blob: dict[str, Any], alt: str) -> dict[str, Any]:
    return {"blob": _bytes_of(did, blob), "mime": blob["mimeType"], "alt": alt}


def _bytes_of(did: str, blob: dict[str, Any]) -> str:
    row = store().table("bluesky.blobs").get(f"{did}/{blob['ref']['$link']}")
    return str(row["blob"]) if row else ""
