"""How often something was done in an hour or a month."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class UsageCount(Base):
    """One count: whose (``profile:<id>``, ``user:<id>``), of what, since when."""

    __tablename__ = "usage_counts"
    __table_args__ = (Index("ix_usage_counts_starts_at", "starts_at"),)

    owner: Mapped[str] = mapped_column(String(60), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
