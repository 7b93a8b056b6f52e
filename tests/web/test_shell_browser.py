"""The shell in a real Chromium: what app.js and htmx 4 do together under our own policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.config import ROOT
from tests.web import small

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]


@pytest.fixture
def origin(serve: Callable[[Flask], str]) -> str:
    return serve(small.make())


@pytest.fixture
def tab(page: Any) -> Page:
    """A page that fails the test on a script error or a refusal of the policy."""
    return page  # type: ignore[no-any-return]


def visit(page: Page, address: str) -> None:
    """Open a page and wait until htmx has taken hold of it."""
    page.goto(address)
    page.locator("[data-htmx-powered]").first.wait_for(state="attached")


def mark(page: Page) -> None:
    """Leave a sign in the window, to see whether the page was loaded afresh."""
    page.evaluate("window.sign = 1")


def kept(page: Page) -> bool:
    return bool(page.evaluate("window.sign === 1"))


def test_icons_and_fonts_load_under_our_policy(tab: Page, origin: str) -> None:
    loaded: dict[str, int] = {}
    tab.on("response", lambda r: loaded.update({r.url.split("/static/")[-1]: r.status}))
    visit(tab, f"{origin}/kit")
    tab.wait_for_load_state("networkidle")
    names = " ".join(loaded)
    assert "icons.svg" in names and "hanken-grotesk-latin." in names and "htmx." in names
    assert set(loaded.values()) == {200}
    assert tab.evaluate("document.fonts.check('14px \"Hanken Grotesk\"')")


def test_a_boosted_link_changes_the_page_without_loading_it_afresh(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/p/marram/calendar")
    mark(tab)
    tab.get_by_role("link", name=re.compile("^Drafts")).first.click()
    expect(tab).to_have_title("Drafts · Carillon")
    assert kept(tab) and tab.url.endswith("/p/marram/drafts")
    assert tab.evaluate("document.activeElement.id") == "main"
    expect(tab.locator("#announce")).to_have_text("Drafts · Carillon")
    # The styles of the new page are there before its body is.
    assert tab.locator('head link[href*="connections.css"]').count() == 1
    expect(tab.locator(".app")).to_have_attribute("data-rail", "slim")


def test_the_way_back_brings_the_whole_page(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/kit")
    mark(tab)
    visit(tab, f"{origin}/p/marram/calendar")
    mark(tab)
    tab.locator("#to-kit").click()
    expect(tab.get_by_role("heading", name="Component kit")).to_be_visible()
    tab.go_back()
    expect(tab.get_by_role("heading", name="Calendar")).to_be_visible()
    expect(tab.locator(".rail")).to_be_visible()
    assert kept(tab)


def test_the_keyboard_goes_places_but_not_while_one_types(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/p/marram/calendar")
    tab.keyboard.press("g")
    tab.keyboard.press("d")
    expect(tab).to_have_title("Drafts · Carillon")
    visit(tab, f"{origin}/kit")
    tab.locator("#note").fill("")
    tab.locator("#note").press("g")
    tab.locator("#note").press("d")
    expect(tab.locator("#note")).to_have_value("gd")
    expect(tab).to_have_title("Component kit · Carillon")


def test_the_question_mark_lists_what_the_page_offers(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/kit")
    tab.keyboard.press("?")
    sheet = tab.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_contain_text("New post")
    expect(sheet).to_contain_text("Save times")
    expect(sheet.locator("dt").filter(has_text="Ctrl")).to_have_count(1)
    tab.keyboard.press("Escape")
    expect(tab.locator("#dialog")).not_to_be_visible()


def test_a_refused_form_comes_back_with_its_error(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/kit")
    mark(tab)
    tab.get_by_role("button", name="Save times").click()
    field = tab.locator("#kit-form #name")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(tab.locator("#name-error")).to_have_text("Use a time like 09:30.")
    assert kept(tab)
    tab.locator("#kit-form #name").fill("09:30")
    tab.get_by_role("button", name="Save times").click()
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_what_was_done_is_told_and_can_be_undone(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/kit")
    tab.keyboard.press("m")
    toast = tab.locator("#toasts .toast")
    expect(toast).to_contain_text("Moved to Fri 15 May, 17:30. “Fertig”")
    expect(tab.locator("#count")).to_have_text("7")
    toast.get_by_role("button", name="Undo").click()
    expect(tab.locator("#toasts")).to_contain_text("Back where it was.")
    expect(tab.locator("#toasts")).not_to_contain_text("Moved")


def test_a_toast_survives_the_change_to_the_next_page(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/kit")
    mark(tab)
    tab.get_by_role("button", name="Go", exact=True).click()
    expect(tab).to_have_title("Calendar · Carillon")
    expect(tab.locator("#toasts")).to_contain_text("Scheduled.")
    tab.get_by_role("link", name=re.compile("^Connections")).first.click()
    expect(tab).to_have_title("Connections · Carillon")
    expect(tab.locator("#toasts")).to_contain_text("Scheduled.")
    assert kept(tab)


def test_deleting_asks_first_and_gives_the_focus_back(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/kit")
    asked: list[str] = []
    tab.on("request", lambda r: r.method == "POST" and asked.append(r.url))
    tab.locator("#delete").click()
    sheet = tab.get_by_role("dialog", name="Delete “Roast log 43”?")
    expect(sheet).to_contain_text("It is planned for tomorrow, 12:30.")
    sheet.get_by_role("button", name="Cancel").click()
    expect(sheet).not_to_be_visible()
    assert asked == [] and tab.evaluate("document.activeElement.id") == "delete"
    tab.locator("#delete").click()
    sheet.get_by_role("button", name="Delete post").click()
    expect(tab.locator("#count")).to_have_text("7")
    assert len(asked) == 1


def test_our_failure_keeps_the_page_and_gives_a_number(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/kit")
    tab.locator("#note").fill("half a thought")
    tab.locator("#break").click()
    notice = tab.locator("#notice")
    expect(notice).to_contain_text("That did not save. Something broke on our side. (req_")
    expect(tab.locator("#note")).to_have_value("half a thought")
    expect(tab.locator("#break")).not_to_have_attribute("aria-busy", "true")
    with tab.expect_request("**/fail/boom"):
        notice.get_by_role("button", name="Try again").click()


def test_a_refusal_is_said_above_and_leaves_the_rest_alone(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/kit")
    tab.locator("#clash").click()
    expect(tab.locator("#notice")).to_contain_text("A published post can’t become a draft.")
    expect(tab.locator("#clash")).to_be_visible()


def test_a_refusal_inside_the_dialog_is_said_there(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/kit")
    tab.locator("#ask").click()
    sheet = tab.get_by_role("dialog", name="Move to Friday 15 May, 17:30?")
    sheet.get_by_role("button", name="Move to 18:15 instead").click()
    expect(sheet).to_contain_text("A published post can’t become a draft.")
    expect(tab.locator("#notice")).to_be_empty()
    sheet.get_by_role("button", name="Cancel").click()
    expect(sheet).not_to_be_visible()
    assert tab.evaluate("document.activeElement.id") == "ask"


def test_too_many_tries_are_told_with_the_wait(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/kit")
    tab.locator("#hurry").click()
    expect(tab.locator("#toasts")).to_contain_text("That was too often. Try again in 10 minutes.")


def test_no_answer_is_told_and_the_bar_goes_when_it_is_back(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/kit")
    tab.clock.install()
    tab.route("**/*", lambda route: route.abort())
    tab.locator("#delete").evaluate("el => { el.dataset.sure = 1; }")
    tab.locator("#delete").click()
    expect(tab.locator("#notice")).to_contain_text("That did not save. The server did not answer.")
    expect(tab.locator("#offline")).to_be_visible()
    tab.unroute("**/*")
    tab.clock.run_for(8500)
    expect(tab.locator("#offline")).not_to_be_visible()
    expect(tab.locator("#toasts")).to_contain_text("Connected again.")
    tab.console.clear()  # type: ignore[attr-defined]  # htmx reports the lost request


def test_the_theme_is_kept_for_the_next_visit(tab: Page, origin: str) -> None:
    visit(tab, f"{origin}/p/marram/calendar")
    tab.get_by_role("button", name=re.compile("Maya Okafor")).click()
    with tab.expect_response("**/me/theme") as told:
        tab.get_by_role("button", name="Dark").click()
    assert told.value.status == 204 and told.value.request.post_data == "theme=dark"
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    tab.reload()
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_brand_menu_opens_beside_its_button_and_keeps_the_section(
    tab: Page, origin: str
) -> None:
    visit(tab, f"{origin}/p/marram/connections")
    tab.keyboard.press("Alt+b")
    menu = tab.locator("#menu-brands")
    expect(menu).to_be_visible()
    box, button = menu.bounding_box(), tab.locator(".switcher").bounding_box()
    assert box and button and abs(box["x"] - button["x"]) < 4
    assert 0 <= box["y"] - (button["y"] + button["height"]) < 12
    tab.keyboard.press("Escape")
    expect(menu).not_to_be_visible()
    assert tab.evaluate("document.activeElement.className") == "switcher"
    tab.keyboard.press("Enter")
    tab.get_by_role("link", name=re.compile("Larkfield")).click()
    expect(tab).to_have_url(f"{origin}/p/larkfield/connections")


def test_a_phone_has_the_tab_bar_and_everything_behind_more(tab: Page, origin: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    visit(tab, f"{origin}/p/marram/calendar")
    expect(tab.locator(".rail")).not_to_be_visible()
    bar = tab.get_by_role("navigation", name="Sections")
    assert bar.locator("a, button").all_inner_texts() == [
        "Calendar", "Drafts", "New post", "Accounts", "More",
    ]  # fmt: skip
    bar.get_by_role("button", name="More").click()
    expect(tab.locator("#menu-me").get_by_role("link", name="Settings", exact=True)).to_be_visible()
    width = tab.evaluate("document.documentElement.scrollWidth")
    assert width == 390


def test_pages_work_without_scripts(browser: Any, origin: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{origin}/kit")
    page.get_by_role("button", name="Save times").click()
    expect(page.locator("#name-error")).to_have_text("Use a time like 09:30.")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page).to_have_title("Calendar · Carillon")
    expect(page.get_by_text("Scheduled.")).to_be_visible()
    page.locator(".switcher").click()
    expect(page.get_by_role("link", name=re.compile("Larkfield"))).to_be_visible()
    context.close()
