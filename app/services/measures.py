"""What the rows tell about the installation, for ``/metrics`` (reliability §12).

Deliveries are counted from the attempts. Those that are settled and an hour old no longer
change, so each process adds them up once and then looks at the younger ones alone.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import ColumnElement, case, func, literal_column, select

from app.clock import now
from app.extensions import db
from app.models import posts
from app.models.accounts import SocialAccount
from app.models.attempts import Attempt, AttemptState
from app.models.engine import EngineState
from app.models.events import WebhookEvent
from app.models.posts import PostTarget

SETTLED_AFTER = 3600.0  # seconds; longer than any clock of ours is wrong
LATENESS = (1.0, 3.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)  # seconds


@dataclass(frozen=True)
class Measures:
    """Seconds and counts as they are now; ``None`` where there is nothing to measure.

    ``deliveries`` is by (network, state of the attempt); ``late_within`` counts published
    ones by the bounds of ``LATENESS``, each including those before it.
    """

    due: int
    oldest_due_seconds: float
    unknown: int
    needs_review: int
    webhooks_pending: int
    webhooks_oldest_seconds: float
    tick_age_seconds: float | None
    clock_jump: bool
    paused: bool
    deliveries: dict[tuple[str, str], int] = field(default_factory=dict)
    late_within: tuple[int, ...] = ()
    late_count: int = 0
    late_sum: float = 0.0


@dataclass
class _Tally:
    """Settled attempts below ``until``, added up."""

    until: UUID | None = None
    deliveries: Counter[tuple[str, str]] = field(default_factory=Counter)
    late: list[float] = field(default_factory=lambda: [0.0] * (len(LATENESS) + 2))


class Deliveries:
    """Counts all attempts, reading settled ones once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept = _Tally()

    def read(self) -> _Tally:
        """The sums of all attempts there are."""
        with self._lock:
            until = _settled_below()
            if self._kept.until is None or until > self._kept.until:
                _add(self._kept, self._kept.until, until)
                self._kept.until = until
            found = _Tally(until, self._kept.deliveries.copy(), list(self._kept.late))
        _add(found, until, None)
        return found


def read() -> Measures:
    """One look at everything; reads only."""
    at = now()
    waiting = (PostTarget.state == literal_column("'scheduled'")) & PostTarget.hold_reason.is_(None)
    due, oldest = _one(func.count(), func.min(PostTarget.due_at), waiting, PostTarget.due_at <= at)
    pending, first = _one(func.count(), func.min(WebhookEvent.at), WebhookEvent.fanned_at.is_(None))
    state = db.session.get(EngineState, 1)
    tally = current_app.extensions.setdefault("carillon_deliveries", Deliveries()).read()
    return Measures(
        due=due,
        oldest_due_seconds=_age(oldest, at) or 0.0,
        unknown=_count(Attempt.state == literal_column("'unknown'")),
        needs_review=_count(
            literal_column(posts.TROUBLE), PostTarget.state == literal_column("'needs_review'")
        ),
        webhooks_pending=pending,
        webhooks_oldest_seconds=_age(first, at) or 0.0,
        tick_age_seconds=_age(state.ticked_at, at) if state else None,
        clock_jump=bool(state and state.jump_until and at < state.jump_until),
        paused=bool(state and state.paused_at),
        deliveries=dict(tally.deliveries),
        late_within=tuple(int(n) for n in tally.late[: len(LATENESS)]),
        late_count=int(tally.late[-2]),
        late_sum=tally.late[-1],
    )


def _one(count: Any, first: Any, *where: ColumnElement[bool]) -> tuple[int, datetime | None]:
    row = db.session.execute(select(count, first).where(*where)).one()
    return row[0], row[1]


def _count(*where: ColumnElement[Any]) -> int:
    return db.session.scalar(select(func.count()).where(*where)) or 0


def _age(since: datetime | None, at: datetime) -> float | None:
    return None if since is None else max(0.0, (at - since).total_seconds())


def _settled_below() -> UUID:
    """Attempts with a smaller id will not change any more."""
    young = UUID(int=int((time.time() - SETTLED_AFTER) * 1000) << 80)
    open_ = db.session.scalar(
        select(Attempt.id)
        .where(literal_column("state IN ('open', 'unknown')"))
        .order_by(Attempt.id)
        .limit(1)
    )
    return min(young, open_) if open_ else young


def _add(tally: _Tally, start: UUID | None, end: UUID | None) -> None:
    """Add the attempts from ``start`` to just below ``end``."""
    where = [Attempt.id >= start] if start else []
    where += [Attempt.id < end] if end else []
    rows = db.session.execute(
        select(SocialAccount.network, Attempt.state, func.count())
        .join(SocialAccount, SocialAccount.id == Attempt.account_id)
        .where(*where)
        .group_by(SocialAccount.network, Attempt.state)
    )
    for network, state, count in rows:
        tally.deliveries[(network, state.value)] += count
    late = _lateness()
    sums = [func.sum(case((late <= bound, 1), else_=0)) for bound in LATENESS]
    found = db.session.execute(
        select(*sums, func.count(), func.sum(late))
        .join(PostTarget, PostTarget.id == Attempt.target_id)
        .where(
            *where, Attempt.state == AttemptState.OK, Attempt.part == 0,
            Attempt.commit_at.is_not(None), PostTarget.scheduled_for.is_not(None),
        )
    ).one()  # fmt: skip
    tally.late = [was + float(more or 0) for was, more in zip(tally.late, found, strict=True)]


def _lateness() -> ColumnElement[float]:
    """Seconds from the time a person gave to the call that published; none is early."""
    found: ColumnElement[Any]
    if db.engine.dialect.name == "postgresql":
        found = func.extract("epoch", Attempt.commit_at - PostTarget.scheduled_for)
    else:
        days = func.julianday(Attempt.commit_at) - func.julianday(PostTarget.scheduled_for)
        found = days * 86_400.0
    return case((found < 0, 0.0), else_=found)
