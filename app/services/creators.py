"""Networks, pages, walls and channels as the Connect API tells them.

A network is a ``SocialAccount``. Pages, walls and channels are what people named (``Place``) and
what networks themselves told: Facebook Pages and YouTube channels, which are accounts of ours,
and boards and subreddits (``Destination``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from app import events
from app.errors import NotFound, ValidationFailed
from app.extensions import db
from app.ids import uuid7
from app.models.accounts import AccountStatus, Destination, Review, SocialAccount
from app.models.approvals import Place, PlaceKind
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.services import accounts, numbers, reviews
from app.services.access import reach

MOST = 1000  # of anything in one answer
BIGGEST = 2**31 - 1
KEYS, KEY_LIMIT, TEXT_LIMIT, EXTRA_LIMIT = 50, 60, 2000, 16_000
DISCONNECTED = "disconnected"
# What networks call how many people follow an account, in ``extras``.
FOLLOWERS = ("followers_count", "follower_count", "subscriberCount", "subscribers")
BADGES = ("verified", "is_verified")
# Accounts that are themselves a page or a channel.
MIRRORED = {
    "page": PlaceKind.PAGE, "organization": PlaceKind.PAGE, "channel": PlaceKind.CHANNEL,
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A network or a place as the contract tells it."""

    number: int
    user: int
    network: str
    external_id: str
    name: str
    url: str
    status: str
    followers: int | None
    verified: bool
    category: str | None
    engagement_rate: float | None
    connected_at: datetime
    updated_at: datetime
    extra: Mapping[str, Any]


def listed(actor: Actor, profile_id: UUID) -> list[Told]:
    """Every network of a profile, the oldest first; two statements."""
    actor.require(Permission.ACCOUNT_READ, profile_id)
    rows = db.session.scalars(
        reach(actor)
        .query(SocialAccount)
        .where(SocialAccount.profile_id == profile_id)
        .order_by(SocialAccount.number)
        .limit(MOST)
    )
    user = _number(actor, profile_id)
    return [_network(one, user) for one in rows]


def told(actor: Actor, account: SocialAccount) -> Told:
    """One network."""
    return _network(account, _number(actor, account.profile_id))


def numbered(
    actor: Actor, number: int, profile_id: UUID | None = None, *, need: str | None = None
) -> SocialAccount:
    """The network of that id; ``NotFound`` for none in reach or none in ``profile_id``."""
    found = None
    if 0 < number <= BIGGEST:
        query = reach(actor).query(SocialAccount).where(SocialAccount.number == number)
        if profile_id is not None:
            query = query.where(SocialAccount.profile_id == profile_id)
        found = db.session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("Network not found", field="network_id")
    if need is not None:
        actor.require(Permission(need), found.profile_id)
    return found


def disconnect(actor: Actor, account: SocialAccount) -> None:
    """Let a network go, whatever its state; its posts wait."""
    accounts.disconnect(actor, account.id)


def update_extra(actor: Actor, account: SocialAccount, given: Mapping[str, Any]) -> None:
    """Change what is said of a network: members given replace those of the same name, null
    takes one away. ``category`` and ``engagement_rate`` are told beside the others."""
    actor.require(Permission.ACCOUNT_WRITE, account.profile_id)
    db.session.refresh(account, with_for_update=True)
    declared = dict(account.declared)
    extra = dict(declared.get("extra", {}))
    for name, value in given.items():
        _check(name, value)
        if name == "category":
            declared[name] = _category(value)
        elif name == "engagement_rate":
            declared[name] = _rate(value)
        else:
            extra[name] = value
    extra = {name: value for name, value in extra.items() if value is not None}
    if len(extra) > KEYS or len(json.dumps(extra)) > EXTRA_LIMIT:
        raise ValidationFailed(
            f"At most {KEYS} members of {EXTRA_LIMIT:,} characters in all are kept.",
            field="extra_data",
        )
    account.declared = {**declared, "extra": extra}
    events.audit(
        db.session(), actor, "network.described", profile_id=account.profile_id,
        subject="social_account", subject_id=account.id, members=sorted(given)[:KEYS],
    )  # fmt: skip
    db.session.commit()


def places(actor: Actor, profile_id: UUID, kind: PlaceKind) -> list[Told]:
    """The pages, walls or channels of a profile; boards and subreddits are pages too."""
    actor.require(Permission.ACCOUNT_READ, profile_id)
    _mirror(actor, profile_id, kind)
    user = _number(actor, profile_id)
    rows = db.session.execute(
        reach(actor)
        .query(Place)
        .outerjoin(SocialAccount, SocialAccount.id == Place.account_id)
        .add_columns(SocialAccount)
        .where(Place.profile_id == profile_id, Place.kind == kind)
        .order_by(Place.number)
        .limit(MOST)
    ).all()
    found = [_place(place, account, user) for place, account in rows]
    if kind is PlaceKind.PAGE:
        found += _destinations(actor, profile_id, user, MOST - len(found))
    return sorted(found, key=lambda one: one.number)


def place_told(actor: Actor, place: Place) -> Told:
    """One page, wall or channel that was named."""
    return _place(place, None, _number(actor, place.profile_id))


def _number(actor: Actor, profile_id: UUID) -> int:
    found = db.session.scalar(
        reach(actor)
        .query(Profile, need=Permission.ACCOUNT_READ.value)
        .with_only_columns(Profile.number)
        .where(Profile.id == profile_id)
    )
    return found or 0


