"""The clock: ticks, jumps, and what wakes the workers (reliability §3, §6)."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import literal_column, select, update
from sqlalchemy.orm import Session

from app.clock import now, seconds
from app.config import settings
from app.models.attempts import Attempt
from app.models.engine import EngineState
from app.models.posts import PostTarget
from app.publishing import switch
from app.publishing.claims import DUE
from app.publishing.store import log, moment, transaction


def tick() -> bool:
    """One beat: see whether the clock jumped, and whether anything is to be done now."""
    boot, mono = _boot(), _since_boot()
    with transaction() as session:
        state = session.get(EngineState, 1, with_for_update=True)
        assert state is not None
        at = now()
        drift = _drift(state, at, mono, boot)
        if abs(drift) > settings().CLOCK_JUMP_SECONDS:
            log.error("clock_jump", seconds=round(drift))
            state.jump_at, state.jump_until = at, at + seconds(settings().CLOCK_JUMP_PAUSE_SECONDS)
            _move_leases(session, drift)
        state.ticked_at, state.ticked_mono, state.ticked_boot = at, mono, boot
        if not switch.open_for_work(session, at):
            return False
    return work_waits()


def _move_leases(session: Session, drift: float) -> None:
    """The leases were measured with the clock that was moved.

    Where the database has a clock of its own that stayed as it was, none may grow beyond the
    longest lease there is, or an account would be blocked for as long as the jump.
    """
    config = settings()
    longest = moment(session) + seconds(
        max(config.COMMIT_DEADLINE_SECONDS + 30, config.LEASE_SECONDS)
    )
    for lease in session.execute(
        select(PostTarget.id, PostTarget.lease_until).where(PostTarget.lease_until.is_not(None))
    ).all():
        session.execute(
            update(PostTarget)
            .where(PostTarget.id == lease.id)
            .values(lease_until=min(lease.lease_until + timedelta(seconds=drift), longest))
            .execution_options(synchronize_session=False)
        )


def work_waits() -> bool:
    """Whether a claim would find something: a cheap look at two partial indexes."""
    with transaction(write=False) as session:
        at = now()
        due = session.scalar(select(PostTarget.id).where(DUE, PostTarget.due_at <= at).limit(1))
        if due is not None:
            return True
        asked = session.scalar(
            select(Attempt.id)
            .where(
                Attempt.state == literal_column("'unknown'"),
                Attempt.next_probe_at <= at,
            )
            .limit(1)
        )
        return asked is not None


def _drift(state: EngineState, at: datetime, mono: float, boot: str) -> float:
    """Seconds the wall clock moved more than time passed, since the last tick of anybody.

    Within one boot the machine's own uptime is the measure, so a stop of the service is no
    jump. After a boot, or on another machine, only a clock behind the last tick is one.
    """
    if state.ticked_at is None:
        return 0.0
    moved = (at - state.ticked_at).total_seconds()
    if state.ticked_boot == boot and state.ticked_mono is not None:
        return moved - (mono - state.ticked_mono)
    return min(moved, 0.0)


def _since_boot() -> float:
    """Seconds since the machine started; goes on while it sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _boot() -> str:
    """A word for this start of this machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"boot-{round(time.time() - _since_boot(), -1)}"
