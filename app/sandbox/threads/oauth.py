"""OAuth 2 of the played Threads: a code, an hour's token, then one of 60 days that is renewed."""

from __future__ import annotations

import hmac
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.sandbox import consent
from app.sandbox.meta import bad_token, error, fields, say, token
from app.sandbox.records import Grant
from app.sandbox.room import handle_of
from app.sandbox.store import store
from app.sandbox.threads.desk import NAME, ROOM, SCOPES, bp, grant, shut

CODE_SECONDS, SHORT_SECONDS = 3600.0, 3600.0
LONG_SECONDS, AGE_SECONDS = 60 * 86_400, 86_400.0
CARRIED = ("client_id", "redirect_uri", "scope", "state", "response_type")
LOCAL = ("127.0.0.1", "localhost", "::1")


def _mistake(asked: dict[str, str]) -> str:
    """What is wrong with a request to the consent page, in a sentence; ``""`` for nothing."""
    if asked.get("client_id") != ROOM.client_id:
        return "No app is registered under this client_id."
    uri = urlsplit(asked.get("redirect_uri", ""))
    secure = uri.scheme == "https" or (uri.scheme == "http" and uri.hostname in LOCAL)
    if not secure or not uri.netloc or uri.fragment:
        return "The redirect_uri is not one of this app's, or is not https."
    if asked.get("response_type") != "code":
        return "The response_type has to be code."
    scopes = [scope for scope in asked.get("scope", "").split(",") if scope]
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or "threads_basic" not in scopes:
        return f"The scope has to hold threads_basic and known words: {' '.join(unknown)}."
    return ""


@bp.get("/oauth/authorize")
def authorize() -> ResponseReturnValue:
    """The consent page."""
    asked = {name: request.args[name] for name in CARRIED if name in request.args}
    mistake = _mistake(asked)
    return consent.problem(mistake) if mistake else _page(asked)


def _page(asked: dict[str, str], problem: str = "") -> Response:
    scopes = {scope: SCOPES[scope] for scope in asked["scope"].split(",") if scope}
    return consent.page(
        ROOM, client="Carillon", scopes=scopes, redirect_uri=asked["redirect_uri"], keep=asked,
        problem=problem,
    )  # fmt: skip


@bp.post("/oauth/authorize")
def decide() -> ResponseReturnValue:
    """Allow or refuse."""
    decision = consent.answer()
    asked = {name: decision.kept[name] for name in CARRIED if name in decision.kept}
    mistake = _mistake(asked)
    if mistake:
        return consent.problem(mistake)
    uri, state = asked["redirect_uri"], asked.get("state", "")
    if not decision.allowed:
        return consent.back(
            uri, error="access_denied", error_reason="user_denied",
            error_description="The user denied your request.", state=state,
        )  # fmt: skip
    if not decision.handle:
        return _page(asked, "Write a handle of letters, digits, dots and underscores.")
    code = store().grants.issue(
        NAME, "code", decision.handle, seconds=CODE_SECONDS, client_id=asked["client_id"],
        scopes=asked["scope"].split(","), redirect_uri=uri,
    )  # fmt: skip
    store().accounts.get(NAME, decision.handle)
    # Meta ends the address with "#_"; carried along in the code where people copy it.
    return consent.back(uri, code=f"{code.token}#_", state=state)


def _secret_fits() -> bool:
    given = str(fields().get("client_secret") or "")
    return hmac.compare_digest(given.encode(), ROOM.client_secret.encode())


def _oauth_error(message: str, code: int = 100) -> Response:
    """The token endpoint's own, older error body."""
    body = {"error_type": "OAuthException", "code": code, "error_message": message}
    return say(body, 400)


