"""Pictures and videos at LinkedIn, resumed after any step (networks/linkedin.md §3).

``resume["media"][<our media id>]`` is ``{"urn", "state", "until", "etags"}``: LinkedIn's URN;
``state`` is ``begun`` (addresses to upload to are known), ``sent``, ``ready`` or ``blind``
(sent, and this token may not ask how far it is); ``until`` is when the addresses end (unix
seconds); ``etags`` are those of the parts of a video that are there, in order. The addresses
themselves are ``resume["secret"][<id>]``: ``{"parts": [[url, first byte, last byte], …],
"token"}``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app import egress
from app.clock import now
from app.networks import linkedin_errors
from app.networks.base import Category, Media, NetworkError
from app.networks.linkedin_rest import Rest, enc
from app.networks.wire import call, unreadable

PIECE_SECONDS = 180.0
MARGIN_SECONDS = 60.0  # addresses that end this soon are asked for anew
LASTS_SECONDS = 3600.0
POLL_SECONDS = 5.0
# How long one preparation waits for processing; then publishing comes back (no try is used).
PATIENCE_SECONDS = 20.0
_DEFINITE = re.compile(r"UNSUPPORTED|INVALID|TOO_")  # the same file fails again

Steps = Iterator[dict[str, Any]]


def urn(media: Media, resume: Mapping[str, Any]) -> str:
    """LinkedIn's URN of a file; ``media_error`` where it was not uploaded."""
    entry = (resume.get("media") or {}).get(media.id) or {}
    if not entry.get("urn") or entry.get("state") not in ("ready", "blind"):
        raise NetworkError(
            Category.MEDIA_ERROR, "The media has to be uploaded again.", code="not_uploaded",
            retryable=True,
        )  # fmt: skip
    return str(entry["urn"])


@dataclass(frozen=True)
class Uploads:
    """The media calls for one author: the owner of a file must be the author of its post."""

    rest: Rest
    owner: str
    sleep: Callable[[float], None] = time.sleep

    def prepare(self, media: tuple[Media, ...], resume: Mapping[str, Any]) -> Steps:
        """Upload every file and wait for it; yields the whole resume after each call."""
        kept: dict[str, Any] = deepcopy(dict(resume))
        kept.setdefault("media", {})
        kept.setdefault("secret", {})
        for item in media:
            yield from self._upload(item, kept)
        for item in media:
            yield from self._wait(item, kept)

    def _upload(self, item: Media, kept: dict[str, Any]) -> Steps:
        """Go on where the last preparation stopped; begin anew where the upload has ended."""
        entry = kept["media"].get(item.id)
        over = entry and float(entry.get("until") or 0) < time.time() + MARGIN_SECONDS
        if entry and entry["state"] == "begun" and over:
            _forget(item, kept)
        resumed = item.id in kept["media"]
        try:
            yield from self._steps(item, kept)
        except NetworkError as error:
            if not (resumed and error.category is Category.MEDIA_ERROR and error.retryable):
                raise
            _forget(item, kept)
            yield _copy(kept)
            yield from self._steps(item, kept)

    def _steps(self, item: Media, kept: dict[str, Any]) -> Steps:
        film = item.kind == "video"
        if item.id not in kept["media"]:
            self._begin(item, kept, film)
            yield _copy(kept)
        entry = kept["media"][item.id]
        if entry["state"] != "begun":
            return
        parts = kept["secret"][item.id]["parts"]
        while len(entry["etags"]) < len(parts):
            url, first, last = parts[len(entry["etags"])]
            entry["etags"].append(self._put(item, url, int(first), int(last), film))
            if film:
                yield _copy(kept)
        if film:
            self._finalize(entry, kept["secret"][item.id])
        entry["state"] = "sent"
        del kept["secret"][item.id]
        yield _copy(kept)

    def _begin(self, item: Media, kept: dict[str, Any], film: bool) -> None:
        asked: dict[str, Any] = {"owner": self.owner}
        if film:
            asked |= {
                "fileSizeBytes": item.size, "uploadCaptions": False, "uploadThumbnail": False,
            }  # fmt: skip
        answer = self.rest.call(
            "POST", f"{_room(film)}?action=initializeUpload", judge=linkedin_errors.upload,
            body={"initializeUploadRequest": asked},
        )  # fmt: skip
        value = answer.mapping().get("value")
        found: Mapping[str, Any] = value if isinstance(value, dict) else {}
        made = found.get("video" if film else "image")
        parts = _parts(found, film, item.size)
        if not isinstance(made, str) or not made or not parts:
            raise unreadable(answer.status)
        until = found.get("uploadUrlsExpireAt" if film else "uploadUrlExpiresAt")
        lasts = until / 1000 if isinstance(until, int | float) else time.time() + LASTS_SECONDS
        kept["media"][item.id] = {"urn": made, "state": "begun", "until": int(lasts), "etags": []}
        kept["secret"][item.id] = {"parts": parts, "token": str(found.get("uploadToken") or "")}

    def _put(self, item: Media, url: str, first: int, last: int, film: bool) -> str:
        """One range of bytes to its own address; its ETag, without quotes."""
        whole = first == 0 and last == item.size - 1
        headers = {"Content-Type": "application/octet-stream" if film else item.mime}
        if not film:
            headers |= self.rest.bearer  # the addresses of videos open by themselves
        answer = call(
            self.rest.http, "PUT", url, judge=linkedin_errors.put, headers=headers,
            content=_read(item, first, item.size if whole else last - first + 1),
            seconds=PIECE_SECONDS,
        )  # fmt: skip
        etag = answer.headers.get("etag", "").removeprefix("W/").strip('"')
        if film and not etag:
            raise unreadable(answer.status, answer.raw)
        return etag

    def _finalize(self, entry: Mapping[str, Any], secret: Mapping[str, Any]) -> None:
        self.rest.call(
            "POST", "videos?action=finalizeUpload", judge=linkedin_errors.upload,
            body={
                "finalizeUploadRequest": {
                    "video": entry["urn"], "uploadToken": secret["token"],
                    "uploadedPartIds": entry["etags"],
                }
            },
            seconds=60.0,
        )  # fmt: skip

    def _wait(self, item: Media, kept: dict[str, Any]) -> Steps:
        """Until LinkedIn has the file ready, where the token may ask (§3)."""
        entry = kept["media"][item.id]
        waited = 0.0
        pause = 1.0
        while entry["state"] == "sent":
            entry["state"] = self._status(item, entry, kept)
            if entry["state"] != "sent":
                yield _copy(kept)
                return
            if waited + pause > PATIENCE_SECONDS:
                raise _unready(POLL_SECONDS * 2)
            self._pause(pause)
            waited += pause
            pause = min(pause * 2, POLL_SECONDS)

    def _status(self, item: Media, entry: Mapping[str, Any], kept: dict[str, Any]) -> str:
        film = item.kind == "video"
        try:
            answer = self.rest.call(
                "GET", f"{_room(film)}/{enc(entry['urn'])}", judge=linkedin_errors.upload
            )
        except NetworkError as error:
            if error.status == 403:
                return "blind"
            raise
        found = answer.mapping()
        status = found.get("status")
        if status == "AVAILABLE":
            return "ready"
        if status == "PROCESSING_FAILED":
            _forget(item, kept)
            reason = str(found.get("processingFailureReason") or "")
            said = f" ({reason[:120]})" if reason else ""
            raise NetworkError(
                Category.MEDIA_ERROR, f"The file could not be processed{said}.",
                code="PROCESSING_FAILED", raw=answer.raw, retryable=not _DEFINITE.search(reason),
            )  # fmt: skip
        if not isinstance(status, str):
            raise unreadable(answer.status, answer.raw)
        return "sent"

    def _pause(self, seconds: float) -> None:
        wire = egress.current()
        try:
            self.sleep(seconds if wire is None else wire.left(seconds))
        except TimeoutError as error:
            raise _unready(POLL_SECONDS) from error


