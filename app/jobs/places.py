"""Queue ``places``: what is read of accounts just connected; a slow network takes long."""

from __future__ import annotations

from app.services import faces, lookups


def look_up() -> None:
    """Ask the networks for what is wanted."""
    lookups.run()


def fetch_faces() -> None:
    """Fetch the pictures of accounts connected lately."""
    faces.fetch_missing()
