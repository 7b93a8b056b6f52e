"""Typed tables and the moves their rows allow; no Flask but the login mixin."""

from __future__ import annotations

from app.models import (
    accounts,
    attempts,
    engine,
    events,
    media,
    numbers,
    people,
    posts,
    profiles,
)
from app.models.base import Base

__all__ = [
    "Base", "accounts", "attempts", "engine", "events", "media", "numbers",
    "people", "posts", "profiles",
]  # fmt: skip
