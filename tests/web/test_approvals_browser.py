"""The page of requests in a real Chromium: wide, narrow and dark, by keyboard too."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.config import ROOT
from app.models.accounts import AccountStatus, Review
from app.models.approvals import PlaceKind
from app.services import approvals
from app.services.approvals import Claim
from tests.factories import actor_of, make_account, make_profile, make_user
from tests.journeys.test_pages import AXE, findings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]
WIDTHS = (390, 1440)
OFF = AccountStatus.DISCONNECTED


@pytest.fixture
def brand(app: Flask) -> str:
    """Networks in every standing."""
    maya = make_user("maya@marram.example")
    profile = make_profile(maya, "Marram Coffee")
    slug, actor, id_ = profile.slug, actor_of(maya), profile.id
    make_account(profile, "mastodon", "marram")
    make_account(profile, "twitter", "marramcoffee", review=Review.SUSPENDED, status=OFF)
    make_account(profile, "threads", "old.shop", review=Review.REJECTED, status=OFF)
    url = "https://instagram.com/user123"
    claim = Claim("instagram", "user123", url, followers=5000, category="fashion")
    approvals.submit(actor, id_, claim)
    accepted = Claim("tiktok", "marramroasts", "https://www.tiktok.com/@marramroasts")
    approval = approvals.submit(actor, id_, accepted)
    assert approval.account_id is not None
    approvals.decide(actor, approval.account_id, Review.ACCEPTED)
    page = Claim("facebook", "page456", "https://facebook.com/page456", "Beauty Blog", 8000)
    approvals.add_place(actor, id_, PlaceKind.PAGE, page)
    return slug


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


def test_networks_are_decided_about(
    page: Any, app: Flask, brand: str, serve: Callable[[Flask], str]
) -> None:
    origin, tab = serve(app), page
    tab.goto(f"{origin}/login")
    tab.get_by_label("Email").fill("maya@marram.example")
    tab.get_by_label("Password", exact=True).fill("seven brass bells at noon")
    tab.get_by_role("button", name="Sign in").click()
    tab.wait_for_url("**/calendar")
    tab.goto(f"{origin}/p/{brand}/connections")
    expect(tab.get_by_text("2 requests wait for a decision.")).to_be_visible()
    seen(tab, "standings")
    tab.locator(".callout").get_by_role("link", name="Decide").click()
    expect(tab.get_by_role("heading", name="Requests")).to_be_visible()
    seen(tab, "requests")
    tab.get_by_role("button", name="Accept user123 on Instagram").focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("user123 is accepted.")).to_be_visible()
    expect(tab.get_by_role("button", name="Suspend user123 on Instagram")).to_be_visible()
