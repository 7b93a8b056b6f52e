"""What is still to go out, account by account (the Amplify seed's scheduled posts)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, literal_column
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.posts import PostTarget
from app.permissions import Actor
from app.services.access import reach

# Written out, so that the partial index serves (stack.md §3).
WAITING: ColumnElement[bool] = literal_column("post_targets.state IN ('scheduled', 'queued')")


def listed(
    actor: Actor,
    profile_id: UUID,
    *,
    network: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[PostTarget]:
    """The targets on the clock, the next one first, each with its post and account."""
    asked = reach(actor).query(PostTarget).where(PostTarget.profile_id == profile_id, WAITING)
    if network is not None:
        asked = asked.join(SocialAccount, SocialAccount.id == PostTarget.account_id)
        asked = asked.where(SocialAccount.network == network)
    rows = db.session.scalars(
        asked.options(joinedload(PostTarget.post), joinedload(PostTarget.account))
        .order_by(PostTarget.due_at, PostTarget.id)
        .limit(limit)
        .offset(offset)
    )
    return list(rows)
