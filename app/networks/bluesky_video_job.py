"""What goes to Bluesky's video service and what it says of it (networks/bluesky.md §2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.networks.base import Category, Media, NetworkError
from app.networks.wire import Answer

MIMES = ("video/mp4",)
_PIECE = 256 * 1024


class Film:
    """A file's bytes, read anew each time: a signed call may have to be sent twice."""

    def __init__(self, media: Media) -> None:
        self.path = media.path
        try:
            self.size = media.path.stat().st_size
        except OSError as error:
            raise NetworkError(
                Category.MEDIA_ERROR, "The video is no longer in the media library.",
                code="media_missing", retryable=False,
            ) from error  # fmt: skip

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    @property
    def headers(self) -> dict[str, str]:
        """The length is told ahead: the service refuses bytes without it."""
        return {"Content-Type": MIMES[0], "Content-Length": str(self.size)}


@dataclass(frozen=True)
class Job:
    """What the service says about one video. A ``blob`` counts whatever the state says."""

    id: str
    state: str
    blob: dict[str, Any] | None
    failure: str
    said: str
    raw: str

    @classmethod
    def of(cls, answer: Answer) -> Job:
        """From the job itself or ``{"jobStatus": job}``: both forms are in use (§2)."""
        found = answer.mapping()
        inner = found.get("jobStatus")
        if isinstance(inner, dict):
            found = inner

        def word(name: str) -> str:
            value = found.get(name)
            return value if isinstance(value, str) else ""

        blob = found.get("blob")
        whole = blob if isinstance(blob, dict) and "ref" in blob else None
        failed = word("failureCode") or word("error")
        return cls(
            word("jobId"), word("state"), whole, failed, word("message") or word("error"),
            answer.raw,
        )  # fmt: skip

    @property
    def known(self) -> bool:
        """Whether there is something to go on with."""
        return bool(self.id or self.blob)


def did_web(url: str) -> str:
    """The DID of a host: a port is part of the name, with its colon escaped."""
    parts = urlsplit(url)
    return f"did:web:{parts.hostname or ''}{f'%3A{parts.port}' if parts.port else ''}"
