"""Media at X: uploaded piece by piece, resumed after any step (networks/x.md §3).

``resume["media"][<our media id>]`` is ``{"id", "key", "state", "sent", "pause", "until",
"alt"}``: X's media id and key; ``state`` is ``append`` (``sent`` pieces are there),
``processing`` (to be asked about in ``pause`` seconds) or ``ready``; ``until`` is when X
forgets an unused upload (unix seconds); ``alt`` is ``done``, or why X has no description.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from app import egress
from app.clock import now
from app.networks import x_errors
from app.networks.base import Category, Media, NetworkError
from app.networks.wire import Answer, call, unreadable

PIECE = 1024 * 1024  # 1 MB pieces are the proven size
PIECE_SECONDS = 120.0
MARGIN_SECONDS = 3600.0  # an upload that is forgotten this soon is made again
LASTS_SECONDS = 86_400.0
# How long one preparation waits for encoding; then publishing comes back (no try is used).
PATIENCE_SECONDS = 20.0
FAILED = "processing_failed"
CATEGORIES = {"image": "tweet_image", "gif": "tweet_gif", "video": "tweet_video"}
SUFFIXES = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp",
    "video/mp4": "mp4", "video/quicktime": "mov",
}  # fmt: skip


def ids(media: tuple[Media, ...], resume: Mapping[str, Any]) -> list[str]:
    """X's ids of the files in order; ``media_error`` where one was not uploaded."""
    kept = resume.get("media") or {}
    found = [str((kept.get(item.id) or {}).get("id") or "") for item in media]
    if not all(found):
        raise NetworkError(
            Category.MEDIA_ERROR, "The media has to be uploaded again.", code="not_uploaded",
            retryable=True,
        )  # fmt: skip
    return found


def keys(media: tuple[Media, ...], resume: Mapping[str, Any]) -> list[str]:
    """X's media keys of the files in order, ``""`` where X told none."""
    kept = resume.get("media") or {}
    return [str((kept.get(item.id) or {}).get("key") or "") for item in media]


def undescribed(media: tuple[Media, ...], resume: Mapping[str, Any]) -> list[str]:
    """Our ids of the files whose description X did not take."""
    kept = resume.get("media") or {}
    return [m.id for m in media if m.alt and (kept.get(m.id) or {}).get("alt") != "done"]


