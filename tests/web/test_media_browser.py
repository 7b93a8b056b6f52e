"""The library in a real Chromium: files dropped and shown beside the list, described, replaced."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect

from app.config import ROOT
from app.extensions import db
from app.models.media import Media
from tests.factories import PASSWORD, make_account, make_profile, make_user
from tests.journeys.test_pages import AXE, findings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]
DROP = """files => {
  const carried = new DataTransfer();
  for (const [name, type, text] of files) {
    const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
    carried.items.add(new File([bytes], name, { type }));
  }
  for (const type of ['dragover', 'drop'])
    document.body.dispatchEvent(
      new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: carried })
    );
}"""


def png(shade: int = 0) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (64, 48), (184, 129, shade)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def tab(page: Any, app: Flask, serve: Callable[[Flask], str]) -> Page:
    """The empty library of a brand in which Maya is signed in."""
    brand = make_profile(make_user("maya@marram.example"), "Marram Coffee")
    make_account(brand, "instagram", "marram")
    origin = serve(app)
    page.goto(f"{origin}/login?next=/media")
    page.get_by_label("Email").fill("maya@marram.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/media")
    return page  # type: ignore[no-any-return]


def test_files_are_dropped_opened_beside_the_list_described_and_replaced(tab: Page) -> None:
    expect(tab.get_by_role("heading", name="No files yet")).to_be_visible()
    good = [[f"bells-{n}.png", "image/png", b64encode(png(n)).decode()] for n in range(2)]
    tab.evaluate(DROP, [*good, ["words.png", "image/png", b64encode(b"no picture").decode()]])
    shown = tab.locator(".asset [data-asset]")
    expect(shown).to_have_count(2)
    expect(tab.locator(".asset--up")).to_have_count(1)
    expect(tab.locator(".asset--up [data-why]")).to_contain_text("choose JPEG, PNG")
    tab.get_by_role("button", name="Take away").click()
    expect(tab.locator(".asset--up")).to_have_count(0)
    expect(tab.get_by_role("heading", name="No files yet")).to_have_count(0)

    shown.first.focus()
    tab.keyboard.press("Enter")
    panel = tab.get_by_role("complementary", name=re.compile("bells-"))
    expect(panel.get_by_role("heading", level=2)).to_be_focused()
    assert re.search(r"/media/[0-9a-f-]{36}$", tab.url)
    assert not AXE.exists() or findings(tab) == []
    panel.get_by_label("What does this picture show?").fill("Six brass bells")
    panel.get_by_label("Tags", exact=True).fill("shop, Spring")
    panel.get_by_role("button", name="Save").press("Enter")
    expect(panel.get_by_role("status")).to_have_text(re.compile("Saved"))
    expect(panel.get_by_role("button", name="Save")).to_be_focused()
    expect(tab.get_by_text("No alt text", exact=True)).to_have_count(1)
    expect(shown.first).to_have_attribute("aria-current", "true")  # its card came anew
    panel.get_by_label("Tags", exact=True).fill("x" * 50)
    panel.get_by_role("button", name="Save").press("Enter")
    expect(panel.get_by_text("Keep a tag under 40 characters")).to_be_visible()

    panel.get_by_label("The new picture").set_input_files(
        {"name": "tall.png", "mimeType": "image/png", "buffer": png(90)}
    )
    panel.get_by_role("button", name="Replace this picture").press("Enter")
    expect(tab.get_by_text("Replaced.", exact=True)).to_be_visible()
    expect(tab.get_by_role("heading", name="tall.png", level=1)).to_be_visible()
    expect(tab.get_by_label("Tags", exact=True)).to_have_value("shop, spring")
    db.session.rollback()
    assert db.session.query(Media).filter_by(name="tall.png").one().alt == "Six brass bells"
    db.session.rollback()  # or it would keep the next request waiting

    tab.get_by_role("link", name="Back to the library").press("Enter")
    tab.wait_for_url("**/media")
    expect(shown).to_have_count(3)
    shown.nth(1).click()
    expect(tab.locator("[data-panel]")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.locator("[data-panel]")).to_have_count(0)
    expect(shown.nth(1)).to_be_focused()
    assert tab.url.endswith("/media")
    shown.nth(1).click()
    tab.locator("[data-panel]").get_by_role("link", name="Delete it").press("Enter")
    dialog = tab.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    dialog.get_by_role("button", name="Delete the file").press("Enter")
    expect(tab.get_by_text("is deleted.")).to_be_visible()
    expect(shown).to_have_count(2)
    tab.set_viewport_size({"width": 390, "height": 844})
    shown.first.click()  # no room beside the list
    expect(tab.get_by_role("heading", level=1)).to_have_text("tall.png")
