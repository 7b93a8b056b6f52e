"""Events and mails of the engine, written in the outcome's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app import events
from app.publishing.claims import Claim


def emit(session: Session, claim: Claim, type_: str, **data: Any) -> None:
    """An event for the profile's webhooks about this target."""
    events.emit(
        session,
        claim.profile_id,
        type_,
        {
            "post_id": str(claim.post_id),
            "target_id": str(claim.target_id),
            "account_id": str(claim.account_id),
            "network": claim.network,
            **data,
        },
    )


def owners(session: Session, claim: Claim, kind: str, **data: Any) -> None:
    """A mail to the profile's owners, once a claim of this target."""
    events.tell_owners(
        session,
        claim.profile_id,
        kind,
        {"post_id": str(claim.post_id), "network": claim.network, **data},
        once=f"{kind}:{claim.target_id}:{claim.token}",
    )
