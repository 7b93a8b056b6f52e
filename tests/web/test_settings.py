"""A brand's settings, a new brand, and its first steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from app.errors import ValidationFailed
from app.extensions import db
from app.models.people import User
from app.models.profiles import LatePolicy, Profile
from app.permissions import Role
from app.web.forms import zones
from tests.conftest import Browser
from tests.factories import join, make_account, make_post, make_profile, make_user

SignedIn = Callable[[User], Browser]
GIVEN = {
    "name": "Larkfield Ceramics",
    "time_zone": "America/New_York",
    "late_policy": "skip",
    "late_limit_minutes": "45",
    "duplicate_days": "14",
    "spacing_minutes": "20",
    "duplicates_refused": "y",
    "week_start": "6",
}


@pytest.fixture
def maya(app: Flask) -> User:
    return make_user()


@pytest.fixture
def brand(maya: User) -> Profile:
    return make_profile(maya)


def test_settings_are_saved_and_shown(signed_in: SignedIn, maya: User, brand: Profile) -> None:
    client, url = signed_in(maya), f"/p/{brand.slug}/settings"
    answer = client.post(url, data=GIVEN)
    assert (answer.status_code, answer.location) == (303, url)
    db.session.refresh(brand)
    assert (brand.name, brand.time_zone) == ("Larkfield Ceramics", "America/New_York")
    assert (brand.late_policy, brand.late_limit_minutes) == (LatePolicy.SKIP, 45)
    assert (brand.duplicate_days, brand.spacing_minutes, brand.duplicates_refused) == (14, 20, True)
    assert brand.week_start == 6
    page = client.get(url).text
    assert "The settings are saved." in page and 'value="America/New_York"' in page
    assert 'checked class="radio" id="late_policy-2"' in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "Give the brand a name."),
        ("time_zone", "Narnia", "Choose a time zone from the list"),
        ("time_zone", "", "Choose a time zone."),
        ("duplicate_days", "366", "Choose from 0 to 365 days."),
        ("spacing_minutes", "-1", "Choose from 0 to 1440 minutes."),
        ("late_limit_minutes", "-5", "Choose from 0 to 1440 minutes."),
        ("late_limit_minutes", "9" * 40, "Choose from 0 to 1440 minutes."),
        ("late_limit_minutes", "soon", "Choose from 0 to 1440 minutes."),
        ("late_policy", "explode", "choice"),
        ("week_start", "9", "choice"),
    ],
)
def test_what_does_not_work_is_told_under_its_field_and_nothing_is_stored(
    signed_in: SignedIn, maya: User, brand: Profile, field: str, value: str, words: str
) -> None:
    answer = signed_in(maya).post(f"/p/{brand.slug}/settings", data=GIVEN | {field: value})
    assert answer.status_code == 422
    assert words in answer.text.split(f'id="{field}-error"')[1].split("</div>")[0]
    db.session.refresh(brand)
    assert (brand.name, brand.late_limit_minutes) == ("Marram Coffee", 30)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Europe/London", "Europe/London"), ("europe/london", "Europe/London"),
        ("london", "Europe/London"), ("  new york ", "America/New_York"),
        ("America/New York", "America/New_York"), ("utc", "UTC"),
        ("Asia/Calcutta", "Asia/Calcutta"),
    ],
)  # fmt: skip
def test_a_zone_may_be_typed_as_people_write_it(typed: str, name: str) -> None:
    assert zones.resolve(typed) == name


@pytest.mark.parametrize("typed", ["", "Narnia", "../etc/passwd", "Factory", "x" * 5000])
def test_anything_else_is_no_zone(typed: str) -> None:
    with pytest.raises(ValidationFailed):
        zones.resolve(typed)


def test_the_list_of_zones_tells_the_time_there() -> None:
    found = {zone.name: zone for zone in zones.offered()}
    assert len(found) > 400 and found["America/Los_Angeles"].city == "Los Angeles"
    assert found["UTC"].time == f"{datetime.now(UTC):%H:%M}"


def test_members_read_the_settings_and_strangers_find_no_page(
    signed_in: SignedIn, brand: Profile
) -> None:
    luca = make_user(name="Luca")
    join(brand, luca, Role.MEMBER)
    url = f"/p/{brand.slug}/settings"
    member = signed_in(luca)
    page = member.get(url)
    assert "You can look but not change." in page.text and "<fieldset" in page.text
    assert "Save the settings" not in page.text
    assert member.post(url, data=GIVEN).status_code == 403
    stranger = signed_in(make_user())
    answers = [stranger.get(url), stranger.get("/p/no-such-brand/settings")]
    assert [a.status_code for a in answers] == [404, 404]
    assert stranger.post(url, data=GIVEN).status_code == 404
    kept = [a.text.split("<main")[1].split("<code>req_")[0] for a in answers]
    assert kept[0] == kept[1]


def test_a_new_brand_is_made_and_becomes_the_current_one(
    signed_in: SignedIn, maya: User, brand: Profile
) -> None:
    client = signed_in(maya)
    assert client.get("/brands/new").status_code == 200
    answer = client.post("/brands/new", data={"name": "Larkfield", "time_zone": "Paris"})
    made = db.session.scalars(select(Profile).where(Profile.name == "Larkfield")).one()
    assert made.time_zone == "Europe/Paris"
    assert answer.location == f"/p/{made.slug}/calendar"
    assert client.get("/settings").location == f"/p/{made.slug}/settings"
    assert client.post("/brands/new", data={"name": "", "time_zone": "UTC"}).status_code == 422


def test_the_switcher_shows_every_brand_and_keeps_the_section(
    signed_in: SignedIn, maya: User, brand: Profile
) -> None:
    other = make_profile(maya, "Larkfield Ceramics")
    make_profile(make_user(), "Somebody Else")
    page = signed_in(maya).get(f"/p/{brand.slug}/settings").text
    assert f'href="/p/{other.slug}/settings"' in page
    assert "Somebody Else" not in page


def test_the_first_steps_follow_what_has_been_done(
    signed_in: SignedIn, maya: User, brand: Profile
) -> None:
    client, url = signed_in(maya), f"/p/{brand.slug}/onboarding"
    assert "0 of 4 done" in client.get(url).text
    client.post(f"/p/{brand.slug}/settings", data=GIVEN)
    assert "1 of 4 done" in client.get(url).text
    account = make_account(brand)
    make_post(brand, "A draft", [account])
    assert "2 of 4 done" in client.get(url).text
    make_post(brand, "Planned", [account], at=datetime(2030, 5, 14, 9, tzinfo=UTC))
    done = client.get(url).text
    assert 'id="setup"' in done and "done" not in done  # posting times can wait


def test_a_member_is_told_who_does_the_steps_that_are_not_theirs(
    signed_in: SignedIn, brand: Profile
) -> None:
    luca = make_user()
    join(brand, luca, Role.MEMBER)
    page = signed_in(luca).get(f"/p/{brand.slug}/onboarding").text
    assert page.count("An owner or admin of the brand does this") == 3


def test_the_list_of_first_steps_can_be_closed_by_each_for_themselves(
    signed_in: SignedIn, maya: User, brand: Profile
) -> None:
    luca = make_user()
    join(brand, luca, Role.ADMIN)
    client, url = signed_in(maya), f"/p/{brand.slug}/onboarding"
    part = client.post(f"{url}/hide", headers={"HX-Request": "true"}).text
    assert 'id="setup"' in part and "Set up" not in part
    assert "Set up" not in client.get(url).text
    assert "Set up" in signed_in(luca).get(url).text
    assert client.post(f"{url}/hide").location == f"/p/{brand.slug}/calendar"
