"""Posts that wait at the bridge for their time: taken back there when it is let go of.

They were handed over minutes ahead, so the person who disconnects finds them planned, not public.
What Metricool confirms to be gone before its time was never published; all else may go out yet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from app import egress
from app.clock import now
from app.extensions import db, networks
from app.models.attempts import Attempt, AttemptState
from app.models.posts import PostTarget, TargetState, check_move
from app.networks.base import NetworkError, Tokens
from app.networks.metricool import Keys
from app.networks.metricool_seen import taken_back

S = TargetState
CALL_SECONDS = 20.0  # for all of them together
TAKEN_BACK = "Taken back from Metricool before it went out, as Metricool was disconnected."


@dataclass(frozen=True)
class Handed:
    """A target Metricool has, and says nothing final about yet. ``due`` is its publication."""

    target_id: UUID
    post_id: UUID
    attempt_id: UUID
    number: str  # Metricool's id of it
    due: datetime


def handed(account_ids: Collection[UUID]) -> list[Handed]:
    """What these accounts have handed over and nobody has settled."""
    rows = db.session.execute(
        select(Attempt.id, Attempt.resume, PostTarget.id, PostTarget.post_id)
        .join(PostTarget, PostTarget.id == Attempt.target_id)
        .where(
            Attempt.account_id.in_(account_ids),
            Attempt.state == AttemptState.UNKNOWN,
            PostTarget.state == S.POSTING,
        )
        .order_by(PostTarget.id)
    )
    return [
        Handed(target_id, post_id, attempt_id, str(resume["id"]), _moment(resume))
        for attempt_id, resume, target_id, post_id in rows
        if resume.get("id") and resume.get("due")
    ]


def _moment(resume: dict[str, str]) -> datetime:
    return datetime.fromisoformat(str(resume["due"]))


def take_back(tokens: Tokens, found: Sequence[Handed]) -> list[Handed]:
    """Take them off Metricool's calendar; those that surely never went out.

    No transaction may be open. A call that fails leaves its post to be looked for by a person.
    """
    keys, gone = Keys.of(tokens), []
    for one in found:
        try:
            with egress.bounded(CALL_SECONDS / len(found)):
                if taken_back(networks.bridge(), keys, one.number, one.due):
                    gone.append(one)
        except (NetworkError, TimeoutError):
            continue
    return gone


def record(gone: Sequence[Handed]) -> set[UUID]:
    """Close their attempts as not executed and cancel the targets; the posts concerned.

    The caller commits. An outcome that somebody else has written meanwhile stays.
    """
    check_move(S.POSTING, S.FAILED)
    check_move(S.FAILED, S.CANCELLED)
    session, posts = db.session(), set()
    for one in sorted(gone, key=lambda one: one.target_id):
        target = session.scalars(
            select(PostTarget)
            .where(PostTarget.id == one.target_id, PostTarget.state == S.POSTING)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one_or_none()
        closed = target and session.execute(
            update(Attempt)
            .where(Attempt.id == one.attempt_id, Attempt.state == AttemptState.UNKNOWN)
            .values(
                state=AttemptState.FAILED, finished_at=now(), next_probe_at=None,
                message=TAKEN_BACK,
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        if target is None or not closed.rowcount:  # type: ignore[union-attr]
            continue
        target.state, target.lease_until = S.CANCELLED, None
        target.claim_token += 1  # whoever is asking just now writes nothing any more
        target.error_code, target.error = "BRIDGE_DISCONNECTED", TAKEN_BACK
        posts.add(one.post_id)
    session.flush()
    return posts
