"""The front door, and addresses without a brand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.extensions import db
from app.models.people import User
from app.permissions import Role
from tests.conftest import Browser
from tests.factories import join, make_profile, make_user

SignedIn = Callable[[User], Browser]


def test_a_stranger_is_told_what_carillon_is(client: Browser) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "Every network, on the beat." in page.text
    assert 'href="/signup"' in page.text and 'href="/login"' in page.text


def test_somebody_signed_in_comes_to_the_brand_looked_at_last(signed_in: SignedIn) -> None:
    maya = make_user()
    first, second = make_profile(maya), make_profile(maya)
    client = signed_in(maya)
    assert client.get("/").location == f"/p/{first.slug}/calendar"
    client.get(f"/p/{second.slug}/settings")
    assert client.get("/").location == f"/p/{second.slug}/calendar"
    assert signed_in(maya).get("/settings").location == f"/p/{second.slug}/settings"


def test_a_brand_that_cannot_be_reached_is_never_the_current_one(signed_in: SignedIn) -> None:
    maya = make_user()
    own, foreign = make_profile(maya), make_profile(make_user())
    client = signed_in(maya)
    assert client.get(f"/p/{foreign.slug}/settings").status_code == 404
    assert client.get("/").location == f"/p/{own.slug}/calendar"
    db.session.refresh(maya)
    assert maya.last_profile_id is None


def test_somebody_without_a_brand_is_asked_to_make_one(signed_in: SignedIn) -> None:
    client = signed_in(make_user())
    assert client.get("/").location == client.get("/settings").location == "/brands/new"
    assert client.get("/brands/new").status_code == 200


def test_short_addresses_keep_their_query_and_what_follows(signed_in: SignedIn) -> None:
    maya = make_user()
    brand = make_profile(maya)
    client = signed_in(maya)
    found = client.get("/settings?from=mail&x=%C3%A9").location
    assert found == f"/p/{brand.slug}/settings?from=mail&x=%C3%A9"
    found = client.get("/connections/new/mastodon").location
    assert found == f"/p/{brand.slug}/connections/new/mastodon"


@pytest.mark.parametrize("path", ["/settings/nothing", "/team/x/y", "/nothing", "/settings//evil"])
def test_a_page_that_no_brand_has_is_not_found(signed_in: SignedIn, path: str) -> None:
    maya = make_user()
    make_profile(maya)
    assert signed_in(maya).get(path).status_code in {404, 308}


def test_short_addresses_need_somebody(client: Browser) -> None:
    assert client.get("/settings?x=1").location == "/login?next=/settings?x%3D1"


def test_a_member_removed_loses_the_brand_at_the_next_request(signed_in: SignedIn) -> None:
    maya, luca = make_user(), make_user()
    brand = make_profile(maya)
    membership = join(brand, luca, Role.ADMIN)
    client = signed_in(luca)
    assert client.get(f"/p/{brand.slug}/settings").status_code == 200
    db.session.delete(membership)
    db.session.commit()
    assert client.get(f"/p/{brand.slug}/settings").status_code == 404
