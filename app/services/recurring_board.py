"""A brand's recurring schedules as a page shows them: where each goes, what comes, what changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select

from app.clock import now
from app.errors import NotFound
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.profiles import Profile
from app.models.recurring import RecurringSchedule
from app.permissions import Actor
from app.services import (
    catalogue,
    duplicates,
    recurrence_rules,
    recurring,
    recurring_occurrences,
    recurring_posts,
    recurring_words,
    submissions,
)
from app.services.access import reach
from app.services.duplicates import Twin
from app.services.recurring import Changes
from app.services.recurring_occurrences import Line
from app.services.reused import text_of

AHEAD = 10  # dates that are shown of each


@dataclass(frozen=True)
class Goes:
    """One account, or every account of a network. ``rests``: nothing can be sent there now."""

    network: str
    words: str
    rests: bool


@dataclass(frozen=True)
class Entry:
    """One schedule: its rule in words, where it goes, its next time (``None``: it is paused or
    has ended), when it was last posted, and its next dates."""

    row: RecurringSchedule
    sentence: str
    goes: list[Goes]
    next_at: datetime | None
    last_at: datetime | None
    ahead: list[Line]


@dataclass(frozen=True)
class Choices:
    """What a schedule can go to: accounts, and networks with all their accounts."""

    accounts: list[SocialAccount]
    networks: list[str]


def board(
    actor: Actor, profile: Profile, *, limit: int, offset: int = 0
) -> tuple[list[Entry], int]:
    """The brand's schedules, newest first, and how many there are; as many statements for a
    page of them as for one."""
    rows, total = recurring.listed(actor, profile.id, limit=limit, offset=offset)
    return _entries(actor, profile, rows), total


def entry(actor: Actor, profile: Profile, schedule_id: UUID) -> Entry:
    """One schedule of the brand; ``NotFound`` for one of another."""
    row = recurring.get(actor, schedule_id)
    if row.profile_id != profile.id:
        raise NotFound("We could not find that schedule.")
    return _entries(actor, profile, [row])[0]


def brief(actor: Actor, profile: Profile, schedule_id: UUID) -> Entry:
    """The same without its dates, which its single dates' pages do not show."""
    row = recurring.get(actor, schedule_id)
    if row.profile_id != profile.id:
        raise NotFound("We could not find that schedule.")
    sentence = recurring_words.sentence(row, profile.time_zone)
    return Entry(row, sentence, _goes(row, _there(actor, profile, [row])), None, None, [])


def choices(actor: Actor, profile_id: UUID, row: RecurringSchedule | None = None) -> Choices:
    """What can be chosen: what is connected, and what the schedule goes to already."""
    named = [one.account_id for one in row.accounts] if row else []
    found = (
        reach(actor)
        .query(SocialAccount)
        .where(
            SocialAccount.profile_id == profile_id,
            or_(
                SocialAccount.status != AccountStatus.DISCONNECTED,
                SocialAccount.id.in_(named),
            ),
        )
        .order_by(SocialAccount.number)
    )
    accounts = list(db.session.scalars(found))
    there = {one.network for one in accounts} | set(row.platforms if row else ())
    return Choices(accounts, [one.name for one in catalogue.entries() if one.name in there])


def goes_to(actor: Actor, row: RecurringSchedule) -> list[SocialAccount]:
    """The accounts that a post of the schedule would go to, were it made now."""
    return recurring_posts.accounts(actor, row)[0]


def twins(actor: Actor, profile: Profile, one: Entry) -> tuple[Twin, ...]:
    """Other posts with the words of the series around its next time: told of, never a stop."""
    found, _ = recurring_posts.accounts(actor, one.row)
    own = {name: given.get("text") for name, given in one.row.overrides.items()}
    texts = {account: own.get(account.network) or one.row.content for account in found}
    itself = select(RecurringSchedule.id).where(RecurringSchedule.id == one.row.id)
    return duplicates.look(profile, texts, one.next_at or now(), but_series=itself).twins


def differing(row: RecurringSchedule, brought: Changes) -> Changes:
    """Of what a form brings whole, what is not so already: the rest leaves waiting posts alone.

    Raises ``ValidationFailed`` for a rule or a time that can't be read.
    """
    assert brought.pattern is not None
    kept = replace(
        brought,
        name=_unless(brought.name, row.name),
        content=_unless(None if brought.content is None else text_of(brought.content), row.content),
        platforms=brought.platforms,
        time_of_day=_unless(
            recurrence_rules.time_of(brought.time_of_day or "").isoformat(), row.time_of_day
        ),
    )
    rule, _ = recurrence_rules.of(brought.pattern, brought.config or {})
    was, _ = recurrence_rules.of(row.pattern, row.config)
    same = rule == was and brought.pattern is row.pattern
    if same and brought.starts_on == row.starts_on:
        kept = replace(kept, pattern=None, config=None, starts_on=None)
    named = {one.account_id for one in row.accounts}
    if set(brought.accounts or ()) == named and set(brought.platforms or ()) == set(row.platforms):
        kept = replace(kept, accounts=None, platforms=None)
    return kept


def _unless(given: str | None, was: str) -> str | None:
    return None if given == was else given


def _entries(actor: Actor, profile: Profile, rows: Sequence[RecurringSchedule]) -> list[Entry]:
    times = recurring.times(rows)
    ahead = recurring_occurrences.upcoming_of(actor, rows, AHEAD)
    there = _there(actor, profile, rows)
    return [
        Entry(
            row, recurring_words.sentence(row, profile.time_zone), _goes(row, there),
            times[row.id].next_at, times[row.id].last_at, ahead[row.id],
        )
        for row in rows
    ]  # fmt: skip


def _there(actor: Actor, profile: Profile, rows: Sequence[RecurringSchedule]) -> set[str]:
    """Of the networks they name, those with an account that can post."""
    wanted = {name for row in rows for name in row.platforms}
    found = submissions.in_set(actor, profile.id, sorted(wanted)) if wanted else []
    return {one.network for one in found if one.status is AccountStatus.ACTIVE}


def _goes(row: RecurringSchedule, there: set[str]) -> list[Goes]:
    every = [
        Goes(name, f"every {catalogue.entry(name).title} account", name not in there)
        for name in row.platforms
    ]
    named = [
        Goes(
            one.account.network,
            f"{one.account.name or one.account.handle} on "
            f"{catalogue.entry(one.account.network).title}",
            one.account.status is not AccountStatus.ACTIVE,
        )
        for one in row.accounts
    ]
    return every + named
