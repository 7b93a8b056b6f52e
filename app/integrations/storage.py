"""Files of the product under names of its own (reliability §11): one interface, two places.

Here they lie in a local folder; ``app.integrations.buckets`` puts them into an S3 bucket and
keeps copies in a folder of the same build. ``Storage.of`` chooses.

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
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from app.config import Config
from app.errors import PayloadTooLarge, Unavailable

PIECE = 1024 * 1024  # bytes held in memory at a time
AWAY = "Files cannot be stored at the moment. Try again in a few minutes."
KEY = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{30}")


class Readable(Protocol):
    """Anything with ``read``: an upload, an open file."""

    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True)
class Stored:
    """A stored file: its key, size in bytes and SHA-256 in hex."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Arrived:
    """What somebody sent straight to the bucket, under the name it was announced with."""

    name: str
    size: int
    at: datetime


class Storage:
    """Stored files below one folder. Safe to use from threads and processes at once.

    A disk that is full or away is an ``Unavailable``. Where files lie in a bucket, everything
    but ``path``, ``new_key``, ``scratch``, ``receive`` and ``signed_put`` may take a network's
    time: no transaction may be open meanwhile.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @staticmethod
    def of(config: Config) -> Storage:
        """The storage of an installation: its bucket, else its media folder."""
        if config.S3_BUCKET:
            from app.integrations import buckets

            return buckets.of(config)
        return Storage(config.media_dir)

    def save(self, stream: Readable, max_bytes: int) -> Stored:
        """Store what the stream holds; ``PayloadTooLarge`` beyond ``max_bytes``."""
        with self.scratch() as folder:
            path = folder / "received"
            self.receive(stream, path, max_bytes)
            return self.adopt(path)

    def receive(self, stream: Readable, path: Path, max_bytes: int) -> int:
        """Write a stream to a file of ``scratch`` in pieces; returns its size in bytes."""
        size = 0
        with told(), path.open("wb") as file:
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
        found = self._measured(path, key or self.new_key())
        self._place(path, found.key)
        return found

    def path(self, key: str) -> Path:
        """Where a stored file lies, or its copy once ``local`` has brought it; ``ValueError``
        for a key that is none of ours."""
        if not KEY.fullmatch(key):
            raise ValueError("not a key of this storage")
        return self.root / key

    def local(self, key: str) -> Path:
        """The stored file on this machine; ``FileNotFoundError`` where it is gone.

        It stays there for ``buckets.IN_USE`` seconds at least.
        """
        found = self.path(key)
        if not found.is_file():
            raise FileNotFoundError(key)
        return found

    def exists(self, key: str) -> bool:
        """Whether the stored file is there."""
        return self.path(key).is_file()

    def open(self, key: str) -> BinaryIO:
        """The stored file, to be read; ``FileNotFoundError`` where it is gone."""
        return self.local(key).open("rb")

    def delete(self, key: str) -> None:
        """Remove a stored file; one that is gone already is done."""
        with told():
            self.path(key).unlink(missing_ok=True)

    def lend(self, path: Path) -> None:
        """Let ``lent`` find a file of this folder on every machine, also a copy of ``fitted``."""

    def lent(self, inside: str) -> Path:
        """The file at that place in the folder; ``FileNotFoundError`` where there is none."""
        found = self.root / inside
        if not found.is_file():
            raise FileNotFoundError(inside)
        return found

    def check(self) -> str:
        """What keeps files from being stored now, in a sentence; empty when nothing does."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root) as file:
                file.write(b"ready?")
        except OSError:
            return "The media folder does not take files."
        return ""

    # Files sent without us: only a bucket takes them

    def signed_put(self, name: str, mime: str, size: int, seconds: int) -> str:
        """An address that takes one file of that type and size (bytes) for so many seconds;
        empty where nobody but us can store one."""
        return ""

    def arrived(self) -> Iterator[list[Arrived]]:
        """Everything that lies where ``signed_put`` led."""
        return iter(())

    def arrival(self, name: str) -> Readable:
        """What was sent under that name; ``FileNotFoundError`` where nothing was."""
        raise FileNotFoundError(name)

    def drop(self, name: str) -> None:
        """Remove what was sent under that name; nothing there is done."""

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for files on their way, on the same disk; emptied at the end."""
        folder = self.root / "tmp" / secrets.token_hex(8)
        with told():
            folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            discard(folder)

    def keys(self, older_than: float) -> Iterator[list[str]]:
        """Keys of files last written more than ``older_than`` seconds ago, a folder at a time."""
        before = time.time() - older_than
        for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            found = [f"{folder.name}/{one.name}" for one in older(folder, before)]
            yield [key for key in found if KEY.fullmatch(key)]

    def _measured(self, path: Path, key: str) -> Stored:
        """Size and digest of a finished file, which is on the disk after this."""
        digest = hashlib.sha256()
        with told(), path.open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
            os.fsync(file.fileno())
            return Stored(key, file.tell(), digest.hexdigest())

    def _place(self, path: Path, key: str) -> None:
        """Give a flushed file its name."""
        stored = self.path(key)
        with told():
            stored.parent.mkdir(parents=True, exist_ok=True)
            path.rename(stored)
            flush(stored.parent)

    def sweep(self, older_than: float, fitted_older_than: float) -> int:
        """Remove what crashes left in ``tmp`` and copies nobody asked for lately; how many."""
        stale = older(self.root / "tmp", time.time() - older_than)
        for folder in (self.root / "fitted").glob("[0-9a-f][0-9a-f]"):
            stale += older(folder, time.time() - fitted_older_than)
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


def older(folder: Path, before: float) -> list[Path]:
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
def told() -> Iterator[None]:
    """A disk's refusal in words; nothing about paths reaches anyone (reliability §1.15)."""
    try:
        yield
    except OSError as error:
        raise Unavailable(AWAY, retry_after=60) from error
