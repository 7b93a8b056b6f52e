"""Imports: a file is read and looked at, a person says yes, then each post is made once.

A post's id is settled before it is made, and kept with its row. Whoever goes on after a worker
that died finds the post by it, so no row is made twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlalchemy.exc import IntegrityError

from app import events, ids
from app.clock import now
from app.errors import AppError, Conflict, InvalidTransition, NotFound
from app.extensions import db, queues
from app.models.accounts import SocialAccount
from app.models.files import FileJob, FileKind, FileRow, FileState
from app.models.posts import Post
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.services import (
    account_refs,
    csv_import,
    fetching,
    file_jobs,
    import_rows,
    labels,
    media,
    posts,
    submissions,
)
from app.services.access import reach
from app.services.account_refs import Accounts
from app.services.file_jobs import Held

CHECK, MAKE = "check", "make"
SIZE = 50  # rows of a page
STEP = 10  # rows between two words of how far it is
NEW, CHANGED, SAME, GONE = "new", "changed", "same", "gone"
MADE = (NEW, CHANGED, GONE)  # marks of rows that do something
WRONG, FAILED = "wrong", "failed"  # marks of rows that cannot be made, and that could not
HERE = "This post is here already: its id is that of one of this brand’s posts."
Work = Callable[[Held, Actor, Profile, FileRow], None]


@dataclass(frozen=True)
class Counts:
    """Rows of an import: all of them, those that would be made (of these ``deletes`` take a post
    away), those that cannot be, those that were made, those that took a post away, and those of
    each mark."""

    rows: int
    ready: int
    deletes: int
    wrong: int
    made: int
    deleted: int
    marks: Mapping[str, int]


def take_table(actor: Actor, profile_id: UUID, name: str, raw: bytes) -> FileJob:
    """Read a table, and have it looked at. Nothing of it is made.

    Raises ``ValidationFailed`` with ``field`` ``file``, ``Conflict`` while too many are under way.
    """
    reach(actor).profile(profile_id, need=Permission.POST_WRITE)
    found = csv_import.read(raw)
    file_jobs.refuse_many(actor, profile_id)
    row = file_jobs.prepared(
        actor, profile_id, FileKind.IMPORT_TABLE, name=media.shown(name), total=len(found.rows),
        asked={"ignored": found.ignored}, size=len(raw),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    db.session.add_all(
        FileRow(job_id=row.id, number=number, data=data, problems=[], post_id=ids.uuid7())
        for number, data in enumerate(found.rows, 1)
    )
    db.session.commit()
    queues.wake("files.work")
    return row


def start(actor: Actor, profile_id: UUID, job_id: UUID) -> FileJob:
    """Make what can be made. Raises ``InvalidTransition`` where it is begun already, ``Conflict``
    where there is nothing to make."""
    actor.require(Permission.POST_WRITE, profile_id)
    row = file_jobs.get(actor, profile_id, job_id, file_jobs.IMPORTS)
    ready = counts(row).ready
    if not ready:
        raise Conflict("There is nothing to import.")
    begun = db.session.scalars(
        update(FileJob)
        .where(FileJob.id == job_id, FileJob.state == FileState.READY, FileJob.expires_at > now())
        .values(
            state=FileState.WAITING, step=MAKE, total=ready, done=0, lease_until=None,
            finished_at=None,
        )
        .returning(FileJob.id)
        .execution_options(synchronize_session=False)
    ).all()  # fmt: skip
    if not begun:
        db.session.rollback()
        raise InvalidTransition("This import is begun already, or has had its day.")
    events.audit(
        db.session(), actor, "posts.imported", profile_id=profile_id, subject="profile",
        subject_id=profile_id, kind=row.kind.value, posts=ready,
    )  # fmt: skip
    db.session.commit()
    queues.wake("files.work")
    db.session.expire_all()
    return file_jobs.get(actor, profile_id, job_id, file_jobs.IMPORTS)


def drop(actor: Actor, profile_id: UUID, job_id: UUID) -> None:
    """Forget an import that nobody began."""
    row = file_jobs.get(actor, profile_id, job_id, file_jobs.IMPORTS)
    if row.state not in (FileState.READY, FileState.FAILED):
        raise InvalidTransition("This import is under way, or done.")
    key = row.key
    db.session.delete(row)
    db.session.commit()
    media.let_go([key])


def counts(row: FileJob) -> Counts:
    """How many rows there are of each sort; one statement."""
    done = FileRow.done_at.is_not(None)
    found = db.session.execute(
        select(FileRow.mark, FileRow.chosen, done, func.count())
        .where(FileRow.job_id == row.id)
        .group_by(FileRow.mark, FileRow.chosen, done)
    ).all()
    marks: Counter[str] = Counter()
    ready = deletes = made = deleted = 0
    for mark, chosen, behind, number in found:
        marks[mark] += number
        if mark in MADE and chosen and not behind:
            ready += number
            deletes += number if mark == GONE else 0
        made += number if mark in (NEW, CHANGED) and behind else 0
        deleted += number if mark == GONE and behind else 0
    return Counts(marks.total(), ready, deletes, marks[WRONG] + marks[FAILED], made, deleted, marks)


def choose(actor: Actor, profile_id: UUID, job_id: UUID, number: int, on: bool) -> None:
    """Take a row along, or leave it out. Raises ``NotFound`` for one that has no choice,
    ``InvalidTransition`` once the import is begun."""
    actor.require(Permission.POST_WRITE, profile_id)
    row = file_jobs.get(actor, profile_id, job_id, file_jobs.IMPORTS)
    one = db.session.scalars(
        select(FileRow).where(
            FileRow.job_id == row.id, FileRow.number == number, FileRow.mark.in_(MADE)
        )
    ).one_or_none()
    if one is None or one.data.get("fixed"):
        raise NotFound()
    if row.state is not FileState.READY:
        raise InvalidTransition("This import is begun already.")
    one.chosen = on
    db.session.commit()


def page(row: FileJob, at: int, marks: Sequence[str] = ()) -> list[FileRow]:
    """A page of its rows, from 1; of these marks alone, where some are given."""
    rows: Select[FileRow] = select(FileRow).where(FileRow.job_id == row.id)
    if marks:
        rows = rows.where(FileRow.mark.in_(marks))
    return list(
        db.session.scalars(rows.order_by(FileRow.number).limit(SIZE).offset((at - 1) * SIZE))
    )


def ready_rows() -> ColumnElement[bool]:
    """Rows that would be made."""
    return and_(
        FileRow.chosen.is_(True), FileRow.done_at.is_(None),
        FileRow.mark.in_(MADE),
    )  # fmt: skip


def work(held: Held, actor: Actor) -> None:
    """Look at the rows, or make them: what the job is at."""
    row = held.row()
    profile = reach(actor).profile(row.profile_id, need=Permission.POST_WRITE)
    if row.step == MAKE:
        make(held, actor, profile, make_row)
    else:
        _check(held, actor, profile)


def _check(held: Held, actor: Actor, profile: Profile) -> None:
    profile_id, done = profile.id, 0
    while True:
        accounts = account_refs.of_brand(actor, profile_id)
        rows = _next(held.id, done)
        if not rows:
            break
        here = _here(actor, profile_id, rows)
        for row in rows:
            _look(actor, reach(actor).get(Profile, profile_id), accounts, row.id, here)
        done = done + len(rows)
        held.beat(done)
    held.end(FileState.READY, done=done)


def _next(job_id: UUID, after: int) -> list[FileRow]:
    return list(
        db.session.scalars(
            select(FileRow)
            .where(FileRow.job_id == job_id, FileRow.number > after)
            .order_by(FileRow.number)
            .limit(STEP)
        )
    )


def _here(actor: Actor, profile_id: UUID, rows: Sequence[FileRow]) -> set[str]:
    """The ids that these rows name and that posts of the brand have."""
    named = [found for one in rows if (found := as_id(one.data.get("id", ""))) is not None]
    if not named:
        return set()
    rows_here = db.session.execute(
        reach(actor)
        .query(Post)
        .with_only_columns(Post.id)
        .where(Post.id.in_(named), Post.profile_id == profile_id)
    )
    return {str(one.id) for one in rows_here}


def as_id(text: str) -> UUID | None:
    """The id that a file names, or ``None``."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _look(actor: Actor, profile: Profile, accounts: Accounts, row_id: UUID, here: set[str]) -> None:
    data = dict(db.session.get_one(FileRow, row_id).data)
    found = import_rows.look(actor, profile, accounts, data)
    if data.get("state"):
        words = f"“{data['state']}” is no state to import. Write scheduled or draft."
        found.problems.insert(0, words)
    named = as_id(data.get("id", ""))
    if named is not None and str(named) in here:
        found.problems.insert(0, HERE)
    keep_look(row_id, data, found)


