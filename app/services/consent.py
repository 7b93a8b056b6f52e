"""Signing in on a network's own page, and the way back (RFC 9700, reliability §13).

A consent is bound to the session or the key that began it, the person, the profile, the network
and the redirect URI. It can be ended once: its row is deleted by the statement that reads it,
before the code is exchanged. How one that a key began goes on is in ``key_consent.py``.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.exc import IntegrityError

from app import credentials, egress, ids
from app.clock import now
from app.config import settings
from app.errors import AppError, NotFound, ValidationFailed
from app.extensions import db, safe
from app.models.accounts import NetworkApp, OAuthState, PendingConnection, SocialAccount
from app.networks.base import AppKeys, Consent, Identity, Network, NetworkError, Tokens
from app.permissions import Actor, Permission
from app.services.access import reach
from app.services.accounts import CALL_SECONDS, Connected, may_connect, network_of, revoke, settle
from app.services.answers import told

LASTS = timedelta(minutes=10)
UNUSED_AFTER = timedelta(days=1)
LOST = "That sign-in has run out, or was begun in another browser. Please start again."

Done = TypeVar("Done")


class ConsentFailed(ValidationFailed):
    """A consent that did not end in an account; ``profile_id`` is where the person came from."""

    def __init__(self, message: str, profile_id: UUID | None = None, network: str = "") -> None:
        super().__init__(message)
        self.profile_id, self.network = profile_id, network


def redirect_uri(name: str) -> str:
    """Where a network sends people back to: one path a network, at our own address."""
    return f"{settings().APP_URL}/oauth/{name}/callback"


@dataclass(frozen=True)
class Begun:
    """A consent whose row has been taken: ``fits`` says whether it may go on.

    ``held_by`` is the digest of the session or key it is bound to; ``key_id`` and ``return_url``
    are of one that a key began.
    """

    held_by: str
    user_id: UUID
    profile_id: UUID
    network: str
    server: str
    redirect_uri: str
    expires_at: datetime
    account_id: UUID | None
    key_id: UUID | None
    return_url: str
    app: AppKeys
    app_id: UUID | None
    keep: Mapping[str, str]

    @property
    def expired(self) -> bool:
        return self.expires_at <= now()

    def fits(self, actor: Actor, name: str, held_by: str) -> bool:
        """Whether it is this person's way back from this network, in the hands it began in."""
        return (
            hmac.compare_digest(self.held_by, held_by)
            and self.user_id == actor.user_id
            and self.key_id == actor.key_id
            and self.network == name
            and self.redirect_uri == redirect_uri(name)
        )


def start(
    actor: Actor,
    profile_id: UUID,
    name: str,
    *,
    session_hash: str,
    hint: str = "",
    server: str = "",
    reconnect: UUID | None = None,
    return_url: str = "",
) -> str:
    """The address of the network's consent page.

    ``session_hash`` is the digest of the session, or of the key that ``actor`` is. ``hint`` is
    the handle, ``server`` the host a person typed; ``reconnect`` is the account to bring back.
    Raises ``ValidationFailed`` with the field ``server`` or ``hint``.
    """
    if reconnect is not None:
        account = reach(actor).get(SocialAccount, reconnect, need=Permission.ACCOUNT_WRITE.value)
        if (account.profile_id, account.network) != (profile_id, name):
            raise NotFound()
        server, hint = server or account.server, hint or account.handle
    network = may_connect(actor, profile_id, name, "oauth")
    state, back = ids.token(), redirect_uri(name)
    try:
        with egress.bounded(CALL_SECONDS):
            base = network.server(server)
            app, consent = _begin(actor, network, base, hint, back, state)
    except NetworkError as error:
        field = "hint" if hint and not server else "server"
        raise told(network, error, invalid=field if network.user_hosts else None) from error
    try:
        app_id = _keep_app(name, base, back, app)
    except IntegrityError:  # somebody begun there in this moment; the newer one is kept
        db.session.rollback()
        app_id = _keep_app(name, base, back, app)
    _keep_state(
        actor, profile_id, network, state, session_hash, base, back, app, app_id,
        consent.keep, reconnect, return_url,
    )  # fmt: skip
    db.session.commit()
    return consent.url


def whose(state: str) -> str:
    """Who began the consent of that state: ``"key"``, ``"person"``, or empty where nobody did.

    It is only looked at, and stays as it is.
    """
    found = db.session.execute(
        select(OAuthState.key_id).where(OAuthState.state_hash == ids.digest(state))
    ).one_or_none()
    return "" if found is None else "person" if found.key_id is None else "key"


def finish(
    actor: Actor, name: str, query: Mapping[str, str], *, session_hash: str
) -> Connected | PendingConnection:
    """The way back: trade the answer for tokens and connect what they are for.

    Raises ``ConsentFailed`` in words. X's codes live for 30 seconds, so all of it happens
    in the callback's own request.
    """
    network_of(name)
    begun = take(query.get("state", ""))
    if begun is None or begun.expired or not begun.fits(actor, name, session_hash):
        raise ConsentFailed(LOST)

    def settled(found: list[Identity], tokens: Tokens) -> Connected | PendingConnection:
        return settle(
            actor, begun.profile_id, name, found, tokens, way="oauth", app_id=begun.app_id,
            reconnect=begun.account_id,
        )  # fmt: skip

    try:
        network = may_connect(actor, begun.profile_id, name, "oauth")
        return trade(network, begun, query, settled)
    except AppError as error:
        raise ConsentFailed(error.message, begun.profile_id, name) from error


