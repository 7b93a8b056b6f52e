"""A person's word on what a key has put on the clock (promises.md 12).

It is given once, for exactly the draft, accounts and times that the person saw.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from app import holds
from app.clock import now
from app.errors import AppError, Conflict, Forbidden, Stale
from app.extensions import db
from app.models.keys import Confirmation, ConfirmationState
from app.models.posts import HoldReason, Post, PostTarget
from app.permissions import Actor
from app.services import posts, seat_belt

PEOPLE = "A person has to confirm this in the dashboard."
SETTLED = "This has been settled already, or the post was changed. Look at it again."
CHANGED = "This post was changed since you opened it. Look at it again."


def confirm(actor: Actor, post_id: UUID, request_id: UUID, seen: str) -> Post:
    """Let the post go out as it was ``seen`` (its digest); what is overdue goes out now.

    Raises ``Forbidden`` for a key, ``Stale`` where the post is another one, ``Conflict`` where
    the request was settled.
    """
    post = posts.begin(actor, post_id)
    try:
        give(actor, post, request_id, seen)
    except AppError:
        db.session.rollback()
        raise
    posts.finish(actor, post, "post.confirmed", digest=seen)
    return post


def give(actor: Actor, post: Post, request_id: UUID, seen: str) -> None:
    """The same for a post that is locked; the caller records, settles and commits."""
    _decide(actor, post, request_id, seen, ConfirmationState.CONFIRMED)
    for target in post.targets:
        if target.held and target.hold_reason is HoldReason.APPROVAL:
            _release(target)
    post.rev += 1


def decline(actor: Actor, post_id: UUID, request_id: UUID) -> Post:
    """Do not let it go out: a draft again."""
    post = posts.begin(actor, post_id)
    try:
        _decide(actor, post, request_id, None, ConfirmationState.DECLINED)
    except AppError:
        db.session.rollback()
        raise
    return posts.unschedule(actor, post_id)


def _decide(
    actor: Actor, post: Post, request_id: UUID, seen: str | None, state: ConfirmationState
) -> None:
    if actor.key_id is not None or actor.user_id is None:
        raise Forbidden(PEOPLE)
    now_is = seat_belt.digest(post)
    if seen is not None and seen != now_is:
        raise Stale(CHANGED)
    used = db.session.execute(
        update(Confirmation)
        .where(
            Confirmation.id == request_id,
            Confirmation.post_id == post.id,
            Confirmation.digest == now_is,
            seat_belt.PENDING,
        )
        .values(state=state, decided_at=now(), decided_by=actor.user_id)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(SETTLED)


def _release(target: PostTarget) -> None:
    """To the clock; where its account cannot post just now, it waits for that."""
    target.hold_reason = holds.reason_for(target.account)
    if target.due_at is None or target.due_at <= now():
        target.due_at, target.quick = now(), True
    target.hold_until = holds.deadline(target.due_at, now()) if target.hold_reason else None
