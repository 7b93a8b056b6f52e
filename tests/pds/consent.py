"""The consent page of the real server, as a person uses it."""

from __future__ import annotations

from playwright.sync_api import Page


def decide(page: Page, password: str, *, allow: bool = True) -> None:
    """Sign in on the page a ``login_hint`` opened, then authorize or deny."""
    page.locator('input[name="password"]').fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Authorize" if allow else "Deny access").click()
