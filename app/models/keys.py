"""API keys: shown whole once, kept as a digest (reliability §9)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Id
from app.models.people import User


class KeyKind(StrEnum):
    """Whom a key acts for (contracts, "Keys and access")."""

    PROFILE = "profile"  # ak_…: one profile
    ACCOUNT = "account"  # amp_live_…: its user, on every profile in reach


class KeyMode(StrEnum):
    """How far a key may go by itself (promises.md 12)."""

    DRAFT = "draft_only"
    CONFIRM = "needs_confirmation"  # what it puts on the clock waits for a person
    PUBLISH = "may_publish"


class ConfirmationState(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    VOID = "void"  # the post was changed, or settled in another way


class ApiKey(Base):
    """One key. It acts with the role its user holds at the time of use, never with more."""

    __tablename__ = "api_keys"
    __table_args__ = (
        Index("ix_api_keys_user_id", "user_id"),
        Index("ix_api_keys_profile_id", "profile_id"),
    )

    id: Mapped[Id]
    kind: Mapped[KeyKind]
    name: Mapped[str] = mapped_column(String(80), default="")
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    prefix: Mapped[str] = mapped_column(String(12))
    last8: Mapped[str] = mapped_column(String(8))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    profile_id: Mapped[UUID | None] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    # The seat belt: notice in minutes; posts put on the clock a day (UTC); accounts by id.
    mode: Mapped[KeyMode] = mapped_column(default=KeyMode.PUBLISH, server_default="may_publish")
    notice_minutes: Mapped[int] = mapped_column(default=0, server_default="0")
    posts_a_day: Mapped[int | None]
    account_ids: Mapped[list[str] | None]

    user: Mapped[User] = relationship(lazy="joined")

    @property
    def shown(self) -> str:
        """All that is ever shown of it again."""
        return f"...{self.last8}"


class Confirmation(Base):
    """A key asks a person to let a post go out as it is: ``digest`` is of text and targets.

    It is used once. Any edit makes it void, and another one stands for the post as it is then.
    """

    __tablename__ = "confirmations"
    __table_args__ = (
        Index("ix_confirmations_post_id", "post_id"),
        Index("ix_confirmations_pending", "post_id", unique=True,
              sqlite_where=text("state = 'pending'"), postgresql_where=text("state = 'pending'")),
    )  # fmt: skip

    id: Mapped[Id]
    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    key_id: Mapped[UUID] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"))
    state: Mapped[ConfirmationState] = mapped_column(default=ConfirmationState.PENDING)
    digest: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    key: Mapped[ApiKey] = relationship(lazy="joined")
