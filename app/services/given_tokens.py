"""Connecting an account with a token that somebody's own program holds (Connect API).

The network is asked whose token it is before anything is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app import credentials, egress
from app.errors import AppError, ValidationFailed
from app.extensions import db, networks
from app.models.accounts import AccountStatus, SocialAccount
from app.networks.base import Category, Identity, Network, NetworkError, Tokens
from app.permissions import Actor
from app.services import approvals
from app.services.access import reach
from app.services.accounts import CALL_SECONDS, may_connect
from app.services.answers import told
from app.services.linking import Connected, connect

TOKEN, USER, SERVER = "access_token", "user_id", "server"
MEMBERS = ("account", "member")
LISTED = 20  # of the accounts to choose from that an error names


class InvalidToken(ValidationFailed):
    """The network does not accept it."""

    code = "INVALID_ACCESS_TOKEN"


class NotVerified(ValidationFailed):
    """The network did not say that this is an account we can speak for."""

    code = "NETWORK_VERIFICATION_FAILED"

    def __init__(self, message: str, *, field: str | None) -> None:
        super().__init__(
            message, field=field, contract="Failed to verify network credentials",
            facts={"detail": message},
        )  # fmt: skip


def take(
    actor: Actor, profile_id: UUID, name: str, *, token: str, user: str = "", server: str = ""
) -> Connected:
    """Connect the account of a token.

    ``user`` says which, where a token acts for several; on Bluesky it is the handle, and the
    token an app password. ``server`` is needed where people have their own. Raises
    ``InvalidToken``, ``NotVerified``, ``AlreadyConnected``, ``LimitReached``, and what a network
    that cannot be asked makes (``BrokerError``, ``RateLimited``).
    """
    way = "token" if "token" in networks.get(name).ways else "app_password"
    network = may_connect(actor, profile_id, name, way)
    if not token.strip():
        raise ValidationFailed("This field is required.", field=TOKEN)
    if way == "app_password" and not user.strip():
        raise ValidationFailed(
            f"On {network.title} this is the handle, and {TOKEN} an app password.", field=USER
        )
    try:
        with egress.bounded(CALL_SECONDS):
            base = network.server(server.strip())
            tokens = Tokens(token.strip())
            if way == "app_password":
                tokens = network.login(base, user.strip(), token.strip())
            found = network.identities(tokens, base)
    except NetworkError as error:
        raise _refused(network, error) from error
    chosen = pick(found, user)
    _require_new(actor, profile_id, name, chosen, chosen.tokens or tokens)
    return connect(actor, profile_id, name, chosen, tokens, way=way)


def pick(found: Sequence[Identity], user: str) -> Identity:
    """The account that is meant: the one ``user`` names, the only one, or the person's own."""
    wanted = user.strip().lower().lstrip("@")
    named = [one for one in found if wanted and wanted in _names(one)]
    free = named or [one for one in found if not one.note]
    if not free:
        raise NotVerified(found[0].note if found else "This token is for no account.", field=TOKEN)
    if len(free) > 1:
        free = [one for one in free if one.kind in MEMBERS] or free
    if len(free) > 1:
        names = ", ".join(f"{one.external_id} ({one.name or one.handle})" for one in free[:LISTED])
        raise ValidationFailed(
            f"This token is for several accounts, name one: {names}.", field=USER
        )
    if free[0].note:
        raise NotVerified(free[0].note, field=TOKEN)
    return free[0]


def _names(one: Identity) -> set[str]:
    handle = one.handle.lower()
    return {one.external_id.lower(), handle, handle.partition("@")[0]}


def _require_new(
    actor: Actor, profile_id: UUID, name: str, identity: Identity, tokens: Tokens
) -> None:
    """An account that works is connected already; a pasted token may be replaced by another."""
    account = db.session.scalars(
        reach(actor)
        .query(SocialAccount)
        .where(
            SocialAccount.profile_id == profile_id,
            SocialAccount.network == name,
            SocialAccount.external_id == identity.external_id,
        )
    ).one_or_none()
    if account is None:
        approvals.room(actor, profile_id)
    elif account.status is AccountStatus.ACTIVE and (
        account.way != "token" or credentials.load(account).access == tokens.access
    ):
        raise approvals.AlreadyConnected


def _refused(network: Network, error: NetworkError) -> AppError:
    """What the network said, in the words of the Connect API."""
    if error.category is Category.AUTH_ERROR:
        return InvalidToken(
            error.message, field=TOKEN, contract="Invalid or expired access token",
            facts={"detail": error.message},
        )  # fmt: skip
    found = told(network, error, invalid=SERVER if network.user_hosts else TOKEN)
    return NotVerified(found.message, field=found.field) if found.status == 400 else found
