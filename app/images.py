"""Pictures: what a file is, cleaning, thumbnails, fitting to limits (reliability §11).

Nothing is decoded in this process. Each piece of work runs in a child of its own
(``app.imaging``) with limits on memory, processor time and written bytes; about 60 ms of it is
the child's start. A child that dies, hangs or finds the file wanting is a ``ValidationFailed``
with a sentence; only our own storage or system failing is an ``Unavailable``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.errors import Unavailable, ValidationFailed
from app.imaging import kinds

MAX_BYTES = 20 * 1024 * 1024  # of an uploaded picture (reliability §11)
MAX_FILM_BYTES = 200 * 1024 * 1024
THUMB_SIDE = 640  # pixels
FILMS = ("video/mp4", "video/quicktime")
MIMES = ("image/jpeg", "image/png", "image/webp", "image/gif")

CPU_SECONDS = {"inspect": 15, "take": 20, "thumbnail": 15, "fit": 40, "crop": 30, "film": 60}
WALL_FACTOR = 3  # a busy machine gives a child less than a whole processor
TURN_SECONDS = 120.0  # waiting for a free place

GONE = "This picture could not be read: it may be damaged or made to do harm. Save it again."
SLOW = "This picture takes too long to read. Make it smaller and try again."
BUSY = "Many pictures are being worked on. Try again in a moment."
AWAY = "Pictures cannot be stored at the moment. Try again in a few minutes."

_CHILD = Path(__file__).resolve().parent / "imaging"
# Two at once keep two cores busy and memory below 1.5 GB even with the largest pictures.
_places = threading.BoundedSemaphore(max(2, min(4, os.cpu_count() or 2)))
# Ends a child without being its own doing: a supervisor, or a machine out of memory.
_FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


@dataclass(frozen=True)
class Info:
    """A file: type, width and height in pixels as shown, frames, size in bytes; a video's
    seconds and codec."""

    mime: str
    width: int
    height: int
    frames: int
    size: int
    seconds: float = 0.0
    codec: str = ""


@dataclass(frozen=True)
class Limits:
    """What a network takes; 0 means no limit.

    ``max_bytes`` of the file, ``max_pixels`` = width × height, ``max_side`` of the longer side.
    ``still``: a moving picture may become its first frame.
    """

    mimes: tuple[str, ...]
    max_bytes: int = 0
    max_pixels: int = 0
    max_side: int = 0
    still: bool = False


def fits(info: Info, limits: Limits) -> bool:
    """Whether the file may be sent as it is."""
    return (
        info.mime in limits.mimes
        and (not limits.max_bytes or info.size <= limits.max_bytes)
        and (not limits.max_pixels or info.width * info.height <= limits.max_pixels)
        and (not limits.max_side or max(info.width, info.height) <= limits.max_side)
        and not (limits.still and info.frames > 1)
    )


def inspect(path: Path, declared: str | None) -> Info:
    """What the file is, after its whole image has decoded.

    ``declared`` is the type a client claimed, ``None`` where it claimed none. Raises
    ``ValidationFailed(field="file")``.
    """
    return _work("inspect", source=str(path), declared=declared)[0]


def clean(src: Path, dest: Path, declared: str | None = None) -> Info:
    """Write the picture without EXIF, XMP, comments or anything behind its end, upright.

    Without recompressing, except for JPEG and WebP that lie on their side or have ink colours;
    the colour profile stays. Raises ``ValidationFailed(field="file")``.
    """
    return _work(
        "take", source=str(src), dest=str(dest), thumb="", declared=declared, side=THUMB_SIDE
    )[0]


def take(
    src: Path, dest: Path, thumb: Path, declared: str | None = None, side: int = THUMB_SIDE
) -> tuple[Info, Info]:
    """``inspect``, ``clean`` and ``thumbnail`` in one child and from one decoding."""
    made = _work(
        "take", source=str(src), dest=str(dest), thumb=str(thumb), declared=declared, side=side
    )
    return made[0], made[1]


def is_film(head: bytes) -> bool:
    """Whether a file's first bytes are a video's that we take; decides nothing else."""
    return bool(kinds.film(head))


def film_type(head: bytes) -> str:
    """The type that a video's first bytes show; empty for anything else."""
    return kinds.film(head)


