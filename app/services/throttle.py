"""Guessing passwords is counted, in the database (reliability §13).

A guess is counted before it is checked and taken back when it was right, so that many at
once get no more tries than one after the other. Unknown people count as known ones do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import ColumnElement, delete, func, select

from app.clock import now
from app.errors import RateLimited
from app.extensions import db
from app.ids import digest
from app.models.people import LoginFailure

WINDOW = timedelta(minutes=15)
ACCOUNT_TRIES, ADDRESS_TRIES = 5, 20
_LOCK = 0x6C6F67696E  # any constant: guesses are counted one after the other


@dataclass(frozen=True)
class Guess:
    """A counted guess; ``left`` tries remain should it be wrong."""

    account: str
    left: int


def guess(email_key: str, address: str) -> Guess:
    """Count a guess, in a transaction of its own. Raises ``RateLimited`` when there were too many.

    ``RateLimited.retry_after`` is the seconds until one is free again.
    """
    db.session.rollback()
    if db.engine.dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    at = now()
    db.session.execute(delete(LoginFailure).where(LoginFailure.at <= at - WINDOW))
    account, place = digest(email_key), neighbourhood(address)
    by_account = _times(LoginFailure.email_hash == account)
    by_address = _times(LoginFailure.address == place)
    wait = max(_wait(by_account, ACCOUNT_TRIES, at), _wait(by_address, ADDRESS_TRIES, at))
    if wait:
        db.session.commit()
        raise RateLimited("Too many tries.", retry_after=wait)
    db.session.add(LoginFailure(email_hash=account, address=place, at=at))
    db.session.commit()
    left = min(ACCOUNT_TRIES - len(by_account), ADDRESS_TRIES - len(by_address)) - 1
    return Guess(account, left)


def forgive(counted: Guess) -> None:
    """The guess was right: the account's count starts anew, in the caller's transaction."""
    db.session.execute(delete(LoginFailure).where(LoginFailure.email_hash == counted.account))


def neighbourhood(address: str) -> str:
    """What counts as one address: of IPv6 the /64, which one customer has to himself."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ip_network((int(found) >> 64 << 64, 64)))
    return str(found)


def _times(where: ColumnElement[bool]) -> list[datetime]:
    return list(db.session.scalars(select(LoginFailure.at).where(where).order_by(LoginFailure.at)))


def _wait(times: list[datetime], tries: int, at: datetime) -> int:
    """Seconds until fewer than ``tries`` lie within the window; 0 when that is so now."""
    if len(times) < tries:
        return 0
    return max(1, -int((at - times[-tries] - WINDOW).total_seconds()) + 1)
