"""What the engine does while the database is away; its transactions are everybody's."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    TimeoutError,
)

from app import logs
from app.transactions import moment, transaction

__all__ = ["away", "durable", "log", "moment", "transaction"]

log = logs.get("engine")
Result = TypeVar("Result")


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
