"""Social accounts: ways in without a consent page, choosing, and letting go.

No network is spoken to inside a transaction: each action reads and commits, asks, and then
writes in one transaction of its own. Signing in on a network's page is ``consent.py``; what
the connections page shows is ``connections.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select

from app import credentials, egress, events, holds, inflight
from app.clock import now
from app.config import NETWORKS
from app.errors import AppError, Conflict, Forbidden, NotFound, ValidationFailed
from app.extensions import db, networks, safe
from app.ids import uuid7
from app.models.accounts import AccountStatus, NetworkApp, PendingConnection, SocialAccount
from app.models.posts import HoldReason
from app.networks.base import AppKeys, Category, Identity, Network, NetworkError, Tokens
from app.permissions import Actor, Permission
from app.services import recurring_pauses, reviews
from app.services.access import reach
from app.services.answers import plain, told
from app.services.checks import check, check_all
from app.services.linking import Connected, connect
from app.transactions import transaction

__all__ = [
    "Asking", "Connected", "ask", "cancel", "check", "check_all", "choose", "connect",
    "connect_password", "connect_token", "disconnect", "drop", "get", "identities",
    "network_of", "pending", "revoke", "settle",
]  # fmt: skip

CALL_SECONDS = 25.0  # all that one action may spend on a network
CHOOSE_WITHIN = timedelta(minutes=30)
CONFIRM_WITHIN = timedelta(minutes=10)  # where a key began it
WRITE = Permission.ACCOUNT_WRITE


@dataclass(frozen=True)
class Asking:
    """Who is asked where a key began it: the browser whose token has that digest.

    ``return_url`` is where the person goes on to.
    """

    key_id: UUID
    token_hash: str
    return_url: str


def get(actor: Actor, account_id: UUID) -> SocialAccount:
    """The account, or ``NotFound``."""
    return reach(actor).get(SocialAccount, account_id)


def network_of(name: str, way: str = "") -> Network:
    """The network of that JSON name, if one can connect by that way; else ``NotFound``."""
    try:
        found = networks.get(name)
    except (KeyError, ModuleNotFoundError) as error:
        known = name in NETWORKS
        raise NotFound(
            "That network can't be connected yet." if known else "There is no such network."
        ) from error
    if way and way not in found.ways:
        raise NotFound(f"{found.title} can't be connected this way.")
    return found


def may_connect(actor: Actor, profile_id: UUID, name: str, way: str) -> Network:
    """The network, once the actor's right is sure; no transaction is open afterwards."""
    if profile_id not in actor.roles:
        raise Forbidden("You cannot use that profile.")
    actor.require(WRITE, profile_id)
    db.session.commit()
    return network_of(name, way)


def connect_password(
    actor: Actor, profile_id: UUID, name: str, server: str, identifier: str, password: str
) -> Connected | PendingConnection:
    """Connect with an app password. Raises ``ValidationFailed`` naming the field to mend."""
    network = may_connect(actor, profile_id, name, "app_password")
    try:
        with egress.bounded(CALL_SECONDS):
            base = network.server(server)
            tokens = network.login(base, identifier, password)
            found = network.identities(tokens, base)
    except NetworkError as error:
        raise told(network, error, refused="password", invalid="server") from error
    return settle(actor, profile_id, name, found, tokens, way="app_password")


def connect_token(
    actor: Actor, profile_id: UUID, name: str, server: str, token: str
) -> Connected | PendingConnection:
    """Connect with a token from the person's own app, after asking the network whose it is."""
    network = may_connect(actor, profile_id, name, "token")
    tokens = Tokens(token.strip())
    try:
        with egress.bounded(CALL_SECONDS):
            base = network.server(server)
            found = network.identities(tokens, base)
    except NetworkError as error:
        if error.category is Category.AUTH_ERROR:
            words = f"{network.title} does not accept this token. Copy all of it and try again."
            raise ValidationFailed(words, field="token") from error
        raise told(network, error, refused="token", invalid="server") from error
    return settle(actor, profile_id, name, found, tokens, way="token")


