"""Making the posts of recurring schedules, some time before they are due (reliability §6).

Any number of makers may run: each step holds the schedule's row, and an occurrence has one row.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from sqlalchemy import select, update

from app import events, logs
from app.clock import now, seconds
from app.config import settings
from app.errors import AppError
from app.extensions import db, write_mode
from app.models.recurring import OccurrenceState, RecurringOccurrence, RecurringSchedule
from app.services import recurring_pauses
from app.services.recurrence import Occurrence, Recurrence
from app.services.recurring_posts import LATE, NobodyLeft, enter, make, series

log = logs.get("recurring")
BATCH = 50  # schedules looked up together
STEPS = 20  # of one schedule in a run; the next run goes on
MISSED_AT_ONCE = 500
RUN_SECONDS = 60.0
AGAIN = timedelta(minutes=5)  # after a fault of ours
SELDOM = timedelta(days=30)  # when to look again at a rule that has no date in sight


def waits() -> bool:
    """Whether there is anything to look at: one look at a partial index."""
    mark = write_mode.set(False)
    try:
        return bool(_due(1))
    finally:
        db.session.rollback()
        write_mode.reset(mark)


def run(seconds_at_most: float = RUN_SECONDS) -> int:
    """Look at every schedule that it is time for; how many occurrences were dealt with."""
    until, done, seen = time.monotonic() + seconds_at_most, 0, set[UUID]()
    while time.monotonic() < until:
        ids = [one for one in _due(BATCH + len(seen)) if one not in seen]
        db.session.rollback()
        if not ids:
            break
        for schedule_id in ids:
            seen.add(schedule_id)
            done += _serve(schedule_id, until)
    return done


def _due(limit: int) -> list[UUID]:
    return list(
        db.session.scalars(
            select(RecurringSchedule.id)
            .where(RecurringSchedule.is_active, RecurringSchedule.look_at <= now())
            .order_by(RecurringSchedule.look_at)
            .limit(limit)
        )
    )


def _serve(schedule_id: UUID, until: float) -> int:
    """One schedule; a fault of its own delays no other."""
    done = 0
    try:
        while done < STEPS and time.monotonic() < until and step(schedule_id):
            done += 1
    except Exception:
        db.session.rollback()
        log.exception("recurring_failed", schedule_id=str(schedule_id))
        db.session.execute(
            update(RecurringSchedule)
            .where(RecurringSchedule.id == schedule_id)
            .values(look_at=now() + AGAIN)
        )
        db.session.commit()
    return done


def step(schedule_id: UUID) -> bool:
    """Deal with what has been missed, or with the next occurrence; whether there may be more."""
    row = _held(schedule_id)
    if row is None:
        db.session.rollback()
        return False
    at, when = now(), series(row)
    if _miss(row, when, at):
        return True
    horizon = timedelta(hours=settings().RECURRING_HORIZON_HOURS)
    one = next(when.between(row.made_until, at + horizon), None)
    if one is None:
        following = when.next(max(row.made_until, at))
        row.look_at = following.at - horizon if following else at + SELDOM
        db.session.commit()
        return False
    row.made_until = one.at
    if _decided(row, one):
        db.session.commit()
        return True
    return _make(row, one)


def _held(schedule_id: UUID) -> RecurringSchedule | None:
    """The schedule, locked; ``None`` where another maker has it, or it is not its time."""
    return db.session.scalars(
        select(RecurringSchedule)
        .where(
            RecurringSchedule.id == schedule_id,
            RecurringSchedule.is_active,
            RecurringSchedule.look_at <= now(),
        )
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _miss(row: RecurringSchedule, when: Recurrence, at: datetime) -> bool:
    """Leave out, and write down, what is more than an hour late; whether there was any."""
    before = at - LATE - seconds(0.000001)
    if before <= row.made_until:
        return False
    missed = list(islice(when.between(row.made_until, before), MISSED_AT_ONCE))
    if not missed:
        return False
    note = "Left out: it was found more than an hour after its time."
    count = sum(enter(row, one, OccurrenceState.MISSED, note) is not None for one in missed)
    row.made_until = missed[-1].at
    if count:
        log.warning("recurring_missed", schedule_id=str(row.id), count=count)
        events.audit(
            db.session(), events.ENGINE, "recurring.missed", profile_id=row.profile_id,
            subject="recurring_schedule", subject_id=row.id, count=count,
            first=missed[0].key, last=missed[-1].key,
        )  # fmt: skip
    db.session.commit()
    return True


def _decided(row: RecurringSchedule, one: Occurrence) -> bool:
    """Whether that day has its post, or a person has left it out: one day, one post, also where
    the schedule's time was another then."""
    day = one.local.date().isoformat()
    found = select(RecurringOccurrence.id).where(
        RecurringOccurrence.schedule_id == row.id,
        RecurringOccurrence.occurrence_local.between(f"{day}T00:00:00", f"{day}T23:59:59"),
        RecurringOccurrence.state.in_((OccurrenceState.MADE, OccurrenceState.SKIPPED)),
    )
    return db.session.scalar(found.limit(1)) is not None


def _make(row: RecurringSchedule, one: Occurrence) -> bool:
    schedule_id = row.id
    try:
        if make(row, one) is None:
            db.session.commit()
        return True
    except NobodyLeft:
        db.session.rollback()
        recurring_pauses.pause(schedule_id)
        return False
    except AppError as error:
        return _fail(schedule_id, one, error)


def _fail(schedule_id: UUID, one: Occurrence, error: AppError) -> bool:
    """Write down why there is no post, and tell whoever made the schedule."""
    db.session.rollback()
    row = _held(schedule_id)
    if row is None:
        db.session.rollback()
        return False
    if enter(row, one, OccurrenceState.FAILED, error.message) is not None:
        row.made_until = max(row.made_until, one.at)
        day = f"{one.local.day} {one.local:%B %Y at %H:%M}"
        data = {"name": row.name, "day": day, "message": error.message}
        events.audit(
            db.session(), events.ENGINE, "recurring.failed", profile_id=row.profile_id,
            subject="recurring_schedule", subject_id=row.id, occurrence=one.key,
            message=error.message,
        )  # fmt: skip
        events.tell_author(
            db.session(), row.profile_id, row.author_id, "recurring_failed", data,
            once=f"recurring:{row.id}:{one.key}",
        )  # fmt: skip
    db.session.commit()
    return True