def take_film(
    src: Path, dest: Path, poster: Path, thumb: Path, declared: str | None = None
) -> Info:
    """Write a video's clean copy, its poster frame (JPEG) and thumbnail (WebP).

    The copy holds the same pictures and sound without place, owner and other notes, its index
    first. Raises ``ValidationFailed(field="file")``.
    """
    return _work(
        "film", source=str(src), dest=str(dest), poster=str(poster), thumb=str(thumb),
        declared=declared, side=THUMB_SIDE, written=2 * MAX_FILM_BYTES,
    )[0]  # fmt: skip


def thumbnail(src: Path, dest: Path, side: int = THUMB_SIDE) -> Info:
    """Write a WebP of the first frame at most ``side`` pixels wide and high."""
    return _work("thumbnail", source=str(src), dest=str(dest), side=side)[0]


def crop(
    src: Path, dest: Path, thumb: Path, box: tuple[int, int, int, int],
    size: tuple[int, int] | None = None, side: int = THUMB_SIDE,
) -> tuple[Info, Info]:  # fmt: skip
    """Write the part within ``box`` (left, top, right, bottom in pixels), and its thumbnail.

    ``size``: how wide and high it is made; as it is in the picture without.
    Raises ``ValidationFailed(field="file")`` for a moving picture or a box outside of it.
    """
    made = _work(
        "crop", source=str(src), dest=str(dest), thumb=str(thumb), box=list(box), side=side,
        size=list(size or (box[2] - box[0], box[3] - box[1])),
    )  # fmt: skip
    return made[0], made[1]


def fit(src: Path, dest: Path, limits: Limits) -> Info:
    """Write the picture so that it fits; the same bytes for the same picture and limits.

    Copied untouched where it fits already. Moving GIFs stay as they are or are refused. Raises
    ``ValidationFailed(field="file")`` where it cannot be made to fit.
    """
    if not set(limits.mimes) & set(MIMES):
        raise ValidationFailed("This network takes no pictures.", field="file")
    return _work("fit", source=str(src), dest=str(dest), limits=asdict(limits))[0]


def _work(do: str, **asked: Any) -> list[Info]:
    """One piece of work in a child; once more where the child was ended from outside."""
    request = json.dumps({"do": do, "cpu": CPU_SECONDS[do], **asked}).encode()
    if not _places.acquire(timeout=TURN_SECONDS):
        raise Unavailable(BUSY)
    try:
        answer = _run(request, CPU_SECONDS[do] * WALL_FACTOR, again=True)
    finally:
        _places.release()
    if "refused" in answer:
        raise ValidationFailed(str(answer["refused"]), field="file", code="UNSUPPORTED_MEDIA_TYPE")
    if "made" not in answer:
        raise Unavailable(AWAY)
    return [
        Info(
            str(m["mime"]),
            int(m["width"]),
            int(m["height"]),
            int(m["frames"]),
            int(m["size"]),
            float(m.get("seconds", 0.0)),
            str(m.get("codec", "")),
        )
        for m in answer["made"]
    ]


def _run(request: bytes, seconds: float, *, again: bool) -> dict[str, Any]:
    try:
        child = subprocess.Popen(
            [sys.executable, "-I", str(_CHILD)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd="/", env={"LC_ALL": "C.UTF-8"},
        )  # fmt: skip
    except OSError as error:
        raise Unavailable(BUSY) from error
    with child:
        try:
            told, _ = child.communicate(request, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            child.kill()
            raise ValidationFailed(SLOW, field="file") from error
    if child.returncode == 0:
        answer: dict[str, Any] = json.loads(told)
        return answer
    if -child.returncode in _FROM_OUTSIDE and again:
        return _run(request, seconds, again=False)
    slow = child.returncode == -signal.SIGXCPU
    raise ValidationFailed(SLOW if slow else GONE, field="file")
