"""API keys as people and programs manage them (contracts, "Keys and access")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from app.errors import Forbidden
from app.extensions import db
from app.models.keys import ApiKey, KeyKind
from app.permissions import Actor, Permission
from app.services import keys, plans, seat_belt, sessions
from app.services.seat_belt import Belt


def listed(actor: Actor) -> list[ApiKey]:
    """The keys an actor may see, newest first: one's own, and those of profiles whose keys one
    manages. A profile's key sees that profile's."""
    managed = ApiKey.profile_id.in_(actor.profiles(Permission.KEY_WRITE))
    whose: ColumnElement[bool] = managed
    if actor.key_id is None:
        whose = or_(managed, ApiKey.user_id == actor.user_id)
    rows = db.session.scalars(select(ApiKey).where(whose).order_by(ApiKey.id.desc()))
    return list(rows)


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


def _refuse_stale(actor: Actor) -> None:
    if actor.session_id is not None and not sessions.fresh(actor.session_id):
        raise Forbidden("Enter your password again, then try once more.", code="PASSWORD_NEEDED")
