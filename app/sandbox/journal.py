"""What the sandbox remembers across a restart: one SQLite file, written through.

Every write reaches the operating system before the network's answer leaves, so a killed
sandbox has not forgotten a post it accepted. ``synchronous=OFF``: only a power cut could
take something back, and nothing here is worth an fsync a post.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS rows (kind TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, key))",
    "CREATE TABLE IF NOT EXISTS blobs (id TEXT PRIMARY KEY, mime TEXT, data BLOB)",
)


class Journal:
    """Rows of JSON by kind and key, and blobs. With no path nothing is written at all."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._blobs: dict[str, tuple[str, bytes]] = {}
        self._db: sqlite3.Connection | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            for pragma in ("journal_mode=WAL", "synchronous=OFF", "busy_timeout=10000"):
                self._db.execute(f"PRAGMA {pragma}")
            for statement in SCHEMA:
                self._db.execute(statement)

    @property
    def kept(self) -> bool:
        """Whether anything survives a restart."""
        return self._db is not None

    def rows(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every row of a kind in the order of its first writing."""
        if self._db is None:
            return
        with self._lock:
            found = self._db.execute(
                "SELECT key, value FROM rows WHERE kind = ? ORDER BY rowid", (kind,)
            ).fetchall()
        for key, value in found:
            yield key, json.loads(value)

    def put(self, kind: str, key: str, value: dict[str, Any]) -> None:
        """Write or replace one row; a replaced one keeps its place in the order."""
        if self._db is None:
            return
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        with self._lock:
            self._db.execute(
                "INSERT INTO rows (kind, key, value) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
                (kind, key, text),
            )

    def drop(self, kind: str, key: str) -> None:
        """Forget one row."""
        if self._db is None:
            return
        with self._lock:
            self._db.execute("DELETE FROM rows WHERE kind = ? AND key = ?", (kind, key))

    def put_blob(self, name: str, mime: str, data: bytes) -> None:
        """Keep bytes: in the file where there is one, else in memory."""
        with self._lock:
            if self._db is None:
                self._blobs[name] = (mime, data)
                return
            self._db.execute("INSERT OR REPLACE INTO blobs VALUES (?, ?, ?)", (name, mime, data))

    def blob(self, name: str) -> tuple[str, bytes] | None:
        """MIME type and bytes, or ``None``."""
        with self._lock:
            if self._db is None:
                return self._blobs.get(name)
            row = self._db.execute("SELECT mime, data FROM blobs WHERE id = ?", (name,)).fetchone()
        return None if row is None else (str(row[0]), bytes(row[1]))

    def drop_blob(self, name: str) -> None:
        """Forget bytes."""
        with self._lock:
            if self._db is None:
                self._blobs.pop(name, None)
                return
            self._db.execute("DELETE FROM blobs WHERE id = ?", (name,))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._blobs.clear()
            if self._db is not None:
                self._db.execute("DELETE FROM rows")
                self._db.execute("DELETE FROM blobs")

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None
