"""Pages. A new page is closed until it says otherwise (``guard``)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from flask import Flask

# A file a feature, in the order of the navigation. Each has a blueprint called ``bp``.
ROOMS = (
    "health", "auth", "home", "me", "calendar", "bulk", "find_replace", "posts", "versions",
    "shares", "drafts", "pickers", "media", "content_templates", "recurring", "connections",
    "posting_times",
    "approvals", "bridge", "oauth", "key_consent", "developer",
    "settings", "catchup", "feeds", "exports", "imports", "docs", "docs_networks", "docs_api",
    "shared", "networks", "palette", "pausing",
)  # fmt: skip
# What has to be set up before any page.
GROUND = (
    "hygiene", "headers", "assets", "errors", "watch", "login", "navigation", "shell",
)  # fmt: skip


def init_app(app: Flask) -> None:
    """Register every page and shut every door that is not marked."""
    from app.web import guard

    here = Path(__file__).parent
    for name in GROUND:
        if (here / f"{name}.py").exists():
            import_module(f"app.web.{name}").init_app(app)
    for name in ROOMS:
        if (here / f"{name}.py").exists():
            app.register_blueprint(import_module(f"app.web.{name}").bp)
    guard.init_app(app)
    guard.check(app)
