"""Domains of a profile's own for its short links (contracts, "Oktopost").

A domain is used once its DNS leads to us: a CNAME record, followed to its end.
"""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import dns.exception
import dns.resolver
from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError

from app import events
from app.clock import now
from app.config import settings
from app.errors import NotFound, ValidationFailed
from app.extensions import db
from app.ids import uuid7
from app.models.integrations import Cname
from app.permissions import Actor, Permission
from app.services import numbers
from app.services.access import reach

MOST = 20  # a profile
HOPS = 8
SECONDS = 4.0
WAITS, HOLDS = timedelta(hours=1), timedelta(hours=24)
BATCH = 50
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def listed(actor: Actor, profile_id: UUID) -> list[Cname]:
    """The profile's domains, the oldest first."""
    actor.require(Permission.ACCOUNT_READ, profile_id)
    query = reach(actor).query(Cname).where(Cname.profile_id == profile_id)
    return list(db.session.scalars(query.order_by(Cname.number).limit(MOST)))


def numbered(actor: Actor, number: int, profile_id: UUID | None = None) -> Cname:
    """The domain of that number in the profile, or ``NotFound``."""
    query = reach(actor).query(Cname).where(Cname.number == number)
    if profile_id is not None:
        query = query.where(Cname.profile_id == profile_id)
    found = db.session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("We could not find that domain.")
    return found


def add(actor: Actor, profile_id: UUID, typed: str) -> Cname:
    """Name a domain and look at its DNS. One that is there already is looked at again."""
    reach(actor).profile(profile_id, need=Permission.ACCOUNT_WRITE)
    domain, session = checked(typed), db.session()
    mine = reach(actor).query(Cname).where(Cname.profile_id == profile_id)
    row = session.scalars(mine.where(Cname.domain == domain)).one_or_none()
    if row is None:
        have = select(func.count(Cname.id)).where(Cname.profile_id == profile_id)
        if (session.scalar(have) or 0) >= MOST:
            raise ValidationFailed(f"A brand has at most {MOST} domains.", field="domain")
        row = Cname(
            id=uuid7(), number=numbers.take(session, Cname), profile_id=profile_id, domain=domain
        )
        session.add(row)
        session.flush()
        events.audit(
            session, actor, "cname.added", profile_id=profile_id, subject="cname",
            subject_id=row.id, domain=domain,
        )  # fmt: skip
    row_id = row.id
    session.commit()
    verify(row_id)
    return reach(actor).get(Cname, row_id)


def remove(actor: Actor, row: Cname) -> None:
    """Take a domain away; integrations that name it name none then."""
    actor.require(Permission.ACCOUNT_WRITE, row.profile_id)
    events.audit(
        db.session(), actor, "cname.removed", profile_id=row.profile_id, subject="cname",
        subject_id=row.id, domain=row.domain,
    )  # fmt: skip
    db.session.delete(row)
    db.session.commit()


def checked(typed: str) -> str:
    """A domain as DNS has it, in lower case. Raises ``ValidationFailed``."""
    refusal = ValidationFailed("Give a domain such as go.example.org.", field="domain")
    try:
        domain = typed.strip().rstrip(".").encode("idna").decode().lower()
    except UnicodeError as error:
        raise refusal from error
    labels = domain.split(".")
    if len(domain) > 253 or len(labels) < 2 or not all(_LABEL.fullmatch(one) for one in labels):
        raise refusal
    if labels[-1].isdigit():  # an address, not a name
        raise refusal
    if domain == _own():
        raise ValidationFailed("That is this installation's own address.", field="domain")
    return domain


def verify(row_id: UUID) -> bool:
    """Look at a domain's DNS; whether it leads to us. No transaction may be open."""
    row = db.session.get(Cname, row_id)
    if row is None:
        db.session.rollback()
        return False
    domain = row.domain
    db.session.commit()
    leads = leads_to(domain, _own())
    row = db.session.get(Cname, row_id, with_for_update=True)
    if row is None:
        db.session.rollback()
        return False
    row.checked_at = now()
    if leads is not None:
        row.verified_at = (row.verified_at or now()) if leads else None
    try:
        db.session.commit()
    except IntegrityError:  # verified for another profile
        db.session.rollback()
        db.session.execute(update(Cname).where(Cname.id == row_id).values(checked_at=now()))
        db.session.commit()
        return False
    return bool(leads)


def recheck() -> int:
    """Look again at those that wait, hourly, and at the others daily; how many."""
    at = now()
    found = db.session.scalars(
        select(Cname.id)
        .where(
            or_(
                Cname.checked_at.is_(None),
                Cname.verified_at.is_(None) & (Cname.checked_at < at - WAITS),
                Cname.checked_at < at - HOLDS,
            )
        )
        .order_by(Cname.checked_at)
        .limit(BATCH)
    ).all()
    db.session.commit()
    for row_id in found:
        verify(row_id)
    return len(found)


def leads_to(domain: str, target: str) -> bool | None:
    """Whether the domain's CNAME records lead to ``target``; ``None``: DNS cannot say just now."""
    asked = resolver()
    for _ in range(HOPS):
        try:
            answer = asked.resolve(domain, "CNAME", lifetime=SECONDS, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return False
        except (dns.exception.DNSException, OSError):
            return None
        domain = str(answer[0].target).rstrip(".").lower()
        if domain == target:
            return True
    return False


def resolver() -> dns.resolver.Resolver:
    """The machine's own name servers."""
    return dns.resolver.Resolver()


def _own() -> str:
    return (urlsplit(settings().APP_URL).hostname or "").lower()
