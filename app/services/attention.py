"""What needs a person in a brand: posts that did not go out, held ones, broken accounts.

It heads every view of the calendar until it is dealt with (DESIGN §1.4): nothing here can be
closed, only solved. A fixed number of statements, each on a partial index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func

from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.posts import HoldReason, Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import cards
from app.services.access import reach
from app.services.cards import Owned

MOST = 500  # targets looked at; a longer list says "more than"
NAMED = 2  # reasons told in the bar
S = TargetState


@dataclass(frozen=True)
class Trouble:
    """A target that failed, or of which nobody knows whether it went out."""

    post_id: UUID
    network: str
    unsure: bool
    error: str

    @property
    def words(self) -> str:
        """One sentence that names the network."""
        title = cards.network_title(self.network)
        if self.unsure:
            return f"We cannot tell whether {title} has it."
        return self.error.strip() or f"{title} refused it."


@dataclass(frozen=True)
class Broken:
    """An account that cannot post until somebody signs it in again."""

    id: UUID
    network: str
    handle: str
    since: datetime | None
    waiting: int  # planned posts on it
    gone: bool  # a person took it off

    @property
    def title(self) -> str:
        return cards.network_title(self.network)


@dataclass(frozen=True)
class Attention:
    """Everything that needs a person. Counts are of posts, not of accounts."""

    failed: int = 0
    unsure: int = 0
    posts: tuple[UUID, ...] = ()  # those in trouble, the latest first
    reasons: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()
    at_risk: int = 0
    late: int = 0
    held: int = 0  # for any other reason

    @property
    def trouble(self) -> int:
        return len(self.posts)

    @property
    def signed_out(self) -> tuple[Broken, ...]:
        return tuple(one for one in self.broken if not one.gone)

    @property
    def any(self) -> bool:
        return bool(self.posts or self.broken or self.late or self.held)

    @property
    def digest(self) -> str:
        """Another text as soon as the bar would read differently."""
        accounts = ",".join(f"{one.id}:{one.waiting}" for one in self.broken)
        return f"{self.failed}.{self.unsure}.{self.late}.{self.held}.{self.at_risk}.{accounts}"


def look(actor: Actor, profile: Profile, owned: Sequence[Owned]) -> Attention:
    """What needs a person just now; ``owned`` are the brand's accounts."""
    troubles = _troubles(actor, profile)
    unsure = {one.post_id for one in troubles if one.unsure}
    posts = tuple(dict.fromkeys(one.post_id for one in troubles))
    reasons = tuple(dict.fromkeys(one.words for one in troubles))[:NAMED]
    held = _held(actor, profile)
    late = sum(count for reason, _, count in held if reason is HoldReason.LATE)
    by_account = (HoldReason.RECONNECT, HoldReason.DISCONNECTED)
    waiting = {account: n for reason, account, n in held if reason in by_account and account}
    others = sum(n for reason, _, n in held if reason not in (*by_account, HoldReason.LATE))
    return Attention(
        failed=len(set(posts) - unsure), unsure=len(unsure), posts=posts, reasons=reasons,
        broken=tuple(_broken(owned, waiting)), at_risk=_at_risk(actor, profile, waiting),
        late=late, held=others,
    )  # fmt: skip


def _troubles(actor: Actor, profile: Profile) -> list[Trouble]:
    rows = db.session.execute(
        reach(actor)
        .query(PostTarget)
        .join(Post, Post.id == PostTarget.post_id)
        .join(SocialAccount, SocialAccount.id == PostTarget.account_id)
        .with_only_columns(
            PostTarget.post_id, PostTarget.state, PostTarget.error, SocialAccount.network
        )
        .where(
            PostTarget.profile_id == profile.id,
            PostTarget.state.in_((S.FAILED, S.NEEDS_REVIEW)),
            *cards.OURS,
        )
        .order_by(Post.due_at.desc(), PostTarget.id)
        .limit(MOST)
    )
    return [
        Trouble(row.post_id, row.network, row.state is S.NEEDS_REVIEW, row.error or "")
        for row in rows
    ]


def _held(actor: Actor, profile: Profile) -> Sequence[tuple[HoldReason, UUID | None, int]]:
    """Held posts by reason; where an account is the reason, by account."""
    by_account = PostTarget.hold_reason.in_((HoldReason.RECONNECT, HoldReason.DISCONNECTED))
    rows = db.session.execute(
        reach(actor)
        .query(PostTarget)
        .join(Post, Post.id == PostTarget.post_id)
        .with_only_columns(
            PostTarget.hold_reason, PostTarget.account_id, PostTarget.post_id,
            by_account.label("by_account"),
        )
        .where(
            PostTarget.profile_id == profile.id,
            PostTarget.state == S.SCHEDULED,
            PostTarget.hold_reason.is_not(None),
            *cards.OURS,
        )
    )  # fmt: skip
    posts: dict[tuple[HoldReason, UUID | None], set[UUID]] = {}
    for row in rows:
        key = (row.hold_reason, row.account_id if row.by_account else None)
        posts.setdefault(key, set()).add(row.post_id)
    return [(reason, account, len(found)) for (reason, account), found in posts.items()]


def _broken(owned: Sequence[Owned], waiting: dict[UUID, int]) -> list[Broken]:
    """Signed-out accounts, and those taken off that posts still wait for; the latest first."""
    status = AccountStatus
    found = [
        one
        for one in owned
        if one.status is status.NEEDS_RECONNECT
        or (one.status is not status.ACTIVE and one.id in waiting)
    ]
    found.sort(key=lambda one: one.since.timestamp() if one.since else 0, reverse=True)
    return [
        Broken(
            one.id, one.network, one.handle, one.since, waiting.get(one.id, 0),
            gone=one.status is status.DISCONNECTED,
        )
        for one in found
    ]  # fmt: skip


def _at_risk(actor: Actor, profile: Profile, waiting: dict[UUID, int]) -> int:
    """Planned posts that have at least one account that cannot post."""
    if not waiting:
        return 0
    if len(waiting) == 1:
        return next(iter(waiting.values()))
    counted = (
        reach(actor)
        .query(PostTarget)
        .with_only_columns(func.count(PostTarget.post_id.distinct()))
        .where(
            PostTarget.profile_id == profile.id,
            PostTarget.state == S.SCHEDULED,
            PostTarget.hold_reason.in_((HoldReason.RECONNECT, HoldReason.DISCONNECTED)),
        )
    )
    return db.session.scalar(counted) or 0
