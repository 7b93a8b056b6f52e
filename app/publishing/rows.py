"""The engine's writes to attempts and targets: conditional, fenced by the claim (§2, §3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.models.attempts import AttemptState
from app.models.posts import TargetState
from app.networks.base import NetworkError
from app.publishing.attempts import ATTEMPTS, OURS, TARGETS, Fenced
from app.publishing.claims import Claim

# Every delivery runs these: built once, past the ORM.
CLOSED = update(ATTEMPTS).where(
    ATTEMPTS.c.id == bindparam("the_id"),
    ATTEMPTS.c.claim_token == bindparam("token"),
    ATTEMPTS.c.state.in_((AttemptState.OPEN, AttemptState.UNKNOWN)),
)
MOVED = update(TARGETS).where(OURS, TARGETS.c.state == TargetState.POSTING)
OUT = (
    select(ATTEMPTS.c.external_id, ATTEMPTS.c.url, ATTEMPTS.c.extras)
    .where(
        ATTEMPTS.c.target_id == bindparam("target_id"),
        ATTEMPTS.c.state == AttemptState.OK,
    )
    .order_by(ATTEMPTS.c.part)
)


def facts(error: NetworkError) -> dict[str, Any]:
    """An error as columns of an attempt."""
    return {
        "category": error.category.value,
        "http_status": error.status,
        "error_code": error.code[:60] or None,
        "message": error.message,
        "raw": error.raw or None,
    }


def close(
    session: Session,
    claim: Claim,
    attempt_id: UUID,
    state: AttemptState,
    at: datetime,
    **values: Any,
) -> None:
    """Settle an open or unknown attempt; ``Fenced`` where somebody else did."""
    changed = session.connection().execute(
        CLOSED.values(state=state, finished_at=at, **values),
        {"the_id": attempt_id, "token": claim.token},
    )
    if not changed.rowcount:
        raise Fenced


def move(session: Session, claim: Claim, **values: Any) -> None:
    """Change the target while it is ours to change; ``Fenced`` where it is not."""
    changed = session.connection().execute(
        MOVED.values(**values), {"the_id": claim.target_id, "token": claim.token}
    )
    if not changed.rowcount:
        raise Fenced
