"""Brands: made, settled, and listed for the switcher."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.exc import IntegrityError

from app import clock, events, ids
from app.clock import now
from app.errors import NotFound, Unauthorized, ValidationFailed
from app.extensions import db
from app.models import posts
from app.models.accounts import AccountStatus, SocialAccount
from app.models.people import User
from app.models.posts import PostTarget
from app.models.profiles import LatePolicy, Membership, PlatformSet, Profile
from app.permissions import Actor, Permission, Role
from app.services import duplicates, numbers, return_urls, usage
from app.services.access import reach

NAME_LIMIT = 120
LATE_MINUTES = range(24 * 60 + 1)  # beyond a day a held post fails anyway (reliability §6)
SET_NAME = "All accounts"
# As the partial index says it, so that it is used.
TROUBLE: ColumnElement[bool] = literal_column(posts.TROUBLE)
_LETTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class Listed:
    """A brand in the switcher; ``failing`` when something there did not go out."""

    id: UUID
    name: str
    slug: str
    time_zone: str
    accounts: int
    failing: bool
    signed_out: int  # accounts that cannot post until somebody signs them in again


@dataclass(frozen=True)
class Guard:
    """The guard against duplicates: its window, the room between two posts of an account (0 looks
    for none), and whether a key's post is refused."""

    days: int
    minutes: int
    refused: bool


def create(actor: Actor, name: str, time_zone: str) -> Profile:
    """A new brand, its maker the owner.

    Raises ``ValidationFailed`` naming the field, ``QuotaExceeded`` past the plan's number.
    """
    if actor.user_id is None:
        raise Unauthorized("Please sign in.")
    name, time_zone = check_name(name), clock.zone(time_zone).key
    usage.require_profile(actor.user_id)
    profile = lay_out(actor, actor.user_id, name, time_zone)
    profile.named_at = now()
    user = db.session.get_one(User, actor.user_id)
    user.last_profile_id = profile.id
    db.session.commit()
    return profile


def settle(
    actor: Actor,
    profile_id: UUID,
    *,
    name: str,
    time_zone: str,
    late_policy: LatePolicy,
    late_limit_minutes: int,
    week_start: int,
    guard: Guard | None = None,
    addresses: list[str] | None = None,
) -> Profile:
    """Change a brand's settings. Posts on the clock keep their moment, whatever the zone.

    ``addresses`` are all its return addresses; ``None`` leaves them, or the ``guard`` against
    duplicates, as they are.
    """
    profile = reach(actor).get(Profile, profile_id, need=Permission.PROFILE_WRITE)
    if late_limit_minutes not in LATE_MINUTES:
        raise ValidationFailed(
            f"Choose from {LATE_MINUTES.start} to {LATE_MINUTES.stop - 1} minutes.",
            field="late_limit_minutes",
        )
    if week_start not in range(7):
        raise ValidationFailed("Choose a day of the week.", field="week_start")
    given: dict[str, Any] = {
        "name": check_name(name),
        "time_zone": clock.zone(time_zone).key,
        "late_policy": late_policy,
        "late_limit_minutes": late_limit_minutes,
        "week_start": week_start,
    }
    if guard is not None:
        given |= _guarded(guard)
    if addresses is not None:
        given["return_urls"] = return_urls.checked_all(addresses)
    changed = {
        key: [getattr(profile, key), value]
        for key, value in given.items()
        if getattr(profile, key) != value
    }
    for key, value in given.items():
        setattr(profile, key, value)
    profile.named_at = now()
    if changed:
        events.audit(
            db.session(), actor, "profile.changed", profile_id=profile.id,
            subject="profile", subject_id=profile.id, changed=changed,
        )  # fmt: skip
    db.session.commit()
    return profile


def _guarded(guard: Guard) -> dict[str, Any]:
    if guard.days not in duplicates.DAYS:
        words = f"Choose from 0 to {duplicates.DAYS.stop - 1} days."
        raise ValidationFailed(words, field="duplicate_days")
    if guard.minutes not in duplicates.MINUTES:
        words = f"Choose from 0 to {duplicates.MINUTES.stop - 1} minutes."
        raise ValidationFailed(words, field="spacing_minutes")
    return {
        "duplicate_days": guard.days, "spacing_minutes": guard.minutes,
        "duplicates_refused": guard.refused,
    }  # fmt: skip


def rows(actor: Actor) -> list[Profile]:
    """Every brand in reach, oldest first."""
    return list(db.session.scalars(reach(actor).query(Profile).order_by(Profile.id)))


def listed(actor: Actor) -> list[Listed]:
    """Every brand in reach, by name: the switcher."""
    count = select(func.count()).where(SocialAccount.profile_id == Profile.id)
    accounts = count.where(SocialAccount.status != AccountStatus.DISCONNECTED).scalar_subquery()
    out = count.where(SocialAccount.status == AccountStatus.NEEDS_RECONNECT).scalar_subquery()
    trouble = select(PostTarget.id).where(PostTarget.profile_id == Profile.id, TROUBLE).exists()
    mine = reach(actor).query(Profile).subquery()
    rows = db.session.execute(
        select(Profile.id, Profile.name, Profile.slug, Profile.time_zone, accounts, trouble, out)
        .join(mine, mine.c.id == Profile.id)
        .order_by(func.lower(Profile.name), Profile.id)
    )
    return [Listed(*row) for row in rows]


def current(actor: Actor) -> Profile | None:
    """The brand the person used last, else the oldest in reach, else none."""
    if actor.user_id is None:
        return None
    last = db.session.scalar(select(User.last_profile_id).where(User.id == actor.user_id))
    if last is not None:
        try:
            return reach(actor).get(Profile, last)
        except NotFound:
            pass  # no longer in reach
    return db.session.scalars(reach(actor).query(Profile).order_by(Profile.id).limit(1)).first()


def lay_out(actor: Actor, owner_id: UUID, name: str, time_zone: str) -> Profile:
    """A brand with its owner and default set, inside the caller's transaction.

    The slug ends in four random letters, so that an address never tells whether somebody
    else's brand has the same name (reliability §1.12).
    """
    for _ in range(8):
        profile = Profile(
            number=numbers.take(db.session(), Profile), slug=_slug(name), name=name,
            time_zone=time_zone,
        )  # fmt: skip
        try:
            with db.session.begin_nested():
                db.session.add(profile)
            break
        except IntegrityError:
            continue
    else:
        raise RuntimeError("no free slug in eight tries")
    db.session.add(Membership(profile_id=profile.id, user_id=owner_id, role=Role.OWNER))
    db.session.add(PlatformSet(profile_id=profile.id, name=SET_NAME, is_default=True))
    events.audit(
        db.session(), actor, "profile.made", profile_id=profile.id,
        subject="profile", subject_id=profile.id, name=name, time_zone=time_zone,
    )  # fmt: skip
    return profile


def check_name(name: str) -> str:
    """The brand's name without stray spaces; raises ``ValidationFailed``."""
    name = " ".join(name.split())
    if not name:
        raise ValidationFailed("Give the brand a name.", field="name")
    if len(name) > NAME_LIMIT:
        raise ValidationFailed(f"Use at most {NAME_LIMIT} characters.", field="name")
    return name


def _slug(name: str) -> str:
    return f"{ids.slug(name)}-{''.join(secrets.choice(_LETTERS) for _ in range(4))}"
