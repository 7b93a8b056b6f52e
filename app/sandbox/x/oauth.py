"""OAuth 2 of the played X: authorization code with PKCE, rotating refresh tokens."""

from __future__ import annotations

import base64
import binascii
import hmac
from urllib.parse import unquote, urlsplit

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox import consent
from app.sandbox.records import Grant
from app.sandbox.store import store
from app.sandbox.x.desk import NAME, ROOM, SCOPES, bp, say, token_error

CODE_SECONDS = 30.0
ACCESS_SECONDS = 7200
PUBLIC_CLIENT = f"sandbox-{NAME}-public"
CLIENTS = {ROOM.client_id: ROOM.client_secret, PUBLIC_CLIENT: ""}
CARRIED = (
    "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"
)  # fmt: skip


def _mistake(asked: dict[str, str]) -> str:
    """What is wrong with a request to the consent page, in a sentence; ``""`` for nothing."""
    if asked.get("client_id") not in CLIENTS:
        return "No app is registered under this client_id."
    uri = urlsplit(asked.get("redirect_uri", ""))
    if uri.scheme not in ("http", "https") or not uri.netloc or uri.fragment:
        return "The redirect_uri is not one of this app's."
    if request.args.get("response_type", "code") != "code":
        return "The response_type has to be code."
    if not 0 < len(asked.get("state", "")) <= 500:
        return "The state has to be 1 to 500 characters long."
    if not asked.get("code_challenge"):
        return "The code_challenge is missing: PKCE is required."
    if asked.get("code_challenge_method") not in ("S256", "plain"):
        return "The code_challenge_method has to be S256 or plain."
    scopes = asked.get("scope", "").split()
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        return f"The scope is missing or not known: {' '.join(unknown) or 'none given'}."
    return ""


@bp.get("/i/oauth2/authorize")
def authorize() -> ResponseReturnValue:
    """The consent page."""
    asked = {name: request.args[name] for name in CARRIED if name in request.args}
    if request.args.get("response_type") != "code":
        return consent.problem("The response_type has to be code.")
    mistake = _mistake(asked)
    if mistake:
        return consent.problem(mistake)
    return _page(asked)


def _page(asked: dict[str, str], problem: str = "") -> ResponseReturnValue:
    scopes = {scope: SCOPES[scope] for scope in asked["scope"].split()}
    return consent.page(
        ROOM, client="Carillon", scopes=scopes, redirect_uri=asked["redirect_uri"], keep=asked,
        problem=problem,
    )  # fmt: skip


@bp.post("/i/oauth2/authorize")
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
        return _page(asked, "Write a handle of letters, digits and underscores.")
    code = store().grants.issue(
        NAME, "code", decision.handle, seconds=CODE_SECONDS, client_id=asked["client_id"],
        scopes=asked["scope"].split(), redirect_uri=uri, challenge=asked["code_challenge"],
        method=asked["code_challenge_method"],
    )  # fmt: skip
    store().accounts.get(NAME, decision.handle)
    return consent.back(uri, state=state, code=code.token)


def _client() -> str:
    """The client that is asking, or ``""`` where it did not prove who it is."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            pair = base64.b64decode(given, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
        name, _, secret = (unquote(part) for part in pair.partition(":"))
        wanted = CLIENTS.get(name, "")
        right = bool(wanted) and hmac.compare_digest(secret.encode(), wanted.encode())
        return name if right else ""
    name = request.form.get("client_id", "")
    return name if CLIENTS.get(name) == "" else ""


@bp.post("/2/oauth2/token")
@ROOM.operation("token")
def token() -> ResponseReturnValue:
    """Code or refresh token → a new pair."""
    client = _client()
    if not client:
        return say(
            {
                "error": "unauthorized_client",
                "error_description": "Missing valid authorization header",
            },
            401,
        )
    kind = request.form.get("grant_type", "")
    if kind == "authorization_code":
        return _from_code(client)
    if kind == "refresh_token":
        return _from_refresh(client)
    return token_error("unsupported_grant_type", "the grant type")


def _from_code(client: str) -> ResponseReturnValue:
    found = store().grants.spend(NAME, "code", request.form.get("code", ""))
    if found is None or found.client_id != client:
        return token_error("invalid_request", "the authorization code")
    if request.form.get("redirect_uri") != found.extras["redirect_uri"]:
        return token_error("invalid_request", "the redirect uri")
    verifier = request.form.get("code_verifier", "")
    if not consent.proves(verifier, found.extras["challenge"], found.extras["method"]):
        return token_error("invalid_request", "the code verifier")
    return _pair(found)


def _from_refresh(client: str) -> ResponseReturnValue:
    found = store().grants.spend(NAME, "refresh", request.form.get("refresh_token", ""))
    if found is None or found.client_id != client:
        return token_error("invalid_request", "the token")
    return _pair(found)


def _pair(before: Grant) -> ResponseReturnValue:
    grants = store().grants
    access = grants.issue(
        NAME, "access", before.handle, seconds=ACCESS_SECONDS, client_id=before.client_id,
        scopes=before.scopes, family=before.family,
    )  # fmt: skip
    answer = {
        "token_type": "bearer", "expires_in": ACCESS_SECONDS, "access_token": access.token,
        "scope": " ".join(before.scopes),
    }  # fmt: skip
    if "offline.access" in before.scopes:
        refresh = grants.issue(
            NAME, "refresh", before.handle, client_id=before.client_id, scopes=before.scopes,
            family=before.family,
        )  # fmt: skip
        answer["refresh_token"] = refresh.token
    return say(answer)


@bp.post("/2/oauth2/revoke")
@ROOM.operation("token")
def revoke() -> ResponseReturnValue:
    """End a token; a refresh token takes its whole consent with it. Pasted ones stay."""
    client = _client()
    if not client:
        return say({"error": "unauthorized_client"}, 401)
    given = request.form.get("token", "")
    if not given:
        return token_error("invalid_request", "the token")
    grants = store().grants
    refresh = grants.find(NAME, "refresh", given)
    access = grants.find(NAME, "access", given)
    if refresh is not None and refresh.client_id == client:
        grants.end_family(NAME, refresh.family)
    elif access is not None and access.client_id == client:
        grants.end(access)
    return say({"revoked": True})
