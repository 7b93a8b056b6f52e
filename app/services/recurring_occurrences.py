"""Single occurrences of a schedule: what is to come, what became of the others, and exceptions.

An occurrence is named by its day on the schedule's wall clock. Editing one makes its post at
once and edits that: from then on it is a post like any other, and the schedule leaves it alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from app import events, holds
from app.clock import now
from app.errors import InvalidTransition, NotFound, ValidationFailed
from app.extensions import db, queues
from app.models.posts import Post, TargetState
from app.models.recurring import OccurrenceState, RecurringOccurrence, RecurringSchedule
from app.permissions import Actor
from app.services import posts, recurring, starting, submissions
from app.services.access import reach
from app.services.recurrence import Occurrence, Recurrence
from app.services.recurring import Changes
from app.services.recurring_posts import NobodyLeft, enter, make, series
from app.services.reused import text_of
from app.services.submissions import NotConnected, Submission

MOST_AHEAD = 100
DAY = timedelta(days=1)
FINAL = (OccurrenceState.MADE, OccurrenceState.SKIPPED)
CHANGES = {
    "skipped": "The clocks go forward then: it comes later by as much.",
    "twice": "The clocks go back then: the first of the two is meant.",
}


@dataclass(frozen=True)
class Line:
    """One occurrence. ``status``: ``upcoming`` (no post yet), the status of its post,
    ``skipped``, ``missed`` or ``failed``; ``note`` says why, or what is unusual about it."""

    day: date
    local: str
    at: datetime
    status: str
    note: str = ""
    post_id: UUID | None = None
    due_at: datetime | None = None
    by_hand: bool = False


def upcoming(actor: Actor, schedule_id: UUID, count: int) -> list[Line]:
    """The next ones, with those that are left out; a paused schedule has none."""
    row = recurring.get(actor, schedule_id)
    return upcoming_of(actor, [row], count)[row.id]


def upcoming_of(
    actor: Actor, rows: Sequence[RecurringSchedule], count: int
) -> dict[UUID, list[Line]]:
    """The same of several schedules, with as many statements as for one."""
    at = now()
    known: dict[UUID, list[RecurringOccurrence]] = defaultdict(list)
    for one in _rows(actor, [row.id for row in rows], after=at - 2 * DAY):
        known[one.schedule_id].append(one)
    return {row.id: _ahead(row, known[row.id], at, count) for row in rows}


def _ahead(
    row: RecurringSchedule, known: Sequence[RecurringOccurrence], at: datetime, count: int
) -> list[Line]:
    when = series(row)
    ahead = when.upcoming(at, min(count, MOST_AHEAD)) if row.is_active else []
    # One day, one post: what has been made or left out stands for its day.
    settled = {one.occurrence_local[:10] for one in known if one.at > at or one.state in FINAL}
    lines = [_line(one) for one in known if one.at > at]
    lines += [_coming(when, one) for one in ahead if str(one.local.date()) not in settled]
    return sorted(lines, key=lambda line: line.at)[:count]


def history(
    actor: Actor, schedule_id: UUID, *, limit: int = 50, offset: int = 0
) -> tuple[list[Line], int]:
    """What became of those whose time has passed, the latest first, and how many there are."""
    row = recurring.get(actor, schedule_id)
    past = (
        reach(actor)
        .query(RecurringOccurrence)
        .where(RecurringOccurrence.schedule_id == row.id, RecurringOccurrence.at <= now())
    )
    total = db.session.scalar(select(func.count()).select_from(past.subquery())) or 0
    rows = db.session.scalars(
        past.options(joinedload(RecurringOccurrence.post).selectinload(Post.targets))
        .order_by(RecurringOccurrence.at.desc(), RecurringOccurrence.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [_line(one) for one in rows], total


def of_day(actor: Actor, schedule_id: UUID, day: date) -> Line:
    """The occurrence of that day; ``NotFound`` for a day without one."""
    return line_of(actor, recurring.get(actor, schedule_id), day)


def line_of(actor: Actor, row: RecurringSchedule, day: date) -> Line:
    """The same of a schedule that has been read."""
    found = _row(actor, row, day)
    if found is not None:
        return _line(found)
    when = series(row)
    one = when.on(day) if row.is_active else None
    if one is None or one.at <= now():
        raise _none()
    return _coming(when, one)


def skip(actor: Actor, schedule_id: UUID, day: date) -> Line:
    """Leave one out; its post, where it is made already, is discarded."""
    row = recurring.get(actor, schedule_id, lock=True)
    found = _row(actor, row, day)
    if found is None:
        one = _needed(row, day)
        enter(row, one, OccurrenceState.SKIPPED)
    elif found.state is OccurrenceState.MADE:
        _refuse_begun(found)
        found.state, post_id, found.post_id = OccurrenceState.SKIPPED, found.post_id, None
        if post_id is not None and found.post is not None and found.post.discarded_at is None:
            _note(actor, row, "recurring.skipped", day)
            posts.discard(actor, post_id)  # commits
            return of_day(actor, schedule_id, day)
    elif found.at <= now():
        raise InvalidTransition("The time of this one has passed.")
    else:
        found.state, found.note = OccurrenceState.SKIPPED, ""
    _note(actor, row, "recurring.skipped", day)
    db.session.commit()
    return of_day(actor, schedule_id, day)


def restore(actor: Actor, schedule_id: UUID, day: date) -> Line:
    """Take back a skip."""
    row = recurring.get(actor, schedule_id, lock=True)
    found = _row(actor, row, day)
    if found is None:
        _needed(row, day)
        db.session.rollback()
        return of_day(actor, schedule_id, day)
    if found.state is not OccurrenceState.SKIPPED or found.at <= now():
        raise InvalidTransition("Only one that is left out and still to come can be put back.")
    db.session.delete(found)
    row.made_until, row.look_at = min(row.made_until, now()), now()
    _note(actor, row, "recurring.restored", day)
    db.session.commit()
    queues.wake("recurring.make")
    return of_day(actor, schedule_id, day)


def edit(
    actor: Actor, schedule_id: UUID, day: date, changes: Changes, *, due_at: datetime | None = None
) -> Line:
    """Change one occurrence alone: what it posts, where, or when (``due_at``, UTC).

    Of ``changes`` only what is posted counts. Raises as ``submissions.change`` does; a refused
    change leaves the occurrence as it was, with its post made.
    """
    row = recurring.get(actor, schedule_id, lock=True)
    found = _row(actor, row, day)
    if found is None:
        post_id = _made(row, _needed(row, day))
    else:
        _refuse_begun(found)
        if found.post_id is None:
            raise InvalidTransition(f"This one is {found.state.value}. Put it back first.")
        found.by_hand, post_id = True, found.post_id
        db.session.commit()
    post = posts.get(actor, post_id)
    accounts: list[UUID] | None = None
    if changes.platforms is not None or changes.accounts is not None:
        named = submissions.accounts_of(
            actor, post.profile_id, changes.platforms or (), named=changes.accounts or ()
        )
        accounts = [one.id for one in named]
    sent = _rewritten(post, changes) if changes.what else None
    submissions.change(actor, post_id, sent, accounts, due_at=due_at, timed=due_at is not None)
    db.session.expire_all()
    return of_day(actor, schedule_id, day)


def _made(row: RecurringSchedule, one: Occurrence) -> UUID:
    try:
        post = make(row, one, by_hand=True)
    except NobodyLeft as error:
        db.session.rollback()
        words = "No account is connected for this schedule any more."
        raise NotConnected(words, field="platforms") from error
    assert post is not None  # we hold the schedule: nobody else makes it
    return post.id


def _rewritten(post: Post, changes: Changes) -> Submission:
    """The post as it stands, with the changes."""
    parts = list(post.parts) if changes.content is None else [text_of(changes.content)]
    texts = {one.network: tuple(one.parts) for one in post.variants}
    options = dict(post.options)
    for name, own in (changes.overrides or {}).items():
        if own.get("text") is not None:
            texts[name] = (own["text"],)
        if own.get("settings"):
            options[name] = own["settings"]
    media = [(one.media_id, one.alt) for one in post.media]
    return Submission(
        parts[0], parts=parts, link=post.link or "", texts=texts, options=options,
        media=media if changes.media is None else changes.media,
    )  # fmt: skip


def day_of(text: str) -> date:
    """The day an address names; ``NotFound`` for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _none() from error


