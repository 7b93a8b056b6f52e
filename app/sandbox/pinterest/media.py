"""Pictures and videos on the played Pinterest: what the bytes are, and the way of a video."""

from __future__ import annotations

import base64
import binascii
import io
import secrets
import time
import warnings
from typing import Any, NoReturn

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from PIL import Image, UnidentifiedImageError

from app.sandbox.pinterest.desk import (
    INVALID,
    NO_MEDIA,
    ROOM,
    allowed,
    body,
    bp,
    invalid,
    me,
    say,
    stop,
)
from app.sandbox.room import met
from app.sandbox.store import Table, store

IMAGES = {"JPEG": "image/jpeg", "PNG": "image/png"}
IMAGE_BYTES, VIDEO_BYTES = 20_000_000, 2_000_000_000
ENCODING_SECONDS = 0.5
POLICY_SECONDS = 3600  # how long the form of an upload is good
NEVER = 10**12  # seconds since 1970


def table() -> Table:
    """Registered files by media id."""
    return store().table("pinterest.media")


def picture(data: Any, kind: Any) -> tuple[bytes, str, tuple[int, int]]:
    """Bytes, MIME type and size of a base64 picture; ends the call where it is none."""
    if kind not in IMAGES.values():
        invalid(f"content_type {kind!r} does not match image/jpeg|image/png.")
    if not isinstance(data, str) or not data:
        invalid("data is a required property.")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        invalid("data is not base64.")
    mime, size = look(raw)
    if mime != kind:
        _unreadable()
    return raw, mime, size


def look(raw: bytes) -> tuple[str, tuple[int, int]]:
    """What the bytes really are."""
    if len(raw) > IMAGE_BYTES:
        stop(400, INVALID, "The image is larger than 20 MB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(raw))
            image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning):
        _unreadable()
    mime = IMAGES.get(image.format or "")
    if mime is None:
        _unreadable()
    return mime, image.size


def _unreadable() -> NoReturn:
    stop(400, INVALID, "The image could not be read: it is broken or of another type.")


def fetched(url: Any) -> tuple[bytes, str, tuple[int, int]]:
    """The picture at an address; nothing outside this sandbox can be reached."""
    home = f"{request.host_url}_sandbox/media/"
    name = url.removeprefix(home) if isinstance(url, str) and url.startswith(home) else ""
    found = store().blob(name) if name else None
    if found is None:
        stop(
            400, INVALID, "Unable to reach the URL. Please check the URL is correct and try again."
        )
    mime, size = look(found[1])
    return found[1], mime, size


def _own(media_id: str) -> dict[str, Any]:
    found = table().get(media_id)
    if found is None or found["handle"] != me().handle.lower():
        stop(404, NO_MEDIA, "Media upload not found.")
    return found


def state(found: dict[str, Any]) -> str:
    """``registered``, ``processing``, ``failed`` or ``succeeded``."""
    if not found["blob"]:
        return "registered"
    if time.time() < found["done_at"]:
        return "processing"
    return "failed" if found["broken"] else "succeeded"


def ready(media_id: Any) -> dict[str, Any]:
    """A video of the caller that can be pinned; ends the call otherwise."""
    found = table().get(media_id) if isinstance(media_id, str) else None
    if found is None or found["handle"] != me().handle.lower():
        stop(400, INVALID, f"Media {media_id!r} was not found.")
    now = state(found)
    if now != "succeeded":
        stop(400, INVALID, f"Media {media_id!r} is not ready: its status is {now}.")
    return found


def _slow() -> bool:
    hit = met()
    return hit is not None and hit.kind == "processing"


@bp.post("/v5/media")
@ROOM.operation("upload")
@allowed("write", "pins:read", "pins:write")
def register() -> ResponseReturnValue:
    """Announce a video; the answer says where its bytes go."""
    if body().get("media_type") != "video":
        invalid("media_type does not match video.")
    media_id, key = str(store().serial()), f"uploads/{secrets.token_hex(12)}"
    policy = secrets.token_urlsafe(32)
    table().put(media_id, {
        "handle": me().handle.lower(), "key": key, "policy": policy, "blob": "", "broken": False,
        "until": time.time() + POLICY_SECONDS, "done_at": NEVER if _slow() else 0.0, "mime": "",
    })  # fmt: skip
    return say(
        {
            "media_id": media_id, "media_type": "video",
            "upload_url": url_for("pinterest.bucket", _external=True),
            "upload_parameters": {
                "x-amz-date": "20260101T000000Z", "x-amz-signature": secrets.token_hex(32),
                "x-amz-security-token": secrets.token_urlsafe(24),
                "x-amz-algorithm": "AWS4-HMAC-SHA256", "key": key, "policy": policy,
                "x-amz-credential": "sandbox/20260101/us-east-1/s3/aws4_request",
                "Content-Type": "multipart/form-data",
            },
        },
        201,
    )  # fmt: skip


@bp.get("/v5/media")
@allowed("read", "pins:read")
def registered() -> ResponseReturnValue:
    """The caller's files."""
    handle = me().handle.lower()
    rows = [(key, row) for key, row in table().items() if row["handle"] == handle]
    return say({"items": [_shown(*one) for one in rows], "bookmark": None})


@bp.get("/v5/media/<media_id>")
@ROOM.operation("upload")
@allowed("read", "pins:read")
def status(media_id: str) -> ResponseReturnValue:
    """How far a file is."""
    shown = _shown(media_id, _own(media_id))
    return say({**shown, "status": "processing"} if _slow() else shown)


def _shown(media_id: str, found: dict[str, Any]) -> dict[str, Any]:
    return {"media_id": media_id, "media_type": "video", "status": state(found)}


@bp.post("/bucket")
@ROOM.operation("upload")
def bucket() -> ResponseReturnValue:
    """Where the bytes go: a form of the storage service, in that service's words."""
    if request.headers.get("Authorization"):
        return _xml(400, "InvalidArgument", "Only one auth mechanism allowed")
    form, file = request.form, request.files.get("file")
    found = next(((k, r) for k, r in table().items() if r["key"] == form.get("key")), None)
    if found is None or form.get("policy") != found[1]["policy"] or "x-amz-signature" not in form:
        return _xml(403, "AccessDenied", "Invalid according to Policy")
    media_id, row = found
    if time.time() > row["until"]:
        return _xml(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
    if file is None:
        return _xml(400, "InvalidArgument", "POST requires exactly one file upload per request.")
    raw = file.read()
    if len(raw) > VIDEO_BYTES:
        return _xml(400, "EntityTooLarge", "Your proposed upload exceeds the maximum size")
    extras = store().accounts.get(ROOM.name, row["handle"]).extras
    mime = "video/quicktime" if raw[8:12] == b"qt  " else "video/mp4"
    row |= {
        "mime": mime, "blob": store().put_blob(raw, mime),
        "broken": raw[4:8] != b"ftyp" or extras.get("media") == "failed",
        "done_at": NEVER if _slow() else max(row["done_at"], time.time() + ENCODING_SECONDS),
    }  # fmt: skip
    table().put(media_id, row)
    return Response(status=204)


def _xml(status: int, code: str, message: str) -> Response:
    text = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(text, status, mimetype="application/xml")
