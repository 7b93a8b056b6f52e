"""What the sandbox knows, behind one lock; rooms reach it with ``store()``.

Everything is in memory and read from there; writes go through to the journal first, so
that ``carillon sandbox`` comes back with its posts. Compound changes hold ``store().lock``.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from flask import current_app

from app.sandbox.faults import Faults
from app.sandbox.journal import Journal
from app.sandbox.limits import Limits
from app.sandbox.records import Account, Grant, Post, stable_number


def store() -> Store:
    """The store of the sandbox that is answering."""
    return cast(Store, current_app.extensions["sandbox"])


class Table:
    """JSON objects by key. What comes out is a copy: ``put`` it back to change it."""

    def __init__(self, journal: Journal, kind: str, lock: threading.RLock) -> None:
        self._journal, self._kind, self._lock = journal, kind, lock
        self._rows = dict(journal.rows(kind))

    def get(self, key: str) -> dict[str, Any] | None:
        """A copy of the object, or ``None``."""
        with self._lock:
            found = self._rows.get(key)
            return None if found is None else dict(found)

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Write or replace."""
        with self._lock:
            self._journal.put(self._kind, key, value)
            self._rows[key] = dict(value)

    def pop(self, key: str) -> dict[str, Any] | None:
        """Take it out: of several callers one gets it."""
        with self._lock:
            found = self._rows.pop(key, None)
            if found is not None:
                self._journal.drop(self._kind, key)
            return found

    def items(self) -> list[tuple[str, dict[str, Any]]]:
        """Copies of all, oldest first."""
        with self._lock:
            return [(key, dict(value)) for key, value in self._rows.items()]

    def forget(self) -> None:
        """Empty the memory (the journal is cleared by the store)."""
        self._rows.clear()


class Accounts:
    """People, by network and handle; letters of a handle may be of either case."""

    def __init__(self, journal: Journal, lock: threading.RLock) -> None:
        self._journal, self._lock = journal, lock
        self._rows = {key: Account(**row) for key, row in journal.rows("accounts")}

    def get(self, network: str, handle: str) -> Account:
        """The account; made when first asked for, since every handle exists here."""
        key = f"{network}\0{handle.lower()}"
        with self._lock:
            found = self._rows.get(key)
            if found is None:
                number = str(stable_number(network, handle.lower()))
                found = Account(network, handle, number, name=handle[:1].upper() + handle[1:])
                self.save(found)
            return found

    def by_id(self, network: str, number: str) -> Account | None:
        """The account with that id."""
        with self._lock:
            every = list(self._rows.values())
        return next((a for a in every if a.network == network and a.id == number), None)

    def known(self, network: str) -> list[Account]:
        """Accounts seen on a network, oldest first."""
        with self._lock:
            return [a for a in self._rows.values() if a.network == network]

    def save(self, account: Account) -> None:
        """Keep a change."""
        key = f"{account.network}\0{account.handle.lower()}"
        with self._lock:
            self._journal.put("accounts", key, asdict(account))
            self._rows[key] = account

    def forget(self) -> None:
        self._rows.clear()


class Grants:
    """Codes and tokens."""

    def __init__(self, journal: Journal, lock: threading.RLock) -> None:
        self._journal, self._lock = journal, lock
        self._rows = {key: Grant(**row) for key, row in journal.rows("grants")}

    def issue(
        self, network: str, kind: str, handle: str, *, seconds: float = 0.0, token: str = "",
        client_id: str = "", scopes: list[str] | None = None, family: str = "", **extras: Any,
    ) -> Grant:  # fmt: skip
        """A new one, good for ``seconds`` (0: for ever); ``extras`` stay with it."""
        expires = time.time() + seconds if seconds else 0.0
        grant = Grant(
            network, kind, token or secrets.token_urlsafe(32), handle, client_id,
            list(scopes or ()), expires, family or secrets.token_hex(8), False, extras,
        )  # fmt: skip
        self._save(grant)
        return grant

    def find(self, network: str, kind: str, token: str) -> Grant | None:
        """The grant, ended or expired ones too: look at ``live``."""
        return self._rows.get(f"{network}\0{kind}\0{token}")

    def of(self, network: str, handle: str) -> list[Grant]:
        """Everything an account was ever given."""
        with self._lock:
            rows = list(self._rows.values())
        return [g for g in rows if g.network == network and g.handle.lower() == handle.lower()]

    def spend(self, network: str, kind: str, token: str) -> Grant | None:
        """A live grant, used up by this call: of several callers one gets it.

        Spending one a second time ends its whole family (RFC 6749 §4.1.2, RFC 9700 §4.14).
        """
        with self._lock:
            found = self.find(network, kind, token)
            if found is None:
                return None
            if not found.live:
                if found.ended:
                    self.end_family(network, found.family)
                return None
            self.end(found)
            return found

    def end(self, grant: Grant) -> None:
        """It opens nothing any more."""
        with self._lock:
            grant.ended = True
            self._save(grant)

    def end_family(self, network: str, family: str) -> None:
        """End everything that came from one consent."""
        with self._lock:
            for grant in list(self._rows.values()):
                if grant.network == network and grant.family == family and not grant.ended:
                    self.end(grant)

    def _save(self, grant: Grant) -> None:
        key = f"{grant.network}\0{grant.kind}\0{grant.token}"
        with self._lock:
            self._journal.put("grants", key, vars(grant))
            self._rows[key] = grant

    def forget(self) -> None:
        self._rows.clear()


