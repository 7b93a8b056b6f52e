"""A brand in New York with one account, on a Monday noon (UTC)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.people import User
from app.models.profiles import Profile
from app.permissions import Actor
from tests.factories import actor_of, make_account, make_profile, make_user
from tests.services.recurring.helpers import (
    MONDAY,
)


@pytest.fixture
def brand(app: Flask) -> Profile:
    return make_profile(make_user("maya@marram.example"), time_zone="America/New_York")


@pytest.fixture
def maya(brand: Profile) -> Actor:
    return actor_of(db.session.query(User).one())


@pytest.fixture
def bells(brand: Profile) -> SocialAccount:
    return make_account(brand, "mastodon", "bells")


@pytest.fixture(autouse=True)
def monday() -> Iterator[Callable[[timedelta], None]]:
    """It is Monday noon; ``monday(HOUR)`` is an hour later."""
    with time_machine.travel(MONDAY) as travelling:
        yield lambda later: travelling.move_to(MONDAY + later)
