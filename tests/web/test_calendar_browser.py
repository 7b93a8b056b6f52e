"""The calendar in a real Chromium: dragging, the same by keyboard, and what changes by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.clock import now
from app.config import ROOT
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.people import User
from app.models.posts import HoldReason, Post, TargetState
from app.models.profiles import Profile
from tests import factories as make
from tests.conftest import Browser

LONDON = ZoneInfo("Europe/London")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]


@pytest.fixture
def maya(app: Flask) -> User:
    return make.make_user()


@pytest.fixture
def brand(maya: User) -> Profile:
    return make.make_profile(maya, named_at=now())


@pytest.fixture
def account(brand: Profile) -> SocialAccount:
    return make.make_account(brand, "mastodon")


@pytest.fixture
def tab(
    page: Any, app: Flask, maya: User, serve: Callable[[Flask], str],
    signed_in: Callable[[User], Browser],
) -> Page:  # fmt: skip
    """A page of a signed-in browser; it fails the test on an error or a refusal of the policy."""
    origin = serve(app)
    cookie = signed_in(maya).get_cookie("session")
    assert cookie is not None
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": origin}])
    page.origin = origin
    page.set_viewport_size({"width": 1440, "height": 1100})
    return page  # type: ignore[no-any-return]


def visit(tab: Page, brand: Profile, path: str) -> None:
    """Open a page of the brand; what the test has read no longer holds the database."""
    address = f"{tab.origin}/p/{brand.slug}/{path}"  # type: ignore[attr-defined]
    db.session.rollback()
    tab.goto(address)
    tab.locator("[data-htmx-powered]").first.wait_for(state="attached")


def open_month(tab: Page, brand: Profile, at: datetime) -> None:
    visit(tab, brand, f"calendar/month/{at:%Y-%m}")


def chip(tab: Page, post: Post) -> Any:
    """The post's card or tray entry."""
    found = tab.locator(f"#post-{post.id}")
    db.session.rollback()
    return found


def goes_out(post: Post, link: str = "") -> None:
    """What the engine records when the network has taken it."""
    db.session.expire_all()
    row = db.session.get_one(Post, post.id)
    row.targets[0].state, row.targets[0].published_at = TargetState.PUBLISHED, now()
    row.targets[0].permalink = link or None
    row.settle()
    db.session.commit()


def ahead() -> tuple[datetime, datetime]:
    """Two days of next month, so that neither has passed, whatever today is."""
    first = (now().astimezone(LONDON).replace(day=1) + timedelta(days=32)).replace(day=1)
    first = first.replace(hour=12, minute=30, second=0, microsecond=0)
    return first.replace(day=8), first.replace(day=10)


def cell(tab: Page, at: datetime) -> Any:
    return tab.locator(f"#d-{at:%Y-%m-%d}")


def due(post: Post) -> datetime:
    db.session.expire_all()
    found = db.session.get_one(Post, post.id).due_at
    db.session.rollback()
    assert found is not None
    return found.astimezone(LONDON)


def drag(tab: Page, what: Any, to: Any) -> None:
    """As a hand does it: press, move in steps, let go."""
    start, end = what.bounding_box(), to.bounding_box()
    tab.mouse.move(start["x"] + 20, start["y"] + 10)
    tab.mouse.down()
    x, y = end["x"] + end["width"] / 2, end["y"] + end["height"] / 2
    tab.mouse.move(start["x"] + 40, start["y"] + 30, steps=4)
    tab.mouse.move(x, y, steps=12)
    tab.mouse.move(x + 2, y + 2, steps=2)
    tab.mouse.up()


def test_a_post_dragged_to_another_day_keeps_its_time_and_can_be_put_back(
    tab: Page, brand: Profile, account: SocialAccount
) -> None:
    was, to = ahead()
    post = make.make_post(brand, "Roast log 43", [account], at=was)
    open_month(tab, brand, was)
    drag(tab, chip(tab, post), cell(tab, to))
    expect(cell(tab, to)).to_contain_text("Roast log 43")
    expect(cell(tab, was)).not_to_contain_text("Roast log 43")
    expect(tab.locator("#toasts")).to_contain_text("Moved to")
    assert due(post) == to
    tab.get_by_role("button", name="Undo").click()
    expect(cell(tab, was)).to_contain_text("Roast log 43")
    expect(tab.locator("#toasts")).to_contain_text("Put back.")
    assert due(post) == was


def test_a_draft_dragged_from_the_tray_lands_on_its_day(
    tab: Page, brand: Profile, account: SocialAccount
) -> None:
    _, to = ahead()
    draft = make.make_post(brand, "Grinder guide", [account])
    open_month(tab, brand, to)
    drag(tab, chip(tab, draft).locator(".title"), cell(tab, to))
    expect(cell(tab, to)).to_contain_text("Grinder guide")
    expect(tab.locator("#tray-list")).not_to_contain_text("Grinder guide")
    expect(tab.locator("#toasts .toast")).to_be_visible()  # the server has answered
    assert due(draft).date() == to.date()


