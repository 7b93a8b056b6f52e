"""Pictures and videos of the played LinkedIn: announced, put part by part, processed."""

from __future__ import annotations

import hashlib
import io
import secrets
import time
import warnings
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from PIL import Image

from app.sandbox.linkedin.desk import allowed, author, body, granted, me, person, signed_in
from app.sandbox.linkedin.words import ROOM, Refused, bp, denied, invalid, no, say
from app.sandbox.room import met
from app.sandbox.store import store

PIECE = 4 * 1024 * 1024
VIDEO_BYTES = (75_000, 500_000_000)
PIXELS, FRAMES = 36_152_320, 250
IMAGES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif"}
ADDRESS_SECONDS = 3600
IMAGE_SECONDS, VIDEO_SECONDS = 0.0, 0.5
WRITES = ("w_member_social", "w_organization_social")


def table() -> Any:
    """Assets by URN."""
    return store().table("linkedin.media")


def asset(urn: Any, kind: str) -> dict[str, Any] | None:
    """An asset of that kind, or ``None``."""
    known = isinstance(urn, str) and urn.startswith(f"urn:li:{kind}:")
    found: dict[str, Any] | None = table().get(urn) if known else None
    return found


def state(found: dict[str, Any]) -> str:
    """Its status now."""
    if not found["blob"]:
        return "WAITING_UPLOAD"
    if time.time() < found["done_at"]:
        return "PROCESSING"
    return "PROCESSING_FAILED" if found["broken"] else "AVAILABLE"


def _announced() -> dict[str, Any]:
    if request.args.get("action") != "initializeUpload":
        invalid("action", "No such action", "ILLEGAL_ARGUMENT")
    asked = body().get("initializeUploadRequest")
    if not isinstance(asked, dict):
        invalid("/initializeUploadRequest", "field is required", "MISSING_FIELD")
    author(asked.get("owner"), "owner")
    return asked


def _new(kind: str, owner: str, ranges: list[list[int]]) -> tuple[str, list[str], float]:
    """An asset with an address for each range of bytes."""
    urn = f"urn:li:{kind}:{'C4D' if kind == 'video' else 'C4E'}{secrets.token_urlsafe(9)}"
    until = time.time() + ADDRESS_SECONDS
    keys = [secrets.token_urlsafe(18) for _ in ranges]
    table().put(
        urn,
        {
            "kind": kind, "owner": owner, "handle": me().handle, "blob": "", "mime": "",
            "done_at": 0.0, "broken": "", "pieces": [None] * len(ranges), "ranges": ranges,
            "token": secrets.token_urlsafe(12), "until": until,
        },
    )  # fmt: skip
    addresses = store().table("linkedin.addresses")
    for place, key in enumerate(keys):
        addresses.put(key, {"urn": urn, "place": place})
    return urn, [url_for("linkedin.put", key=key, _external=True) for key in keys], until


@bp.post("/rest/images")
@ROOM.operation("upload")
@allowed(*WRITES)
def begin_image() -> ResponseReturnValue:
    """An address for one picture."""
    asked = _announced()
    urn, (url,), until = _new("image", asked["owner"], [[0, -1]])
    value = {"uploadUrlExpiresAt": int(until * 1000), "uploadUrl": url, "image": urn}
    return say({"value": value})


@bp.post("/rest/videos")
@ROOM.operation("upload")
@allowed(*WRITES)
def begin_video() -> ResponseReturnValue:
    """Addresses for the parts of a video; or, by another action, their end."""
    if request.args.get("action") == "finalizeUpload":
        return _finalize()
    asked = _announced()
    size = asked.get("fileSizeBytes")
    if not isinstance(size, int) or isinstance(size, bool):
        invalid("/initializeUploadRequest/fileSizeBytes", "field is required", "MISSING_FIELD")
    if not VIDEO_BYTES[0] <= size <= VIDEO_BYTES[1]:
        invalid("/initializeUploadRequest/fileSizeBytes", "The video must be 75 KB to 500 MB")
    ranges = [[n, min(n + PIECE, size) - 1] for n in range(0, size, PIECE)]
    urn, urls, until = _new("video", asked["owner"], ranges)
    rows = [
        {"uploadUrl": url, "firstByte": first, "lastByte": last}
        for url, (first, last) in zip(urls, ranges, strict=True)
    ]
    value = {
        "uploadUrlsExpireAt": int(until * 1000), "video": urn, "uploadInstructions": rows,
        "uploadToken": table().get(urn)["token"],
    }  # fmt: skip
    return say({"value": value})


