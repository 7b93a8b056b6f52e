"""People, their sessions, and failed log-ins."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Id, Timestamps


class User(Timestamps, Base):
    """A person who signs in. ``email`` is stored as typed, ``email_key`` lower-cased."""

    __tablename__ = "users"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    email_verified_at: Mapped[datetime | None]
    name: Mapped[str] = mapped_column(String(120), default="")
    password_hash: Mapped[str] = mapped_column(String(255))
    is_operator: Mapped[bool] = mapped_column(default=False)
    theme: Mapped[str] = mapped_column(String(8), default="auto")
    totp_seed: Mapped[str | None]  # encrypted
    totp_confirmed_at: Mapped[datetime | None]
    recovery_codes: Mapped[list[str] | None]  # SHA-256 each
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    suspended_at: Mapped[datetime | None]
    last_profile_id: Mapped[UUID | None]


class UserSession(Base):
    """A log-in. Only the digest of its token is stored (reliability §9, §13)."""

    __tablename__ = "user_sessions"
    __table_args__ = (Index("ix_user_sessions_user_id", "user_id"),)

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    password_at: Mapped[datetime | None]  # when the password was last given
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(255), default="")

    user: Mapped[User] = relationship(lazy="joined")


class LoginFailure(Base):
    """One refused log-in; counted by account and by address over 15 minutes."""

    __tablename__ = "login_failures"
    __table_args__ = (
        Index("ix_login_failures_email_hash_at", "email_hash", "at"),
        Index("ix_login_failures_address_at", "address", "at"),
    )

    id: Mapped[Id]
    email_hash: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class Mail(Base):
    """A mail to send; written in the transaction of what it tells about."""

    __tablename__ = "mails"
    __table_args__ = (
        Index("ix_mails_waiting", "next_try_at", sqlite_where=text("sent_at IS NULL"),
              postgresql_where=text("sent_at IS NULL")),
    )  # fmt: skip

    id: Mapped[Id]
    to: Mapped[str] = mapped_column(String(254))
    kind: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    once: Mapped[str | None] = mapped_column(String(120), unique=True)  # told once
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
