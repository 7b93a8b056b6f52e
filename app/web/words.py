"""Small wordings that several pages share."""

from __future__ import annotations

from datetime import datetime

from app.clock import now

# Looked for in this order: later ones are named inside the earlier ones' agents too.
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"),
    ("Safari", "Safari"), ("curl", "curl"), ("python", "a Python script"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def device(agent: str) -> str:
    """A browser's User-Agent in words: "Firefox on Windows"."""
    browser = next((word for mark, word in BROWSERS if mark.lower() in agent.lower()), "")
    system = next((word for mark, word in SYSTEMS if mark in agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "A browser we do not know"


def ago(at: datetime) -> str:
    """How long ago, roughly: "just now", "12 minutes ago", "3 days ago"."""
    seconds = (now() - at).total_seconds()
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        count = int(seconds // size)
        if count >= 1:
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"
