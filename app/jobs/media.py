"""Queue ``media``: link cards that are wanted, and files that nobody needs any more."""

from __future__ import annotations

from app.services import links, media, media_uploads


def cards() -> None:
    """Read the pages whose cards are wanted; wants missed by a lost wake-up are found here."""
    links.read_wanted()


def sweep() -> None:
    """Once a day: old cards and announcements, then the files without a row."""
    links.forget_old()
    media_uploads.sweep()
    media.sweep_unused()
