"""Who a parameter means, and whether they may do anything."""

from __future__ import annotations

from app.sandbox.bluesky.names import did_of, name_of, resolved, status
from app.sandbox.bluesky.words import no
from app.sandbox.store import store


def actor(text: str) -> str:
    """The account name of a ``repo`` or ``actor`` parameter: a handle or a DID."""
    name = name_of(text)
    known = store().table("bluesky.dids").get(did_of(name)) if name else None
    if known is None and not (name and resolved(text)):
        raise no(400, "InvalidRequest", f"Could not find repo: {text[:100]}")
    return name


def check_active(name: str) -> None:
    """Refuse a taken-down or deactivated account (§5)."""
    if status(name) == "takendown":
        raise no(401, "AccountTakedown", "Account has been taken down")
    if status(name) == "deactivated":
        raise no(401, "AccountDeactivated", "Account is deactivated")
