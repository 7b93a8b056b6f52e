"""Steps of a person in the product whose Bluesky is the real server."""

from __future__ import annotations

import re

from playwright.sync_api import FilePayload, Page, expect

from tests.pds.consent import decide
from tests.pds.server import Pds

DELIVERY_MS = 60_000  # from the button to the word "Published"


def by_password(page: Page, home: str, pds: Pds, handle: str) -> None:
    """Connect with the form of the connections page."""
    _bluesky(page, home)
    form = page.get_by_role("region", name="App password")
    form.get_by_label("Your handle").fill(handle)
    form.get_by_label("App password").fill(pds.accounts[handle]["password"])
    form.get_by_role("button", name="Connect Bluesky").click()
    _connected(page, handle)


def by_oauth(page: Page, home: str, pds: Pds, handle: str) -> None:
    """Connect through the server's own consent page."""
    _bluesky(page, home)
    form = page.get_by_role("region", name="Sign in")
    form.get_by_label("Your handle").fill(handle)
    form.get_by_role("button", name="Go to Bluesky").click()
    page.wait_for_url(re.compile(re.escape(pds.url)))
    decide(page, pds.accounts[handle]["password"])
    page.wait_for_url(re.compile(rf"{re.escape(home)}/connections"))
    _connected(page, handle)


def _bluesky(page: Page, home: str) -> None:
    """From the network's card; nothing there may be the sandbox's."""
    page.goto(f"{home}/connections")
    page.locator("#add .addnet").get_by_text("Bluesky", exact=True).click()
    expect(page.get_by_role("heading", name="Connect Bluesky")).to_be_visible()
    expect(page.get_by_text("practice network")).to_have_count(0)


def _connected(page: Page, handle: str) -> None:
    expect(page.locator("#conn-list .conn")).to_have_count(1)
    expect(page.locator("#conn-list .conn")).to_contain_text(f"@{handle}")
    expect(page.locator("#conn-list .conn")).to_have_attribute("data-health", "good")


def compose(page: Page, home: str) -> None:
    """An empty composer, its scripts at work."""
    page.goto(f"{home}/compose")
    page.locator("#composer[data-live][data-htmx-powered]").wait_for(state="attached")


def attach(page: Page, picture: FilePayload, alt: str) -> None:
    """Upload a picture and describe it."""
    page.locator("#files").set_input_files(picture)
    page.locator(".shot[data-item]").wait_for()
    page.locator(".shot__alt").click()
    page.get_by_label("What does picture 1 show?").fill(alt)
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".shot__alt")).not_to_have_attribute("data-missing", "")


def publish_now(page: Page, home: str) -> str:
    """Press the button, wait until the post's page says it is out; the record's key."""
    expect(page.locator("#composer-state")).to_have_attribute("data-saved", "true")
    found = re.search(r"/drafts/([0-9a-f-]{36})", page.url)
    assert found, page.url
    page.locator("#when").get_by_text("Now", exact=True).click()
    page.get_by_role("button", name="Publish 1 post now").click()
    page.wait_for_url(re.compile(rf"{re.escape(home)}/calendar"))
    page.goto(f"{home}/posts/{found[1]}")
    row = page.locator("#delivery .deliveries li")
    expect(row).to_have_count(1)
    expect(row).to_have_attribute("data-status", "published", timeout=DELIVERY_MS)
    link = row.get_by_role("link", name="See it on Bluesky").get_attribute("href")
    assert link and "/post/" in link, link
    return link.rpartition("/")[2]
