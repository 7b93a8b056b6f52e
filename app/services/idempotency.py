"""The same POST twice does its work once (reliability §7).

The key is taken before the work and freed or answered after it. What the work makes is noted in
the work's own transaction (``noting``), so that after a crash the key still leads to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, event, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import ids
from app.clock import now
from app.errors import Conflict, ValidationFailed
from app.extensions import db, safe
from app.models.accounts import SocialAccount
from app.models.approvals import Approval, Place
from app.models.base import table
from app.models.content_templates import ContentTemplate
from app.models.idempotency import IdempotencyKey
from app.models.integrations import Cname, Integration
from app.models.keys import ApiKey
from app.models.media import Media, MediaUpload
from app.models.posts import Post
from app.models.profiles import PlatformSet, Profile
from app.models.recurring import RecurringSchedule

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=180)  # longer than any request may run
LIMIT = 255
# What a request can make that its answer is about.
RESOURCES: list[type[Any]] = [
    Post, Media, MediaUpload, ApiKey, PlatformSet, Profile, ContentTemplate, SocialAccount, Place,
    Approval, Integration, Cname, RecurringSchedule,
]  # fmt: skip


class IdempotencyConflict(Conflict):
    """The key was used for something else, or its first request is still running."""

    code = "IDEMPOTENCY_CONFLICT"


@dataclass
class Taken:
    """A key at work. ``made_id`` is what a request that died had made before."""

    id: UUID
    made: str | None = None
    made_id: UUID | None = None
    kept: bool = False  # what was made is committed


@dataclass(frozen=True)
class Answer:
    """What the first request was answered."""

    status: int
    body: str


noting: ContextVar[Taken | None] = ContextVar("noting", default=None)


def read(given: str) -> str:
    """The key of a header, bare or quoted. Raises ``ValidationFailed``."""
    key = given.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not key or len(key) > LIMIT or not all("!" <= one <= "~" for one in key):
        raise ValidationFailed(
            f"An Idempotency-Key has 1 to {LIMIT} visible ASCII characters.",
            field="Idempotency-Key",
        )
    return key


def take(owner: str, key: str, fingerprint: str) -> Taken | Answer:
    """Begin the work of a key, or the answer it had. Raises ``IdempotencyConflict``."""
    with _own_transaction() as session:
        row = session.scalars(
            select(IdempotencyKey)
            .where(IdempotencyKey.owner == owner, IdempotencyKey.key == key)
            .with_for_update()
        ).one_or_none()
        if row is not None and row.created_at < now() - KEPT:
            session.delete(row)
            session.flush()
            row = None
        if row is not None:
            return _known(row, fingerprint)
        row = IdempotencyKey(
            id=ids.uuid7(), owner=owner, key=key, fingerprint=fingerprint,
            lease_until=now() + LEASE, created_at=now(),
        )  # fmt: skip
        session.add(row)
        try:
            session.flush()
        except IntegrityError:  # another request took it this moment
            raise _running() from None
        return Taken(row.id)


def _known(row: IdempotencyKey, fingerprint: str) -> Taken | Answer:
    if row.fingerprint != fingerprint:
        raise IdempotencyConflict(
            "This Idempotency-Key was used for another request.", field="Idempotency-Key"
        )
    if row.status is not None:
        return Answer(row.status, safe.vault.decrypt(row.body, _place(row.id)) if row.body else "")
    if row.lease_until > now():
        raise _running()
    row.lease_until = now() + LEASE
    return Taken(row.id, row.made, row.made_id, kept=row.made_id is not None)


def settle(taken: Taken, status: int, body: str) -> None:
    """Keep the answer of a request that has ended."""
    with _own_transaction() as session:
        session.execute(
            update(IdempotencyKey)
            .where(IdempotencyKey.id == taken.id)
            .values(status=status, body=safe.vault.encrypt(body, _place(taken.id)))
        )


def free(taken: Taken) -> None:
    """Give the key back: nothing was made, so the same request may be sent again."""
    with _own_transaction() as session:
        session.execute(
            delete(IdempotencyKey).where(
                IdempotencyKey.id == taken.id, IdempotencyKey.made_id.is_(None)
            )
        )
        # What was made stays known; the next one with this key finds it at once.
        session.execute(
            update(IdempotencyKey).where(IdempotencyKey.id == taken.id).values(lease_until=now())
        )


def sweep() -> int:
    """Forget keys past their day; how many."""
    gone = db.session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - KEPT)
    )
    db.session.commit()
    return int(gone.rowcount)  # type: ignore[attr-defined]


@contextmanager
def _own_transaction() -> Iterator[Session]:
    """Beside the request's session, whose reads would hold SQLite's one pen meanwhile."""
    db.session.rollback()
    with Session(db.engine) as session, session.begin():
        yield session


@event.listens_for(Session, "after_flush")
def _note(session: Session, context: object) -> None:
    """The first thing a request makes is what its key leads to; files come before the post that
    they are for, and give way to it."""
    taken = noting.get()
    if taken is None or taken.made_id is not None and taken.made != Media.__tablename__:
        return
    made = next((one for one in session.new if type(one) in RESOURCES), None)
    if made is None or taken.made_id is not None and isinstance(made, Media):
        return
    taken.made, taken.made_id, taken.kept = made.__tablename__, made.id, False
    keys = table(IdempotencyKey)
    session.execute(
        update(keys).where(keys.c.id == taken.id).values(made=taken.made, made_id=taken.made_id)
    )


@event.listens_for(Session, "after_commit")
def _keep(session: Session) -> None:
    taken = noting.get()
    if taken is not None and taken.made_id is not None:
        taken.kept = True


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, previous: object) -> None:
    """What was rolled back was not made."""
    taken = noting.get()
    if taken is not None and not taken.kept:
        taken.made = taken.made_id = None


def _running() -> IdempotencyConflict:
    return IdempotencyConflict(
        "The first request with this Idempotency-Key is still running.", retry_after=1
    )


def _place(row_id: UUID) -> str:
    return f"idempotency_keys.body.{row_id}"