def keep_look(
    row_id: UUID, data: dict[str, Any], found: import_rows.Look, mark: str = "new"
) -> None:
    """Store what was found of a row. ``dry_checks`` rolls back, so it is written afterwards."""
    named = [str(one.id) for one in found.accounts]
    at = found.at.isoformat() if found.at else ""
    db.session.execute(
        update(FileRow)
        .where(FileRow.id == row_id)
        .values(
            data={**data, "at": at, "account_ids": named, "notes": found.notes},
            problems=list(dict.fromkeys(found.problems)),
            mark=WRONG if found.problems else mark,
        )
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def make(held: Held, actor: Actor, profile: Profile, one_row: Work) -> None:
    """Make every row that is to be made, one after the other, each in its own transaction."""
    profile_id = profile.id
    while True:
        next_row = db.session.scalars(
            select(FileRow)
            .where(FileRow.job_id == held.id, ready_rows())
            .order_by(FileRow.number)
            .limit(1)
        ).one_or_none()
        if next_row is None:
            break
        row_id = next_row.id
        try:
            one_row(held, actor, reach(actor).get(Profile, profile_id), next_row)
            values: dict[str, Any] = {}
        except AppError as error:
            db.session.rollback()
            values = {"mark": FAILED, "problems": import_rows.told(error)}
        db.session.execute(
            update(FileRow).where(FileRow.id == row_id).values(done_at=now(), **values)
        )
        held.beat(_behind(held.id))
    held.end(FileState.DONE)


def _behind(job_id: UUID) -> int:
    behind = select(func.count()).where(FileRow.job_id == job_id, FileRow.done_at.is_not(None))
    return db.session.scalar(behind) or 0


def make_row(held: Held, actor: Actor, profile: Profile, row: FileRow) -> None:
    """One line of a table becomes a post, unless it is one already."""
    data, post_id, row_id, profile_id = dict(row.data), row.post_id, row.id, profile.id
    assert post_id is not None
    at = datetime.fromisoformat(data["at"]) if data["at"] else None
    if not exists(post_id):
        shots = fetched(held, actor, profile_id, row_id, data)
        create(actor, profile_id, data, at, shots, post_id)
    wear(profile_id, post_id, data)
    if data["draft"] and at is not None and posts.get(actor, post_id).due_at is None:
        posts.move(actor, post_id, at)


def wear(profile_id: UUID, post_id: UUID, data: dict[str, Any]) -> None:
    """Put its labels on a post that was just made."""
    if names := import_rows.labels_of(data):
        labels.put_on(profile_id, post_id, names, labels.known(profile_id))
        db.session.commit()


def create(
    actor: Actor, profile_id: UUID, data: dict[str, Any], at: datetime | None,
    shots: Sequence[tuple[UUID, str | None]], post_id: UUID,
) -> None:  # fmt: skip
    """The post by the ordinary service, so that every rule holds; quiet where it is there."""
    wanted = [UUID(one) for one in data["account_ids"]]
    accounts: list[SocialAccount] = (
        submissions.accounts_of(actor, profile_id, (), named=wanted) if wanted else []
    )
    sent = import_rows.submission(data, at, shots, post_id)
    try:
        submissions.submit(actor, profile_id, sent, accounts)
    except IntegrityError:
        db.session.rollback()
        if not exists(post_id):
            raise
        # Whoever had this row before us has made it after all.


def fetched(
    held: Held, actor: Actor, profile_id: UUID, row_id: UUID, data: dict[str, Any]
) -> list[tuple[UUID, str | None]]:
    """The row's files, in the library; what was fetched before a worker died is not again."""
    have: list[str] = list(data.get("fetched", []))
    for one in data["media"][len(have) :]:
        made = fetching.fetch(actor, profile_id, one["url"])
        have.append(str(made.id))
        data["fetched"] = have
        db.session.execute(update(FileRow).where(FileRow.id == row_id).values(data=data))
        held.beat()
    return [(UUID(one), shot["alt"] or None) for one, shot in zip(have, data["media"], strict=True)]


def exists(post_id: UUID) -> bool:
    """Whether the post has been made."""
    return db.session.scalar(select(Post.id).where(Post.id == post_id)) is not None
