"""When to post (the Amplify seed, "Get Best Posting Times").

Until a profile has measured posts of its own, the answer is a few hours that suit most
audiences, and says so. Hours are those of the profile's zone; days count from Sunday.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.errors import ValidationFailed
from app.permissions import Actor, Permission
from app.services import catalogue
from app.services.access import reach

MESSAGE = "No historical data yet. Using recommended defaults."


@dataclass(frozen=True)
class Slot:
    """An hour of the week. ``score`` and ``posts`` are of the profile's own posts."""

    day: int  # 0 Sunday … 6 Saturday
    hour: int
    reason: str = ""
    score: float | None = None
    posts: int = 0


@dataclass(frozen=True)
class BestTimes:
    """The slots, best first; ``message`` is said where they are the usual ones."""

    slots: tuple[Slot, ...]
    is_default: bool
    message: str
    time_zone: str


DEFAULTS = (
    Slot(2, 9, "Weekday morning engagement"),
    Slot(3, 12, "Midweek lunch break"),
    Slot(4, 9, "Weekday morning engagement"),
    Slot(2, 12, "Lunch break"),
    Slot(4, 17, "End of the working day"),
)


def find(actor: Actor, profile_id: UUID, network: str | None = None) -> BestTimes:
    """The best hours for a profile, on one network or on all of them.

    Raises ``ValidationFailed`` for a network that there is not.
    """
    profile = reach(actor).profile(profile_id, need=Permission.POST_READ)
    if network and network not in {one.name for one in catalogue.entries()}:
        raise ValidationFailed(f"There is no platform called {network[:40]}.", field="platform")
    return BestTimes(DEFAULTS, True, MESSAGE, profile.time_zone)
