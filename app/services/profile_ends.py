"""How profiles begin and end at a program's or a person's wish."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete as remove
from sqlalchemy import select

from app import events
from app.errors import Conflict, Forbidden
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.keys import ApiKey, KeyKind
from app.models.posts import PostTarget, TargetState
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.services import accounts, profiles, sessions
from app.services.access import reach

MOVING = (TargetState.QUEUED, TargetState.POSTING)


def make(actor: Actor, name: str, time_zone: str) -> Profile:
    """A new profile of the actor's own, within the plan. A profile's own key makes none."""
    if actor.key_id is not None and db.session.get_one(ApiKey, actor.key_id).kind is not (
        KeyKind.ACCOUNT
    ):
        raise Forbidden("This key is for one profile. Make profiles with an account key.")
    return profiles.create(actor, name, time_zone)


def delete(actor: Actor, profile_id: UUID) -> None:
    """Delete a profile and all that is its; its accounts are disconnected first.

    Raises ``Conflict`` while a post of it is going out. A person has to have given the password
    lately.
    """
    profile = reach(actor).get(Profile, profile_id, need=Permission.PROFILE_DELETE)
    if actor.session_id is not None and not sessions.fresh(actor.session_id):
        raise Forbidden("Enter your password again, then delete it.", code="PASSWORD_NEEDED")
    _refuse_moving(profile_id)
    name = profile.name
    for account_id in _connected(profile_id):
        accounts.disconnect(actor, account_id)
    _refuse_moving(profile_id)
    db.session.execute(remove(Profile).where(Profile.id == profile_id))
    events.audit(
        db.session(), actor, "profile.deleted", profile_id=profile_id, subject="profile",
        subject_id=profile_id, name=name,
    )  # fmt: skip
    db.session.commit()


def _refuse_moving(profile_id: UUID) -> None:
    moving = db.session.scalar(
        select(PostTarget.id)
        .where(PostTarget.profile_id == profile_id, PostTarget.state.in_(MOVING))
        .limit(1)
    )
    if moving is not None:
        raise Conflict("A post of this profile is going out. Try again in a minute.")


def _connected(profile_id: UUID) -> list[UUID]:
    return list(
        db.session.scalars(
            select(SocialAccount.id).where(
                SocialAccount.profile_id == profile_id,
                SocialAccount.status != AccountStatus.DISCONNECTED,
            )
        )
    )
