"""Posts that come again: the schedule, and what became of each of its occurrences."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.accounts import SocialAccount
from app.models.base import Base, Id, Timestamps
from app.models.media import Media
from app.models.posts import Post

WAITING = "is_active"


class Pattern(StrEnum):
    """How a schedule comes again (the Amplify seed)."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    CUSTOM = "custom"  # an RFC 5545 rule


class OccurrenceState(StrEnum):
    """What became of an occurrence. One that has no row is still to come."""

    MADE = "made"  # a post of its own
    SKIPPED = "skipped"  # a person left it out
    MISSED = "missed"  # found more than an hour late
    FAILED = "failed"  # could not be made; ``note`` says why


class RecurringSchedule(Timestamps, Base):
    """What is posted again and again, and when, on the wall clock of ``time_zone``.

    Every occurrence up to ``made_until`` has been dealt with; ``look_at`` is when the maker looks
    next. ``starts_on`` is the day that intervals and counts begin with. ``pause_reason`` is empty
    where a person paused it.
    """

    __tablename__ = "recurring_schedules"
    __table_args__ = (
        Index("ix_recurring_schedules_profile_id_id", "profile_id", "id"),
        Index("ix_recurring_schedules_look_at", "look_at",
              sqlite_where=text(WAITING), postgresql_where=text(WAITING)),
    )  # fmt: skip

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(120))
    content: Mapped[str] = mapped_column(Text)
    overrides: Mapped[dict[str, Any]] = mapped_column(default=dict)  # by network: text, settings
    platforms: Mapped[list[str]] = mapped_column(default=list)
    pattern: Mapped[Pattern]
    config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    time_of_day: Mapped[str] = mapped_column(String(8))  # 09:00:00
    time_zone: Mapped[str] = mapped_column(String(64))
    starts_on: Mapped[date] = mapped_column(Date)

    is_active: Mapped[bool] = mapped_column(default=True)
    pause_reason: Mapped[str] = mapped_column(String(400), default="")
    made_until: Mapped[datetime]
    look_at: Mapped[datetime]

    media: Mapped[list[RecurringMedia]] = relationship(
        order_by="RecurringMedia.position", cascade="all, delete-orphan"
    )
    accounts: Mapped[list[RecurringAccount]] = relationship(
        order_by="RecurringAccount.id", cascade="all, delete-orphan"
    )


class RecurringAccount(Base):
    """An account that a schedule names itself, beside those of its networks."""

    __tablename__ = "recurring_accounts"
    __table_args__ = (
        UniqueConstraint("schedule_id", "account_id"),
        Index("ix_recurring_accounts_account_id", "account_id"),
    )

    id: Mapped[Id]
    schedule_id: Mapped[UUID] = mapped_column(
        ForeignKey("recurring_schedules.id", ondelete="CASCADE")
    )
    account_id: Mapped[UUID] = mapped_column(ForeignKey("social_accounts.id", ondelete="CASCADE"))

    account: Mapped[SocialAccount] = relationship(lazy="joined")


class RecurringMedia(Base):
    """A picture of a schedule, in its place, with its alt text."""

    __tablename__ = "recurring_media"
    __table_args__ = (
        Index("ix_recurring_media_schedule_id", "schedule_id"),
        Index("ix_recurring_media_media_id", "media_id"),
    )

    id: Mapped[Id]
    schedule_id: Mapped[UUID] = mapped_column(
        ForeignKey("recurring_schedules.id", ondelete="CASCADE")
    )
    media_id: Mapped[UUID] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)
    alt: Mapped[str] = mapped_column(String(2000), default="")

    media: Mapped[Media] = relationship(lazy="joined")


class RecurringOccurrence(Timestamps, Base):
    """One time of a schedule that has been dealt with: one occurrence, one post.

    ``occurrence_local`` is its time on the schedule's wall clock, ``2026-01-16T09:00:00``, and
    with the schedule unique (reliability §1.7); ``at`` is the same as an instant. ``post_rev``
    is the post's ``rev`` as it was made, ``by_hand`` is set where a person edited the occurrence.
    """

    __tablename__ = "recurring_occurrences"
    __table_args__ = (
        UniqueConstraint("schedule_id", "occurrence_local"),
        Index("ix_recurring_occurrences_schedule_id_at", "schedule_id", "at"),
        Index("ix_recurring_occurrences_post_id", "post_id"),
    )

    id: Mapped[Id]
    schedule_id: Mapped[UUID] = mapped_column(
        ForeignKey("recurring_schedules.id", ondelete="CASCADE")
    )
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    occurrence_local: Mapped[str] = mapped_column(String(19))
    at: Mapped[datetime]
    state: Mapped[OccurrenceState]
    note: Mapped[str] = mapped_column(String(400), default="")
    post_id: Mapped[UUID | None] = mapped_column(ForeignKey("posts.id", ondelete="SET NULL"))
    post_rev: Mapped[int] = mapped_column(default=0)
    by_hand: Mapped[bool] = mapped_column(default=False)

    post: Mapped[Post | None] = relationship()
