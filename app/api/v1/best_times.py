"""``GET /api/v1/scheduling/best-times`` (the Amplify seed)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from pydantic import Field

from app.api import doors
from app.api.auth import current_actor, current_profile_id, requires
from app.api.contract import Camel, Model, operation
from app.services import best_times
from app.services.best_times import BestTimes, Slot

bp = Blueprint("api_best_times", __name__, url_prefix="/api/v1")
doors.build(bp)


class BestTimesQuery(Camel):
    """Which profile's, and if you like on which network."""

    profile_id: str | None = None
    platform: str | None = Field(default=None, max_length=20)


class SlotItem(Model):
    """An hour of the week, in the profile's time zone; days count from 0, Sunday. The seed
    spells computed ones in camelCase and its defaults in snake_case: each is told in both."""

    dayOfWeek: int
    hourOfDay: int
    avgEngagementScore: float | None
    postsCount: int
    day_of_week: int
    hour_of_day: int
    reason: str


class BestTimesOut(Model):
    bestTimes: list[SlotItem]
    isDefault: bool
    timezone: str
    message: str | None = Field(default=None, exclude_if=lambda given: given is None)


@bp.get("/scheduling/best-times")
@requires("post.read")
@operation(
    "Best times to post", tag="Scheduling", query=BestTimesQuery, answers={200: BestTimesOut}
)
def index(query: BestTimesQuery) -> Any:
    """From the profile's own posts, or with ``isDefault`` the usual ones."""
    profile_id = current_profile_id(query.profile_id)
    return told(best_times.find(current_actor(), profile_id, query.platform))


def told(found: BestTimes) -> BestTimesOut:
    """The slots in the seed's words."""
    return BestTimesOut(
        bestTimes=[_slot(one) for one in found.slots], isDefault=found.is_default,
        timezone=found.time_zone, message=found.message if found.is_default else None,
    )  # fmt: skip


def _slot(one: Slot) -> SlotItem:
    return SlotItem(
        dayOfWeek=one.day, hourOfDay=one.hour, avgEngagementScore=one.score, postsCount=one.posts,
        day_of_week=one.day, hour_of_day=one.hour, reason=one.reason,
    )  # fmt: skip
