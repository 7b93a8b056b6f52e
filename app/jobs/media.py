"""Queue ``media``: link cards that are wanted, files that came, and those nobody needs."""

from __future__ import annotations

from app.services import links, media_arrivals, media_sweeps, media_uploads


def cards() -> None:
    """Read the pages whose cards are wanted; wants missed by a lost wake-up are found here."""
    links.read_wanted()


def arrivals() -> None:
    """Take in what was sent straight to the bucket and named by nobody yet."""
    media_arrivals.take_arrived()


def sweep() -> None:
    """Once a day: old cards and announcements, then the files without a row."""
    links.forget_old()
    media_uploads.sweep()
    media_sweeps.sweep_unused()
