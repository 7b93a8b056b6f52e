"""Networks and pages that somebody submitted, and what was decided about them (Connect API)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.accounts import Review
from app.models.base import Base, Id, Timestamps


class PlaceKind(StrEnum):
    """What the Connect API calls a place."""

    PAGE = "page"
    WALL = "wall"
    CHANNEL = "channel"


class Place(Timestamps, Base):
    """A page, wall or channel that somebody named.

    What a network itself tells are ``Destination``s; both have their numbers from one series.
    ``account_id`` is the connected account that it turned out to be. ``review`` and ``declared``
    are as in ``SocialAccount``.
    """

    __tablename__ = "social_places"
    __table_args__ = (
        UniqueConstraint("profile_id", "network", "kind", "external_id"),
        Index("ix_social_places_account_id", "account_id"),
    )

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    account_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("social_accounts.id", ondelete="SET NULL")
    )
    network: Mapped[str] = mapped_column(String(20))
    kind: Mapped[PlaceKind]
    external_id: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(255))
    url: Mapped[str] = mapped_column(String(2000), default="")
    review: Mapped[Review | None]
    declared: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Approval(Timestamps, Base):
    """One request for a decision, about a network or a place."""

    __tablename__ = "approvals"
    __table_args__ = (
        Index("ix_approvals_profile_id_decision", "profile_id", "decision"),
        Index("ix_approvals_account_id", "account_id"),
        Index("ix_approvals_place_id", "place_id"),
    )

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    account_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("social_accounts.id", ondelete="CASCADE")
    )
    place_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("social_places.id", ondelete="CASCADE")
    )
    decision: Mapped[Review] = mapped_column(default=Review.PENDING)
    submitted_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    submitter: Mapped[str] = mapped_column(String(300), default="")  # as the record names them
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