def trade(
    network: Network, begun: Begun, query: Mapping[str, str],
    end: Callable[[list[Identity], Tokens], Done],
) -> Done:  # fmt: skip
    """What ``end`` makes of the accounts and tokens that the network's answer is worth.

    Raises ``AppError`` in words; tokens that came to nothing are ended at the network.
    """
    try:
        with egress.bounded(CALL_SECONDS):
            tokens = network.exchange(begun.app, begun.keep, query, redirect_uri(network.name))
    except NetworkError as error:
        if error.code == "invalid_client":
            _forget_app(begun.app_id)
            raise ValidationFailed(
                f"{network.title} no longer knew Carillon there. We have put that right: "
                "please start again."
            ) from error
        raise told(network, error) from error
    try:
        with egress.bounded(CALL_SECONDS):
            found = network.identities(tokens, begun.server)
        return end(found, tokens)
    except (NetworkError, AppError) as error:
        db.session.rollback()
        revoke(network.name, begun.app, tokens, begun.server)  # nothing was connected with them
        if isinstance(error, NetworkError):
            raise told(network, error) from error
        raise


def _begin(
    actor: Actor, network: Network, base: str, hint: str, back: str, state: str
) -> tuple[AppKeys, Consent]:
    """Our registration there, and the consent; a server that has forgotten us is told anew."""
    app = _known_app(actor, network, base, back)
    known = app is not None
    app = app or network.register(base, back)
    try:
        return app, network.authorize(app, server=base, hint=hint, redirect_uri=back, state=state)
    except NetworkError as error:
        if not known or error.code != "invalid_client":
            raise
    app = network.register(base, back)
    return app, network.authorize(app, server=base, hint=hint, redirect_uri=back, state=state)


def _known_app(actor: Actor, network: Network, base: str, back: str) -> AppKeys | None:
    """The registration kept for that server; no transaction is open afterwards.

    One whose consent page this person has just not come back from is not trusted: Mastodon
    used to forget apps, and says so only on its own page (networks/mastodon.md §1).
    """
    row = _app_row(network.name, base, back) if network.registers else None
    if row is None:
        db.session.commit()
        return None
    stuck = db.session.scalar(
        select(func.count())
        .select_from(OAuthState)
        .where(
            OAuthState.user_id == actor.user_id,
            OAuthState.network == network.name,
            OAuthState.server == base,
            OAuthState.expires_at > now(),
        )
    )
    old = row.updated_at < now() - UNUSED_AFTER
    app = credentials.app_keys(row)
    db.session.commit()
    return None if stuck and old else app


def _app_row(name: str, base: str, back: str) -> NetworkApp | None:
    return db.session.scalars(
        select(NetworkApp)
        .where(
            NetworkApp.network == name,
            NetworkApp.server == base,
            NetworkApp.redirect_uri == back,
        )
        .with_for_update()
    ).one_or_none()


def _keep_app(name: str, base: str, back: str, app: AppKeys) -> UUID:
    """Store a registration in place of the one before; the caller commits."""
    row = _app_row(name, base, back)
    if row is None:
        row = NetworkApp(id=ids.uuid7(), network=name, server=base, redirect_uri=back, keys="")
    elif credentials.app_keys(row) == app:
        return row.id
    credentials.keep_app(row, app)
    db.session.add(row)
    db.session.flush()
    return row.id


def _forget_app(app_id: UUID | None) -> None:
    row = db.session.get(NetworkApp, app_id) if app_id else None
    if row is not None:
        db.session.delete(row)
    db.session.commit()


def _keep_state(
    actor: Actor, profile_id: UUID, network: Network, state: str, session_hash: str, base: str,
    back: str, app: AppKeys, app_id: UUID, keep: Mapping[str, str],
    account_id: UUID | None, return_url: str,
) -> None:  # fmt: skip
    # One that a key began is known for a while longer: its app hears that it came too late.
    late = or_(OAuthState.key_id.is_(None), OAuthState.expires_at <= now() - UNUSED_AFTER)
    db.session.execute(delete(OAuthState).where(OAuthState.expires_at <= now(), late))
    row_id = ids.uuid7()
    kept: dict[str, Any] = {
        "keep": dict(keep), "app_id": str(app_id),
        "app": {"client_id": app.client_id, "client_secret": app.client_secret,
                "more": dict(app.more)},
    }  # fmt: skip
    db.session.add(
        OAuthState(
            id=row_id, state_hash=ids.digest(state), session_hash=session_hash,
            user_id=actor.user_id, profile_id=profile_id, network=network.name, server=base,
            redirect_uri=back, account_id=account_id, expires_at=now() + LASTS,
            key_id=actor.key_id, return_url=return_url,
            keep=safe.vault.encrypt(json.dumps(kept), _place(row_id)),
        )
    )  # fmt: skip


def take(state: str) -> Begun | None:
    """The consent of that state, used up by this look, whoever looks; ``None``: there is none."""
    row = db.session.execute(
        delete(OAuthState)
        .where(OAuthState.state_hash == ids.digest(state))
        .returning(
            OAuthState.id, OAuthState.session_hash, OAuthState.user_id, OAuthState.profile_id,
            OAuthState.network, OAuthState.server, OAuthState.redirect_uri, OAuthState.keep,
            OAuthState.account_id, OAuthState.expires_at, OAuthState.key_id,
            OAuthState.return_url,
        )
        .execution_options(synchronize_session=False)
    ).one_or_none()  # fmt: skip
    db.session.commit()
    if row is None:
        return None
    kept = json.loads(safe.vault.decrypt(row.keep, _place(row.id)))
    return Begun(
        row.session_hash, row.user_id, row.profile_id, row.network, row.server, row.redirect_uri,
        row.expires_at, row.account_id, row.key_id, row.return_url, AppKeys(**kept["app"]),
        UUID(kept["app_id"]), kept["keep"],
    )  # fmt: skip


def _place(row_id: UUID) -> str:
    return f"oauth_states.keep.{row_id}"
