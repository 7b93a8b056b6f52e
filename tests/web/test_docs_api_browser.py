"""The API's pages in a real Chromium: the console and the snippets, with the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.services import keys
from app.services.keys import KeyKind
from tests.factories import actor_of, make_profile, make_user

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods"),
]


def test_the_console_asks_with_the_key_that_was_pasted_and_keeps_it_nowhere(
    app: Flask, serve: Callable[..., str], page: Any
) -> None:
    user = make_user()
    make_profile(user)
    key = keys.create(actor_of(user), KeyKind.ACCOUNT)[1]
    page.goto(f"{serve(app)}/docs/api/platform-sets")
    operation = page.locator("#post_api_v1_platform_sets")
    send = operation.get_by_role("button", name="Send POST")
    send.click()
    assert operation.locator("[data-status]").inner_text() == "Paste a key above first."
    assert page.evaluate("document.activeElement.id") == "try-key"
    page.keyboard.type(key)
    operation.locator("[data-body]").fill('{"name": "From the console"}')
    send.focus()
    page.keyboard.press("Enter")
    operation.get_by_text("200 OK").wait_for()
    assert "From the console" in operation.locator(".try__answer code").inner_text()
    assert (
        page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0
    )
    assert key not in page.content() and key not in page.url


def test_a_snippet_is_chosen_with_the_arrow_keys(
    app: Flask, serve: Callable[..., str], page: Any
) -> None:
    page.goto(f"{serve(app)}/docs/api/platforms")
    shown = page.locator("#get_api_v1_platforms .snips pre:visible")
    assert shown.inner_text().startswith("curl ")
    page.locator("#get_api_v1_platforms .snips input").first.focus()
    page.keyboard.press("ArrowRight")
    assert shown.inner_text().startswith("import json")
