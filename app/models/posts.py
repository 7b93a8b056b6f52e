"""Posts, their texts and pictures, and the targets the engine delivers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.errors import InvalidTransition
from app.models.accounts import SocialAccount
from app.models.base import Base, Id, Timestamps
from app.models.media import Media
from app.models.profiles import LatePolicy, Profile


class TargetState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    POSTING = "posting"
    PUBLISHED = "published"
    FAILED = "failed"
    NEEDS_REVIEW = "needs_review"
    CANCELLED = "cancelled"
    DISCARDED = "discarded"


class HoldReason(StrEnum):
    """Why a scheduled target waits for a person (promises.md, "held")."""

    RECONNECT = "reconnect"  # the network signed the account out
    DISCONNECTED = "disconnected"  # a person took the account off
    LATE = "late"
    PAUSED = "paused"
    APPROVAL = "approval"
    QUOTA = "quota"


class PostStatus(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    POSTING = "posting"
    PUBLISHED = "published"
    PARTIAL = "partial"
    FAILED = "failed"
    DISCARDED = "discarded"


S = TargetState
# The one table of moves (reliability §2). ``queued`` and ``posting`` are the engine's alone.
MOVES: dict[TargetState, frozenset[TargetState]] = {
    S.DRAFT: frozenset({S.SCHEDULED, S.CANCELLED, S.DISCARDED}),
    S.SCHEDULED: frozenset({S.DRAFT, S.QUEUED, S.FAILED, S.CANCELLED, S.DISCARDED}),
    S.QUEUED: frozenset({S.SCHEDULED, S.POSTING, S.FAILED, S.CANCELLED, S.DISCARDED}),
    S.POSTING: frozenset({S.PUBLISHED, S.SCHEDULED, S.FAILED, S.NEEDS_REVIEW}),
    S.NEEDS_REVIEW: frozenset({S.PUBLISHED, S.SCHEDULED, S.FAILED}),
    S.FAILED: frozenset({S.SCHEDULED, S.CANCELLED, S.DISCARDED}),
    S.PUBLISHED: frozenset(),
    S.CANCELLED: frozenset(),
    S.DISCARDED: frozenset(),
}
ENDED = frozenset({S.PUBLISHED, S.FAILED, S.NEEDS_REVIEW, S.CANCELLED, S.DISCARDED})
OPEN_TO_EDIT = frozenset({S.DRAFT, S.SCHEDULED, S.FAILED})


def check_move(at: TargetState, to: TargetState) -> None:
    """Raise ``InvalidTransition`` for a move that is not in the table."""
    if to not in MOVES[at]:
        raise InvalidTransition(f"A post that is {at.value} can't become {to.value}.")


def froms(to: TargetState) -> tuple[TargetState, ...]:
    """The states a target may come from, for the WHERE of a conditional update."""
    return tuple(state for state, found in MOVES.items() if to in found)


def post_status(*, armed: bool, discarded: bool, states: Iterable[TargetState]) -> PostStatus:
    """A post's status from its targets: the one function (reliability §2)."""
    if discarded:
        return PostStatus.DISCARDED
    if not armed:
        return PostStatus.DRAFT
    live = [s for s in states if s not in (S.CANCELLED, S.DISCARDED)]
    ended = [s for s in live if s in (S.PUBLISHED, S.FAILED, S.NEEDS_REVIEW)]
    if S.POSTING in live or (ended and len(ended) < len(live)):
        return PostStatus.POSTING
    if S.QUEUED in live:
        return PostStatus.QUEUED
    if S.SCHEDULED in live:
        return PostStatus.SCHEDULED
    if live and all(s is S.PUBLISHED for s in live):
        return PostStatus.PUBLISHED
    if S.PUBLISHED in live:
        return PostStatus.PARTIAL
    return PostStatus.FAILED if live else PostStatus.DISCARDED


