"""A video on its way to TikTok, in pieces, resumed at the byte TikTok has (tiktok.md §2, §6).

``resume`` is ``{"publish_id", "size", "chunk", "count", "sent", "until", "secret":
{"upload_url"}}``: ``sent`` bytes are there, ``until`` is when the address ends (unix seconds).
The last piece starts the post: it is the commit call, and kept short for its deadline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from app.networks import tiktok_errors
from app.networks.base import Category, Effect, Media, NetworkError
from app.networks.tiktok_api import INBOX_VIDEO, VIDEO, Api
from app.networks.wire import Answer, Judge, call, unreadable

PIECE = 6_000_000  # within 5 to 64 MB, whichever megabyte is meant
PIECE_SECONDS = 120.0
LASTS_SECONDS = 3600.0
MARGIN_SECONDS = 120.0  # an address that ends this soon is not begun with
REPEATS = 2  # of one piece, before publishing comes back later
GONE = ("upload_gone", "bad_piece")
OURS = ("publish_id", "size", "chunk", "count", "sent", "until", "secret")


def plan(size: int) -> tuple[int, int]:
    """Length and number of the pieces; the last one takes the remainder as well."""
    return (PIECE, size // PIECE) if size >= 2 * PIECE else (size, 1)


@dataclass(frozen=True)
class Upload:
    """The upload of one file for one account; ``draft``: into its inbox, with nothing said."""

    api: Api
    media: Media
    draft: bool = False

    def prepare(
        self, resume: Mapping[str, Any], info: Callable[[], Mapping[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        """Everything but the last piece. ``info`` gives ``post_info`` when a post is begun."""
        kept: dict[str, Any] = deepcopy(dict(resume))
        if kept.get("publish_id"):
            self._look(kept)
            yield deepcopy(kept)
        resumed = bool(kept.get("publish_id"))
        try:
            yield from self._steps(kept, info)
        except NetworkError as error:
            if not resumed or error.code not in GONE:
                raise
            # The last piece was never sent, so nothing can come of the upload left behind.
            forget(kept)
            yield deepcopy(kept)
            yield from self._steps(kept, info)

    def _steps(
        self, kept: dict[str, Any], info: Callable[[], Mapping[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        if not kept.get("publish_id"):
            self._begin(kept, info())
            yield deepcopy(kept)
        while kept["sent"] < _last(kept):
            self._piece(kept)
            yield deepcopy(kept)

    def _look(self, kept: dict[str, Any]) -> None:
        """Where an upload begun earlier stands; forgets one that nothing can come of."""
        status = self.api.status(str(kept["publish_id"]))
        if status.failed:
            error = tiktok_errors.failed(status.reason)
            if not error.retryable:
                raise error
            forget(kept)
        elif status.whole(kept["size"]):
            kept["sent"] = kept["size"]  # it is under way: it must not be begun again
        elif time.time() > kept["until"] - MARGIN_SECONDS:
            forget(kept)
        elif status.uploaded is not None:
            kept["sent"] = _border(kept, status.uploaded)

    def _begin(self, kept: dict[str, Any], info: Mapping[str, Any]) -> None:
        chunk, count = plan(self.media.size)
        data = self.api.post(
            INBOX_VIDEO if self.draft else VIDEO,
            {
                **({} if self.draft else {"post_info": dict(info)}),
                "source_info": {
                    "source": "FILE_UPLOAD", "video_size": self.media.size,
                    "chunk_size": chunk, "total_chunk_count": count,
                },
            },
        )  # fmt: skip
        publish_id, address = data.get("publish_id"), data.get("upload_url")
        if not isinstance(publish_id, str) or not isinstance(address, str) or not address:
            raise unreadable(200)
        kept |= {
            "publish_id": publish_id, "size": self.media.size, "chunk": chunk, "count": count,
            "sent": 0, "until": int(time.time() + LASTS_SECONDS),
            "secret": {"upload_url": address},
        }  # fmt: skip

    def _piece(self, kept: dict[str, Any]) -> None:
        """The next piece; after a failure that leaves its place open, TikTok is asked first."""
        start = kept["sent"]
        for tries in range(REPEATS + 1):
            try:
                self._put(kept, start + kept["chunk"], tiktok_errors.uploading, PIECE_SECONDS)
            except NetworkError as error:
                if error.category is not Category.NETWORK_ERROR or tries == REPEATS:
                    raise
                status = self.api.status(str(kept["publish_id"]))
                if status.uploaded is None:
                    raise
                kept["sent"] = _border(kept, status.uploaded)
                if kept["sent"] != start:
                    return  # it had arrived, or earlier ones had not
                continue
            kept["sent"] = start + kept["chunk"]
            return

    def _put(self, kept: Mapping[str, Any], end: int, judge: Judge, seconds: float) -> Answer:
        start, size = kept["sent"], kept["size"]
        return call(
            self.api.http, "PUT", kept["secret"]["upload_url"], judge=judge, seconds=seconds,
            content=_read(self.media, start, end - start),
            headers={
                "Content-Type": self.media.mime,
                "Content-Range": f"bytes {start}-{end - 1}/{size}",
            },
        )  # fmt: skip

    def finish(self, kept: Mapping[str, Any], seconds: float) -> NetworkError:
        """Send the last piece. Returns "still being processed", or raises what went wrong."""
        if not kept.get("publish_id") or not (kept.get("secret") or {}).get("upload_url"):
            raise NetworkError(
                Category.MEDIA_ERROR, "the video has to be uploaded again", code="not_uploaded",
                retryable=True,
            )  # fmt: skip
        if kept["sent"] < kept["size"]:
            answer = self._put(kept, kept["size"], tiktok_errors.ending, seconds)
            if answer.status != 201:
                raise NetworkError(
                    Category.UNKNOWN, "The upload did not end where we thought.",
                    effect=Effect.UNKNOWN, status=answer.status, code="unfinished",
                )  # fmt: skip
        return tiktok_errors.processing()


def forget(kept: dict[str, Any]) -> None:
    """Leave an upload behind; what others keep in the resume stays."""
    for name in OURS:
        kept.pop(name, None)


def _last(kept: Mapping[str, Any]) -> int:
    """Where the last piece begins."""
    return int((kept["count"] - 1) * kept["chunk"])


def _border(kept: Mapping[str, Any], uploaded: int) -> int:
    chunk = int(kept["chunk"])
    return min(uploaded // chunk * chunk, _last(kept))


def _read(media: Media, start: int, length: int) -> bytes:
    try:
        with media.path.open("rb") as file:
            file.seek(start)
            return file.read(length)
    except OSError as error:
        raise NetworkError(
            Category.MEDIA_ERROR, "the file is no longer in the media library",
            code="media_missing", retryable=False,
        ) from error  # fmt: skip
