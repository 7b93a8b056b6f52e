"""Typed tables and the moves their rows allow; no Flask but the login mixin."""

from __future__ import annotations

from app.models import (
    accounts,
    approvals,
    attempts,
    billing,
    bulk,
    content_templates,
    engine,
    events,
    files,
    idempotency,
    integrations,
    keys,
    labels,
    media,
    numbers,
    people,
    posting_times,
    posts,
    profiles,
    recurring,
    shares,
    usage,
    versions,
)
from app.models.base import Base

__all__ = [
    "Base", "accounts", "approvals", "attempts", "billing", "bulk", "content_templates", "engine",
    "events", "files", "idempotency", "integrations", "keys", "labels", "media", "numbers",
    "people", "posting_times", "posts", "profiles", "recurring", "shares", "usage", "versions",
]  # fmt: skip
