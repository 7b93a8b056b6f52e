"""Receiving one file a request: for the routes that ask for it, and signed-in people only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, request
from flask_login import current_user

from app import receiving
from app.receiving import ASK, Received, received

__all__ = ["ASK", "Received", "accept", "accept_beside", "received"]


def accept(bp: Blueprint, *views: str) -> None:
    """Let these views of the blueprint take a file; the others keep the usual limit."""
    receiving.accept(bp, *views, welcome=_signed_in)


def accept_beside(bp: Blueprint, *views: str) -> None:
    """The same for forms that may bring files along: only a body that can hold files may be
    large (reliability §1.16)."""
    accept(bp, *views)

    @bp.url_value_preprocessor
    def narrow(endpoint: str | None, values: dict[str, Any] | None) -> None:
        if request.mimetype != "multipart/form-data":
            request.max_content_length = current_app.config["MAX_CONTENT_LENGTH"]


def _signed_in() -> bool:
    return bool(current_user.is_authenticated)
