"""MCP, the Model Context Protocol: tools for agents at ``/mcp``, over the same services."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Mount the endpoint."""
    from app.api.mcp.views import bp

    app.register_blueprint(bp)
