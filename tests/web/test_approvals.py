"""The page on which owners and admins decide about networks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.extensions import db
from app.models.accounts import Review, SocialAccount
from app.models.approvals import Place, PlaceKind
from app.models.people import User
from app.models.profiles import Profile
from app.permissions import Role
from app.services import approvals
from app.services.approvals import Claim
from tests.conftest import Browser
from tests.factories import actor_of, join, make_profile, make_user


@pytest.fixture
def maya(app: object) -> User:
    return make_user()


@pytest.fixture
def profile(maya: User) -> Profile:
    return make_profile(maya)


@pytest.fixture
def here(profile: Profile) -> str:
    return f"/p/{profile.slug}/connections/requests"


@pytest.fixture
def asked(maya: User, profile: Profile) -> tuple[str, str]:
    """A network and a page that wait."""
    actor = actor_of(maya)
    url = "https://instagram.com/user123"
    network = approvals.submit(
        actor, profile.id, Claim("instagram", "user123", url, followers=5000)
    )
    page = Claim("facebook", "p1", "https://facebook.com/p1", name="<b>Blog</b>", category="beauty")
    place = approvals.add_place(actor, profile.id, PlaceKind.PAGE, page)
    return str(network.account_id), str(place.id)


def test_an_owner_accepts_suspends_and_rejects(
    maya: User, here: str, asked: tuple[str, str], signed_in: Callable[[User], Browser]
) -> None:
    web, (network, place) = signed_in(maya), asked
    page = web.get(here).text
    assert "user123" in page and "5,000 followers as they say" in page
    assert "&lt;b&gt;Blog&lt;/b&gt;" in page and "Facebook page" in page
    assert 'rel="noopener nofollow"' in page and "2 wait for a decision" in page
    above = web.get(here.removesuffix("/requests")).text
    assert "2 requests wait for a decision." in above and "Waiting for approval" in above
    done = web.post(f"{here}/network/{network}/accept", follow_redirects=True)
    assert "user123 is accepted." in done.text and "Not signed in" in done.text
    assert web.post(f"{here}/network/{network}/suspend").status_code == 303
    assert "Suspended" in web.get(here).text
    assert web.post(f"{here}/place/{place}/reject").status_code == 303
    again = web.post(f"{here}/place/{place}/suspend", follow_redirects=True)
    assert "rejected can" in again.text
    db.session.rollback()
    assert db.session.query(SocialAccount).one().review is Review.SUSPENDED
    assert db.session.query(Place).one().review is Review.REJECTED


def test_a_member_sees_and_does_not_decide(
    profile: Profile, here: str, asked: tuple[str, str], signed_in: Callable[[User], Browser]
) -> None:
    sam = make_user()
    join(profile, sam, Role.MEMBER)
    web = signed_in(sam)
    page = web.get(here).text
    assert "user123" in page and "Owners and admins decide." in page and "/accept" not in page
    assert web.post(f"{here}/network/{asked[0]}/accept").status_code == 403


def test_foreign_rows_and_unknown_decisions_are_not_found(
    maya: User, here: str, asked: tuple[str, str], signed_in: Callable[[User], Browser]
) -> None:
    other = make_profile(maya)
    web = signed_in(maya)
    elsewhere = f"/p/{other.slug}/connections/requests"
    assert web.post(f"{elsewhere}/network/{asked[0]}/accept").status_code == 404
    assert web.post(f"{elsewhere}/place/{asked[1]}/accept").status_code == 404
    assert web.post(f"{here}/network/{asked[0]}/pending").status_code == 404
    assert web.post(f"{here}/network/{asked[1]}/accept").status_code == 404
