"""Readiness, flight check and doctor in a real Chromium: wide, narrow and dark, by keyboard too."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.clock import now
from app.config import ROOT
from app.extensions import db
from app.models.accounts import AccountStatus
from app.networks.base import Tokens
from app.sandbox.store import Store
from app.services import flight
from tests.factories import make_account, make_post, make_profile, make_user
from tests.journeys.test_pages import AXE, findings
from tests.playing import sandbox  # noqa: F401

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]
WIDTHS = (390, 1440)


@pytest.fixture
def origin(app: Flask, sandbox: Store, serve: Callable[[Flask], str]) -> str:  # noqa: F811
    return serve(app)


@pytest.fixture
def brand(origin: str) -> str:
    """An operator's brand with accounts in every shape, and posts that have been looked at."""
    maya = make_user("maya@marram.example", is_operator=True)
    profile = make_profile(maya, "Marram Coffee")
    slug = profile.slug
    hour = timedelta(hours=1)
    fine = make_account(profile, "mastodon", "marram", checked_at=now())
    ends = make_account(
        profile, "linkedin", "marram.ltd", tokens=Tokens("a", "", now() + 5 * hour),
        scopes=["openid", "profile", "email", "w_member_social"], checked_at=now(), way="oauth",
    )  # fmt: skip
    half = make_account(
        profile, "twitter", "marramcoffee", scopes=["tweet.read", "users.read"], way="oauth",
        checked_at=now(),
    )  # fmt: skip
    make_account(profile, "pinterest", "brews", checked_at=now())
    make_account(profile, "tiktok", "marramcoffee2", checked_at=now())
    make_account(profile, "threads", "gone", status=AccountStatus.NEEDS_RECONNECT)
    due = now() + 7 * hour
    make_post(profile, "The autumn roast is in.", [fine], at=due, author=maya)
    make_post(profile, "Six bells, and " + "x" * 520, [fine, ends, half], at=due, author=maya)
    make_post(profile, "Dead link http://127.0.0.1:1/none", [fine], at=due, author=maya)
    db.session.rollback()
    flight.run()
    return slug


@pytest.fixture
def tab(page: Any, origin: str, brand: str) -> Page:
    """A page in which Maya is signed in."""
    page.goto(f"{origin}/login")
    page.get_by_label("Email").fill("maya@marram.example")
    page.get_by_label("Password", exact=True).fill("seven brass bells at noon")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/calendar")
    return page  # type: ignore[no-any-return]


def seen(tab: Page, name: str) -> None:
    """Nothing runs off the side at any width, light or dark; a picture where one is wanted."""
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width in WIDTHS:
            tab.set_viewport_size({"width": width, "height": 900})
            over = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"{name} at {width}"
            assert not AXE.exists() or findings(tab) == [], f"{name} at {width}, {scheme}"
            if folder := os.environ.get("PICTURES"):
                path = Path(folder) / f"{name}-{width}-{scheme}.png"
                tab.screenshot(path=path, full_page=True)
    tab.emulate_media(color_scheme="light")


def test_connections_say_what_is_missing(tab: Page, origin: str, brand: str) -> None:
    tab.goto(f"{origin}/p/{brand}/connections")
    expect(tab.get_by_text("X did not give the permissions to post")).to_be_visible()
    seen(tab, "connections")
    row = tab.locator(".conn", has_text="marramcoffee2")
    row.get_by_role("link", name="Apply for TikTok").click()
    expect(tab.get_by_role("heading", name="TikTok", exact=True)).to_be_visible()
    tab.goto(f"{origin}/p/{brand}/connections")
    tab.locator(".conn", has_text="marram.ltd").get_by_role("button", name="More for").click()
    tab.get_by_role("link", name="What it can do").click()
    expect(tab.get_by_text("Posts planned on it would not go out")).to_be_visible()
    seen(tab, "account")


def test_the_flight_check_is_on_cards_and_on_the_post(tab: Page, origin: str, brand: str) -> None:
    tab.goto(f"{origin}/p/{brand}/calendar")
    expect(tab.locator('.chip[data-light="red"]')).to_have_count(1)
    expect(tab.locator('.chip[data-light="green"]')).to_have_count(1)
    seen(tab, "calendar")
    tab.goto(f"{origin}/p/{brand}/calendar/list")
    seen(tab, "list")
    tab.get_by_role("link", name="Six bells").first.click()
    card = tab.locator("#flight")
    expect(card.get_by_text("Would not go out as it is").first).to_be_visible()
    seen(tab, "post")
    card.get_by_role("button", name="Check now").focus()
    with tab.expect_response("**/flight") as told:
        tab.keyboard.press("Enter")
    assert told.value.ok
    expect(card.get_by_role("button", name="Check now")).to_be_visible()


def test_the_doctor_copies_and_asks(tab: Page, origin: str) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
    tab.goto(f"{origin}/admin/networks")
    seen(tab, "networks")
    tab.get_by_role("link", name="Threads").first.click()
    tab.get_by_role("button", name="Copy").click()
    expect(tab.get_by_text("Copied.")).to_be_visible()
    assert tab.evaluate("navigator.clipboard.readText()").endswith("/oauth/threads/callback")
    tab.get_by_role("button", name="Ask Threads").focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("Threads knows this app")).to_be_visible()
    seen(tab, "doctor")