@bp.post("/oauth/access_token")
@ROOM.operation("token")
def short() -> ResponseReturnValue:
    """Code → a token of one hour."""
    form = fields()
    if form.get("client_id") != ROOM.client_id or not _secret_fits():
        return _oauth_error("Error validating client secret.", 101)
    if form.get("grant_type") != "authorization_code":
        return _oauth_error("Invalid grant_type")
    # With the "#_" still on it, the code is not known.
    found = store().grants.spend(NAME, "code", str(form.get("code") or ""))
    if found is None or found.client_id != form["client_id"]:
        return _oauth_error("This authorization code has been used or has expired")
    if form.get("redirect_uri") != found.extras["redirect_uri"]:
        return _oauth_error("Error validating verification code. The redirect_uri differs.")
    made = _issue(found, SHORT_SECONDS, long=False)
    number = int(store().accounts.get(NAME, found.handle).id)
    return say({"access_token": made.token, "user_id": number})


@bp.get("/oauth/access_token")
@ROOM.operation("token")
def app_token() -> ResponseReturnValue:
    """The app's own token, for ``debug_token``."""
    if request.args.get("client_id") != ROOM.client_id or not _secret_fits():
        return _oauth_error("Error validating client secret.", 101)
    if request.args.get("grant_type") != "client_credentials":
        return _oauth_error("Invalid grant_type")
    return say({"access_token": _app_token(), "token_type": "bearer"})


def _app_token() -> str:
    return f"TH|{ROOM.client_id}|{ROOM.client_secret}"


def _issue(before: Grant, seconds: float, *, long: bool) -> Grant:
    return store().grants.issue(
        NAME, "access", before.handle, seconds=seconds, client_id=before.client_id,
        scopes=before.scopes, family=before.family, long=long, at=time.time(),
    )  # fmt: skip


def _bearer_of(made: Grant) -> Response:
    return say({"access_token": made.token, "token_type": "bearer", "expires_in": LONG_SECONDS})


@bp.get("/access_token")
@ROOM.operation("token")
def long() -> ResponseReturnValue:
    """A token of one hour → one of 60 days."""
    if request.args.get("grant_type") != "th_exchange_token":
        return error(100, "Invalid grant_type")
    if not _secret_fits():
        return error(101, "Error validating client secret.", kind="OAuthException")
    found = grant()
    closed = shut(found)
    if found is None or closed is not None:
        return closed or bad_token()
    if found.extras.get("long"):
        return error(452, "Session key invalid: the token is a long-lived one already.")
    return _bearer_of(_issue(found, LONG_SECONDS, long=True))


@bp.get("/refresh_access_token")
@ROOM.operation("token")
def refresh() -> ResponseReturnValue:
    """A living token of 60 days, at least a day old → another 60 days."""
    if request.args.get("grant_type") != "th_refresh_token":
        return error(100, "Invalid grant_type")
    if handle_of(token()):
        return say({"access_token": token(), "token_type": "bearer", "expires_in": LONG_SECONDS})
    found = grant()
    closed = shut(found)
    if found is None or closed is not None:
        return closed or bad_token()
    young = time.time() - float(found.extras.get("at", 0.0)) < AGE_SECONDS
    if young or not found.extras.get("long"):
        return error(100, "The token cannot be refreshed: it must be at least 24 hours old.")
    return _bearer_of(_issue(found, LONG_SECONDS, long=True))


@bp.get("/debug_token")
@bp.get("/v1.0/debug_token")
@ROOM.operation("token")
def inspect() -> ResponseReturnValue:
    """What a token may do; asked with the app's own."""
    if token() != _app_token():
        return bad_token()
    given = request.args.get("input_token", "")
    found = store().grants.find(NAME, "access", given)
    handle = handle_of(given) or (found.handle if found else "")
    data: dict[str, Any] = {"type": "USER", "application": "Carillon", "is_valid": False}
    if handle:
        data |= {
            "is_valid": found is None or found.live,
            "expires_at": int(found.expires) if found else 0,
            "issued_at": int(found.extras.get("at", 0)) if found else 0,
            "scopes": found.scopes if found else list(SCOPES),
            "user_id": store().accounts.get(NAME, handle).id,
        }
    return say({"data": data})