def test_a_refused_drop_lies_where_it_was_with_the_reason(
    tab: Page, brand: Profile, account: SocialAccount
) -> None:
    was, to = ahead()
    post = make.make_post(brand, "Too slow", [account], at=was)
    open_month(tab, brand, was)
    row = db.session.get_one(Post, post.id)
    row.rev += 1  # somebody else was quicker
    db.session.commit()
    drag(tab, chip(tab, post), cell(tab, to))
    expect(tab.locator("#toasts")).to_contain_text("Somebody else saved this post meanwhile.")
    expect(cell(tab, was)).to_contain_text("Too slow")
    expect(cell(tab, to)).not_to_contain_text("Too slow")
    assert due(post) == was


def test_the_keyboard_moves_a_post_and_says_each_step(
    tab: Page, brand: Profile, account: SocialAccount
) -> None:
    was, to = ahead()
    post = make.make_post(brand, "By keys", [account], at=was)
    open_month(tab, brand, was)
    chip(tab, post).focus()
    tab.keyboard.press("m")
    expect(tab.locator("#announce")).to_contain_text("Moving By keys")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#announce")).to_contain_text(f"{to.day} {to:%b}, {to:%A}, 12:30")
    tab.keyboard.press("Escape")
    expect(tab.locator("#announce")).to_have_text("Put back.")
    assert due(post) == was
    tab.keyboard.press("m")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Enter")
    expect(cell(tab, to)).to_contain_text("By keys")
    expect(chip(tab, post)).to_be_focused()
    assert due(post) == to


def test_space_shows_a_look_with_what_can_be_done_and_the_form_moves_it(
    tab: Page, brand: Profile, account: SocialAccount
) -> None:
    was, to = ahead()
    post = make.make_post(brand, "A closer look", [account], at=was)
    open_month(tab, brand, was)
    chip(tab, post).focus()
    tab.keyboard.press("Space")
    look = tab.locator("#popover")
    expect(look).to_be_visible()
    expect(look).to_contain_text("A closer look")
    look.get_by_role("link", name="Move to another time").click()
    sheet = tab.get_by_role("dialog")
    sheet.get_by_label("New time").fill("2020-01-01T10:00")
    sheet.locator("form").evaluate("form => form.noValidate = true")
    sheet.get_by_role("button", name="Move the post").click()
    expect(sheet).to_contain_text("That time has passed.")
    sheet.get_by_label("New time").fill(f"{to:%Y-%m-%dT18:05}")
    sheet.get_by_role("button", name="Move the post").click()
    expect(tab.locator(".toast")).to_contain_text("Moved to")
    assert due(post) == to.replace(hour=18, minute=5)


def test_arrows_walk_over_the_days(tab: Page, brand: Profile, account: SocialAccount) -> None:
    was, to = ahead()
    open_month(tab, brand, was)
    cell(tab, was).locator(".day__n").focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    expect(cell(tab, to).locator(".day__n")).to_be_focused()
    tab.keyboard.press("ArrowDown")
    expect(cell(tab, to + timedelta(days=7)).locator(".day__n")).to_be_focused()


def test_a_post_becomes_published_while_one_watches(
    tab: Page, brand: Profile, account: SocialAccount
) -> None:
    at = now()
    post = make.make_post(brand, "Any moment", [account], at=at, state=TargetState.POSTING)
    open_month(tab, brand, at.astimezone(LONDON))
    card = chip(tab, post)
    expect(card).to_have_attribute("data-status", "publishing")
    goes_out(post)
    expect(card).to_have_attribute("data-status", "published")
    assert tab.locator("#live").get_attribute("hx-trigger") is None  # and nobody asks any more


def test_the_post_page_follows_its_post_until_it_is_out(
    tab: Page, brand: Profile, account: SocialAccount
) -> None:
    post = make.make_post(brand, "On its way", [account], at=now(), state=TargetState.POSTING)
    visit(tab, brand, f"posts/{post.id}")
    expect(tab.locator("#result")).to_contain_text("Going out")
    goes_out(post, "https://bells.example/@marram/1")
    expect(tab.locator("#result")).to_contain_text("Published")
    expect(tab.get_by_role("link", name="See it on Mastodon")).to_be_visible()
    expect(tab.locator("#delivery")).not_to_have_attribute("hx-trigger", re.compile("."))


def test_on_a_phone_a_day_opens_below_the_month(
    tab: Page, brand: Profile, account: SocialAccount
) -> None:
    was, to = ahead()
    make.make_post(brand, "On the small screen", [account], at=to)
    tab.set_viewport_size({"width": 390, "height": 844})
    open_month(tab, brand, was)
    cell(tab, to).locator(".day__n").click()
    expect(tab.locator("#day-panel")).to_contain_text("On the small screen")
    assert tab.url.endswith(f"/month/{was:%Y-%m}")
    width = tab.evaluate("document.documentElement.scrollWidth")
    assert width <= 390  # nothing scrolls sideways


def test_late_posts_are_decided_in_the_browser(
    tab: Page, brand: Profile, account: SocialAccount
) -> None:
    for n in range(3):
        make.make_post(brand, f"Late {n}", [account], at=now() - timedelta(hours=5 + n),
                       target={"hold_reason": HoldReason.LATE})  # fmt: skip
    open_month(tab, brand, now().astimezone(LONDON))
    tab.get_by_role("link", name="Decide").click()
    tab.get_by_role("button", name="Skip", exact=True).first.click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("2 late posts")
    tab.get_by_role("button", name="Apply all 2").click()
    expect(tab.get_by_text("2 posts have a new time.")).to_be_visible()
    expect(tab.locator("#attention")).not_to_contain_text("late")
