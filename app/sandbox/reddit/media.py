"""Uploads of the played Reddit: a lease, then the form that storage takes (§2)."""

from __future__ import annotations

import io
import secrets
import time
from html import escape
from typing import Any
from urllib.parse import quote

from flask import Response, request
from flask.typing import ResponseReturnValue
from PIL import Image, UnidentifiedImageError
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from app.sandbox.reddit.desk import ROOM, allowed, bp, me, refused, say
from app.sandbox.store import store

IMAGES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}
VIDEOS = ("video/mp4", "video/quicktime")
MEGABYTE = 1024 * 1024
SIZES = {"image": 20 * MEGABYTE, "video": 1024 * MEGABYTE}
LEASE_SECONDS = 900.0
BUCKET = "reddit-uploaded-media"


def table() -> Any:
    """Uploads by asset id."""
    return store().table("reddit.assets")


def action() -> str:
    """Where storage is: an address without a scheme, as Reddit gives it."""
    return f"//{request.host}{ROOM.prefix}/_storage/{BUCKET}"


@bp.post("/api/media/asset.json", strict_slashes=False)
@ROOM.operation("upload")
@allowed("submit")
def lease() -> ResponseReturnValue:
    """Where to send a file, with the signed fields that have to go along."""
    name, mime = request.form.get("filepath", ""), request.form.get("mimetype", "")
    if not name or mime not in (*IMAGES, *VIDEOS):
        return refused(("INVALID_OPTION", "that file type is not supported", "mimetype"))
    asset = secrets.token_hex(7)[:13]
    key = f"{asset}/{quote(name, safe='.')}"
    fields = [
        ("acl", "private"), ("key", key), ("X-Amz-Credential", "SANDBOX/s3/aws4_request"),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Date", "20260101T000000Z"),
        ("success_action_status", "201"), ("content-type", mime),
        ("x-amz-storage-class", "STANDARD"), ("x-amz-meta-ext", name.rpartition(".")[2]),
        ("policy", secrets.token_urlsafe(40)), ("X-Amz-Signature", secrets.token_hex(32)),
        ("x-amz-security-token", secrets.token_urlsafe(60)),
    ]  # fmt: skip
    table().put(
        asset,
        {
            "handle": me().handle.lower(), "mime": mime, "key": key, "fields": fields,
            "until": time.time() + LEASE_SECONDS, "blob": "", "url": "",
        },
    )  # fmt: skip
    return say(
        {
            "args": {"action": action(),
                     "fields": [{"name": name, "value": value} for name, value in fields]},
            "asset": {"asset_id": asset, "processing_state": "incomplete",
                      "payload": {"filepath": name},
                      "websocket_url": f"wss://ws-{asset}.wss.redditmedia.com/{asset}"},
        }
    )  # fmt: skip


def _xml(status: int, code: str, message: str, **more: object) -> Response:
    extra = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in more.items())
    body = (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<Error><Code>{code}</Code>"
        f"<Message>{escape(message)}</Message>{extra}<RequestId>{secrets.token_hex(8).upper()}"
        "</RequestId></Error>"
    )
    return Response(body, status, mimetype="application/xml")


@bp.post(f"/_storage/{BUCKET}")
@ROOM.operation("upload")
def upload() -> ResponseReturnValue:
    """Every field of the lease, unchanged and in order, and the file after them."""
    fields, data = _read()
    given = dict(fields)
    asset = given.get("key", "").partition("/")[0]
    found = table().get(asset) if asset else None
    if found is None or fields != [tuple(one) for one in found["fields"]]:
        return _xml(403, "AccessDenied", "Invalid according to Policy: Policy Condition failed")
    if found["until"] < time.time():
        return _xml(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
    if data is None:
        return _xml(400, "InvalidArgument", "POST requires exactly one file upload per request.")
    most = SIZES[found["mime"].partition("/")[0]]
    if len(data) > most:
        return _xml(
            400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size",
            ProposedSize=len(data), MaxSizeAllowed=most,
        )  # fmt: skip
    found["blob"] = store().put_blob(data, found["mime"])
    found["url"] = f"{action()}/{found['key']}"
    table().put(asset, found)
    where = f"https:{action()}/{quote(found['key'], safe='')}"
    body = (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<PostResponse><Location>{escape(where)}"
        f"</Location><Bucket>{BUCKET}</Bucket><Key>{escape(found['key'])}</Key>"
        f'<ETag>"{secrets.token_hex(16)}"</ETag></PostResponse>'
    )
    return Response(body, 201, mimetype="application/xml")


def _read() -> tuple[list[tuple[str, str]], bytes | None]:
    """The fields before the file in their order, and the file: what follows it is ignored."""
    boundary = request.mimetype_params.get("boundary", "").encode()
    if request.mimetype != "multipart/form-data" or not boundary:
        return [], None
    decoder = MultipartDecoder(boundary, max_form_memory_size=None)
    fields: list[tuple[str, str]] = []
    name, body = "", bytearray()
    decoder.receive_data(request.get_data())
    decoder.receive_data(None)
    is_file = False
    while True:
        event = decoder.next_event()
        if isinstance(event, Epilogue | NeedData):
            return fields, None
        if isinstance(event, Field | File):
            name, body = event.name, bytearray()
            is_file = isinstance(event, File)
        elif isinstance(event, Data):
            body += event.data
            if event.more_data:
                continue
            if is_file:
                return fields, bytes(body) if name == "file" else None
            fields.append((name, body.decode("utf-8", "replace")))


def by_url(url: str, kind: str) -> dict[str, Any] | None:
    """The caller's upload at that address, of that kind (``image``, ``video``)."""
    bare = url.partition(":")[2] if url.startswith(("http:", "https:")) else url
    for _, found in table().items():
        if found["url"] and found["url"] == bare:
            return found if _mine(found, kind) else None
    return None


def by_id(asset: str, kind: str = "image") -> dict[str, Any] | None:
    """The caller's upload of that id."""
    found: dict[str, Any] | None = table().get(asset)
    return found if found is not None and found["blob"] and _mine(found, kind) else None


def _mine(found: dict[str, Any], kind: str) -> bool:
    return bool(found["handle"] == me().handle.lower() and found["mime"].startswith(f"{kind}/"))


def readable(found: dict[str, Any]) -> bool:
    """Whether Reddit's own processing can open the file."""
    stored = store().blob(found["blob"])
    assert stored is not None
    mime, data = stored
    if mime in IMAGES:
        try:
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                return bool(image.format == IMAGES[mime])
        except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
            return False
    return data[4:8] == b"ftyp"
