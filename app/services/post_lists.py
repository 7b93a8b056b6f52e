"""Pages of posts, newest first, for every API and agent."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import joinedload, selectinload

from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.posts import Post, PostStatus, PostTarget, TargetState
from app.permissions import Actor
from app.services.access import reach


def page(
    actor: Actor,
    profile_id: UUID | None,
    *,
    status: str | None = None,
    network: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> tuple[list[Post], int]:
    """A page of the posts in reach, and how many there are in all.

    ``profile_id`` ``None``: of every profile. Discarded posts are listed only where asked for.
    """
    asked = _asked(actor, profile_id, status, network)
    count = asked.with_only_columns(func.count(Post.id)).order_by(None)
    rows = db.session.scalars(
        asked.options(
            selectinload(Post.targets).joinedload(PostTarget.account),
            selectinload(Post.media),
            joinedload(Post.profile),
        )
        .order_by(Post.id.desc())  # UUIDv7: the order in which they were made
        .limit(limit)
        .offset(offset)
    )
    return list(rows), db.session.scalar(count) or 0


def _asked(
    actor: Actor, profile_id: UUID | None, status: str | None, network: str | None
) -> Select[Post]:
    found = reach(actor).query(Post).where(Post.edits_id.is_(None))
    if profile_id is not None:
        found = found.where(Post.profile_id == profile_id)
    if status is None:
        found = found.where(Post.discarded_at.is_(None))
    else:
        found = found.where(Post.status == PostStatus(status))
    if network is not None:
        found = found.where(
            exists(
                select(PostTarget.id)
                .join(SocialAccount, SocialAccount.id == PostTarget.account_id)
                .where(
                    PostTarget.post_id == Post.id,
                    PostTarget.state != TargetState.CANCELLED,
                    SocialAccount.network == network,
                )
            )
        )
    return found
