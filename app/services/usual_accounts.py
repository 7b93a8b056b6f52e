"""Where a person posts as a rule. It stands alone, since the writing of drafts asks it."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.posts import Post, PostTarget
from app.permissions import Actor


def usual(actor: Actor, profile_id: UUID, wanted: Collection[UUID] = ()) -> list[SocialAccount]:
    """Those ``wanted`` that can post; where none can, the accounts of the person's last post
    there, and all that can post the first time."""
    usable = select(SocialAccount).where(
        SocialAccount.profile_id == profile_id, SocialAccount.status == AccountStatus.ACTIVE
    )
    named = usable.where(SocialAccount.id.in_(wanted)).order_by(SocialAccount.number)
    if wanted and (found := list(db.session.scalars(named))):
        return found
    last = db.session.scalar(
        select(Post.id)
        .where(Post.profile_id == profile_id, Post.author_id == actor.user_id, Post.armed)
        .order_by(Post.created_at.desc())
        .limit(1)
    )
    if last is not None:
        usual = usable.join(PostTarget, PostTarget.account_id == SocialAccount.id).where(
            PostTarget.post_id == last
        )
        found = list(db.session.scalars(usual.order_by(SocialAccount.number)))
        if found:
            return found
    return list(db.session.scalars(usable.order_by(SocialAccount.number)))
