"""The Facebook login (way A): dialog, user token, Pages and the accounts linked to them."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox import consent
from app.sandbox.instagram.desk import (
    FACEBOOK_CLIENT,
    FACEBOOK_SCOPES,
    FACEBOOK_SECRET,
    NAME,
    ROOM,
    allowed,
    bp,
    facebook,
    grant,
    me,
    page_id,
)  # fmt: skip
from app.sandbox.instagram.login import (
    CARRIED,
    CODE_SECONDS,
    LONG_SECONDS,
    client_is,
    issue,
    mistake,
    page,
    profile,
)  # fmt: skip
from app.sandbox.meta import bad_token, error, say, token
from app.sandbox.records import Grant
from app.sandbox.room import handle_of
from app.sandbox.store import store

USER_SECONDS = 2 * 3600


@bp.get("/<version>/dialog/oauth")
def dialog(version: str) -> ResponseReturnValue:
    asked = {name: request.args[name] for name in CARRIED if name in request.args}
    wrong = mistake(asked, FACEBOOK_CLIENT, FACEBOOK_SCOPES)
    return consent.problem(wrong) if wrong else page(asked, FACEBOOK_SCOPES)


@bp.post("/<version>/dialog/oauth")
def answered(version: str) -> ResponseReturnValue:
    """Allow or refuse."""
    decision = consent.answer()
    asked = {name: decision.kept[name] for name in CARRIED if name in decision.kept}
    wrong = mistake(asked, FACEBOOK_CLIENT, FACEBOOK_SCOPES)
    if wrong:
        return consent.problem(wrong)
    uri, state = asked["redirect_uri"], asked.get("state", "")
    if not decision.allowed:
        return consent.back(uri, error="access_denied", error_reason="user_denied", state=state)
    if not decision.handle:
        return page(asked, FACEBOOK_SCOPES, "Write a handle of letters, digits and dots.")
    store().accounts.get(NAME, decision.handle)
    code = store().grants.issue(
        NAME, "code", decision.handle, seconds=CODE_SECONDS, client_id=FACEBOOK_CLIENT,
        scopes=asked["scope"].split(","), redirect_uri=uri, login="facebook",
    )  # fmt: skip
    return consent.back(uri, code=code.token, state=state)


@bp.get("/<version>/oauth/access_token")
@ROOM.operation("token")
def user_token(version: str) -> ResponseReturnValue:
    """Code, or a living user token → a user token."""
    asked = request.args
    if not client_is(
        FACEBOOK_CLIENT, FACEBOOK_SECRET, asked.get("client_id", ""), asked.get("client_secret", "")
    ):
        return error(101, "Error validating application. Cannot get application info.")
    if asked.get("grant_type") == "fb_exchange_token":
        return _longer(asked.get("fb_exchange_token", ""))
    found = store().grants.spend(NAME, "code", asked.get("code", ""))
    if found is None or found.extras.get("login") != "facebook":
        return error(100, "This authorization code has been used.", subcode=36009)
    if asked.get("redirect_uri") != found.extras["redirect_uri"]:
        return error(
            100, "Error validating verification code. Please make sure your redirect_uri is "
            "identical to the one you used in the OAuth dialog request", subcode=36008,
        )  # fmt: skip
    return _shown(issue(found, USER_SECONDS), USER_SECONDS)


def _longer(given: str) -> ResponseReturnValue:
    found = store().grants.find(NAME, "access", given)
    if found is None or not found.live or found.extras["login"] != "facebook":
        return bad_token(463)
    return _shown(issue(found, LONG_SECONDS), LONG_SECONDS)


def _shown(made: Grant, seconds: int) -> ResponseReturnValue:
    return say({"access_token": made.token, "token_type": "bearer", "expires_in": seconds})


@bp.get("/<version>/me/permissions")
@ROOM.operation("account")
@allowed()
def permissions(version: str) -> ResponseReturnValue:
    if not facebook():
        return bad_token()
    rows = [{"permission": scope, "status": "granted"} for scope in grant().scopes]
    return say({"data": rows})


@bp.delete("/<version>/me/permissions")
@ROOM.operation("token")
@allowed()
def revoke(version: str) -> ResponseReturnValue:
    """End everything this person gave; not with a Page's token."""
    if not facebook() or grant().extras.get("page"):
        return bad_token()
    store().grants.end_family(NAME, grant().family)
    return say({"success": True})


def _user() -> bool:
    """Whether the token is a person's; a pasted one counts as such here."""
    return (facebook() and not grant().extras.get("page")) or bool(handle_of(token()))


@bp.get("/<version>/me/accounts")
@ROOM.operation("account")
@allowed()
def pages(version: str) -> ResponseReturnValue:
    """The Pages of a person by pages of ``limit``; each with its own token."""
    if not _user():
        return bad_token()
    account = me()
    count = int(account.extras.get("pages", 1))
    size = min(request.args.get("limit", 25, int), int(account.extras.get("page_size", 100)))
    start = int(request.args.get("after", "0"))
    rows = [_page(number) for number in range(start, min(start + size, count))]
    answer: dict[str, Any] = {"data": rows}
    if start + size < count:
        after = str(start + size)
        answer["paging"] = {
            "cursors": {"after": after}, "next": f"{request.base_url}?after={after}&limit={size}"
        }  # fmt: skip
    return say(answer)


@bp.get("/<version>/me/businesses")
@ROOM.operation("account")
@allowed()
def businesses(version: str) -> ResponseReturnValue:
    """Nobody has one here."""
    return say({"data": []}) if _user() else bad_token()


def _page(number: int) -> dict[str, Any]:
    account, before = me(), grant()
    if handle_of(token()):  # what a pasted token may, in the words of this login
        before = Grant(NAME, "access", "", account.handle, FACEBOOK_CLIENT, list(FACEBOOK_SCOPES),
                       family="pasted", extras={"login": "facebook"})  # fmt: skip
    made = issue(before, 0, page=page_id(account, number))
    row: dict[str, Any] = {
        "id": page_id(account, number), "access_token": made.token,
        "name": account.name if not number else f"{account.name} {number + 1}",
        "tasks": account.extras.get("tasks", ["CREATE_CONTENT", "MODERATE", "ANALYZE"]),
    }  # fmt: skip
    if not number:
        row["instagram_business_account"] = profile()
    return row
