"""Domains for tracked short links, which integrations name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

from app.api import doors
from app.api.auth import current_actor, current_profile_id, named_profile_id, requires
from app.api.contract import FORM, JSON, operation
from app.api.oktopost import schemas as io
from app.models.integrations import Cname
from app.services import cnames, integrations
from app.services.access import reach

TAG = "Oktopost: domains"

bp = Blueprint("oktopost_cnames", __name__, url_prefix="/v2/cname")
doors.build(bp, basic=True)


def again(row_id: UUID) -> Any:
    """What a request that died had made, as it is now."""
    return io.CnameOne(Cname=io.cname(reach(current_actor()).get(Cname, row_id)))


@bp.get("")
@requires("account.read")
@operation("List domains", tag=TAG, answers={200: io.CnameItems})
def index() -> Any:
    """``pending`` until the domain's DNS leads here."""
    found = cnames.listed(current_actor(), current_profile_id())
    return io.CnameItems(Items=[io.cname(one) for one in found], Total=len(found))


@bp.post("")
@requires("account.write")
@operation(
    "Add a domain", tag=TAG, body=io.AddCname, takes=(FORM, JSON), answers={200: io.CnameOne},
    again=again,
)  # fmt: skip
def add(body: io.AddCname) -> Any:
    """Its DNS is looked at now, and again hourly. Adding it again looks at once."""
    row = cnames.add(current_actor(), current_profile_id(), body.domain)
    return io.CnameOne(Cname=io.cname(row))


@bp.delete("/<cname_id>")
@requires("account.write")
@operation("Delete a domain", tag=TAG, answers={200: io.Result})
def delete(cname_id: str) -> Any:
    """Integrations that name it name none then."""
    number = integrations.numbered(integrations.DOMAIN_PREFIX, cname_id)
    row = cnames.numbered(current_actor(), number or 0, named_profile_id())
    cnames.remove(current_actor(), row)
    return io.Result()