class Post(Timestamps, Base):
    """What a person wrote once. ``parts`` are the shared texts of a thread (one: a post).

    ``rev`` rises with every save: a save that names another one is stale.
    """

    __tablename__ = "posts"
    __table_args__ = (
        Index("ix_posts_profile_id_due_at", "profile_id", "due_at"),
        Index("ix_posts_profile_id_status", "profile_id", "status"),
        Index("ix_posts_edits_id", "edits_id", unique=True),
        Index("ix_posts_listed", "profile_id", "discarded_at", "edits_id", "id"),
    )

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    rev: Mapped[int] = mapped_column(Integer, default=1)
    parts: Mapped[list[str]] = mapped_column(default=lambda: [""])
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)  # by network
    armed: Mapped[bool] = mapped_column(default=False)
    status: Mapped[PostStatus] = mapped_column(default=PostStatus.DRAFT)
    due_at: Mapped[datetime | None]
    late_policy: Mapped[LatePolicy | None]
    late_limit_minutes: Mapped[int | None]
    source: Mapped[str] = mapped_column(String(20), default="web")
    link: Mapped[str | None] = mapped_column(String(2000))  # sent beside the text, put below it
    # A working copy of a post on the clock: what is typed goes out only once it is applied.
    edits_id: Mapped[UUID | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    discarded_at: Mapped[datetime | None]
    # When a post written in the browser was first put on the clock, and so counted (usage.charge).
    counted_at: Mapped[datetime | None]
    # Ids of posts that a person let pass beside this one, "*" for any (services/duplicates.py).
    accepted: Mapped[list[str]] = mapped_column(default=list, server_default="[]")

    profile: Mapped[Profile] = relationship()
    targets: Mapped[list[PostTarget]] = relationship(
        back_populates="post", order_by="PostTarget.id", cascade="all, delete-orphan"
    )
    variants: Mapped[list[PostVariant]] = relationship(cascade="all, delete-orphan")
    media: Mapped[list[PostMedia]] = relationship(
        order_by="PostMedia.position", cascade="all, delete-orphan"
    )

    def texts(self, network: str) -> list[str]:
        """The texts for a network: its own where it has some, else the shared ones."""
        for variant in self.variants:
            if variant.network == network:
                return variant.parts
        return self.parts

    def settle(self) -> None:
        """Store the status its targets give it."""
        self.status = post_status(
            armed=self.armed,
            discarded=self.discarded_at is not None,
            states=[t.state for t in self.targets],
        )


class PostVariant(Base):
    """A network's own text."""

    __tablename__ = "post_variants"
    __table_args__ = (UniqueConstraint("post_id", "network"),)

    id: Mapped[Id]
    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    network: Mapped[str] = mapped_column(String(20))
    parts: Mapped[list[str]]


class PostMedia(Base):
    """A picture of a post, in its place, with its alt text."""

    __tablename__ = "post_media"
    __table_args__ = (
        Index("ix_post_media_post_id", "post_id"),
        Index("ix_post_media_media_id", "media_id"),
    )

    id: Mapped[Id]
    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    media_id: Mapped[UUID] = mapped_column(ForeignKey("media.id"))
    part: Mapped[int] = mapped_column(default=0)
    position: Mapped[int] = mapped_column(default=0)
    alt: Mapped[str] = mapped_column(String(2000), default="")

    media: Mapped[Media] = relationship(lazy="joined")


WAITING = "state = 'scheduled' AND hold_reason IS NULL"
CLAIMED = "lease_until IS NOT NULL"
TROUBLE = "state IN ('failed', 'needs_review')"


class PostTarget(Timestamps, Base):
    """One account of a post: the row that is due, claimed and delivered.

    ``due_at`` is the next try, ``scheduled_for`` the time a person gave. ``claim_token``
    fences the engine's writes; ``lease_until`` is set only while somebody holds the claim.
    """

    __tablename__ = "post_targets"
    __table_args__ = (
        UniqueConstraint("post_id", "account_id"),
        Index("ix_post_targets_due", "due_at", "id",
              sqlite_where=text(WAITING), postgresql_where=text(WAITING)),
        Index("ix_post_targets_account_due", "account_id", "due_at", "id",
              sqlite_where=text(WAITING), postgresql_where=text(WAITING)),
        Index("ix_post_targets_claimed", "account_id", "lease_until",
              sqlite_where=text(CLAIMED), postgresql_where=text(CLAIMED)),
        Index("ix_post_targets_said", "account_id", "text_hash", "scheduled_for"),
        Index("ix_post_targets_planned", "account_id", "scheduled_for"),
        Index("ix_post_targets_trouble", "profile_id",
              sqlite_where=text(TROUBLE), postgresql_where=text(TROUBLE)),
        Index("ix_post_targets_held", "profile_id", "hold_reason", "hold_until",
              sqlite_where=text("hold_reason IS NOT NULL"),
              postgresql_where=text("hold_reason IS NOT NULL")),
        Index("ix_post_targets_account_published", "account_id", "external_id",
              sqlite_where=text("external_id IS NOT NULL"),
              postgresql_where=text("external_id IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[Id]
    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("social_accounts.id"))
    state: Mapped[TargetState] = mapped_column(default=TargetState.DRAFT)
    due_at: Mapped[datetime | None]
    scheduled_for: Mapped[datetime | None]
    hold_reason: Mapped[HoldReason | None]
    hold_until: Mapped[datetime | None]  # after that it fails: MISSED_WINDOW

    claim_token: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    claims: Mapped[int] = mapped_column(default=0)  # in a row that opened no attempt
    failures: Mapped[int] = mapped_column(default=0)  # attempts used up since the last retry
    quick: Mapped[bool] = mapped_column(default=False)  # publish now, or a person's retry

    external_id: Mapped[str | None] = mapped_column(String(500))
    permalink: Mapped[str | None] = mapped_column(String(2000))
    published: Mapped[dict[str, Any] | None]  # parts: id, url and extras of each
    published_at: Mapped[datetime | None]
    category: Mapped[str | None] = mapped_column(String(24))
    error_code: Mapped[str | None] = mapped_column(String(60))
    error: Mapped[str | None] = mapped_column(Text)

    # What was said, to find its like (services/likeness.py); None: not looked at yet.
    text_hash: Mapped[str | None] = mapped_column(String(32))
    text_sketch: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)

    # The flight check (promises.md 8): ``green``, ``amber`` or ``red``, its findings, and when.
    flight_light: Mapped[str | None] = mapped_column(String(8))
    flight: Mapped[list[dict[str, Any]] | None]
    flight_at: Mapped[datetime | None]

    post: Mapped[Post] = relationship(back_populates="targets")
    account: Mapped[SocialAccount] = relationship()

    @property
    def held(self) -> bool:
        return self.state is TargetState.SCHEDULED and self.hold_reason is not None
