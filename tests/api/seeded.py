"""An installation with something of everything, for tests that try whatever the API takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from app.clock import now
from app.extensions import db
from app.models.base import Base
from app.models.people import User
from app.models.posts import TargetState
from app.models.profiles import Profile
from app.permissions import Role
from app.services import keys
from app.services.content_templates import Changes, create
from app.services.keys import KeyKind
from tests.databases import Databases
from tests.factories import (
    actor_of,
    join,
    make_account,
    make_media,
    make_post,
    make_profile,
    make_user,
)

NETWORKS = ("mastodon", "bluesky", "twitter", "instagram")
STATES = (
    None, TargetState.SCHEDULED, TargetState.FAILED, TargetState.NEEDS_REVIEW,
    TargetState.PUBLISHED,
)  # fmt: skip
MOST = 6  # ids told of each kind


@dataclass
class Seeded:
    """``keys`` are one of each kind; ``ids`` are of every kind of row, a stranger's among them."""

    app: Flask
    databases: Databases
    keys: list[str] = field(default_factory=list)
    ids: list[UUID] = field(default_factory=list)
    again: Callable[[], None] = lambda: None  # as it was planted, whatever was changed since
    touched: bool = False  # something was tried that may have changed it

    def plant(self) -> None:
        """Make all of it, once, and a way back to it."""
        maya = make_user()
        brand = make_profile(maya)
        join(brand, make_user(name="Tom Reed"), Role.MEMBER)
        stranger = make_user(name="Ines Duarte")
        _furnish(brand, maya)
        _furnish(make_profile(stranger), stranger)
        owner = actor_of(maya)
        self.keys = [
            keys.create(owner, KeyKind.PROFILE, brand.id)[1], keys.create(owner, KeyKind.ACCOUNT)[1]
        ]  # fmt: skip
        keys.create(actor_of(stranger), KeyKind.ACCOUNT)
        db.session.commit()
        self.ids = _ids()
        self.again = self.databases.keep(self.app)


def _furnish(brand: Profile, owner: User) -> None:
    """Accounts, a picture, posts in every state, a template."""
    accounts = [make_account(brand, network) for network in NETWORKS]
    picture = make_media(brand)
    for state in STATES:
        at = now() + timedelta(days=1) if state else None
        make_post(brand, accounts=accounts[:2], at=at, state=state, media=[picture])
    create(
        actor_of(owner),
        brand.id,
        Changes(name="Weekly", content="Hello {{who}}", platforms=["mastodon"]),
    )


def _ids() -> list[UUID]:
    """Some ids of every table that has any."""
    found: list[UUID] = []
    for table in Base.metadata.sorted_tables:
        if "id" in table.c:
            rows = db.session.scalars(select(table.c.id).limit(MOST)).all()
            found += [row for row in rows if isinstance(row, UUID)]
    return found
