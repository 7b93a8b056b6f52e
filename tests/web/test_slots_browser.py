"""Slots in a real Chromium: a post lands on one, and the composer takes the next."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.clock import now
from app.config import ROOT
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.people import User
from app.models.posts import Post
from app.models.profiles import Profile
from app.services import posting_times
from app.services.posting_times import Weekly
from tests import factories as make
from tests.web.test_calendar_browser import (
    LONDON,
    account,
    ahead,
    brand,
    chip,
    drag,
    due,
    maya,
    tab,
    visit,
)

__all__ = ["account", "brand", "maya", "tab"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]


@pytest.fixture
def times(maya: User, account: SocialAccount) -> None:
    """Every day at 17:30."""
    posting_times.add(make.actor_of(maya), account.id, [Weekly(day, 1050) for day in range(7)])


def test_a_post_takes_the_time_of_the_slot_it_lands_on(
    tab: Page, brand: Profile, account: SocialAccount, times: None
) -> None:
    first, second = ahead()
    post = make.make_post(brand, "Roast log 43", [account], at=first)
    visit(tab, brand, f"calendar/month/{first:%Y-%m}")
    slot = tab.locator(f"#d-{second:%Y-%m-%d} .slot")
    drag(tab, chip(tab, post), slot)
    expect(tab.locator("#movebar")).to_contain_text("17:30, an open slot")
    tab.mouse.up()
    expect(tab.locator(f"#d-{second:%Y-%m-%d} .chip")).to_have_count(1)
    assert due(post) == second.replace(hour=17, minute=30)
    expect(slot).to_have_count(0)  # it is filled
    # Beside a slot a day keeps the post's own time; the key S goes to the next slot.
    chip(tab, post).focus()
    tab.keyboard.press("m")
    tab.keyboard.press("s")
    expect(tab.locator("#movebar")).to_contain_text("17:30, an open slot")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#movebar")).not_to_contain_text("an open slot")
    tab.keyboard.press("s")
    tab.keyboard.press("Enter")
    after = second + timedelta(days=2)
    expect(tab.locator(f"#d-{after:%Y-%m-%d} .chip")).to_have_count(1)
    assert due(post) == after.replace(hour=17, minute=30)


def test_times_are_set_and_the_composer_takes_the_next_slot(
    tab: Page, brand: Profile, account: SocialAccount
) -> None:
    clock = "20:30" if 9 <= now().astimezone(LONDON).hour < 15 else "12:30"  # never just now
    visit(tab, brand, "posting-times")
    card = tab.locator(f"#times-{account.id}")
    field = tab.locator(f"#time-{account.id}")
    db.session.rollback()
    field.fill(clock)
    for day in ("Saturday", "Sunday"):
        card.get_by_text(day[:2], exact=True).click()
    card.get_by_role("button", name="Add the time").click()
    expect(card.locator(".ptime")).to_have_count(7)
    expect(field).to_be_focused()
    card.locator(".ptime").first.click()
    expect(card.locator(".ptime")).to_have_count(6)
    expect(card.locator(".ptime").first).to_be_focused()
    tab.locator("#toasts").get_by_role("button", name="Undo").last.click()
    expect(card.locator(".ptime")).to_have_count(7)

    visit(tab, brand, "compose")
    tab.locator("#text-0").fill("The bells ring.")
    tab.get_by_text("Next open slot", exact=True).click()
    expect(tab.locator("#sendbar")).to_contain_text("next open slot, to 1 account")
    expect(tab.locator(".when__next")).to_contain_text(f"{clock}, London")
    tab.locator("#send").click()
    tab.wait_for_url("**/calendar/**")
    expect(tab.locator(".toast")).to_contain_text(f"{clock}.")
    (post,) = db.session.query(Post).all()
    local = post.due_at.astimezone(LONDON) if post.due_at else now()
    db.session.rollback()
    assert f"{local:%H:%M}" == clock and local > now()
