"""The week in a real Chromium: a post is taken to another quarter of an hour, by mouse and keys."""

from __future__ import annotations

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
from app.models.posts import Post, TargetState
from app.models.profiles import Profile
from tests import factories as make
from tests.conftest import Browser

LONDON = ZoneInfo("Europe/London")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.browser_context_args(timezone_id="America/New_York"),
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]


@pytest.fixture
def brand(app: Flask) -> Profile:
    return make.make_profile(make.make_user(), named_at=now())


@pytest.fixture
def account(brand: Profile) -> SocialAccount:
    return make.make_account(brand, "mastodon")


@pytest.fixture
def tab(
    page: Any, app: Flask, brand: Profile, serve: Callable[[Flask], str],
    signed_in: Callable[..., Browser],
) -> Page:  # fmt: skip
    """A page of somebody signed in who sits in New York."""
    origin = serve(app)
    cookie = signed_in(db.session.query(User).one()).get_cookie("session")
    assert cookie is not None
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": origin}])
    page.home = f"{origin}/p/{brand.slug}"
    page.set_viewport_size({"width": 1440, "height": 1400})
    return page  # type: ignore[no-any-return]


def ahead(weekday: int, hour: int = 12, minute: int = 30) -> datetime:
    """A time in the week after next, so that nothing of it has passed."""
    here = now().astimezone(LONDON)
    monday = here - timedelta(days=here.weekday()) + timedelta(days=14)
    return (monday + timedelta(days=weekday)).replace(
        hour=hour, minute=minute, second=0, microsecond=0
    )


def visit(tab: Page, at: datetime) -> None:
    home = tab.home  # type: ignore[attr-defined]
    db.session.rollback()
    tab.goto(f"{home}/calendar/week/{at:%Y-%m-%d}")
    tab.locator("[data-htmx-powered]").first.wait_for(state="attached")


def due(post: Post) -> datetime | None:
    db.session.expire_all()
    found = db.session.get_one(Post, post.id).due_at
    db.session.rollback()
    return found and found.astimezone(LONDON)


def column(tab: Page, at: datetime) -> Any:
    return tab.locator(f"#d-{at:%Y-%m-%d}")


def drag(tab: Page, what: Any, to: datetime, *, drop: bool = True) -> None:
    """Take it at its upper edge and carry it to where ``to`` lies on the grid."""
    start, end = what.bounding_box(), column(tab, to).bounding_box()
    row = end["height"] / 96
    x = end["x"] + end["width"] / 2
    y = end["y"] + (to.hour * 60 + to.minute) / 15 * row + 3
    tab.mouse.move(start["x"] + 20, start["y"] + 3)
    tab.mouse.down()
    tab.mouse.move(start["x"] + 40, start["y"] + 20, steps=3)
    tab.mouse.move(x, y, steps=6)
    if drop:
        tab.mouse.up()


def test_a_post_is_dragged_to_a_quarter_of_an_hour_and_put_back(
    tab: Page, brand: Profile, account: SocialAccount
) -> None:
    was, to, out = ahead(1), ahead(3, 15, 45), ahead(0, 9, 0)
    post = make.make_post(brand, "Roast log 43", [account], at=was)
    gone = make.make_post(brand, "Out already", [account], at=out, state=TargetState.PUBLISHED)
    post_id, gone_id = post.id, gone.id
    visit(tab, was)
    chip = tab.locator(f"#post-{post_id}")
    expect(tab.locator("[data-yours]")).to_contain_text("New York")
    drag(tab, chip, to, drop=False)
    named = f"{to:%a} {to.day} {to:%b}, 15:45"
    expect(tab.locator(".wg .drop")).to_have_text(named)
    expect(tab.locator("#movebar")).to_contain_text(named)
    tab.mouse.up()
    expect(column(tab, to)).to_contain_text("15:45")
    expect(column(tab, was)).not_to_contain_text("Roast log 43")
    expect(tab.locator(f"#h-{to:%Y-%m-%d}")).to_contain_text("1 post")
    assert due(post) == to
    tab.get_by_role("button", name="Undo").click()
    expect(column(tab, was)).to_contain_text("Roast log 43")
    assert due(post) == was
    drag(tab, tab.locator(f"#post-{gone_id}"), to, drop=False)  # what is out refuses, and says why
    expect(tab.locator("#movebar")).to_contain_text("This post has gone out")
    tab.mouse.up()
    assert due(gone) == out
    box = column(tab, to).bounding_box()  # a click on a free time writes a post for it
    assert box is not None
    tab.mouse.move(box["x"] + 30, box["y"] + box["height"] * (17 * 4 + 1.5) / 96)
    expect(tab.locator("#popover")).to_be_hidden()
    expect(tab.locator(".wg__new")).to_have_text("+ 17:15")
    tab.mouse.down()
    tab.mouse.up()
    tab.wait_for_url(f"**/compose?at={to:%Y-%m-%d}T17:15")


