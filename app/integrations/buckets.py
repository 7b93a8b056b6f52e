"""Stored files in an S3 bucket; code that needs a file gets a copy on this machine.

The bucket is the truth and holds a file under its key, ``ab/<32 hex digits>``. Beside them lie
``incoming/<name>``, sent by others to an address of ours and not looked at yet, and
``fitted/…/picture``, copies made for networks that fetch them from any of our machines.

The folder on this machine is built like that of a local storage. A stored file never changes, so
a copy is right for ever; ``hoard`` bounds them. Objects are named by us alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from app import logs
from app.clock import now
from app.config import Config
from app.errors import Unavailable
from app.integrations import presigned
from app.integrations.hoard import IN_USE, Hoard
from app.integrations.presigned import Where
from app.integrations.storage import (
    KEY,
    PIECE,
    Arrived,
    Readable,
    Storage,
    Stored,
    flush,
    told,
)  # fmt: skip

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import S3Config, S3Store

__all__ = ["IN_USE", "Bucket", "of"]

AWAY = "The files of this installation cannot be reached now. Try again in a few minutes."
INCOMING, PROBE = "incoming", "probe"
PART = 8 * 1024 * 1024  # bytes of a part where a file is sent in parts
PARTS_AT_ONCE = 4
CONNECT_SECONDS, QUICK_SECONDS, FILE_SECONDS = 5, 10, 120  # a request's, its body included
RETRIES, RETRY_SECONDS = 2, 10
CHECKED_SECONDS = {True: 60.0, False: 10.0}  # an answer of ``check`` is good for, well and not
FITTED = re.compile(r"fitted/([0-9a-f]{2})/\1[0-9a-f]{62}-[0-9a-f]{16}/picture")
NAME = re.compile(r"[0-9a-f]{32}")

log = logs.get("bucket")
_locks = tuple(threading.Lock() for _ in range(64))


def of(config: Config) -> Bucket:
    """The bucket of an installation; one object a process, since it holds connections."""
    where = Where(
        config.S3_BUCKET, config.S3_ENDPOINT_URL, config.AWS_REGION,
        config.AWS_ACCESS_KEY_ID, config.AWS_SECRET_ACCESS_KEY, config.AWS_SESSION_TOKEN,
    )  # fmt: skip
    return _made(where, config.media_dir, config.S3_CACHE_MB, config.S3_DIRECT_UPLOADS)


@lru_cache(maxsize=16)
def _made(where: Where, root: Path, megabytes: int, direct: bool) -> Bucket:
    return Bucket(where, root, megabytes * 1024 * 1024, direct=direct)


class Bucket(Storage):
    """Files in a bucket. ``most``: bytes of the copies kept below ``root``.

    A bucket that is away, refuses us or does not exist is an ``Unavailable``.
    """

    def __init__(self, where: Where, root: Path, most: int, *, direct: bool = True) -> None:
        super().__init__(root)
        self.where, self.direct = where, direct
        self.hoard = Hoard(root, most)
        self._stores: dict[int, S3Store] = {}
        self._process = 0
        self._lock = threading.Lock()
        self._checked = (float("-inf"), "")

    # Files

    def adopt(self, path: Path, key: str = "") -> Stored:
        """Store a finished file of ``scratch``: in the bucket when this returns, and here."""
        found = self._measured(path, key or self.new_key())
        self._send(found.key, path)
        self._place(path, found.key)
        self.hoard.grew(found.size)
        return found

    def local(self, key: str) -> Path:
        """The file's copy on this machine, brought here if need be."""
        return self._brought(key, self.path(key))

    def exists(self, key: str) -> bool:
        """Whether the file is there; a copy of ours answers for it."""
        return self.path(key).is_file() or self._there(key)

    def delete(self, key: str) -> None:
        """Remove the file and the copy here; copies elsewhere are led to by no row."""
        super().delete(key)
        self._remove(key)

    def lend(self, path: Path) -> None:
        """Put a copy made for a network where every machine finds it, for the sweep's while."""
        inside = path.relative_to(self.root).as_posix()
        if FITTED.fullmatch(inside):
            self._send(inside, path)

    def lent(self, inside: str) -> Path:
        """The file, or the copy that was lent. A file that was deleted on another machine is
        gone here too; while the bucket is away its copy serves."""
        if FITTED.fullmatch(inside):
            name = hashlib.sha256(inside.encode()).hexdigest()[:32]
            return self._brought(inside, self.root / name[:2] / name)
        if not KEY.fullmatch(inside):
            raise FileNotFoundError(inside)
        place = self.path(inside)
        if place.is_file():
            with contextlib.suppress(Unavailable):
                if not self._there(inside):
                    super().delete(inside)
        return self.local(inside)

    def keys(self, older_than: float) -> Iterator[list[str]]:
        """Keys of files stored more than ``older_than`` seconds ago, a page at a time."""
        for page in self._old("", older_than):
            yield [name for name in page if KEY.fullmatch(name)]

    def sweep(self, older_than: float, fitted_older_than: float) -> int:
        """As for a local storage; also what was sent and never taken in."""
        swept = super().sweep(older_than, fitted_older_than) + self.hoard.trim()
        for folder, age in ((INCOMING, older_than), ("fitted", fitted_older_than)):
            for page in self._old(folder, age):
                for name in page:
                    self._remove(name)
                swept += len(page)
        return swept

    def check(self) -> str:
        """Write, read, list and remove a small object; asked at most every ten seconds."""
        at, found = self._checked
        if time.monotonic() - at > CHECKED_SECONDS[not found]:
            found = super().check() or self._tried()
            self._checked = (time.monotonic(), found)
        return found

    # Files sent without us

    def signed_put(self, name: str, mime: str, size: int, seconds: int) -> str:
        """An address of the bucket for one file. Empty without keys of our own: a role's are
        not ours to sign with for so long."""
        if not (self.direct and self.where.key_id and self.where.secret):
            return ""
        return presigned.put(self.where, _incoming(name), mime, size, seconds, now())

    def arrived(self) -> Iterator[list[Arrived]]:
        """Everything that was sent and not taken in, a page at a time."""
        from obstore import list as listed

        with _answered("list"):
            for page in listed(self._store(QUICK_SECONDS), prefix=INCOMING, chunk_size=1000):
                found = [(one["path"].rpartition("/")[2], one) for one in page]
                yield [
                    Arrived(name, one["size"], one["last_modified"])
                    for name, one in found
                    if NAME.fullmatch(name)
                ]

    def arrival(self, name: str) -> Readable:
        """What was sent under that name, as a stream."""
        with _answered("get"):
            return Coming(self._get(_incoming(name)))

    def drop(self, name: str) -> None:
        """Remove what was sent under that name."""
        self._remove(_incoming(name))

    # The bucket

    def _store(self, seconds: int) -> S3Store:
        """A client whose requests end in so many seconds; the library is loaded now, not before.

        Its threads do not survive a fork, and calls would hang: what is forked may not have
        used it (gunicorn's master does not).
        """
        from obstore.store import S3Store

        with self._lock:
            if not self._process:
                self._process = os.getpid()
            elif self._process != os.getpid():
                raise RuntimeError("this process was forked from one that had used the bucket")
            if seconds not in self._stores:
                where = self.where
                given: S3Config = {"region": where.region}
                if where.endpoint:
                    given["endpoint"] = where.endpoint
                if where.key_id:  # else a role's, which the library finds
                    given["access_key_id"] = where.key_id
                    given["secret_access_key"] = where.secret
                if where.token:
                    given["session_token"] = where.token
                self._stores[seconds] = S3Store(
                    where.bucket, config=given,
                    client_options={
                        "allow_http": where.endpoint.startswith("http://"),
                        "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                        "timeout": timedelta(seconds=seconds),
                        "default_content_type": "application/octet-stream",
                    },
                    retry_config={
                        "max_retries": RETRIES,
                        "retry_timeout": timedelta(seconds=RETRY_SECONDS),
                    },
                )  # fmt: skip
            return self._stores[seconds]

    def _send(self, name: str, path: Path) -> None:
        from obstore import put

        with _answered("put"):
            put(
                self._store(FILE_SECONDS), name, path, chunk_size=PART,
                max_concurrency=PARTS_AT_ONCE,
            )  # fmt: skip

    def _get(self, name: str) -> GetResult:
        from obstore import get

        return get(self._store(FILE_SECONDS), name)

    def _there(self, name: str) -> bool:
        from obstore import head

        try:
            with _answered("head"):
                head(self._store(QUICK_SECONDS), name)
        except FileNotFoundError:
            return False
        return True

    def _remove(self, name: str) -> None:
        from obstore import delete

        with contextlib.suppress(FileNotFoundError), _answered("delete"):
            delete(self._store(QUICK_SECONDS), name)

    def _old(self, folder: str, older_than: float) -> Iterator[list[str]]:
        """Names of objects last written so long ago, by the bucket's clock and ours."""
        from obstore import list as listed

        before = datetime.fromtimestamp(time.time() - older_than, UTC)
        pages = listed(self._store(QUICK_SECONDS), prefix=folder or None, chunk_size=1000)
        while True:
            with _answered("list"):
                page = next(pages, None)
            if page is None:
                return
            yield [one["path"] for one in page if one["last_modified"] < before]

    def _tried(self) -> str:
        from obstore import delete, get, put
        from obstore import list as listed

        store = self._store(QUICK_SECONDS)
        try:
            with _answered("check"):
                put(store, PROBE, b"ready?")
                if bytes(get(store, PROBE).bytes()) != b"ready?":
                    return "The bucket does not give back what was put into it."
                next(listed(store, prefix=INCOMING), None)
                delete(store, PROBE)
        except Unavailable as error:
            return _words(str(error.__cause__), self.where.bucket)
        except FileNotFoundError:
            return _words("", self.where.bucket)
        return ""

    def _brought(self, name: str, place: Path) -> Path:
        """The copy of an object at its place, marked as used now."""
        if _used(place):
            return place
        with _locks[hash(place) % len(_locks)]:  # threads wait for one download
            if not _used(place):
                self._bring(name, place)
        return place

    def _bring(self, name: str, place: Path) -> None:
        with self.scratch() as folder:
            path = folder / "brought"
            with _answered("get"), path.open("wb") as file:
                found = self._get(name)
                for piece in found.stream(min_chunk_size=PIECE):
                    file.write(piece)
                size = file.tell()
                if size != found.meta["size"]:
                    raise OSError("the object came in part")
            with told():
                flush(path)
                place.parent.mkdir(parents=True, exist_ok=True)
                path.replace(place)
        self.hoard.grew(size)


