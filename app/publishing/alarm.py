"""The overdue alarm (promises.md 3): checked by the clock and by every web process.

A post some minutes past due and not held means that nothing is delivering: each page says
so, the owners get a mail, webhooks an event, and /readyz tells.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app import events
from app.clock import now
from app.config import settings
from app.models.accounts import AccountStatus, SocialAccount
from app.models.engine import EngineState, Heartbeat
from app.models.posts import PostTarget, TargetState
from app.models.profiles import Profile
from app.publishing import switch
from app.publishing.claims import DUE
from app.publishing.store import log, transaction

CHECK_SECONDS = 15.0
ALIVE = timedelta(seconds=60)
_lock = threading.Lock()
_last: dict[int, tuple[float, Alarm]] = {}


@dataclass(frozen=True)
class Alarm:
    """What is overdue now: ``profiles`` maps a profile to its count and oldest time."""

    profiles: dict[UUID, tuple[int, datetime]]
    workers: int  # processes that said so within a minute
    paused: bool = False
    clock_jump: bool = False

    @property
    def ringing(self) -> bool:
        return bool(self.profiles)


def current(*, fresh: bool = False) -> Alarm:
    """The alarm, asked of the database at most every ``CHECK_SECONDS`` by a process."""
    at = time.monotonic()
    with _lock:
        kept = _last.get(0)
        if kept is not None and not fresh and at - kept[0] < CHECK_SECONDS:
            return kept[1]
    found = check()
    with _lock:
        _last[0] = (at, found)
    return found


def forget() -> None:
    """Ask anew next time (tests; after a fork)."""
    with _lock:
        _last.clear()


def check() -> Alarm:
    """Look, and the first time a post is found overdue tell its owners and webhooks."""
    with transaction(write=False) as session:
        at = now()
        state = session.get(EngineState, 1)
        assert state is not None
        paused, jump = state.paused_at is not None, switch.jumping(state, at)
        workers = session.scalar(
            select(func.count()).where(
                Heartbeat.kind.in_(("worker", "clock")), Heartbeat.beat_at > at - ALIVE
            )
        )
        overdue = {} if paused or jump else _overdue(session, at)
        known = bool(state.alarm)
    if overdue or (known and not paused and not jump):
        _tell(overdue, at)
    return Alarm(overdue, workers or 0, paused, jump)


def _overdue(session: Session, at: datetime) -> dict[UUID, tuple[int, datetime]]:
    """Per profile: targets past due, not held, on accounts that could be used."""
    limit = at - timedelta(minutes=settings().OVERDUE_ALARM_MINUTES)
    stuck = and_(PostTarget.state == TargetState.QUEUED, PostTarget.due_at <= limit)
    rows = session.execute(
        select(PostTarget.profile_id, func.count(), func.min(PostTarget.due_at))
        .join(SocialAccount, SocialAccount.id == PostTarget.account_id)
        .join(Profile, Profile.id == PostTarget.profile_id)
        .where(
            or_(and_(DUE, PostTarget.due_at <= limit), stuck),
            SocialAccount.status == AccountStatus.ACTIVE,
            or_(SocialAccount.cooling_until.is_(None), SocialAccount.cooling_until <= limit),
            Profile.paused_at.is_(None),
        )
        .group_by(PostTarget.profile_id)
    ).all()
    return {profile_id: (count, oldest) for profile_id, count, oldest in rows if oldest}


def _tell(overdue: dict[UUID, tuple[int, datetime]], at: datetime) -> None:
    """Once for each profile and outage; an outage ends when nothing of it is overdue."""
    with transaction() as session:
        state = session.get(EngineState, 1, with_for_update=True)
        assert state is not None
        told = {key: mark for key, mark in (state.alarm or {}).items() if UUID(key) in overdue}
        for profile_id, (count, oldest) in overdue.items():
            if str(profile_id) in told:
                continue
            mark = told[str(profile_id)] = oldest.isoformat()
            data = {"count": count, "oldest_due": mark}
            log.error("overdue", profile=str(profile_id), **data)
            events.emit(session, profile_id, "post.overdue", data)
            events.tell_owners(
                session, profile_id, "post_overdue", data, once=f"overdue:{profile_id}:{mark}"
            )
        if told != (state.alarm or {}):
            state.alarm = told or None
            state.alarm_at = (state.alarm_at or at) if told else None
