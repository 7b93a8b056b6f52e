"""Boards, subreddits … of an account just connected, looked up by a job: nobody waits for it.

The wish is a mark on the account's row, so that neither a stop nor a lost wake-up loses it. A
network that is slow or refuses is told of on the account; a person looks up again by hand.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

from flask import current_app
from sqlalchemy import select, update

from app import logs
from app.clock import now
from app.errors import AppError
from app.extensions import db, queues, write_mode
from app.models.accounts import AccountStatus, SocialAccount
from app.services import destinations

BATCH = 20
AT_ONCE = 4  # one network that is slow holds up nobody else
UNKNOWN = "That did not work. Look them up again."

log = logs.get("lookups")


def want(account: SocialAccount) -> None:
    """Ask for the account's places where its posts need one; the caller commits, then wakes."""
    account.places_problem = ""
    account.places_wanted_at = now() if destinations.kind_of(account) else None


def wake() -> None:
    """There is something to look up."""
    queues.wake("places.look_up")


def run() -> int:
    """The job: look up what is wanted, the longest wanted first; how many accounts."""
    found = _wanted()
    if not found:
        return 0
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def one(account_id: UUID, wanted: datetime) -> None:
        with app.app_context():
            try:
                _look(account_id, wanted)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(AT_ONCE, "places") as pool:
        list(pool.map(lambda row: one(row[0], row[1]), found))
    return len(found)


def _wanted() -> list[tuple[UUID, datetime]]:
    """Accounts whose places are wanted, and since when; takes no write lock."""
    mark = write_mode.set(False)
    try:
        rows = db.session.execute(
            select(SocialAccount.id, SocialAccount.places_wanted_at)
            .where(
                SocialAccount.places_wanted_at.is_not(None),
                SocialAccount.status == AccountStatus.ACTIVE,
            )
            .order_by(SocialAccount.places_wanted_at)
            .limit(BATCH)
        ).all()
    finally:
        db.session.rollback()
        write_mode.reset(mark)
    return [(account_id, wanted) for account_id, wanted in rows if wanted is not None]


def _look(account_id: UUID, wanted: datetime) -> None:
    """One account; the wish is fulfilled whatever came of it, unless it was wished anew."""
    told = ""
    try:
        destinations.look_up(account_id)
    except AppError as error:
        told = error.message
        log.info("places_unknown", account=str(account_id), reason=told)
    except Exception:
        told = UNKNOWN
        log.exception("places_not_looked_up", account=str(account_id))
    db.session.rollback()
    db.session.execute(
        update(SocialAccount)
        .where(SocialAccount.id == account_id, SocialAccount.places_wanted_at == wanted)
        .values(places_wanted_at=None, places_problem=told[:400])
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
