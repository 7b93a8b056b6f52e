"""Stored pictures as each network takes them, made once and kept.

Plain files, no rows: composer and engine both ask here. The cache is named by the picture's
SHA-256 and the limits, so it needs no invalidation, and any process may sweep it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import PIL

from app import images
from app.errors import Unavailable
from app.images import Info, Limits
from app.integrations.storage import Storage, flush

RECIPE = 1  # raise it when the same picture and limits should give other bytes
MISSING = "The file of a picture is not where it was stored. Add the picture again."
_locks = tuple(threading.Lock() for _ in range(64))


class Picture(Protocol):
    """What is asked of a stored picture: a row of ``media``, or a ``Still``."""

    @property
    def key(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def mime(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def frames(self) -> int: ...


@dataclass(frozen=True)
class Still:
    """A stored picture as plain data, for use after its transaction has ended."""

    key: str
    sha256: str
    mime: str
    size: int
    width: int
    height: int
    frames: int = 1


def info(picture: Picture) -> Info:
    """What is known of a stored picture without looking at its file."""
    return Info(picture.mime, picture.width, picture.height, picture.frames, picture.size)


def fitted(picture: Picture, limits: Limits, storage: Storage) -> tuple[Path, Info]:
    """The file a network gets, and what it is; the stored one itself where that fits.

    Takes a child process the first time, a look-up later; do not hold a transaction. Raises
    ``ValidationFailed`` where the picture cannot be made to fit, ``Unavailable`` where the file
    or the storage is away.
    """
    if images.fits(info(picture), limits):
        return _source(picture, storage), info(picture)
    place = _place(picture, limits, storage)
    with _locks[hash(place) % len(_locks)]:  # threads of a batch wait for one child, not for 32
        return _kept(place) or _make(_source(picture, storage), place, limits, storage)


def _source(picture: Picture, storage: Storage) -> Path:
    try:
        return storage.local(picture.key)
    except FileNotFoundError as error:
        raise Unavailable(MISSING) from error


def _place(picture: Picture, limits: Limits, storage: Storage) -> Path:
    """Named by all that the bytes depend on, the encoder's version included."""
    made_by = json.dumps([RECIPE, PIL.__version__, asdict(limits)], sort_keys=True)
    mark = hashlib.sha256(made_by.encode()).hexdigest()[:16]
    return storage.root / "fitted" / picture.sha256[:2] / f"{picture.sha256}-{mark}"


def _kept(place: Path) -> tuple[Path, Info] | None:
    """The copy made earlier; ``None`` where there is none, or not a whole one."""
    path = place / "picture"
    try:
        found = Info(**json.loads((place / "info.json").read_bytes()))
        os.utime(place)  # asked for: the sweep leaves it for another while
        return (path, found) if path.stat().st_size == found.size else None
    except (OSError, ValueError, TypeError):
        return None


def _make(source: Path, place: Path, limits: Limits, storage: Storage) -> tuple[Path, Info]:
    """Make the copy beside and rename its folder: whoever comes second takes the first one's."""
    with storage.scratch() as folder, storage.scratch() as aside:
        found = images.fit(source, folder / "picture", limits)
        try:
            (folder / "info.json").write_text(json.dumps(asdict(found)))
            flush(folder / "picture")
            place.parent.mkdir(parents=True, exist_ok=True)
            if not _renamed(folder, place):
                if (kept := _kept(place)) is not None:
                    return kept
                place.rename(aside / "harmed")  # half swept, or a disk's fault
                folder.rename(place)
            flush(place.parent)
        except OSError as error:
            raise Unavailable(images.AWAY, retry_after=60) from error
    return place / "picture", found


def _renamed(folder: Path, place: Path) -> bool:
    """Whether the folder took its place; false where another one is there already."""
    try:
        folder.rename(place)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True
