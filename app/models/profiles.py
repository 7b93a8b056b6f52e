"""Profiles (brands), who belongs to them, and sets of accounts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Id, Timestamps
from app.models.people import User
from app.permissions import Role


class LatePolicy(StrEnum):
    """What happens to a post found late (promises.md 1)."""

    SEND = "send"  # send it however late
    HOLD = "hold"  # within the limit send, else hold for a person
    SKIP = "skip"  # within the limit send, else take it off


class Profile(Timestamps, Base):
    """A brand: its zone, its late policy, its rows. The tenant.

    ``partner``: it may make integrations where the installation bills (the Oktopost contract).
    ``return_urls``: where a sign-in begun with a key may send people on to (reliability §13).
    """

    __tablename__ = "profiles"

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)  # for contracts with integer ids
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    late_policy: Mapped[LatePolicy] = mapped_column(default=LatePolicy.HOLD)
    late_limit_minutes: Mapped[int] = mapped_column(default=30)
    week_start: Mapped[int] = mapped_column(default=0)  # 0 Monday
    named_at: Mapped[datetime | None]  # when a person last settled its name and zone
    partner: Mapped[bool] = mapped_column(default=False, server_default=false())
    paused_at: Mapped[datetime | None]  # services/pausing.py
    paused_until: Mapped[datetime | None]
    pause_reason: Mapped[str] = mapped_column(String(200), default="")
    # The guard against duplicates (services/duplicates.py): its window, the time between two posts
    # of an account, and whether a key is refused or only people are told.
    duplicate_days: Mapped[int] = mapped_column(default=30, server_default="30")
    spacing_minutes: Mapped[int] = mapped_column(default=60, server_default="60")
    duplicates_refused: Mapped[bool] = mapped_column(default=False, server_default=false())
    return_urls: Mapped[list[str]] = mapped_column(default=list, server_default="[]")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def zone_unsure(self) -> bool:
        """Whether it runs on UTC only because nobody has said where it is."""
        return self.named_at is None and self.time_zone == "UTC"


class Membership(Timestamps, Base):
    """A person's role in a profile."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("profile_id", "user_id"),
        Index("ix_memberships_user_id", "user_id"),
    )

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    role: Mapped[Role]
    needs_approval: Mapped[bool] = mapped_column(default=False)

    profile: Mapped[Profile] = relationship()
    user: Mapped[User] = relationship()


class PlatformSet(Timestamps, Base):
    """A named group of accounts; every profile has one default."""

    __tablename__ = "platform_sets"
    __table_args__ = (Index("ix_platform_sets_profile_id", "profile_id"),)

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    is_default: Mapped[bool] = mapped_column(default=False)
