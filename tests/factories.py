"""Rows for tests, made straight in the database and committed; each has what the product gives it.

    maya = make_user()
    brand = make_profile(maya)
    account = make_account(brand, "bluesky")
    post = make_post(brand, "Hello", [account], at=NINE)
    actor = actor_of(maya)

Everything not named gets a sensible value; further keywords set columns.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image
from sqlalchemy import select

from app import credentials, ids
from app.clock import now
from app.config import settings
from app.extensions import db
from app.integrations.storage import Storage
from app.models.accounts import SocialAccount
from app.models.media import Media
from app.models.people import User
from app.models.posts import Post, PostMedia, PostTarget, PostVariant, TargetState
from app.models.profiles import Membership, PlatformSet, Profile
from app.networks.base import Tokens
from app.permissions import Actor, Role
from app.services import access, numbers, passwords

PASSWORD = "seven brass bells at noon"
SERVERS = {"mastodon": "https://bells.example", "bluesky": "https://pds.example", "twitter": ""}

_count = itertools.count(1)


@cache
def _hash() -> str:
    return passwords.make(PASSWORD)  # once a process: it is slow on purpose


def make_user(email: str = "", name: str = "Maya Okafor", **columns: Any) -> User:
    """A person who signs in with ``PASSWORD``; belongs to no brand yet."""
    email = email or f"maya{next(_count)}@marram.example"
    columns.setdefault("password_hash", _hash())
    user = User(email=email, email_key=email.lower(), name=name, **columns)
    db.session.add(user)
    db.session.commit()
    return user


def make_profile(
    user: User | None = None,
    name: str = "Marram Coffee",
    *,
    role: Role = Role.OWNER,
    time_zone: str = "Europe/London",
    **columns: Any,
) -> Profile:
    """A brand with its default set, and ``user`` (else a new person) in that role."""
    user = user or make_user()
    columns.setdefault("slug", f"{ids.slug(name)}-{next(_count)}")
    columns.setdefault("number", numbers.take(db.session(), Profile))
    profile = Profile(name=name, time_zone=time_zone, **columns)
    db.session.add(profile)
    db.session.flush()
    db.session.add(PlatformSet(profile_id=profile.id, name="All accounts", is_default=True))
    db.session.commit()
    join(profile, user, role)
    return profile


def join(profile: Profile, user: User, role: Role = Role.MEMBER) -> Membership:
    """The person's membership of the brand."""
    membership = Membership(profile_id=profile.id, user_id=user.id, role=role)
    db.session.add(membership)
    db.session.commit()
    return membership


def actor_of(user: User, **extra: Any) -> Actor:
    """The person as an actor, with the roles held now."""
    return access.person(user, **extra)


def make_account(
    profile: Profile,
    network: str = "mastodon",
    handle: str = "",
    *,
    tokens: Tokens | None = None,
    **columns: Any,
) -> SocialAccount:
    """A connected account. Its token is ``sandbox-<handle>``, which the sandbox knows."""
    number = numbers.take(db.session(), SocialAccount)
    handle = handle or f"marram{number}"
    settled = settings().network(network)
    server = settled.api_url if settled.sandbox else SERVERS.get(network, "")
    row_id = ids.uuid7()
    default = select(PlatformSet.id).where(
        PlatformSet.profile_id == profile.id, PlatformSet.is_default
    )
    values: dict[str, Any] = {
        "id": row_id,
        "number": number,
        "profile_id": profile.id,
        "set_id": db.session.scalar(default),
        "network": network,
        "external_id": f"{network}-{number}",
        "handle": handle,
        "name": handle.title(),
        "server": server,
        "url": f"https://{network}.example/@{handle}",
        "way": "token",
        "tokens_version": 0,
        "is_sandbox": settled.sandbox,
        "connected_at": now(),
        "status_at": now(),
    }
    account = SocialAccount(**(values | columns))
    credentials.store(db.session(), account, tokens or Tokens(access=f"sandbox-{handle}"))
    db.session.commit()
    return account


def make_media(
    profile: Profile,
    *,
    size: tuple[int, int] = (640, 480),
    kind: str = "PNG",
    alt: str = "Six bells in a row",
    **columns: Any,
) -> Media:
    """A stored picture, its file in the media folder under its key."""
    buffer = BytesIO()
    Image.new("RGB", size, (184, 129, 26)).save(buffer, kind)
    raw = buffer.getvalue()
    stored = Storage.of(settings()).save(BytesIO(raw), len(raw))
    values: dict[str, Any] = {
        "profile_id": profile.id,
        "key": stored.key,
        "name": f"bells.{kind.lower()}",
        "mime": f"image/{kind.lower()}",
        "size": stored.size,
        "sha256": stored.sha256,
        "width": size[0],
        "height": size[1],
        "alt": alt,
    }
    media = Media(**(values | columns))
    db.session.add(media)
    db.session.commit()
    return media


def make_post(
    profile: Profile,
    text: str | Sequence[str] = "The new roast is in.",
    accounts: Sequence[SocialAccount] = (),
    *,
    at: datetime | None = None,
    state: TargetState | None = None,
    author: User | None = None,
    media: Sequence[Media] = (),
    own: dict[str, Sequence[str]] | None = None,
    target: dict[str, Any] | None = None,
    **columns: Any,
) -> Post:
    """A post with one target an account: a draft, or scheduled where ``at`` is given.

    ``text`` may be the parts of a thread, ``own`` a network's own parts. ``state`` puts
    every target there; ``target`` sets further columns of each.
    """
    parts = [text] if isinstance(text, str) else list(text)
    state = state or (TargetState.SCHEDULED if at else TargetState.DRAFT)
    columns.setdefault("armed", state is not TargetState.DRAFT)
    post = Post(
        profile_id=profile.id,
        author_id=author.id if author else None,
        parts=parts,
        due_at=at,
        **columns,
    )
    for account in accounts:
        values: dict[str, Any] = {
            "profile_id": profile.id,
            "account_id": account.id,
            "state": state,
            "due_at": at,
            "scheduled_for": at,
        }
        post.targets.append(PostTarget(**(values | (target or {}))))
    for network, texts in (own or {}).items():
        post.variants.append(PostVariant(network=network, parts=list(texts)))
    for position, one in enumerate(media):
        post.media.append(PostMedia(media_id=one.id, position=position, alt=one.alt))
    post.settle()
    db.session.add(post)
    db.session.commit()
    return post
