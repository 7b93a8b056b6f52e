"""Steps of a preparation as they are stored: what lies under ``secret`` is encrypted.

An upload address lets whoever has it write (networks/youtube.md §2), so it is kept like a
token (reliability §9), bound to its attempt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.extensions import safe

KEY = "secret"


def sealed(resume: Mapping[str, Any], attempt_id: UUID) -> dict[str, Any]:
    """What is written to ``attempts.resume``."""
    kept = dict(resume)
    if KEY in kept:
        kept[KEY] = safe.vault.encrypt(json.dumps(kept[KEY]), _place(attempt_id))
    return kept


def opened(stored: Mapping[str, Any], attempt_id: UUID) -> dict[str, Any]:
    """What the network gets back."""
    kept = dict(stored)
    if KEY in kept:
        kept[KEY] = json.loads(safe.vault.decrypt(kept[KEY], _place(attempt_id)))
    return kept


def _place(attempt_id: UUID) -> str:
    return f"attempts.resume.{attempt_id}"
