"""Queue ``checks``: posts are looked at before their time, beside everything else."""

from __future__ import annotations

from app.services import cnames, integration_checks
from app.services import flight as checking


def flight() -> None:
    """Look at what was put on the clock, changed, or has come near its time."""
    checking.run()


def integrations() -> None:
    """Ask connected systems whether they still accept us, and look at the DNS of domains."""
    integration_checks.recheck()
    cnames.recheck()
