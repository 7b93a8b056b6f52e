"""``GET /api/v1/platforms``: the catalogue. It holds nothing of anybody's, so no key is asked."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from pydantic import ConfigDict

from app.api.contract import Camel, Model, operation
from app.permissions import public
from app.services import catalogue

bp = Blueprint("api_platforms", __name__, url_prefix="/api/v1/platforms")


class Publish(Camel):
    """What a post on that network may be."""

    supported: bool
    text: bool
    images: bool
    video: bool
    requires_media: bool
    supported_media_types: list[str]
    scheduling: bool


class Platform(Camel):
    """One network. The seed's members, and ours: its limits, options and ways to connect."""

    platform: str
    display_name: str
    account_type: str
    support_status: str
    scopes: list[str]
    publish: Publish
    analytics: dict[str, Any]
    notes: list[str]

    model_config = ConfigDict(extra="allow")


class Platforms(Model):
    platforms: list[Platform]


@bp.get("")
@public
@operation("List the networks", tag="Platforms", answers={200: Platforms})
def index() -> Any:
    """Every network, with what it takes; the unsupported ones with the reason."""
    return Platforms.model_validate({"platforms": catalogue.platforms()})
