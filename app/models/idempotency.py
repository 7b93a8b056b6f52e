"""What an idempotency key has done (reliability §7)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id


class IdempotencyKey(Base):
    """One key of one owner: what was asked with it, what was made, and the answer.

    Without a ``status`` the request is still running, or died; ``lease_until`` tells which.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("owner", "key"),
        Index("ix_idempotency_keys_created_at", "created_at"),
    )

    id: Mapped[Id]
    owner: Mapped[str] = mapped_column(String(60))  # key:<id> or user:<id>
    key: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(64))  # of method, path and body
    lease_until: Mapped[datetime]
    made: Mapped[str | None] = mapped_column(String(40))  # the table of what was made
    made_id: Mapped[UUID | None]
    status: Mapped[int | None]
    body: Mapped[str | None] = mapped_column(Text)  # encrypted: it may show a secret once
    created_at: Mapped[datetime]
