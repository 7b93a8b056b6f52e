"""Previews shown to people without an account here, and what they say of them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Id
from app.models.people import User
from app.models.posts import Post


class PostShare(Base):
    """A secret address under which a post's preview is seen. Of its token only the SHA-256 is
    kept; it ends when it is revoked, at ``expires_at``, and with its maker's reach."""

    __tablename__ = "post_shares"
    __table_args__ = (Index("ix_post_shares_post_id_id", "post_id", "id"),)

    id: Mapped[Id]
    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    post: Mapped[Post] = relationship()
    user: Mapped[User] = relationship()


class PostComment(Base):
    """What a visitor said of a preview, under the name that was given."""

    __tablename__ = "post_comments"
    __table_args__ = (
        Index("ix_post_comments_post_id_id", "post_id", "id"),
        Index("ix_post_comments_share_id", "share_id"),
    )

    id: Mapped[Id]
    share_id: Mapped[UUID] = mapped_column(ForeignKey("post_shares.id", ondelete="CASCADE"))
    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
