"""Every page at the sizes people have: no axe finding, no sideways scrolling, no console error.

The pages are those of the demo; ``page`` fails the test on a script error or a violation of the
content policy.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.extensions import db
from app.sandbox.store import Store
from app.services import demo
from app.services.demo import EMAIL, PASSWORD
from tests.playing import sandbox

__all__ = ["sandbox"]  # a fixture

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
VIEWS = ((1440, 900, "light"), (1440, 900, "dark"), (390, 844, "light"))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def findings(page: Any, *rules: str) -> list[str]:
    """What axe finds, each with its first element; by all rules, or by those named."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    result = page.evaluate(
        "what => axe.run(document, {runOnly: what})",
        {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES},
    )
    assert result["passes"], "axe looked at nothing"
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:160]}"
        for one in result["violations"]
    ]


def keep(page: Any, path: str, view: str) -> None:
    """A picture of the whole page where ``PICTURES`` names a folder for them (`make shots`)."""
    if folder := os.environ.get("PICTURES"):
        name = re.sub(r"[^a-z0-9]+", "-", re.sub(r"^/p/[^/]+|/[0-9a-f-]{36}", "", path)).strip("-")
        page.screenshot(path=Path(folder) / f"{name or 'post'}-{view}.png", full_page=True)


@pytest.mark.browser
@pytest.mark.slow
def test_pages_are_sound_at_every_size_and_theme(
    app: Flask, sandbox: Store, serve: Callable[..., str], page: Any
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci")
    demo.seed()
    db.session.commit()
    base = serve(app)
    wrong: list[str] = []

    def look(path: str, views: Sequence[tuple[int, int, str]] = VIEWS) -> None:
        page.goto(base + path)
        page.evaluate("document.fonts.ready")
        for width, height, theme in views:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=theme)
            keep(page, path, f"{width}-{theme}")
            where = f"{path} at {width} {theme}"
            colours = ("color-contrast",) if theme == "dark" else ()
            wrong.extend(f"{where}: {one}" for one in findings(page, *colours))
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wrong.append(f"{where}: scrolls sideways")

    for path in (
        "/login",
        "/signup",
        "/docs",
        "/docs/quickstart",
        "/docs/networks",
        "/docs/networks/tiktok",
    ):
        look(path)
    page.goto(f"{base}/login")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("form button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/p/[^/]+/calendar"))
    home = page.url.removesuffix("/calendar").removeprefix(base)
    hrefs = page.locator(".chip").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    posts = [one for one in hrefs if "/posts/" in one]
    failed = page.locator(".chip[data-status=partial], .chip[data-status=failed]").first
    for path in (
        f"{home}/calendar", f"{home}/calendar/week", f"{home}/calendar/list", f"{home}/compose",
        f"{home}/drafts", f"{home}/connections", f"{home}/settings", f"{home}/catch-up",
        f"{home}/developer", f"{home}/recurring", f"{home}/templates", f"{home}/media", "/me",
        posts[0], failed.get_attribute("href"),
    ):  # fmt: skip
        look(path)
    for name in ("pause", "palette", "posting-times", "find-replace"):  # made of the same parts
        look(f"{home}/{name}", VIEWS[2:])
    assert not wrong, "\n".join(sorted(set(wrong)))
