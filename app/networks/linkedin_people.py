"""Whom a LinkedIn token can act for: the member, and the organizations behind it (§1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from app.networks import linkedin_errors
from app.networks.base import Category, Identity, NetworkError, Tokens
from app.networks.linkedin_rest import Rest, elements, listed
from app.networks.wire import call, unreadable

MEMBER_SCOPES = ("openid", "profile", "email", "w_member_social")
ORGANIZATION_SCOPES = (
    "w_organization_social", "r_organization_social", "rw_organization_admin", "r_basicprofile",
    "r_member_social", "r_member_postAnalytics", "r_member_profileAnalytics",
)  # fmt: skip
# ``r_member_social`` is closed to most apps, and one scope too many fails the whole consent.
ASKED_ORGANIZATION_SCOPES = tuple(s for s in ORGANIZATION_SCOPES if s != "r_member_social")
POSTING_ROLES = frozenset({"ADMINISTRATOR", "CONTENT_ADMINISTRATOR", "CONTENT_ADMIN"})
PAGE, PAGES, BATCH = 100, 10, 50
PERSON, ORGANIZATION = "urn:li:person:", "urn:li:organization:"


def scopes(asked: str) -> tuple[str, ...]:
    """The scopes of a token answer, which come with spaces or commas."""
    return tuple(word for word in re.split(r"[\s,]+", asked) if word)


def asked(organizations: bool) -> str:
    """What the consent page is asked for: what the operator's app has (§1)."""
    more = ASKED_ORGANIZATION_SCOPES if organizations else ()
    return " ".join(MEMBER_SCOPES + more)


def member(http: httpx.Client, api: str, tokens: Tokens) -> Identity:
    """The person of the token (OpenID Connect; no version header there)."""
    answer = call(
        http, "GET", f"{api}/v2/userinfo", judge=linkedin_errors.other,
        headers={"Authorization": f"Bearer {tokens.access}", "Accept": "application/json"},
    )  # fmt: skip
    found = answer.mapping()
    sub = found.get("sub")
    if not isinstance(sub, str) or not sub:
        raise unreadable(answer.status, answer.raw)
    parts = (found.get("given_name"), found.get("family_name"))
    name = str(found.get("name") or " ".join(str(one) for one in parts if one) or sub)
    return Identity(
        external_id=PERSON + sub,
        handle=name,
        name=name,
        avatar_url=str(found.get("picture") or ""),
        extras={"kind": "member", "scopes": list(tokens.scopes)},
        kind="member",
    )


def organizations(rest: Rest, tokens: Tokens, site: str) -> list[Identity]:
    """The pages on which the member has a role; those without the right to post say so.

    Empty where LinkedIn does not show them: the app's products do not include it.
    """
    try:
        roles = _roles(rest)
        details = _details(rest, list(roles))
    except NetworkError as error:
        if error.category is Category.AUTH_ERROR and error.status == 403:
            return []
        raise
    return [
        _organization(urn, held, details.get(urn.rpartition(":")[2], {}), tokens, site)
        for urn, held in roles.items()
    ]


def _roles(rest: Rest) -> dict[str, set[str]]:
    """URN → roles, of approved ones."""
    found: dict[str, set[str]] = {}
    for row in _pages(rest, "organizationAcls?q=roleAssignee&state=APPROVED"):
        # Older answers have other names for it.
        names = ("organization", "organizationTarget", "organizationalTarget")
        urn = next((str(row[name]) for name in names if row.get(name)), "")
        if urn.startswith(ORGANIZATION) and row.get("state", "APPROVED") == "APPROVED":
            found.setdefault(urn, set()).add(str(row.get("role") or ""))
    return found


def _pages(rest: Rest, path: str) -> Iterator[Mapping[str, Any]]:
    for page in range(PAGES):
        answer = rest.call("GET", f"{path}&start={page * PAGE}&count={PAGE}")
        if not isinstance(answer.data(), dict):
            raise unreadable(answer.status, answer.raw)
        rows = elements(answer.mapping())
        yield from rows
        paging = answer.mapping().get("paging")
        links = paging.get("links") if isinstance(paging, dict) else None
        if not any(isinstance(one, dict) and one.get("rel") == "next" for one in links or []):
            return


def _details(rest: Rest, urns: list[str]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    ids = [urn.rpartition(":")[2] for urn in urns]
    for start in range(0, len(ids), BATCH):
        answer = rest.call("GET", f"organizations?ids={listed(ids[start : start + BATCH])}")
        rows = answer.mapping().get("results")
        if not isinstance(rows, dict):
            raise unreadable(answer.status, answer.raw)
        found |= {str(key): row for key, row in rows.items() if isinstance(row, dict)}
    return found


def _organization(
    urn: str, held: set[str], row: Mapping[str, Any], tokens: Tokens, site: str
) -> Identity:
    number = urn.rpartition(":")[2]
    vanity = str(row.get("vanityName") or number)
    may = held & POSTING_ROLES
    role = min(may or held).replace("_", " ").lower()
    return Identity(
        external_id=urn,
        handle=vanity,
        name=str(row.get("localizedName") or vanity),
        url=f"{site}/company/{quote(vanity, safe='')}/",
        extras={"kind": "organization", "scopes": list(tokens.scopes)},
        kind="organization",
        note="" if may else f"Your role on this page ({role}) does not allow posting.",
    )
