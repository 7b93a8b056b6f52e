"""Recurring schedules: posts that come again by a rule, on a wall clock (the Amplify seed).

A schedule is a promise; its posts are made some time ahead (``recurring_maker``). What changes
a schedule unmakes those that have not begun, so that what goes out is what it says now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app import events
from app.clock import now, zone
from app.errors import NotFound, ValidationFailed
from app.extensions import db, queues
from app.models.posts import PostTarget
from app.models.recurring import (
    OccurrenceState,
    Pattern,
    RecurringAccount,
    RecurringMedia,
    RecurringOccurrence,
    RecurringSchedule,
)
from app.permissions import Actor, Permission
from app.services import recurrence_rules, seat_belt, starting, submissions
from app.services.access import reach
from app.services.recurring_posts import accounts, refuse_unfit, series, withdraw
from app.services.reused import Files, line, networks_named, text_of, usable

MOST = 200  # a profile
MAX_NAME = 120
SOME = 3  # dates looked at for the next one that is not left out


@dataclass(frozen=True)
class Changes:
    """What a save brings; ``None`` leaves a thing as it is.

    ``overrides`` are by network: ``{"text": …, "settings": {…}}``. ``config`` is the seed's
    ``recurrenceConfig``, with an RFC 5545 rule under ``rrule`` for ``custom``. ``starts_on`` is
    the first day, by the schedule's own calendar; where the rule changes and it is not given,
    that is today.
    """

    name: str | None = None
    content: str | None = None
    overrides: Mapping[str, Mapping[str, Any]] | None = None
    platforms: Sequence[str] | None = None
    accounts: Sequence[UUID] | None = None
    media: Files | None = None
    pattern: Pattern | None = None
    config: Mapping[str, Any] | None = None
    time_of_day: str | None = None
    time_zone: str | None = None
    starts_on: date | None = None
    is_active: bool | None = None

    @property
    def what(self) -> bool:
        """Whether something else is posted, or elsewhere."""
        given = (self.content, self.overrides, self.platforms, self.accounts, self.media)
        return any(one is not None for one in given)

    @property
    def when(self) -> bool:
        """Whether it comes at other times."""
        given = (self.pattern, self.config, self.time_of_day, self.time_zone, self.starts_on)
        return any(one is not None for one in given)


@dataclass(frozen=True)
class Times:
    """When a schedule comes next (``None``: it is paused or has ended), and was last posted."""

    next_at: datetime | None
    last_at: datetime | None


def get(actor: Actor, schedule_id: UUID, *, lock: bool = False) -> RecurringSchedule:
    """One schedule with its accounts and pictures; ``NotFound`` for none in reach."""
    asked = (
        reach(actor)
        .query(RecurringSchedule)
        .where(RecurringSchedule.id == schedule_id)
        .options(selectinload(RecurringSchedule.media), selectinload(RecurringSchedule.accounts))
    )
    if lock:
        asked = asked.with_for_update(of=RecurringSchedule).execution_options(
            populate_existing=True
        )
    found = db.session.scalars(asked).one_or_none()
    if found is None:
        raise NotFound("We could not find that schedule.")
    if lock:
        actor.require(Permission.POST_WRITE, found.profile_id)
        seat_belt.refuse_series(actor)
    return found


def listed(
    actor: Actor, profile_id: UUID | None = None, *, limit: int = 100, offset: int = 0
) -> tuple[list[RecurringSchedule], int]:
    """The schedules in reach, newest first, and how many there are."""
    asked = reach(actor).query(RecurringSchedule)
    if profile_id is not None:
        asked = asked.where(RecurringSchedule.profile_id == profile_id)
    total = db.session.scalar(select(func.count()).select_from(asked.subquery())) or 0
    rows = db.session.scalars(
        asked.options(
            selectinload(RecurringSchedule.media), selectinload(RecurringSchedule.accounts)
        )
        .order_by(RecurringSchedule.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return list(rows), total


def times(rows: Sequence[RecurringSchedule]) -> dict[UUID, Times]:
    """When each comes next and was last posted; two statements, however many there are."""
    ids, at = [row.id for row in rows], now()
    last = dict(_last_posted(ids))
    settled = _settled(ids, at)
    return {
        row.id: Times(_next(row, settled[row.id], at) if row.is_active else None, last.get(row.id))
        for row in rows
    }


def create(actor: Actor, profile_id: UUID, changes: Changes) -> RecurringSchedule:
    """A new schedule; the first post is made at once where it is due soon.

    Raises ``ValidationFailed`` with one error for each thing a network would refuse.
    """
    profile = reach(actor).profile(profile_id, need=Permission.POST_WRITE)
    seat_belt.refuse_series(actor)
    count = select(func.count()).where(RecurringSchedule.profile_id == profile_id)
    if (db.session.scalar(count) or 0) >= MOST:
        raise ValidationFailed(f"You have {MOST} schedules, which is the limit.", field="name")
    at = now()
    row = RecurringSchedule(
        profile_id=profile_id, author_id=actor.user_id, name="", content="", overrides={},
        platforms=[], config={}, time_zone=profile.time_zone, is_active=True, pause_reason="",
        made_until=at, look_at=at,
    )  # fmt: skip
    _name(row, changes.name or "")
    _put_what(actor, row, changes)
    _put_when(row, changes, new=True)
    _refuse_unfit(actor, row)
    db.session.add(row)
    db.session.flush()
    _done(actor, row, "recurring.created")
    return row


def change(
    actor: Actor, schedule_id: UUID, changes: Changes, *, keep: bool = False
) -> RecurringSchedule:
    """Change what is given. Posts that were made and have not begun are made anew, or with
    ``keep`` stay as they are: the change holds from the next one on, and a day that has its post
    gets no other."""
    row = get(actor, schedule_id, lock=True)
    if changes.name is not None:
        _name(row, changes.name)
    if changes.what:
        _put_what(actor, row, changes)
    if changes.when:
        _put_when(row, changes, new=False)
    before, after = row.is_active, row.is_active
    if changes.is_active is not None:
        after = changes.is_active
    if changes.what or (after and not before):
        _refuse_unfit(actor, row)
    if after and not before and not accounts(actor, row)[0]:
        words = "No account is connected for it any more. Connect one first."
        raise submissions.NotConnected(words, field="accounts")
    db.session.flush()
    if before and not after:
        withdraw(row, ending=True)
    elif before and (changes.what or changes.when):
        withdraw(row, ending=False, keep=keep)
    if after:
        # What fell into a pause is not made up for; what is due this moment is not lost.
        row.made_until = min(row.made_until, now()) if before else now()
        row.look_at = now()
    row.is_active, row.pause_reason = after, ""
    row.updated_at = now()
    _done(actor, row, "recurring.changed" if before == after else _switched(after))
    return get(actor, schedule_id)


def delete(actor: Actor, schedule_id: UUID) -> None:
    """End a schedule for good; what has gone out stays, what a person wrote becomes a draft."""
    row = get(actor, schedule_id, lock=True)
    withdraw(row, ending=True)
    events.audit(
        db.session(), actor, "recurring.deleted", profile_id=row.profile_id,
        subject="recurring_schedule", subject_id=row.id, name=row.name,
    )  # fmt: skip
    db.session.delete(row)
    db.session.commit()


def _put_what(actor: Actor, row: RecurringSchedule, changes: Changes) -> None:
    if changes.content is not None:
        row.content = text_of(changes.content)
    if changes.overrides is not None:
        networks_named(list(changes.overrides))
        row.overrides = {name: dict(one) for name, one in changes.overrides.items()}
    if changes.platforms is not None:
        row.platforms = networks_named(changes.platforms)
    if changes.accounts is not None:
        row.accounts = _accounts(actor, row, changes.accounts)
    if changes.media is not None:
        row.media = [
            RecurringMedia(media=file, media_id=file.id, position=index, alt=alt)
            for index, (file, alt) in enumerate(usable(actor, row.profile_id, changes.media))
        ]


def _accounts(
    actor: Actor, row: RecurringSchedule, named: Sequence[UUID]
) -> list[RecurringAccount]:
    """Those named, keeping the rows of those that are there already: an account has one."""
    have = {one.account_id: one for one in row.accounts}
    if not named:
        return []
    found = submissions.accounts_of(actor, row.profile_id, [], named=named)
    return [have.get(one.id) or RecurringAccount(account=one, account_id=one.id) for one in found]


def _put_when(row: RecurringSchedule, changes: Changes, *, new: bool) -> None:
    if new and changes.pattern is None:
        words = "Choose daily, weekly, monthly or custom."
        raise ValidationFailed(words, field="recurrencePattern")
    if changes.time_zone is not None:
        try:
            row.time_zone = zone(changes.time_zone).key
        except ValidationFailed as error:
            raise ValidationFailed(error.message, field="timezone") from error
    if changes.time_of_day is not None or new:
        row.time_of_day = recurrence_rules.time_of(changes.time_of_day or "").isoformat()
    if any(one is not None for one in (changes.pattern, changes.config, changes.starts_on)):
        row.pattern = changes.pattern or row.pattern
        given = {**row.config, **(changes.config or {})}
        _, row.config = recurrence_rules.of(row.pattern, given)
        row.starts_on = _starts_on(row, changes)
    if series(row).next(now()) is None:
        if "ends_on" in row.config:
            words = "It has no date left before then. Choose a later day, or leave this empty."
            raise ValidationFailed(words, field=recurrence_rules.ENDS_ON)
        words = "This rule has no date in the next eight years."
        raise ValidationFailed(words, field=recurrence_rules.RRULE)


def _starts_on(row: RecurringSchedule, changes: Changes) -> date:
    """The day that intervals and counts begin with; one that has passed only as it was."""
    today = now().astimezone(zone(row.time_zone)).date()
    given = changes.starts_on
    if given is not None and given < today and given != row.starts_on:
        raise ValidationFailed("Choose today or a later day.", field="startsOn")
    if given is not None and given > today + starting.HORIZON:
        raise ValidationFailed("Choose a day within the next five years.", field="startsOn")
    return given or today


def _refuse_unfit(actor: Actor, row: RecurringSchedule) -> None:
    """Raise where a network has no account, or would refuse what is posted."""
    named = [one.account_id for one in row.accounts]
    found = submissions.accounts_of(actor, row.profile_id, row.platforms, named=named)
    refuse_unfit(actor, row, found)


def _name(row: RecurringSchedule, name: str) -> None:
    row.name = line(name, "name", MAX_NAME, needed="A schedule needs a name.")


def _next(
    row: RecurringSchedule, settled: Mapping[date, datetime | None], at: datetime
) -> datetime | None:
    """The next time that will be; of a day that has its post already, that day's own."""
    when, after = series(row), at
    for _ in range(10):
        found = when.upcoming(after, SOME)
        for one in found:
            own = settled.get(one.local.date(), one.at)
            if own is not None and own > at:
                return own
        if len(found) < SOME:
            return None
        after = found[-1].at
    return None


