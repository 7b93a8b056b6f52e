"""Members and pages of the played LinkedIn."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox.linkedin.desk import (
    allowed,
    granted,
    me,
    members,
    page,
    pages,
    person,
    query,
    signed_in,
    sub,
)
from app.sandbox.linkedin.words import NAME, ROOM, Refused, bp, denied, invalid, say
from app.sandbox.store import store


@bp.get("/v2/userinfo")
@ROOM.operation("account")
def userinfo() -> ResponseReturnValue:
    """OpenID Connect: no version header here."""
    try:
        signed_in()
        if not {"openid", "profile"} <= granted():
            denied("userinfo.GET.NO_VERSION")
    except Refused as error:
        return error.response  # type: ignore[return-value]
    first, _, last = me().name.partition(" ")
    found: dict[str, Any] = {
        "sub": sub(me()), "name": me().name, "given_name": first, "family_name": last,
        "picture": f"{request.host_url}_sandbox/avatar/{me().handle}.png",
        "locale": {"country": "US", "language": "en"},
    }  # fmt: skip
    if "email" in granted():
        found |= {"email": f"{me().handle}@example.com", "email_verified": True}
    return say(found)


@bp.get("/rest/organizationAcls")
@ROOM.operation("account")
@allowed("rw_organization_admin")
def roles() -> ResponseReturnValue:
    """The member's roles on pages."""
    if request.args.get("q") != "roleAssignee":
        invalid("q", "Finder is not supported", "ILLEGAL_ARGUMENT")
    wanted_role, wanted_state = request.args.get("role"), request.args.get("state")
    rows = [
        {
            "organization": page(account), "role": row["role"],
            "roleAssignee": person(me()), "state": row.get("state", "APPROVED"),
        }
        for account, row in pages()
    ]  # fmt: skip
    rows = [
        row for row in rows
        if wanted_role in (None, row["role"]) and wanted_state in (None, row["state"])
    ]  # fmt: skip
    return paged(rows)


def paged(rows: list[dict[str, Any]]) -> ResponseReturnValue:
    """A collection by ``start`` and ``count`` with its paging."""
    start = max(request.args.get("start", 0, type=int), 0)
    count = request.args.get("count", 10, type=int)
    if not 0 < count <= 100:
        invalid("count", "count must be 1 to 100", "ILLEGAL_ARGUMENT")
    links = []
    if start + count < len(rows):
        href = f"{request.path}?start={start + count}&count={count}"
        links.append({"rel": "next", "type": "application/json", "href": href})
    paging = {"start": start, "count": count, "links": links, "total": len(rows)}
    return say({"paging": paging, "elements": rows[start : start + count]})


@bp.get("/rest/organizations")
@ROOM.operation("account")
@allowed("rw_organization_admin", "r_organization_social")
def organizations() -> ResponseReturnValue:
    """Pages by number."""
    found: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for number in members("ids"):
        account = store().accounts.by_id(NAME, number)
        if account is None:
            errors[number] = {"status": 404, "code": "RESOURCE_NOT_FOUND"}
            continue
        found[number] = {
            "id": int(number), "localizedName": account.name, "vanityName": account.handle,
            "localizedWebsite": "", "primaryOrganizationType": "NONE",
        }  # fmt: skip
    return say({"results": found, "statuses": {}, "errors": errors})


@bp.get("/rest/networkSizes/<urn>")
@ROOM.operation("metrics")
@allowed("rw_organization_admin", "r_organization_social")
def followers(urn: str) -> ResponseReturnValue:
    """How many follow a page."""
    if query("edgeType") not in ("CompanyFollowedByMember", "COMPANY_FOLLOWED_BY_MEMBER"):
        invalid("edgeType", "edgeType is not valid", "ILLEGAL_ARGUMENT")
    if urn not in [page(account) for account, _ in pages()]:
        denied(f"networkSizes {urn}")
    return say({"firstDegreeSize": 1234})


@bp.get("/in/<handle>")
@bp.get("/company/<handle>/")
def profile(handle: str) -> ResponseReturnValue:
    """Somebody's posts."""
    return say(None, 302, Location=url_for("feed.index", network=NAME, account=handle))
