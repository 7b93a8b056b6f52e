"""Keys in a real Chromium: made, changed and revoked by keyboard; wide, narrow, light and dark."""

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
from app.models.keys import ApiKey, KeyKind, KeyMode
from app.services import keys, seat_belt
from app.services.seat_belt import Belt
from tests.factories import PASSWORD, actor_of, make_account, make_profile, make_user
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
    """The page of a brand with a few keys, in which Maya is signed in."""
    maya = make_user("maya@marram.example")
    profile = make_profile(maya, "Marram Coffee")
    base = f"/p/{profile.slug}/developer"
    make_account(profile, "mastodon", "marram")
    actor = actor_of(maya)
    keys.create(actor, KeyKind.PROFILE, profile.id, "Shopify drops")
    keys.create(actor, KeyKind.ACCOUNT, name="Claude", belt=Belt(KeyMode.DRAFT, 30, 5))
    old, _ = keys.create(actor, KeyKind.PROFILE, profile.id, "Old site")
    keys.revoke(actor, old.id)
    db.session.rollback()
    origin = serve(app)
    page.set_default_timeout(8000)
    page.goto(f"{origin}/login")
    page.get_by_label("Email").fill("maya@marram.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/calendar")
    page.goto(f"{origin}{base}")
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


def test_a_key_is_made_changed_and_revoked_by_keyboard(tab: Page) -> None:
    seen(tab, "developer")
    tab.get_by_role("link", name="New key").focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_label("Name", exact=True)).to_be_focused()
    tab.get_by_label("Only these").check()
    seen(tab, "developer-new")
    tab.keyboard.press("Enter")  # nothing typed yet
    expect(tab.get_by_text("Give it a name")).to_be_visible()
    expect(tab.get_by_label("Only these", exact=True)).to_be_checked()
    expect(tab.get_by_text("Choose at least one account")).to_be_visible()
    tab.get_by_label("Mastodon: Marram").check()
    tab.get_by_label("Name", exact=True).fill("Website sync")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Copy this key now")).to_be_focused()
    assert keys.well_formed(tab.locator("#key").inner_text())
    assert "keys" not in tab.url
    expect(tab.locator("#keys tbody tr").first).to_contain_text("Website sync")
    seen(tab, "developer-made")
    tab.get_by_role("link", name="I have saved it").press("Enter")
    expect(tab.locator("#key")).to_have_count(0)

    tab.get_by_role("link", name="Change Website sync").press("Enter")
    expect(tab.get_by_role("heading", name="How far Website sync may go")).to_be_focused()
    tab.get_by_label("Plan and publish by itself").check()
    tab.get_by_label("Every account").check()
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("Website sync is changed.")).to_be_visible()
    db.session.rollback()
    row = db.session.query(ApiKey).filter_by(name="Website sync").one()
    row_id = row.id
    assert seat_belt.worn(row) == Belt()
    db.session.rollback()

    tab.get_by_role("button", name="Revoke Website sync").press("Enter")
    dialog = tab.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    seen(tab, "developer-revoke")
    tab.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    tab.get_by_role("button", name="Revoke Website sync").press("Enter")
    dialog.get_by_role("button", name="Revoke the key").press("Enter")
    expect(tab.get_by_text("Website sync is revoked.")).to_be_visible()
    expect(tab.get_by_role("button", name="Revoke Website sync")).to_have_count(0)
    expect(tab.locator("tr[data-off]")).to_have_count(2)
    db.session.rollback()
    db.session.expire_all()
    assert db.session.get_one(ApiKey, row_id).revoked_at is not None
