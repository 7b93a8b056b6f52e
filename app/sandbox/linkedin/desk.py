"""The counter of the played LinkedIn: who is asking, in which version, and how often."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ParamSpec
from urllib.parse import unquote

from flask import Response, g, request
from flask.typing import ResponseReturnValue

from app.sandbox.linkedin.words import NAME, SCOPES, Refused, denied, invalid, no
from app.sandbox.records import Account
from app.sandbox.room import bearer, handle_of
from app.sandbox.store import store

P = ParamSpec("P")

OLDEST_VERSION = "202509"  # 202508 ended on 2026-08-17
NEWEST_VERSION = "202608"  # at least
DAY_LIMITS = {"member": 150, "app": 100_000}
DAY = 24 * 3600
POSTING = ("ADMINISTRATOR", "CONTENT_ADMINISTRATOR", "CONTENT_ADMIN")


def me() -> Account:
    """The member of the request (inside ``allowed`` or ``signed_in``)."""
    found: Account = g.linkedin_account
    return found


def granted() -> frozenset[str]:
    """The scopes of the request's token."""
    found: frozenset[str] = g.linkedin_scopes
    return found


def client() -> str:
    """The app of the request's token; ``""`` for a pasted one."""
    return str(g.linkedin_client)


def signed_in() -> None:
    """A live token, or the end of the call."""
    token = bearer()
    if not token:
        no(401, "EMPTY_ACCESS_TOKEN", "Empty oauth2 access token", service=65604)
    pasted = handle_of(token)
    if pasted:
        account = store().accounts.get(NAME, pasted)
        own = account.extras.get("scopes")
        g.linkedin_account, g.linkedin_client = account, ""
        g.linkedin_scopes = frozenset(SCOPES if own is None else own)
        return
    grant = store().grants.find(NAME, "access", token)
    if grant is None:
        no(401, "INVALID_ACCESS_TOKEN", "Invalid access token", service=65600)
    if grant.ended:
        no(401, "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the "
           "user", service=65601)  # fmt: skip
    if not grant.live:
        no(401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired",
           service=65602)  # fmt: skip
    g.linkedin_account = store().accounts.get(NAME, grant.handle)
    g.linkedin_scopes, g.linkedin_client = frozenset(grant.scopes), grant.client_id


def _headers() -> None:
    """What every versioned call has to bring (§2)."""
    version = request.headers.get("Linkedin-Version", "")
    if not version:
        no(400, "VERSION_MISSING", "A version must be present. Please specify a version by "
           "adding the LinkedIn-Version header.")  # fmt: skip
    newest = max(NEWEST_VERSION, datetime.now(UTC).strftime("%Y%m"))
    month = re.fullmatch(r"20\d\d(0[1-9]|1[0-2])", version)
    if not month or not OLDEST_VERSION <= version <= newest:
        no(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active")
    if request.headers.get("X-Restli-Protocol-Version") != "2.0.0":
        no(400, "INVALID_PROTOCOL_VERSION", "X-Restli-Protocol-Version 2.0.0 is required here")
    if request.method == "POST" and request.mimetype != "application/json":
        no(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json")


def _within_the_day() -> None:
    handle, left = me().handle, DAY - time.time() % DAY
    for bucket, limit in DAY_LIMITS.items():
        holder = handle if bucket == "member" else "*"
        if store().limits.hit(NAME, holder, bucket, limit, left).refused:
            whom = "APPLICATION_AND_MEMBER" if bucket == "member" else "APPLICATION"
            no(429, "TOO_MANY_REQUESTS", f"Resource level throttle {whom} DAY limit for calls "
               "to this resource is reached.", service=101)  # fmt: skip


def allowed(
    *scopes: str, counted: bool = False
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Decorates a ``/rest`` view: headers, a live token with one of these scopes, the day's
    limit where the call is ``counted``."""

    def wrap(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            try:
                signed_in()
                _headers()
                if scopes and not granted() & set(scopes):
                    denied(f"{request.method} {request.path.partition('/rest')[2]}")
                if counted:
                    _within_the_day()
                return view(*args, **kwargs)
            except Refused as error:
                assert isinstance(error.response, Response)
                return error.response

        return run

    return wrap


def body() -> dict[str, Any]:
    """The JSON object of the request."""
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        invalid("", "The request body is not a JSON object.", "INVALID_REQUEST_BODY")
    return found


def query(name: str) -> str:
    """A query value, decoded; refused where a URN stands in it unencoded (§2)."""
    raw = dict(part.partition("=")[::2] for part in request.query_string.decode().split("&"))
    text = raw.get(name, "")
    if "urn:" in text:
        invalid(
            name, f"Invalid query parameter {name}: URNs have to be encoded", "ILLEGAL_ARGUMENT"
        )
    return unquote(text)


def members(name: str) -> list[str]:
    """The members of ``List(…)``: brackets and commas raw, each member encoded."""
    raw = dict(part.partition("=")[::2] for part in request.query_string.decode().split("&"))
    found = re.fullmatch(r"List\(([^()]*)\)", raw.get(name, ""))
    if not found or ":" in found[1]:
        invalid(name, f"Invalid query parameter {name}: not a Rest.li 2.0 list", "ILLEGAL_ARGUMENT")
    return [unquote(one) for one in found[1].split(",") if one]


def person(account: Account) -> str:
    """A member's URN: the ``sub`` of the sign-in."""
    return f"urn:li:person:{sub(account)}"


def sub(account: Account) -> str:
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
    seed = hashlib.sha256(f"linkedin {account.id}".encode()).digest()
    return "".join(letters[byte % 64] for byte in seed[:10])


def pages() -> list[tuple[Account, dict[str, str]]]:
    """The pages on which the member of the request has a role."""
    usual = [{"handle": f"{me().handle}-works", "role": "ADMINISTRATOR"}]
    rows = me().extras.get("organizations", usual)
    return [(store().accounts.get(NAME, row["handle"]), dict(row)) for row in rows]


def page(account: Account) -> str:
    return f"urn:li:organization:{account.id}"


def author(urn: Any, field: str) -> Account:
    """Whom the request acts for: the member, or a page with the role and the scope."""
    if urn == person(me()):
        if "w_member_social" not in granted():
            denied("partialUpdateMember")
        return me()
    if not isinstance(urn, str) or not re.fullmatch(r"urn:li:(person|organization):[\w-]+", urn):
        invalid(f"/{field}", f"{field} is not a valid URN", "INVALID_URN_TYPE")
    account, row = next((one for one in pages() if page(one[0]) == urn), (None, {}))
    approved = row.get("state", "APPROVED") == "APPROVED" and row.get("role") in POSTING
    if account is None or not approved or "w_organization_social" not in granted():
        denied(f"{field} {urn}")
    return account
