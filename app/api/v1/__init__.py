"""Amplify and Ampost, mounted at ``/api/v1``."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

# A file a resource, each with a blueprint called ``bp``.
RESOURCES = (
    "root", "platforms", "posts", "post", "scheduled", "platform_sets", "accounts", "api_keys",
    "profiles", "templates", "media", "recurring", "best_times", "connect",
)  # fmt: skip


def init_app(app: Flask) -> None:
    """Mount every resource."""
    for name in RESOURCES:
        app.register_blueprint(import_module(f"app.api.v1.{name}").bp)
