"""Files at a Mastodon server: uploaded once, waited for, found again after a crash.

``resume["media"]`` maps our media id to ``{"id", "ready", "late", "failures"}``: the
server's id (``""`` while there is none), whether it may be attached, whether it had to be
waited for, and how many uploads the server broke off (networks/mastodon.md §2, §5).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from app import egress
from app.networks.base import Category, Media, NetworkError
from app.networks.mastodon_errors import media_judge, upload_judge
from app.networks.wire import call, unreadable

UPLOAD_SECONDS = 300.0
# Waits between looks at a file that is being processed; then publishing asks again later.
POLLS = (1.0, 1.0, 2.0, 3.0, 5.0, 5.0, 5.0, 5.0)
SUFFIXES = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp",
    "image/avif": "avif", "video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm",
}  # fmt: skip


@dataclass(frozen=True)
class Shelf:
    """The media calls of one account at one server."""

    http: httpx.Client
    base: str
    headers: Mapping[str, str]
    sleep: Callable[[float], None] = time.sleep

    def prepare(
        self, media: tuple[Media, ...], resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Bring every file to where it can be attached; yields the whole resume each step.

        Raises ``media_processing`` (retryable) when the server needs longer than we wait.
        """
        kept: dict[str, Any] = deepcopy(dict(resume))
        shelf: dict[str, Any] = kept.setdefault("media", {})
        for item in media:
            if shelf.get(item.id, {}).get("id"):
                yield from self._find(item, kept)
            if not shelf.get(item.id, {}).get("id"):
                yield from self._upload(item, kept)
        for item in media:
            yield from self._wait(shelf[item.id], kept)

    def _find(self, item: Media, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """A file uploaded earlier may be gone: unattached media lasts about a day."""
        try:
            kept["media"][item.id]["ready"] = self._ready(kept["media"][item.id]["id"])
        except NetworkError as error:
            if error.code not in ("media_gone", "media_failed"):
                raise
            kept["media"][item.id] = {**kept["media"][item.id], "id": "", "ready": False}
        yield deepcopy(kept)

    def _upload(self, item: Media, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """A server that breaks off (500) is asked once more, not for ever."""
        failures = int(kept["media"].get(item.id, {}).get("failures", 0))
        while True:
            try:
                made, ready = self._send(item)
                break
            except NetworkError as error:
                if error.code != "media_failed":
                    raise
                failures += 1
                kept["media"][item.id] = _entry(failures=failures)
                yield deepcopy(kept)
                if failures > 1:
                    error.retryable = False
                    raise
        kept["media"][item.id] = _entry(made, ready=ready, late=not ready, failures=failures)
        yield deepcopy(kept)

    def _send(self, item: Media) -> tuple[str, bool]:
        """Upload; the server's id and whether the file is ready (200, not 202)."""
        name = f"media.{SUFFIXES.get(item.mime, 'bin')}"
        try:
            file = item.path.open("rb")
        except OSError as error:
            raise NetworkError(
                Category.MEDIA_ERROR, "The file is no longer in the media library.",
                code="media_missing", retryable=False,
            ) from error  # fmt: skip
        with file:
            answer = call(
                self.http, "POST", f"{self.base}/api/v2/media", judge=upload_judge,
                headers=self.headers, files={"file": (name, file, item.mime)},
                form={"description": item.alt} if item.alt else None, seconds=UPLOAD_SECONDS,
            )  # fmt: skip
        made = answer.mapping().get("id")
        if not isinstance(made, str | int) or not str(made):
            raise unreadable(answer.status, answer.raw)
        return str(made), answer.status == 200

    def _wait(self, entry: dict[str, Any], kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for seconds in POLLS:
            if entry["ready"]:
                return
            self._pause(seconds)
            try:
                entry["ready"] = self._ready(entry["id"])
            except NetworkError as error:
                if error.code in ("media_gone", "media_failed"):
                    entry["id"] = ""  # another try begins with another upload
                    yield deepcopy(kept)
                raise
            yield deepcopy(kept)
        if not entry["ready"]:
            raise _processing()

    def _pause(self, seconds: float) -> None:
        """Wait, unless the deadline around us would not leave time to look again."""
        wire = egress.current()
        if wire is not None and wire.until - time.monotonic() < seconds + 1.0:
            raise _processing()
        self.sleep(seconds)

    def _ready(self, made: str) -> bool:
        """200 is ready, 206 is not; raises ``media_gone`` and ``media_failed`` by code."""
        answer = call(
            self.http, "GET", f"{self.base}/api/v1/media/{quote(made, safe='')}",
            judge=media_judge, headers=self.headers,
        )  # fmt: skip
        return answer.status != 206


def attached(media: tuple[Media, ...], resume: Mapping[str, Any]) -> list[str]:
    """The server's ids in the order of the post; ``media_error`` where one is missing."""
    shelf = resume.get("media") or {}
    found = [str(shelf.get(item.id, {}).get("id") or "") for item in media]
    if not all(found):
        raise NetworkError(
            Category.MEDIA_ERROR, "The files were not uploaded yet.",
            code="media_not_uploaded", retryable=True,
        )  # fmt: skip
    return found


def late(media: tuple[Media, ...], resume: Mapping[str, Any]) -> bool:
    """Whether the server had to process one of the files after its upload."""
    shelf = resume.get("media") or {}
    return any(shelf.get(item.id, {}).get("late") for item in media)


def _entry(
    made: str = "", *, ready: bool = False, late: bool = False, failures: int = 0
) -> dict[str, Any]:
    return {"id": made, "ready": ready, "late": late, "failures": failures}


def _processing() -> NetworkError:
    return NetworkError(
        Category.MEDIA_PROCESSING, "The server is still preparing the media.",
        code="processing", retryable=True,
    )  # fmt: skip
