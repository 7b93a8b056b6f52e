"""The accounts in reach with what each can do, for every API and agent; three statements."""

from __future__ import annotations

from datetime import timedelta
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
