"""Sign-ins of accounts that rest are renewed too: unused ones die (networks/pinterest.md §1).

A delivery renews what it uses. This looks after the others once a day: an account whose tokens
ran out a day ago, or reached the day at which its network wants them renewed, is renewed; one
that the network has signed out is found before its next post is due.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from app import credentials, egress, logs
from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.networks.base import NetworkError

RESTED = timedelta(days=1)
BATCH = 50
CALL_SECONDS = 40.0

log = logs.get("renewals")


def renew_resting() -> int:
    """Renew a batch of them, the longest rested first; how many were renewed."""
    done = 0
    for account_id in _resting():
        try:
            with egress.bounded(CALL_SECONDS):
                credentials.fresh(account_id)
            done += 1
        except NetworkError as error:
            log.info("not_renewed", account=str(account_id), category=error.category.value)
    return done


def _resting() -> list[UUID]:
    found = db.session.scalars(
        select(SocialAccount.id)
        .where(
            SocialAccount.status == AccountStatus.ACTIVE,
            SocialAccount.renews,
            SocialAccount.tokens_expire_at < now() - RESTED,
        )
        .order_by(SocialAccount.tokens_expire_at)
        .limit(BATCH)
    ).all()
    db.session.commit()
    return list(found)
