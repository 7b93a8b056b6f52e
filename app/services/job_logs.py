"""The job log and the delivery figures of the Amplify seed, from attempts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, union_all
from sqlalchemy.orm import contains_eager

from app.clock import now
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.attempts import Attempt, AttemptState
from app.models.posts import PostTarget, TargetState
from app.permissions import Actor
from app.services.access import reach

RATE_LIMITED = "rate_limited"
DOWN = (AttemptState.FAILED, AttemptState.REFUSED)
# A log row's status → the attempts it names.
STATUSES: dict[str, ColumnElement[bool]] = {
    "success": Attempt.state == AttemptState.OK,
    "failed": and_(
        Attempt.state.in_(DOWN),
        or_(Attempt.category.is_(None), Attempt.category != RATE_LIMITED),
    ),
    "rate_limited": and_(Attempt.state.in_(DOWN), Attempt.category == RATE_LIMITED),
}


@dataclass
class Day:
    """One network's deliveries of one day, in UTC."""

    network: str
    day: date
    total: int = 0
    successful: int = 0
    failed: int = 0
    retried: int = 0
    rate_limited: int = 0
    milliseconds: float = 0.0
    timed: int = 0


def listed(
    actor: Actor,
    profile_id: UUID,
    *,
    network: str | None = None,
    status: str | None = None,
    limit: int = 100,
) -> list[Attempt]:
    """The newest attempts of a profile. Each account is asked for its newest only, so the work
    does not grow with the history."""
    ids = _accounts(actor, profile_id, network)
    if not ids:
        return []
    newest = [
        select(Attempt.id)
        .where(Attempt.account_id == one, *([STATUSES[status]] if status else []))
        .order_by(Attempt.id.desc())
        .limit(limit)
        .subquery()
        for one in ids
    ]
    wanted = union_all(*(select(one.c.id) for one in newest)).subquery()
    rows = db.session.scalars(
        select(Attempt)
        .join(Attempt.target)
        .join(PostTarget.account)
        .where(Attempt.id.in_(select(wanted.c.id)))
        .options(contains_eager(Attempt.target).contains_eager(PostTarget.account))
        .order_by(Attempt.id.desc())
        .limit(limit)
    )
    return list(rows)


def state(row: Attempt) -> str:
    """A row's status in the seed's words; ``unknown`` and ``running`` are ours."""
    if row.state is AttemptState.OK:
        return "success"
    if row.state in DOWN:
        return RATE_LIMITED if row.category == RATE_LIMITED else "failed"
    return "running" if row.state is AttemptState.OPEN else row.state.value


def oldest(since: datetime) -> UUID:
    """No UUIDv7 made since then is smaller."""
    return UUID(int=int((since - timedelta(minutes=5)).timestamp() * 1000) << 80)


def next_try(row: Attempt) -> datetime | None:
    """When the target of a failed attempt is tried again, if it is."""
    target = row.target
    waits = target.state is TargetState.SCHEDULED and target.hold_reason is None
    if row.state not in DOWN or not waits or target.failures == 0:
        return None
    return target.due_at


def days(actor: Actor, profile_id: UUID, count: int) -> list[Day]:
    """Deliveries by network and day over the last ``count`` days, the newest day first."""
    ids = _accounts(actor, profile_id, None)
    since = now() - timedelta(days=count)
    rows = db.session.execute(
        select(
            SocialAccount.network, Attempt.started_at, Attempt.finished_at, Attempt.state,
            Attempt.category, Attempt.number,
        )
        .join(SocialAccount, SocialAccount.id == Attempt.account_id)
        .where(
            Attempt.account_id.in_(ids),
            Attempt.id >= oldest(since),  # by the index of accounts and ids
            Attempt.started_at >= since,
        )
    )  # fmt: skip
    found: dict[tuple[str, date], Day] = {}
    for row in rows:
        key = (row.network, row.started_at.date())
        _count(found.setdefault(key, Day(*key)), row)
    return sorted(found.values(), key=lambda one: (-one.day.toordinal(), one.network))


def _count(day: Day, row: Any) -> None:
    limited = row.category == RATE_LIMITED
    day.total += 1
    day.successful += row.state is AttemptState.OK
    day.failed += row.state in DOWN and not limited
    day.rate_limited += row.state in DOWN and limited
    day.retried += row.number > 1
    if row.finished_at is not None:
        day.timed += 1
        day.milliseconds += (row.finished_at - row.started_at).total_seconds() * 1000


def _accounts(actor: Actor, profile_id: UUID, network: str | None) -> Sequence[UUID]:
    asked = reach(actor).query(SocialAccount, need="post.read")
    asked = asked.where(SocialAccount.profile_id == profile_id)
    if network is not None:
        asked = asked.where(SocialAccount.network == network)
    return db.session.scalars(asked.with_only_columns(SocialAccount.id)).all()
