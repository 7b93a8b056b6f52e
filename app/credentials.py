"""A fresh token for an account, renewed by one process at a time (reliability §9).

No transaction is open while a network thinks, so no row lock can keep refreshers apart.
``refresh_claim`` does: a random word set by one conditional update, good until
``refresh_until``. Others wait and read again. What is stored is fenced by ``tokens_version``.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from app import egress, events, holds, logs, metrics
from app.clock import now, seconds
from app.config import BRIDGE, settings
from app.extensions import db, networks, safe
from app.ids import token as random_word
from app.models.accounts import AccountStatus, NetworkApp, SocialAccount
from app.models.integrations import Integration
from app.models.posts import HoldReason
from app.networks import NETWORKS, cls
from app.networks.base import Account, AppKeys, Category, NetworkError, Tokens
from app.transactions import moment, transaction

MARGIN_SECONDS = 300.0  # a token is renewed this long before its end, or at 4/5 of its life
CALL_SECONDS = 30.0
CLAIM_SECONDS = 60.0  # outlives the call, so that two never speak at once
# No claim runs so long: the clock was set back. Twice, since whoever looks may have read the
# time before waiting for the row that was claimed meanwhile.
IMPOSSIBLE_SECONDS = 2 * CLAIM_SECONDS
WAIT_SECONDS = CLAIM_SECONDS + CALL_SECONDS
KEEP_SECONDS = 120.0  # how long new tokens wait for a database that is away
SIGNED_OUT = "The network signed this account out."
NOT_CONNECTED = "This account is not connected."

log = logs.get("credentials")


@dataclass(frozen=True)
class Opened(Account):
    """An account with tokens that work; hand ``version`` back when they turn out expired."""

    version: int = 0


def store(session: Session, account: SocialAccount, tokens: Tokens) -> None:
    """Put new tokens into the account's row, encrypted; the caller commits."""
    value = pack(tokens)
    account.tokens = safe.vault.encrypt(value, place(account.id))
    account.tokens_version += 1
    account.tokens_expire_at = tokens.expires_at
    account.renews = bool(tokens.refresh)
    account.refresh_claim = account.refresh_until = None
    session.add(account)


def load(account: SocialAccount) -> Tokens:
    """The account's tokens; raises ``NetworkError`` (``auth_error``) where there are none."""
    if account.tokens is None:
        raise _closed(NOT_CONNECTED)
    return unpack(safe.vault.decrypt(account.tokens, place(account.id)))[0]


def erase(account: SocialAccount) -> None:
    """Forget the account's tokens; the caller commits."""
    account.tokens = account.tokens_expire_at = None
    account.refresh_claim = account.refresh_until = None
    account.tokens_version += 1
    account.renews = False


def place(account_id: UUID) -> str:
    """Where an account's tokens lie: they decrypt nowhere else."""
    return f"social_accounts.tokens.{account_id}"


def pack(tokens: Tokens) -> str:
    """Tokens as the JSON that is encrypted."""
    return json.dumps({
        "access": tokens.access, "refresh": tokens.refresh, "scopes": list(tokens.scopes),
        "expires_at": tokens.expires_at.isoformat() if tokens.expires_at else None,
        "issued_at": now().isoformat(), "more": dict(tokens.more),
    })  # fmt: skip


def unpack(value: str) -> tuple[Tokens, datetime | None]:
    """The reverse of ``pack``: the tokens, and when we got them where that was noted."""
    found: dict[str, Any] = json.loads(value)
    ends = datetime.fromisoformat(found["expires_at"]) if found["expires_at"] else None
    tokens = Tokens(found["access"], found["refresh"], ends, tuple(found["scopes"]), found["more"])
    issued = found.get("issued_at")
    return tokens, datetime.fromisoformat(issued) if issued else None


def keys(session: Session, account: SocialAccount) -> AppKeys:
    """Who we were at its server when it was connected; no keys for pasted tokens and the like."""
    row = session.get(NetworkApp, account.app_id) if account.app_id else None
    if row is None:
        return AppKeys("")
    return app_keys(row)


def app_keys(row: NetworkApp) -> AppKeys:
    """A stored registration; the operator's own secret as it is configured today."""
    found = json.loads(safe.vault.decrypt(row.keys, app_place(row.id)))
    secret = found["client_secret"]
    configured = settings().network(row.network)
    if configured.client_id and configured.client_id == found["client_id"]:
        secret = configured.client_secret
    return AppKeys(found["client_id"], secret, found["more"])


def keep_app(row: NetworkApp, app: AppKeys) -> None:
    """Put a registration into its row, encrypted; the caller commits."""
    value = {"client_id": app.client_id, "client_secret": app.client_secret, "more": dict(app.more)}
    row.keys = safe.vault.encrypt(json.dumps(value), app_place(row.id))


def app_place(app_id: UUID) -> str:
    """Where a registration lies."""
    return f"network_apps.keys.{app_id}"


