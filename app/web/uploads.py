"""Receiving one file a request: for the routes that ask for it, and signed-in people only."""

from __future__ import annotations

from flask import Blueprint
from flask_login import current_user

from app import receiving
from app.receiving import ASK, Received, received

__all__ = ["ASK", "Received", "accept", "received"]


def accept(bp: Blueprint, *views: str) -> None:
    """Let these views of the blueprint take a file; the others keep the usual limit."""
    receiving.accept(bp, *views, welcome=_signed_in)


def _signed_in() -> bool:
    return bool(current_user.is_authenticated)
