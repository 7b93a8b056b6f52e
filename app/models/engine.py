"""What the engine's processes tell each other through the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Float, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class EngineState(Base):
    """One row (id 1): the switch, the clock's last tick, a jump under way, the alarm."""

    __tablename__ = "engine_state"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    paused_at: Mapped[datetime | None]
    pause_reason: Mapped[str] = mapped_column(String(200), default="")
    ticked_at: Mapped[datetime | None]  # wall clock of the last tick
    ticked_mono: Mapped[float | None] = mapped_column(Float)  # seconds since the boot …
    ticked_boot: Mapped[str] = mapped_column(String(64), default="")  # … of this boot
    jump_at: Mapped[datetime | None]  # when a jump was seen
    jump_until: Mapped[datetime | None]  # no claims before
    alarm_at: Mapped[datetime | None]  # overdue posts were first seen
    alarm: Mapped[dict[str, Any] | None]  # profile → oldest overdue time its owners know of


class Heartbeat(Base):
    """A process or a periodic job that says it is alive."""

    __tablename__ = "heartbeats"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    host: Mapped[str] = mapped_column(String(120), default="")
    pid: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Circuit(Base):
    """A network or one of its servers that does not answer (reliability §5).

    ``key`` is ``network`` or ``network:server``. ``failures`` counts since ``since``;
    after ``open_until`` one trial, ``trial_target``, goes first.
    """

    __tablename__ = "circuits"

    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime | None]
    open_until: Mapped[datetime | None]
    trial_target: Mapped[UUID | None]
    trial_until: Mapped[datetime | None]
