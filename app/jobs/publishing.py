"""Queue ``publishing``: wake-ups without data (reliability §1.5)."""

from __future__ import annotations

from app.publishing.runner import Runner

# The runner of this worker process; set by ``jobs.worker`` before any job runs.
runner: Runner | None = None


def deliver() -> None:
    """There is something due."""
    if runner is not None:
        runner.wake()
