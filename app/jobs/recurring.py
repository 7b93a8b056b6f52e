"""Queue ``recurring``: the next posts of recurring schedules are made."""

from __future__ import annotations

from app.services import recurring_maker


def make() -> None:
    """Make what comes within the horizon; a wake-up that was lost is made up for by the clock."""
    recurring_maker.run()
