"""OAuth of the played Pinterest: no PKCE, a confidential client, refresh tokens that rotate."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
import time
from urllib.parse import unquote, urlsplit

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.sandbox import consent
from app.sandbox.pinterest.desk import INVALID, NAME, ROOM, SCOPES, bp, no, say, signed_out
from app.sandbox.records import Grant
from app.sandbox.store import store

CODE_SECONDS = 600.0
ACCESS_SECONDS, REFRESH_SECONDS = 2_592_000, 5_184_000
CARRIED = ("client_id", "redirect_uri", "response_type", "scope", "state")


def _scopes(text: str) -> list[str]:
    """Comma-separated, as Pinterest writes them; spaces do too."""
    return [word for word in re.split(r"[,\s]+", text) if word]


def _mistake(asked: dict[str, str]) -> str:
    """What is wrong with a request to the consent page; ``""`` for nothing."""
    if asked.get("client_id") != ROOM.client_id:
        return "No app is registered under this client_id."
    uri = urlsplit(asked.get("redirect_uri", ""))
    if uri.scheme not in ("http", "https") or not uri.netloc or uri.fragment:
        return "The redirect_uri is not one of this app's."
    if asked.get("response_type") != "code":
        return "The response_type has to be code."
    scopes = _scopes(asked.get("scope", ""))
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        return f"The scope is missing or not known: {' '.join(unknown) or 'none given'}."
    return ""


@bp.get("/oauth/")
def authorize() -> ResponseReturnValue:
    """The consent page."""
    asked = {name: request.args[name] for name in CARRIED if name in request.args}
    mistake = _mistake(asked)
    return consent.problem(mistake) if mistake else _page(asked)


def _page(asked: dict[str, str], problem: str = "") -> Response:
    scopes = {scope: SCOPES[scope] for scope in _scopes(asked["scope"])}
    return consent.page(
        ROOM, client="Carillon", scopes=scopes, redirect_uri=asked["redirect_uri"], keep=asked,
        problem=problem,
    )  # fmt: skip


@bp.post("/oauth/")
def decide() -> ResponseReturnValue:
    """Allow or refuse."""
    decision = consent.answer()
    asked = {name: decision.kept[name] for name in CARRIED if name in decision.kept}
    mistake = _mistake(asked)
    if mistake:
        return consent.problem(mistake)
    uri, state = asked["redirect_uri"], asked.get("state", "")
    if not decision.allowed:
        return consent.back(uri, error="access_denied", state=state)
    if not decision.handle:
        return _page(asked, "Write a handle of letters and digits.")
    code = store().grants.issue(
        NAME, "code", decision.handle, seconds=CODE_SECONDS, client_id=asked["client_id"],
        scopes=_scopes(asked["scope"]), redirect_uri=uri,
    )  # fmt: skip
    store().accounts.get(NAME, decision.handle)
    return consent.back(uri, code=code.token, state=state)


def _client() -> bool:
    """Whether the app proved who it is, by HTTP Basic alone."""
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


@bp.post("/v5/oauth/token")
@ROOM.operation("token")
def token() -> ResponseReturnValue:
    """Code or refresh token → a new pair."""
    if not _client():
        return signed_out()
    kind = request.form.get("grant_type", "")
    grants = store().grants
    if kind == "authorization_code":
        found = grants.spend(NAME, "code", request.form.get("code", ""))
        if found is None or request.form.get("redirect_uri") != found.extras["redirect_uri"]:
            return no(400, INVALID, "The code is invalid or was made for another redirect_uri.")
        return _pair(found, found.scopes, kind)
    if kind == "refresh_token":
        found = grants.spend(NAME, "refresh", request.form.get("refresh_token", ""))
        if found is None:
            return no(400, INVALID, "The refresh token is invalid or has expired.")
        wanted = _scopes(request.form.get("scope", "")) or found.scopes
        return _pair(found, [scope for scope in wanted if scope in found.scopes], kind)
    return no(400, INVALID, f"Invalid request: grant_type {kind!r} does not match.")


def _pair(before: Grant, scopes: list[str], kind: str) -> Response:
    grants, about = store().grants, {"client_id": before.client_id, "family": before.family}
    access = grants.issue(
        NAME, "access", before.handle, seconds=ACCESS_SECONDS, scopes=scopes,
        token=f"pina_{secrets.token_urlsafe(48)}", **about,
    )  # fmt: skip
    refresh = grants.issue(
        NAME, "refresh", before.handle, seconds=REFRESH_SECONDS, scopes=before.scopes,
        token=f"pinr.{secrets.token_urlsafe(48)}", **about,
    )  # fmt: skip
    return say(
        {
            "response_type": kind, "access_token": access.token, "token_type": "bearer",
            "expires_in": ACCESS_SECONDS, "scope": " ".join(scopes),
            "refresh_token": refresh.token, "refresh_token_expires_in": REFRESH_SECONDS,
            "refresh_token_expires_at": int(time.time()) + REFRESH_SECONDS,
        }
    )  # fmt: skip


@bp.post("/v5/oauth/token/revoke")
def revoke() -> ResponseReturnValue:
    """There is such a path, but for system users' tokens alone."""
    return no(403, 29, "You are not permitted to access that resource.")
