"""Connecting accounts in tests, as a person does it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from app import ids
from app.clock import now
from app.extensions import db
from app.models.accounts import PendingConnection, SocialAccount
from app.models.posts import PostTarget
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import consent
from app.services.accounts import Connected
from tests.factories import make_post
from tests.playing import walk

X = "twitter"
SESSION = ids.digest("a session")
EVERY = (X, "mastodon", "bluesky")


def begin(actor: Actor, profile: Profile, network: str = X, **more: Any) -> str:
    """The address of the consent page."""
    profile_id = profile.id
    db.session.rollback()
    return consent.start(actor, profile_id, network, session_hash=SESSION, **more)


def end(
    actor: Actor, answer: dict[str, str], network: str = X, session: str = SESSION
) -> Connected | PendingConnection:
    db.session.rollback()
    return consent.finish(actor, network, answer, session_hash=session)


def consented(
    actor: Actor, profile: Profile, network: str = X, handle: str = "maya", **more: Any
) -> SocialAccount:
    """An account connected through the network's page."""
    url = begin(actor, profile, network, **more)
    done = end(actor, walk(url, handle), network)
    assert isinstance(done, Connected)
    return done.account


def connected(done: Connected | PendingConnection) -> SocialAccount:
    assert isinstance(done, Connected)
    return done.account


def again(account_id: UUID) -> SocialAccount:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(SocialAccount, account_id)


def on(account: SocialAccount, minutes: float, **more: Any) -> UUID:
    """A post due on the account in so many minutes; its target's id."""
    at = now() + timedelta(minutes=minutes)
    return make_post(account.profile, "Bells", [account], at=at, **more).targets[0].id


def target(target_id: UUID) -> PostTarget:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(PostTarget, target_id)