def _network(account: SocialAccount, user: int) -> Told:
    said, extras = account.declared, account.extras or {}
    standing = reviews.standing(account)
    badge = next((extras[one] for one in BADGES if isinstance(extras.get(one), bool)), None)
    more = dict(said.get("extra", {}))
    if badge is not None:
        more["verified_badge"] = badge
    return Told(
        number=account.number, user=user, network=account.network,
        external_id=account.external_id, name=account.name or account.handle, url=account.url,
        status=standing.value if standing else DISCONNECTED,
        followers=_followers(extras, said), verified=account.status is AccountStatus.ACTIVE,
        category=said.get("category"), engagement_rate=said.get("engagement_rate"),
        connected_at=account.connected_at or account.created_at, updated_at=account.updated_at,
        extra=more,
    )  # fmt: skip


def _place(place: Place, account: SocialAccount | None, user: int) -> Told:
    said = place.declared
    found = place.review
    if account is not None and found in (None, Review.ACCEPTED):
        found = reviews.standing(account)
    return Told(
        number=place.number, user=user, network=place.network, external_id=place.external_id,
        name=place.name, url=place.url, status=found.value if found else DISCONNECTED,
        followers=_followers((account.extras if account else None) or {}, said),
        verified=account is not None and account.status is AccountStatus.ACTIVE,
        category=said.get("category"), engagement_rate=said.get("engagement_rate"),
        connected_at=place.created_at, updated_at=place.updated_at,
        extra=dict(said.get("extra", {})),
    )  # fmt: skip


def _destinations(actor: Actor, profile_id: UUID, user: int, most: int) -> list[Told]:
    """Boards and subreddits, which networks told of themselves."""
    rows = db.session.execute(
        reach(actor)
        .query(Destination)
        .add_columns(SocialAccount)
        .where(SocialAccount.profile_id == profile_id)
        .order_by(Destination.number)
        .limit(most)
    ).all()
    return [
        Told(
            number=one.number, user=user, network=account.network, external_id=one.external_id,
            name=one.name, url=one.url,
            status=DISCONNECTED if one.gone_at else (reviews.standing(account) or DISCONNECTED),
            followers=_followers(one.extras, {}), verified=one.gone_at is None and account.usable,
            category=None, engagement_rate=None, connected_at=one.created_at,
            updated_at=one.updated_at, extra={"kind": one.kind},
        )
        for one, account in rows
    ]  # fmt: skip


def _followers(extras: Mapping[str, Any], said: Mapping[str, Any]) -> int | None:
    """As the network tells, else as its people say."""
    told = extras.get("public_metrics")
    places: Sequence[Mapping[str, Any]] = (extras, told if isinstance(told, dict) else {})
    for where in places:
        for name in FOLLOWERS:
            value = where.get(name)
            if isinstance(value, int | str) and str(value).isdigit():
                return int(value)
    declared = said.get("followers")
    return declared if isinstance(declared, int) else None


def _mirror(actor: Actor, profile_id: UUID, kind: PlaceKind) -> None:
    """Every connected account that is itself a page or a channel has its place; commits."""
    session = db.session()
    kinds = [name for name, one in MIRRORED.items() if one is kind]
    lacking = select(SocialAccount).where(
        SocialAccount.profile_id == profile_id,
        SocialAccount.kind.in_(kinds),
        SocialAccount.connected_at.is_not(None),
        SocialAccount.id.not_in(
            select(Place.account_id).where(
                Place.profile_id == profile_id, Place.account_id.is_not(None)
            )
        ),
    )
    try:
        for account in session.scalars(lacking.order_by(SocialAccount.number)).all():
            _mirrored(actor, account, kind)
        session.commit()
    except IntegrityError:  # another list made them in this moment
        session.rollback()


def _mirrored(actor: Actor, account: SocialAccount, kind: PlaceKind) -> None:
    session = db.session()
    place = session.scalars(
        reach(actor)
        .query(Place)
        .where(
            Place.profile_id == account.profile_id, Place.network == account.network,
            Place.kind == kind,
            or_(Place.external_id == account.external_id, Place.external_id == account.handle),
        )
        .order_by(Place.number)
        .limit(1)
    ).first()  # fmt: skip
    if place is None:
        place = Place(
            id=uuid7(), number=numbers.take(session, Destination), profile_id=account.profile_id,
            network=account.network, kind=kind, external_id=account.external_id,
            name=account.name or account.handle, url=account.url, declared={},
        )  # fmt: skip
        session.add(place)
    elif place.review is Review.PENDING:  # the network itself vouches for it now
        place.review = Review.ACCEPTED
        reviews.close(session, actor, Review.ACCEPTED, place_id=place.id)
    place.account_id = account.id


def _check(name: str, value: Any) -> None:
    if not name or len(name) > KEY_LIMIT:
        raise ValidationFailed(f"A name has 1 to {KEY_LIMIT} characters.", field="extra_data")
    if value is not None and not isinstance(value, str | int | float | bool):
        raise ValidationFailed(
            "Give a text, a number, true, false or null.", field=f"extra_data.{name}"
        )
    if len(str(value)) > TEXT_LIMIT:
        raise ValidationFailed(
            f"At most {TEXT_LIMIT:,} characters are kept.", field=f"extra_data.{name}"
        )


def _category(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 80:
        raise ValidationFailed("A category is a text of at most 80 characters.",
                               field="extra_data.category")  # fmt: skip
    return value.strip() or None


def _rate(value: Any) -> float | None:
    """Percent; forms send it as text."""
    if value is None or value == "":
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = -1.0
    if isinstance(value, bool) or not 0 <= found <= 1000:
        raise ValidationFailed("An engagement rate is a number of percent, such as 3.5.",
                               field="extra_data.engagement_rate")  # fmt: skip
    return found
