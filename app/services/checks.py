"""Asking networks whether accounts still work, and what they are called today."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

from flask import current_app
from sqlalchemy import update

from app import credentials, egress
from app.clock import now
from app.errors import AppError, Conflict
from app.extensions import db, networks
from app.models.accounts import AccountStatus, SocialAccount
from app.networks.base import Category, Identity, Network, NetworkError
from app.permissions import Actor, Permission
from app.services import faces
from app.services.access import reach
from app.services.answers import told
from app.services.linking import describe

CALL_SECONDS = 25.0
ALIVE_SECONDS = 15.0
AT_ONCE = 8
WRITE = Permission.ACCOUNT_WRITE


def check(actor: Actor, account_id: UUID) -> SocialAccount:
    """Ask the network; the account as it is known then.

    One that is signed out is marked so, and its posts are held. Raises ``BrokerError`` or
    ``RateLimited`` where the network could not say, ``Conflict`` for a disconnected account.
    """
    account = reach(actor).get(SocialAccount, account_id, need=WRITE.value)
    status, meant, network = account.status, account.external_id, networks.of(account)
    db.session.commit()
    if status is AccountStatus.DISCONNECTED:
        raise Conflict("This account is disconnected. Connect it again first.")
    if status is AccountStatus.NEEDS_RECONNECT:
        return account  # only signing in again helps
    version = None
    try:
        with egress.bounded(CALL_SECONDS):
            version, found = _look(network, account_id)
    except NetworkError as error:
        if error.category is not Category.AUTH_ERROR:
            raise told(network, error) from error
        return _signed_out(actor, account_id, error.message, None)
    mine = next((one for one in found if one.external_id == meant), None)
    if mine is None:
        return _signed_out(actor, account_id, "The sign-in is for another account now.", version)
    account = reach(actor).get(SocialAccount, account_id)
    stale = describe(account, mine)
    db.session.commit()
    if stale:
        faces.keep(account)
    return account


def check_all(actor: Actor, profile_id: UUID) -> list[AppError]:
    """Check every connected account of a profile, several at a time; what could not be asked."""
    actor.require(WRITE, profile_id)
    ids = db.session.scalars(
        reach(actor)
        .query(SocialAccount)
        .with_only_columns(SocialAccount.id)
        .where(SocialAccount.profile_id == profile_id, SocialAccount.status == AccountStatus.ACTIVE)
    ).all()
    db.session.commit()
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def one(account_id: UUID) -> AppError | None:
        with app.app_context():
            try:
                check(actor, account_id)
            except AppError as error:
                return error
            return None

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="check") as pool:
        return [error for error in pool.map(one, ids) if error is not None]


@dataclass(frozen=True)
class Silent:
    """Why an account could not be seen to work; ``final``: only signing in again helps."""

    message: str
    final: bool


def alive(account_id: UUID) -> Silent | None:
    """Ask the network whether the account's sign-in still works; ``None`` where it does.

    For jobs: nobody has to be allowed anything, and no transaction may be open. One that is
    signed out for certain (the network says 401 to a fresh token, or refuses to renew it) is
    marked so, and its posts are held.
    """
    account = db.session.get(SocialAccount, account_id)
    if account is None or account.status is not AccountStatus.ACTIVE:
        db.session.rollback()
        return None
    meant, handle, network = account.external_id, account.handle, networks.of(account)
    db.session.rollback()
    version = None
    try:
        with egress.bounded(ALIVE_SECONDS):
            version, found = _look(network, account_id)
    except NetworkError as error:
        if error.category is not Category.AUTH_ERROR:
            return Silent(f"{network.title} could not be asked about {handle} just now.", False)
        if error.status == 401:
            _mark(account_id, error.message)
        return Silent(f"{network.title} does not accept the sign-in of {handle} any more.", True)
    if not any(one.external_id == meant for one in found):
        return Silent(f"The sign-in of {handle} is for another account now.", True)
    db.session.execute(
        update(SocialAccount)
        .where(SocialAccount.id == account_id, SocialAccount.tokens_version == version)
        .values(checked_at=now())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return None


def _mark(account_id: UUID, reason: str) -> None:
    account = db.session.get(SocialAccount, account_id)
    if account is not None:
        credentials.signed_out(db.session(), account, reason)
    db.session.commit()


def _look(network: Network, account_id: UUID) -> tuple[int, list[Identity]]:
    """The tokens' version and whom they are for; an expired one is renewed once."""
    opened = credentials.fresh(account_id)
    try:
        return opened.version, network.identities(opened.tokens, opened.server)
    except NetworkError as error:
        if not error.expired:
            raise
    opened = credentials.fresh(account_id, force_from_version=opened.version)
    return opened.version, network.identities(opened.tokens, opened.server)


def _signed_out(actor: Actor, account_id: UUID, reason: str, version: int | None) -> SocialAccount:
    account = reach(actor).get(SocialAccount, account_id)
    credentials.signed_out(db.session(), account, reason, version=version)
    account.checked_at = now()
    db.session.commit()
    return account
