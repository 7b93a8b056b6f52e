"""How many requests an hour a key may send, told on every answer (reliability §7; Amplify seed).

A sliding hour in Redis. Without Redis each process counts for itself, with its share.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g
from limits import RateLimitItemPerHour
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from app import logs
from app.config import settings
from app.errors import RateLimited

HOUR = 3600
OPERATION = "apiRead"  # the Ampost seed's word for requests
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

    def __init__(self, redis: Any) -> None:
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

    @staticmethod
    def _hit(limiter: MovingWindowRateLimiter, name: str, most: int) -> tuple[bool, Standing]:
        item = RateLimitItemPerHour(most)
        fits = limiter.hit(item, "api", name)
        stats = limiter.get_window_stats(item, "api", name)
        return fits, Standing(most, max(stats.remaining, 0), int(stats.reset_time) + 1)


def init_app(app: Flask) -> None:
    """One counter for the process."""
    from app.extensions import queues

    app.extensions["carillon_hourly"] = Hourly(queues.redis)


def count(bp: Blueprint) -> None:
    """Count the requests of a contract and tell every key what it has left."""

    @bp.before_request
    def spend() -> None:
        if "actor" not in g or g.actor.key_id is None:
            return
        hourly: Hourly = current_app.extensions["carillon_hourly"]
        fits, g.standing = hourly.hit(str(g.actor.key_id), settings().API_REQUESTS_PER_HOUR)
        if not fits:
            raise RateLimited(
                f"This key has sent {g.standing.limit} requests within the hour, which is the"
                " limit.", retry_after=max(g.standing.reset - int(time.time()), 1),
                facts={"operation": OPERATION},
            )  # fmt: skip


def tell(response: Response) -> Response:
    """The headers of the seed, and those of the IETF's draft."""
    found: Standing | None = g.get("standing")
    if found is not None:
        left = max(found.reset - int(time.time()), 0)
        response.headers["X-RateLimit-Limit"] = str(found.limit)
        response.headers["X-RateLimit-Remaining"] = str(found.remaining)
        response.headers["X-RateLimit-Reset"] = str(found.reset)
        response.headers["RateLimit-Policy"] = f'"hour";q={found.limit};w={HOUR}'
        response.headers["RateLimit"] = f'"hour";r={found.remaining};t={left}'
    return response
