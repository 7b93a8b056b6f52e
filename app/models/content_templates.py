"""Texts kept for use again and again, with their pictures."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Id, Timestamps
from app.models.media import Media


class ContentTemplate(Timestamps, Base):
    """A text with ``{{variables}}``, the networks it is meant for, and how often it was used."""

    __tablename__ = "content_templates"
    __table_args__ = (Index("ix_content_templates_profile_id_id", "profile_id", "id"),)

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(String(1000), default="")
    content: Mapped[str] = mapped_column(Text)
    platforms: Mapped[list[str]] = mapped_column(default=list)
    category: Mapped[str] = mapped_column(String(60), default="")
    is_favorite: Mapped[bool] = mapped_column(default=False)
    usage_count: Mapped[int] = mapped_column(Integer, default=0)

    media: Mapped[list[TemplateMedia]] = relationship(
        order_by="TemplateMedia.position", cascade="all, delete-orphan"
    )


class TemplateMedia(Base):
    """A picture of a template, in its place, with its alt text."""

    __tablename__ = "template_media"
    __table_args__ = (
        Index("ix_template_media_template_id", "template_id"),
        Index("ix_template_media_media_id", "media_id"),
    )

    id: Mapped[Id]
    template_id: Mapped[UUID] = mapped_column(
        ForeignKey("content_templates.id", ondelete="CASCADE")
    )
    media_id: Mapped[UUID] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)
    alt: Mapped[str] = mapped_column(String(2000), default="")

    media: Mapped[Media] = relationship(lazy="joined")
