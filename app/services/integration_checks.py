"""Whether a connected system accepts its keys: on connecting, daily, and before it is spoken to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx2 as httpx
from sqlalchemy import ColumnElement, and_, or_, select, update

from app import logs
from app.clock import now
from app.config import Config, settings
from app.extensions import db, networks, safe
from app.integrations import clickdimensions, google_analytics, mautic, netresults, pardot
from app.integrations.remote import Away, RemoteError
from app.models.accounts import AccountStatus, SocialAccount
from app.models.integrations import Integration
from app.services import checks

DAILY, SOON = timedelta(hours=24), timedelta(hours=1)
BATCH = 50
FACEBOOK = "facebook"
Check = Callable[[httpx.Client, Config, Mapping[str, str]], None]

log = logs.get("integrations")


@dataclass(frozen=True)
class Kind:
    """A system: what it is called, its plain and its secret settings, and how it is asked.

    ``urls`` are settings that name a server: those are spoken to through the guard.
    """

    title: str
    plain: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    check: Check | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        return self.plain + self.secret


KINDS: dict[str, Kind] = {
    "cd": Kind("ClickDimensions", ("account_key",), check=clickdimensions.check),
    "ga": Kind(
        "Google Analytics", ("measurement_id",), ("api_secret",), check=google_analytics.check
    ),
    "pardot": Kind(
        "Pardot", ("login_url", "business_unit_id", "client_id"), ("client_secret",),
        ("login_url",), pardot.check,
    ),
    "netresults": Kind("NetResults", ("username",), ("password",), check=netresults.check),
    "mautic": Kind(
        "Mautic", ("base_url", "client_id"), ("client_secret",), ("base_url",), mautic.check
    ),
    FACEBOOK: Kind("Facebook"),
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What a check found; ``away``: the system could not say."""

    valid: bool
    reason: str = ""
    away: bool = False


def look(profile_id: UUID, kind: str, given: Mapping[str, str]) -> Found:
    """Ask the remote system; no transaction may be open."""
    if kind == FACEBOOK:
        return _facebook(profile_id)
    known = KINDS[kind]
    missing = [name for name in known.needed if not given.get(name)]
    if missing:
        return Found(False, f"Still missing: {', '.join(missing)}.")
    assert known.check is not None
    try:
        known.check(networks.http(guarded=bool(known.urls)), settings(), given)
    except RemoteError as error:
        return Found(False, error.message, away=isinstance(error, Away))
    return Found(True)


def recheck() -> int:
    """Ask about those nobody looked at for a day, and failing ones hourly; how many."""
    done = 0
    for row_id in _due():
        if _claimed(row_id):
            _recheck(row_id)
            done += 1
    return done


def opened(row: Integration) -> dict[str, str]:
    """All settings of an integration, the secret ones too. Never to be shown."""
    secret = safe.vault.decrypt(row.secret, place(row.id)) if row.secret else "{}"
    return {**row.data, **json.loads(secret)}


def place(row_id: UUID) -> str:
    """Where an integration's secrets lie: they decrypt nowhere else."""
    return f"integrations.secret.{row_id}"


def _facebook(profile_id: UUID) -> Found:
    """Valid while one of its accounts there can be used."""
    ids = db.session.scalars(
        select(SocialAccount.id).where(
            SocialAccount.profile_id == profile_id,
            SocialAccount.network == FACEBOOK,
            SocialAccount.status == AccountStatus.ACTIVE,
        )
    ).all()
    db.session.commit()
    reason, away = "No Facebook Page is connected.", False
    for account_id in ids:
        silent = checks.alive(account_id)
        if silent is None:
            return Found(True)
        reason, away = silent.message, away or not silent.final
    return Found(False, reason, away)


def _due() -> list[UUID]:
    found = db.session.scalars(
        select(Integration.id).where(Integration.kind.in_(KINDS), _wanted()).limit(BATCH)
    ).all()
    db.session.commit()
    return list(found)


def _wanted() -> ColumnElement[bool]:
    at = now()
    failing = and_(Integration.valid.is_(False), Integration.checked_at < at - SOON)
    never = Integration.checked_at.is_(None)
    return or_(never, failing, Integration.checked_at < at - DAILY)


def _claimed(row_id: UUID) -> bool:
    """Take one, so that two workers do not ask twice. ``Modified`` stays a person's."""
    changed = db.session.execute(
        update(Integration)
        .where(Integration.id == row_id, _wanted())
        .values(checked_at=now(), updated_at=Integration.updated_at)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def _recheck(row_id: UUID) -> None:
    db.session.expire_all()
    row = db.session.get(Integration, row_id)
    if row is None:
        return
    profile_id, kind, given, secret = row.profile_id, row.kind, opened(row), row.secret
    db.session.commit()
    found = look(profile_id, kind, given)
    if found.away:
        log.info("integration_away", integration=str(row_id), reason=found.reason)
        return  # what was known of it stays
    db.session.execute(
        update(Integration)
        .where(Integration.id == row_id, Integration.secret.is_not_distinct_from(secret))
        .values(valid=found.valid, reason=found.reason[:400], updated_at=Integration.updated_at)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
