"""The Instagram login (way B): consent, a token for an hour, one for 60 days, its renewal."""

from __future__ import annotations

import hmac
import time
from typing import Any
from urllib.parse import urlsplit

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox import consent
from app.sandbox.instagram.desk import (
    DAY,
    NAME,
    ROOM,
    SCOPES,
    allowed,
    bp,
    facebook,
    grant,
    ig_id,
    me,
    only,
    page_id,
)  # fmt: skip
from app.sandbox.meta import bad_token, error, no, say
from app.sandbox.records import Grant
from app.sandbox.store import store

CODE_SECONDS, SHORT_SECONDS, LONG_SECONDS = 3600.0, 3600, 60 * DAY
CARRIED = ("client_id", "redirect_uri", "scope", "state")


def mistake(asked: dict[str, str], client: str, known: dict[str, str]) -> str:
    """What is wrong with a request to a consent page; ``""`` for nothing."""
    if asked.get("client_id") != client:
        return "Invalid Request: no app has this client_id."
    uri = urlsplit(asked.get("redirect_uri", ""))
    if uri.scheme not in ("http", "https") or not uri.netloc or uri.fragment:
        return "Invalid redirect_uri."
    if request.args.get("response_type", "code") != "code":
        return "The response_type has to be code."
    scopes = [one for one in asked.get("scope", "").split(",") if one]
    strange = [one for one in scopes if one not in known]
    if strange or not scopes:
        return f"Invalid Scopes: {', '.join(strange) or 'none given'}."
    return ""


def page(asked: dict[str, str], known: dict[str, str], trouble: str = "") -> ResponseReturnValue:
    """The consent page of either login."""
    scopes = {scope: known[scope] for scope in asked["scope"].split(",") if scope}
    return consent.page(
        ROOM, client="Carillon", scopes=scopes, redirect_uri=asked["redirect_uri"], keep=asked,
        problem=trouble,
    )  # fmt: skip


@bp.get("/oauth/authorize")
def authorize() -> ResponseReturnValue:
    asked = {name: request.args[name] for name in CARRIED if name in request.args}
    if request.args.get("response_type") != "code":
        return consent.problem("The response_type has to be code.")
    wrong = mistake(asked, ROOM.client_id, SCOPES)
    return consent.problem(wrong) if wrong else page(asked, SCOPES)


@bp.post("/oauth/authorize")
def decide() -> ResponseReturnValue:
    """Allow or refuse; the way back ends with ``#_``, as Instagram's does."""
    decision = consent.answer()
    asked = {name: decision.kept[name] for name in CARRIED if name in decision.kept}
    wrong = mistake(asked, ROOM.client_id, SCOPES)
    if wrong:
        return consent.problem(wrong)
    uri, state = asked["redirect_uri"], asked.get("state", "")
    if not decision.allowed:
        return consent.back(
            uri, error="access_denied", error_reason="user_denied",
            error_description="The user denied your request", state=state,
        )  # fmt: skip
    if not decision.handle:
        return page(asked, SCOPES, "Write a handle of letters, digits, dots and underscores.")
    account = store().accounts.get(NAME, decision.handle)
    if account.extras.get("account_type") == "PERSONAL":
        return consent.problem("This app needs a professional account.")
    code = store().grants.issue(
        NAME, "code", decision.handle, seconds=CODE_SECONDS, client_id=asked["client_id"],
        scopes=asked["scope"].split(","), redirect_uri=uri, login=NAME,
    )  # fmt: skip
    answer = consent.back(uri, code=code.token, state=state)
    answer.headers["Location"] += "#_"
    return answer


def client_is(client: str, secret: str, name: str, given: str) -> bool:
    """Whether somebody proved to be the client."""
    return name == client and hmac.compare_digest(given.encode(), secret.encode())


def _error(message: str) -> ResponseReturnValue:
    """An error of api.instagram.com, in its own form."""
    return say({"error_type": "OAuthException", "code": 400, "error_message": message}, 400)