def test_a_draft_from_the_tray_and_the_keyboard(
    tab: Page, brand: Profile, account: SocialAccount
) -> None:
    to = ahead(2, 10, 15)
    draft = make.make_post(brand, "Grinder guide", [account])
    draft_id = draft.id
    visit(tab, to)
    expect(tab.locator("#tray-list")).not_to_be_visible()
    tab.keyboard.press("[")
    drag(tab, tab.locator("#tray-list .draft"), to)
    expect(column(tab, to)).to_contain_text("Grinder guide")
    expect(tab.locator("#tray-count")).to_have_text("0")
    assert due(draft) == to
    chip = tab.locator(f"#post-{draft_id}")
    chip.focus()
    spoken = tab.locator("#announce")
    tab.keyboard.press("m")
    expect(spoken).to_contain_text("Moving Grinder guide")
    tab.keyboard.press("ArrowRight")
    for _ in range(15):  # into the folded night, which opens
        tab.keyboard.press("ArrowUp")
    later = to + timedelta(days=1, minutes=-15 * 15)
    expect(spoken).to_have_text(f"{later:%a} {later.day} {later:%b}, 06:30")
    tab.keyboard.press("Escape")
    expect(spoken).to_have_text("Put back.")
    tab.keyboard.press("m")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    expect(chip.locator("time")).to_have_text("10:30")
    expect(chip).to_be_focused()
    assert due(draft) == to + timedelta(minutes=15)
    four = to.replace(hour=16, minute=0)
    make.make_post(brand, "Already there", [account], at=four + timedelta(minutes=10))
    drag(tab, chip, four)  # close to another post: asked before it is done
    sheet = tab.get_by_role("dialog")
    expect(sheet).to_contain_text("“Already there” at 16:10, 10 minutes later.")
    sheet.get_by_role("button", name="Place it at 16:00 all the same").click()
    expect(sheet).to_be_hidden()
    expect(chip.locator("time")).to_have_text("16:00")
    expect(chip).to_be_focused()
    assert due(draft) == four


def test_where_the_clocks_go_forward_a_post_keeps_its_local_time(
    tab: Page, brand: Profile, account: SocialAccount
) -> None:
    end = datetime(now().year + 1, 3, 31, tzinfo=LONDON)
    sunday = end - timedelta(days=(end.weekday() + 1) % 7)  # the last one of March
    saturday = sunday - timedelta(days=1)
    early = make.make_post(brand, "Early", [account], at=saturday.replace(hour=1, minute=30))
    noon = make.make_post(brand, "Noon", [account], at=saturday.replace(hour=12, minute=0))
    early_id, noon_id = early.id, noon.id
    visit(tab, sunday)
    expect(tab.locator("[data-skipped]")).to_contain_text("No 01:00 to 02:00")
    drag(tab, tab.locator(f"#post-{noon_id}"), sunday.replace(hour=12))
    expect(tab.locator("#toasts .toast")).to_be_visible()  # the server has answered
    expect(column(tab, sunday)).to_contain_text("12:00")
    found = due(noon)
    assert found == sunday.replace(hour=12) and found.utcoffset() == timedelta(hours=1)
    tab.locator(f"#post-{early_id}").focus()
    tab.keyboard.press("m")
    tab.keyboard.press("ArrowRight")
    spoken = tab.locator("#announce")
    expect(spoken).to_contain_text("01:30 does not exist: the clocks go forward")
    tab.keyboard.press("Enter")
    expect(spoken).to_contain_text("Choose a later time.")
    tab.keyboard.press("ArrowDown")  # over the hour that is not there
    tab.keyboard.press("Enter")
    moved = column(tab, sunday).locator(f"#post-{early_id}")  # the day itself names 02:00 anyway
    expect(moved).to_contain_text("02:00")
    assert due(early) == sunday.replace(hour=2)
