"""The row of a connected account: made, brought back, described anew."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app import credentials, events, holds
from app.clock import now
from app.config import BRIDGE, settings
from app.errors import ValidationFailed
from app.extensions import db, queues
from app.ids import uuid7
from app.models.accounts import AccountStatus, SocialAccount
from app.models.profiles import PlatformSet
from app.networks.base import Identity, Tokens
from app.permissions import Actor, Permission
from app.services import faces, lookups, numbers, reviews
from app.services.access import reach
from app.services.answers import plain, web_address


@dataclass(frozen=True)
class Connected:
    """An account that can be used, and what became of the posts that waited for it."""

    account: SocialAccount
    new: bool
    released: holds.Released


@dataclass(frozen=True)
class Origin:
    """How a sign-in came about: the way, our registration there, what its accounts share."""

    way: str
    app_id: UUID | None
    grant_id: UUID
    integration_id: UUID | None = None  # of the bridge, whose keys serve in place of tokens


def connect(
    actor: Actor,
    profile_id: UUID,
    name: str,
    identity: Identity,
    tokens: Tokens,
    *,
    way: str,
    app_id: UUID | None = None,
    grant_id: UUID | None = None,
) -> Connected:
    """Make the account or bring it back, and let go of the posts that waited for it.

    One row a profile, network and ``external_id``, whatever the account was before: one that
    waits for a decision is accepted by this, one that was rejected or suspended is not connected
    (``Conflict``). An identity's own tokens are stored in place of the sign-in's. ``grant_id`` is
    shared by all accounts of one sign-in.
    """
    actor.require(Permission.ACCOUNT_WRITE, profile_id)
    if len(identity.external_id) > 255 or len(identity.server) > 255:
        raise ValidationFailed("That server's name is too long for us.", field="server")
    tokens = identity.tokens or tokens
    origin = Origin(way, app_id, grant_id or uuid7())
    try:
        done, stale = _write(actor, profile_id, name, identity, tokens, origin)
        db.session.commit()
    except IntegrityError:  # somebody connected the same one in this moment
        db.session.rollback()
        done, stale = _write(actor, profile_id, name, identity, tokens, origin)
        db.session.commit()
    if done.released.going:
        queues.wake("publishing.deliver")
    if done.account.places_wanted_at is not None:
        lookups.wake()
    if stale:
        faces.keep(done.account)
    return done


def join(
    actor: Actor, profile_id: UUID, name: str, identity: Identity, origin: Origin
) -> tuple[Connected, bool]:
    """An account that a bridge speaks for; also whether its picture has to be fetched.

    The caller has checked the right to do this, and commits.
    """
    return _write(actor, profile_id, name, identity, None, origin)


def describe(account: SocialAccount, identity: Identity) -> bool:
    """What the network calls it; whether its picture has to be fetched.

    A server may send anything: it is cut to what we keep.
    """
    picture = web_address(identity.avatar_url)
    stale = account.avatar_key is None or picture != account.avatar_url
    account.handle = plain(identity.handle)[:255]
    account.name = plain(identity.name)[:255]
    account.server, account.kind = identity.server, identity.kind
    account.url = web_address(identity.url)
    account.avatar_url = picture
    if identity.extras or account.extras is None:  # a network that tells less today forgot nothing
        account.extras = plain(dict(identity.extras))
    account.checked_at = now()
    return stale


def _write(
    actor: Actor, profile_id: UUID, name: str, identity: Identity, tokens: Tokens | None,
    origin: Origin,
) -> tuple[Connected, bool]:  # fmt: skip
    session, at = db.session(), now()
    account = session.scalars(
        reach(actor)
        .query(SocialAccount)
        .where(
            SocialAccount.profile_id == profile_id,
            SocialAccount.network == name,
            SocialAccount.external_id == identity.external_id,
        )
        .with_for_update()
    ).one_or_none()
    if account is None:  # somebody may have submitted it by its name
        account = reviews.submitted(actor, profile_id, name, plain(identity.handle))
    new = account is None
    if account is not None and reviews.shut(account):
        if tokens is not None:
            raise reviews.Shut(account)
        return Connected(account, False, holds.Released()), False
    if account is None:
        account = SocialAccount(
            id=uuid7(), number=numbers.take(session, SocialAccount), profile_id=profile_id,
            network=name, tokens_version=0, declared={},
        )  # fmt: skip
    account.external_id = identity.external_id
    stale = describe(account, identity)
    account.set_id = account.set_id or default_set(actor, profile_id)
    account.way, account.app_id, account.grant_id = origin.way, origin.app_id, origin.grant_id
    account.scopes = list(tokens.scopes) if tokens else []
    account.status, account.status_reason, account.status_at = AccountStatus.ACTIVE, "", at
    account.failures, account.cooling_until = 0, None
    account.connected_by, account.connected_at = actor.user_id, at
    account.is_sandbox = _played(name, identity.server)
    if tokens is not None:
        credentials.store(session, account, tokens)
    else:
        account.via, account.integration_id = origin.way, origin.integration_id
        account.tokens_version += 1  # what the keys before were refused is not these ones' fault
        session.add(account)
    if new or tokens is not None:
        lookups.want(account)
    session.flush()
    reviews.accept(session, actor, account)
    released = holds.release_account(session, account, at, actor)
    events.audit(
        session, actor, "account.connected", profile_id=profile_id, subject="social_account",
        subject_id=account.id, network=name, handle=account.handle, way=origin.way, again=not new,
        **asdict(released),
    )  # fmt: skip
    return Connected(account, new, released), stale


def _played(name: str, server: str) -> bool:
    """Whether it lives in our sandbox: nothing posted there is real."""
    if server == BRIDGE:
        return settings().network(BRIDGE).sandbox
    found = settings().network(name)
    return found.sandbox and (not server or server.startswith(found.api_url))


def default_set(actor: Actor, profile_id: UUID) -> UUID:
    """The set a profile's accounts are in unless said otherwise; made where there is none."""
    found = db.session.scalars(
        reach(actor)
        .query(PlatformSet)
        .where(PlatformSet.profile_id == profile_id, PlatformSet.is_default)
    ).first()
    if found is None:
        found = PlatformSet(id=uuid7(), profile_id=profile_id, name="All accounts", is_default=True)
        db.session.add(found)
        db.session.flush()
    return found.id
