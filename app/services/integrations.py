"""Integrations of the Oktopost contract: made, changed, listed, taken away.

Their secrets are encrypted and never told. The remote system is asked before they are stored,
outside of any transaction; what it said is the integration's status.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, select

from app import egress, events, ids
from app.clock import now
from app.config import settings
from app.errors import Forbidden, NotFound, ValidationFailed
from app.extensions import db, safe
from app.models.accounts import AccountStatus, Destination, SocialAccount
from app.models.approvals import Place
from app.models.integrations import Cname, Integration
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.services import cnames, numbers, plans
from app.services.access import reach
from app.services.connections import networks_title
from app.services.integration_checks import KINDS, Found, look, opened, place

MOST = 100  # a profile
TEXT_LIMIT = 1000
ASSETS = 500  # of each kind
PREFIX, DOMAIN_PREFIX = "014", "0CN"
UNKNOWN_DOMAIN = "There is no domain with that id."


@dataclass(frozen=True)
class Whole:
    """An integration with what its answer tells beside its row."""

    row: Integration
    account: int
    cname: int | None


@dataclass(frozen=True)
class Credential:
    """A social account. ``valid``: it can be used."""

    number: int
    name: str
    network: str
    valid: bool


@dataclass(frozen=True)
class Board:
    """A page, board or channel under a social account, or one that somebody named."""

    number: int
    name: str
    kind: str
    network: str
    credential: int | None


@dataclass(frozen=True)
class Assets:
    credentials: Sequence[Credential]
    boards: Sequence[Board]


def page(
    actor: Actor, profile_id: UUID, *, kind: str | None, page: int, count: int
) -> tuple[list[Whole], int]:
    """One page of a profile's integrations, the oldest first, and how many there are."""
    actor.require(Permission.ACCOUNT_READ, profile_id)
    asked = (
        reach(actor)
        .query(Integration)
        .where(
            Integration.profile_id == profile_id, Integration.kind.in_([kind] if kind else KINDS)
        )
    )
    total = db.session.scalar(select(func.count()).select_from(asked.subquery())) or 0
    rows = db.session.execute(
        asked.join(Profile, Profile.id == Integration.profile_id)
        .outerjoin(Cname, Cname.id == Integration.cname_id)
        .add_columns(Profile.number, Cname.number)
        .order_by(Integration.number)
        .limit(count)
        .offset(page * count)
    ).all()
    return [Whole(*row) for row in rows], total


def get(actor: Actor, public_id: str, profile_id: UUID | None = None) -> Whole:
    """The integration of an id (``014`` and 12 digits), or ``NotFound``."""
    number = numbered(PREFIX, public_id)
    asked = (
        reach(actor)
        .query(Integration)
        .join(Profile, Profile.id == Integration.profile_id)
        .outerjoin(Cname, Cname.id == Integration.cname_id)
        .add_columns(Profile.number, Cname.number)
        .where(Integration.number == number, Integration.kind.in_(KINDS))
    )
    if profile_id is not None:
        asked = asked.where(Integration.profile_id == profile_id)
    found = db.session.execute(asked).one_or_none() if number is not None else None
    if found is None:
        raise NotFound("We could not find that integration.")
    return Whole(*found)


def of(actor: Actor, row_id: UUID) -> Whole:
    """The integration of a row's id, or ``NotFound``."""
    return get(actor, ids.oktopost(PREFIX, reach(actor).get(Integration, row_id).number))


def assets(actor: Actor, row: Integration) -> Assets:
    """The profile's social accounts, and the pages and boards under them; three statements."""
    accounts = db.session.scalars(
        reach(actor)
        .query(SocialAccount)
        .where(SocialAccount.profile_id == row.profile_id, SocialAccount.connected_at.is_not(None))
        .order_by(SocialAccount.number)
        .limit(ASSETS)
    ).all()
    told = db.session.execute(
        reach(actor)
        .query(Destination)
        .add_columns(SocialAccount.network, SocialAccount.number)
        .where(SocialAccount.profile_id == row.profile_id, Destination.gone_at.is_(None))
        .order_by(Destination.number)
        .limit(ASSETS)
    ).all()
    named = db.session.execute(
        reach(actor)
        .query(Place)
        .outerjoin(SocialAccount, SocialAccount.id == Place.account_id)
        .add_columns(SocialAccount.number)
        .where(Place.profile_id == row.profile_id)
        .order_by(Place.number)
        .limit(ASSETS)
    ).all()
    boards = [Board(one.number, one.name, one.kind, network, own) for one, network, own in told]
    boards += [Board(one.number, one.name, one.kind.value, one.network, own) for one, own in named]
    return Assets(
        [
            Credential(
                one.number, one.name or one.handle, networks_title(one.network),
                one.status is AccountStatus.ACTIVE,
            )
            for one in accounts
        ],
        sorted(boards, key=lambda one: one.number),
    )  # fmt: skip