def fresh(account_id: UUID, *, force_from_version: int | None = None) -> Opened:
    """The account as plain data, with a token that works for the next minutes.

    Call it with no transaction open. ``force_from_version``: the network called the token of
    that version expired; it is renewed, unless somebody has done so already.

    Raises ``NetworkError``: ``auth_error`` where a person has to connect the account again
    (then it is marked so), else what went wrong while renewing.
    """
    if db.session().in_transaction():
        raise RuntimeError("fresh() may speak to a network: commit or roll back before it")
    until, pause = time.monotonic() + WAIT_SECONDS, 0.05
    while True:
        with transaction(write=False) as session:
            row = _usable(session, account_id)
            opened, due = _opened(session, row), _due(row, force_from_version)
            free = _free(row, moment(session))
        if not due:
            return opened
        if free and (claim := _claim(account_id, opened.version)):
            done = _refresh(row.network, account_id, opened, claim, force_from_version is not None)
            if done is not None:
                return done
        if time.monotonic() > until:
            raise NetworkError(Category.NETWORK_ERROR, "Renewing the sign-in takes unusually long.")
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)


def signed_out(
    session: Session, account: SocialAccount, reason: str, *, version: int | None = None
) -> bool:
    """The network does not know us any more: its posts are held, the owners told once.

    Pure SQL on the given session; the caller commits. With ``version`` nothing happens where
    the account has other tokens by now. Whether it was still connected.
    """
    if version is not None and account.tokens_version != version:
        return False
    changed = session.execute(
        update(SocialAccount)
        .where(
            SocialAccount.id == account.id,
            SocialAccount.status == AccountStatus.ACTIVE,
            SocialAccount.tokens_version == account.tokens_version,
        )
        .values(
            status=AccountStatus.NEEDS_RECONNECT, status_reason=reason[:400], status_at=now(),
            refresh_claim=None, refresh_until=None,
        )
    )  # fmt: skip
    if not changed.rowcount:  # type: ignore[attr-defined]
        return False
    session.refresh(account)
    held = holds.hold_account(session, account.id, HoldReason.RECONNECT, now())
    told = {
        "account_id": str(account.id), "network": account.network, "handle": account.handle,
        "reason": account.status_reason, "held": held,
    }  # fmt: skip
    events.emit(session, account.profile_id, "connection.expired", told)
    events.audit(
        session, events.ENGINE, "account.signed_out", profile_id=account.profile_id,
        subject="social_account", subject_id=account.id, reason=account.status_reason, held=held,
    )  # fmt: skip
    events.tell_owners(
        session, account.profile_id, "reconnect", {**told, "title": _title(account.network)},
        once=f"reconnect:{account.id}:{account.tokens_version}",
    )  # fmt: skip
    return True


def grant_goes_on(session: Session, name: str) -> bool:
    """Whether ending a sign-in at that network would sign other accounts out (``About.grant``).

    Who gave the grant is not told, so every connected account of such a network may live on it.
    """
    try:
        grant = networks.get(name).about.grant
    except KeyError:  # a network this version does not speak
        return False
    if not grant:
        return False
    same = [one for one in NETWORKS if cls(one).about.grant == grant]
    living = select(SocialAccount.id).where(
        SocialAccount.network.in_(same), SocialAccount.tokens.is_not(None)
    )
    return session.scalar(living.limit(1)) is not None


def _title(name: str) -> str:
    try:
        return networks.get(name).title
    except KeyError:  # a network this version does not speak
        return name.title()


def _usable(session: Session, account_id: UUID) -> SocialAccount:
    row = session.get(SocialAccount, account_id)
    if row is None or row.status is not AccountStatus.ACTIVE:
        raise _closed((row.status_reason if row else "") or NOT_CONNECTED)
    if row.tokens is None and row.via != BRIDGE:
        raise _closed(row.status_reason or NOT_CONNECTED)
    return row


def bridge_keys(integration: Integration) -> Tokens:
    """What opens every account of a bridge; ``NetworkError`` where it was disconnected."""
    if integration.secret is None or not integration.enabled:
        raise _closed(NOT_CONNECTED)
    return unpack(safe.vault.decrypt(integration.secret, bridge_place(integration.id)))[0]


def keep_bridge(integration: Integration, tokens: Tokens) -> None:
    """Put a bridge's keys into its row, encrypted; the caller commits."""
    integration.secret = safe.vault.encrypt(pack(tokens), bridge_place(integration.id))


def bridge_place(integration_id: UUID) -> str:
    """Where a bridge's keys lie."""
    return f"integrations.secret.{integration_id}"


def _tokens(session: Session, row: SocialAccount) -> Tokens:
    if row.via != BRIDGE:
        return load(row)
    bridge = session.get(Integration, row.integration_id) if row.integration_id else None
    if bridge is None:
        raise _closed(NOT_CONNECTED)
    return bridge_keys(bridge)


def _opened(session: Session, row: SocialAccount) -> Opened:
    return Opened(
        external_id=row.external_id, handle=row.handle, tokens=_tokens(session, row),
        server=row.server, app=keys(session, row), extras=dict(row.extras),
        version=row.tokens_version,
    )  # fmt: skip


