"""How many requests a key may send, told on every answer (reliability §7; Amplify seed).

Within an hour those of the installation, and within a month those of the plan.
"""

from __future__ import annotations

import time

from flask import Blueprint, Flask, Response, g

from app.errors import RateLimited
from app.services import hourly, monthly, usage
from app.services.hourly import Standing

HOUR = 3600


def init_app(app: Flask) -> None:
    """One counter of each kind for the process."""
    hourly.init_app(app)
    monthly.init_app(app)


def count(bp: Blueprint) -> None:
    """Count the requests of a contract and tell every key what it has left."""

    @bp.before_request
    def spend() -> None:
        if "actor" not in g or g.actor.key_id is None:
            return
        fits, g.standing = hourly.hit(g.actor.key_id)
        if not fits:
            raise RateLimited(
                f"This key has sent {g.standing.limit} requests within the hour, which is the"
                " limit.", retry_after=max(g.standing.reset - int(time.time()), 1),
                facts={"operation": usage.OPERATIONS[usage.REQUESTS]},
            )  # fmt: skip
        monthly.spend(g.actor.key_id)


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
