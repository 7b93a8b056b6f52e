"""Brands of the played Metricool, and the networks connected to them."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from app.sandbox.metricool.desk import (
    NAME,
    NETWORKS,
    ROOM,
    Brand,
    allowed,
    bp,
    brand,
    brands_of,
    me,
    say,
    user_id,
)
from app.sandbox.records import stable_number


def username(one: Brand, network: str) -> str:
    """What the brand is called on a network."""
    word = "".join(letter for letter in one.label.lower() if letter.isalnum())
    return one.label if network in ("linkedin", "facebook") else word


def _shown(one: Brand) -> dict[str, Any]:
    picture = f"{request.host_url}_sandbox/avatar/{username(one, 'twitter')}.png"
    data = {
        f"{network}Data": {
            "id": str(stable_number(NAME, str(one.id), network)),
            "username": username(one, network), "picture": picture,
        }
        if network in one.networks
        else None
        for network in NETWORKS
    }  # fmt: skip
    return {
        "id": one.id, "userId": user_id(me().handle), "label": one.label,
        "timezone": one.timezone, "picture": picture, "networksData": data,
    }  # fmt: skip


@bp.get("/v2/settings/brands")
@ROOM.operation("account")
@allowed(brand=False)
def brands() -> ResponseReturnValue:
    """What the token may use."""
    return say({"data": [_shown(one) for one in brands_of(me().handle)]})


@bp.get("/admin/simpleProfiles")
@ROOM.operation("account")
@allowed(brand=False)
def profiles() -> ResponseReturnValue:
    """The older, flat form."""
    return say(
        [
            {"id": one.id, "label": one.label, "timezone": one.timezone}
            | {name: username(one, name) if name in one.networks else None for name in NETWORKS}
            for one in brands_of(me().handle)
        ]
    )


@bp.get("/v2/scheduler/boards/pinterest")
@ROOM.operation("account")
@allowed()
def boards() -> ResponseReturnValue:
    """Boards of the brand's Pinterest account."""
    names = ("Ideas", "Launches") if "pinterest" in brand().networks else ()
    found = [{"id": str(stable_number(NAME, str(brand().id), n)), "name": n} for n in names]
    return say({"data": found})


def blogs() -> ResponseReturnValue:
    """For scripts: brands that can be used; with ``handle`` also that person's own."""
    handle = request.args.get("handle", "")
    return say(
        [
            {
                "id": one.id, "label": one.label, "timezone": one.timezone,
                "userId": user_id(handle), "networks": list(one.networks),
            }
            for one in brands_of(handle)
        ]
    )  # fmt: skip


@bp.record
def _for_scripts(state: BlueprintSetupState) -> None:
    # Beside the other paths for scripts, not under the network's own.
    state.app.add_url_rule("/_sandbox/metricool/blogs", "metricool.blogs", blogs)
