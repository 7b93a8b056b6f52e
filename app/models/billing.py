"""What a person pays for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, Timestamps


class Subscription(Timestamps, Base):
    """The plan of a person, and so of every profile they own. No row: the free plan."""

    __tablename__ = "subscriptions"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    plan: Mapped[str] = mapped_column(String(20))  # a name of services/plans.py
    status: Mapped[str] = mapped_column(String(24))  # in Stripe's words; active, past_due …
    ends_at: Mapped[datetime | None]  # of the time paid for
