"""The clock of the played networks' workshops, where uploads and films are worked on."""

from __future__ import annotations

import time
from typing import Any

import pytest


class Ahead:
    """A clock that a test puts forward; ``still``: that moves by this alone.

    What has to be seen before a film is processed is then seen on the slowest machine.
    """

    MODULES = (
        "facebook.videos", "instagram.containers", "linkedin.media", "pinterest.media",
        "reddit.shapes", "threads.containers", "tiktok.drafts", "youtube.videos", "x.media",
        "mastodon.media", "bluesky.video",
    )  # fmt: skip

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, still: bool = False) -> None:
        self.by = 0.0
        self._at = time.time() if still else None
        for module in self.MODULES:
            monkeypatch.setattr(f"app.sandbox.{module}.time", self)

    def time(self) -> float:
        return (self._at or time.time()) + self.by

    def move(self, seconds: float) -> None:
        self.by += seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)
