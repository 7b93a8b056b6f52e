"""Signing up and one's own settings, in a real Chromium under our own policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.config import ROOT
from app.extensions import db
from app.models.people import User
from app.models.profiles import LatePolicy, Profile
from tests.factories import PASSWORD, make_profile, make_user

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "timezone_id": "Europe/Lisbon"}


@pytest.fixture
def origin(app: Flask, serve: Callable[[Flask], str]) -> str:
    return serve(app)


@pytest.fixture
def tab(page: Any) -> Page:
    return page  # type: ignore[no-any-return]


def sign_in(tab: Page, origin: str, user: User) -> None:
    email = user.email
    db.session.rollback()
    tab.goto(f"{origin}/login?next=/me")
    tab.get_by_label("Email").fill(email)
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("heading", name="Your settings")).to_be_visible()


def test_signing_up_takes_the_browsers_zone(tab: Page, origin: str) -> None:
    tab.goto(f"{origin}/")
    tab.get_by_role("link", name="Make an account").click()
    tab.get_by_label("Your name").fill("Maya Okafor")
    tab.get_by_label("Email").fill("maya@marram.example")
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Make my account").click()
    tab.wait_for_url("**/p/maya-okafors-brand-*/calendar")
    assert db.session.scalars(select(Profile.time_zone)).one() == "Europe/Lisbon"


def test_the_password_can_be_looked_at(tab: Page, origin: str) -> None:
    tab.goto(f"{origin}/login")
    field = tab.get_by_label("Password", exact=True)
    field.fill("wrong horse battery")
    tab.get_by_role("button", name="Show password").click()
    expect(field).to_have_attribute("type", "text")
    expect(field).to_have_value("wrong horse battery")


def test_a_refusal_keeps_the_page_its_looks_and_says_the_tries_left(tab: Page, origin: str) -> None:
    tab.goto(f"{origin}/login")
    tab.get_by_label("Email").fill("maya@marram.example")
    tab.get_by_label("Password", exact=True).fill("wrong horse battery")
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("alert")).to_contain_text("Four tries left.")
    expect(tab.get_by_label("Email")).to_have_value("maya@marram.example")
    expect(tab.get_by_label("Password", exact=True)).to_be_focused()


def test_settings_are_saved_without_leaving_and_a_mistake_keeps_what_was_typed(
    tab: Page, origin: str
) -> None:
    maya = make_user()
    slug = make_profile(maya).slug
    sign_in(tab, origin, maya)
    tab.goto(f"{origin}/p/{slug}/settings")
    tab.get_by_label("Name of the brand").fill("Larkfield Ceramics")
    tab.get_by_label("Time zone").fill("narnia")
    tab.get_by_role("button", name="Save the settings").click()
    expect(tab.get_by_role("alert")).to_contain_text("Choose a time zone from the list")
    expect(tab.get_by_label("Name of the brand")).to_have_value("Larkfield Ceramics")
    tab.get_by_label("Time zone").fill("new york")
    tab.get_by_label("Leave it out").check()
    tab.get_by_role("button", name="Save the settings").click()
    expect(tab.locator(".toast", has_text="The settings are saved.")).to_be_visible()
    expect(tab.get_by_label("Time zone")).to_have_value("America/New_York")
    db.session.rollback()
    brand = db.session.scalars(select(Profile)).one()
    assert (brand.name, brand.late_policy) == ("Larkfield Ceramics", LatePolicy.SKIP)


def test_a_theme_chosen_in_the_menu_is_the_persons_everywhere(tab: Page, origin: str) -> None:
    maya = make_user()
    make_profile(maya)
    sign_in(tab, origin, maya)
    tab.get_by_role("button", name="Maya Okafor").click()
    with tab.expect_response("**/me/theme") as answered:
        tab.locator("[data-set-theme=dark]").first.click()
    assert answered.value.status == 204
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    db.session.rollback()
    assert db.session.scalars(select(User.theme)).one() == "dark"


def test_the_pages_fit_a_phone(tab: Page, origin: str) -> None:
    maya = make_user(email="a.rather.long.address.for.a.small.screen@marram-coffee.example")
    slug = make_profile(maya, name="A Brand With A Very Long Name Indeed, Limited").slug
    tab.set_viewport_size({"width": 390, "height": 844})
    for path in ("/", "/signup", "/login"):
        tab.goto(origin + path)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390, path
    sign_in(tab, origin, maya)
    for path in ("/me", f"/p/{slug}/settings", "/brands/new", "/logout"):
        tab.goto(origin + path)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390, path
