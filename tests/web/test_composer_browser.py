"""The composer in a real Chromium: what composer.js, app.js and htmx 4 make of it together."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import delete, select

from app.config import ROOT
from app.extensions import db
from app.models.people import User, UserSession
from app.models.posts import Post
from tests.conftest import Browser
from tests.factories import make_media
from tests.web.desk import desk, opened, stored

__all__ = ["desk"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]


def sign_in(context: BrowserContext, browser: Browser, origin: str) -> None:
    cookie = browser.get_cookie("session")
    assert cookie is not None
    context.add_cookies([{"name": "session", "value": cookie.value, "url": origin}])


@pytest.fixture
def tab(
    page: Any, context: BrowserContext, app: Flask, serve: Callable[[Flask], str],
    desk: SimpleNamespace,
) -> Iterator[Page]:  # fmt: skip
    """A page signed in as Maya; ``desk.origin`` is where the product is."""
    desk.origin = serve(app)
    desk.browser.get(f"{desk.base}/drafts")  # settles the session before it is copied
    sign_in(context, desk.browser, desk.origin)
    db.session.rollback()
    yield page
    page.goto("about:blank")
    settle()


def settle() -> None:
    """Wait until no request is at work: the next test lays another database in this one's place."""
    db.session.remove()
    until = time.monotonic() + 5
    while db.engine.pool.checkedout() and time.monotonic() < until:  # type: ignore[attr-defined]
        time.sleep(0.02)


def go(page: Page, desk: SimpleNamespace, path: str) -> None:
    page.goto(f"{desk.origin}{desk.base}{path}")
    page.locator("#composer[data-live][data-htmx-powered]").wait_for(state="attached")


def saved(page: Page) -> None:
    expect(page.locator("#composer-state")).to_contain_text("Saved ")
    expect(page.locator("#composer-state")).to_have_attribute("data-saved", "true")


def draft(desk: SimpleNamespace, **columns: Any) -> UUID:
    """A stored draft; nothing is held open that would lock a request out."""
    made = opened(desk, **columns).id
    db.session.rollback()
    return made


def kept(post_id: UUID | None = None) -> SimpleNamespace:
    """What the database has of a post, of the only one without an id."""
    db.session.rollback()
    post_id = post_id or db.session.scalars(select(Post.id)).one()
    post = stored(post_id)
    found = SimpleNamespace(
        id=post.id, parts=list(post.parts), armed=post.armed, x=list(post.texts("twitter")),
        alts=[one.alt for one in post.media], names=[one.media.name for one in post.media],
    )  # fmt: skip
    db.session.rollback()
    return found


def test_the_first_words_make_the_draft_and_give_it_its_address(
    tab: Page, desk: SimpleNamespace
) -> None:
    go(tab, desk, "/compose")
    expect(tab.locator("#composer-state")).to_have_text("Not saved yet")
    tab.locator("#text-0").press_sequentially("Hello #brew at https://marram.coffee")
    expect(tab.locator('.vtab[data-tab="bluesky"] .vtab__c')).to_have_text("264")
    saved(tab)
    expect(tab).to_have_url(re.compile(r"/drafts/[0-9a-f-]{36}$"))
    assert kept().parts == ["Hello #brew at https://marram.coffee"]
    expect(tab.locator("#mirror-0 .lnk")).to_have_text("https://marram.coffee")
    expect(tab.locator("#mirror-0 .tag")).to_have_text("#brew")
    expect(tab.locator("#preview .pv__text")).to_contain_text("Hello #brew")
    tab.reload()
    expect(tab.locator("#text-0")).to_have_value("Hello #brew at https://marram.coffee")


def test_saving_leaves_text_caret_and_focus_alone(tab: Page, desk: SimpleNamespace) -> None:
    post_id = draft(desk, text="Hello world")
    go(tab, desk, f"/drafts/{post_id}")
    box = tab.locator("#text-0")
    box.focus()
    tab.evaluate("document.querySelector('#text-0').setSelectionRange(5, 5)")
    tab.keyboard.type(" dear")
    saved(tab)
    assert tab.evaluate("document.activeElement.id") == "text-0"
    assert tab.evaluate("document.activeElement.selectionStart") == 10
    tab.keyboard.type("est")
    expect(box).to_have_value("Hello dearest world")


