"""What the connections page and an account's own page say of its readiness."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.extensions import db
from app.models.people import User
from app.models.profiles import Profile
from tests.conftest import Browser
from tests.factories import make_account, make_profile, make_user

X = "twitter"


@pytest.fixture
def maya(app: object) -> User:
    return make_user()


@pytest.fixture
def profile(maya: User) -> Profile:
    return make_profile(maya)


@pytest.fixture
def web(maya: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(maya)


@pytest.fixture
def here(profile: Profile) -> str:
    """The page's address."""
    return f"/p/{profile.slug}/connections"


def test_a_row_says_what_is_missing_and_offers_the_one_thing_that_mends_it(
    web: Browser, here: str, profile: Profile
) -> None:
    account = make_account(profile, X, "half", scopes=["tweet.read", "users.read"], way="oauth")
    row, account_id = web.get(here).text, account.id
    assert "X did not give the permissions to post" in row
    assert "Sign in again, allow all" in row
    assert "conn__need" in row and "0 of 1 ready to post" in row
    page = web.get(f"{here}/{account_id}")
    assert page.status_code == 200
    assert (
        "It cannot post now" in page.text and "<code>tweet.write</code> was not given" in page.text
    )


def test_what_only_the_operator_can_mend_is_a_way_there_for_the_operator_alone(
    web: Browser, here: str, profile: Profile, maya: User
) -> None:
    make_account(profile, "tiktok", "quiet")
    assert "for whoever runs this installation" in web.get(here).text
    assert "/admin/networks/tiktok" not in web.get(here).text
    maya = db.session.get_one(User, maya.id)
    maya.is_operator = True
    db.session.commit()
    assert 'href="/admin/networks/tiktok"' in web.get(here).text


def test_an_account_of_another_brand_has_no_page_here(
    web: Browser, here: str, profile: Profile, maya: User
) -> None:
    other = make_account(make_profile(maya, "Larkfield"), X)
    strange = make_account(make_profile(), X)
    for one in (other.id, strange.id):
        assert web.get(f"{here}/{one}").status_code == 404
