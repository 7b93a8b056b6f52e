"""Files: what they are is read from their bytes, not from what was said of them (§2, §5)."""

from __future__ import annotations

import io
import time
import warnings
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from PIL import Image, UnidentifiedImageError

from app.sandbox.mastodon import server, shapes, words
from app.sandbox.mastodon.desk import ROOM, count, me, route, signed_in
from app.sandbox.room import met
from app.sandbox.store import store

FORMATS = {
    "JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp",
    "AVIF": "image/avif",
}  # fmt: skip
VIDEO_SECONDS = 1.0  # how long a video is processed here
PROCESSING_SECONDS = 3.0
KEPT_SECONDS = 24 * 3600  # unattached files disappear after about a day


@dataclass(frozen=True)
class Seen:
    """What the bytes turned out to be; ``kind`` is ``image``, ``gifv`` or ``video``."""

    mime: str
    kind: str
    width: int = 0
    height: int = 0


def look(data: bytes) -> Seen | None:
    """The file's real type, or ``None`` for what is not taken here."""
    if data[4:8] == b"ftyp" and data[8:12] not in (b"avif", b"avis", b"heic", b"mif1"):
        return Seen("video/quicktime" if data[8:12] == b"qt  " else "video/mp4", "video")
    if data[:4] == b"\x1aE\xdf\xa3":
        return Seen("video/webm", "video")
    if data[:4] == b"OggS":
        return Seen("video/ogg", "video")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=list(FORMATS)) as picture:
                moving = picture.format == "GIF" and getattr(picture, "n_frames", 1) > 1
                mime = FORMATS[str(picture.format)]
                return Seen(mime, "gifv" if moving else "image", *picture.size)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError):
        return None


def decodes(data: bytes) -> bool:
    """Whether the whole picture is there."""
    try:
        with Image.open(io.BytesIO(data), formats=list(FORMATS)) as picture:
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return True


def refusal(data: bytes, seen: Seen | None, alt: str) -> Response | None:
    """Why the file is not taken."""
    if seen is None:
        return words.no(422, "file_type")
    most = server.VIDEO_BYTES if seen.kind == "video" else server.IMAGE_BYTES
    if len(data) > most:
        return words.no(422, "file_size", limit=f"{most // 1024 // 1024} MB")
    if seen.width * seen.height > server.IMAGE_PIXELS:
        return words.no(422, "file_matrix", size=f"{seen.width}x{seen.height}")
    if len(alt) > server.ALT_LENGTH:
        return words.no(422, "alt_long", limit=server.ALT_LENGTH)
    if seen.kind != "video" and not decodes(data):
        return words.no(422, "file_unsure")
    return None


@route("/api/v2/media", "POST")
@ROOM.operation("upload")
@signed_in("write:media")
def upload() -> ResponseReturnValue:
    if refused := count("media", me().handle):
        return refused
    file = request.files.get("file")
    data = file.read() if file is not None else b""
    if not data:
        return words.no(422, "invalid", what="File")
    seen, alt = look(data), request.form.get("description", "")
    refused = refusal(data, seen, alt)
    if refused is not None or seen is None:
        return refused or words.no(422, "file_type")
    row: dict[str, Any] = {
        "id": str(store().serial()), "handle": me().handle, "alt": alt,
        "blob": store().put_blob(data, seen.mime), "mime": seen.mime, "kind": seen.kind,
        "width": seen.width, "height": seen.height, "focus": request.form.get("focus", ""),
        "made_at": time.time(), "ready_at": _ready_at(seen), "status": "",
    }  # fmt: skip
    store().table("mastodon.media").put(row["id"], row)
    return shapes.attachment(row), 200 if done(row) else 202


def _ready_at(seen: Seen) -> float:
    """When processing ends: at once for pictures, unless ordered otherwise."""
    hit = met()
    if hit is not None and hit.kind == "processing":
        return time.time() + (hit.seconds or PROCESSING_SECONDS)
    return time.time() + (VIDEO_SECONDS if seen.kind == "video" else 0.0)


def done(row: dict[str, Any]) -> bool:
    """Whether the file can be attached."""
    return time.time() >= float(row["ready_at"])


def find(media_id: str, handle: str) -> dict[str, Any] | None:
    """An own file that is not attached yet and not forgotten."""
    row = store().table("mastodon.media").get(media_id)
    if row is None or row["handle"].lower() != handle.lower() or row["status"]:
        return None
    return row if time.time() - float(row["made_at"]) < KEPT_SECONDS else None


@route("/api/v1/media/<media_id>")
@ROOM.operation("lookup")
@signed_in("write:media")
def look_up(media_id: str) -> ResponseReturnValue:
    row = find(media_id, me().handle)
    if row is None:
        return words.no(404, "not_found")
    if row.get("failed"):
        return words.no(422, "processing")
    hit = met()
    if hit is not None and hit.kind == "processing":
        return shapes.attachment({**row, "ready_at": time.time() + 60}), 206
    return shapes.attachment(row), 200 if done(row) else 206


@route("/api/v1/media/<media_id>", "PUT")
@ROOM.operation("upload")
@signed_in("write:media")
def describe(media_id: str) -> ResponseReturnValue:
    row = find(media_id, me().handle)
    if row is None:
        return words.no(404, "not_found")
    given = request.get_json(silent=True) if request.is_json else request.form
    fields = given if hasattr(given, "get") and given is not None else {}
    alt = str(fields.get("description", row["alt"]) or "")
    if len(alt) > server.ALT_LENGTH:
        return words.no(422, "alt_long", limit=server.ALT_LENGTH)
    row = {**row, "alt": alt, "focus": str(fields.get("focus", row["focus"]) or "")}
    store().table("mastodon.media").put(media_id, row)
    return shapes.attachment(row), 200 if done(row) else 206


@route("/api/v1/media/<media_id>", "DELETE")
@ROOM.operation("delete")
@signed_in("write:media")
def forget(media_id: str) -> ResponseReturnValue:
    if find(media_id, me().handle) is None:
        return words.no(404, "not_found")
    store().table("mastodon.media").pop(media_id)
    return {}
