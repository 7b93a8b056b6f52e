"""What programs have used of a brand's hours and of a plan's month (DESIGN 6.10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.clock import now
from app.config import settings
from app.permissions import Actor
from app.services import monthly, plans, usage
from app.services.plans import Plan


@dataclass(frozen=True)
class Use:
    """One thing that is counted. ``most`` ``None``: no limit."""

    name: str
    used: int
    most: int | None


@dataclass(frozen=True)
class Month:
    """The plan's month, of all brands of whoever pays; ``ends`` is its first moment no more."""

    plan: Plan
    ends: datetime
    uses: tuple[Use, ...]
    stored: Use  # bytes


def plan_of(profile_id: UUID) -> Plan:
    """The plan a brand is on."""
    return plans.of(plans.owner_of(profile_id))


def month(actor: Actor, profile_id: UUID) -> Month | None:
    """What the brand's plan has been used for this month. ``None`` for all but its payer: the
    figures are of other brands too (reliability §1.12)."""
    payer = plans.owner_of(profile_id)
    if payer is None or payer != actor.user_id:
        return None
    plan, window = plans.of(payer), usage.month_of(now())
    limits = {
        monthly.KIND: ("API requests", plan.api_requests_per_month),
        f"{usage.POSTS}_month": ("Posts", plan.posts_per_month),
        f"{usage.UPLOADS}_month": ("Uploads", plan.media_uploads_per_month),
    }
    counted = usage.used_of(f"user:{payer}", list(limits), window)
    uses = [
        Use(words, counted.get(kind, 0), most)
        for kind, (words, most) in limits.items()
        if plans.billed() or kind == monthly.KIND  # nothing else is counted without a plan
    ]
    stored = Use("Files", usage.stored_bytes(payer), plan.max_storage_bytes)
    return Month(plan, window.ends, tuple(uses), stored)


def hour(profile_id: UUID) -> tuple[Use, ...]:
    """What programs have made in the brand within this clock hour."""
    limits = {
        f"{usage.POSTS}_hour": ("Create posts", settings().API_POSTS_PER_HOUR),
        f"{usage.UPLOADS}_hour": ("Upload media", settings().API_UPLOADS_PER_HOUR),
        f"{usage.CONNECTS}_hour": ("Begin sign-ins", settings().API_CONNECTS_PER_HOUR),
    }
    counted = usage.used_of(f"profile:{profile_id}", list(limits), usage.hour_of(now()))
    return tuple(Use(words, counted.get(kind, 0), most) for kind, (words, most) in limits.items())