def settle(
    actor: Actor,
    profile_id: UUID,
    name: str,
    found: list[Identity],
    tokens: Tokens,
    *,
    way: str,
    app_id: UUID | None = None,
    reconnect: UUID | None = None,
) -> Connected | PendingConnection:
    """Connect the one account a sign-in acts for, or keep it until a person has chosen.

    A person chooses where there are several, or where another account than the one being
    reconnected came back: nothing is connected that was not meant (DESIGN 6.6).
    """
    if not found:
        raise ValidationFailed("This sign-in has no account that can post.")
    wanted = found if len(found) == 1 and not found[0].note else []
    if reconnect is not None:
        meant = get(actor, reconnect).external_id
        db.session.commit()
        wanted = [one for one in found if one.external_id == meant]
    if wanted:
        return connect(actor, profile_id, name, wanted[0], tokens, way=way, app_id=app_id)
    return ask(actor, profile_id, name, found, tokens, way, app_id, reconnect)


def pending(actor: Actor, pending_id: UUID) -> PendingConnection:
    """A sign-in whose accounts wait to be chosen from, by the person or the key that began it."""
    found = reach(actor).get(PendingConnection, pending_id, need=WRITE.value)
    theirs = (found.user_id, found.key_id) == (actor.user_id, actor.key_id)
    if not theirs or found.expires_at <= now():
        raise NotFound("That choice is no longer open. Please connect again.")
    return found


def identities(row: PendingConnection) -> list[Identity]:
    """What a sign-in can act for."""
    return [Identity(**one) for one in row.identities["found"]]


def choose(actor: Actor, pending_id: UUID, external_ids: Iterable[str]) -> list[Connected]:
    """Connect the chosen accounts of a sign-in; the choice can be made once."""
    chosen = set(external_ids)
    row = pending(actor, pending_id)
    name, profile_id, way, server = row.network, row.profile_id, row.way, row.server
    found = [one for one in identities(row) if one.external_id in chosen]
    if not found or len(found) != len(chosen):
        raise ValidationFailed("Choose at least one account.", field="accounts")
    if any(one.note for one in found):
        raise ValidationFailed(next(one.note for one in found if one.note), field="accounts")
    tokens, app_id, own = _taken(row)
    grant, done = uuid7(), list[Connected]()
    try:
        for one in found:
            done.append(connect(
                actor, profile_id, name, replace(one, tokens=own.get(one.external_id)), tokens,
                way=way, app_id=app_id, grant_id=grant,
            ))  # fmt: skip
    except AppError:
        db.session.rollback()
        if not done:
            _end(name, server, tokens, app_id)
        raise
    return done


def cancel(actor: Actor, pending_id: UUID) -> None:
    """Choose none: the sign-in is ended at the network too."""
    drop(pending(actor, pending_id))


def drop(row: PendingConnection) -> None:
    """Forget a sign-in of which nothing is chosen, and end it at the network."""
    name, server = row.network, row.server
    tokens, app_id, _ = _taken(row)
    _end(name, server, tokens, app_id)


def _end(name: str, server: str, tokens: Tokens, app_id: UUID | None) -> None:
    """End at the network what no account lives on."""
    kept = db.session.get(NetworkApp, app_id) if app_id else None
    app = credentials.app_keys(kept) if kept else AppKeys("")
    db.session.commit()
    revoke(name, app, tokens, server)


def _taken(row: PendingConnection) -> tuple[Tokens, UUID | None, dict[str, Tokens]]:
    """The kept sign-in, for the one caller whose delete finds the row; own tokens by account."""
    kept = json.loads(safe.vault.decrypt(row.tokens, _place(row.id)))
    gone = db.session.execute(
        delete(PendingConnection)
        .where(PendingConnection.id == row.id)
        .returning(PendingConnection.id)
        .execution_options(synchronize_session=False)
    ).first()
    db.session.commit()
    if gone is None:
        raise Conflict("These accounts have been connected already.")
    tokens, _ = credentials.unpack(kept["tokens"])
    own = {key: credentials.unpack(value)[0] for key, value in kept["own"].items()}
    return tokens, UUID(kept["app_id"]) if kept["app_id"] else None, own


