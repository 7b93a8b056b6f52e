"""Many posts by keyboard alone: tick, move, undo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from playwright.sync_api import expect

from app.clock import now
from app.config import ROOT
from app.extensions import db
from app.models.people import User
from app.models.posts import Post
from tests import factories as make
from tests.conftest import Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]


def test_posts_are_ticked_moved_and_put_back_by_keyboard(
    page: Any, app: Flask, serve: Callable[[Flask], str], signed_in: Callable[[User], Browser]
) -> None:
    maya = make.make_user()
    brand = make.make_profile(maya, named_at=now())
    account = make.make_account(brand, "mastodon")
    first = (
        now().astimezone(ZoneInfo("Europe/London")).replace(day=1) + timedelta(days=32)
    ).replace(
        day=5, hour=12, minute=30, second=0, microsecond=0
    )  # of next month, so that it has not passed, whatever today is
    ids = [
        make.make_post(brand, f"Roast log {n}", [account], at=first + timedelta(days=n)).id
        for n in range(4)
    ]
    origin, cookie = serve(app), signed_in(maya).get_cookie("session")
    assert cookie is not None
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": origin}])

    def days() -> list[int]:
        db.session.expire_all()
        found = [db.session.get_one(Post, one).due_at for one in ids]
        db.session.rollback()
        return [(one - first).days for one in found if one is not None]

    address = f"{origin}/p/{brand.slug}/calendar/list/{first:%Y-%m}"
    db.session.rollback()  # what is read no longer holds the database
    page.goto(address)
    page.get_by_text("0 posts ticked").wait_for(state="attached")
    bar = page.get_by_role("group", name="Ticked posts")
    expect(bar).to_be_hidden()
    page.get_by_role("checkbox", name="Select Roast log 0").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(bar).to_contain_text("3 posts ticked")
    page.keyboard.press("m")
    days_field = page.get_by_label("Days")
    expect(days_field).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("3")
    go = page.get_by_role("button", name="Move 3 posts by 3 days")
    go.wait_for()
    expect(days_field).to_be_focused()  # the list was drawn anew around it
    assert days() == [0, 1, 2, 3]
    page.keyboard.press("Enter")
    expect(page.locator("#bulk")).to_contain_text("3 posts moved by 3 days")
    assert days() == [3, 4, 5, 3]
    page.keyboard.press("u")
    expect(page.get_by_text("3 posts put back.")).to_be_visible()
    assert days() == [0, 1, 2, 3]
