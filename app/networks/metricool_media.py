"""Files at Metricool, sent as bytes so that nobody has to reach us (networks/metricool.md §2.1).

An upload is announced with the hash of each part, sent to the addresses that come back, and
closed; its lasting address goes into the post. Where an installation of Metricool has no such
uploads, the file's own public address is handed over instead.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from app.networks import metricool_errors as errors
from app.networks.base import Category, Media, NetworkError
from app.networks.metricool import Keys, Metricool
from app.networks.wire import Answer, call, unreadable

PART = 25 * 1024 * 1024  # as Metricool's own web app
PART_SECONDS = 300.0
PATH = "/v2/media/s3/upload-transactions"
SUFFIXES = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp",
    "video/mp4": "mp4", "video/quicktime": "mov",
}  # fmt: skip


def laid(
    metricool: Metricool, keys: Keys, media: tuple[Media, ...], resume: Mapping[str, Any]
) -> Iterator[dict[str, str]]:
    """Lay every file that is not there yet; after each one the addresses so far, by media id."""
    done: dict[str, str] = dict(resume.get("media") or {})
    for one in media:
        if one.id not in done:
            done[one.id] = _lay(metricool, keys, one)
            yield dict(done)


def _lay(metricool: Metricool, keys: Keys, media: Media) -> str:
    try:
        return _sent(metricool, keys, media)
    except NetworkError as error:
        if error.status not in (404, 405) or not media.url:
            raise
        return _copied(metricool, keys, media.url)


def _sent(metricool: Metricool, keys: Keys, media: Media) -> str:
    parts = list(_parts(media))
    announced = {
        "resourceType": "planner", "contentType": media.mime,
        "fileExtension": SUFFIXES.get(media.mime, "bin"), "parts": parts,
    }  # fmt: skip
    told = _data(metricool.ask("PUT", PATH, keys, json=announced))
    given = told.get("parts")
    urls = [told.get("presignedUrl")]
    if isinstance(given, list) and given:
        urls = [one.get("presignedUrl") for one in given if isinstance(one, dict)]
    if len(urls) != len(parts) or not all(isinstance(url, str) and url for url in urls):
        raise _odd()
    tags = [
        _put(metricool, str(url), media, part) for url, part in zip(urls, parts, strict=True)
    ]  # fmt: skip
    closing: dict[str, Any] = {"simple": {"fileUrl": told.get("fileUrl")}}
    if told.get("uploadType") == "MULTIPART":
        numbered = [{"partNumber": n, "etag": tag} for n, tag in enumerate(tags, 1)]
        closing = {
            "multipart": {
                "uploadId": told.get("uploadId"), "key": told.get("key"), "parts": numbered,
            }
        }  # fmt: skip
    closed = _data(metricool.ask("PATCH", PATH, keys, json=closing))
    return _address(closed.get("convertedFileUrl") or told.get("fileUrl"))


def _copied(metricool: Metricool, keys: Keys, url: str) -> str:
    """Metricool fetches the file itself; the answer is the new address, in one of three forms."""
    answer = metricool.ask("GET", "/actions/normalize/image/url", keys,
                           query={"url": url, "folder": "PLANNER"})  # fmt: skip
    found = answer.data()
    if isinstance(found, dict):
        found = found.get("url") or found.get("data")
    new = _address(found or answer.body.decode("utf-8", "replace").strip())
    if new == url:
        raise NetworkError(Category.MEDIA_ERROR, "Metricool did not copy the file.",
                           retryable=False)  # fmt: skip
    return new


def _parts(media: Media) -> Iterator[dict[str, Any]]:
    """Where each part begins and ends, with its SHA-256 in base64."""
    place = 0
    with _opened(media) as file:
        while piece := file.read(PART):
            digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
            yield {
                "size": len(piece), "startByte": place, "endByte": place + len(piece),
                "hash": digest,
            }  # fmt: skip
            place += len(piece)
    if not place:
        raise NetworkError(Category.MEDIA_ERROR, "The file is empty.", retryable=False)


def _put(metricool: Metricool, url: str, media: Media, part: Mapping[str, Any]) -> str:
    """Send one part; its ETag. The address is signed: the token does not go there."""
    with _opened(media) as file:
        file.seek(part["startByte"])
        piece = file.read(part["size"])
    answer = call(
        metricool.http, "PUT", url, judge=errors.bucket, content=piece, seconds=PART_SECONDS,
        headers={"Content-Type": media.mime, "x-amz-checksum-sha256": part["hash"]},
    )  # fmt: skip
    return answer.headers.get("etag", "").strip('"')


def _opened(media: Media) -> Any:
    try:
        return media.path.open("rb")
    except OSError as error:
        raise NetworkError(
            Category.MEDIA_ERROR, "The file is no longer in the media library.",
            code="media_missing", retryable=False,
        ) from error  # fmt: skip


def _data(answer: Answer) -> dict[str, Any]:
    found = answer.mapping().get("data")
    if not isinstance(found, dict):
        raise unreadable(answer.status, answer.raw)
    return found


def _address(found: Any) -> str:
    if not isinstance(found, str) or not found.startswith(("https://", "http://")):
        raise _odd()
    return found


def _odd() -> NetworkError:
    return NetworkError(
        Category.MEDIA_ERROR, "Metricool's answer about the upload could not be read.",
        code="upload", retryable=True,
    )  # fmt: skip
