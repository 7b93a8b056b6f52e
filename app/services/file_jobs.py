"""Exports and imports as rows: asked for by a person, worked on by whoever holds the lease.

A worker that dies leaves its lease to run out, and the next one goes on. Every write of a worker
names its token, so that one which was given up for dead changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update

from app import ids
from app.clock import now
from app.errors import Conflict, NotFound
from app.extensions import db, queues, write_mode
from app.models.files import FileJob, FileKind, FileRow, FileState
from app.permissions import Actor, Permission
from app.services import media
from app.services.access import reach

EXPORTS = (FileKind.EXPORT_TABLE, FileKind.EXPORT_FOLDER)
IMPORTS = (FileKind.IMPORT_TABLE, FileKind.IMPORT_FOLDER)
MOVING = (FileState.WAITING, FileState.WORKING)
LEASE = timedelta(seconds=180)
KEPT = timedelta(days=1)  # the file, and what was read of one
LISTED = timedelta(days=30)
AT_ONCE = 3  # unfinished ones of a person in a brand
CLAIMS = 10  # of a job that kills whoever works on it
BROKE = "Something went wrong on our side. Nothing more was done; try again."


class Lost(Exception):
    """Somebody else works on it by now, or it is gone: stop without a word."""


@dataclass(frozen=True)
class Held:
    """A job that this worker holds."""

    id: UUID
    token: int

    def row(self) -> FileJob:
        """The job as it is now; ``Lost`` where it is no longer held."""
        found = db.session.scalars(
            select(FileJob)
            .where(FileJob.id == self.id, FileJob.token == self.token)
            .execution_options(populate_existing=True)
        ).one_or_none()
        if found is None:
            raise Lost()
        return found

    def beat(self, done: int | None = None, **values: Any) -> None:
        """Say how far it is, and hold it for longer; commits."""
        if done is not None:
            values["done"] = done
        found = db.session.scalars(
            update(FileJob)
            .where(FileJob.id == self.id, FileJob.token == self.token, FileJob.state.in_(MOVING))
            .values(lease_until=now() + LEASE, **values)
            .returning(FileJob.id)
            .execution_options(synchronize_session=False)
        ).all()
        db.session.commit()
        if not found:
            raise Lost()

    def end(self, state: FileState, **values: Any) -> None:
        """Give it out of hand; commits."""
        self.beat(state=state, finished_at=now(), **values)


def ask(
    actor: Actor,
    profile_id: UUID,
    kind: FileKind,
    *,
    name: str,
    asked: dict[str, Any] | None = None,
    total: int = 0,
    key: str | None = None,
    size: int = 0,
) -> FileJob:
    """Have a file written, or read. Raises ``Conflict`` while too many are under way."""
    reach(actor).profile(profile_id, need=Permission.POST_READ)
    refuse_many(actor, profile_id)
    row = prepared(actor, profile_id, kind, name=name, asked=asked, total=total, key=key, size=size)
    db.session.add(row)
    db.session.commit()
    queues.wake("files.work")
    return row


def prepared(
    actor: Actor,
    profile_id: UUID,
    kind: FileKind,
    *,
    name: str,
    asked: dict[str, Any] | None = None,
    total: int = 0,
    key: str | None = None,
    size: int = 0,
) -> FileJob:
    """The row of a job that waits for a worker; the caller stores it and wakes one."""
    if actor.user_id is None:
        raise NotFound()
    return FileJob(
        id=ids.uuid7(), profile_id=profile_id, user_id=actor.user_id, kind=kind,
        state=FileState.WAITING, name=name, asked=asked or {}, total=total, key=key, size=size,
        step="check" if kind in IMPORTS else "", created_at=now(), expires_at=now() + KEPT,
    )  # fmt: skip


def refuse_many(actor: Actor, profile_id: UUID) -> None:
    """Raise ``Conflict`` where the person has as many under way as may be."""
    moving = select(func.count()).where(
        FileJob.profile_id == profile_id,
        FileJob.user_id == actor.user_id,
        FileJob.state.in_(MOVING),
    )
    if (db.session.scalar(moving) or 0) >= AT_ONCE:
        raise Conflict(f"{AT_ONCE} of your files are under way. Wait until one is done.")


def listed(actor: Actor, profile_id: UUID, kinds: Collection[FileKind]) -> list[FileJob]:
    """One's own of the last 30 days, the newest first, ten at most."""
    return list(
        db.session.scalars(
            _own(actor, profile_id, kinds)
            .where(FileJob.created_at > now() - LISTED)
            .order_by(FileJob.id.desc())
            .limit(10)
        )
    )


