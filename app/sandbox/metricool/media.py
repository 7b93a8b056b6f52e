"""Files at the played Metricool: copied from an address, or sent in one or more parts."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox.metricool.desk import ROOM, allowed, body, bp, invalid, me, say, stop
from app.sandbox.store import Table, store

TYPES = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp",
    "video/mp4": "mp4", "video/quicktime": "mov",
}  # fmt: skip
DRIVES = ("drive.google.com", "docs.google.com", "dropbox.com")
MOST, PART = 100_000_000, 5_000_000  # of a file copied; the least of all parts but the last
PLACE = "/_sandbox/media/"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SECONDS = 20.0


@dataclass(frozen=True)
class File:
    """A file Metricool has; ``blob`` is its name here."""

    blob: str
    mime: str


def home() -> str:
    """Where copied files are served."""
    return request.host_url.rstrip("/") + PLACE


def known(url: str) -> File | None:
    """The file of one of Metricool's own addresses."""
    path = urlsplit(url).path  # whatever this sandbox is called from where one asks
    name = path.removeprefix(PLACE)
    found = store().blob(name) if path.startswith(PLACE) else None
    return None if found is None else File(name, found[0])


def copied(url: str) -> str | None:
    """A copy of the file at an address of this machine; ``None`` where it cannot be had."""
    if known(url) is not None:
        return url
    if urlsplit(url).hostname not in LOOPBACK:
        return None
    served = store().served
    if served is not None:
        ending, found = url.rpartition(".")[2], served.get(url)
        mime = next((mime for mime, short in TYPES.items() if short == ending), "")
        return home() + store().put_blob(found.read_bytes(), mime) if found and mime else None
    pieces, size = [], 0
    try:
        with (
            httpx.Client(timeout=SECONDS, trust_env=False) as client,
            client.stream("GET", url) as answer,
        ):
            mime = answer.headers.get("content-type", "").partition(";")[0].strip()
            if answer.status_code != 200 or mime not in TYPES:
                return None
            for piece in answer.iter_bytes():
                pieces.append(piece)
                size += len(piece)
                if size > MOST:
                    return None
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError):
        return None
    return home() + store().put_blob(b"".join(pieces), mime)


@bp.get("/actions/normalize/image/url")
@ROOM.operation("upload")
@allowed()
def normalize() -> ResponseReturnValue:
    """Copy a file; the answer is its new address as plain text. A drive's link stays as it is."""
    url = request.args.get("url", "")
    if urlsplit(url).scheme not in ("http", "https"):
        invalid({"url": "This is not an address."})
    if (urlsplit(url).hostname or "").removeprefix("www.") in DRIVES:
        return Response(url, mimetype="text/plain")
    found = copied(url)
    if found is None:
        invalid({"media": "The media could not be downloaded."})
    return Response(found, mimetype="text/plain")


def table() -> Table:
    """Uploads under way, by key."""
    return store().table("metricool.uploads")


def _parts(asked: dict[str, Any]) -> list[dict[str, Any]]:
    parts = asked.get("parts")
    if not isinstance(parts, list) or not parts:
        invalid({"parts": "At least one part is required."})
    place = 0
    for part in parts:
        fine = isinstance(part, dict) and all(
            isinstance(part.get(name), int) for name in ("size", "startByte", "endByte")
        )
        if not fine or part["startByte"] != place or part["size"] < 1:
            invalid({"parts": "Parts have to follow one another from byte 0."})
        place += part["size"]
        if part["endByte"] != place:
            invalid({"parts": "endByte is startByte and size together."})
        if not isinstance(part.get("hash"), str) or len(part["hash"]) != 44:
            invalid({"parts": "hash is the SHA-256 of the part in base64."})
    if any(part["size"] < PART for part in parts[:-1]):
        invalid({"parts": "A part but the last has 5 MB or more."})
    return parts


