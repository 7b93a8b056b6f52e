"""Twins, undo, versions and the shared preview in a real Chromium, at every width."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from app.clock import now
from app.config import ROOT
from app.extensions import db
from app.models.posts import TargetState
from tests.factories import make_post
from tests.journeys.test_pages import AXE, findings
from tests.web.desk import desk
from tests.web.test_composer_browser import settle, sign_in

__all__ = ["desk"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]
OLD = "The old roast is in, and it rings: come by on Friday."
TEXT = "The new roast is in: come by on Friday from eight, and bring a friend along."


@pytest.fixture
def room(
    page: Any, context: BrowserContext, app: Flask, serve: Callable[[Flask], str],
    desk: SimpleNamespace,
) -> Iterator[SimpleNamespace]:  # fmt: skip
    """Maya's desk in a browser, and a post that went out two days ago."""
    at, account = now() - timedelta(days=2), desk.accounts["mastodon"]
    make_post(desk.brand, TEXT, [account], at=at, state=TargetState.PUBLISHED)
    desk.draft = make_post(desk.brand, "", list(desk.accounts.values()), author=desk.maya).id
    origin = serve(app)
    desk.browser.get(f"{desk.base}/drafts")  # settles the session before it is copied
    sign_in(context, desk.browser, origin)
    db.session.rollback()
    yield SimpleNamespace(tab=page, at=f"{origin}{desk.base}", draft=desk.draft)
    page.goto("about:blank")
    settle()


def seen(tab: Page, name: str) -> None:
    """Nothing runs off the side at either width; a picture where one is wanted."""
    for scheme, width in (("light", 390), ("dark", 1440)):
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        tab.set_viewport_size({"width": width, "height": 900})
        over = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{name} at {width}"
        assert not AXE.exists() or findings(tab) == [], f"{name} at {width}, {scheme}"
        if folder := os.environ.get("PICTURES"):
            tab.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)


def test_a_twin_is_seen_while_writing_and_let_pass(room: SimpleNamespace) -> None:
    tab: Page = room.tab
    tab.goto(f"{room.at}/drafts/{room.draft}")
    tab.locator("#text-0").fill(TEXT.replace("friend", "neighbour"))
    twin = tab.locator("#checks .check--beside")
    expect(twin).to_contain_text("got nearly the same text on")
    seen(tab, "twin")
    twin.get_by_role("button", name="Post it all the same").press("Enter")
    expect(twin).to_have_count(0)
    tab.reload()
    expect(tab.locator("#checks")).to_contain_text("Ready")
    expect(twin).to_have_count(0)


def test_a_text_is_put_back_a_preview_shared_and_publishing_undone(
    room: SimpleNamespace, browser: Any
) -> None:
    tab: Page = room.tab
    tab.goto(f"{room.at}/drafts/{room.draft}")
    tab.locator("#text-0").fill(OLD)
    expect(tab.locator("#preview")).to_contain_text(OLD)
    tab.locator("#text-0").fill("New")
    expect(tab.locator("#preview")).to_contain_text("New")
    tab.get_by_role("link", name="Versions of the text").click()
    expect(tab.get_by_role("heading", name="Versions of the text")).to_be_visible()
    tab.get_by_role("link", name="The old roast").click()
    expect(tab.locator("ins")).to_contain_text(["underlined", OLD])
    seen(tab, "versions")
    tab.get_by_role("button", name="Use this version").click()
    expect(tab.locator("#text-0")).to_have_value(OLD)
    tab.get_by_role("link", name="Share a preview").click()
    tab.get_by_role("button", name="Make a link").click()
    link = tab.locator("#share-address").input_value()
    seen(tab, "shared")
    visitor = browser.new_page(reduced_motion="reduce")
    visitor.goto(f"{room.at.split('/p/')[0]}{link[link.index('/review/') :]}")
    visitor.get_by_label("Your name").fill("Ines")
    visitor.get_by_label("Your comment").fill("Ring it in.")
    visitor.get_by_role("button", name="Send the comment").click()
    expect(visitor.locator(".said")).to_contain_text("Ring it in.")
    visitor.reload()  # the word of thanks lay over the form
    expect(visitor.locator(".toast")).to_have_count(0)
    seen(visitor, "review")
    visitor.close()
    tab.goto(f"{room.at}/drafts/{room.draft}")
    expect(tab.locator("#said")).to_contain_text("Ring it in.")
    tab.locator("#when").get_by_text("Now", exact=True).click()
    tab.get_by_role("button", name="Publish 3 posts now").click()
    tab.locator(".toast").get_by_role("button", name="Undo").click()
    expect(tab.locator("#text-0")).to_have_value(OLD)
    expect(tab.get_by_text("Taken back. It is a draft again.")).to_be_visible()
