"""Transactions of the engine: short, explicit, by the database's own clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    TimeoutError,
)
from sqlalchemy.orm import Session

from app import logs
from app.clock import now
from app.extensions import db, write_mode

log = logs.get("engine")
Result = TypeVar("Result")


# SQLite makes writers wait by sleeping and looking again, up to 100 ms at a time. Threads of
# a process queue here first, so that the lock goes from hand to hand. It is a queue, not a
# guard: whoever waits too long asks the database all the same.
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
    """The time by the database's clock, which all leases are measured with."""
    if session.get_bind().dialect.name != "postgresql":
        return now()  # SQLite has no clock but this machine's
    found: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found.astimezone(UTC)


def durable(work: Callable[[], Result], *, seconds: float, what: str) -> Result:
    """Do it again while the database is away, for at most ``seconds``.

    What the network said has to be written down: a restart of the database costs a wait,
    not an outcome. Raises the last error when the time is over.
    """
    until, wait = time.monotonic() + seconds, 0.1
    while True:
        try:
            return work()
        except (DBAPIError, TimeoutError) as error:
            if time.monotonic() + wait > until or not away(error):
                raise
            log.warning("database_away", what=what, wait=wait)
            time.sleep(wait)
            wait = min(wait * 2, 2.0)


def away(error: Exception) -> bool:
    """Whether the database could not be reached, as against having refused."""
    if isinstance(error, TimeoutError):
        return True
    if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError):
        return False
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return state[:2] in PASSING or state in PASSING
    if type(error.orig).__module__.startswith("sqlite3"):
        said = str(error.orig)
        return any(word in said for word in ("locked", "disk", "readonly", "unable to open"))
    return isinstance(error, OperationalError | InterfaceError)  # no connection, so no state


# Classes and codes of PostgreSQL that pass by themselves (its manual, appendix A): connection,
# deadlock and serialization, resources, lock timeout, operator, system; read-only after failover.
PASSING = frozenset({"08", "40", "53", "55", "57", "58", "25006"})