@bp.put("/v2/media/s3/upload-transactions")
@ROOM.operation("upload")
@allowed()
def begin() -> ResponseReturnValue:
    """Announce a file by its parts; each gets an address of its own."""
    asked = body()
    if asked.get("resourceType") != "planner":
        invalid({"resourceType": "planner is required."})
    mime = asked.get("contentType")
    if mime not in TYPES or not isinstance(asked.get("fileExtension"), str):
        invalid({"contentType": "This kind of media is not supported."})
    parts = _parts(asked)
    key = f"planner/{secrets.token_hex(12)}.{TYPES[mime]}"
    row = {
        "handle": me().handle.lower(), "mime": mime, "upload": secrets.token_urlsafe(18),
        "hashes": [part["hash"] for part in parts], "signature": secrets.token_urlsafe(18),
        "blobs": {}, "file": url_for("metricool.bucket", key=key, _external=True),
    }  # fmt: skip
    table().put(key, row)
    told = {"key": key, "fileUrl": row["file"]}
    urls = [f"{row['file']}?partNumber={n + 1}&X-Amz-Signature={row['signature']}"
            for n in range(len(parts))]  # fmt: skip
    if len(parts) == 1:
        return say({"data": {"uploadType": "SIMPLE", "presignedUrl": urls[0], **told}})
    shown = [{"partNumber": n + 1, "presignedUrl": url} for n, url in enumerate(urls)]
    return say(
        {"data": {"uploadType": "MULTIPART", "parts": shown, "uploadId": row["upload"], **told}}
    )


@bp.put("/bucket/<path:key>")
@ROOM.operation("upload")
def bucket(key: str) -> ResponseReturnValue:
    """The bytes of one part, checked against the hash announced."""
    row, number = table().get(key), request.args.get("partNumber", 0, type=int)
    if row is None or request.args.get("X-Amz-Signature") != row["signature"]:
        return _xml(403, "SignatureDoesNotMatch")
    if not 1 <= number <= len(row["hashes"]):
        return _xml(400, "InvalidPart")
    data, wanted = request.get_data(), row["hashes"][number - 1]
    if request.headers.get("x-amz-checksum-sha256") != wanted:
        return _xml(403, "SignatureDoesNotMatch")
    if base64.b64encode(hashlib.sha256(data).digest()).decode() != wanted:
        return _xml(400, "BadDigest")
    with store().lock:
        row = table().get(key) or row
        row["blobs"] = {**row["blobs"], str(number): store().put_blob(data, row["mime"])}
        table().put(key, row)
    tag = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Response(status=200, headers={"ETag": f'"{tag}"'})


def _xml(status: int, code: str) -> Response:
    text = f'<?xml version="1.0"?><Error><Code>{code}</Code></Error>'
    return Response(text, status, mimetype="application/xml")


@bp.patch("/v2/media/s3/upload-transactions")
@ROOM.operation("upload")
@allowed()
def finish() -> ResponseReturnValue:
    """All parts are there: the file gets its lasting address."""
    asked = body()
    simple, several = asked.get("simple"), asked.get("multipart")
    if isinstance(simple, dict):
        url = simple.get("fileUrl")
        key, row = next(((k, r) for k, r in table().items() if r["file"] == url), ("", None))
    elif isinstance(several, dict):
        key = str(several.get("key"))
        row = table().get(key)
        tagged = several.get("parts")
        if row is not None and (
            several.get("uploadId") != row["upload"]
            or not isinstance(tagged, list)
            or len(tagged) != len(row["hashes"])
        ):
            invalid({"multipart": "uploadId or parts do not belong to this upload."})
    else:
        invalid({"simple": "simple or multipart is required."})
    if row is None or row["handle"] != me().handle.lower():
        stop(404, "There is no such upload.")
    if len(row["blobs"]) < len(row["hashes"]):
        invalid({"media": "Parts of the media are missing."})
    names = [row["blobs"][str(n + 1)] for n in range(len(row["hashes"]))]
    whole = b"".join(found[1] for name in names if (found := store().blob(name)))
    table().pop(key)
    return say({"data": {"convertedFileUrl": home() + store().put_blob(whole, row["mime"])}})
