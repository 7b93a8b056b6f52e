"""Templates in a real Chromium: kept, starred, used and deleted by keyboard; wide, narrow, dark."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect

from app.config import ROOT
from app.extensions import db
from app.models.content_templates import ContentTemplate
from app.models.posts import Post
from app.services import content_templates, media
from app.services.content_templates import Changes
from tests.factories import (
    PASSWORD,
    actor_of,
    make_account,
    make_profile,
    make_user,
)
from tests.journeys.test_pages import AXE, findings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]


def drawn() -> BytesIO:
    """A picture as a person sends it: it gets a small copy, unlike a factory's."""
    buffer = BytesIO()
    Image.new("RGB", (320, 240), (184, 129, 26)).save(buffer, "PNG")
    buffer.seek(0)
    return buffer


@pytest.fixture
def tab(page: Any, app: Flask, serve: Callable[[Flask], str]) -> Page:
    """The calendar of a brand with two templates, in which Maya is signed in."""
    maya = make_user("maya@marram.example")
    brand = make_profile(maya, "Marram Coffee")
    make_account(brand, "mastodon", "marram")
    actor = actor_of(maya)
    picture = media.upload(actor, brand.id, drawn(), "bells.png", "image/png")
    picture.alt = "Six brass bells"
    content_templates.create(actor, brand.id, Changes(
        name="Roast log", content="Roast {{number}} is in: {{taste}}.\n" + "Come and try. " * 40,
        category="Shop", platforms=["mastodon"], media=[(picture.id, None)],
        description="Every other Thursday",
    ))  # fmt: skip
    content_templates.create(actor, brand.id, Changes(name="W" * 90, content="w" * 300))
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
    tab.emulate_media(color_scheme="light")


def test_templates_are_kept_starred_used_and_deleted_by_keyboard(tab: Page) -> None:
    tab.keyboard.press("g")
    tab.keyboard.press("t")
    expect(tab.get_by_role("heading", name="Templates", exact=True)).to_be_visible()
    seen(tab, "templates")

    tab.get_by_role("link", name="New template").press("Enter")
    expect(tab.get_by_label("Name")).to_be_focused()
    tab.keyboard.press("Enter")  # nothing typed yet
    expect(tab.get_by_text("A template needs a name.")).to_be_visible()
    expect(tab.get_by_label("Name")).to_be_focused()
    seen(tab, "templates-new")
    tab.keyboard.type("Opening hours")
    tab.get_by_label("Text").fill("We are open.")
    tab.get_by_label("Category").fill("Shop")
    tab.get_by_role("checkbox", name="Six brass bells").press("Space")
    tab.get_by_role("button", name="Keep the template").press("Enter")
    expect(tab.get_by_text("“Opening hours” is kept.")).to_be_visible()
    expect(tab.locator(".tpl")).to_have_count(3)

    star = tab.get_by_role("button", name="Favourite Opening hours")
    star.press("Enter")
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(star).to_be_focused()
    tab.get_by_role("button", name="Favourites", exact=True).press("Enter")
    expect(tab.locator(".tpl")).to_have_count(1)
    assert "favourites=1" in tab.url
    tab.get_by_role("link", name="Show all templates").press("Enter")
    expect(tab.locator(".tpl")).to_have_count(3)
    tab.keyboard.press("/")
    tab.keyboard.type("hours")
    tab.keyboard.press("Enter")
    expect(tab.locator(".tpl")).to_have_count(1)
    assert "q=hours" in tab.url
    tab.get_by_role("link", name="Delete Opening hours").press("Enter")
    dialog = tab.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    seen(tab, "templates-delete")
    tab.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    tab.get_by_role("link", name="Delete Opening hours").press("Enter")
    dialog.get_by_role("button", name="Delete the template").press("Enter")
    expect(tab.get_by_text("“Opening hours” is deleted.")).to_be_visible()
    expect(tab.locator(".tpl")).to_have_count(2)

    tab.get_by_role("link", name="Use template Roast log").press("Enter")
    expect(dialog.get_by_label("number")).to_be_focused()
    tab.keyboard.type("44")
    tab.keyboard.press("Enter")  # the other gap is empty
    expect(dialog.get_by_text("Give a value for {{taste}}.")).to_be_visible()
    expect(dialog.get_by_label("number")).to_have_value("44")
    expect(dialog.get_by_label("taste")).to_be_focused()
    seen(tab, "templates-use")
    tab.keyboard.type("plum and honey")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/drafts/*")
    expect(tab.locator("#text-0, textarea[name=text]").first).to_have_value(
        "Roast 44 is in: plum and honey.\n" + "Come and try. " * 40
    )
    expect(tab.locator("#dialog[open]")).to_have_count(0)
    expect(tab.locator("#media .shot img")).to_have_count(1)
    db.session.rollback()
    assert db.session.query(Post).count() == 1
    assert db.session.query(ContentTemplate).filter_by(name="Roast log").one().usage_count == 1