def disconnect(actor: Actor, account_id: UUID) -> int:
    """Let an account go: nothing more is sent to it; how many posts are held for that.

    When it returns, no commit call of the account can start any more (reliability §1.9).
    The network is told afterwards; if it can't be, the tokens are gone from here anyway.
    """
    account = reach(actor).get(SocialAccount, account_id, need=WRITE.value)
    if account.status is AccountStatus.DISCONNECTED and account.review is None:
        db.session.commit()
        return 0
    session = db.session()
    reviews.withdraw(session, actor, account)
    name, server = account.network, account.server
    tokens = credentials.load(account) if account.tokens else None
    app = credentials.keys(session, account)
    shared = _shared(account)
    series = recurring_pauses.lock(account.profile_id)
    account.status, account.status_at = AccountStatus.DISCONNECTED, now()
    account.status_reason = "Disconnected by a person."
    credentials.erase(account)
    session.flush()
    recurring_pauses.pause_left(series)
    held = holds.hold_account(session, account.id, HoldReason.DISCONNECTED, now())
    events.audit(
        session, actor, "account.disconnected", profile_id=account.profile_id,
        subject="social_account", subject_id=account.id, network=name, handle=account.handle,
        held=held,
    )  # fmt: skip
    session.commit()
    inflight.wait(account_id=account_id)
    if tokens is not None and not shared:
        revoke(name, app, tokens, server)
    return held


def _shared(account: SocialAccount) -> bool:
    """Whether other accounts live on the same sign-in: ending it would sign them out too."""
    if account.grant_id is None:
        return False
    others = select(SocialAccount.id).where(
        SocialAccount.grant_id == account.grant_id,
        SocialAccount.id != account.id,
        SocialAccount.tokens.is_not(None),
    )
    return db.session.scalar(others.limit(1)) is not None


def revoke(name: str, app: AppKeys, tokens: Tokens, server: str) -> None:
    """End tokens at their network as well as we can, where no other account lives on them."""
    with transaction(write=False) as session:
        if credentials.grant_goes_on(session, name):
            return
    with suppress(NetworkError, KeyError), egress.bounded(CALL_SECONDS / 2):
        networks.get(name).revoke(app, tokens, server)


def ask(
    actor: Actor, profile_id: UUID, name: str, found: list[Identity], tokens: Tokens, way: str,
    app_id: UUID | None, reconnect: UUID | None = None, asking: Asking | None = None,
) -> PendingConnection:  # fmt: skip
    """Keep a sign-in, encrypted, until the person has chosen."""
    actor.require(WRITE, profile_id)
    session, row_id = db.session(), uuid7()
    session.execute(delete(PendingConnection).where(PendingConnection.expires_at <= now()))
    kept = {
        "tokens": credentials.pack(tokens), "app_id": str(app_id) if app_id else None,
        "own": {one.external_id: credentials.pack(one.tokens) for one in found if one.tokens},
    }  # fmt: skip
    row = PendingConnection(
        id=row_id, user_id=actor.user_id, profile_id=profile_id, network=name, way=way,
        server=found[0].server,
        expires_at=now() + (CONFIRM_WITHIN if asking else CHOOSE_WITHIN),
        key_id=asking.key_id if asking else None,
        token_hash=asking.token_hash if asking else None,
        return_url=asking.return_url if asking else "",
        tokens=safe.vault.encrypt(json.dumps(kept), _place(row_id)),
        identities={
            "found": [plain({**one.__dict__, "tokens": None}) for one in found],
            "reconnect": str(reconnect) if reconnect else None,
        },
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row


def _place(row_id: UUID) -> str:
    return f"pending_connections.tokens.{row_id}"
