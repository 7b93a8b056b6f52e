"""A brand's morning post, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.models.people import User
from app.models.posts import Post
from app.models.profiles import Profile
from app.models.recurring import (
    Pattern,
    RecurringOccurrence,
)
from app.permissions import Actor
from app.services import (
    recurring,
    recurring_maker,
    usage,
)
from app.services.recurring import Changes

MONDAY = datetime(2026, 1, 12, 12, tzinfo=UTC)  # 07:00 in New York
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def daily(maya: Actor, brand: Profile, **changes: Any) -> UUID:
    given: dict[str, Any] = {
        "name": "Morning", "content": "Good morning!", "platforms": ["mastodon"],
        "pattern": Pattern.DAILY, "time_of_day": "09:00:00",
    } | changes  # fmt: skip
    return recurring.create(maya, brand.id, Changes(**given)).id


def run() -> int:
    db.session.rollback()
    done = recurring_maker.run()
    db.session.expire_all()
    return done


def made() -> list[tuple[str, str, str]]:
    """The posts there are: when they are due, their text, their status."""
    db.session.expire_all()
    rows = db.session.scalars(select(Post).order_by(Post.due_at, Post.id))
    return [
        (f"{one.due_at:%m-%d %H:%M}", one.parts[0], one.status.value) for one in rows
    ]  # fmt: skip


def rows() -> list[tuple[str, str]]:
    """The occurrences that have been dealt with."""
    found = db.session.scalars(select(RecurringOccurrence).order_by(RecurringOccurrence.at))
    return [(one.occurrence_local, one.state.value) for one in found]


def used(brand: Profile) -> int:
    owner = db.session.query(User).one().id
    return usage.used(f"user:{owner}", "posts_month", usage.month_of(datetime.now(UTC)))


TUESDAY, WEDNESDAY = "01-13 14:00", "01-14 14:00"
MORNINGS = [("01-12 14:00", "Good morning!", "scheduled"), (TUESDAY, "Good morning!", "scheduled")]