def create(
    actor: Actor, profile_id: UUID, kind: str, cname_id: str, given: Mapping[str, str]
) -> Whole:
    """Connect a system and ask it whether it accepts the settings.

    One that does not is stored all the same, with the status ``invalid`` and the reason. Raises
    ``Forbidden`` for a profile that is no partner.
    """
    profile = reach(actor).profile(profile_id, need=Permission.ACCOUNT_WRITE)
    if plans.billed() and not profile.partner:
        raise Forbidden("Only partners can make integrations. Ask whoever runs this installation.")
    cname, wanted, row_id = _cname(actor, profile_id, cname_id), checked(kind, given), ids.uuid7()
    cname_row = cname.id
    db.session.commit()
    found = look(profile_id, kind, wanted)
    session = db.session()
    session.execute(reach(actor).query(Profile).where(Profile.id == profile_id).with_for_update())
    have = select(func.count(Integration.id)).where(
        Integration.profile_id == profile_id, Integration.kind.in_(KINDS)
    )
    if (session.scalar(have) or 0) >= MOST:
        raise ValidationFailed(f"An account has at most {MOST} integrations.", field="type")
    row = Integration(
        id=row_id, number=numbers.take(session, Integration), profile_id=profile_id, kind=kind,
        name=KINDS[kind].title, cname_id=cname_row, connected_by=actor.user_id,
        connected_at=now(), enabled=True,
    )  # fmt: skip
    _keep(row, wanted, found)
    session.add(row)
    session.flush()
    _record(actor, "integration.connected", row, valid=found.valid)
    session.commit()
    return of(actor, row_id)


def change(
    actor: Actor, row: Integration, *, state: str | None, cname_id: str | None,
    given: Mapping[str, str],
) -> None:  # fmt: skip
    """Switch it on or off, name another domain, or give other settings, which are asked about."""
    actor.require(Permission.ACCOUNT_WRITE, row.profile_id)
    row_id, profile_id, kind = row.id, row.profile_id, row.kind
    cname = _cname(actor, profile_id, cname_id).id if cname_id else None
    found, wanted = None, {**opened(row), **checked(kind, given)}
    db.session.commit()
    if given or state == "active":
        found = look(profile_id, kind, wanted)
    row = reach(actor).get(Integration, row_id, need=Permission.ACCOUNT_WRITE)
    db.session.refresh(row, with_for_update=True)
    before = {"enabled": row.enabled, "valid": row.valid}
    if state is not None:
        row.enabled = state == "active"
    row.cname_id = cname or row.cname_id
    if given and found is not None:
        _keep(row, wanted, found)
    elif found is not None and not found.away:
        row.valid, row.reason, row.checked_at = found.valid, found.reason[:400], now()
    _record(
        actor, "integration.changed", row, before=before, settings=sorted(given),
        after={"enabled": row.enabled, "valid": row.valid},
    )  # fmt: skip
    db.session.commit()


def remove(actor: Actor, row: Integration) -> None:
    """Take it away for good."""
    actor.require(Permission.ACCOUNT_WRITE, row.profile_id)
    _record(actor, "integration.disconnected", row)
    db.session.delete(row)
    db.session.commit()


def partner(account: str, *, yes: bool) -> str:
    """Whether an account (``001…``) may make integrations, for who runs the installation."""
    number = numbered("001", account)
    asked = select(Profile).where(Profile.number == number)
    found = db.session.scalars(asked).one_or_none() if number is not None else None
    if found is None:
        raise NotFound(f"There is no account {account[:40]}.")
    found.partner = yes
    events.audit(
        db.session(), events.ENGINE, "profile.partner", profile_id=found.id, subject="profile",
        subject_id=found.id, after=yes,
    )  # fmt: skip
    db.session.commit()
    return found.name


def numbered(prefix: str, public_id: str) -> int | None:
    """The number in an Oktopost id; ``None`` where it is none of that kind."""
    rest = public_id[len(prefix) :]
    shaped = public_id.startswith(prefix) and len(rest) == 12 and rest.isascii()
    return int(rest) if shaped and rest.isdigit() and int(rest) < 2**31 else None


def checked(kind: str, given: Mapping[str, str]) -> dict[str, str]:
    """The settings of that kind among those given. Raises ``ValidationFailed`` naming one."""
    known = KINDS[kind]
    found: dict[str, str] = {}
    for name in known.needed:
        if name not in given:
            continue
        value = given[name].strip()
        if not value or len(value) > TEXT_LIMIT or any(ord(one) < 32 for one in value):
            raise ValidationFailed(f"Give 1 to {TEXT_LIMIT:,} characters.", field=name)
        if name in known.urls:
            value = value.rstrip("/")
            egress.Guard.of(settings()).named_only(value, field=name)
            if urlsplit(value).query or urlsplit(value).fragment:
                raise ValidationFailed("Give the address without a question mark.", field=name)
        found[name] = value
    return found


def _keep(row: Integration, given: Mapping[str, str], found: Found) -> None:
    """Plain settings beside the encrypted secret ones, and what the check found."""
    known = KINDS[row.kind]
    row.data = {name: given[name] for name in known.plain if name in given}
    secret = {name: given[name] for name in known.secret if name in given}
    row.secret = safe.vault.encrypt(json.dumps(secret), place(row.id)) if secret else None
    row.valid, row.reason, row.checked_at = found.valid, found.reason[:400], now()


def _cname(actor: Actor, profile_id: UUID, public_id: str) -> Cname:
    number = numbered(DOMAIN_PREFIX, public_id.strip())
    try:
        return cnames.numbered(actor, number or 0, profile_id)
    except NotFound as error:
        raise ValidationFailed(UNKNOWN_DOMAIN, field="cnameId") from error


def _record(actor: Actor, action: str, row: Integration, **detail: object) -> None:
    events.audit(
        db.session(), actor, action, profile_id=row.profile_id, subject="integration",
        subject_id=row.id, kind=row.kind, **detail,
    )  # fmt: skip