class Posts:
    """Everything published, in order of acceptance."""

    def __init__(self, journal: Journal, lock: threading.RLock) -> None:
        self._journal, self._lock = journal, lock
        self._all: list[Post] = []
        self._by_id: dict[tuple[str, str], Post] = {}
        self._by_account: dict[tuple[str, str], list[Post]] = {}
        self._replies: dict[tuple[str, str], list[Post]] = {}
        for _, row in journal.rows("posts"):
            self._index(Post(**row))

    def add(self, post: Post) -> Post:
        """Keep a new post; its id must be new on its network."""
        with self._lock:
            self.save(post)
            self._index(post)
        return post

    def save(self, post: Post) -> None:
        """Keep a change of a post."""
        self._journal.put("posts", f"{post.network}\0{post.id}", vars(post))

    def get(self, network: str, post_id: str, *, deleted: bool = False) -> Post | None:
        """The post; a deleted one only when asked for."""
        found = self._by_id.get((network, post_id))
        return found if found is None or deleted or not found.deleted else None

    def remove(self, network: str, post_id: str) -> bool:
        """Take it down; whether there was something to take down."""
        with self._lock:
            found = self.get(network, post_id)
            if found is None:
                return False
            found.deleted = True
            self.save(found)
            return True

    def of(self, network: str, handle: str, *, deleted: bool = False) -> Iterator[Post]:
        """An account's posts, newest first."""
        with self._lock:
            found = self._by_account.get((network, handle.lower()), [])
            snapshot = found[-1000:]
        return (p for p in reversed(snapshot) if deleted or not p.deleted)

    def newest(self, *, network: str = "", account: str = "") -> Iterator[Post]:
        """All posts, deleted ones too, newest first."""
        with self._lock:
            snapshot = list(self._all)
        return (
            p
            for p in reversed(snapshot)
            if network in ("", p.network) and account.lower() in ("", p.account.lower())
        )

    def replies(self, network: str, post_id: str) -> list[Post]:
        """Answers to a post that still stand, oldest first."""
        with self._lock:
            return [p for p in self._replies.get((network, post_id), ()) if not p.deleted]

    def _index(self, post: Post) -> None:
        self._all.append(post)
        self._by_id[post.network, post.id] = post
        self._by_account.setdefault((post.network, post.account.lower()), []).append(post)
        if post.parent:
            self._replies.setdefault((post.network, post.parent), []).append(post)

    def forget(self) -> None:
        for rows in (self._all, self._by_id, self._by_account, self._replies):
            rows.clear()


class Store:
    """All of it. ``path`` is an SQLite file, or ``None`` for memory alone."""

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.journal = Journal(path)
        self.accounts = Accounts(self.journal, self.lock)
        self.grants = Grants(self.journal, self.lock)
        self.posts = Posts(self.journal, self.lock)
        self.faults = Faults()
        self.limits = Limits()
        self.memo: dict[str, Any] = {}  # what a room worked out and can work out again
        self._tables: dict[str, Table] = {}
        self._serial = 0
        # Files by address, fetched from here and from nowhere else where it is set (a rehearsal).
        self.served: dict[str, Path] | None = None

    def table(self, kind: str) -> Table:
        """A room's own collection, such as ``"mastodon.apps"``."""
        with self.lock:
            if kind not in self._tables:
                self._tables[kind] = Table(self.journal, kind, self.lock)
            return self._tables[kind]

    def put_blob(self, data: bytes, mime: str) -> str:
        """Keep bytes; the name they are served under at ``/_sandbox/media/<name>``."""
        name = secrets.token_hex(16)
        self.journal.put_blob(name, mime, data)
        return name

    def blob(self, name: str) -> tuple[str, bytes] | None:
        """MIME type and bytes."""
        return self.journal.blob(name)

    def serial(self, *, epoch_ms: int = 0, bits: int = 16) -> int:
        """A rising unique number made of the time: milliseconds since ``epoch_ms`` << ``bits``.

        X counts 22 bits from 1288834974657, Mastodon 16 from 0.
        """
        with self.lock:
            stamp = time.time_ns() // 1_000_000
            self._serial = max(self._serial + 1, stamp << 22)
            return ((self._serial >> 22) - epoch_ms << bits) | (
                (self._serial & 0x3FFFFF) % (1 << bits)
            )

    def reset(self) -> None:
        """Forget everything, for tests over a running sandbox."""
        with self.lock:
            self.journal.clear()
            self.accounts.forget()
            self.grants.forget()
            self.posts.forget()
            for table in self._tables.values():
                table.forget()
            self.memo.clear()
            self.faults.clear()
            self.limits.clear()

    def close(self) -> None:
        """Give the file back."""
        self.journal.close()
