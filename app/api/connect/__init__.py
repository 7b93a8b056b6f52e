"""The Connect API: creators' networks, at ``/api/get|action|auth|network|add``."""

from __future__ import annotations

from flask import Flask

from app.api.connect.views import bp


def init_app(app: Flask) -> None:
    """Mount it."""
    app.register_blueprint(bp)