def _unready(seconds: float) -> NetworkError:
    return NetworkError(
        Category.MEDIA_PROCESSING, "The file is still being processed.", code="processing",
        retry_at=now() + timedelta(seconds=seconds),
    )  # fmt: skip


def _copy(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The resume as it is to be kept; with no address left there is no secret."""
    found = deepcopy(dict(kept))
    if not found["secret"]:
        del found["secret"]
    return found


def _room(film: bool) -> str:
    return "videos" if film else "images"


def _forget(item: Media, kept: dict[str, Any]) -> None:
    kept["media"].pop(item.id, None)
    kept["secret"].pop(item.id, None)


def _parts(found: Mapping[str, Any], film: bool, size: int) -> list[list[Any]]:
    """``[url, first byte, last byte]`` each; they have to be the whole file, in order."""
    if not film:
        url = found.get("uploadUrl")
        return [[url, 0, size - 1]] if isinstance(url, str) and url else []
    rows = found.get("uploadInstructions")
    parts: list[list[Any]] = []
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict) or not isinstance(row.get("uploadUrl"), str):
            return []
        first, last = row.get("firstByte"), row.get("lastByte")
        if not isinstance(first, int) or not isinstance(last, int):
            return []
        if first != (parts[-1][2] + 1 if parts else 0) or last < first:
            return []
        parts.append([row["uploadUrl"], first, last])
    return parts if parts and parts[-1][2] >= size - 1 else []


def _read(item: Media, start: int, length: int) -> bytes:
    try:
        with item.path.open("rb") as file:
            file.seek(start)
            return file.read(length)
    except OSError as error:
        raise NetworkError(
            Category.MEDIA_ERROR, "The file is no longer in the media library.",
            code="media_missing", retryable=False,
        ) from error  # fmt: skip
