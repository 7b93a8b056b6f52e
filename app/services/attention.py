"""What needs a person in a brand: posts that did not go out, held ones, broken accounts.

It heads every view of the calendar until it is dealt with (DESIGN §1.4): nothing here can be
closed, only solved. A fixed number of statements, each on a partial index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CompoundSelect, Row, func, select, union_all

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
BY_ACCOUNT = (HoldReason.RECONNECT, HoldReason.DISCONNECTED)


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
    rows = _targets(actor, profile)
    troubles = _troubles([row for row in rows if row.state is not S.SCHEDULED])
    unsure = {one.post_id for one in troubles if one.unsure}
    posts = tuple(dict.fromkeys(one.post_id for one in troubles))
    reasons = tuple(dict.fromkeys(one.words for one in troubles))[:NAMED]
    held = _held([row for row in rows if row.state is S.SCHEDULED])
    late = sum(count for reason, _, count in held if reason is HoldReason.LATE)
    waiting = {account: n for reason, account, n in held if reason in BY_ACCOUNT and account}
    others = sum(n for reason, _, n in held if reason not in (*BY_ACCOUNT, HoldReason.LATE))
    return Attention(
        failed=len(set(posts) - unsure), unsure=len(unsure), posts=posts, reasons=reasons,
        broken=tuple(_broken(owned, waiting)), at_risk=_at_risk(actor, profile, waiting),
        late=late, held=others,
    )  # fmt: skip


def _targets(actor: Actor, profile: Profile) -> Sequence[Row[Any]]:
    """Targets in trouble (at most ``MOST``, the latest) and held ones, in one statement of two
    halves, so that each goes by its own index."""
    every = (
        reach(actor)
        .query(PostTarget)
        .join(Post, Post.id == PostTarget.post_id)
        .join(SocialAccount, SocialAccount.id == PostTarget.account_id)
        .with_only_columns(
            PostTarget.id, PostTarget.post_id, PostTarget.account_id, PostTarget.state,
            PostTarget.hold_reason, PostTarget.error, SocialAccount.network, Post.due_at,
        )
        .where(PostTarget.profile_id == profile.id, *cards.OURS)
    )  # fmt: skip
    trouble = every.where(PostTarget.state.in_((S.FAILED, S.NEEDS_REVIEW)))
    latest = trouble.order_by(Post.due_at.desc(), PostTarget.id).limit(MOST).subquery()
    held = every.where(PostTarget.state == S.SCHEDULED, PostTarget.hold_reason.is_not(None))
    both: CompoundSelect[Any] = union_all(select(latest), held)
    return db.session.execute(both).all()


def _troubles(rows: Sequence[Row[Any]]) -> list[Trouble]:
    """The latest first."""
    ordered = sorted(rows, key=lambda row: row.id)
    ordered.sort(key=lambda row: row.due_at.timestamp() if row.due_at else 0, reverse=True)
    return [
        Trouble(row.post_id, row.network, row.state is S.NEEDS_REVIEW, row.error or "")
        for row in ordered
    ]


def _held(rows: Sequence[Row[Any]]) -> Sequence[tuple[HoldReason, UUID | None, int]]:
    """Held posts by reason; where an account is the reason, by account."""
    posts: dict[tuple[HoldReason, UUID | None], set[UUID]] = {}
    for row in rows:
        key = (row.hold_reason, row.account_id if row.hold_reason in BY_ACCOUNT else None)
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
            PostTarget.hold_reason.in_(BY_ACCOUNT),
        )
    )
    return db.session.scalar(counted) or 0
