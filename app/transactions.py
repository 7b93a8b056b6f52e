"""Short transactions outside a request, by the database's own clock: the one definition."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.clock import now
from app.extensions import db, write_mode

# SQLite's writers look again and again for its lock. Threads of a process queue here first,
# so that one of them looks, not all. It is a queue, not a guard: whoever waits too long asks
# the database all the same.
_turn = threading.Lock()
TURN_SECONDS = 5.0


@contextmanager
def transaction(*, write: bool = True) -> Iterator[Session]:
    """A session that commits at the end of the block; never open while a network thinks."""
    queues_here = write and db.engine.dialect.name == "sqlite"
    turn = queues_here and _turn.acquire(timeout=TURN_SECONDS)
    mark = write_mode.set(write)
    try:
        with Session(db.engine, expire_on_commit=False) as session, session.begin():
            yield session
    finally:
        write_mode.reset(mark)
        if turn:
            _turn.release()


def moment(session: Session) -> datetime:
    """The time by the database's clock, which leases and claims are measured with."""
    if session.get_bind().dialect.name != "postgresql":
        return now()  # SQLite has no clock but this machine's
    found: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found.astimezone(UTC)
