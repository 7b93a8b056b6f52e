"""The command palette: what it finds, for whom; and in a real Chromium, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect

from app.config import ROOT
from app.extensions import db
from app.models.people import User
from app.models.profiles import Profile, Role
from app.services import palette
from tests.conftest import Browser
from tests.factories import (
    PASSWORD,
    actor_of,
    join,
    make_account,
    make_post,
    make_profile,
    make_user,
)  # fmt: skip
from tests.statements import counted

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def maya(app: Flask) -> User:
    return make_user("maya@marram.example")


@pytest.fixture
def marram(maya: User) -> Profile:
    brand = make_profile(maya, "Marram Coffee")
    account = make_account(brand, "mastodon", "marram")
    for text in ("Six bells at noon", "Autumn roast is here", "Straße open again"):
        make_post(brand, text, [account])
    db.session.commit()
    return brand


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("", []),
        ("bells", ["Six bells at noon"]),
        ("ROAST autumn", ["Autumn roast is here"]),
        ("strasse", ["Straße open again"]),
        ("roast bells", []),
    ],
)
def test_posts_are_found_by_all_their_words(
    maya: User, marram: Profile, text: str, titles: list[str]
) -> None:
    assert [card.title for card in palette.posts(actor_of(maya), marram, text)] == titles


def test_only_the_newest_posts_are_read(
    maya: User, marram: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(palette, "RECENT", 2)
    assert not palette.posts(actor_of(maya), marram, "bells")
    assert palette.posts(actor_of(maya), marram, "roast")


def test_accounts_are_found_by_name_and_network(maya: User, marram: Profile) -> None:
    actor = actor_of(maya)
    for text in ("marr", "Mastodon", "mastodon marram"):
        assert [one.handle for one in palette.accounts(actor, marram, text)] == ["marram"]
    assert palette.accounts(actor, marram, "threads") == []


def test_it_is_a_page_without_scripts_and_a_list_with_them(
    maya: User, marram: Profile, signed_in: Callable[[User], Browser]
) -> None:
    browser = signed_in(maya)
    path = f"/p/{marram.slug}/palette"
    page = browser.get(f"{path}?q=bells").text
    assert "<html" in page and "Six bells at noon" in page and 'value="bells"' in page
    dialog = browser.get(path, headers=PART).text
    assert "<html" not in dialog and 'id="dialog-title"' in dialog and "Posting times" in dialog
    found = browser.get(f"{path}?list=1&q=posting+slots", headers=PART).text
    assert (
        'id="palette-list"' in found
        and "dialog-title" not in found
        and "Posting times" in found
        and "Calendar<" not in found
    )
    nothing = browser.get(f"{path}?list=1&q=%3Cb%3Ezz", headers=PART).text
    assert "Nothing here is called “&lt;b&gt;zz”" in nothing


def test_other_brands_are_offered_and_strangers_see_nothing(
    maya: User, marram: Profile, signed_in: Callable[[User], Browser]
) -> None:
    other, foreign = make_profile(maya, "Harbour Books"), make_profile(make_user(), "Not Hers")
    guest = make_user("guest@marram.example")
    join(marram, guest, Role.MEMBER)
    db.session.commit()
    browser, slug = signed_in(maya), marram.slug
    found = browser.get(f"/p/{slug}/palette?list=1&q=har", headers=PART).text
    assert f"/p/{other.slug}/calendar" in found
    assert "Not Hers" not in browser.get(f"/p/{slug}/palette?q=not+hers").text.split("<main")[1]
    assert browser.get(f"/p/{foreign.slug}/palette?q=a").status_code == 404
    assert "Harbour" not in signed_in(guest).get(f"/p/{slug}/palette?q=har").text


def test_its_questions_do_not_grow_with_what_is_found(
    app: Flask, maya: User, marram: Profile, signed_in: Callable[[User], Browser]
) -> None:
    browser, path = signed_in(maya), f"/p/{marram.slug}/palette?list=1&q="

    def cost(text: str) -> int:
        """Of the cheapest of three: now and then a request also notes that one was here."""
        counts = []
        for _ in range(3):
            with counted() as told:
                assert browser.get(path + text, headers=PART).status_code == 200
            counts.append(sum(one.lstrip().startswith("SELECT") for one in told))
        return min(counts)

    few = cost("bells")
    assert cost("e") <= few <= 12


@pytest.mark.browser
@pytest.mark.skipif(
    not (ROOT / "static/manifest.json").exists(),
    reason="the assets are not made, so there is no htmx: run `make assets`",
)
def test_a_post_is_reached_by_keys_alone(
    maya: User, marram: Profile, app: Flask, serve: Callable[[Flask], str], page: Any
) -> None:
    origin = serve(app)
    page.goto(f"{origin}/login")
    page.get_by_label("Email").fill("maya@marram.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/calendar")
    page.locator("[data-htmx-powered]").first.wait_for(state="attached")

    page.keyboard.press("Control+k")
    field = page.locator("#dialog #palette-q")
    expect(field).to_be_focused()
    chosen = page.locator('#palette-list [aria-selected="true"]')
    expect(chosen).to_have_text(re.compile("New post"))
    page.keyboard.press("ArrowDown")
    expect(chosen).to_have_text(re.compile("Calendar"))
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)

    page.keyboard.press("/")  # with nothing else on the page that searches
    expect(field).to_be_focused()
    field.press_sequentially("roast", delay=0)
    page.keyboard.press("Enter")  # before the answer: it goes to what that brings
    page.wait_for_url("**/drafts/*")
    expect(page.locator("#text, textarea").first).to_have_value("Autumn roast is here")
    expect(page.locator("#dialog")).not_to_have_attribute("open", "")
