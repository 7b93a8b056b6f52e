"""One piece of work on many posts, and what became of each: what one undo puts back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, Timestamps


class BulkKind(StrEnum):
    """What is done to each post."""

    MOVE = "move"  # by days and hours
    DATE = "date"  # to one day, each at its own time
    DUPLICATE = "duplicate"
    ACCOUNTS = "accounts"
    APPROVE = "approve"
    DELETE = "delete"
    REPLACE = "replace"  # text in the posts
    LABELS = "labels"


class BulkState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class ItemState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"  # left as it was, for ``reason``
    UNDONE = "undone"
    KEPT = "kept"  # done, and could not be undone, for ``reason``


AT_WORK = "state IN ('running', 'undoing')"


class BulkBatch(Timestamps, Base):
    """One order of a person. ``asked`` is the order as plain JSON (``bulk_orders``).

    It is undone at most once, by whoever gave it, until an hour after ``done_at``.
    """

    __tablename__ = "bulk_batches"
    __table_args__ = (
        Index("ix_bulk_batches_user_id", "user_id", "profile_id", "done_at"),
        Index("ix_bulk_batches_profile_id", "profile_id"),
        Index("ix_bulk_batches_at_work", "created_at",
              sqlite_where=text(AT_WORK), postgresql_where=text(AT_WORK)),
    )  # fmt: skip

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[BulkKind]
    asked: Mapped[dict[str, Any]]
    state: Mapped[BulkState] = mapped_column(default=BulkState.RUNNING)
    done_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]


class BulkItem(Base):
    """One post of a batch.

    ``rev`` is the post as the person saw it, ``after`` as the work left it; ``mark`` is what else
    was seen. ``before`` is what an undo puts back, ``made_id`` the post that was made.
    """

    __tablename__ = "bulk_items"
    __table_args__ = (
        UniqueConstraint("batch_id", "place"),
        Index("ix_bulk_items_batch_id_state", "batch_id", "state", "place"),
        Index("ix_bulk_items_post_id", "post_id"),
        Index("ix_bulk_items_made_id", "made_id"),
    )

    id: Mapped[Id]
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("bulk_batches.id", ondelete="CASCADE"))
    place: Mapped[int] = mapped_column(Integer)
    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    rev: Mapped[int] = mapped_column(Integer)
    mark: Mapped[str] = mapped_column(String(80), default="")
    state: Mapped[ItemState] = mapped_column(default=ItemState.WAITING)
    reason: Mapped[str] = mapped_column(String(500), default="")
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[int] = mapped_column(Integer, default=0)
    made_id: Mapped[UUID | None] = mapped_column(ForeignKey("posts.id", ondelete="SET NULL"))
