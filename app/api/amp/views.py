"""Views of the AMP contract. The profile is the key's, or ``?profileId=``."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from app.api import doors
from app.api.amp import schemas as out
from app.api.amp.told import account, platforms
from app.api.auth import current_actor, current_profile_id, requires
from app.api.contract import operation
from app.services import bridge, bridge_end

TAG = "AMP: integrations"
REFUSES = (400, 404, 409, 502)

bp = Blueprint("amp", __name__, url_prefix="/v1/connect")
doors.build(bp)


@bp.get("/status")
@requires("account.read")
@operation("Networks and integrations of the profile", tag=TAG, answers={200: out.Status})
def status() -> Any:
    """Integrations and networks of the profile."""
    actor, profile_id = current_actor(), current_profile_id()
    row, own = bridge.current(actor, profile_id), bridge.accounts(actor, profile_id)
    told = out.Bridge(
        connected=row is not None,
        status="disconnected" if row is None else "healthy" if row.valid else "unhealthy",
        last_sync=out.stamp(row.checked_at) if row else None, accounts_connected=len(own),
    )  # fmt: skip
    return out.Status(integrations={"metricool": told}, platforms=platforms(actor, profile_id))


@bp.post("/metricool")
@requires("account.write")
@operation(
    "Connect a Metricool brand",
    tag=TAG,
    answers={200: out.Connected},
    body=out.ConnectMetricool,
    refuses=REFUSES,
)
def connect(body: out.ConnectMetricool) -> Any:
    """Connect a brand, once Metricool has agreed to the token."""
    done = bridge.connect(
        current_actor(), current_profile_id(), body.token, body.blog_id, body.user_id or ""
    )
    joined = out.Joined(
        blog_id=done.brand.id, blog_name=done.brand.name,
        connected_at=out.stamp(done.bridge.connected_at),
    )  # fmt: skip
    return out.Connected(metricool=joined, available_platforms=bridge.platforms(done.brand))


@bp.get("/metricool")
@requires("account.read")
@operation("What is connected at Metricool", tag=TAG, answers={200: out.Configuration})
def configuration() -> Any:
    """What is connected; the token is never told."""
    row = bridge.current(current_actor(), current_profile_id())
    if row is None:
        return out.Configuration(enabled=False)
    return out.Configuration(
        enabled=row.enabled, blog_id=str(row.data["blog_id"]), blog_name=row.name,
        connected_at=out.stamp(row.connected_at), last_sync=out.stamp(row.checked_at),
    )  # fmt: skip


@bp.get("/metricool/test")
@requires("account.read")
@operation("Test the connection to Metricool", tag=TAG, answers={200: out.Tested}, refuses=REFUSES)
def test() -> Any:
    """Ask Metricool now. That it does not work is an answer too, not an error of ours."""
    found = bridge.test(current_actor(), current_profile_id())
    works = found.status == "healthy"
    return out.Tested(
        status=found.status, latency_ms=found.milliseconds, api_version=found.api_version,
        rate_limit_remaining=found.left,
        features={name: works and able for name, able in bridge.FEATURES.items()},
        message=found.problem or None,
    )  # fmt: skip


@bp.get("/metricool/brands")
@requires("account.write")
@operation(
    "List the brands of the Metricool account", tag=TAG, answers={200: out.Brands}, refuses=REFUSES
)
def brands() -> Any:
    """The brands of the token, those of other profiles included: so it takes the right to
    connect."""
    heard, used = bridge.brands(current_actor(), current_profile_id())
    return out.Brands(
        data=[
            out.Brand(
                id=one.id, name=one.name, platforms=bridge.platforms(one),
                is_current=one.id == used,
            )
            for one in heard.brands
        ]
    )  # fmt: skip


@bp.get("/metricool/accounts")
@requires("account.read")
@operation(
    "List the accounts that go through Metricool",
    tag=TAG,
    answers={200: out.Accounts},
    refuses=REFUSES,
)
def accounts() -> Any:
    """Accounts that go through Metricool."""
    rows = bridge.accounts(current_actor(), current_profile_id())
    return out.Accounts(data=[account(one) for one in rows])


@bp.delete("/metricool")
@requires("account.write")
@operation("Disconnect Metricool", tag=TAG, answers={200: out.Disconnected}, refuses=REFUSES)
def disconnect() -> Any:
    """Let go of Metricool; the answer says what that did."""
    done = bridge_end.disconnect(current_actor(), current_profile_id())
    return out.Disconnected(cancelled_posts=done.posts, disabled_accounts=done.accounts)
