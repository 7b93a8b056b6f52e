"""The accounts in reach with what each can do, for every API and agent; three statements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.permissions import Actor
from app.services import account_readiness
from app.services.access import reach
from app.services.account_readiness import Readiness
from app.services.sets import get as get_set

SOON = timedelta(days=7)
NAMED = ("linkedin", "facebook", "youtube")  # called by their name; the others by their handle
# Of what is kept of an account, what is nobody's business.
HIDDEN = ("tokens", "secret", "password", "key")
ORGANIZATIONS = "w_organization_social"


def judged(
    actor: Actor,
    profile_id: UUID | None,
    *,
    network: str | None = None,
    set_id: UUID | None = None,
) -> list[tuple[SocialAccount, Readiness]]:
    """Accounts that are connected, or were signed out by their network, in their order."""
    asked = reach(actor).query(SocialAccount)
    asked = asked.where(SocialAccount.status != AccountStatus.DISCONNECTED)
    if profile_id is not None:
        asked = asked.where(SocialAccount.profile_id == profile_id)
    if network is not None:
        asked = asked.where(SocialAccount.network == network)
    if set_id is not None:
        asked = asked.where(SocialAccount.set_id == get_set(actor, set_id).id)
    rows = list(db.session.scalars(asked.order_by(SocialAccount.number)))
    known = account_readiness.facts(rows)
    return [(row, account_readiness.judge(row, known)) for row in rows]


def token_health(row: SocialAccount) -> str:
    """``healthy``, ``expiring`` (within a week, and a person has to renew it), ``expired``."""
    if row.status is not AccountStatus.ACTIVE:
        return "expired"
    ends = row.tokens_expire_at
    if ends is None or row.renews:
        return "healthy"
    if ends <= now():
        return "expired"
    return "expiring" if ends - now() < SOON else "healthy"


def called(row: SocialAccount) -> str:
    """What people see an account called: ``@handle``, or its name where handles are not shown."""
    if row.network in NAMED:
        return row.name or row.handle
    return f"@{row.handle.lstrip('@')}"


def metadata(row: SocialAccount) -> dict[str, Any]:
    """What the network said of an account, and no secret (Ampost's ``platformMetadata``)."""
    found = {
        name: value
        for name, value in row.extras.items()
        if not any(word in name.lower() for word in HIDDEN)
    }
    if row.network == "youtube":
        found["channelId"] = row.external_id
    if row.network == "linkedin":
        found |= {
            "subject": row.external_id.rpartition(":")[2],
            "profile": {"name": row.name or row.handle, "picture": row.avatar_url or None},
            "scopes": list(row.scopes), "authFlow": row.way,
            "organizationPosting": ORGANIZATIONS in row.scopes,
        }  # fmt: skip
    return found


def of_brand(actor: Actor, profile_id: UUID) -> list[SocialAccount]:
    """The brand's accounts in their usual order, without those taken off."""
    found = (
        reach(actor)
        .query(SocialAccount)
        .where(
            SocialAccount.profile_id == profile_id,
            SocialAccount.status != AccountStatus.DISCONNECTED,
        )
        .order_by(SocialAccount.number)
    )
    return list(db.session.scalars(found))