def _settled(ids: Collection[UUID], at: datetime) -> dict[UUID, dict[date, datetime | None]]:
    """Days that have been dealt with: when their posts are, ``None`` for not at all."""
    found: dict[UUID, dict[date, datetime | None]] = defaultdict(dict)
    rows = db.session.execute(
        select(
            RecurringOccurrence.schedule_id, RecurringOccurrence.occurrence_local,
            RecurringOccurrence.at, RecurringOccurrence.state,
        ).where(
            RecurringOccurrence.schedule_id.in_(ids),
            RecurringOccurrence.at > at - timedelta(days=2),
        )
        .order_by(RecurringOccurrence.at)
    )  # fmt: skip
    for schedule_id, local, moment, state in rows:
        day = date.fromisoformat(local[:10])
        if state is OccurrenceState.MADE:
            found[schedule_id][day] = moment
        elif state is OccurrenceState.SKIPPED or moment > at:
            found[schedule_id].setdefault(day, None)
    return found


def _last_posted(ids: Collection[UUID]) -> list[tuple[UUID, datetime]]:
    latest = (
        select(PostTarget.published_at)
        .join(RecurringOccurrence, RecurringOccurrence.post_id == PostTarget.post_id)
        .where(
            RecurringOccurrence.schedule_id == RecurringSchedule.id,
            PostTarget.published_at.is_not(None),
        )
        .order_by(RecurringOccurrence.at.desc(), PostTarget.published_at.desc())
        .limit(1)
        .correlate(RecurringSchedule)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(RecurringSchedule.id, latest).where(RecurringSchedule.id.in_(ids))
    )
    return [(row[0], row[1]) for row in rows if row[1] is not None]


def _switched(on: bool) -> str:
    return "recurring.resumed" if on else "recurring.paused"


def _done(actor: Actor, row: RecurringSchedule, action: str) -> None:
    events.audit(
        db.session(), actor, action, profile_id=row.profile_id, subject="recurring_schedule",
        subject_id=row.id, name=row.name,
    )  # fmt: skip
    db.session.commit()
    if row.is_active:
        queues.wake("recurring.make")
