"""What containers have in common where Meta has them: waiting for one, and the day's allowance.

How they are made, what they say and what is kept of them differs from network to network
(``instagram_containers.py``, ``threads_containers.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from app import egress
from app.clock import now
from app.networks.base import Category, NetworkError

PAUSES = (0.5, 1.0, 2.0, 3.0)  # between questions before publishing comes back later
SHORTLY = 5.0  # seconds: when it does, where a preparation's own time ran out


def later(message: str, seconds: float) -> NetworkError:
    """It is still being prepared; publishing asks again after so many seconds."""
    return NetworkError(
        Category.MEDIA_PROCESSING, message, code="processing",
        retry_at=now() + timedelta(seconds=seconds),
    )  # fmt: skip


def pause(sleep: Callable[[float], None], seconds: float, message: str) -> None:
    """Wait inside a preparation; raises ``later`` where its time is over."""
    wire = egress.current()
    try:
        sleep(seconds if wire is None else wire.left(seconds))
    except TimeoutError as error:
        raise later(message, SHORTLY) from error


def spent(
    ask: Callable[[], Mapping[str, Any]], usage: str = "quota_usage", config: str = "config"
) -> tuple[int, int] | None:
    """What is used of the allowance, and of how much, where nothing is left of it; else ``None``.

    ``ask`` reads Meta's list of limits. What does not answer, or does not tell, stops no post;
    a sign-in that was refused and a rate limit do.
    """
    try:
        rows = ask().get("data")
    except NetworkError as error:
        if error.category in (Category.AUTH_ERROR, Category.RATE_LIMITED):
            raise
        return None
    row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    limits = row.get(config)
    used, total = row.get(usage), limits.get("quota_total") if isinstance(limits, dict) else None
    if isinstance(used, int) and isinstance(total, int) and total <= used:
        return used, total
    return None


def quota(message: str) -> NetworkError:
    """The allowance of 24 hours is used up: its oldest post falls out within the hour, perhaps."""
    return NetworkError(
        Category.RATE_LIMITED, message, code="quota", retry_at=now() + timedelta(hours=1)
    )
