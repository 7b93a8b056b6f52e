"""The plans, and which one a person is on (contracts, "Keys and access"; the Amplify seed).

Without Stripe's key the installation is self-hosted: one plan without limits for everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, exists, select, tuple_
from sqlalchemy.orm import aliased

from app.config import settings
from app.errors import SubscriptionRequired
from app.extensions import db
from app.models.billing import Subscription
from app.models.profiles import Membership
from app.permissions import Role

GIB = 1024**3
PAYING = ("active", "trialing", "past_due")
NO_API = "The Free plan includes no API access. Choose a plan under Billing."


@dataclass(frozen=True)
class Plan:
    """One plan: its price in pounds a month, and its limits. ``None``: no limit."""

    name: str
    title: str
    price: int
    profiles: int | None = None
    posts_per_month: int | None = None
    api_requests_per_month: int | None = None
    media_uploads_per_month: int | None = None
    max_scheduled_posts: int | None = None
    max_storage_bytes: int | None = None
    keys: bool = True
    webhooks: bool = True


# The seed's table; the names it leaves without a figure have none here either.
FREE = Plan("free", "Free", 0, 2, 25, 0, 25, 25, 1 * GIB, keys=False, webhooks=False)
PLANS: dict[str, Plan] = {
    one.name: one
    for one in (
        FREE,
        Plan("starter", "Starter", 19, 10, 150, 10_000, None, 150, 10 * GIB),
        Plan("growth", "Growth", 49, 50, None, 100_000, None, None, 50 * GIB),
        Plan("agency", "Agency", 99, 100, None, 500_000, None, None, 200 * GIB),
        Plan("unlimited", "Unlimited", 299),
    )
}
SELF_HOSTED = Plan("self_hosted", "Self-hosted", 0)


def billed() -> bool:
    """Whether this installation bills at all."""
    return bool(settings().STRIPE_SECRET_KEY)


def of(user_id: UUID | None) -> Plan:
    """The plan of a person, one query at most."""
    if not billed() or user_id is None:
        return SELF_HOSTED
    row = db.session.scalars(
        select(Subscription).where(Subscription.user_id == user_id)
    ).one_or_none()
    if row is None or row.status not in PAYING:
        return FREE
    return PLANS.get(row.plan, FREE)


def owner_of(profile_id: UUID) -> UUID | None:
    """Who pays for a profile: its owner, the first of several."""
    return db.session.scalars(
        select(Membership.user_id)
        .where(Membership.profile_id == profile_id, Membership.role == Role.OWNER)
        .order_by(Membership.created_at, Membership.id)
        .limit(1)
    ).first()


def paid_by(user_id: UUID) -> Select[UUID]:
    """The ids of the profiles that a person pays for, as a query (``owner_of`` of each is it)."""
    first = aliased(Membership)
    earlier = tuple_(first.created_at, first.id) < tuple_(Membership.created_at, Membership.id)
    return select(Membership.profile_id).where(
        Membership.user_id == user_id,
        Membership.role == Role.OWNER,
        ~exists().where(
            first.profile_id == Membership.profile_id, first.role == Role.OWNER, earlier
        ),
    )


def require_api(user_id: UUID | None) -> None:
    """Raise ``SubscriptionRequired`` where the owner's plan includes no API access."""
    if not of(user_id).keys:
        raise SubscriptionRequired(NO_API)