def _due(row: SocialAccount, force_from_version: int | None) -> bool:
    """Whether the tokens have to be renewed before they are used.

    Short-lived ones are used for most of their life. One that can't be renewed is used to
    its end.
    """
    if row.via == BRIDGE:
        if row.tokens_version == force_from_version:
            raise _closed(SIGNED_OUT)  # nobody renews Metricool's token but a person
        return False
    if force_from_version is not None:
        return row.tokens_version == force_from_version
    tokens, issued = unpack(safe.vault.decrypt(row.tokens or "", place(row.id)))
    if tokens.expires_at is None:
        return False
    left = (tokens.expires_at - now()).total_seconds()
    margin = MARGIN_SECONDS
    if issued is not None:
        margin = min(margin, (tokens.expires_at - issued).total_seconds() / 5)
    return left <= 0 or (bool(tokens.refresh) and left < margin)


def _free(row: SocialAccount, at: datetime) -> bool:
    """Whether nobody holds the claim: never taken, run out, or from before the clock jumped."""
    if row.refresh_claim is None or row.refresh_until is None:
        return True
    return not at < row.refresh_until <= at + seconds(IMPOSSIBLE_SECONDS)


def _claim(account_id: UUID, version: int) -> str | None:
    """Take the account's claim; ``None`` where somebody was faster."""
    word = random_word()
    with transaction() as session:
        at = moment(session)
        changed = session.execute(
            update(SocialAccount)
            .where(
                SocialAccount.id == account_id,
                SocialAccount.status == AccountStatus.ACTIVE,
                SocialAccount.tokens_version == version,
                or_(
                    SocialAccount.refresh_claim.is_(None),
                    SocialAccount.refresh_until <= at,
                    SocialAccount.refresh_until > at + seconds(IMPOSSIBLE_SECONDS),
                ),
            )
            .values(refresh_claim=word, refresh_until=at + seconds(CLAIM_SECONDS))
            .execution_options(synchronize_session=False)
        )
    return word if changed.rowcount else None  # type: ignore[attr-defined]


def _refresh(
    name: str, account_id: UUID, opened: Opened, claim: str, forced: bool
) -> Opened | None:
    """Ask for new tokens and store them before anybody uses them; ``None``: look again.

    A refresher that died before us may have spent the refresh token: then the network
    refuses it now, and only a person can help.
    """
    network = networks.get(name)
    try:
        with egress.bounded(CALL_SECONDS):
            tokens = network.refresh(opened.app, opened.tokens, opened.server)
    except NetworkError as error:
        if error.category is Category.AUTH_ERROR:
            metrics.token_refresh.labels("refused").inc()
            if _refused(account_id, opened.version):
                raise _closed(SIGNED_OUT) from error
            return None
        metrics.token_refresh.labels("failed").inc()
        _let_go(account_id, claim)
        ends = opened.tokens.expires_at
        if not forced and ends is not None and ends > now():
            return opened  # the old one still works: the next caller tries again
        raise
    except BaseException:
        metrics.token_refresh.labels("failed").inc()
        _let_go(account_id, claim)
        raise
    metrics.token_refresh.labels("ok").inc()
    stored = _stored(account_id, opened.version, tokens)
    if stored is None:  # a person disconnected it meanwhile
        with transaction(write=False) as session:
            kept = grant_goes_on(session, name)
        if not kept:
            with suppress(NetworkError), egress.bounded(CALL_SECONDS):
                network.revoke(opened.app, tokens, opened.server)
        raise _closed(NOT_CONNECTED)
    return stored


def _stored(account_id: UUID, version: int, tokens: Tokens) -> Opened | None:
    """Write the new tokens; a database that is away for a moment costs a wait, not the account."""
    until, pause = time.monotonic() + KEEP_SECONDS, 0.1
    while True:
        try:
            with transaction() as session:
                row = session.get(SocialAccount, account_id, with_for_update=True)
                if row is None or row.tokens is None:
                    return None
                if row.tokens_version == version:
                    store(session, row, tokens)
                    session.flush()
                return _opened(session, row)
        except (DBAPIError, PoolTimeout) as error:
            if time.monotonic() > until:
                raise
            log.warning("tokens_wait", account=str(account_id), error=type(error).__name__)
            time.sleep(pause)
            pause = min(pause * 2, 2.0)


def _refused(account_id: UUID, version: int) -> bool:
    """Mark the account; false where it has other tokens by now."""
    with transaction() as session:
        row = session.get(SocialAccount, account_id, with_for_update=True)
        return row is not None and signed_out(session, row, SIGNED_OUT, version=version)


def _let_go(account_id: UUID, claim: str) -> None:
    with transaction() as session:
        session.execute(
            update(SocialAccount)
            .where(SocialAccount.id == account_id, SocialAccount.refresh_claim == claim)
            .values(refresh_claim=None, refresh_until=None)
            .execution_options(synchronize_session=False)
        )


def _closed(message: str) -> NetworkError:
    return NetworkError(Category.AUTH_ERROR, message, retryable=False)
