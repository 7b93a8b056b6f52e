"""A brand, its admin and a sandbox that every network speaks to."""

from __future__ import annotations

import pytest
from flask import Flask

from app.extensions import db
from app.models.profiles import Profile
from app.permissions import Actor, Role
from app.sandbox.store import Store
from tests.factories import actor_of, join, make_profile, make_user
from tests.playing import sandbox

__all__ = ["sandbox"]


@pytest.fixture(name="play")
def played(sandbox: Store) -> Store:  # noqa: F811
    return sandbox


@pytest.fixture
def profile(app: Flask) -> Profile:
    return make_profile()


@pytest.fixture
def owner(profile: Profile) -> Actor:
    user = make_user()
    join(profile, user, Role.ADMIN)
    actor = actor_of(user)
    db.session.rollback()
    return actor
