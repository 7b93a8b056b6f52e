"""The composer's pickers in a real Chromium, by keyboard: files in order, a template, its gaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.config import ROOT
from app.extensions import db
from app.models.content_templates import ContentTemplate
from app.models.media import MediaTag
from app.services import content_templates
from app.services.content_templates import Changes
from tests.factories import PASSWORD, actor_of, make_account, make_media, make_profile, make_user

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]


@pytest.fixture
def tab(page: Any, app: Flask, serve: Callable[[Flask], str]) -> Page:
    """An empty composer of a brand with three files and a template; Maya is signed in."""
    maya = make_user("maya@marram.example")
    brand = make_profile(maya, "Marram Coffee")
    make_account(brand, "mastodon", "marram")
    for name in ("one", "two", "three"):
        row = make_media(brand, name=f"{name}.png", alt=f"Picture {name}")
        row.thumb_key = row.key
        db.session.add(MediaTag(profile_id=brand.id, media_id=row.id, tag="shop"))
    db.session.commit()
    changes = Changes(name="Roast log", content="Roast {{number}} is in: {{taste}}.")
    content_templates.create(actor_of(maya), brand.id, changes)
    db.session.rollback()
    origin = serve(app)
    page.goto(f"{origin}/login?next=/compose")
    page.get_by_label("Email").fill("maya@marram.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/compose")
    return page  # type: ignore[no-any-return]


def test_files_and_a_template_are_chosen_and_its_gaps_filled_by_keyboard(tab: Page) -> None:
    text, dialog = tab.locator("#text-0"), tab.get_by_role("dialog")
    text.fill("Good morning")
    tab.get_by_role("button", name="From the library").press("Enter")
    dialog.get_by_role("checkbox", name="Picture three").press("Space")
    dialog.get_by_role("searchbox").fill("shop")
    dialog.get_by_role("searchbox").press("Enter")
    expect(dialog.locator("#picker-find[value=shop]")).to_be_focused()  # the answer is here
    dialog.get_by_role("checkbox", name="Picture one").press("Space")
    expect(dialog.get_by_role("checkbox", name="Picture three")).to_be_checked()
    dialog.get_by_role("button", name="Add 2 to the post").press("Enter")
    shots = tab.locator("#media .shot > img")
    expect(shots).to_have_count(2)
    alts = shots.evaluate_all("all => all.map(one => one.alt)")
    assert alts == ["Picture three", "Picture one"]
    expect(dialog).to_have_count(0)

    tab.get_by_role("button", name="Use a template").press("Enter")
    dialog.get_by_role("button", name="Put below my text Roast log").press("Enter")
    expect(text).to_have_value("Good morning\n\nRoast {{number}} is in: {{taste}}.")
    tab.get_by_label("number").fill("44")
    tab.get_by_label("number").press("Enter")
    expect(tab.get_by_label("taste")).to_be_focused()
    tab.locator("#date").fill("2030-05-14")
    tab.locator("#time").fill("09:30")
    tab.keyboard.press("Control+Enter")
    dialog.get_by_role("button", name="Fill them in").press("Enter")
    expect(text).to_have_value("Good morning\n\nRoast 44 is in: {{taste}}.")
    expect(tab.get_by_label("taste")).to_be_focused()
    tab.keyboard.type("plum")
    tab.keyboard.press("Enter")
    expect(text).to_have_value("Good morning\n\nRoast 44 is in: plum.")
    expect(tab.locator("#gaps")).to_be_hidden()
    expect(text).to_be_focused()

    tab.locator("#send-more").press("Enter")
    tab.get_by_role("button", name="Save as a template").press("Enter")
    dialog.get_by_label("Name").fill("Morning")
    dialog.get_by_label("Name").press("Enter")
    dialog.get_by_role("button", name="Go on writing").press("Enter")
    expect(dialog).to_have_count(0)
    tab.keyboard.press("Control+Enter")
    tab.wait_for_url("**/calendar/**")
    db.session.rollback()
    assert db.session.query(ContentTemplate).count() == 2
