"""Oktopost integrations at ``/v2/integration``, and the domains they name at ``/v2/cname``."""

from __future__ import annotations

from flask import Flask

from app.api.oktopost import cnames, views


def init_app(app: Flask) -> None:
    """Mount both."""
    app.register_blueprint(views.bp)
    app.register_blueprint(cnames.bp)