def test_the_coloured_text_lies_exactly_under_the_typed_one(
    tab: Page, desk: SimpleNamespace
) -> None:
    text = "Wide words, and https://marram.coffee/la-loma #brew\n\n" * 12 + "wwwww " * 60
    post_id = draft(desk, text=text)
    go(tab, desk, f"/drafts/{post_id}")
    sizes = """() => ['#text-0', '#mirror-0'].map(s => { const e = document.querySelector(s),
        c = getComputedStyle(e), r = e.getBoundingClientRect();
        return [c.font, c.lineHeight, c.padding, c.letterSpacing, r.x, r.y, r.width, r.height];
        })"""
    field, mirror = tab.evaluate(sizes)
    assert field == mirror
    scroll = tab.evaluate(
        "(e => e.scrollHeight - e.clientHeight)(document.querySelector('#text-0'))"
    )
    assert scroll <= 1
    tab.locator("#text-0").press("End")
    tab.keyboard.type(" more\n\n")
    field, mirror = tab.evaluate(sizes)
    assert field == mirror
    assert tab.locator("#mirror-0").evaluate("e => e.textContent.slice(0, -1)") == (
        tab.locator("#text-0").input_value()
    )


def test_texts_of_networks_are_switched_by_keys_and_none_is_lost(
    tab: Page, desk: SimpleNamespace
) -> None:
    post_id = draft(desk, text="For all")
    go(tab, desk, f"/drafts/{post_id}")
    tab.locator("#text-0").press("End")
    tab.keyboard.type(" of you")
    tab.keyboard.press("Alt+2")
    expect(tab.locator("#variant [name=tab]")).to_have_value("twitter")
    expect(tab.locator("#text-0")).to_be_focused()
    tab.keyboard.type(" on X")
    expect(tab.locator("#tab-twitter .vtab__own")).to_be_visible()
    tab.keyboard.press("Alt+1")
    expect(tab.locator("#text-0")).to_have_value("For all of you")
    expect(tab.locator("#tab-all")).to_have_attribute("aria-selected", "true")
    saved(tab)
    found = kept(post_id)
    assert found.parts == ["For all of you"] and found.x == ["For all of you on X"]


def test_a_text_that_is_too_long_is_mended_by_one_button(tab: Page, desk: SimpleNamespace) -> None:
    post_id = draft(desk, text="word " * 55 + "#one #two #three")
    go(tab, desk, f"/drafts/{post_id}")
    expect(tab.locator("#checks h2")).to_have_text("2 of 3 ready")
    tab.get_by_role("button", name="Give X its own text").click()
    expect(tab.locator("#checks h2")).to_have_text("3 of 3 ready")
    expect(tab.locator("#variant [name=tab]")).to_have_value("twitter")
    tab.get_by_role("button", name="Use the shared text").click()
    expect(tab.locator("#checks h2")).to_have_text("2 of 3 ready")


def test_pictures_start_at_once_keep_their_order_and_get_alt_texts(
    tab: Page, desk: SimpleNamespace, tmp_path: Path
) -> None:
    files = []
    for number, size in enumerate(((2400, 1800), (40, 30), (300, 200))):
        files.append(tmp_path / f"picture{number}.png")
        Image.effect_noise(size, 90).save(files[-1])
    go(tab, desk, "/compose")
    tab.locator("#text-0").fill("Look")
    tab.locator("#files").set_input_files(files)
    expect(tab.locator("#media .shot[data-item]")).to_have_count(3)
    expect(tab.locator("#uploads > *")).to_have_count(0)
    assert kept().names == [file.name for file in files]
    expect(tab.locator("#composer-state")).to_contain_text("Saved")
    tab.locator(".shot__alt").nth(1).click()
    tab.keyboard.type("A small grey square")
    saved(tab)
    expect(tab.locator(".shotmenu").nth(1)).to_be_visible()
    expect(tab.locator(".shot__alt").nth(1)).not_to_have_attribute("data-missing", "")
    tab.keyboard.press("Escape")
    tab.locator(".shot__alt").nth(1).press("Alt+ArrowLeft")
    expect(tab.locator(".shot img").first).to_have_attribute("alt", "A small grey square")
    assert kept().alts[0] == "A small grey square"


def test_a_file_that_is_refused_says_why_beside_it(
    tab: Page, desk: SimpleNamespace, tmp_path: Path
) -> None:
    wrong = tmp_path / "menu.png"
    wrong.write_bytes(b"%PDF-1.7 not a picture")
    go(tab, desk, "/compose")
    tab.locator("#files").set_input_files(wrong)
    expect(tab.locator("#uploads [data-why]")).not_to_be_empty()
    tab.get_by_role("button", name="Take away").click()
    expect(tab.locator("#uploads > *")).to_have_count(0)


