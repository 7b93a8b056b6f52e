"""A brand with accounts in the sandbox, and clients with both kinds of key."""

from __future__ import annotations

import pytest
from flask import Flask

from app.models.profiles import Profile
from app.permissions import Actor
from app.services import keys
from app.services.keys import KeyKind
from tests.api.asking import Api
from tests.conftest import Browser
from tests.factories import actor_of, make_profile, make_user


@pytest.fixture
def brand(app: Flask) -> Profile:
    """A profile with its default set, and Maya, who owns it."""
    return make_profile(make_user())


@pytest.fixture
def owner(brand: Profile) -> Actor:
    from app.extensions import db
    from app.models.people import User

    return actor_of(db.session.query(User).one())


@pytest.fixture
def amplify(client: Browser, owner: Actor, brand: Profile) -> Api:
    """A client with a profile's key, as Amplify's documents write it."""
    return Api(client, keys.create(owner, KeyKind.PROFILE, brand.id)[1])


@pytest.fixture
def ampost(client: Browser, owner: Actor) -> Api:
    """A client with an account's key, as Ampost's documents write it."""
    return Api(client, keys.create(owner, KeyKind.ACCOUNT)[1], header="Authorization")
