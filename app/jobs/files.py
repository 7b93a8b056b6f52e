"""Queue ``files``: exports are written, imports are read and made."""

from __future__ import annotations

from app.services import file_jobs, file_work


def work() -> None:
    """Work on what waits; a wake-up that was lost is made up for by the clock."""
    file_work.run()


def sweep() -> None:
    """Take away files that have had their day."""
    file_jobs.sweep()
