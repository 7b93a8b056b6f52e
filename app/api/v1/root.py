"""``GET /api/v1``, the discovery document, and the OpenAPI document (contracts.md)."""

from __future__ import annotations

from typing import Any, Literal

from flask import Blueprint, Response, current_app, json
from pydantic import ConfigDict

from app.api import limits, openapi
from app.api.contract import JSON, Camel, Model, operation
from app.config import settings
from app.permissions import public
from app.services import catalogue, plans, usage

bp = Blueprint("api_root", __name__, url_prefix="/api/v1")


class Quotas(Camel):
    """A plan's limits; ``null``: none."""

    posts_per_month: int | None
    media_uploads_per_month: int | None
    api_requests_per_month: int | None
    max_scheduled_posts: int | None
    max_storage_bytes: int | None
    profiles: int | None
    api_keys: bool
    webhooks: bool


class Plan(Camel):
    """One plan and its price in pounds a month."""

    name: str
    title: str
    price_gbp: int
    quotas: Quotas


class Billing(Camel):
    """Whether keys cost anything here."""

    required: bool
    self_hosted: bool
    plans: list[Plan]


class Endpoint(Camel):
    """One method of one address."""

    method: str
    path: str
    summary: str


class RateLimit(Camel):
    """How often an operation may be asked for within an hour, by a key or for a profile."""

    operation: str
    limit: int
    window_seconds: int
    per: Literal["key", "profile"]


class Discovery(Camel):
    """What a client needs to know first."""

    name: str
    version: str
    auth_header: str
    auth_headers: list[str]
    documentation: str
    openapi: str
    endpoints: list[Endpoint]
    rate_limits: list[RateLimit]
    billing: Billing
    platforms: list[dict[str, object]]


@bp.get("", strict_slashes=False)
@public
@operation("What this API offers", tag="Discovery", answers={200: Discovery})
def discovery() -> Discovery:
    """The version, the key's header, the endpoints, the plans, and what each network takes."""
    base = settings().APP_URL
    return Discovery(
        name="Carillon", version=openapi.VERSION, auth_header="X-API-Key",
        auth_headers=["X-API-Key", "Authorization"], documentation=f"{base}/docs",
        openapi=f"{base}/api/v1/openapi.json",
        endpoints=[
            Endpoint(method=method, path=openapi.braced(rule.rule), summary=told.summary)
            for rule, method, _, told in openapi.operations(current_app)
        ],
        rate_limits=_limits(), billing=_billing(), platforms=catalogue.platforms(),
    )  # fmt: skip


class Described(Model):
    """The OpenAPI document: this one."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]

    model_config = ConfigDict(extra="allow")


@bp.get("/openapi.json")
@public
@operation("The OpenAPI document", tag="Discovery", answers={200: Described})
def described() -> Any:
    """OpenAPI 3.1, of all five contracts."""
    return Response(json.dumps(openapi.document(current_app)), mimetype=JSON)


def _limits() -> list[RateLimit]:
    """Ampost's operations. Those without a count of their own are requests of the key."""
    own = {
        usage.OPERATIONS[usage.POSTS]: settings().API_POSTS_PER_HOUR,
        usage.OPERATIONS[usage.UPLOADS]: settings().API_UPLOADS_PER_HOUR,
        usage.OPERATIONS[usage.CONNECTS]: settings().API_CONNECTS_PER_HOUR,
    }
    return [
        RateLimit(
            operation=one,
            limit=own.get(one, settings().API_REQUESTS_PER_HOUR),
            window_seconds=limits.HOUR,
            per="profile" if one in own else "key",
        )
        for one in ("createPost", "publishPost", "connectPlatform", "mediaUpload", "apiRead")
    ]


def _billing() -> Billing:
    billed = plans.billed()
    found = plans.PLANS.values() if billed else [plans.SELF_HOSTED]
    return Billing(required=billed, self_hosted=not billed, plans=[_plan(one) for one in found])


def _plan(one: plans.Plan) -> Plan:
    quotas = Quotas(
        posts_per_month=one.posts_per_month, media_uploads_per_month=one.media_uploads_per_month,
        api_requests_per_month=one.api_requests_per_month, profiles=one.profiles,
        max_scheduled_posts=one.max_scheduled_posts, max_storage_bytes=one.max_storage_bytes,
        api_keys=one.keys, webhooks=one.webhooks,
    )  # fmt: skip
    return Plan(name=one.name, title=one.title, price_gbp=one.price, quotas=quotas)
