"""Blobs of an account's server: named by their content, held by account (§2)."""

from __future__ import annotations

from typing import Any

from app.sandbox.store import store

LIMIT = 50 * 1024 * 1024


def give(did: str, cid: str, mime: str, size: int, blob: str) -> None:
    """Put bytes (by the sandbox's own name) among the account's blobs."""
    blobs = store().table("bluesky.blobs")
    with store().lock:
        if blobs.get(f"{did}/{cid}") is None:
            blobs.put(f"{did}/{cid}", {"mime": mime, "size": size, "blob": blob})


def held(cid: str, mime: str, size: int) -> dict[str, Any]:
    """The blob as records name it."""
    return {"$type": "blob", "ref": {"$link": cid}, "mimeType": mime, "size": size}