@bp.put("/dms-uploads/<key>")
@ROOM.operation("upload")
def put(key: str) -> ResponseReturnValue:
    """Bytes to their address; the same again replaces them."""
    try:
        return _put(key)
    except Refused as error:
        return error.response  # type: ignore[return-value]


def _put(key: str) -> ResponseReturnValue:
    address = store().table("linkedin.addresses").get(key)
    found = table().get(address["urn"]) if address else None
    if address is None or found is None or time.time() > found["until"]:
        return say(None, 403)
    film = found["kind"] == "video"
    if not film:
        signed_in()
    elif request.mimetype != "application/octet-stream":
        return say(None, 415)
    data = request.get_data()
    first, last = found["ranges"][address["place"]]
    if not data or (film and len(data) != last - first + 1):
        return say({"status": 400, "message": "The size is not that of the instruction"}, 400)
    etag = hashlib.sha256(data).hexdigest()[:40]
    with store().lock:
        found = table().get(address["urn"])
        if not film:
            mime, why = _picture(data)
            found |= {"blob": store().put_blob(data, mime), "mime": mime, "broken": why}
            found["done_at"] = time.time() + IMAGE_SECONDS
        else:
            blob = store().put_blob(data, "application/octet-stream")
            found["pieces"][address["place"]] = [etag, blob]
        table().put(address["urn"], found)
    return say(None, 200 if film else 201, ETag=f'"{etag}"')


def _picture(data: bytes) -> tuple[str, str]:
    """MIME type, and why the picture cannot be used."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            wide, high = image.size
            frames = getattr(image, "n_frames", 1)
            image.verify()
    except (OSError, SyntaxError, ValueError, Warning):
        return "application/octet-stream", "The file is not a picture"
    mime = IMAGES.get(image.format or "", "")
    if not mime:
        return "application/octet-stream", f"{image.format} is not supported"
    if wide * high > PIXELS or frames > FRAMES:
        return mime, "The picture is too large"
    return mime, ""


def _finalize() -> ResponseReturnValue:
    asked = body().get("finalizeUploadRequest")
    if not isinstance(asked, dict) or set(asked) != {"video", "uploadToken", "uploadedPartIds"}:
        invalid("/finalizeUploadRequest", "fields are missing or unknown", "MISSING_FIELD")
    with store().lock:
        found = asset(asked["video"], "video")
        if found is None:
            no(404, "RESOURCE_NOT_FOUND", "Could not find entity")
        author(found["owner"], "owner")
        if asked["uploadToken"] != found["token"]:
            invalid("/finalizeUploadRequest/uploadToken", "uploadToken does not match")
        etags = [piece[0] if piece else "" for piece in found["pieces"]]
        if found["blob"]:
            return say(None)
        if not all(etags) or asked["uploadedPartIds"] != etags:
            no(400, "UPDATING_ASSET_FAILED", "Parts are missing or not in order")
        data = b"".join((store().blob(piece[1]) or ("", b""))[1] for piece in found["pieces"])
        for piece in found["pieces"]:
            store().journal.drop_blob(piece[1])
        found |= {"blob": store().put_blob(data, "video/mp4"), "mime": "video/mp4"}
        found["broken"] = "" if b"ftyp" in data[:64] else "UNSUPPORTED_VIDEO_FORMAT"
        found["done_at"] = time.time() + VIDEO_SECONDS
        table().put(asked["video"], found)
    return say(None)


@bp.get("/rest/images/<urn>")
@ROOM.operation("upload")
@allowed(*WRITES)
def image(urn: str) -> ResponseReturnValue:
    """How far a picture is; a member's own are not shown to tokens that only write."""
    found = asset(urn, "image")
    if found is None:
        no(404, "RESOURCE_NOT_FOUND", "Could not find entity")
    scope = "r_member_social" if found["owner"] == person(me()) else "r_organization_social"
    if scope not in granted():
        denied("images.GET")
    return _shown(urn, found)


@bp.get("/rest/videos/<urn>")
@ROOM.operation("upload")
@allowed(*WRITES)
def video(urn: str) -> ResponseReturnValue:
    """How far a video is."""
    found = asset(urn, "video")
    if found is None:
        no(404, "RESOURCE_NOT_FOUND", "Could not find entity")
    return _shown(urn, found)


def _shown(urn: str, found: dict[str, Any]) -> ResponseReturnValue:
    hit, status = met(), state(found)
    if hit is not None and hit.kind == "processing":
        status = "PROCESSING"
    shown = {"id": urn, "owner": found["owner"], "status": status}
    if status == "PROCESSING_FAILED":
        shown["processingFailureReason"] = found["broken"]
    return say(shown)
