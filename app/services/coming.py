"""What recurring series will post and have made no post for yet, as the calendar shows it.

One statement reads the running series of a brand, whatever lies on view; the dates are reckoned.
A rule names days, never hours, so a series has one line a day at most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import func, or_, select

from app.clock import now, to_utc
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.profiles import Profile
from app.models.recurring import RecurringAccount, RecurringOccurrence, RecurringSchedule
from app.permissions import Actor
from app.services.access import reach
from app.services.recurring_occurrences import FINAL
from app.services.recurring_posts import series

DAY = timedelta(days=1)
TITLE = 80  # characters


@dataclass(frozen=True)
class Coming:
    """One date of a series that has no post yet. ``at`` is in the brand's zone, ``day`` names it
    on the series' own wall clock; ``networks`` are those it goes to now."""

    series: UUID
    day: date
    at: datetime
    name: str
    title: str
    networks: tuple[str, ...]
    picture: ClassVar[None] = None  # as a card is asked for them
    trouble: ClassVar[bool] = False

    @property
    def id(self) -> str:
        return f"{self.series}.{self.day}"


def between(
    actor: Actor, profile: Profile, first: date, last: date, *,
    networks: Collection[str] = (), author: UUID | None = None, text: str = "",
) -> dict[date, tuple[Coming, ...]]:  # fmt: skip
    """By the brand's days from ``first`` to ``last``, in the order of time.

    A date that was made, left out or refused is no longer to come: its post or its absence
    stands for it. The filters are those of the calendar, with nothing set for everything.
    """
    after = max(now(), _midnight(profile, first) - timedelta(microseconds=1))
    until = _midnight(profile, last + DAY) - timedelta(microseconds=1)
    if until <= after:
        return {}
    by_day: dict[date, list[Coming]] = defaultdict(list)
    for row, places, settled in _rows(actor, profile, after - 2 * DAY, until + 2 * DAY):
        goes = tuple(dict.fromkeys([*row.platforms, *(places or "").split(",")]))
        goes = tuple(name for name in goes if name)
        wanted = not networks or set(networks) & set(goes)
        if not wanted or (author is not None and row.author_id != author):
            continue
        if text and text.casefold() not in row.content.casefold():
            continue
        days = {local[:10] for local in (settled or "").split(",")}
        title = " ".join(row.content.split())[:TITLE] or row.name
        for one in series(row).between(after, until):
            on = one.local.date()
            if str(on) not in days:
                at = one.at.astimezone(profile.zone)
                by_day[at.date()].append(Coming(row.id, on, at, row.name, title, goes))
    return {
        on: tuple(sorted(found, key=lambda one: (one.at, one.name))) for on, found in by_day.items()
    }


def _rows(
    actor: Actor, profile: Profile, after: datetime, until: datetime
) -> list[tuple[RecurringSchedule, str | None, str | None]]:
    """The running series, the networks of the accounts each names, and its settled days."""
    places = (
        select(func.aggregate_strings(SocialAccount.network, ","))
        .join(RecurringAccount, RecurringAccount.account_id == SocialAccount.id)
        .where(
            RecurringAccount.schedule_id == RecurringSchedule.id,
            SocialAccount.status != AccountStatus.DISCONNECTED,
        )
        .correlate(RecurringSchedule)
        .scalar_subquery()
    )
    # As on the series' own page: what was only missed may still come on its day at a later time.
    settled = (
        select(func.aggregate_strings(RecurringOccurrence.occurrence_local, ","))
        .where(
            RecurringOccurrence.schedule_id == RecurringSchedule.id,
            RecurringOccurrence.at > after,
            RecurringOccurrence.at < until,
            or_(RecurringOccurrence.at > now(), RecurringOccurrence.state.in_(FINAL)),
        )
        .correlate(RecurringSchedule)
        .scalar_subquery()
    )
    rows = db.session.execute(
        reach(actor)
        .query(RecurringSchedule)
        .add_columns(places, settled)
        .where(RecurringSchedule.profile_id == profile.id, RecurringSchedule.is_active)
        .order_by(RecurringSchedule.id)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _midnight(profile: Profile, day: date) -> datetime:
    return to_utc(datetime.combine(day, time()), profile.zone)
