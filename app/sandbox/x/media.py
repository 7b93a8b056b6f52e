"""Media of the played X: one call for pictures, pieces for everything, alt text."""

from __future__ import annotations

import io
import time
import warnings
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from PIL import Image, UnidentifiedImageError

from app.sandbox.room import met
from app.sandbox.store import store
from app.sandbox.x.desk import (
    ROOM,
    Refused,
    allowed,
    body,
    bp,
    invalid,
    me,
    missing,
    problem,
    say,
)

IMAGES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
TYPES = {
    "tweet_image": tuple(IMAGES.values()),
    "tweet_gif": ("image/gif",),
    "tweet_video": ("video/mp4", "video/quicktime", "video/webm", "video/mp2t"),
    "amplify_video": ("video/mp4", "video/quicktime"),
    "subtitles": ("text/srt", "text/vtt"),
}
MEGABYTE = 1024 * 1024
SIZES = {"tweet_image": 5 * MEGABYTE, "tweet_gif": 15 * MEGABYTE, "tweet_video": 512 * MEGABYTE}
PIECE, PIECES = 5 * MEGABYTE, 1000
LASTS = 86_400
ENCODING_SECONDS = 0.5
ALT = 1000


def table() -> Any:
    """Uploads by media id."""
    return store().table("x.media")


def own(media_id: str) -> dict[str, Any] | None:
    """An upload of the caller that X still knows."""
    found: dict[str, Any] | None = table().get(media_id)
    if found is None or found["handle"] != me().handle.lower() or found["until"] < time.time():
        return None
    return found


def _new(category: str, mime: str, total: int) -> tuple[str, dict[str, Any]]:
    media_id = str(store().serial(epoch_ms=1288834974657, bits=22))
    kind = {"tweet_image": "3", "tweet_gif": "16"}.get(category, "13")
    return media_id, {
        "handle": me().handle.lower(), "category": category, "mime": mime, "total": total,
        "key": f"{kind}_{media_id}", "until": time.time() + LASTS, "pieces": {}, "blob": "",
        "done_at": 0.0, "alt": "",
    }  # fmt: skip


def _shown(media_id: str, found: dict[str, Any], **more: Any) -> ResponseReturnValue:
    lasts = max(int(found["until"] - time.time()), 0)
    return say(
        {"data": {"id": media_id, "media_key": found["key"], "expires_after_secs": lasts, **more}}
    )


def state(found: dict[str, Any]) -> str:
    """``open`` (no finalize yet), ``pending``, ``failed`` or ``succeeded``."""
    if not found["blob"]:
        return "open"
    if found["category"] == "tweet_image":
        return "succeeded"
    if time.time() < found["done_at"]:
        return "pending"
    return "failed" if found.get("broken") else "succeeded"


def _info(found: dict[str, Any]) -> dict[str, Any]:
    hit = met()
    if hit is not None and hit.kind == "processing":
        return {"processing_info": {"state": "in_progress", "check_after_secs": 1}}
    if found["category"] == "tweet_image":
        return {}
    now = state(found)
    info: dict[str, Any] = {"state": now}
    if now == "pending":
        info["check_after_secs"] = 1
    if now == "failed":
        info["error"] = {
            "code": 1, "name": "InvalidMedia", "message": "The file could not be read."
        }  # fmt: skip
    return {"processing_info": info}


@bp.post("/2/media/upload")
@ROOM.operation("upload")
@allowed("upload", "media.write")
def upload() -> ResponseReturnValue:
    """A picture in one call."""
    file = request.files.get("media")
    category = request.form.get("media_category", "")
    if file is None:
        invalid("The media field is required.", media="")
    if category != "tweet_image":
        invalid("media_category must be tweet_image here.", media_category=category)
    data = file.read()
    if len(data) > SIZES["tweet_image"]:
        return problem(413, "Payload Too Large", "The file is larger than 5 MB.")
    mime = _picture(data)
    media_id, found = _new(category, mime, len(data))
    found["blob"] = store().put_blob(data, mime)
    table().put(media_id, found)
    return _shown(media_id, found, size=len(data), **_info(found))


