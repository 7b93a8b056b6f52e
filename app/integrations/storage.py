"""Files of the product in a local folder, under names of its own (reliability §11).

``<root>/ab/<32 hex digits>`` holds a stored file, ``<root>/tmp`` what is still being received or
made, ``<root>/fitted`` copies made for networks. A name appears only when its file is whole and
on the disk: written beside, flushed, then renamed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from app.config import Config
from app.errors import PayloadTooLarge, Unavailable

PIECE = 1024 * 1024  # bytes held in memory at a time
AWAY = "Files cannot be stored at the moment. Try again in a few minutes."
_KEY = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{30}")


class Readable(Protocol):
    """Anything with ``read``: an upload, an open file."""

    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True)
class Stored:
    """A stored file: its key, size in bytes and SHA-256 in hex."""

    key: str
    size: int
    sha256: str


class Storage:
    """Stored files below one folder. Safe to use from threads and processes at once.

    A disk that is full or away is an ``Unavailable``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of(cls, config: Config) -> Storage:
        """The storage of an installation."""
        return cls(config.media_dir)

    def save(self, stream: Readable, max_bytes: int) -> Stored:
        """Store what the stream holds; ``PayloadTooLarge`` beyond ``max_bytes``."""
        with self.scratch() as folder:
            path = folder / "received"
            self.receive(stream, path, max_bytes)
            return self.adopt(path)

    def receive(self, stream: Readable, path: Path, max_bytes: int) -> int:
        """Write a stream to a file of ``scratch`` in pieces; returns its size in bytes."""
        size = 0
        with _told(), path.open("wb") as file:
            while piece := stream.read(PIECE):
                size += len(piece)
                if size > max_bytes:
                    raise PayloadTooLarge(
                        f"This file is larger than {max_bytes // PIECE} MB. "
                        "Make it smaller and try again.",
                        field="file",
                    )
                file.write(piece)
        return size

    @staticmethod
    def new_key() -> str:
        """A key that no file has yet."""
        name = secrets.token_hex(16)
        return f"{name[:2]}/{name}"

    def adopt(self, path: Path, key: str = "") -> Stored:
        """Store a finished file of ``scratch`` by moving it; durable when this returns.

        ``key``: one of ``new_key``, where it was promised to somebody before the file was here.
        """
        key = key or self.new_key()
        stored = self.path(key)
        digest = hashlib.sha256()
        with _told():
            with path.open("rb") as file:
                while piece := file.read(PIECE):
                    digest.update(piece)
                os.fsync(file.fileno())
                size = file.tell()
            stored.parent.mkdir(parents=True, exist_ok=True)
            path.rename(stored)
            flush(stored.parent)
        return Stored(key, size, digest.hexdigest())

    def path(self, key: str) -> Path:
        """Where a stored file lies; ``ValueError`` for a key that is none of ours."""
        if not _KEY.fullmatch(key):
            raise ValueError("not a key of this storage")
        return self.root / key

    def open(self, key: str) -> BinaryIO:
        """The stored file, to be read; ``FileNotFoundError`` where it is gone."""
        return self.path(key).open("rb")

    def delete(self, key: str) -> None:
        """Remove a stored file; one that is gone already is done."""
        with _told():
            self.path(key).unlink(missing_ok=True)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for files on their way, on the same disk; emptied at the end."""
        folder = self.root / "tmp" / secrets.token_hex(8)
        with _told():
            folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            discard(folder)

    def keys(self, older_than: float) -> Iterator[list[str]]:
        """Keys of files last written more than ``older_than`` seconds ago, a folder at a time."""
        before = time.time() - older_than
        for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            found = [f"{folder.name}/{one.name}" for one in _older(folder, before)]
            yield [key for key in found if _KEY.fullmatch(key)]

    def sweep(self, older_than: float, fitted_older_than: float) -> int:
        """Remove what crashes left in ``tmp`` and copies nobody asked for lately; how many."""
        stale = _older(self.root / "tmp", time.time() - older_than)
        for folder in (self.root / "fitted").glob("[0-9a-f][0-9a-f]"):
            stale += _older(folder, time.time() - fitted_older_than)
        for one in stale:
            discard(one)
        return len(stale)


def discard(path: Path) -> None:
    """Remove a file, or a folder with all in it; what is gone already is done."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)  # another process may be at it too
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def flush(path: Path) -> None:
    """Make what was written to a file, or renamed in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _older(folder: Path, before: float) -> list[Path]:
    """What lies in a folder and was last written before that time (seconds since 1970)."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.stat(follow_symlinks=False).st_mtime < before:
                        found.append(Path(entry.path))
                except FileNotFoundError:
                    continue  # swept by another process
    except FileNotFoundError:
        pass
    return found


@contextmanager
def _told() -> Iterator[None]:
    """A disk's refusal in words; nothing about paths reaches anyone (reliability §1.15)."""
    try:
        yield
    except OSError as error:
        raise Unavailable(AWAY, retry_after=60) from error
