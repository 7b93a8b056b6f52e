"""API requests a month, against the plan of whoever pays (contracts, "Plan quotas").

The month's count is in the database and never passes the plan's number. Not every request writes
to it, since most of them only read and SQLite has one writer: a process takes a block of requests
out of the month in one statement and hands it out from memory. A busy key's blocks grow to
``LARGEST``, those of a month that is nearly used up shrink to single requests, so the last one of
the plan is served. What a process holds when it dies counts as used: less than one block a key.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from flask import Flask, current_app

from app.clock import now
from app.extensions import db
from app.models.keys import ApiKey
from app.services import plans, usage
from app.services.plans import Plan
from app.transactions import transaction

KIND = f"{usage.REQUESTS}_month"
LARGEST = 64
BUSY_SECONDS = 60.0  # a block used up within so long is followed by one twice as large
KEPT_KEYS = 4096
SHARE = 16  # of what is left of the month, a block takes at most so small a part


@dataclass
class Block:
    """What this process may still hand out to one key."""

    month: datetime | None = None
    left: int = 0
    size: int = 0  # as taken
    taken_at: float = 0.0  # monotonic
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Payer:
    """Whose month a key's requests count in, and how many it has."""

    user_id: UUID | None
    plan: Plan


class Blocks:
    """The blocks of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: OrderedDict[UUID, Block] = OrderedDict()

    def spend(self, key_id: UUID) -> None:
        """Hand out one request, from a new block where none is left."""
        block = self._of(key_id)
        with block.lock:  # one thread takes a block, the others use it
            month = usage.month_of(now())
            if block.month != month.starts:
                block.month, block.left, block.size = month.starts, 0, 0
            if not block.left:
                self._refill(block, key_id, month)
            block.left -= 1

    def _refill(self, block: Block, key_id: UUID, month: usage.Window) -> None:
        at = self._clock()
        busy = block.size and at < block.taken_at + BUSY_SECONDS
        wanted = min(block.size * 2, LARGEST) if busy else 1
        block.left = block.size = _take(payer_of(key_id), key_id, month, wanted)
        block.taken_at = at

    def _of(self, key_id: UUID) -> Block:
        with self._lock:
            found = self._held.setdefault(key_id, Block())
            self._held.move_to_end(key_id)
            if len(self._held) > KEPT_KEYS:
                self._held.popitem(last=False)
            return found


def init_app(app: Flask) -> None:
    """The blocks of the process."""
    app.extensions["carillon_monthly"] = Blocks()


def spend(key_id: UUID) -> None:
    """Count one request of a key.

    Raises ``QuotaExceeded`` where the plan's requests of the month are used up. Ends the
    session's transaction where it had to look.
    """
    found: Blocks = current_app.extensions["carillon_monthly"]
    found.spend(key_id)


def payer_of(key_id: UUID) -> Payer:
    """Who pays for a key's requests: the owner of its profile, else its user."""
    row = db.session.get_one(ApiKey, key_id)
    user_id = plans.owner_of(row.profile_id) if row.profile_id else row.user_id
    found = Payer(user_id, plans.of(user_id))
    db.session.rollback()
    return found


def used_by(key_ids: Iterable[UUID]) -> dict[UUID, int]:
    """The requests of these keys this month; a key in use may be a block ahead."""
    names = {f"key:{one}": one for one in key_ids}
    found = usage.used_by_many(list(names), KIND, usage.month_of(now()))
    return {key_id: found.get(name, 0) for name, key_id in names.items()}


def _take(payer: Payer, key_id: UUID, month: usage.Window, wanted: int) -> int:
    """Take up to so many requests out of the month; how many were left to take."""
    most, whose = payer.plan.api_requests_per_month, f"user:{payer.user_id}"
    with transaction() as session:
        if most is not None:
            left = most - usage.used(whose, KIND, month, session)
            wanted = min(wanted, max(left // SHARE, 1))
        while not usage.add(session, whose, KIND, month, wanted, most):
            if wanted == 1:
                raise usage.used_up(payer.plan, most or 0, usage.REQUESTS, month)
            wanted //= 2
        usage.add(session, f"key:{key_id}", KIND, month, wanted, None)
    return wanted
