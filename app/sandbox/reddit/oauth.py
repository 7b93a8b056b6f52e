"""OAuth 2 of the played Reddit: no PKCE, HTTP Basic, refresh tokens that stay (§1)."""

from __future__ import annotations

import base64
import binascii
import hmac
from urllib.parse import unquote, urlsplit

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.sandbox import consent
from app.sandbox.records import Grant
from app.sandbox.reddit.desk import (
    NAME,
    ROOM,
    SCOPES,
    bad_grant,
    blocked,
    bp,
    plain_error,
    say,
)
from app.sandbox.store import store

CODE_SECONDS, ACCESS_SECONDS = 600.0, 86_400
CARRIED = ("client_id", "redirect_uri", "scope", "state", "duration")


def _mistake(asked: dict[str, str]) -> str:
    """What is wrong with a request to the consent page, in a sentence; ``""`` for nothing."""
    if asked.get("client_id") != ROOM.client_id:
        return "No app is registered under this client_id."
    uri = urlsplit(asked.get("redirect_uri", ""))
    if uri.scheme not in ("http", "https") or not uri.netloc or uri.fragment:
        return "The redirect_uri is not the one of this app."
    if not asked.get("state"):
        return "The state is missing."
    if asked.get("duration", "temporary") not in ("temporary", "permanent"):
        return "The duration has to be temporary or permanent."
    scopes = asked.get("scope", "").replace(",", " ").split()
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        return f"The scope is missing or not known: {' '.join(unknown) or 'none given'}."
    return ""


@bp.get("/api/v1/authorize")
def authorize() -> ResponseReturnValue:
    """The consent page."""
    asked = {name: request.args[name] for name in CARRIED if name in request.args}
    if request.args.get("response_type") != "code":
        return consent.problem("The response_type has to be code.")
    mistake = _mistake(asked)
    return consent.problem(mistake) if mistake else _page(asked)


def _page(asked: dict[str, str], problem: str = "") -> ResponseReturnValue:
    scopes = {scope: SCOPES[scope] for scope in asked["scope"].replace(",", " ").split()}
    return consent.page(
        ROOM, client="Carillon", scopes=scopes, redirect_uri=asked["redirect_uri"], keep=asked,
        problem=problem,
    )  # fmt: skip


@bp.post("/api/v1/authorize")
def decide() -> ResponseReturnValue:
    """Allow or refuse."""
    decision = consent.answer()
    asked = {name: decision.kept[name] for name in CARRIED if name in decision.kept}
    mistake = _mistake(asked)
    if mistake:
        return consent.problem(mistake)
    uri, state = asked["redirect_uri"], asked["state"]
    if not decision.allowed:
        return consent.back(uri, error="access_denied", state=state)
    if not decision.handle:
        return _page(asked, "Write a username of letters, digits and underscores.")
    code = store().grants.issue(
        NAME, "code", decision.handle, seconds=CODE_SECONDS, client_id=asked["client_id"],
        scopes=asked["scope"].replace(",", " ").split(), redirect_uri=uri,
        permanent=asked.get("duration") == "permanent",
    )  # fmt: skip
    store().accounts.get(NAME, decision.handle)
    return consent.back(uri, state=state, code=code.token)


def _is_client() -> bool:
    """Whether the caller proved by HTTP Basic to be the registered app."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return False
    try:
        pair = base64.b64decode(given, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return False
    name, _, secret = (unquote(part) for part in pair.partition(":"))
    return name == ROOM.client_id and hmac.compare_digest(
        secret.encode(), ROOM.client_secret.encode()
    )


def _door() -> Response | None:
    if (turned := blocked()) is not None:
        return turned
    return None if _is_client() else plain_error(401, "Unauthorized")


@bp.post("/api/v1/access_token")
@ROOM.operation("token")
def token() -> ResponseReturnValue:
    """Code or refresh token → an access token."""
    if (no := _door()) is not None:
        return no
    kind = request.form.get("grant_type", "")
    if kind == "authorization_code":
        return _from_code()
    if kind == "refresh_token":
        return _from_refresh()
    return say({"error": "unsupported_grant_type"})


def _from_code() -> ResponseReturnValue:
    found = store().grants.spend(NAME, "code", request.form.get("code", ""))
    if found is None or request.form.get("redirect_uri") != found.extras["redirect_uri"]:
        return bad_grant()
    body = _access(found)
    if found.extras.get("permanent"):
        refresh = store().grants.issue(
            NAME, "refresh", found.handle, client_id=found.client_id, scopes=found.scopes,
            family=found.family,
        )  # fmt: skip
        body["refresh_token"] = refresh.token
    return say(body)


def _from_refresh() -> ResponseReturnValue:
    """The refresh token stays, and none comes back with the answer."""
    found = store().grants.find(NAME, "refresh", request.form.get("refresh_token", ""))
    if found is None or not found.live:
        return plain_error(400, "Bad Request")
    return say(_access(found))


def _access(before: Grant) -> dict[str, object]:
    access = store().grants.issue(
        NAME, "access", before.handle, seconds=ACCESS_SECONDS, client_id=before.client_id,
        scopes=before.scopes, family=before.family,
    )  # fmt: skip
    return {
        "access_token": access.token, "token_type": "bearer", "expires_in": ACCESS_SECONDS,
        "scope": " ".join(before.scopes),
    }  # fmt: skip


@bp.post("/api/v1/revoke_token")
@ROOM.operation("token")
def revoke() -> ResponseReturnValue:
    """204 whatever was given; a refresh token takes its access tokens with it."""
    if (no := _door()) is not None:
        return no
    given, grants = request.form.get("token", ""), store().grants
    refresh, access = grants.find(NAME, "refresh", given), grants.find(NAME, "access", given)
    if refresh is not None:
        grants.end_family(NAME, refresh.family)
    elif access is not None:
        grants.end(access)
    return "", 204
