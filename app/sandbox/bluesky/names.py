"""Names, handles and DIDs of the people here."""

from __future__ import annotations

import base64
import hashlib
import re

from app.sandbox.records import Account
from app.sandbox.store import store

NAME = "bluesky"
DOMAIN = ".bsky.social"
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HANDLE = re.compile(rf"(?:{LABEL}\.)+(?=[a-z]){LABEL}")
_NAME = re.compile(rf"{LABEL}")


def name_of(identifier: str) -> str:
    """The account name behind a name, handle, DID or e-mail; ``""`` for what can be none."""
    text = identifier.strip().lower().removesuffix("@example.com")
    if text.startswith("did:"):
        row = store().table("bluesky.dids").get(text)
        return str(row["name"]) if row else ""
    short = text.removesuffix(DOMAIN)
    if _NAME.fullmatch(short):
        return short
    return text if HANDLE.fullmatch(text) else ""


def handle_of(name: str) -> str:
    """The handle of an account name: every handle here is a domain."""
    return name if "." in name else name + DOMAIN


def did_of(name: str) -> str:
    """The DID: the same in every sandbox."""
    hashed = hashlib.sha256(f"bluesky\0{name}".encode()).digest()
    return "did:plc:" + base64.b32encode(hashed).decode().lower()[:24]


def person(name: str) -> Account:
    """The account, made when it is first met, and found by its DID from then on."""
    found = store().accounts.get(NAME, name)
    dids = store().table("bluesky.dids")
    if dids.get(did_of(name)) is None:
        dids.put(did_of(name), {"name": name})
    return found


def resolved(handle: str) -> str:
    """The DID of a handle, or ``""``.

    Everybody of the server's own domain exists; another domain only once somebody signed
    in with it.
    """
    text = handle.strip().lower()
    name = name_of(text)
    if not name or not HANDLE.fullmatch(text):
        return ""
    if "." in name and store().table("bluesky.dids").get(did_of(name)) is None:
        return ""
    person(name)
    return did_of(name)


def status(name: str) -> str:
    """``""``, or what an operator did to the account: ``takendown``, ``deactivated``.

    Set with ``POST /_sandbox/accounts`` (``extras``: ``{"status": "takendown"}``).
    """
    return str(person(name).extras.get("status") or "")
