"""Maya's brand on a Thursday noon in May."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from app.models.accounts import SocialAccount
from app.models.people import User
from app.models.profiles import Profile
from tests.factories import make_account, make_profile, make_user

NOON = datetime(2026, 5, 14, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon() -> Iterator[Callable[[timedelta], None]]:
    """``noon(HOUR)`` is an hour later."""
    with time_machine.travel(NOON, tick=False) as travelling:
        yield lambda later: travelling.move_to(NOON + later)


@pytest.fixture
def maya(app: object) -> User:
    return make_user()


@pytest.fixture
def brand(maya: User) -> Profile:
    return make_profile(maya)


@pytest.fixture
def bells(brand: Profile) -> SocialAccount:
    return make_account(brand, "mastodon", "bells")