def get(actor: Actor, profile_id: UUID, job_id: UUID, kinds: Collection[FileKind]) -> FileJob:
    """One's own; ``NotFound`` for any other."""
    found = db.session.scalars(
        _own(actor, profile_id, kinds).where(FileJob.id == job_id)
    ).one_or_none()
    if found is None:
        raise NotFound()
    return found


def moving(row: FileJob) -> bool:
    """Whether a worker has it, or is to have it."""
    return row.state in MOVING


def downloadable(row: FileJob) -> bool:
    """Whether an export's file is still there to be fetched."""
    return row.kind in EXPORTS and row.key is not None and row.expires_at > now()


def waits() -> bool:
    """Whether there is work that nobody holds: one look at a partial index."""
    mark = write_mode.set(False)
    try:
        return db.session.scalar(select(FileJob.id).where(_free()).limit(1)) is not None
    finally:
        db.session.rollback()
        write_mode.reset(mark)


def claim(besides: Collection[UUID] = ()) -> Held | None:
    """Take the oldest that nobody holds; ``None`` where there is none."""
    while True:
        oldest = select(FileJob.id).where(_free(), FileJob.id.not_in(besides)).order_by(FileJob.id)
        job_id = db.session.scalar(oldest.limit(1))
        if job_id is None:
            db.session.rollback()
            return None
        token = db.session.scalar(
            update(FileJob)
            .where(FileJob.id == job_id, _free())
            .values(state=FileState.WORKING, token=FileJob.token + 1, lease_until=now() + LEASE)
            .returning(FileJob.token)
            .execution_options(synchronize_session=False)
        )
        db.session.commit()
        if token is None:
            continue  # somebody was first
        held = Held(job_id, token)
        if token <= CLAIMS:
            return held
        held.end(FileState.FAILED, problem=BROKE)


def sweep() -> int:
    """Take away what has had its day: files, what was read of them, and old jobs; how many."""
    ended = (FileState.READY, FileState.DONE, FileState.FAILED)
    over = and_(FileJob.expires_at < now(), FileJob.state.in_(ended))
    rows = db.session.execute(
        select(FileJob.id, FileJob.key, FileJob.state).where(
            over, or_(FileJob.key.is_not(None), FileJob.state == FileState.READY)
        )
    ).all()
    for row in rows:
        values: dict[str, Any] = {"key": None}
        if row.state is FileState.READY:
            values |= {"state": FileState.FAILED, "problem": "Nobody imported it within a day."}
        db.session.execute(update(FileJob).where(FileJob.id == row.id).values(**values))
    gone = select(FileJob.id).where(over)
    db.session.execute(delete(FileRow).where(FileRow.job_id.in_(gone)))
    db.session.execute(delete(FileJob).where(over, FileJob.created_at < now() - LISTED))
    db.session.commit()
    media.let_go(row.key for row in rows)
    return len(rows)


def _own(actor: Actor, profile_id: UUID, kinds: Collection[FileKind]) -> Select[FileJob]:
    return (
        reach(actor)
        .query(FileJob)
        .where(
            FileJob.profile_id == profile_id,
            FileJob.user_id == actor.user_id,
            FileJob.kind.in_(kinds),
        )
    )


def _free() -> ColumnElement[bool]:
    return and_(
        FileJob.state.in_(MOVING),
        or_(FileJob.lease_until.is_(None), FileJob.lease_until < now()),
    )
