"""Files on their way to Pinterest (networks/pinterest.md §2).

Pictures travel as base64 inside the call that makes the Pin. A video is registered, sent to
a storage service and encoded first: ``resume["media"][<our media id>]`` is ``{"id", "state",
"since"}`` with Pinterest's media id, ``upload``, ``processing`` or ``ready``, and since when
(unix seconds) it is processing; the storage service's form, ``{"url", "fields"}``, lies under
``resume["secret"][<our media id>]`` until it is used.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2 as httpx

from app import egress
from app.clock import now
from app.networks import pinterest_errors
from app.networks.base import Category, Media, NetworkError
from app.networks.wire import call, unreadable

UPLOAD_SECONDS = 900.0
PAUSES = (0.5, 1.0, 2.0, 3.0)  # how one preparation waits for encoding; then it comes back
# Then it comes back after a quarter of the time it took so far, within these bounds: a Trial
# app has 1,000 calls a day. What takes longer than the last is sent anew.
LEAST_SECONDS, MOST_SECONDS, TOO_LONG_SECONDS = 15.0, 600.0, 3 * 3600.0
KEY_FRAME = 1  # a second, or a millisecond, into the video: the unit is not documented
SUFFIXES = {"video/mp4": "mp4", "video/quicktime": "mov"}


def source(media: tuple[Media, ...], resume: Mapping[str, Any]) -> dict[str, Any]:
    """The ``media_source`` of a Pin. Raises ``media_error`` where a file is not there."""
    if media and media[0].kind == "video":
        return _video(media[0], resume)
    if len(media) == 1:
        return {"source_type": "image_base64", **_encoded(media[0].path, media[0].mime)}
    items = [_encoded(one.path, one.mime) for one in media]
    return {"source_type": "multiple_image_base64", "items": items}


def _encoded(path: Path, mime: str) -> dict[str, str]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NetworkError(
            Category.MEDIA_ERROR, "The file is no longer in the media library.",
            code="media_missing", retryable=False,
        ) from error  # fmt: skip
    return {"content_type": mime, "data": base64.b64encode(data).decode()}


def _video(item: Media, resume: Mapping[str, Any]) -> dict[str, Any]:
    entry = (resume.get("media") or {}).get(item.id) or {}
    if entry.get("state") != "ready":
        raise NetworkError(
            Category.MEDIA_ERROR, "The video has to be uploaded again.", code="not_uploaded",
            retryable=True,
        )  # fmt: skip
    found = {"source_type": "video_id", "media_id": entry["id"]}
    if item.cover is None:
        return {**found, "cover_image_key_frame_time": KEY_FRAME}
    cover = _encoded(item.cover, "image/jpeg")
    return {
        **found,
        "cover_image_content_type": cover["content_type"],
        "cover_image_data": cover["data"],
    }


@dataclass(frozen=True)
class Uploads:
    """The media calls of one account; ``base`` ends with the API's version."""

    http: httpx.Client
    base: str
    headers: Mapping[str, str]
    sleep: Callable[[float], None] = time.sleep

    def prepare(
        self, media: tuple[Media, ...], resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Register, send and wait for every video; yields the whole resume after each step."""
        kept: dict[str, Any] = deepcopy(dict(resume))
        kept.setdefault("media", {})
        kept.setdefault("secret", {})
        for item in media:
            if item.kind == "video":
                yield from self._sent(item, kept)
                yield from self._encoded(item, kept)

    def _sent(self, item: Media, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Go on where the last preparation stopped; a form that ran out is asked for anew."""
        resumed = item.id in kept["media"]
        try:
            yield from self._steps(item, kept)
        except NetworkError as error:
            if not (resumed and error.category is Category.MEDIA_ERROR and error.retryable):
                raise
            _forget(item, kept)
            yield deepcopy(kept)
            yield from self._steps(item, kept)

    def _steps(self, item: Media, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if item.id not in kept["media"]:
            kept["media"][item.id], kept["secret"][item.id] = self._register()
            yield deepcopy(kept)
        entry = kept["media"][item.id]
        if entry["state"] == "upload":
            self._upload(item, kept["secret"].get(item.id) or {})
            entry |= {"state": "processing", "since": int(now().timestamp())}
            kept["secret"].pop(item.id, None)
            yield deepcopy(kept)

    def _register(self) -> tuple[dict[str, Any], dict[str, Any]]:
        answer = call(
            self.http, "POST", f"{self.base}/media", judge=pinterest_errors.other,
            headers=self.headers, json={"media_type": "video"},
        )  # fmt: skip
        found = answer.mapping()
        made, url, fields = (
            found.get(name) for name in ("media_id", "upload_url", "upload_parameters")
        )
        if not made or not isinstance(fields, dict) or not self._trusted(url):
            raise unreadable(answer.status)  # nothing public: it may be asked for again
        form = {str(name): str(value) for name, value in fields.items() if value is not None}
        return {"id": str(made), "state": "upload"}, {"url": url, "fields": form}

    def _trusted(self, url: Any) -> bool:
        """Storage services have https; a server on the operator's own address may do without."""
        if not isinstance(url, str) or not urlsplit(url).hostname:
            return False
        return url.startswith("https://") or egress.origin(url) == egress.origin(self.base)

    def _upload(self, item: Media, form: Mapping[str, Any]) -> None:
        """The form's fields first, the file last, and none of our own headers (§2)."""
        if not form.get("url"):
            raise NetworkError(
                Category.MEDIA_ERROR, "The video has to be uploaded again.", code="no_form",
                retryable=True,
            )  # fmt: skip
        name = f"video.{SUFFIXES.get(item.mime, 'mp4')}"
        try:
            file = item.path.open("rb")
        except OSError as error:
            raise NetworkError(
                Category.MEDIA_ERROR, "The file is no longer in the media library.",
                code="media_missing", retryable=False,
            ) from error  # fmt: skip
        with file:
            call(
                self.http, "POST", str(form["url"]), judge=pinterest_errors.stored,
                form=form["fields"], files={"file": (name, file, item.mime)},
                seconds=UPLOAD_SECONDS,
            )  # fmt: skip

    def _encoded(self, item: Media, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Until Pinterest has encoded it; not longer than a few seconds at once."""
        entry = kept["media"][item.id]
        for pause in (0.0, *PAUSES):
            if entry["state"] == "ready":
                return
            if pause:
                self._pause(pause, entry)
            status = self._status(item, kept)
            if status == "succeeded":
                entry["state"] = "ready"
                yield deepcopy(kept)
            elif status == "failed":
                _forget(item, kept)
                yield deepcopy(kept)
                raise NetworkError(
                    Category.MEDIA_ERROR, "The video could not be processed. Try another file.",
                    code="processing_failed", retryable=False,
                )  # fmt: skip
            elif status == "gone":
                _forget(item, kept)
                yield deepcopy(kept)
                raise NetworkError(
                    Category.MEDIA_ERROR, "The video has to be uploaded again.",
                    code="upload_gone", retryable=True,
                )  # fmt: skip
        if entry["state"] == "ready":
            return
        if _taken(entry) > TOO_LONG_SECONDS:
            _forget(item, kept)
            yield deepcopy(kept)
            raise NetworkError(
                Category.MEDIA_ERROR, "The video was processed for hours and did not get ready.",
                code="processing_stuck", retryable=True,
            )  # fmt: skip
        raise _later(entry)

    def _status(self, item: Media, kept: Mapping[str, Any]) -> str:
        """``registered``, ``processing``, ``failed``, ``succeeded``, or our ``gone``."""
        media_id = quote(kept["media"][item.id]["id"], safe="")
        try:
            answer = call(
                self.http, "GET", f"{self.base}/media/{media_id}", judge=pinterest_errors.other,
                headers=self.headers,
            )  # fmt: skip
        except NetworkError as error:
            if error.code == "not_found":
                return "gone"
            raise
        status = answer.mapping().get("status")
        if not isinstance(status, str):
            raise unreadable(answer.status, answer.raw)
        return status

    def _pause(self, seconds: float, entry: Mapping[str, Any]) -> None:
        wire = egress.current()
        try:
            self.sleep(seconds if wire is None else wire.left(seconds))
        except TimeoutError as error:
            raise _later(entry) from error


def _forget(item: Media, kept: dict[str, Any]) -> None:
    """Another try begins with another upload."""
    kept["media"].pop(item.id, None)
    kept["secret"].pop(item.id, None)


def _taken(entry: Mapping[str, Any]) -> float:
    """Seconds it is being processed."""
    since = entry.get("since")
    return max(now().timestamp() - since, 0.0) if isinstance(since, int | float) else 0.0


def _later(entry: Mapping[str, Any]) -> NetworkError:
    wait = min(max(_taken(entry) / 4, LEAST_SECONDS), MOST_SECONDS)
    return NetworkError(
        Category.MEDIA_PROCESSING, "The video is still being processed.", code="processing",
        retry_at=now() + timedelta(seconds=wait),
    )  # fmt: skip