def test_a_pasted_and_a_dropped_picture_join_the_post(tab: Page, desk: SimpleNamespace) -> None:
    post_id = draft(desk, text="Hello")
    go(tab, desk, f"/drafts/{post_id}")
    make = """async type => {
        const canvas = new OffscreenCanvas(20, 20); canvas.getContext('2d').fillRect(0, 0, 9, 9);
        const data = new DataTransfer();
        const blob = await canvas.convertToBlob();
        data.items.add(new File([blob], type + '.png', {type: 'image/png'}));
        const on = document.querySelector('#text-0');
        on.dispatchEvent(type === 'paste'
          ? new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})
          : new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
    }"""
    tab.evaluate(make, "paste")
    expect(tab.locator("#media .shot[data-item]")).to_have_count(1)
    tab.evaluate(make, "drop")
    expect(tab.locator("#media .shot[data-item]")).to_have_count(2)


def test_ctrl_enter_schedules_and_the_toast_takes_it_back(tab: Page, desk: SimpleNamespace) -> None:
    post_id = draft(desk, text="Hello")
    go(tab, desk, f"/drafts/{post_id}")
    tab.get_by_role("button", name="Tomorrow 17:30").click()
    expect(tab.locator("#sendbar .sendbar__t")).to_have_text("17:30")
    tab.locator("#text-0").press("Control+Enter")
    expect(tab).to_have_url(re.compile("/calendar/month/"))
    expect(tab.locator(".toast")).to_contain_text("3 posts set for")
    assert kept(post_id).armed
    tab.locator(".toast").get_by_role("button", name="Undo").click()
    expect(tab).to_have_url(re.compile(f"/drafts/{post_id}"))
    assert not kept(post_id).armed


def test_what_is_ready_can_be_sent_from_the_dialog(tab: Page, desk: SimpleNamespace) -> None:
    post_id = draft(desk, text="x" * 290)
    go(tab, desk, f"/drafts/{post_id}")
    tab.get_by_role("button", name="Tomorrow 17:30").click()
    tab.locator("#send").click()
    sheet = tab.get_by_role("dialog", name="Not all of it can go out yet")
    expect(sheet.get_by_role("button", name="Go back and fix it")).to_be_focused()
    expect(sheet).to_contain_text("X is 10 characters over")
    sheet.get_by_role("button", name="Send the 2 that are ready, keep X as a draft").click()
    expect(tab.locator(".toast")).to_contain_text("2 posts set for")


def test_sending_without_a_time_points_at_it(tab: Page, desk: SimpleNamespace) -> None:
    post_id = draft(desk, text="Hello")
    go(tab, desk, f"/drafts/{post_id}")
    tab.locator("#send").click()
    expect(tab.locator("#when-note")).to_contain_text("Choose a day and a time.")
    expect(tab.locator("#date")).to_be_focused()
    tab.get_by_text("Now", exact=True).click()
    expect(tab.locator("#send")).to_have_text("Publish 3 posts now")


def test_two_people_are_shown_both_versions(tab: Page, desk: SimpleNamespace) -> None:
    post_id = draft(desk, text="First")
    go(tab, desk, f"/drafts/{post_id}")
    theirs = stored(post_id)
    theirs.parts, theirs.rev = ["Theirs"], theirs.rev + 1
    db.session.commit()
    tab.locator("#text-0").fill("Mine")
    sheet = tab.get_by_role("dialog", name="Somebody else saved this draft")
    expect(sheet).to_contain_text("Theirs")
    expect(tab.locator("#composer-state")).to_contain_text("Not saved")
    sheet.get_by_role("button", name="Keep mine").click()
    saved(tab)
    expect(tab.locator("#dialog")).not_to_be_visible()
    assert kept(post_id).parts == ["Mine"]


