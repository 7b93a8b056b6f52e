"""How many requests an hour a key may send (reliability §7; Amplify seed).

A sliding hour in Redis. Without Redis each process counts for itself, with its share.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from flask import Flask, current_app
from limits import RateLimitItemPerHour
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis
from redis.exceptions import RedisError

from app import logs
from app.config import settings
from app.extensions import queues

PROCESSES = 2  # of the web server, as `carillon web` starts it

log = logs.get("api")


@dataclass(frozen=True)
class Standing:
    """What a key has left: ``reset`` is in unix seconds."""

    limit: int
    remaining: int
    reset: int


class Hourly:
    """The counts of all keys."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    @cached_property
    def _shared(self) -> MovingWindowRateLimiter:
        pool = self._redis.connection_pool
        return MovingWindowRateLimiter(RedisStorage("redis://", connection_pool=pool))

    @cached_property
    def _own(self) -> MovingWindowRateLimiter:
        return MovingWindowRateLimiter(MemoryStorage())

    def hit(self, name: str, most: int) -> tuple[bool, Standing]:
        """Count one request of that key: whether it fits, and what is left."""
        try:
            return self._hit(self._shared, name, most)
        except RedisError:
            log.warning("api.limits_alone")
            return self._hit(self._own, name, max(most // PROCESSES, 1))

    def look(self, name: str, most: int) -> Standing | None:
        """What that key has left, counting nothing; ``None`` where Redis cannot say."""
        try:
            return _standing(self._shared, name, most)
        except RedisError:
            return None

    @staticmethod
    def _hit(limiter: MovingWindowRateLimiter, name: str, most: int) -> tuple[bool, Standing]:
        fits = limiter.hit(RateLimitItemPerHour(most), "api", name)
        return fits, _standing(limiter, name, most)


def init_app(app: Flask) -> None:
    """One counter for the process."""
    app.extensions["carillon_hourly"] = Hourly(queues.redis)


def hit(key_id: UUID) -> tuple[bool, Standing]:
    """Count one request of a key: whether it fits into the hour, and what is left."""
    return _counter().hit(str(key_id), settings().API_REQUESTS_PER_HOUR)


def hit_named(name: str, most: int) -> tuple[bool, Standing]:
    """The same for something else that is read over and over, such as a calendar feed."""
    return _counter().hit(name, most)


def look(key_id: UUID) -> Standing | None:
    """What a key has left of its hour; ``None`` where Redis cannot say."""
    return _counter().look(str(key_id), settings().API_REQUESTS_PER_HOUR)


def _counter() -> Hourly:
    found: Hourly = current_app.extensions["carillon_hourly"]
    return found


def _standing(limiter: MovingWindowRateLimiter, name: str, most: int) -> Standing:
    stats = limiter.get_window_stats(RateLimitItemPerHour(most), "api", name)
    return Standing(most, max(stats.remaining, 0), int(stats.reset_time) + 1)
