"""How long to wait before the next try (reliability §5)."""

from __future__ import annotations

import secrets

CAP_SECONDS = 24 * 3600


def jitter(limit: float) -> float:
    """A random number of seconds in 0 … ``limit``."""
    return limit * secrets.randbelow(1_000_001) / 1_000_000


def backoff(attempt: int, base: float = 60.0, asked: float | None = None) -> float:
    """Seconds to wait after attempt ``attempt`` (1, 2, …): base × 2^(n−1), plus 0–10 %.

    ``asked`` is what the network said (``Retry-After`` or reset headers); the wait
    is never shorter than that, and never longer than 24 h.
    """
    wait = base * 2.0 ** (max(attempt, 1) - 1)
    wait += jitter(wait * 0.1)
    return min(max(wait, asked or 0.0), float(CAP_SECONDS))
