"""Calendar links, exports and imports in a real Chromium, at every width and in both themes."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.clock import now
from app.config import ROOT
from app.extensions import db
from app.models.profiles import Profile
from app.services import file_work
from tests.factories import PASSWORD, make_account, make_post, make_profile, make_user
from tests.journeys.test_pages import AXE, findings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (ROOT / "static/manifest.json").exists(),
        reason="the assets are not made, so there is no htmx: run `make assets`",
    ),
]


@pytest.fixture
def tab(page: Any, app: Flask, serve: Callable[[Flask], str]) -> Page:
    """The calendar of a brand with an account and a post, in which Maya is signed in."""
    profile = make_profile(make_user("maya@marram.example"), "Marram Coffee")
    bells = make_account(profile, "mastodon", "bells")
    make_post(profile, "Six bells at noon", [bells], at=now() + timedelta(hours=20))
    db.session.rollback()
    origin = serve(app)
    page.goto(f"{origin}/login")
    page.get_by_label("Email").fill("maya@marram.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/calendar")
    return page  # type: ignore[no-any-return]


def seen(tab: Page, name: str) -> None:
    """Nothing runs off the side, axe is content; a picture where one is wanted."""
    for width, scheme in ((1440, "light"), (1440, "dark"), (390, "light")):
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        tab.set_viewport_size({"width": width, "height": 900})
        over = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{name} at {width}"
        rules = ("color-contrast",) if scheme == "dark" else ()
        assert not AXE.exists() or findings(tab, *rules) == [], f"{name} at {width}, {scheme}"
        if folder := os.environ.get("PICTURES"):
            path = Path(folder) / f"{name}-{width}-{scheme}.png"
            tab.screenshot(path=path, full_page=True)
    tab.set_viewport_size({"width": 1440, "height": 900})


def test_a_link_is_made_and_revoked_and_a_folder_exported(tab: Page) -> None:
    tab.get_by_role("button", name="More", exact=True).first.click()
    tab.get_by_role("link", name="Calendar links").click()
    expect(tab.get_by_role("heading", name="No links yet")).to_be_visible()
    tab.get_by_label("What it shows").select_option(label="Only Mastodon @bells")
    tab.get_by_label("Name").fill("Client")
    tab.get_by_role("button", name="Make the link").press("Enter")
    expect(tab.get_by_role("heading", name="Copy this address now")).to_be_focused()
    seen(tab, "feeds")
    tab.get_by_role("button", name="Revoke Client").click()
    tab.get_by_role("button", name="Revoke the link").click()
    expect(tab.get_by_text("The link “Client” is revoked.")).to_be_visible()
    expect(tab.get_by_text("revoked", exact=True)).to_be_visible()

    tab.goto(tab.url.split("/feeds")[0] + "/export")
    with tab.expect_download() as table:
        tab.get_by_role("button", name="Export these posts").click()
    assert table.value.suggested_filename.endswith(".csv")
    tab.reload()  # the same button sends nothing twice within seconds
    tab.get_by_label("A folder (zip)").check()
    tab.get_by_role("button", name="Export these posts").click()
    expect(tab.get_by_text("0 of 1 posts")).to_be_visible()
    file_work.run()
    with tab.expect_download() as folder:
        tab.get_by_role("link", name="Download").click()
    assert folder.value.suggested_filename.endswith(".zip")
    seen(tab, "export")


TABLE = """time,accounts,text
{},mastodon,Six bells
{},mastodon,Seven bells
2020-01-01 09:00,bluesky,Too late
"""


def test_a_table_is_looked_at_and_then_imported(tab: Page) -> None:
    tab.goto(tab.url.split("/calendar")[0] + "/import")
    seen(tab, "import")
    days = [f"{now() + timedelta(days=n):%Y-%m-%d} 12:00" for n in (3, 4)]
    raw = TABLE.format(*days).encode()
    tab.get_by_label("File", exact=True).set_input_files(
        {"name": "plan.csv", "mimeType": "text/csv", "buffer": raw}
    )
    tab.get_by_role("button", name="Look at the file").click()
    expect(tab.get_by_text("Looking at the file")).to_be_visible()
    file_work.run()
    expect(tab.get_by_text("That time has passed. Choose a later one.")).to_be_visible()
    tab.get_by_role("button", name="Import 2 posts").click()
    expect(tab.get_by_text("0 of 2 posts")).to_be_visible()
    file_work.run()
    expect(tab.get_by_text("2 posts were imported.")).to_be_visible()
    expect(tab.get_by_role("link", name="Imported")).to_have_count(2)


def test_a_folder_shows_its_changes_before_anything_is_done(tab: Page) -> None:
    base = tab.url.split("/calendar")[0]
    profile = db.session.scalars(select(Profile)).one()
    post, idea = make_post(profile, "Kept as it was"), make_post(profile, "An idea that is gone")
    files = {
        "posts/a.md": f"---\nid: {post.id}\nstate: draft\n---\nChanged in the folder\n",
        "posts/b.md": "---\nstate: draft\n---\nNew in the folder\n",
        "carillon.json": json.dumps({"posts": [str(post.id), str(idea.id)]}),
    }
    db.session.rollback()
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as pack:
        for name, text in files.items():
            pack.writestr(name, text)
    tab.goto(base + "/import")
    tab.get_by_label("File", exact=True).set_input_files(
        {"name": "plan.zip", "mimeType": "application/zip", "buffer": raw.getvalue()}
    )
    tab.get_by_role("button", name="Look at the file").click()
    expect(tab.get_by_text("Looking at the file")).to_be_visible()
    file_work.run()
    expect(tab.get_by_role("button", name="Import 2 posts")).to_be_visible()
    tab.get_by_role("button", name="Delete it: An idea that is gone").press("Enter")
    expect(tab.get_by_role("button", name="Keep it: An idea that is gone")).to_be_focused()
    seen(tab, "folder")
    tab.get_by_role("button", name="Import 2 posts and delete 1").click()
    expect(tab.get_by_text("0 of 3 posts")).to_be_visible()
    file_work.run()
    expect(tab.get_by_text("2 posts were imported, and 1 deleted.")).to_be_visible()
