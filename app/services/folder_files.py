"""A zip from somebody: what is in it is read only once all of it has been judged.

Refused are names that lead out of the folder, links, what is encrypted or packed in an unusual
way, and more bytes than we take. Sizes are counted while reading as well, since a head may lie.
"""

from __future__ import annotations

import hashlib
import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO
from uuid import UUID

from app import images
from app.errors import PayloadTooLarge, ValidationFailed
from app.integrations.storage import PIECE
from app.services.exporting import FOLDER as POSTS
from app.services.exporting import MANIFEST
from app.services.front_matter import Unreadable
from app.services.post_files import FOLDER

ENTRIES = 6_000
TEXT = 512 * 1024  # bytes of a post's file
BYTES = 1024**3  # of everything, unpacked
NAME = 200
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Folder:
    """An opened folder. ``texts`` are the names of its posts' files, in their order."""

    def __init__(self, pack: zipfile.ZipFile) -> None:
        self._pack = pack
        self._entries = _judged(pack)
        self._root = _root(list(self._entries))
        self._digests: dict[str, str] = {}
        start = f"{self._root}{FOLDER}/"
        self.texts = [
            name.removeprefix(self._root)
            for name in sorted(self._entries)
            if name.startswith(start) and name.endswith(".md")
        ]
        if not self.texts:
            raise _refused(f"There is no Markdown file in a folder “{FOLDER}” of this zip.")
        if len(self.texts) > POSTS:
            raise _refused(f"A folder has at most {POSTS:,} posts. Split it in two.")

    def text(self, name: str) -> str:
        """A post's file. Raises ``Unreadable`` where it is not text."""
        raw = self._read(name, TEXT)
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise Unreadable("The file is not text in UTF-8.") from error
        if "\x00" in text:
            raise Unreadable("The file holds a character that cannot be stored.")
        return text

    def has(self, name: str) -> bool:
        """Whether a post's picture is in the folder."""
        return f"{self._root}{name}" in self._entries

    def digest(self, name: str) -> str:
        """The SHA-256 of a file, in hex."""
        if name not in self._digests:
            found = hashlib.sha256()
            with self.open(name) as file:
                while piece := file.read(PIECE):
                    found.update(piece)
            self._digests[name] = found.hexdigest()
        return self._digests[name]

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """A file of the folder, to be read in pieces."""
        try:
            with self._pack.open(self._entries[f"{self._root}{name}"]) as file:
                yield file
        except (zipfile.BadZipFile, EOFError, zlib.error) as error:
            raise _refused(f"{name} is damaged.") from error

    def listed(self) -> list[UUID]:
        """The posts the folder was made with, as its list says; none where it has no list."""
        if not self.has(MANIFEST):
            return []
        try:
            found = json.loads(self._read(MANIFEST, TEXT))
            return [UUID(one) for one in found["posts"][: 2 * POSTS]]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return []

    def _read(self, name: str, most: int) -> bytes:
        with self.open(name) as file:
            raw = file.read(most + 1)
        if len(raw) > most:
            raise _refused(f"{name} is larger than {most // 1024} kB.")
        return raw


@contextmanager
def opened(file: Path | IO[bytes]) -> Iterator[Folder]:
    """The folder in a zip. Raises ``ValidationFailed`` or ``PayloadTooLarge`` (``field`` is
    ``file``) for one that is refused."""
    try:
        pack = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, struct.error) as error:
        raise _refused("This zip cannot be read. Make it again.") from error
    with pack:
        yield Folder(pack)


def is_zip(head: bytes) -> bool:
    """Whether a file begins as a zip does."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def _judged(pack: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    entries = pack.infolist()
    if len(entries) > ENTRIES:
        raise _refused(f"A zip has at most {ENTRIES:,} files.")
    if sum(one.file_size for one in entries) > BYTES:
        raise PayloadTooLarge("Unpacked, this zip is larger than 1 GB.", field="file")
    found: dict[str, zipfile.ZipInfo] = {}
    for one in entries:
        _judge(one)
        name = one.filename
        if one.is_dir() or _hidden(name):
            continue
        if name in found:
            raise _refused(f"“{name[:80]}” is in this zip twice.")
        found[name] = one
    return found


def _judge(one: zipfile.ZipInfo) -> None:
    name = one.filename
    parts = PurePosixPath(name).parts
    outside = name.startswith("/") or ".." in parts or "\\" in name or ":" in name
    if outside or len(name) > NAME or not name.isprintable() or "\x00" in one.orig_filename:
        raise _refused(f"This zip has a file with a name we do not take: “{_shown(name)}”.")
    kind = stat.S_IFMT(one.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(f"“{_shown(name)}” is a link. Put the file itself in its place.")
    if one.flag_bits & 0x1:
        raise _refused("This zip has a password. Make one without.")
    if one.compress_type not in PACKED:
        raise _refused("This zip is packed in a way we do not read. Make it again.")
    if one.file_size > images.MAX_FILM_BYTES:
        raise PayloadTooLarge(f"“{_shown(name)}” is larger than 200 MB.", field="file")
    if name.endswith(".md") and one.file_size > TEXT:
        raise PayloadTooLarge(f"“{_shown(name)}” is larger than 512 kB.", field="file")


def _root(names: list[str]) -> str:
    """What stands before ``posts/``: some programs pack the folder itself, not what is in it."""
    tops = {name.partition("/")[0] for name in names}
    if len(tops) == 1 and all("/" in name for name in names) and tops != {FOLDER}:
        return f"{tops.pop()}/"
    return ""


def _hidden(name: str) -> bool:
    """What systems add of their own."""
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def _shown(name: str) -> str:
    return "".join(one if one.isprintable() else "�" for one in name[:80])


def _refused(words: str) -> ValidationFailed:
    return ValidationFailed(words, field="file")
