"""What a decision about a network means for its account's row (Connect API).

Who asks and who decides is ``approvals.py``; here is what connecting and letting go have to know.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.clock import now
from app.errors import Conflict
from app.extensions import db
from app.models.accounts import AccountStatus, Review, SocialAccount
from app.models.approvals import Approval
from app.permissions import Actor
from app.services.access import reach

CLOSED = (Review.REJECTED, Review.SUSPENDED)


class Shut(Conflict):
    """Somebody tries to connect what was rejected or is suspended."""

    def __init__(self, account: SocialAccount) -> None:
        word = "suspended" if account.review is Review.SUSPENDED else "rejected"
        super().__init__(
            f"This network was {word}. An owner or admin has to accept it under Connections first."
        )


def shut(account: SocialAccount) -> bool:
    """Whether only a person's decision opens it again."""
    return account.review in CLOSED


def standing(account: SocialAccount) -> Review | None:
    """How the Connect API calls an account's state; ``None`` for a disconnected one."""
    if account.review is not None:
        return account.review
    return None if account.status is AccountStatus.DISCONNECTED else Review.ACCEPTED


def submitted(actor: Actor, profile_id: UUID, name: str, handle: str) -> SocialAccount | None:
    """A network that was submitted by its name and never connected; its row is locked."""
    called = handle.lower().lstrip("@")
    return db.session.scalars(
        reach(actor)
        .query(SocialAccount)
        .where(
            SocialAccount.profile_id == profile_id,
            SocialAccount.network == name,
            SocialAccount.connected_at.is_(None),
            SocialAccount.review.is_not(None),
            func.lower(SocialAccount.external_id).in_((called, f"@{called}")),
        )
        .order_by(SocialAccount.number)
        .limit(1)
        .with_for_update()
    ).first()


def accept(session: Session, actor: Actor, account: SocialAccount) -> None:
    """Whoever may connect it may decide: what waited is accepted. The caller commits."""
    if account.review is Review.PENDING:
        account.review = Review.ACCEPTED
        close(session, actor, Review.ACCEPTED, account_id=account.id)


def withdraw(session: Session, actor: Actor, account: SocialAccount) -> None:
    """It is taken away: nothing is left to decide. The caller commits."""
    account.review = None
    close(session, actor, Review.WITHDRAWN, account_id=account.id)


def close(
    session: Session, actor: Actor, decision: Review, *, account_id: UUID | None = None,
    place_id: UUID | None = None,
) -> None:  # fmt: skip
    """Answer what is still open about a network or a place. The caller commits."""
    about = Approval.account_id == account_id if account_id else Approval.place_id == place_id
    session.execute(
        update(Approval)
        .where(about, Approval.decision == Review.PENDING)
        .values(decision=decision, decided_by=actor.user_id, decided_at=now())
        .execution_options(synchronize_session="fetch")
    )


def waiting(profile_id: UUID) -> int:
    """How many requests of a profile nobody has answered."""
    return (
        db.session.scalar(
            select(func.count(Approval.id)).where(
                Approval.profile_id == profile_id, Approval.decision == Review.PENDING
            )
        )
        or 0
    )