class Coming:
    """An object as a file to read from."""

    def __init__(self, found: GetResult) -> None:
        self._pieces, self._left = iter(found.stream(min_chunk_size=PIECE)), b""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        with _answered("get"):
            while size < 0 or len(self._left) < size:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._left += bytes(piece)
        cut = len(self._left) if size < 0 else size
        found, self._left = self._left[:cut], self._left[cut:]
        return found


def _incoming(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("not a name of an announced file")
    return f"{INCOMING}/{name}"


def _used(place: Path) -> bool:
    """Mark a copy as used; false where there is none."""
    with told():
        try:
            os.utime(place)
        except FileNotFoundError:
            return False
    return True


@contextmanager
def _answered(what: str) -> Iterator[None]:
    """The bucket's refusals and silences in words; an object that is not there stays a
    ``FileNotFoundError``."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            log.error("bucket_failed", what=what, code="NoSuchBucket")
            raise Unavailable(AWAY, retry_after=60) from error
        raise
    except (BaseError, OSError) as error:
        log.error("bucket_failed", what=what, code=_code(str(error)) or type(error).__name__)
        raise Unavailable(AWAY, retry_after=60) from error


def _code(text: str) -> str:
    """S3's own word for what went wrong."""
    found = re.search(r"<Code>(\w{1,60})</Code>", text)
    return found[1] if found else ""


def _words(text: str, bucket: str) -> str:
    """What an operator can do about a bucket that failed the check."""
    code = _code(text)
    if code == "NoSuchBucket":
        return f"There is no bucket {bucket}: make it, or mend S3_BUCKET or S3_ENDPOINT_URL."
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch"):
        return "The bucket does not know our keys: mend AWS_ACCESS_KEY_ID and the secret."
    if code or "403" in text:
        return (
            f"The bucket {bucket} refuses us{f' ({code})' if code else ''}: the keys need the "
            "rights to put, get, list and delete its objects."
        )
    return f"The bucket {bucket} does not answer."
