"""What became of a video of the played Facebook: uploaded, processed, published."""

from __future__ import annotations

import time
from typing import Any

from flask import request, url_for

from app.sandbox import meta
from app.sandbox.facebook.desk import NAME
from app.sandbox.records import Post
from app.sandbox.room import met
from app.sandbox.store import store

PROCESSING_SECONDS = 0.5
REEL_SECONDS = {"video_reels": (3, 90), "video_stories": (3, 60)}


def table() -> Any:
    """Videos by id: ``page, handle, edge, total, size, blobs, session, finished, broken, post``."""
    return store().table("facebook.videos")


def new(page_id: str, handle: str, edge: str, total: int) -> tuple[str, dict[str, Any]]:
    """An upload that begins."""
    video_id = str(store().serial())
    row = {
        "page": page_id, "handle": handle, "edge": edge, "total": total, "size": 0, "blobs": [],
        "session": str(store().serial()), "finished": 0.0, "broken": "", "stuck": False,
        "post": "",
    }  # fmt: skip
    table().put(video_id, row)
    return video_id, row


def append(video_id: str, row: dict[str, Any], data: bytes) -> dict[str, Any]:
    """More bytes of it."""
    blob = store().put_blob(data, "application/octet-stream")
    row |= {"size": row["size"] + len(data), "blobs": [*row["blobs"], blob]}
    table().put(video_id, row)
    return row


def finish(video_id: str, row: dict[str, Any], words: str, title: str) -> dict[str, Any]:
    """It is accepted; a good one is in the feed from now on. Saying it twice changes nothing."""
    if row["finished"]:
        return row
    data = b"".join((store().blob(name) or ("", b""))[1] for name in row["blobs"])
    hit = met()
    row |= {
        "finished": time.time(), "stuck": hit is not None and hit.kind == "processing",
        "broken": _fault(row["edge"], data),
    }  # fmt: skip
    if not row["broken"] and not row["stuck"]:
        row["post"] = _published(video_id, row, data, words, title)
    table().put(video_id, row)
    for name in row["blobs"]:
        store().journal.drop_blob(name)
    return row


def _fault(edge: str, data: bytes) -> str:
    if b"ftyp" not in data[:64]:
        return "The video file you selected is in a format that we don't support."
    low, high = REEL_SECONDS.get(edge, (0, 4 * 3600))
    lasts = meta.film_seconds(data)
    if lasts and not low <= lasts <= high:
        return f"The video has to last {low} to {high} seconds."
    return ""


def _published(video_id: str, row: dict[str, Any], data: bytes, words: str, title: str) -> str:
    story = row["edge"] == "video_stories"
    number = str(store().serial())
    post_id = number if story else f"{row['page']}_{number}"
    kind = {"video_reels": "reel", "video_stories": "stories"}.get(row["edge"], "videos")
    url = url_for("facebook.clip", kind=kind, post=post_id, _external=True)
    blob = store().put_blob(data, "video/mp4")
    store().posts.add(
        Post(
            NAME, row["handle"], post_id, "" if story else words, time.time(),
            [{"blob": blob, "mime": "video/mp4", "alt": ""}], "", url,
            extras={"kind": "story" if story else kind.rstrip("s"), "video": video_id,
                    "title": title},
        )
    )  # fmt: skip
    return post_id


def state(row: dict[str, Any]) -> str:
    """``uploading``, ``uploaded``, ``processing``, ``error`` or ``ready``."""
    if not row["finished"]:
        whole = row["total"] and row["size"] >= row["total"]
        return "uploaded" if whole else "uploading"
    hit = met()
    asked = hit is not None and hit.kind == "processing" and request.method == "GET"
    if row["stuck"] or asked or time.time() < row["finished"] + PROCESSING_SECONDS:
        return "processing"
    return "error" if row["broken"] else "ready"


def told(video_id: str, row: dict[str, Any], fields: set[str]) -> dict[str, Any]:
    """A video with the fields asked for; ``post_id`` without the Page, the address relative."""
    post = store().posts.get(NAME, row["post"]) if row["post"] else None
    ready = state(row) == "ready" and post is not None
    known: dict[str, Any] = {
        "id": video_id, "status": _status(row), "published": ready,
        "post_id": row["post"].rpartition("_")[2] if ready else None,
        "permalink_url": "/" + post.url.split("/facebook/", 1)[1] if ready and post else None,
    }  # fmt: skip
    return {name: known[name] for name in known if name in fields and known[name] is not None}


def _status(row: dict[str, Any]) -> dict[str, Any]:
    now = state(row)
    reel = row["edge"] != "videos"
    word = {"uploading": "uploading", "uploaded": "processing" if reel else "upload_complete"}
    phases: dict[str, Any] = {
        "uploading_phase": {
            "status": "in_progress" if now == "uploading" else "complete",
            "bytes_transfered": row["size"],
        },
        "processing_phase": {
            "status": {"processing": "in_progress", "error": "error", "ready": "complete"}.get(
                now, "not_started"
            )
        },
        "publishing_phase": {"status": "complete" if now == "ready" else "not_started"},
    }
    if now == "error":
        phases["processing_phase"]["errors"] = [{"code": 1363008, "message": row["broken"]}]
    if now == "ready":
        phases["publishing_phase"] |= {
            "publish_status": "published", "publish_time": int(row["finished"])
        }  # fmt: skip
    return {"video_status": word.get(now, now), **phases}
