"""The outbox of events and the append-only record of who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id


class WebhookEvent(Base):
    """Something that happened; written with the change it tells about (reliability §7)."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        Index("ix_webhook_events_waiting", "id", sqlite_where=text("fanned_at IS NULL"),
              postgresql_where=text("fanned_at IS NULL")),
        Index("ix_webhook_events_profile_id_at", "profile_id", "at"),
    )  # fmt: skip

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(60))
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    fanned_at: Mapped[datetime | None]  # when deliveries were made of it


class AuditEvent(Base):
    """Append only: triggers refuse update and delete (reliability §12)."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_profile_id_at", "profile_id", "at"),
        Index("ix_audit_events_subject", "subject_id", "at"),
    )

    id: Mapped[Id]
    at: Mapped[datetime]
    profile_id: Mapped[UUID | None]
    actor_id: Mapped[UUID | None]
    actor: Mapped[str] = mapped_column(String(300))  # e-mail, key prefix, or "engine"
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(40), default="")
    subject_id: Mapped[UUID | None]
    address: Mapped[str] = mapped_column(String(64), default="")
    request_id: Mapped[str] = mapped_column(String(64), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
