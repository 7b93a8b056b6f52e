"""The page that asks before a program's sign-in connects anything, in a real Chromium."""

from __future__ import annotations

import os
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from app.config import ROOT
from app.extensions import db
from app.models.accounts import SocialAccount
from app.sandbox.store import Store
from app.services import keys
from app.services.keys import KeyKind
from tests.api.asking import Api
from tests.api.v1.connecting import RETURN, begin, register
from tests.conftest import Browser
from tests.factories import PASSWORD, actor_of, make_profile, make_user
from tests.journeys.test_pages import AXE, findings
from tests.playing import sandbox, walk  # noqa: F401

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]


@pytest.fixture
def program(app: Flask, client: Browser, sandbox: Store) -> Api:  # noqa: F811
    """An app with a key of Maya's brand; Maya manages three Pages, one without a role."""
    people = sandbox.accounts
    people.get("facebook", "maya").extras["pages"] = ["bakery", "cafe", "club"]
    people.get("facebook", "club").extras["tasks"] = ["ANALYZE"]
    maya = make_user("maya@marram.example")
    brand = make_profile(maya)
    register(brand)
    return Api(client, keys.create(actor_of(maya), KeyKind.PROFILE, brand.id)[1])


@pytest.fixture
def tab(page: Any) -> Page:
    """A browser nobody is signed in with; the program's own site answers too."""

    def answer(route: Route) -> None:
        route.fulfill(content_type="text/html", body="<h1>Thank you</h1>")

    page.route("https://your-app.com/**", answer)
    return page  # type: ignore[no-any-return]


def seen(tab: Page, name: str, schemes: tuple[str, ...] = ("light", "dark")) -> None:
    """Nothing runs off the side and axe finds nothing, at both widths, light and dark."""
    for scheme in schemes:
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width in (390, 1440):
            tab.set_viewport_size({"width": width, "height": 900})
            over = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"{name} at {width}"
            assert not AXE.exists() or findings(tab) == [], f"{name} at {width}, {scheme}"
            if folder := os.environ.get("PICTURES"):
                path = Path(folder) / f"{name}-{width}-{scheme}.png"
                tab.screenshot(path=path, full_page=True)
    tab.emulate_media(color_scheme="light")


def come_back(tab: Page, origin: str, program: Api, network: str) -> None:
    """Through the network's page, and from that other site back to the one that asks."""
    answer = walk(begin(program, network), "maya")
    back = f"{origin}/oauth/{network}/callback?{urlencode(answer)}"
    there = "https://network.example/done"
    tab.route(
        there,
        lambda route: route.fulfill(
            content_type="text/html", body=f'<a href="{escape(back)}">Back to the app</a>'
        ),
    )
    tab.goto(there)
    tab.get_by_role("link").click()
    expect(tab.get_by_text("Nothing is connected yet.")).to_be_visible()
    assert "/oauth/confirm/" in tab.url and answer["code"] not in tab.url
    tab.unroute(there)


def test_a_person_confirms_chooses_or_says_no(
    tab: Page, program: Api, app: Flask, serve: Callable[[Flask], str]
) -> None:
    origin = serve(app)
    come_back(tab, origin, program, "twitter")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("“Marram Coffee”")
    seen(tab, "confirm-one")
    tab.get_by_role("button", name="Connect it to Marram Coffee").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"{RETURN}?status=success&connectionId=*")
    come_back(tab, origin, program, "facebook")
    expect(tab.get_by_role("checkbox", name="Club")).to_be_disabled()
    tab.get_by_role("button", name="Connect what I chose").click()
    expect(tab.get_by_role("alert")).to_contain_text("Choose at least one account.")
    tab.get_by_role("checkbox", name="Bakery").check()
    seen(tab, "confirm-several")
    tab.get_by_role("button", name="Connect what I chose").click()
    tab.wait_for_url(f"{RETURN}?status=success&connectionId=*")
    come_back(tab, origin, program, "facebook")
    tab.get_by_role("button", name="Connect nothing").click()
    tab.wait_for_url(f"{RETURN}?status=error&error=access_denied")
    tab.goto(f"{origin}/oauth/confirm/0196b5f0-3f40-7c50-9d5e-2a7c31b0e4f1")
    expect(tab.get_by_role("heading", name="That is over")).to_be_visible()
    db.session.rollback()
    names = {row.name for row in db.session.query(SocialAccount)}
    assert len(names) == 2 and "Bakery" in names


def test_the_list_of_addresses_on_the_settings_page(
    tab: Page, program: Api, app: Flask, serve: Callable[[Flask], str]
) -> None:
    origin = serve(app)
    tab.goto(f"{origin}/login")
    tab.get_by_label("Email").fill("maya@marram.example")
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.wait_for_url("**/calendar")
    tab.goto(tab.url.replace("/calendar", "/settings"))
    field = tab.get_by_label("Address of your app")
    field.fill("http://your-app.com/" + "long-" * 30)
    tab.get_by_role("button", name="Add the address").click()
    expect(tab.get_by_role("alert")).to_contain_text("Begin with https://")
    assert field.input_value().startswith("http://your-app.com/long-")
    field.fill("https://your-app.com/" + "long-" * 30)
    tab.get_by_role("button", name="Add the address").click()
    expect(tab.locator(".addresses li")).to_have_count(2)
    seen(tab, "settings", ("light",))
    tab.get_by_role("button", name=f"Remove {RETURN}").click()
    expect(tab.locator(".addresses li")).to_have_count(1)
