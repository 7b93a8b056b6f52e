"""Rate windows as networks keep them, and the switch that lifts them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """What a network says about one limit. ``reset`` is unix seconds."""

    limit: int
    remaining: int
    reset: int
    refused: bool = False


class Limits:
    """Fixed windows by network, account and bucket; in memory only.

    Accounts whose handle begins with ``bench`` are never refused; any other limit can be
    set or lifted by ``set_limit`` (``POST /_sandbox/limits``).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str, str], tuple[float, int]] = {}
        self._set: dict[tuple[str, str, str], int | None] = {}

    def hit(self, network: str, account: str, bucket: str, limit: int, seconds: float) -> Window:
        """Count one call; a refused one is not counted."""
        now = time.time()
        key = (network, account.lower(), bucket)
        with self._lock:
            allowed = self._allowed(*key, limit)
            start, count = self._windows.get(key, (now, 0))
            if now >= start + seconds:
                start, count = now, 0
            reset = int(start + seconds) + 1
            if allowed is None:
                return Window(limit, limit - 1, reset)
            if count >= allowed:
                self._windows[key] = (start, count)
                return Window(allowed, 0, reset, refused=True)
            self._windows[key] = (start, count + 1)
            return Window(allowed, allowed - count - 1, reset)

    def _allowed(self, network: str, account: str, bucket: str, limit: int) -> int | None:
        for key in (
            (network, account, bucket), (network, account, "*"), (network, "*", bucket),
            (network, "*", "*"), ("*", account, "*"), ("*", "*", bucket), ("*", "*", "*"),
        ):  # fmt: skip
            if key in self._set:
                return self._set[key]
        return None if account.startswith("bench") else limit

    def set_limit(self, network: str, account: str, bucket: str, limit: int | None) -> None:
        """``None`` lifts it; ``*`` means every network, account or bucket."""
        with self._lock:
            self._set[network, account.lower(), bucket] = limit

    def clear(self) -> None:
        """Fresh windows, and every limit as documented."""
        with self._lock:
            self._windows.clear()
            self._set.clear()

    def orders(self) -> list[dict[str, object]]:
        """What was set, for people and tests."""
        with self._lock:
            return [
                {"network": n, "account": a, "bucket": b, "limit": limit}
                for (n, a, b), limit in self._set.items()
            ]
