"""Words by which a brand finds its posts again."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id


class Label(Base):
    """A label of a brand; ``key`` is its name without regard to capitals, so that each is once."""

    __tablename__ = "labels"
    __table_args__ = (UniqueConstraint("profile_id", "key"),)

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(80))


class PostLabel(Base):
    """A label on a post."""

    __tablename__ = "post_labels"
    __table_args__ = (
        UniqueConstraint("post_id", "label_id"),
        Index("ix_post_labels_label_id", "label_id"),
    )

    id: Mapped[Id]
    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    label_id: Mapped[UUID] = mapped_column(ForeignKey("labels.id", ondelete="CASCADE"))
