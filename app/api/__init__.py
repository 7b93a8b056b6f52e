"""The API: a package a contract, found by its URL."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

from app.api import errors, limits, openapi

PACKAGES = (
    "v1", "amp", "connect", "oktopost", "mcp",
)  # fmt: skip


def init_app(app: Flask) -> None:
    """Mount every contract, its errors before those of the pages."""
    errors.init_app(app)
    limits.init_app(app)
    openapi.init_app(app)
    for name in PACKAGES:
        import_module(f"app.api.{name}").init_app(app)