@bp.post("/oauth/access_token")
@ROOM.operation("token")
def exchange() -> ResponseReturnValue:
    """Code → a token for an hour; a form, never JSON."""
    form = request.form
    if not client_is(ROOM.client_id, ROOM.client_secret, form.get("client_id", ""),
                     form.get("client_secret", "")):  # fmt: skip
        return _error("Error validating client secret.")
    if form.get("grant_type") != "authorization_code":
        return _error("Invalid grant_type.")
    found = store().grants.spend(NAME, "code", form.get("code", ""))
    if found is None or found.extras.get("login") != NAME:
        return _error("This authorization code has been used or is not valid.")
    if form.get("redirect_uri") != found.extras["redirect_uri"]:
        return _error("Error validating verification code: redirect_uri is not the same.")
    made = issue(found, SHORT_SECONDS, short=True)
    user = int(ig_id(store().accounts.get(NAME, found.handle)))
    return say({"access_token": made.token, "user_id": user, "permissions": ",".join(made.scopes)})


def issue(before: Grant, seconds: int, **extras: Any) -> Grant:
    """A further token of the same consent."""
    kept: dict[str, Any] = {"login": before.extras["login"], "at": time.time()} | extras
    return store().grants.issue(
        NAME, "access", before.handle, seconds=seconds, client_id=before.client_id,
        scopes=before.scopes, family=before.family, **kept,
    )  # fmt: skip


def _living(given: str) -> Grant | None:
    found = store().grants.find(NAME, "access", given)
    return found if found is not None and found.live and found.extras["login"] == NAME else None


@bp.get("/access_token")
@ROOM.operation("token")
def long_lived() -> ResponseReturnValue:
    """A token for an hour → one for 60 days."""
    if request.args.get("grant_type") != "ig_exchange_token":
        return error(100, "Invalid parameter: grant_type")
    if not hmac.compare_digest(
        request.args.get("client_secret", "").encode(), ROOM.client_secret.encode()
    ):
        return error(101, "Error validating application. Invalid client_secret.")
    found = _living(request.args.get("access_token", ""))
    if found is None or not found.extras.get("short"):
        return bad_token()
    made = issue(found, LONG_SECONDS, short=False)
    return say({"access_token": made.token, "token_type": "bearer", "expires_in": LONG_SECONDS})


@bp.get("/refresh_access_token")
@ROOM.operation("token")
def renew() -> ResponseReturnValue:
    """60 more days, for a living token that is at least a day old."""
    if request.args.get("grant_type") != "ig_refresh_token":
        return error(100, "Invalid parameter: grant_type")
    found = _living(request.args.get("access_token", ""))
    if found is None or found.extras.get("short"):
        return bad_token(463)
    if time.time() - float(found.extras["at"]) < DAY:
        return error(100, "The access token must be at least 24 hours old to be refreshed.")
    made = issue(found, LONG_SECONDS, short=False)
    return say(
        {
            "access_token": made.token, "token_type": "bearer", "expires_in": LONG_SECONDS,
            "permissions": ",".join(made.scopes),
        }
    )  # fmt: skip


@bp.get("/<version>/me")
@ROOM.operation("account")
@allowed()
def myself(version: str) -> ResponseReturnValue:
    """The account of an Instagram login, or the Page of a Page token."""
    if facebook():
        return _page()
    account = me()
    kind = str(account.extras.get("account_type", "BUSINESS"))
    if kind == "PERSONAL":
        no(10, "(#10) This account is not a professional account")
    return only(profile() | {"id": f"99{account.id}", "user_id": ig_id(account),
                             "account_type": kind})  # fmt: skip


def profile() -> dict[str, object]:
    """What both logins show of an account."""
    account = me()
    posts = sum(1 for post in store().posts.of(NAME, account.handle) if not post.parent)
    return {
        "id": ig_id(account), "username": account.handle, "name": account.name,
        "profile_picture_url": f"{request.host_url}_sandbox/avatar/{account.handle}.png",
        "followers_count": 120, "media_count": posts,
    }  # fmt: skip


def _page() -> ResponseReturnValue:
    account = me()
    if not grant().extras.get("page"):
        return only({"id": f"77{account.id}", "name": account.name})
    return only(
        {"id": page_id(account), "name": account.name, "instagram_business_account": profile()}
    )
