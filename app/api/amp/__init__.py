"""The AMP contract: which networks are connected, and the Metricool bridge, at ``/v1/connect``."""

from __future__ import annotations

from flask import Flask

from app.api.amp.views import bp


def init_app(app: Flask) -> None:
    """Mount it."""
    app.register_blueprint(bp)