def _picture(data: bytes) -> str:
    """What the bytes really are."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning):
        raise Refused(
            problem(415, "Unsupported Media Type", "The file is not a picture X can read.")
        ) from None
    mime = IMAGES.get(image.format or "")
    if mime is None:
        raise Refused(problem(415, "Unsupported Media Type", f"{image.format} is not supported."))
    return mime


@bp.post("/2/media/upload/initialize")
@ROOM.operation("upload")
@allowed("append", "media.write")
def initialize() -> ResponseReturnValue:
    """Announce a file that comes in pieces."""
    asked = body()
    unknown = set(asked) - {
        "media_type", "total_bytes", "media_category", "shared", "additional_owners",
    }  # fmt: skip
    if unknown:
        invalid("Unknown property.", **{name: asked[name] for name in unknown})
    category, mime = asked.get("media_category"), asked.get("media_type")
    total = asked.get("total_bytes")
    if category not in TYPES:
        invalid("media_category is not valid.", media_category=category)
    if mime not in TYPES[category]:
        invalid("media_type is not valid for this category.", media_type=mime)
    if not isinstance(total, int) or isinstance(total, bool) or total < 1:
        invalid("total_bytes must be a positive number.", total_bytes=total)
    if total > SIZES.get(category, SIZES["tweet_video"]):
        invalid("The media is too large for its category.", total_bytes=total)
    media_id, found = _new(category, mime, total)
    table().put(media_id, found)
    return _shown(media_id, found)


def _open_one(media_id: str) -> dict[str, Any]:
    found = own(media_id)
    if found is None:
        invalid("The media id is not valid.", id=media_id)
    return found


@bp.post("/2/media/upload/<media_id>/append")
@ROOM.operation("upload")
@allowed("append", "media.write")
def append(media_id: str) -> ResponseReturnValue:
    """One piece; the same number again replaces it."""
    found = _open_one(media_id)
    number, file = request.form.get("segment_index", type=int), request.files.get("media")
    if number is None or not 0 <= number < PIECES:
        invalid("segment_index is not valid.", segment_index=request.form.get("segment_index"))
    if file is None:
        invalid("The media field is required.", media="")
    if found["blob"]:
        invalid("The upload is finished already.", id=media_id)
    data = file.read()
    if not 0 < len(data) <= PIECE:
        return problem(413, "Payload Too Large", "The segment is empty or larger than 5 MB.")
    piece = store().put_blob(data, "application/octet-stream")
    with store().lock:
        found = _open_one(media_id)
        before = found["pieces"].get(str(number))
        found["pieces"] = {**found["pieces"], str(number): [piece, len(data)]}
        table().put(media_id, found)
    if before:
        store().journal.drop_blob(before[0])
    return say({"data": {"expires_at": int(found["until"])}})


@bp.post("/2/media/upload/<media_id>/finalize")
@ROOM.operation("upload")
@allowed("append", "media.write")
def finalize(media_id: str) -> ResponseReturnValue:
    """Put the pieces together; saying it twice changes nothing."""
    found = _open_one(media_id)
    if not found["blob"]:
        pieces = [found["pieces"].get(str(n)) for n in range(len(found["pieces"]))]
        if not pieces or None in pieces or sum(p[1] for p in pieces if p) != found["total"]:
            invalid("Segments do not add up to the announced size.", id=media_id)
        data = b"".join((store().blob(p[0]) or ("", b""))[1] for p in pieces if p)
        if found["mime"].startswith("image/") and _picture(data) != found["mime"]:
            invalid("The media is not of the announced type.", media_type=found["mime"])
        if found["mime"].startswith("video/") and b"ftyp" not in data[:64]:
            found["broken"] = True
        found |= {"blob": store().put_blob(data, found["mime"]), "pieces": {}}
        found["done_at"] = time.time() + ENCODING_SECONDS
        table().put(media_id, found)
        for piece in pieces:
            store().journal.drop_blob(piece[0] if piece else "")
    return _shown(media_id, found, size=found["total"], **_info(found))


@bp.get("/2/media/upload")
@ROOM.operation("upload")
@allowed("status", "media.write")
def status() -> ResponseReturnValue:
    """How far the encoding is."""
    if request.args.get("command") != "STATUS":
        invalid("command must be STATUS.", command=request.args.get("command"))
    media_id = request.args.get("media_id", "")
    found = _open_one(media_id)
    return _shown(media_id, found, size=found["total"], **_info(found))


@bp.post("/2/media/metadata")
@ROOM.operation("upload")
@allowed("metadata", "media.write")
def metadata() -> ResponseReturnValue:
    """Alt text."""
    asked = body()
    if set(asked) - {"id", "metadata"}:
        invalid("Unknown property.", body=sorted(asked))
    given = asked.get("metadata")
    alt = given.get("alt_text") if isinstance(given, dict) else None
    text = alt.get("text") if isinstance(alt, dict) else None
    if not isinstance(text, str) or not 0 < len(text) <= ALT:
        invalid("alt_text.text must be 1 to 1000 characters long.", alt_text="")
    media_id = str(asked.get("id"))
    with store().lock:
        found = own(media_id)
        if found is None:
            return problem(
                404, "Not Found Error", "Could not find media.", kind="resource-not-found",
                errors=[missing("media", "id", media_id)],
            )  # fmt: skip
        found["alt"] = text
        table().put(media_id, found)
    return say({"data": {"id": media_id, "associated_metadata": {"alt_text": {"text": text}}}})
