"""OAuth 2 of the played LinkedIn: codes of half an hour, tokens of 60 days, no PKCE."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox import consent
from app.sandbox.linkedin.words import MEMBER_SCOPES, NAME, ROOM, SCOPES, bp, say, token_error
from app.sandbox.records import Grant
from app.sandbox.room import handle_of
from app.sandbox.store import store

CODE_SECONDS = 30 * 60.0
ACCESS_SECONDS = 60 * 24 * 3600
REFRESH_SECONDS = 365 * 24 * 3600
CARRIED = ("client_id", "redirect_uri", "scope", "state")


@dataclass(frozen=True)
class App:
    """An app registered here."""

    secret: str
    scopes: frozenset[str]
    refreshes: bool = False


SELF_SERVE, PARTNER = f"{ROOM.client_id}-selfserve", f"{ROOM.client_id}-partner"
APPS = {
    ROOM.client_id: App(ROOM.client_secret, frozenset(SCOPES)),
    PARTNER: App(f"{PARTNER}-secret", frozenset(SCOPES), refreshes=True),
    SELF_SERVE: App(f"{SELF_SERVE}-secret", frozenset(MEMBER_SCOPES)),
}


def _mistake(asked: dict[str, str]) -> str:
    """Why nobody can be sent back, in a sentence; ``""`` for nothing."""
    if asked.get("client_id") not in APPS:
        return "The passed in client_id is invalid."
    uri = urlsplit(asked.get("redirect_uri", ""))
    if uri.scheme not in ("http", "https") or not uri.netloc or uri.fragment:
        return "The redirect_uri does not match the registered value."
    return ""


@bp.get("/oauth/v2/authorization")
def authorize() -> ResponseReturnValue:
    """The consent page; a scope the app does not have ends it."""
    asked = {name: request.args[name] for name in CARRIED if name in request.args}
    mistake = _mistake(asked)
    if mistake:
        return consent.problem(mistake)
    uri, state = asked["redirect_uri"], asked.get("state", "")
    if request.args.get("response_type") != "code":
        return consent.back(uri, error="unsupported_response_type", state=state)
    scopes = asked.get("scope", "").split()
    lacking = [scope for scope in scopes if scope not in APPS[asked["client_id"]].scopes]
    if lacking or not scopes:
        return consent.back(
            uri, error="unauthorized_scope_error", state=state,
            error_description=f"Scope {lacking[:1]} is not authorized for your application",
        )  # fmt: skip
    return _page(asked)


def _page(asked: dict[str, str], problem: str = "") -> ResponseReturnValue:
    scopes = {scope: SCOPES[scope] for scope in asked["scope"].split() if scope in SCOPES}
    return consent.page(
        ROOM, client="Carillon", scopes=scopes, redirect_uri=asked["redirect_uri"], keep=asked,
        problem=problem,
    )  # fmt: skip


@bp.post("/oauth/v2/authorization")
def decide() -> ResponseReturnValue:
    """Allow or refuse."""
    decision = consent.answer()
    asked = {name: decision.kept[name] for name in CARRIED if name in decision.kept}
    mistake = _mistake(asked)
    scopes = asked.get("scope", "").split()
    if mistake or not set(scopes) <= APPS[asked["client_id"]].scopes:
        return consent.problem(mistake or "A scope is not authorized for the application.")
    uri, state = asked["redirect_uri"], asked.get("state", "")
    if not decision.allowed:
        return consent.back(
            uri, error="user_cancelled_authorize", state=state,
            error_description="The user cancelled the authorization",
        )  # fmt: skip
    if not decision.handle:
        return _page(asked, "Write a handle of letters, digits and dots.")
    code = store().grants.issue(
        NAME, "code", decision.handle, seconds=CODE_SECONDS, client_id=asked["client_id"],
        scopes=scopes, redirect_uri=uri,
    )  # fmt: skip
    store().accounts.get(NAME, decision.handle)
    return consent.back(uri, code=code.token, state=state)


def _client() -> str:
    """The app that is asking, its secret in the body; ``""`` where it is not right."""
    name, given = request.form.get("client_id", ""), request.form.get("client_secret", "")
    app = APPS.get(name)
    right = app is not None and hmac.compare_digest(given.encode(), app.secret.encode())
    return name if right else ""


def _stranger() -> ResponseReturnValue:
    return token_error("invalid_client", "Client authentication failed", 401)


@bp.post("/oauth/v2/accessToken")
@ROOM.operation("token")
def token() -> ResponseReturnValue:
    """Code or refresh token → access token."""
    if request.mimetype != "application/x-www-form-urlencoded":
        return token_error("invalid_request", "Send a form.")
    name = _client()
    if not name:
        return _stranger()
    kind = request.form.get("grant_type", "")
    if kind == "authorization_code":
        return _from_code(name)
    if kind == "refresh_token":
        return _from_refresh(name)
    return token_error("unsupported_grant_type", f"Grant type {kind!r} is not supported")


def _from_code(name: str) -> ResponseReturnValue:
    found = store().grants.spend(NAME, "code", request.form.get("code", ""))
    if found is None or found.client_id != name:
        return token_error("invalid_grant", "The authorization code is not found or is expired")
    if request.form.get("redirect_uri") != found.extras["redirect_uri"]:
        return token_error("invalid_redirect_uri", "The redirect uri does not match the code")
    return _answer(found, time.time() + REFRESH_SECONDS, "")


def _from_refresh(name: str) -> ResponseReturnValue:
    given = request.form.get("refresh_token", "")
    found = store().grants.find(NAME, "refresh", given)
    if found is None or not found.live or found.client_id != name:
        return token_error(
            "invalid_grant",
            "The provided authorization grant or refresh token is invalid, expired or revoked.",
        )
    return _answer(found, found.expires, given)


def _answer(before: Grant, until: float, refresh: str) -> ResponseReturnValue:
    """The refresh token stays the same, and so does its end: a year after the consent."""
    grants = store().grants
    access = grants.issue(
        NAME, "access", before.handle, seconds=ACCESS_SECONDS, client_id=before.client_id,
        scopes=before.scopes, family=before.family,
    )  # fmt: skip
    answer = {
        "access_token": access.token, "expires_in": ACCESS_SECONDS,
        "scope": ",".join(before.scopes), "token_type": "Bearer",
    }  # fmt: skip
    if APPS[before.client_id].refreshes:
        if not refresh:
            refresh = grants.issue(
                NAME, "refresh", before.handle, seconds=REFRESH_SECONDS,
                client_id=before.client_id, scopes=before.scopes, family=before.family,
            ).token  # fmt: skip
        answer |= {
            "refresh_token": refresh, "refresh_token_expires_in": int(until - time.time())
        }  # fmt: skip
    return say(answer)


@bp.post("/oauth/v2/revoke")
@ROOM.operation("token")
def revoke() -> ResponseReturnValue:
    """End a token, and what came from the same consent. Pasted ones stay."""
    name = _client()
    if not name:
        return _stranger()
    given = request.form.get("token", "")
    found = store().grants.find(NAME, "access", given) or store().grants.find(
        NAME, "refresh", given
    )
    if found is None or found.client_id != name:
        return token_error("invalid_request", "Invalid token")
    store().grants.end_family(NAME, found.family)
    return say(None)


@bp.post("/oauth/v2/introspectToken")
@ROOM.operation("account")
def introspect() -> ResponseReturnValue:
    """What a token is good for."""
    name = _client()
    if not name:
        return _stranger()
    given = request.form.get("token", "")
    pasted = handle_of(given)
    if pasted:
        own = store().accounts.get(NAME, pasted).extras.get("scopes")
        scopes = list(SCOPES if own is None else own)
        return say({"active": True, "status": "active", "scope": ",".join(scopes)})
    found = store().grants.find(NAME, "access", given)
    if found is None or found.client_id != name or not found.live:
        over = found is not None and not found.ended
        return say({"active": False, "status": "expired" if over else "revoked"})
    return say(
        {
            "active": True, "status": "active", "client_id": name, "auth_type": "3L",
            "expires_at": int(found.expires), "scope": ",".join(found.scopes),
        }
    )  # fmt: skip
