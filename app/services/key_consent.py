"""Signing in on a network's page for a program: begun with a key, confirmed by a person.

A key has no browser to bind the way back to (contracts.md). So nothing is connected on the way
back: what was signed in to is kept, encrypted, and the browser that came back is asked, on a page
that names the profile and the account. Its session alone holds the token that may answer, once.
Then it goes on to the address the profile has registered. The key, its rights and that address
are looked at again at each step.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from app import ids
from app.clock import now
from app.config import BRIDGE
from app.errors import (
    AppError,
    BrokerError,
    Conflict,
    Forbidden,
    NotFound,
    RateLimited,
    Unauthorized,
    ValidationFailed,
)
from app.extensions import db
from app.models.accounts import PendingConnection
from app.models.keys import ApiKey
from app.models.profiles import Profile
from app.networks.base import Identity, Tokens
from app.permissions import Actor, Permission
from app.services import accounts, connections, consent, keys, return_urls, reviews, usage
from app.services.access import reach
from app.services.accounts import Asking
from app.services.approvals import ALIASES
from app.services.connections import networks_title
from app.services.consent import Begun

# Why a person comes back without an account, as the program is told it.
DENIED, EXPIRED, NOT_ALLOWED = "access_denied", "expired", "not_allowed"
NETWORK_ERROR, FAILED = "network_error", "connection_failed"
# What networks send back that is not a person's no (RFC 6749 §4.1.2.1).
UPSET = frozenset({"server_error", "temporarily_unavailable"})
UNREGISTERED = (
    "This address is not registered for the profile. Add it, exactly as it is sent here, under"
    " Settings, Return addresses, or to returnUrls with PATCH /api/v1/profiles/{id}."
)


class Over(AppError):
    """The question is closed: answered, too old, somebody else's, or never asked."""

    status, code = 410, "GONE"

    def __init__(self) -> None:
        super().__init__(
            "This sign-in has run out or was finished already. Go back to where you began, and"
            " start again there if the account is not connected."
        )


@dataclass(frozen=True)
class Back:
    """Where the person goes on to, with what came of it; ``error`` is empty for success."""

    url: str
    error: str = ""


@dataclass(frozen=True)
class Asked:
    """A question that waits, and the token that may answer it."""

    pending_id: UUID
    token: str


@dataclass(frozen=True)
class Question:
    """What the page asks. ``site`` is the host that the person goes on to."""

    pending_id: UUID
    network: str
    title: str
    brand: str
    site: str
    found: list[Identity]

    @property
    def open(self) -> list[Identity]:
        """Those that can be chosen."""
        return [one for one in self.found if not one.note]


def start(
    actor: Actor, profile_id: UUID, name: str, return_url: str, *, server: str = "",
    handle: str = "",
) -> str:  # fmt: skip
    """The address of the network's consent page, for a program to send a person to.

    Raises ``ValidationFailed`` with the field ``platform``, ``returnUrl``, ``server`` or
    ``handle``, and ``RateLimited`` past the profile's hour.
    """
    profile = reach(actor).profile(profile_id, need=Permission.ACCOUNT_WRITE.value)
    if actor.key_id is None:
        raise Forbidden("Only a key begins a sign-in this way.")
    name = _signs_in(name)
    if not return_urls.allowed(profile, return_url):
        raise ValidationFailed(UNREGISTERED.format(id=profile_id), field="returnUrl")
    digest = db.session.get_one(ApiKey, actor.key_id).key_hash
    usage.spend_connect(profile_id)
    db.session.commit()
    try:
        return consent.start(
            actor, profile_id, name, session_hash=digest, hint=handle, server=server,
            return_url=return_url,
        )  # fmt: skip
    except ValidationFailed as error:
        error.field = {"hint": "handle", "server": "server"}.get(error.field or "", "platform")
        raise


def finish(
    name: str, query: Mapping[str, str], *, address: str = "", request_id: str = ""
) -> Asked | Back:
    """The way back from the network: keep what was signed in to, and the question about it.

    Raises ``Over`` for a state that is none of a key's, or whose return address is gone.
    """
    accounts.network_of(name)
    begun = consent.take(query.get("state", ""))
    if begun is None or begun.key_id is None:
        raise Over()
    key = db.session.get(ApiKey, begun.key_id)
    held_by = key.key_hash if key is not None else ""
    actor = _actor(begun, address, request_id)
    if isinstance(actor, Back):
        return actor
    if not begun.fits(actor, name, held_by):
        raise Over()
    db.session.commit()  # the network is about to be asked
    try:
        return _keep(actor, begun, query)
    except AppError as error:
        said = query.get("error")
        word = (NETWORK_ERROR if said in UPSET else DENIED) if said else _reason(error)
        return _back(begun.return_url, word)


