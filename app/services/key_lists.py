"""API keys as people and programs manage them (contracts, "Keys and access")."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.clock import now
from app.errors import Forbidden, NotFound
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.keys import ApiKey, KeyKind
from app.permissions import Actor, Permission
from app.services import keys, plans, seat_belt, sessions
from app.services.access import reach
from app.services.seat_belt import Belt

KEPT = timedelta(days=90)  # how long a revoked key stays in a profile's list (DESIGN 6.10)


def listed(actor: Actor) -> list[ApiKey]:
    """The keys an actor may see, newest first: one's own, and those of profiles whose keys one
    manages. A profile's key sees that profile's."""
    managed = ApiKey.profile_id.in_(actor.profiles(Permission.KEY_WRITE))
    whose: ColumnElement[bool] = managed
    if actor.key_id is None:
        whose = or_(managed, ApiKey.user_id == actor.user_id)
    rows = db.session.scalars(select(ApiKey).where(whose).order_by(ApiKey.id.desc()))
    return list(rows)


def of_profile(
    actor: Actor, profile_id: UUID, *, page: int = 1, size: int = 50
) -> tuple[list[ApiKey], int]:
    """A page of the keys that act in a profile, and how many there are: the person's own, and
    everybody's for whom manages them. Those that work come first, then the newest."""
    where = (_in_profile(actor, profile_id), _shown())
    rows = db.session.scalars(
        select(ApiKey)
        .where(*where)
        .order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
        .limit(size)
        .offset((page - 1) * size)
    )
    return list(rows), db.session.scalar(select(func.count(ApiKey.id)).where(*where)) or 0


def in_profile(actor: Actor, profile_id: UUID, key_id: UUID) -> ApiKey:
    """One key of that list, or ``NotFound``."""
    found = db.session.scalars(
        select(ApiKey).where(ApiKey.id == key_id, _in_profile(actor, profile_id), _shown())
    ).one_or_none()
    if found is None:
        raise NotFound()
    return found


def accounts(actor: Actor, profile_id: UUID, named: Collection[str] = ()) -> list[SocialAccount]:
    """The accounts that a key's belt can name: the profile's, and of other profiles in reach
    those it names already (ids as text)."""
    here = and_(
        SocialAccount.profile_id == profile_id,
        SocialAccount.status != AccountStatus.DISCONNECTED,
    )
    wanted = or_(here, SocialAccount.id.in_([UUID(one) for one in named]))
    asked = reach(actor).query(SocialAccount).where(wanted)
    return list(db.session.scalars(asked.order_by(SocialAccount.number)))


def create(
    actor: Actor, kind: KeyKind, profile_id: UUID | None, name: str, belt: Belt | None = None
) -> tuple[ApiKey, str]:
    """A new key and the key itself. A person has to have given the password lately.

    Raises ``SubscriptionRequired`` where the plan includes none.
    """
    plans.require_api(plans.owner_of(profile_id) if profile_id else actor.user_id)
    _refuse_stale(actor)
    return keys.create(actor, kind, profile_id, name, belt)


def change(actor: Actor, key_id: UUID, given: Mapping[str, Any]) -> ApiKey:
    """Let a key do more or less (``seat_belt.Belt``). The password has to be a fresh one."""
    _refuse_stale(actor)
    return seat_belt.change(actor, key_id, given)


def stale(actor: Actor) -> bool:
    """Whether the person has to give the password first (reliability §13)."""
    return actor.session_id is not None and not sessions.fresh(actor.session_id)


def _in_profile(actor: Actor, profile_id: UUID) -> ColumnElement[bool]:
    own = ApiKey.user_id == actor.user_id
    here = ApiKey.profile_id == profile_id
    if not actor.may(Permission.KEY_WRITE, profile_id):
        here = and_(here, own)
    return or_(here, and_(own, ApiKey.kind == KeyKind.ACCOUNT))


def _shown() -> ColumnElement[bool]:
    return or_(ApiKey.revoked_at.is_(None), ApiKey.revoked_at > now() - KEPT)


def _refuse_stale(actor: Actor) -> None:
    if stale(actor):
        raise Forbidden("Enter your password again, then try once more.", code="PASSWORD_NEEDED")