@dataclass(frozen=True)
class Uploads:
    """The media calls of one account."""

    http: httpx.Client
    base: str
    headers: Mapping[str, str]
    sleep: Callable[[float], None] = time.sleep

    def prepare(
        self, media: tuple[Media, ...], resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Upload, describe and wait for every file; yields the whole resume after each call.

        Raises ``media_processing`` when X encodes for longer than we wait at once.
        """
        kept: dict[str, Any] = deepcopy(dict(resume))
        kept.setdefault("media", {})
        for item in media:
            yield from self._upload(item, kept)
        for item in media:
            yield from self._describe(item, kept)
        for item in media:
            yield from self._wait(item, kept)

    def _upload(self, item: Media, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Go on where the last preparation stopped; begin anew where X forgot the upload."""
        entry = kept["media"].get(item.id)
        if entry and float(entry.get("until") or 0) < time.time() + MARGIN_SECONDS:
            entry = kept["media"][item.id] = None
        resumed = bool(entry)
        try:
            yield from self._steps(item, kept)
        except NetworkError as error:
            if not (resumed and error.category is Category.MEDIA_ERROR and error.retryable):
                raise
            kept["media"].pop(item.id, None)
            yield deepcopy(kept)
            yield from self._steps(item, kept)

    def _steps(self, item: Media, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        shelf = kept["media"]
        if not shelf.get(item.id):
            whole = item.kind == "image"
            shelf[item.id] = self._whole(item) if whole else self._begin(item)
            yield deepcopy(kept)
        entry = shelf[item.id]
        while entry["state"] == "append" and entry["sent"] * PIECE < item.size:
            self._append(item, entry)
            entry["sent"] += 1
            yield deepcopy(kept)
        if entry["state"] == "append":
            data = self._finalize(entry)
            entry["state"], entry["pause"] = _state(data), _pause(data)
            yield deepcopy(kept)

    def _whole(self, item: Media) -> dict[str, Any]:
        """A picture in one call."""
        answer = call(
            self.http, "POST", f"{self.base}/2/media/upload", judge=x_errors.upload,
            headers=self.headers, form={"media_category": CATEGORIES[item.kind]},
            files={"media": (_name(item), _read(item, 0, item.size), item.mime)},
            seconds=PIECE_SECONDS,
        )  # fmt: skip
        data = _data(answer)
        return _entry(data, answer, _state(data))

    def _begin(self, item: Media) -> dict[str, Any]:
        answer = call(
            self.http, "POST", f"{self.base}/2/media/upload/initialize", judge=x_errors.upload,
            headers=self.headers,
            json={
                "media_type": item.mime, "total_bytes": item.size,
                "media_category": CATEGORIES[item.kind],
            },
        )  # fmt: skip
        return _entry(_data(answer), answer, "append")

    def _append(self, item: Media, entry: Mapping[str, Any]) -> None:
        """One piece; the same piece may be sent again under its number."""
        number = int(entry["sent"])
        piece = _read(item, number * PIECE, PIECE)
        call(
            self.http, "POST", f"{self.base}/2/media/upload/{_path(entry['id'])}/append",
            judge=x_errors.upload, headers=self.headers, form={"segment_index": str(number)},
            files={"media": (_name(item), piece, "application/octet-stream")},
            seconds=PIECE_SECONDS,
        )  # fmt: skip

    def _finalize(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = call(
            self.http, "POST", f"{self.base}/2/media/upload/{_path(entry['id'])}/finalize",
            judge=x_errors.upload, headers=self.headers, seconds=60.0,
        )  # fmt: skip
        return _data(answer)

    def _describe(self, item: Media, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Leave the description; a refusal is noted and does not stop the post (§3)."""
        entry = kept["media"][item.id]
        if not item.alt or entry.get("alt"):
            return
        try:
            call(
                self.http, "POST", f"{self.base}/2/media/metadata", judge=x_errors.other,
                headers=self.headers,
                json={"id": entry["id"], "metadata": {"alt_text": {"text": item.alt}}},
            )  # fmt: skip
            entry["alt"] = "done"
        except NetworkError as error:
            if error.expired:
                raise
            entry["alt"] = error.message
        yield deepcopy(kept)

    def _wait(self, item: Media, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Until X has encoded the file; asks when X says to."""
        entry = kept["media"][item.id]
        waited, pause = 0.0, float(entry.get("pause") or 1.0)
        while entry["state"] == "processing":
            if waited + pause > PATIENCE_SECONDS:
                raise NetworkError(
                    Category.MEDIA_PROCESSING, "The file is still being processed.",
                    code="processing", retry_at=now() + timedelta(seconds=pause),
                )  # fmt: skip
            self._pause(pause)
            waited += pause
            try:
                data = self._status(item, entry, kept)
            except NetworkError as error:
                if error.code == FAILED:
                    error.retryable = not _failed_before(item, kept)
                    yield deepcopy(kept)
                raise
            entry["state"], pause = _state(data), _pause(data)
            yield deepcopy(kept)

    def _status(
        self, item: Media, entry: Mapping[str, Any], kept: dict[str, Any]
    ) -> Mapping[str, Any]:
        try:
            answer = call(
                self.http, "GET", f"{self.base}/2/media/upload", judge=x_errors.upload,
                headers=self.headers, params={"command": "STATUS", "media_id": entry["id"]},
            )  # fmt: skip
            data = _data(answer)
            _state(data)
        except NetworkError as error:
            if error.category is Category.MEDIA_ERROR:
                kept["media"].pop(item.id, None)  # another try begins with another upload
            raise
        return data

    def _pause(self, seconds: float) -> None:
        wire = egress.current()
        try:
            self.sleep(seconds if wire is None else wire.left(seconds))
        except TimeoutError as error:
            raise NetworkError(
                Category.MEDIA_PROCESSING, "The file is still being processed.", code="processing"
            ) from error


def _entry(data: Mapping[str, Any], answer: Answer, state: str) -> dict[str, Any]:
    made, lasts = data.get("id"), data.get("expires_after_secs")
    if not isinstance(made, str | int) or not str(made):
        raise unreadable(answer.status, answer.raw)
    seconds = float(lasts) if isinstance(lasts, int | float) and lasts > 0 else LASTS_SECONDS
    return {
        "id": str(made), "key": str(data.get("media_key") or ""), "state": state, "sent": 0,
        "pause": _pause(data), "until": int(time.time() + seconds), "alt": "",
    }  # fmt: skip


def _data(answer: Answer) -> Mapping[str, Any]:
    found = answer.mapping().get("data")
    if not isinstance(found, dict):
        raise unreadable(answer.status, answer.raw)
    return found


def _state(data: Mapping[str, Any]) -> str:
    """``ready`` or ``processing``; no ``processing_info`` at all means ready (§3)."""
    info = data.get("processing_info")
    state = info.get("state") if isinstance(info, dict) else None
    if state == "failed":
        error = info.get("error") if isinstance(info, dict) else None
        said = error.get("message") if isinstance(error, dict) else None
        raise NetworkError(
            Category.MEDIA_ERROR, str(said or "The file could not be processed."),
            code=FAILED, raw=str(info), retryable=True,
        )  # fmt: skip
    return "processing" if state in ("pending", "in_progress") else "ready"


def _failed_before(item: Media, kept: dict[str, Any]) -> bool:
    """Whether an upload of this file failed before; noted. One more may help, no third (§6)."""
    keep = kept.setdefault("keep", {})  # outlives a refused file
    before = item.id in keep.get("failed", ())
    keep["failed"] = [*keep.get("failed", ()), item.id]
    return before


def _pause(data: Mapping[str, Any]) -> float:
    info = data.get("processing_info")
    asked = info.get("check_after_secs") if isinstance(info, dict) else None
    return min(max(float(asked), 0.2), 60.0) if isinstance(asked, int | float) else 5.0


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


def _name(item: Media) -> str:
    return f"media.{SUFFIXES.get(item.mime, 'bin')}"


def _path(media_id: Any) -> str:
    return quote(str(media_id), safe="")