def question(pending_id: UUID, token: str) -> Question | Back:
    """What the browser with that token is asked, or where it goes since time ran out."""
    row = _asked(pending_id, token)
    profile = _registered(row)
    if row.expires_at <= now():
        return _back(row.return_url, EXPIRED)
    return Question(
        row.id, row.network, networks_title(row.network), profile.name,
        return_urls.site(row.return_url), accounts.identities(row),
    )  # fmt: skip


def confirm(
    pending_id: UUID, token: str, external_ids: Iterable[str], *, address: str = "",
    request_id: str = "",
) -> Back:  # fmt: skip
    """Connect what was chosen. Raises ``ValidationFailed`` where the choice can be mended."""
    row = _asked(pending_id, token)
    told = row.return_url
    try:
        actor = _actor(row, address, request_id)
    except Over:
        _drop(row)
        raise
    if isinstance(actor, Back):
        _drop(row)
        return actor
    try:
        done = accounts.choose(actor, pending_id, external_ids)
    except ValidationFailed as error:
        if error.field == "accounts":
            raise
        return _back(told, FAILED)
    except reviews.Shut:
        return _back(told, FAILED)
    except (Conflict, NotFound) as error:  # answered in another tab in this moment
        raise Over() from error
    made = [str(one.account.id) for one in done]
    return Back(return_urls.going(told, status="success", connectionId=made))


def cancel(pending_id: UUID, token: str) -> Back:
    """Connect nothing; the sign-in is ended at the network too."""
    row = _asked(pending_id, token)
    told = _back(row.return_url, EXPIRED if row.expires_at <= now() else DENIED)
    try:
        _registered(row)
    finally:
        _drop(row)
    return told


def _signs_in(platform: str) -> str:
    """The network of that name, if people sign in on its own page here."""
    name = ALIASES.get(platform.strip().lower(), platform.strip().lower())
    try:
        offer = connections.offer(name)
    except (KeyError, ModuleNotFoundError):
        raise _unknown(name) from None
    if "oauth" in offer.ways:
        return name
    why = offer.missing.get("oauth", f"{offer.title} has no page to sign in on")
    others = []
    if "app_password" in offer.all_ways:
        others.append("with an app password under Connections")
    if "token" in offer.all_ways:
        others.append(f"with a token: POST /api/auth/{name}/")
    instead = f" It can be connected {', or '.join(others)}." if others else ""
    raise ValidationFailed(f"{why.rstrip('.')}.{instead}", field="platform")


def _unknown(name: str) -> ValidationFailed:
    words = "Metricool is connected with its token: POST /v1/connect/metricool."
    if name != BRIDGE:
        able = [one.network for one in connections.offers() if "oauth" in one.ways]
        words = f"That network cannot be signed in to here. Use one of {', '.join(able)}."
    return ValidationFailed(words, field="platform")


def _actor(held: Begun | PendingConnection, address: str, request_id: str) -> Actor | Back:
    """The key, where it may still connect there and time is left; else the way back."""
    _registered(held)
    try:
        actor = keys.standing(held.user_id, held.key_id, address=address, request_id=request_id)
        actor.require(Permission.ACCOUNT_WRITE, held.profile_id)
    except (Unauthorized, Forbidden):
        return _back(held.return_url, NOT_ALLOWED)
    return _back(held.return_url, EXPIRED) if held.expires_at <= now() else actor


def _keep(actor: Actor, begun: Begun, query: Mapping[str, str]) -> Asked:
    """Trade the answer for tokens and keep them for the person's word."""
    key_id, token = begun.key_id, ids.token()
    assert key_id is not None

    def kept(found: list[Identity], tokens: Tokens) -> Asked:
        if not found:
            raise ValidationFailed("This sign-in has no account that can post.")
        row = accounts.ask(
            actor, begun.profile_id, begun.network, found, tokens, "oauth", begun.app_id,
            asking=Asking(key_id, ids.digest(token), begun.return_url),
        )  # fmt: skip
        return Asked(row.id, token)

    return consent.trade(accounts.network_of(begun.network), begun, query, kept)


def _asked(pending_id: UUID, token: str) -> PendingConnection:
    """The question that this token may answer; ``Over`` for every other."""
    row, digest = db.session.get(PendingConnection, pending_id), ids.digest(token)
    if row is None or not row.token_hash or not hmac.compare_digest(row.token_hash, digest):
        raise Over()
    return row


def _registered(held: Begun | PendingConnection) -> Profile:
    """The profile. Taking an address off its list ends what was to go there (``Over``)."""
    profile = db.session.get(Profile, held.profile_id)
    if profile is None or not return_urls.allowed(profile, held.return_url):
        raise Over()
    return profile


def _drop(row: PendingConnection) -> None:
    try:
        accounts.drop(row)
    except Conflict as error:  # answered in another tab in this moment
        raise Over() from error


def _back(url: str, error: str) -> Back:
    return Back(return_urls.going(url, status="error", error=error), error)


def _reason(error: AppError) -> str:
    if isinstance(error, Forbidden):
        return NOT_ALLOWED
    return NETWORK_ERROR if isinstance(error, BrokerError | RateLimited) else FAILED
