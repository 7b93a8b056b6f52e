"""What every action on a post shares: loading it, locking it, refusing what cannot go out."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app import content
from app.config import settings
from app.errors import NotFound, ValidationFailed
from app.extensions import db
from app.models.posts import Post, PostTarget
from app.permissions import Actor
from app.services.access import reach


def load(actor: Actor, post_id: UUID) -> Post:
    """The post with all that a page shows of it, or ``NotFound``."""
    found = db.session.scalars(
        reach(actor)
        .query(Post)
        .where(Post.id == post_id, Post.discarded_at.is_(None))
        .options(
            selectinload(Post.targets).joinedload(PostTarget.account),
            selectinload(Post.variants),
            selectinload(Post.media),
            joinedload(Post.profile),
        )
    ).one_or_none()
    if found is None:
        raise NotFound("We could not find that post.")
    return found


def lock(post: Post) -> None:
    """Lock the targets, then the post: the order of every writer (``settle``).

    What the rows say is read anew, so a claim by the engine and a person's decision never
    both win.
    """
    locked = (
        select(PostTarget)
        .where(PostTarget.post_id == post.id)
        .order_by(PostTarget.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    db.session.scalars(locked).all()
    db.session.refresh(post, ["rev", "armed", "due_at", "discarded_at"], with_for_update=True)
    if post.discarded_at is not None:
        raise NotFound("We could not find that post.")


def refuse_problems(post: Post, targets: Iterable[PostTarget]) -> None:
    """Raise ``ValidationFailed`` with one error for each thing a network would refuse."""
    errors: list[ValidationFailed] = []
    for target in targets:
        for found in content.problems(post, target, settings()):
            if found.blocks:
                field = f"{target.account.network}.{found.field}"
                errors.append(ValidationFailed(found.message, field=field))
    if errors:
        raise ValidationFailed(errors[0].message, field=errors[0].field, errors=list(errors))
