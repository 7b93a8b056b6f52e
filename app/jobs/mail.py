"""Queue ``mail``: what waits in the outbox."""

from __future__ import annotations

from app.services import mails


def send() -> None:
    """Send every mail that is due."""
    mails.send_waiting()