@pytest.mark.parametrize("begun", ["stored", "new"])
def test_signed_out_the_text_waits_in_the_browser_and_comes_back(
    tab: Page, desk: SimpleNamespace, context: BrowserContext,
    signed_in: Callable[[User], Browser], begun: str,
) -> None:  # fmt: skip
    if begun == "new":
        go(tab, desk, "/compose")
        tab.locator("#text-0").fill("Hello")
        saved(tab)
    else:
        go(tab, desk, f"/drafts/{draft(desk, text='Hello')}")
    post_id = kept().id
    db.session.execute(delete(UserSession))
    db.session.commit()
    tab.locator("#text-0").fill("Written while signed out")
    expect(tab).to_have_url(re.compile("/login"))
    assert kept().parts == ["Hello"]
    sign_in(context, signed_in(desk.maya), desk.origin)
    go(tab, desk, f"/drafts/{post_id}")
    expect(tab.locator("#text-0")).to_have_value("Written while signed out")
    saved(tab)
    assert kept().parts == ["Written while signed out"]
    tab.reload()
    expect(tab.locator("#text-0")).to_have_value("Written while signed out")
    assert tab.evaluate("sessionStorage.length") == 0


def test_a_save_that_fails_says_so_and_goes_through_later(tab: Page, desk: SimpleNamespace) -> None:
    post_id = draft(desk, text="Hello")
    go(tab, desk, f"/drafts/{post_id}")
    tab.route(re.compile(r"/drafts/[0-9a-f-]+$"), lambda route: route.fulfill(status=503))
    tab.locator("#text-0").fill("Hello again")
    expect(tab.locator("#composer-state")).to_have_text("Not saved")
    expect(tab.locator("#notice")).to_contain_text("What you entered is still here.")
    tab.unroute_all()
    tab.locator("#notice").get_by_role("button", name="Try again").click()
    saved(tab)
    assert kept(post_id).parts == ["Hello again"]


def test_leaving_by_a_link_saves_what_was_just_typed(tab: Page, desk: SimpleNamespace) -> None:
    post_id = draft(desk, text="Hello")
    go(tab, desk, f"/drafts/{post_id}")
    tab.locator("#text-0").press_sequentially("!")
    tab.get_by_role("link", name="Back to the drafts").click()
    expect(tab).to_have_title("Drafts · Carillon")
    expect(tab.locator(".draftrow")).to_contain_text("Hello")
    go(tab, desk, f"/drafts/{post_id}")
    expect(tab.locator("#text-0")).to_have_value(re.compile("!"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_page_and_everything_has_a_name(
    tab: Page, desk: SimpleNamespace, width: int, theme: str
) -> None:
    media = [make_media(desk.brand, alt="") for _ in range(4)]
    post_id = draft(desk, text=["Long " * 80, "Second"], media=media)
    tab.set_viewport_size({"width": width, "height": 844})
    tab.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    go(tab, desk, f"/drafts/{post_id}")
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    unnamed = """() => [...document.querySelectorAll('button, a[href], input, select, textarea')]
      .filter(e => e.type !== 'hidden'
        && !(e.ariaLabel || e.textContent.trim() || e.labels?.length))
      .map(e => e.outerHTML)"""
    assert tab.evaluate(unnamed) == []
    twice = """() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
      return ids.filter((id, n) => ids.indexOf(id) !== n); }"""
    assert tab.evaluate(twice) == []


@pytest.fixture
def plain(
    browser: Any, app: Flask, serve: Callable[[Flask], str], desk: SimpleNamespace
) -> Iterator[Page]:
    """A page of a browser without scripts."""
    context = browser.new_context(java_script_enabled=False)
    desk.origin = serve(app)
    desk.browser.get(f"{desk.base}/drafts")
    sign_in(context, desk.browser, desk.origin)
    db.session.rollback()
    yield context.new_page()
    context.close()
    settle()


def test_without_scripts_a_post_is_written_pictured_and_scheduled(
    plain: Page, desk: SimpleNamespace, tmp_path: Path
) -> None:
    file = tmp_path / "bells.png"
    Image.new("RGB", (90, 60), "teal").save(file)
    plain.goto(f"{desk.origin}{desk.base}/compose")
    plain.locator("#text-0").fill("Written by hand")
    plain.locator("#files").set_input_files(file)
    plain.get_by_role("button", name="Upload it").click()
    expect(plain.locator("#text-0")).to_have_value("Written by hand")
    expect(plain.locator(".shot")).to_have_count(1)
    plain.locator("#tab-twitter").click()
    plain.locator("#text-0").fill("Written for X")
    plain.locator("#tab-all").click()
    expect(plain.locator("#text-0")).to_have_value("Written by hand")
    plain.get_by_role("button", name="Tomorrow 17:30").click()
    plain.locator("#send").click()
    expect(plain).to_have_url(re.compile("/calendar/month/"))
    post = kept()
    assert post.armed and post.x == ["Written for X"] and len(post.names) == 1