def _needed(row: RecurringSchedule, day: date) -> Occurrence:
    """The occurrence of that day that is still to come."""
    if not row.is_active:
        raise InvalidTransition("This schedule is paused. Switch it on first.")
    one = series(row).on(day)
    if one is None:
        raise _none()
    if one.at <= now():
        raise InvalidTransition("The time of this one has passed.")
    if one.at > now() + starting.HORIZON:
        raise ValidationFailed("Choose a day within the next five years.", field="date")
    return one


def _row(actor: Actor, row: RecurringSchedule, day: date) -> RecurringOccurrence | None:
    """What is known of that day; the latest, where the schedule's time was changed within it."""
    found = _rows(actor, [row.id], day=day)
    return found[-1] if found else None


def _rows(
    actor: Actor, ids: Collection[UUID], *, after: datetime | None = None, day: date | None = None
) -> list[RecurringOccurrence]:
    mine = RecurringOccurrence.schedule_id.in_(ids)
    asked = reach(actor).query(RecurringOccurrence).where(mine)
    if after is not None:
        asked = asked.where(RecurringOccurrence.at > after)
    if day is not None:
        text = day.isoformat()
        local = RecurringOccurrence.occurrence_local
        asked = asked.where(local.between(f"{text}T00:00:00", f"{text}T23:59:59"))
    return list(
        db.session.scalars(
            asked.options(
                joinedload(RecurringOccurrence.post).options(selectinload(Post.targets))
            ).order_by(RecurringOccurrence.at)
        )
    )


def _refuse_begun(found: RecurringOccurrence) -> None:
    open_ = (TargetState.SCHEDULED, TargetState.QUEUED, TargetState.DRAFT, TargetState.CANCELLED)
    if found.post is not None and any(t.state not in open_ for t in found.post.targets):
        raise InvalidTransition("This one has gone out or is going out.")


def _coming(when: Recurrence, one: Occurrence) -> Line:
    note = CHANGES.get(when.moved(one) or "", "")
    return Line(one.local.date(), one.key, one.at, "upcoming", note, due_at=one.at)


def _line(row: RecurringOccurrence) -> Line:
    post, status, note = row.post, row.state.value, row.note
    if row.state is OccurrenceState.MADE:
        status = post.status.value if post is not None else "discarded"
        if post is not None and post.targets and all(_skipped(t.error_code) for t in post.targets):
            status, note = "missed", post.targets[0].error or note
    return Line(
        date.fromisoformat(row.occurrence_local[:10]), row.occurrence_local, row.at, status, note,
        row.post_id, post.due_at if post is not None else None, row.by_hand,
    )  # fmt: skip


def _skipped(code: str | None) -> bool:
    return code == holds.SKIPPED


def _none() -> NotFound:
    return NotFound("The schedule does not come on that day.")


def _note(actor: Actor, row: RecurringSchedule, action: str, day: date) -> None:
    events.audit(
        db.session(), actor, action, profile_id=row.profile_id, subject="recurring_schedule",
        subject_id=row.id, day=day.isoformat(),
    )  # fmt: skip
