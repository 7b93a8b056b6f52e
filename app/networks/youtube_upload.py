"""A video on its way: announced, sent in pieces, resumed (networks/youtube.md §2, §6).

``resume["upload"]`` is ``{"size", "hash", "sent"}``: the file's bytes, its SHA-256, and how
many of them are there. ``resume["secret"]["session"]`` is the session's address: whoever has
it can upload, so it is stored encrypted. ``resume["video"]`` is the id, once there is one.

All but the last piece belong to the preparation. The last one, a quarter of a megabyte at
most, is what makes the video: it is the commit.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx

from app import egress
from app.clock import now
from app.networks import youtube_errors as errors
from app.networks.base import Category, Effect, Media, NetworkError
from app.networks.wire import Judge, call, unreadable

QUANTUM = 256 * 1024  # every piece but the last is a multiple of this
PIECE = 32 * QUANTUM
PIECE_SECONDS = 120.0
BLOCK = 64 * 1024  # how much of a piece is in memory at once
TRIES = 3  # for a piece, before the preparation gives up for now
MARGIN_SECONDS = 20.0  # with less time left the preparation is handed back, not cut off
PARTS = "snippet,status"


@dataclass(frozen=True)
class Told:
    """What a session says: the video, or how many bytes are there, or that it is unknown."""

    video: Mapping[str, Any] = field(default_factory=dict)
    stored: int = 0
    session: str = ""
    gone: bool = False


@dataclass(frozen=True)
class Uploads:
    """The upload calls of one channel."""

    http: httpx.Client
    base: str
    headers: Mapping[str, str]
    sleep: Callable[[float], None] = time.sleep

    def prepare(
        self, film: Media, body: Mapping[str, Any], notify: bool, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Announce the video and send all but its last bytes; yields the whole resume."""
        kept: dict[str, Any] = deepcopy(dict(resume))
        if kept.get("video"):
            return
        size, digest = fingerprint(film.path)
        if not self._go_on(kept, size, digest):
            kept["secret"] = {"session": self._begin(film, size, body, notify)}
            kept["upload"] = {"size": size, "hash": digest, "sent": 0}
            yield deepcopy(kept)
        elif kept.get("video"):
            yield deepcopy(kept)
            return
        while kept["upload"]["sent"] < before_last(size):
            _in_time()
            self._piece(film, kept)
            yield deepcopy(kept)
            if kept.get("video"):
                return

    def _go_on(self, kept: dict[str, Any], size: int, digest: str) -> bool:
        """Whether the session of an earlier preparation still stands, brought up to date."""
        upload = kept.get("upload") or {}
        if not session_of(kept) or (upload.get("size"), upload.get("hash")) != (size, digest):
            return False
        told = self.ask(kept)
        if told.gone:
            return False
        _note(kept, told)
        return True

    def _begin(self, film: Media, size: int, body: Mapping[str, Any], notify: bool) -> str:
        answer = call(
            self.http, "POST", f"{self.base}/upload/youtube/v3/videos", judge=errors.other,
            headers={
                **self.headers, "Content-Type": "application/json; charset=UTF-8",
                "X-Upload-Content-Type": film.mime, "X-Upload-Content-Length": str(size),
            },
            params={
                "uploadType": "resumable", "part": PARTS,
                "notifySubscribers": "true" if notify else "false",
            },
            json=body, seconds=30.0,
        )  # fmt: skip
        session = answer.headers.get("location", "")
        if not self._trusted(session):
            raise unreadable(answer.status, answer.raw)
        return session

    def _trusted(self, session: str) -> bool:
        """The token goes there too: only where we already speak, or to Google itself."""
        host = urlsplit(session).hostname or ""
        google = session.startswith("https://") and host.endswith(".googleapis.com")
        return google or egress.origin(session) == egress.origin(self.base)

    def _piece(self, film: Media, kept: dict[str, Any]) -> None:
        """Send one piece; after trouble ask how much is there, and go on from that."""
        upload, failures = kept["upload"], 0
        while True:
            start = int(upload["sent"])
            length = min(PIECE, before_last(upload["size"]) - start)
            try:
                told = self._send(film, kept, start, length, errors.piece)
            except NetworkError as error:
                failures += 1
                if error.category is not Category.NETWORK_ERROR or failures >= TRIES:
                    raise _again(error) from error
                self._pause(2.0**failures)
                told = self.ask(kept)
                if told.gone:
                    raise
            _note(kept, told)
            if kept.get("video") or upload["sent"] > start:
                return
            failures += 1
            if failures >= TRIES:
                raise NetworkError(
                    Category.NETWORK_ERROR, "The server keeps nothing of what is sent.",
                    status=308, code="incomplete",
                )  # fmt: skip

    def finish(self, film: Media, resume: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send the last bytes: the video as YouTube tells it."""
        upload = resume.get("upload") or {}
        if not session_of(resume) or not upload.get("size"):
            raise NetworkError(
                Category.MEDIA_ERROR, "The video has to be uploaded again.",
                code="not_uploaded", retryable=True,
            )  # fmt: skip
        start, size = int(upload["sent"]), int(upload["size"])
        told = self._send(film, resume, start, size - start, errors.session)
        if not told.video and start < told.stored < size:  # a part of them: the rest again
            told = self._send(film, resume, told.stored, size - told.stored, errors.session)
        if told.gone:
            raise NetworkError(
                Category.UNKNOWN, "The upload is not known any more. We look whether it is out.",
                effect=Effect.UNKNOWN, code="session_lost",
            )  # fmt: skip
        if not told.video:
            raise NetworkError(
                Category.NETWORK_ERROR, "The upload is not complete yet.", status=308,
                code="incomplete",
            )  # fmt: skip
        return told.video

    def ask(self, resume: Mapping[str, Any]) -> Told:
        """How far the session is: sends no byte of the file, changes nothing."""
        size = (resume.get("upload") or {}).get("size") or "*"
        headers = {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
        try:
            return self._put(session_of(resume), headers, b"", errors.piece, 30.0)
        except errors.Lost:
            return Told(gone=True)

    def _send(
        self, film: Media, resume: Mapping[str, Any], start: int, length: int, judge: Judge
    ) -> Told:
        size = int(resume["upload"]["size"])
        if length <= 0:
            return self.ask(resume)
        headers = {
            "Content-Type": film.mime,
            "Content-Length": str(length),
            "Content-Range": f"bytes {start}-{start + length - 1}/{size}",
        }
        body = blocks(film.path, start, length)
        return self._put(session_of(resume), headers, body, judge, PIECE_SECONDS)

    def _put(
        self, session: str, headers: Mapping[str, str], body: Any, judge: Judge, seconds: float
    ) -> Told:
        try:
            answer = call(
                self.http, "PUT", session, judge=judge, headers={**self.headers, **headers},
                content=body, seconds=seconds,
            )  # fmt: skip
        except errors.Incomplete as told:
            moved = told.moved if told.moved and self._trusted(told.moved) else ""
            return Told(stored=told.stored, session=moved)
        video = answer.mapping()
        if not isinstance(video.get("id"), str) or not video["id"]:
            raise unreadable(answer.status, answer.raw)
        return Told(video=video)

    def _pause(self, seconds: float) -> None:
        wire = egress.current()
        try:
            self.sleep(seconds if wire is None else wire.left(seconds))
        except TimeoutError as error:
            raise _still_uploading() from error


def _note(kept: dict[str, Any], told: Told) -> None:
    """Write down what a session said."""
    if told.video:
        kept["video"] = str(told.video["id"])
        return
    kept["upload"]["sent"] = told.stored
    if told.session:
        kept["secret"]["session"] = told.session


def _again(error: NetworkError) -> NetworkError:
    """A session lost before its last byte made nothing: the next preparation begins anew."""
    if not isinstance(error, errors.Lost):
        return error
    return NetworkError(
        Category.NETWORK_ERROR, "The upload was forgotten on the way and begins anew.",
        status=error.status, code=error.code, raw=error.raw,
    )  # fmt: skip


def _in_time() -> None:
    """Hand the preparation back before its deadline: what is there is kept, no try is used."""
    wire = egress.current()
    if wire is not None and wire.until - time.monotonic() < min(
        MARGIN_SECONDS, (wire.until - wire.started) / 2
    ):
        raise _still_uploading()


def _still_uploading() -> NetworkError:
    return NetworkError(
        Category.MEDIA_PROCESSING, "The video is still being uploaded.", code="uploading",
        retry_at=now(),
    )  # fmt: skip


def session_of(resume: Mapping[str, Any]) -> str:
    """The session's address, or ``""``."""
    return str((resume.get("secret") or {}).get("session") or "")


def before_last(size: int) -> int:
    """Where the last piece begins: at least one byte is left for it."""
    return (size - 1) // QUANTUM * QUANTUM


def fingerprint(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file; ``media_error`` where it is gone or empty."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        raise NetworkError(
            Category.MEDIA_ERROR, "The file is no longer in the media library.",
            code="media_missing", retryable=False,
        ) from error  # fmt: skip
    if not size:
        raise NetworkError(
            Category.MEDIA_ERROR, "The file is empty.", code="emptyFile", retryable=False
        )
    return size, digest


def blocks(path: Path, start: int, length: int) -> Iterator[bytes]:
    """A part of a file, little by little."""
    with path.open("rb") as file:
        file.seek(start)
        while length > 0:
            block = file.read(min(BLOCK, length))
            if not block:
                raise OSError("the file has become shorter")
            length -= len(block)
            yield block
