"""The main job, walked by a person: from signing up to three networks, in a real browser.

``carillon up`` runs as an operator starts it; the networks are the sandbox's, with their
consent pages; nothing is done by script that a person would do with the mouse.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from app.clock import now
from tests import plain
from tests.journeys.test_up import Run, up

__all__ = ["up"]  # a fixture

TEXT = "Six bells, one keyboard: the new peal is in 🔔 https://example.org/peal"
ALT = "Six bronze bells in a row"


def picture() -> dict[str, Any]:
    buffer = BytesIO()
    image = Image.new("RGB", (1600, 900), (15, 111, 100))
    image.paste((230, 188, 90), (200, 200, 1400, 700))
    image.save(buffer, "JPEG", quality=90)
    return {"name": "peal.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def sign_up(page: Any, base: str, email: str = "ines@marram.example") -> str:
    """Make an account; the brand's part of every address."""
    page.goto(f"{base}/signup")
    page.get_by_label("Name").fill("Ines Okafor")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("a peal of six bronze bells")
    page.get_by_role("button", name="Make my account").click()
    page.wait_for_url(re.compile(r"/p/[^/]+/calendar"))
    return str(page.url).split("/p/")[1].split("/")[0]


def connect(page: Any, base: str, slug: str, title: str) -> None:
    """From the card on the connections page through the network's own consent page and back."""
    page.goto(f"{base}/p/{slug}/connections")
    card = page.locator("#add .addnet").get_by_text(title, exact=True)
    card.click()
    if title != "X":  # the others ask where the account lives first
        go = page.get_by_role("button", name=re.compile("^Go to"))
        go.wait_for()
        if title == "Mastodon":
            page.locator("input[name$=server]").first.fill(f"{sandbox_of(base)}/mastodon")
        go.click()
    page.wait_for_url(re.compile(re.escape(sandbox_of(base))))
    page.get_by_label("Account").fill("ines")
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(re.compile(rf"{re.escape(base)}/p/{slug}/connections"))


_sandboxes: dict[str, str] = {}


def sandbox_of(base: str) -> str:
    return _sandboxes[base]


def due_minute() -> datetime:
    """A whole minute at least 40 seconds away: time to press the button."""
    at = (now() + timedelta(seconds=40)).replace(second=0, microsecond=0)
    return at + timedelta(minutes=1)


@pytest.mark.browser
@pytest.mark.slow
def test_a_post_with_a_picture_reaches_three_networks_on_time(
    up: Callable[..., Run], page: Any
) -> None:
    run = up("main").wait()
    base = f"http://127.0.0.1:{run.port}"
    found = re.search(r"http://127\.0\.0\.1:\d+(?=\s+\(plays)", run.words())
    assert found, run.words()
    _sandboxes[base] = found.group(0)
    slug = sign_up(page, base)
    for title in ("X", "Mastodon", "Bluesky"):
        connect(page, base, slug, title)
    assert page.get_by_text("all 3 ready to post").count() == 1

    page.goto(f"{base}/p/{slug}/compose")
    page.locator("#text-0").fill(TEXT)
    page.locator("#files").set_input_files(picture())
    page.locator(".shot[data-item]").wait_for()
    page.locator(".shot__alt").click()
    page.get_by_label("What does picture 1 show?").fill(ALT)
    page.get_by_role("button", name="Done").click()
    due = due_minute()
    page.locator("#date").fill(due.strftime("%Y-%m-%d"))
    page.locator("#time").fill(due.strftime("%H:%M"))
    page.get_by_text(re.compile("^Saved")).first.wait_for()
    page.get_by_role("button", name="Schedule 3 posts").click()
    page.wait_for_url(re.compile(r"/calendar"))
    page.get_by_text(re.compile("3 posts set for")).wait_for()

    # On the calendar without reloading by hand.
    chip = page.locator(".chip[data-status]").first
    assert chip.get_attribute("data-status") == "scheduled"
    wait = (due - now()).total_seconds() + 25
    page.locator('.chip[data-status="published"]').first.wait_for(timeout=wait * 1000)

    seen = plain.get(f"{sandbox_of(base)}/_sandbox/posts").json()
    rows = seen["posts"] if isinstance(seen, dict) else seen
    ours = [row for row in rows if row["account"] == "ines"]
    assert sorted(row["network"] for row in ours) == ["bluesky", "mastodon", "twitter"]
    for row in ours:
        late = (datetime.fromisoformat(row["created_at"]) - due).total_seconds()
        assert 0 <= late <= 5, (row["network"], late)
        assert [media["alt"] for media in row["media"]] == [ALT]
        assert row["text"].startswith("Six bells, one keyboard")

    # The post page tells it with links, and the feed shows it.
    page.locator('.chip[data-status="published"]').first.click()
    page.wait_for_url(re.compile(r"/posts/"))
    delivery = page.locator("#delivery")
    assert delivery.get_by_role("link").count() >= 3
    page.goto(sandbox_of(base))
    assert page.get_by_text("Six bells, one keyboard").count() >= 3
    assert page.locator(f'img[alt="{ALT}"]').count() >= 3
    assert run.end() == 0
