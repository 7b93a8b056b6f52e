"""After a 200 to pause or disconnect, no commit call starts (reliability §1.9).

A commit call begins at most ``FIRST_BYTE_SECONDS`` after its attempt reached that phase
(§3), so whoever has just closed a door waits until no younger one is left behind it.
"""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, or_, select

from app.clock import now
from app.extensions import db, write_mode
from app.models.attempts import Attempt, AttemptState, Phase
from app.models.posts import PostTarget

FIRST_BYTE_SECONDS = 10.0


def wait(*, account_id: UUID | None = None, profile_id: UUID | None = None) -> None:
    """Return when no commit call of that account or profile (or of all) can still start.

    Call it after the commit that closed the door; it takes milliseconds as a rule and
    ``FIRST_BYTE_SECONDS`` at most.
    """
    until = time.monotonic() + FIRST_BYTE_SECONDS + 0.5
    while time.monotonic() < until and _starting(account_id, profile_id):
        time.sleep(0.05)


def _starting(account_id: UUID | None, profile_id: UUID | None) -> bool:
    young = now() - timedelta(seconds=FIRST_BYTE_SECONDS + 0.5)
    begun = and_(
        Attempt.state == AttemptState.OPEN, Attempt.phase == Phase.COMMIT, Attempt.commit_at > young
    )
    # An outcome being asked for may be asked by sending again under the same marker.
    asked = and_(Attempt.state == AttemptState.UNKNOWN, PostTarget.lease_until.is_not(None))
    found = (
        select(Attempt.id)
        .join(PostTarget, PostTarget.id == Attempt.target_id)
        .where(or_(begun, asked))
    )
    if account_id is not None:
        found = found.where(Attempt.account_id == account_id)
    if profile_id is not None:
        found = found.where(PostTarget.profile_id == profile_id)
    mark = write_mode.set(False)
    try:
        with db.engine.connect() as connection:
            return connection.execute(found.limit(1)).first() is not None
    finally:
        write_mode.reset(mark)
