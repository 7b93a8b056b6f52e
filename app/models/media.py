"""Uploaded files and link cards."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, Timestamps


class Media(Timestamps, Base):
    """A stored file. ``name`` is the user's, for show only; ``key`` is where it lies."""

    __tablename__ = "media"
    __table_args__ = (Index("ix_media_profile_id_created_at", "profile_id", "created_at"),)

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    uploaded_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    thumb_key: Mapped[str | None] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(255), default="")
    mime: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    frames: Mapped[int] = mapped_column(default=1)
    seconds: Mapped[float] = mapped_column(default=0.0)
    codec: Mapped[str] = mapped_column(String(20), default="")  # of a video: "h264"
    poster_key: Mapped[str | None] = mapped_column(String(120))  # a video's frame, a JPEG
    alt: Mapped[str] = mapped_column(String(2000), default="")
    deleted_at: Mapped[datetime | None]


class MediaTag(Base):
    """A word by which a file is found again; in small letters, so that each exists once."""

    __tablename__ = "media_tags"
    __table_args__ = (
        UniqueConstraint("media_id", "tag"),
        Index("ix_media_tags_profile_id_tag", "profile_id", "tag"),
    )

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    media_id: Mapped[UUID] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"))
    tag: Mapped[str] = mapped_column(String(40))


class MediaUpload(Base):
    """A file announced and not here yet; ``id`` and ``key`` become its own when it arrives.

    Of the token that lets it in only the SHA-256 is kept. ``used_at``: a file came with it.
    """

    __tablename__ = "media_uploads"
    __table_args__ = (Index("ix_media_uploads_expires_at", "expires_at"),)

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    uploaded_by: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    api_key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    mime: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LinkCard(Base):
    """A page's title and picture, read once and kept for a day; the key is the URL's SHA-256."""

    __tablename__ = "link_cards"
    __table_args__ = (Index("ix_link_cards_fetched_at", "fetched_at"),)

    url_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    url: Mapped[str] = mapped_column(String(2000))
    title: Mapped[str] = mapped_column(String(300), default="")
    description: Mapped[str] = mapped_column(String(600), default="")
    image_key: Mapped[str | None] = mapped_column(String(120))
    image_mime: Mapped[str] = mapped_column(String(40), default="")
    image_width: Mapped[int] = mapped_column(default=0)
    image_height: Mapped[int] = mapped_column(default=0)
    failed: Mapped[bool] = mapped_column(default=False)
    fetched_at: Mapped[datetime]
