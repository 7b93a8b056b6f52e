"""Queue ``bulk``: work on many posts goes on after the page has answered."""

from __future__ import annotations

from app.services import bulk


def run() -> None:
    """Go on with every batch that is not at its end; a lost wake-up is made up for by the clock."""
    bulk.run()
