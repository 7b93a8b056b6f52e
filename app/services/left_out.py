"""Accounts that were left out of a post and are wanted again.

A cancelled target stays cancelled (reliability §2): the account gets a new one, which takes its
place. Where something of the old one may be public, only another post can go there.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import or_, select

from app.errors import ValidationFailed
from app.extensions import db
from app.models.attempts import Attempt, AttemptState
from app.models.posts import Post, PostTarget, TargetState
from app.services.cards import network_title


def make_room(post: Post, account_ids: Collection[UUID]) -> None:
    """Take the cancelled targets of these accounts off the post; the caller makes new ones.

    Raises ``ValidationFailed`` where a part went out, or nobody knew at some time whether it did.
    """
    old = [
        one
        for one in post.targets
        if one.state is TargetState.CANCELLED and one.account_id in account_ids
    ]
    for one in old:
        if _spoken(one):
            name = network_title(one.account.network)
            says = f"{name} has heard of this post already. Duplicate it to send it there again."
            raise ValidationFailed(says, field="accounts")
    for one in old:
        post.targets.remove(one)
    if old:
        db.session.flush()  # before the new ones: a post has one target an account


def _spoken(target: PostTarget) -> bool:
    """Whether the network may have something of it, so that sending it again could make two."""
    found = select(Attempt.id).where(
        Attempt.target_id == target.id,
        or_(
            Attempt.state == AttemptState.OK, Attempt.probes > 0, Attempt.next_probe_at.is_not(None)
        ),
    )
    return db.session.scalar(found.limit(1)) is not None
