"""Other services a profile is connected to: the Metricool bridge, analytics, marketing."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, Timestamps


class Integration(Timestamps, Base):
    """One connection to a service. ``secret`` is one encrypted JSON value, never shown.

    ``valid`` is what the service last said of our keys, ``enabled`` the person's switch.
    """

    __tablename__ = "integrations"
    __table_args__ = (Index("ix_integrations_profile_id_kind", "profile_id", "kind"),)

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(255), default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)  # plain: brand, user, versions
    secret: Mapped[str | None]
    valid: Mapped[bool] = mapped_column(default=True)
    enabled: Mapped[bool] = mapped_column(default=True)
    reason: Mapped[str] = mapped_column(String(400), default="")
    connected_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    connected_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # disconnected; its accounts keep their history
    cname_id: Mapped[UUID | None] = mapped_column(ForeignKey("cnames.id", ondelete="SET NULL"))


class Cname(Timestamps, Base):
    """A domain of the profile's own for short links; used once its DNS leads to us.

    A domain may be named by several profiles; it is verified for one at a time.
    """

    __tablename__ = "cnames"
    __table_args__ = (
        UniqueConstraint("profile_id", "domain"),
        Index(
            "uq_cnames_verified", "domain", unique=True,
            sqlite_where=text("verified_at IS NOT NULL"),
            postgresql_where=text("verified_at IS NOT NULL"),
        ),
    )  # fmt: skip

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    domain: Mapped[str] = mapped_column(String(253))
    verified_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
