"""Recurring posts in a real Chromium: made, skipped and switched by keyboard, at every width."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.config import ROOT
from app.extensions import db
from app.models.recurring import RecurringSchedule
from tests.factories import PASSWORD, make_account, make_profile, make_user
from tests.journeys.test_pages import AXE, findings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]


@pytest.fixture
def tab(page: Any, app: Flask, serve: Callable[[Flask], str]) -> Page:
    """The calendar of a brand with an account, in which Maya is signed in."""
    profile = make_profile(make_user("maya@marram.example"), "Marram Coffee")
    make_account(profile, "mastodon", "bells")
    db.session.rollback()
    origin = serve(app)
    page.set_default_timeout(8000)
    page.goto(f"{origin}/login")
    page.get_by_label("Email").fill("maya@marram.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/calendar")
    return page  # type: ignore[no-any-return]


def seen(tab: Page, name: str) -> None:
    """Nothing runs off the side at any width, light or dark; a picture where one is wanted."""
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width in (390, 1440):
            tab.set_viewport_size({"width": width, "height": 900})
            over = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"{name} at {width}"
            assert not AXE.exists() or findings(tab) == [], f"{name} at {width}, {scheme}"
            if folder := os.environ.get("PICTURES"):
                path = Path(folder) / f"{name}-{width}-{scheme}.png"
                tab.screenshot(path=path, full_page=True)


def test_a_series_is_made_skipped_and_switched_by_keyboard(tab: Page) -> None:
    tab.keyboard.press("g")
    tab.keyboard.press("r")
    expect(tab.get_by_role("heading", name="Nothing comes again yet")).to_be_visible()
    seen(tab, "recurring-empty")
    tab.get_by_role("link", name="Set up the first").press("Enter")
    expect(tab.get_by_label("Name", exact=True)).to_be_focused()
    expect(tab.get_by_label("Day of the month")).to_be_hidden()
    tab.get_by_role("radio", name="Once a month").check()
    expect(tab.get_by_label("Day of the month")).to_be_visible()
    expect(tab.get_by_role("group", name="Days")).to_be_hidden()
    tab.get_by_role("radio", name="Every day").check()
    tab.get_by_label("Name", exact=True).press("Enter")  # nothing typed yet
    expect(tab.get_by_text("Give it a name")).to_be_visible()
    expect(tab.get_by_role("radio", name="Every day")).to_be_checked()
    seen(tab, "recurring-refused")
    tab.get_by_label("Text", exact=True).fill("We open at nine.")
    tab.get_by_label("Bells on Mastodon").check()
    tab.get_by_label("Name", exact=True).fill("Opening hours")
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("Opening hours is set.")).to_be_visible()

    summary = tab.locator("summary", has_text="The next 10 dates")
    summary.focus()
    tab.keyboard.press("Enter")
    last = tab.locator(".dates > li").last.get_by_role("button")
    last.press("Enter")
    expect(tab.get_by_role("button", name="Put back")).to_have_count(1)
    expect(tab.get_by_role("button", name="Put back")).to_be_focused()
    seen(tab, "recurring")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("button", name="Put back")).to_have_count(0)
    expect(tab.get_by_role("button", name="Leave out").last).to_be_focused()

    switch = tab.get_by_role("switch", name="Opening hours comes again")
    expect(switch).to_be_checked()
    switch.press("Space")
    expect(switch).not_to_be_checked()
    expect(switch).to_be_focused()
    expect(tab.get_by_text("Opening hours is paused.")).to_be_visible()
    seen(tab, "recurring-paused")
    tab.get_by_role("link", name="Opening hours", exact=True).press("Enter")
    expect(tab.get_by_text("None of its dates has come yet.")).to_be_visible()
    seen(tab, "recurring-one")
    tab.get_by_role("button", name="Delete Opening hours").press("Enter")
    tab.get_by_role("dialog").get_by_role("button", name="Delete it").press("Enter")
    expect(tab.get_by_role("heading", name="Nothing comes again yet")).to_be_visible()
    db.session.rollback()
    assert db.session.query(RecurringSchedule).count() == 0
