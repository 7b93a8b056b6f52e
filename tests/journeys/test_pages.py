"""Every page at the sizes people have: no axe finding, no sideways scrolling, no console error.

The pages are those of ``carillon up`` with its demo data; ``page`` fails the test on a script
error or a violation of the content policy.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.services.demo import EMAIL, PASSWORD
from tests.journeys.test_up import Run, up

__all__ = ["up"]  # a fixture

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
VIEWS = ((1440, 900, "light"), (1440, 900, "dark"), (390, 844, "light"))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def findings(page: Any) -> list[str]:
    """What axe finds, each with its first element."""
    page.evaluate(AXE.read_text())
    result = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
    )
    assert result["passes"], "axe looked at nothing"
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:160]}"
        for one in result["violations"]
    ]


@pytest.mark.browser
@pytest.mark.slow
def test_pages_are_sound_at_every_size_and_theme(up: Callable[..., Run], page: Any) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci")
    run = up("pages", demo=True).wait()
    base = f"http://127.0.0.1:{run.port}"
    wrong: list[str] = []

    def look(path: str) -> None:
        for width, height, theme in VIEWS:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=theme)
            page.goto(base + path)
            page.wait_for_load_state("networkidle")
            where = f"{path} at {width} {theme}"
            wrong.extend(f"{where}: {one}" for one in findings(page))
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
        f"{home}/calendar", f"{home}/calendar/list", f"{home}/compose", f"{home}/drafts",
        f"{home}/connections", f"{home}/settings", f"{home}/catch-up", "/me", posts[0],
        failed.get_attribute("href"),
    ):  # fmt: skip
        look(path)
    assert not wrong, "\n".join(sorted(set(wrong)))
