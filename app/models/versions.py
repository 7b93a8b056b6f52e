"""What a post said before: its texts as they were saved."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id


class PostVersion(Base):
    """The texts of a post as somebody left them. ``own`` maps a network to its own parts.

    What is typed in a working copy is kept with the post that it changes.
    """

    __tablename__ = "post_versions"
    __table_args__ = (Index("ix_post_versions_post_id_id", "post_id", "id"),)

    id: Mapped[Id]
    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    by_key: Mapped[bool] = mapped_column(default=False)
    parts: Mapped[list[str]]
    own: Mapped[dict[str, Any]]
    began_at: Mapped[datetime]
    saved_at: Mapped[datetime]
