"""Queue ``accounts``: what connected accounts need while nothing is published."""

from __future__ import annotations

from app.services import renewals


def renew() -> None:
    """Renew the sign-ins of accounts that rest."""
    renewals.renew_resting()
