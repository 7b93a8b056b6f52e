"""Metricool on the connections pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.people import User
from app.models.profiles import Profile
from app.permissions import Role
from app.sandbox.store import Store
from tests.conftest import Browser
from tests.factories import join, make_post, make_profile, make_user
from tests.playing import order, sandbox  # noqa: F401

TOKEN, BLOG = "sandbox-alice", "3100001"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def play(sandbox: Store) -> Store:  # noqa: F811
    return sandbox


@pytest.fixture
def maya(play: Store) -> User:
    return make_user()


@pytest.fixture
def profile(maya: User) -> Profile:
    return make_profile(maya)


@pytest.fixture
def web(maya: User, profile: Profile, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(maya)


@pytest.fixture
def here(profile: Profile) -> str:
    return f"/p/{profile.slug}/connections/metricool"


def first(profile: Profile) -> SocialAccount:
    db.session.rollback()
    db.session.expire_all()
    found = select(SocialAccount).where(SocialAccount.via == "metricool")
    return next(one for one in db.session.scalars(found) if one.network == "twitter")


def test_the_brands_are_looked_up_and_one_is_connected(
    web: Browser, here: str, profile: Profile
) -> None:
    page = web.get(here)
    assert "Connect a brand" in page.text and "practice" in page.text
    field = web.post(f"{here}/look", data={"token": TOKEN}, headers=HTMX)
    assert "Second Brand" in field.text and "<h1>" not in field.text and TOKEN not in field.text
    whole = web.post(here, data={"token": TOKEN})
    assert whole.status_code == 422 and "paste the token once more" in whole.text
    assert TOKEN not in whole.text
    done = web.post(here, data={"token": TOKEN, "blog_id": BLOG})
    assert done.status_code == 303
    listed = web.get(done.headers["Location"]).text
    assert "via Metricool" in listed and "Carillon Demo" in listed
    assert "/connections/metricool" in listed and "Test, refresh or disconnect it" in listed
    assert "Works" in web.get(here).text
    assert first(profile).status is AccountStatus.ACTIVE


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"token": ""}, "Paste the token."),
        ({"token": "wrong", "blog_id": BLOG}, "does not accept this token"),
        ({"token": TOKEN, "blog_id": "1"}, "no brand with that id"),
        ({"token": TOKEN, "blog_id": BLOG, "user_id": "me"}, "The user id is a number."),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    web: Browser, here: str, data: dict[str, str], words: str
) -> None:
    answer = web.post(here, data=data)
    assert answer.status_code == 422 and words in answer.text
    assert "Carillon Demo" not in web.get(here).text


def test_it_is_tested_refreshed_and_let_go_of_with_the_effect_told_first(
    web: Browser, here: str, profile: Profile, play: Store
) -> None:
    web.post(here, data={"token": TOKEN, "blog_id": BLOG})
    x = first(profile)
    make_post(profile, "Soon", [x], at=now() + timedelta(hours=1))
    order(play, network="metricool", operation="account", fault="revoked", times=1)
    assert web.post(f"{here}/test").status_code == 303
    assert "Metricool refuses our token" in web.get(here).text
    assert web.post(f"{here}/test").status_code == 303
    assert "Metricool refuses our token" not in web.get(here).text
    assert web.post(f"{here}/refresh", data={"account": str(x.id)}).status_code == 303
    told = web.get(f"{here}/disconnect", headers=HTMX)
    assert "One planned post is" in told.text and "Disconnect and cancel 1 post" in told.text
    assert first(profile).status is AccountStatus.ACTIVE
    assert web.post(f"{here}/disconnect").status_code == 303
    assert first(profile).status is AccountStatus.DISCONNECTED
    assert web.get(f"{here}/disconnect").status_code == 404
    assert web.post(f"{here}/refresh").status_code == 303


def test_members_look_and_touch_nothing(
    here: str, profile: Profile, signed_in: Callable[[User], Browser], play: Store
) -> None:
    member = make_user()
    join(profile, member, Role.MEMBER)
    other = signed_in(member)
    assert other.get(here).status_code == 403
    assert other.post(here, data={"token": TOKEN, "blog_id": BLOG}).status_code == 403
