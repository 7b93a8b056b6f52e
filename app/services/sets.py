"""Platform sets: named groups of a profile's accounts (contracts.md; the Ampost seed)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from app import events
from app.errors import NotFound, ValidationFailed
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.profiles import Membership, PlatformSet
from app.permissions import Actor, Permission, Role
from app.services import accounts
from app.services.access import reach
from app.services.linking import default_set

NAME_LIMIT = 50
MOST = 20  # a user


def get(actor: Actor, set_id: UUID) -> PlatformSet:
    """One set; ``NotFound`` for none in reach."""
    try:
        return reach(actor).get(PlatformSet, set_id)
    except NotFound as error:
        raise NotFound("We could not find that platform set.", field="platformSetId") from error


def listed(actor: Actor, profile_id: UUID | None = None) -> list[tuple[PlatformSet, int]]:
    """The sets in reach, oldest first, each with the number of its accounts in use."""
    used = (
        select(func.count(SocialAccount.id))
        .where(
            SocialAccount.set_id == PlatformSet.id,
            SocialAccount.status != AccountStatus.DISCONNECTED,
        )
        .correlate(PlatformSet)
        .scalar_subquery()
    )
    asked = reach(actor).query(PlatformSet)
    if profile_id is not None:
        asked = asked.where(PlatformSet.profile_id == profile_id)
    rows = db.session.execute(asked.add_columns(used).order_by(PlatformSet.id))
    return [(row[0], row[1]) for row in rows]


def create(actor: Actor, profile_id: UUID, name: str) -> PlatformSet:
    """A new, empty set. A user has at most 20, over all the profiles they own."""
    reach(actor).profile(profile_id, need=Permission.ACCOUNT_WRITE)
    name = check_name(name)
    if _count(actor, profile_id) >= MOST:
        raise ValidationFailed(f"You have {MOST} platform sets, which is the limit.", field="name")
    row = PlatformSet(profile_id=profile_id, name=name, is_default=False)
    db.session.add(row)
    db.session.flush()
    events.audit(
        db.session(), actor, "set.created", profile_id=profile_id, subject="platform_set",
        subject_id=row.id, name=name,
    )  # fmt: skip
    db.session.commit()
    return row


def rename(actor: Actor, set_id: UUID, name: str) -> PlatformSet:
    """Give a set another name."""
    row = reach(actor).get(PlatformSet, set_id, need=Permission.ACCOUNT_WRITE)
    row.name = check_name(name)
    db.session.commit()
    return row


def delete(actor: Actor, set_id: UUID) -> None:
    """Delete a set and disconnect its accounts. The default set stays."""
    row = reach(actor).get(PlatformSet, set_id, need=Permission.ACCOUNT_WRITE)
    if row.is_default:
        raise ValidationFailed("The default platform set can't be deleted.", field="id")
    profile_id, default = row.profile_id, default_set(actor, row.profile_id)
    for account_id in _accounts(set_id):
        accounts.disconnect(actor, account_id)
    row = reach(actor).get(PlatformSet, set_id)
    for account in db.session.scalars(
        reach(actor).query(SocialAccount).where(SocialAccount.set_id == set_id)
    ):
        account.set_id = default
    events.audit(
        db.session(), actor, "set.deleted", profile_id=profile_id, subject="platform_set",
        subject_id=set_id, name=row.name,
    )  # fmt: skip
    db.session.delete(row)
    db.session.commit()


def check_name(name: str) -> str:
    """A set's name, its spaces tidied. Raises ``ValidationFailed``."""
    name = " ".join(name.split())
    if not name:
        raise ValidationFailed("A platform set needs a name.", field="name")
    if len(name) > NAME_LIMIT:
        raise ValidationFailed(f"A name has at most {NAME_LIMIT} characters.", field="name")
    return name


def _count(actor: Actor, profile_id: UUID) -> int:
    """How many sets the profile's owner has, counted under a lock that makes it exact."""
    owner = (
        select(Membership.user_id)
        .where(Membership.profile_id == profile_id, Membership.role == Role.OWNER)
        .order_by(Membership.created_at)
        .limit(1)
    )
    mine = select(Membership.profile_id).where(
        Membership.user_id == owner.scalar_subquery(), Membership.role == Role.OWNER
    )
    db.session.execute(mine.with_for_update()).all()
    return (
        db.session.scalar(
            select(func.count(PlatformSet.id)).where(PlatformSet.profile_id.in_(mine))
        )
        or 0
    )


def _accounts(set_id: UUID) -> Sequence[UUID]:
    return db.session.scalars(
        select(SocialAccount.id).where(
            SocialAccount.set_id == set_id, SocialAccount.status != AccountStatus.DISCONNECTED
        )
    ).all()
