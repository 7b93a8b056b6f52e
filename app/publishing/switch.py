"""The publishing engine's switch: pause, resume, status (reliability §12)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import events, inflight
from app.clock import now
from app.models.attempts import Attempt, AttemptState
from app.models.engine import EngineState, Heartbeat
from app.models.posts import PostTarget, TargetState
from app.permissions import Actor
from app.publishing.store import transaction


def pause(reason: str = "", actor: Actor = events.ENGINE) -> dict[str, Any]:
    """Stop every commit call of the installation; none starts after this returns."""
    with transaction() as session:
        session.execute(
            update(EngineState)
            .where(EngineState.id == 1, EngineState.paused_at.is_(None))
            .values(paused_at=now(), pause_reason=reason[:200])
        )
        events.audit(session, actor, "engine.paused", reason=reason[:200])
    inflight.wait()
    return status()


def resume(actor: Actor = events.ENGINE) -> dict[str, Any]:
    """Let posts go out again; what became late meanwhile follows the late policy."""
    with transaction() as session:
        session.execute(
            update(EngineState).where(EngineState.id == 1).values(paused_at=None, pause_reason="")
        )
        events.audit(session, actor, "engine.resumed")
    return status()


def open_for_work(session: Session, at: datetime) -> bool:
    """Whether anything may be claimed: not paused, no clock jump under way."""
    state = session.get(EngineState, 1)
    return state is not None and state.paused_at is None and not jumping(state, at)


def jumping(state: EngineState, at: datetime) -> bool:
    """Whether claims still wait after a clock jump."""
    return state.jump_until is not None and at < state.jump_until


def status() -> dict[str, Any]:
    """Plain JSON: the switch, what is due, under way, unsettled, and who is alive."""
    with transaction(write=False) as session:
        at = now()
        state = session.get(EngineState, 1)
        assert state is not None
        waiting = (PostTarget.state == TargetState.SCHEDULED) & PostTarget.hold_reason.is_(None)
        due, oldest = session.execute(
            select(func.count(), func.min(PostTarget.due_at)).where(
                waiting, PostTarget.due_at <= at
            )
        ).one()
        moving = session.scalar(
            select(func.count()).where(
                PostTarget.state.in_((TargetState.QUEUED, TargetState.POSTING))
            )
        )
        unknown = session.scalar(
            select(func.count()).select_from(Attempt).where(Attempt.state == AttemptState.UNKNOWN)
        )
        alive = session.scalars(
            select(Heartbeat).where(Heartbeat.beat_at > at - timedelta(seconds=60))
        )
        return {
            "paused": state.paused_at is not None,
            "reason": state.pause_reason,
            "clock_jump": jumping(state, at),
            "last_tick": state.ticked_at.isoformat() if state.ticked_at else None,
            "due": due,
            "oldest_due": oldest.isoformat() if oldest else None,
            "under_way": moving,
            "unknown": unknown,
            "alive": sorted(f"{one.kind} {one.host}:{one.pid}" for one in alive),
        }
