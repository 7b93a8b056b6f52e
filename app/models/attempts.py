"""Attempts: what was said to a network, written before it was said (reliability §1, §2)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Id
from app.models.posts import PostTarget


class AttemptState(StrEnum):
    OPEN = "open"
    OK = "ok"
    REFUSED = "refused"  # the network said no, for good or for now
    FAILED = "failed"  # known not executed
    UNKNOWN = "unknown"  # nobody read the outcome; the network is asked


class Phase(StrEnum):
    PREPARE = "prepare"
    COMMIT = "commit"
    PROCESSING = "processing"


UNSETTLED = "state IN ('open', 'unknown')"
COMMITTING = "state = 'open' AND phase = 'commit'"
ASKING = "state = 'unknown'"


class Attempt(Base):
    """One try at one part of a target: also its job log row.

    ``content`` is the frozen post, ``resume`` the network's steps so far, ``published``
    what the network gave back (id, url, extras).
    """

    __tablename__ = "attempts"
    __table_args__ = (
        Index("uq_attempts_target_unsettled", "target_id", unique=True,
              sqlite_where=text(UNSETTLED), postgresql_where=text(UNSETTLED)),
        Index("uq_attempts_account_committing", "account_id", unique=True,
              sqlite_where=text(COMMITTING), postgresql_where=text(COMMITTING)),
        Index("ix_attempts_asking", "next_probe_at",
              sqlite_where=text(ASKING), postgresql_where=text(ASKING)),
        Index("ix_attempts_account_id_id", "account_id", "id"),
        Index("ix_attempts_target_id_number", "target_id", "number"),
        Index("ix_attempts_account_external_id", "account_id", "external_id",
              sqlite_where=text("external_id IS NOT NULL"),
              postgresql_where=text("external_id IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[Id]
    target_id: Mapped[UUID] = mapped_column(ForeignKey("post_targets.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("social_accounts.id"))
    number: Mapped[int]
    part: Mapped[int] = mapped_column(default=0)
    state: Mapped[AttemptState] = mapped_column(default=AttemptState.OPEN)
    phase: Mapped[Phase] = mapped_column(default=Phase.PREPARE)
    marker: Mapped[str] = mapped_column(String(64), unique=True)
    claim_token: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]]
    resume: Mapped[dict[str, Any]] = mapped_column(default=dict)
    started_at: Mapped[datetime]
    commit_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    category: Mapped[str | None] = mapped_column(String(24))
    http_status: Mapped[int | None]
    error_code: Mapped[str | None] = mapped_column(String(60))
    message: Mapped[str | None] = mapped_column(Text)
    raw: Mapped[str | None] = mapped_column(String(512))

    probes: Mapped[int] = mapped_column(default=0)
    next_probe_at: Mapped[datetime | None]
    absent_at: Mapped[datetime | None]  # first time the listing did not show it
    external_id: Mapped[str | None] = mapped_column(String(500))
    url: Mapped[str | None] = mapped_column(String(2000))
    extras: Mapped[dict[str, Any] | None]

    target: Mapped[PostTarget] = relationship()

    @property
    def accepted(self) -> bool:
        """Of an unknown outcome: whether the network said yes, so that it is never repeated
        (reliability §4). It answered 2xx and nobody could read more, or it is still at work."""
        return self.category == "media_processing" or 200 <= (self.http_status or 0) < 300
