"""Photos and videos laid ready at Facebook, as bytes, so that nobody has to reach us
(networks/facebook.md §3, §6).

``resume["photos"][<our media id>]`` is the id of a photo that lies unpublished.
``resume["video"]`` is ``{"id", "edge", "sent", "whole"}``: Facebook's id, the edge it began on,
how many bytes are known to be there (pieces), whether all of them are. The address or session
of an upload lies in ``resume["secret"]["upload"]``.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2 as httpx

from app.networks import facebook_errors as errors
from app.networks.base import Category, Media, NetworkError, Tokens
from app.networks.meta_login import bearer
from app.networks.wire import Answer, Judge, call, unreadable

PHOTO_SECONDS, PIECE_SECONDS, FILM_SECONDS = 120.0, 300.0, 840.0
MOST_PIECE = 64 * 1024 * 1024
PATIENCE_SECONDS, PAUSE_SECONDS, COME_BACK_SECONDS = 6.0, 1.0, 15.0
EDGES = {"feed": "videos", "reel": "video_reels", "story": "video_stories"}
SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "video/mp4": "mp4"}


class Slice(io.RawIOBase):
    """Some bytes of a file, read as they are sent."""

    def __init__(self, item: Media, start: int, length: int) -> None:
        super().__init__()
        try:
            self._file = item.path.open("rb")
        except OSError as error:
            raise NetworkError(
                Category.MEDIA_ERROR, "The file is no longer in the media library.",
                code="media_missing", retryable=False,
            ) from error  # fmt: skip
        self._start, self._length, self._at = start, length, 0
        self._file.seek(start)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        left = self._length - self._at
        data = self._file.read(left if size is None or size < 0 else min(size, left))
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        base = {0: 0, 1: self._at, 2: self._length}[whence]
        self._at = min(max(base + offset, 0), self._length)
        self._file.seek(self._start + self._at)
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        self._file.close()
        super().close()


@dataclass(frozen=True)
class Staging:
    """The calls that lay one Page's media ready. Each may be repeated: nothing is public."""

    http: httpx.Client
    graph: str
    page: str
    tokens: Tokens
    proof: Mapping[str, str]
    sleep: Callable[[float], None] = time.sleep

    def prepare(
        self, media: tuple[Media, ...], form: str, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Lay every file ready; yields the whole resume after each step.

        Raises ``media_processing`` where Facebook does not yet have all bytes of a video.
        """
        kept: dict[str, Any] = deepcopy(dict(resume))
        for item in media:
            if item.kind == "video":
                yield from self._film(item, EDGES[form], kept)
            elif item.id not in kept.setdefault("photos", {}):
                kept["photos"][item.id] = self._photo(item)
                yield deepcopy(kept)

    def _photo(self, item: Media) -> str:
        form = {"published": "false", **self.proof}
        if item.alt:
            form["alt_text_custom"] = item.alt
        name = f"photo.{SUFFIXES.get(item.mime, 'bin')}"
        with Slice(item, 0, item.size) as file:
            answer = self._call(
                f"/{self.page}/photos", form=form, files={"source": (name, file, item.mime)},
                seconds=PHOTO_SECONDS,
            )  # fmt: skip
        return _told(answer, "id")

    def _film(self, item: Media, edge: str, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Go on where the last preparation stopped; begin anew where Facebook forgot it."""
        resumed = bool(kept.get("video"))
        if resumed and kept["video"].get("edge") != edge:
            kept.pop("video")
        try:
            yield from self._steps(item, edge, kept)
        except NetworkError as error:
            lost = error.category is Category.MEDIA_ERROR or errors.gone(error)
            if not (resumed and lost):
                raise
            kept.pop("video", None)
            yield deepcopy(kept)
            yield from self._steps(item, edge, kept)

    def _steps(self, item: Media, edge: str, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        fresh = not kept.get("video")
        if fresh:
            kept["video"], address = self._begin(item, edge)
            kept["secret"] = {**kept.get("secret", {}), "upload": address}
            yield deepcopy(kept)
        video, address = kept["video"], str((kept.get("secret") or {}).get("upload") or "")
        if video["whole"]:
            return
        if edge == "videos":
            while not video["whole"]:
                self._piece(item, video, address)
                yield deepcopy(kept)
            return
        self._whole(item, video, address, fresh)
        video["whole"] = True
        yield deepcopy(kept)

    def _begin(self, item: Media, edge: str) -> tuple[dict[str, Any], str]:
        form = {"upload_phase": "start", **self.proof}
        if edge == "videos":
            form["file_size"] = str(item.size)
        answer = self._call(f"/{self.page}/{edge}", form=form)
        video = {"id": _told(answer, "video_id"), "edge": edge, "sent": 0, "whole": False}
        if edge != "videos":
            address = _told(answer, "upload_url")
            if not self._ours(address):
                raise NetworkError(
                    Category.MEDIA_ERROR, "The upload was sent to a strange address.",
                    code="upload_url", retryable=True,
                )  # fmt: skip
            return video, address
        video["end"] = _number(answer, "end_offset")
        return video, _told(answer, "upload_session_id")

    def _ours(self, address: str) -> bool:
        """The token goes nowhere but to Facebook, or to the server it is played by."""
        there, here = urlsplit(address), urlsplit(self.graph)
        host = there.hostname or ""
        return (there.scheme, there.netloc) == (here.scheme, here.netloc) or (
            there.scheme == "https" and host.endswith(".facebook.com") and there.port is None
        )

    def _piece(self, item: Media, video: dict[str, Any], session: str) -> None:
        """The piece Facebook asked for; its answer names the next one."""
        start, end = int(video["sent"]), int(video["end"])
        length = min(end, item.size) - start
        if not 0 < length <= MOST_PIECE:
            raise NetworkError(
                Category.MEDIA_ERROR, "The upload of the video went out of step.",
                code="offsets", retryable=True,
            )  # fmt: skip
        form = {
            "upload_phase": "transfer", "upload_session_id": session, "start_offset": str(start),
            **self.proof,
        }  # fmt: skip
        with Slice(item, start, length) as file:
            answer = self._call(
                f"/{self.page}/videos", form=form, seconds=PIECE_SECONDS,
                files={"video_file_chunk": ("piece", file, "application/octet-stream")},
            )  # fmt: skip
        video["sent"], video["end"] = _number(answer, "start_offset"), _number(answer, "end_offset")
        video["whole"] = video["sent"] >= item.size or video["sent"] == video["end"]

    def _whole(self, item: Media, video: Mapping[str, Any], address: str, fresh: bool) -> None:
        """All bytes, or the rest of them, in one call; then until Facebook says it has them."""
        there, whole = (0, False) if fresh else self.arrived(str(video["id"]))
        if whole:
            return
        if there < item.size:
            headers = {
                "Authorization": f"OAuth {self.tokens.access}", "offset": str(there),
                "file_size": str(item.size), "Content-Type": "application/octet-stream",
                "Content-Length": str(item.size - there),
            }  # fmt: skip
            with Slice(item, there, item.size - there) as file:
                call(
                    self.http, "POST", address, judge=errors.uploaded, headers=headers,
                    content=file, seconds=FILM_SECONDS,
                )  # fmt: skip
        waited = 0.0
        while not self.arrived(str(video["id"]))[1]:
            if waited >= PATIENCE_SECONDS:
                raise errors.still("The video is still being taken in.", COME_BACK_SECONDS)
            self.sleep(PAUSE_SECONDS)
            waited += PAUSE_SECONDS

    def arrived(self, video_id: str) -> tuple[int, bool]:
        """How many bytes of an upload are there, and whether these are all."""
        answer = call(
            self.http, "GET", f"{self.graph}/{quote(video_id, safe='')}", judge=errors.other,
            headers=bearer(self.tokens), params={"fields": "status", **self.proof},
        )  # fmt: skip
        status = answer.mapping().get("status")
        phase = status.get("uploading_phase") if isinstance(status, dict) else None
        if not isinstance(status, dict) or not isinstance(phase, dict):
            return 0, False
        if status.get("video_status") in ("error", "expired", "upload_failed"):
            raise NetworkError(
                Category.MEDIA_ERROR, "The upload of the video broke.", code="upload_failed",
                raw=answer.raw, retryable=True,
            )  # fmt: skip
        told = phase.get("bytes_transfered", phase.get("bytes_transferred", 0))
        bytes_there = int(told) if isinstance(told, int | float) else 0
        return bytes_there, phase.get("status") == "complete"

    def _call(self, path: str, *, judge: Judge = errors.other, **how: Any) -> Answer:
        return call(
            self.http, "POST", self.graph + path, judge=judge, headers=bearer(self.tokens), **how
        )


def photo_ids(media: tuple[Media, ...], resume: Mapping[str, Any]) -> list[str]:
    """Facebook's ids of the photos in order; ``media_error`` where one was not laid ready."""
    kept = resume.get("photos") or {}
    found = [str(kept.get(item.id) or "") for item in media if item.kind != "video"]
    if not all(found):
        raise NetworkError(
            Category.MEDIA_ERROR, "The media has to be uploaded again.", code="not_uploaded",
            retryable=True,
        )  # fmt: skip
    return found


def _told(answer: Answer, name: str) -> str:
    value = answer.mapping().get(name)
    if not isinstance(value, str | int) or not str(value):
        raise unreadable(answer.status, answer.raw)
    return str(value)


def _number(answer: Answer, name: str) -> int:
    value = _told(answer, name)
    if not value.isdigit():
        raise unreadable(answer.status, answer.raw)
    return int(value)
