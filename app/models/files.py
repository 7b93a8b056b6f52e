"""Plain files: calendar feeds, and exports and imports with their rows (promises.md 15)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.accounts import SocialAccount
from app.models.base import Base, Id
from app.models.people import User
from app.models.profiles import Profile

WAITS = "state IN ('waiting', 'working')"


class CalendarFeed(Base):
    """A secret address under which a calendar program reads a brand, or one account of it.

    Of the address's token only the SHA-256 is kept. It shows what its maker may see at the time.
    """

    __tablename__ = "calendar_feeds"
    __table_args__ = (Index("ix_calendar_feeds_profile_id_id", "profile_id", "id"),)

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    account_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("social_accounts.id", ondelete="CASCADE")
    )
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80), default="")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    last_read_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    profile: Mapped[Profile] = relationship()
    account: Mapped[SocialAccount | None] = relationship()
    user: Mapped[User] = relationship()


class FileKind(StrEnum):
    EXPORT_TABLE = "export_table"
    EXPORT_FOLDER = "export_folder"
    IMPORT_TABLE = "import_table"
    IMPORT_FOLDER = "import_folder"


class FileState(StrEnum):
    """``waiting`` and ``working`` are a worker's; ``ready`` waits for a person."""

    WAITING = "waiting"
    WORKING = "working"
    READY = "ready"  # read and checked: nothing is made until somebody says so
    DONE = "done"
    FAILED = "failed"


class FileJob(Base):
    """A file being written or read. ``done`` of ``total`` steps are behind it.

    ``asked`` is what a person chose. ``key`` is the file in storage, until ``expires_at``.
    Whoever works on it holds it until ``lease_until``; ``token`` fences the writes.
    """

    __tablename__ = "file_jobs"
    __table_args__ = (
        Index("ix_file_jobs_profile_id_id", "profile_id", "id"),
        Index("ix_file_jobs_waits", "id",
              sqlite_where=text(WAITS), postgresql_where=text(WAITS)),
        Index("ix_file_jobs_expires_at", "expires_at"),
    )  # fmt: skip

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[FileKind]
    state: Mapped[FileState] = mapped_column(default=FileState.WAITING)
    step: Mapped[str] = mapped_column(String(12), default="")  # of an import: check, make
    name: Mapped[str] = mapped_column(String(255), default="")
    asked: Mapped[dict[str, Any]] = mapped_column(default=dict)
    key: Mapped[str | None] = mapped_column(String(120))
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(String(400), default="")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    token: Mapped[int] = mapped_column(default=0)

    profile: Mapped[Profile] = relationship()


class FileRow(Base):
    """One line of a table, or one post of a folder, on its way in.

    ``mark`` says what importing it would do; ``post_id`` is the post it becomes, known before it
    is made, so that it is made once.
    """

    __tablename__ = "file_rows"
    __table_args__ = (UniqueConstraint("job_id", "number"),)

    id: Mapped[Id]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("file_jobs.id", ondelete="CASCADE"))
    number: Mapped[int]
    mark: Mapped[str] = mapped_column(String(12), default="new")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    problems: Mapped[list[str]] = mapped_column(default=list)
    chosen: Mapped[bool] = mapped_column(default=True)
    post_id: Mapped[UUID | None]
    done_at: Mapped[datetime | None]
