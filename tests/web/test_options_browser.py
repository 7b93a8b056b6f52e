"""Options by network in a real Chromium: typed, saved, gone to, and kept through a save."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from app.extensions import db
from app.models.accounts import Destination
from app.models.media import Media
from app.services import media
from tests.factories import actor_of, make_account, make_post
from tests.journeys.test_pages import findings
from tests.web.desk import desk, stored
from tests.web.test_composer_browser import go, pytestmark, saved, tab  # noqa: F401

__all__ = ["desk", "pytestmark", "tab"]


@pytest.fixture
def wide(tab: Page, desk: SimpleNamespace) -> SimpleNamespace:  # noqa: F811
    for network in ("instagram", "pinterest", "tiktok", "youtube", "reddit"):
        extras = {"duet_disabled": True} if network == "tiktok" else {}
        desk.accounts[network] = make_account(desk.brand, network, "maya", extras=extras)
    db.session.add(Destination(
        number=1, account_id=desk.accounts["pinterest"].id, external_id="11", kind="board",
        name="Launches", is_default=True,
    ))  # fmt: skip
    db.session.commit()
    return desk


def wide_picture(desk: SimpleNamespace) -> Media:
    """A picture too wide for Instagram, stored as an upload is."""
    image, file = Image.new("RGB", (1200, 500), (24, 92, 84)), BytesIO()
    for x in range(60, 1200, 120):
        ImageDraw.Draw(image).ellipse((x, 120, x + 90, 380), fill=(184, x // 6, 26))
    image.save(file, "JPEG")
    file.seek(0)
    made = media.upload(actor_of(desk.maya), desk.brand_id, file, "bells.jpg", "image/jpeg")
    made.alt = "Ten bells in a row"
    db.session.commit()
    return made


def picture(page: Page, name: str) -> None:
    """A picture to look at, where a folder is named for them."""
    folder = os.environ.get("SHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def test_settings_are_typed_saved_and_gone_to(tab: Page, wide: SimpleNamespace) -> None:  # noqa: F811
    text = "A new roast from Marram: La Loma, picked by hand. https://marram.coffee #brew"
    post_id = make_post(
        wide.brand, text, list(wide.accounts.values()),
        media=[wide_picture(wide)],
    ).id  # fmt: skip
    db.session.rollback()
    go(tab, wide, f"/drafts/{post_id}")
    picture(tab, "options-everyone")

    # A check's button leads to the setting that is missing.
    tab.locator("#checks").get_by_role("button", name="Choose TikTok").first.click()
    audience = tab.locator("#option-tiktok-privacyLevel")
    expect(audience).to_be_focused()
    expect(audience).to_have_value("")
    expect(tab.locator("#option-tiktok-disableDuet")).to_be_disabled()
    picture(tab, "options-tiktok")
    audience.select_option("SELF_ONLY")
    saved(tab)
    expect(tab.locator("#checks")).not_to_contain_text("Who can see this post")
    expect(audience).to_be_focused()

    # Words typed while a save is under way stay; the notes beside the field follow.
    tab.locator("#tab-instagram").click()
    comment = tab.locator("#option-instagram-firstComment")
    comment.fill("More about La Loma on our site.")
    saved(tab)
    expect(comment).to_have_value("More about La Loma on our site.")
    tab.locator("#option-instagram-placement").select_option("story")
    expect(comment).to_have_count(0)
    tab.locator("#option-instagram-placement").select_option("feed")
    expect(comment).to_have_value("More about La Loma on our site.")
    saved(tab)
    picture(tab, "options-instagram")
    db.session.rollback()
    found = stored(post_id).options
    assert found == {
        "tiktok": {"privacyLevel": "SELF_ONLY"},
        "instagram": {"placement": "feed", "firstComment": "More about La Loma on our site."},
    }
    db.session.rollback()

    # Without an account that takes only videos the picture can be cut, by keys alone.
    tab.locator("#checks").get_by_role("button", name="Crop it").click()
    slider = tab.locator("input[data-crop]")
    expect(slider).to_be_focused()
    tab.keyboard.press("End")
    frame = tab.locator(".cropper__frame")
    expect(frame).to_have_attribute("x", "245")
    picture(tab, "crop")
    assert not findings(tab)
    tab.locator(".cropper__pic").click(position={"x": 2, "y": 40})
    expect(frame).to_have_attribute("x", "0")
    tab.get_by_role("button", name="Crop to 955 × 500").click()
    expect(tab.locator("#crops li")).to_have_count(0)
    saved(tab)
    db.session.rollback()
    assert [(m.media.width, m.media.height) for m in stored(post_id).media] == [(955, 500)]
    db.session.rollback()
    expect(tab.locator("#preview .pv__comment")).to_contain_text("More about La Loma")
    picture(tab, "cropped")

    for width, scheme in ((390, "light"), (1440, "dark")):
        tab.set_viewport_size({"width": width, "height": 900})
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not tab.evaluate(wider)
        assert not findings(tab)
        picture(tab, f"options-{width}-{scheme}")
