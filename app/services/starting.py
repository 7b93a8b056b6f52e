"""How posts come onto the clock: what a target is then, and what is told (reliability §2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from app import events
from app.clock import now
from app.config import settings
from app.errors import ValidationFailed
from app.extensions import db, queues
from app.models.accounts import AccountStatus
from app.models.posts import HoldReason, Post, PostTarget, TargetState, post_status
from app.permissions import Actor
from app.services import duplicates, seat_belt, usage
from app.services.writing import refuse_problems

GRACE = timedelta(seconds=60)  # a time up to this late counts as now (contracts.md)
HORIZON = timedelta(days=366 * 5)
S = TargetState


def launch(post: Post, targets: Sequence[PostTarget], due: datetime, *, quick: bool) -> None:
    """Put these targets on the clock, with a new count of tries. The caller has locked them, and
    commits."""
    for target in targets:
        target.state, target.failures, target.claims = S.SCHEDULED, 0, 0
        target.hold_reason = target.hold_until = None
        target.error = target.error_code = target.category = None
        set_due(target, due)
        target.quick = quick
        hold_if_unusable(target)
    duplicates.stamp(post, targets)
    post.armed, post.due_at = True, due
    events.emit(
        db.session(), post.profile_id, "post.scheduled",
        {"post_id": str(post.id), "scheduled_for": stamp(due),
         "targets": [str(t.id) for t in targets]},
    )  # fmt: skip


def start_new(actor: Actor, post: Post, due: datetime, *, quick: bool) -> None:
    """Store a post that nobody knows of yet, on the clock already, in one commit.

    Nothing is locked and nothing read again: that is what makes it quick. Raises
    ``ValidationFailed`` with one error for each thing a network would refuse.
    """
    put_new(actor, post, due, quick=quick)
    keep(post)
    queues.wake("publishing.deliver" if quick else "checks.flight")


def put_new(actor: Actor, post: Post, due: datetime, *, quick: bool) -> None:
    """Put a new post on the clock, and its record beside it; the caller stores it and commits.

    Its targets hold their accounts, and every column they are looked at by.
    """
    targets = list(post.targets)
    if not targets:
        raise ValidationFailed("Choose at least one account.", field="accounts")
    refuse_problems(post, targets, waits=not quick)
    duplicates.refuse(actor, post, targets, due)
    usage.charge(post, waits=not quick)
    seat_belt.send(actor, post, due)
    launch(post, targets, due, quick=quick)
    seat_belt.hold(actor, post, targets)
    post.status = post_status(armed=True, discarded=False, states=[t.state for t in targets])
    action = "post.published_now" if quick else "post.scheduled"
    events.audit(
        db.session(), actor, action, profile_id=post.profile_id, subject="post",
        subject_id=post.id, due=stamp(due),
    )  # fmt: skip


def keep(post: Post) -> None:
    """Commit a new post; what was written is what it is, so nothing is read again."""
    session = db.session()
    expires, session.expire_on_commit = session.expire_on_commit, False
    try:
        session.add(post)
        session.commit()
    finally:
        session.expire_on_commit = expires


def due_of(at: datetime) -> datetime:
    """When a post with that time is due. Raises ``ValidationFailed`` for one that has passed."""
    moment = now()
    if at < moment - GRACE:
        raise ValidationFailed("That time has passed. Choose a later one.", field="due_at")
    if at > moment + HORIZON:
        raise ValidationFailed("Choose a time within the next five years.", field="due_at")
    return max(at, moment)


def set_due(target: PostTarget, due: datetime) -> None:
    """Give a target a time of its own."""
    target.due_at = target.scheduled_for = due
    target.quick = False


def hold_if_unusable(target: PostTarget) -> None:
    """A target of an account that cannot post waits for it from the start (promise 2)."""
    reasons = {
        AccountStatus.NEEDS_RECONNECT: HoldReason.RECONNECT,
        AccountStatus.DISCONNECTED: HoldReason.DISCONNECTED,
    }
    reason = reasons.get(target.account.status)
    if reason is not None and target.due_at is not None:
        target.hold_reason = reason
        target.hold_until = max(now(), target.due_at) + timedelta(hours=settings().LATE_LIMIT_HOURS)


def stamp(moment: datetime | None) -> str | None:
    """A time as the record and events write it."""
    return None if moment is None else moment.isoformat()
