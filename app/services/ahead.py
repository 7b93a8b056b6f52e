"""What of a brand lies ahead, read in one statement for the calendar's views."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, func, select

from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.posting_times import PostingTime
from app.models.posts import Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.models.recurring import RecurringSchedule
from app.permissions import Actor
from app.services import cards
from app.services.access import reach
from app.services.posting_times import Weekly

DRAFT = (~Post.armed, Post.due_at.is_(None))  # without a date


@dataclass(frozen=True)
class Ahead:
    """When the next post of the brand is due (until shortly before, nothing moves), how many
    drafts have no date, and when accounts usually post: those that can, with their network.
    ``series``: something runs again and again."""

    due: datetime | None = None
    drafts: int = 0
    times: dict[tuple[UUID, str], tuple[Weekly, ...]] = field(default_factory=dict)
    series: bool = False

    def on(self, networks: Collection[str] = ()) -> dict[UUID, tuple[Weekly, ...]]:
        """The times of the accounts on these networks, or on all."""
        return {
            account_id: times
            for (account_id, network), times in self.times.items()
            if not networks or network in networks
        }


def look(actor: Actor, profile: Profile) -> Ahead:
    """All of it. The three figures stand beside each time, and alone where there is none."""
    due = (
        reach(actor)
        .query(PostTarget)
        .with_only_columns(func.min(PostTarget.due_at))
        .where(
            PostTarget.profile_id == profile.id,
            PostTarget.state == TargetState.SCHEDULED,
            PostTarget.hold_reason.is_(None),
        )
    )
    rows = reach(actor).query(Post).with_only_columns(func.count())
    count = rows.where(Post.profile_id == profile.id, *cards.OURS, *DRAFT)
    times = reach(actor).query(PostingTime).subquery()
    series = exists().where(RecurringSchedule.profile_id == profile.id, RecurringSchedule.is_active)
    found = db.session.execute(
        select(
            due.scalar_subquery(), count.scalar_subquery(), series,
            SocialAccount.id, SocialAccount.network, times.c.weekday, times.c.minute,
        )
        .select_from(Profile)
        .outerjoin(times, times.c.profile_id == Profile.id)
        .outerjoin(
            SocialAccount,
            and_(
                SocialAccount.id == times.c.account_id,
                SocialAccount.status == AccountStatus.ACTIVE,
            ),
        )
        .where(Profile.id == profile.id)
        .order_by(SocialAccount.number, times.c.weekday, times.c.minute)
    ).all()  # fmt: skip
    by_account: dict[tuple[UUID, str], list[Weekly]] = defaultdict(list)
    for _, _, _, account_id, network, weekday, minute in found:
        if account_id is not None:
            by_account[account_id, network].append(Weekly(weekday, minute))
    return Ahead(
        found[0][0], found[0][1] or 0, {key: tuple(mine) for key, mine in by_account.items()},
        bool(found[0][2]),
    )  # fmt: skip
