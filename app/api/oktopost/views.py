"""Integrations. The profile is the user name of Basic auth, the key's, or ``?profileId=``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

from app.api import doors
from app.api.auth import current_actor, current_profile_id, named_profile_id, requires
from app.api.contract import FORM, JSON, operation
from app.api.oktopost import schemas as io
from app.services import integrations
from app.services.integrations import Whole

TAG = "Oktopost: integrations"
TAKES = (FORM, JSON)

bp = Blueprint("oktopost", __name__, url_prefix="/v2/integration")
doors.build(bp, basic=True)


def again(row_id: UUID) -> Any:
    """What a request that died had made, as it is now."""
    return io.Created(Integration=io.made(integrations.of(current_actor(), row_id)))


@bp.get("")
@requires("account.read")
@operation("List integrations", tag=TAG, query=io.ListQuery, answers={200: io.Items})
def index(query: io.ListQuery) -> Any:
    """The account's integrations, the oldest first."""
    found, total = integrations.page(
        current_actor(), current_profile_id(), kind=query.type, page=query.page, count=query.count
    )
    return io.Items(Items=[io.item(one) for one in found], Total=total)


@bp.post("")
@requires("account.write")
@operation(
    "Connect an integration", tag=TAG, body=io.Connect, takes=TAKES, answers={200: io.Created},
    again=again,
)  # fmt: skip
def create(body: io.Connect) -> Any:
    """For partners. The remote system is asked: ``Status`` is ``invalid`` where it does not
    accept the settings, or some are missing."""
    made = integrations.create(
        current_actor(), current_profile_id(), body.type, body.cname_id, body.given
    )
    return io.Created(Integration=io.made(made))


@bp.get("/<integration_id>")
@requires("account.read")
@operation("Get an integration", tag=TAG, query=io.GetQuery, answers={200: io.One})
def show(integration_id: str, query: io.GetQuery) -> Any:
    """With ``withAssets=1`` also the social credentials and boards."""
    one = _one(integration_id)
    found = integrations.assets(current_actor(), one.row) if query.with_assets else None
    return io.One(Integration=io.full(one, found))


@bp.post("/<integration_id>")
@requires("account.write")
@operation("Update an integration", tag=TAG, body=io.Change, takes=TAKES, answers={200: io.Result})
def change(integration_id: str, body: io.Change) -> Any:
    """Its state, its domain, its settings. Settings not named stay as they are."""
    integrations.change(
        current_actor(), _one(integration_id).row, state=body.state, cname_id=body.cname_id,
        given=body.given,
    )  # fmt: skip
    return io.Result()


@bp.delete("/<integration_id>")
@requires("account.write")
@operation("Delete an integration", tag=TAG, answers={200: io.Result})
def delete(integration_id: str) -> Any:
    """This cannot be undone."""
    integrations.remove(current_actor(), _one(integration_id).row)
    return io.Result()


def _one(integration_id: str) -> Whole:
    return integrations.get(current_actor(), integration_id, named_profile_id())
