"""Apps, the consent page, and tokens (§1)."""

from __future__ import annotations

import base64
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from app.sandbox import consent
from app.sandbox.mastodon import words
from app.sandbox.mastodon.desk import NAME, ROOM, covers, route, token
from app.sandbox.mastodon.server import SCOPES
from app.sandbox.records import Grant
from app.sandbox.store import store

CODE_SECONDS = 600
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
WORDS = {
    "profile": "See who you are",
    "read": "Read everything of your account",
    "read:accounts": "See who you are",
    "read:statuses": "Read your posts",
    "write": "Change everything of your account",
    "write:statuses": "Publish and delete posts",
    "write:media": "Upload pictures and videos",
    "follow": "Follow people",
    "push": "Send you notifications",
}
GRANT_REFUSED = (
    "The provided authorization grant is invalid, expired, revoked, does not match the "
    "redirection URI used in the authorization request, or was issued to another client."
)
CLIENT_REFUSED = (
    "Client authentication failed due to unknown client, no client authentication included, "
    "or unsupported authentication method."
)


def app_of(client_id: str) -> dict[str, Any] | None:
    """A registered app; the sandbox's own one may send people back to anywhere."""
    if client_id == ROOM.client_id:
        return {
            "id": "1", "name": "Sandbox app", "website": None, "scopes": SCOPES,
            "redirect_uris": [], "client_id": client_id, "client_secret": ROOM.client_secret,
        }  # fmt: skip
    return store().table("mastodon.apps").get(client_id)


def _given() -> dict[str, Any]:
    """The fields of a form or of a JSON object."""
    if request.is_json:
        found = request.get_json(silent=True)
        return found if isinstance(found, dict) else {}
    return {name: request.form[name] for name in request.form}


def _absolute(uri: str) -> bool:
    parts = urlsplit(uri)
    return uri == OUT_OF_BAND or bool(parts.scheme and parts.netloc and not parts.fragment)


@route("/api/v1/apps", "POST")
def register() -> ResponseReturnValue:
    given = _given()
    uris = given.get("redirect_uris") or ""
    listed = [str(uri) for uri in uris] if isinstance(uris, list) else str(uris).split()
    scopes = str(given.get("scopes") or "read").split()
    if not str(given.get("client_name") or "").strip():
        return words.no(422, "invalid", what="Application name")
    if not listed or not all(_absolute(uri) for uri in listed):
        return words.no(422, "invalid", what="Redirect URI")
    if not set(scopes) <= set(SCOPES):
        return words.no(422, "invalid", what="Scopes")
    website = str(given.get("website") or "") or None
    if website and urlsplit(website).scheme not in ("http", "https"):
        return words.no(422, "invalid", what="Website")
    app: dict[str, Any] = {
        "id": str(store().serial()), "name": str(given["client_name"]), "website": website,
        "scopes": scopes, "redirect_uris": listed,
        "client_id": secrets.token_urlsafe(32), "client_secret": secrets.token_urlsafe(32),
    }  # fmt: skip
    store().table("mastodon.apps").put(app["client_id"], app)
    return {
        **app,
        "redirect_uri": "\n".join(listed),
        "client_secret_expires_at": 0,
        "vapid_key": "",
    }


@route("/api/v1/apps/verify_credentials")
def verify_app() -> ResponseReturnValue:
    found = token()
    app = app_of(found.client_id) if found is not None and found.live else None
    if app is None:
        return words.no(401, "token_unknown")
    return {name: app[name] for name in ("id", "name", "website", "scopes", "redirect_uris")}


def _unfit(client_id: str, redirect_uri: str, scopes: list[str]) -> str:
    """Why nobody can be sent to consent, in a sentence; ``""`` when all is well."""
    app = app_of(client_id)
    if app is None:
        return "Client authentication failed due to unknown client."
    listed = app["redirect_uris"]
    if not _absolute(redirect_uri) or (listed and redirect_uri not in listed):
        return "The redirect URI included is not valid."
    if not scopes or not set(scopes) <= set(app["scopes"]):
        return "The requested scope is invalid, unknown, or malformed."
    return ""


@route("/oauth/authorize")
def authorize() -> ResponseReturnValue:
    """Who asks for what; the person says as whom, and yes or no."""
    asked = request.args
    uri, scopes = asked.get("redirect_uri", ""), asked.get("scope", "read").split()
    if sentence := _unfit(asked.get("client_id", ""), uri, scopes):
        return consent.problem(sentence)
    state = asked.get("state", "")
    if asked.get("response_type") != "code":
        return consent.back(uri, error="unsupported_response_type", state=state)
    if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
        return consent.back(uri, error="invalid_request", state=state)
    app = app_of(asked["client_id"]) or {}
    return consent.page(
        ROOM,
        client=app["name"],
        scopes={scope: WORDS.get(scope, scope) for scope in scopes},
        redirect_uri=uri,
        keep={
            name: asked.get(name, "")
            for name in ("client_id", "redirect_uri", "scope", "state", "code_challenge")
        },
        hint=asked.get("login_hint", ""),
    )


@route("/oauth/authorize", "POST")
def decide() -> ResponseReturnValue:
    decision = consent.answer()
    kept = decision.kept
    uri, scopes = kept.get("redirect_uri", ""), kept.get("scope", "").split() or ["read"]
    if sentence := _unfit(kept.get("client_id", ""), uri, scopes):
        return consent.problem(sentence)
    if not decision.allowed:
        return consent.back(
            uri, error="access_denied", state=kept.get("state", ""),
            error_description="The resource owner or authorization server denied the request.",
        )  # fmt: skip
    if not decision.handle:
        return consent.problem("Go back and name the account to use.", 422)
    code = store().grants.issue(
        NAME, "code", decision.handle, seconds=CODE_SECONDS, client_id=kept["client_id"],
        scopes=scopes, redirect_uri=uri, challenge=kept.get("code_challenge", ""),
    )  # fmt: skip
    if uri == OUT_OF_BAND:
        return Response(
            f"Copy this code into the application: {code.token}\n", mimetype="text/plain"
        )
    return consent.back(uri, code=code.token, state=kept.get("state", ""))


def _client() -> dict[str, Any] | None:
    """The app that authenticates itself by header or by fields."""
    client_id = request.form.get("client_id", "")
    secret = request.form.get("client_secret", "")
    kind, _, packed = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(packed).decode().partition(":")
        except ValueError:
            return None
    app = app_of(client_id)
    if app is None or not secrets.compare_digest(app["client_secret"].encode(), secret.encode()):
        return None
    return app


@route("/oauth/token", "POST")
@ROOM.operation("token")
def exchange() -> ResponseReturnValue:
    app = _client()
    if app is None:
        return words.oauth_no(401, "invalid_client", CLIENT_REFUSED)
    kind = request.form.get("grant_type", "")
    if kind == "client_credentials":
        return _token(app, "", ["read"])
    if kind != "authorization_code":
        return words.oauth_no(
            400, "unsupported_grant_type", "The authorization grant type is not supported."
        )
    # Looked at before it is spent: a stranger's attempt must not use up somebody's code.
    found = store().grants.find(NAME, "code", request.form.get("code", ""))
    if found is None or not _fits(found, app):
        return words.oauth_no(400, "invalid_grant", GRANT_REFUSED)
    spent = store().grants.spend(NAME, "code", found.token)
    if spent is None:
        return words.oauth_no(400, "invalid_grant", GRANT_REFUSED)
    return _token(app, spent.handle, spent.scopes, spent.family)


def _fits(code: Grant, app: dict[str, Any]) -> bool:
    """Same app, same redirect URI, and the verifier of the challenge (RFC 7636)."""
    if code.client_id != app["client_id"]:
        return False
    if code.extras["redirect_uri"] != request.form.get("redirect_uri", ""):
        return False
    challenge = code.extras["challenge"]
    verifier = request.form.get("code_verifier", "")
    return not challenge or consent.proves(verifier, challenge, "S256")


def _token(app: dict[str, Any], handle: str, scopes: list[str], family: str = "") -> Response:
    """Tokens last until revoked: no ``expires_in``, no refresh token."""
    wanted = request.form.get("scope", "").split()
    granted = [s for s in wanted if covers(app["scopes"], s)] if not handle and wanted else scopes
    made = store().grants.issue(
        NAME, "access", handle, client_id=app["client_id"], scopes=granted, family=family,
        app_name=app["name"], app_website=app["website"],
    )  # fmt: skip
    response = jsonify(
        access_token=made.token, token_type="Bearer", scope=" ".join(granted),
        created_at=int(time.time()),
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response


@route("/oauth/revoke", "POST")
@ROOM.operation("token")
def revoke() -> ResponseReturnValue:
    """Only the app a token was issued to may end it; one that is gone is no error."""
    app = _client()
    sent = request.form.get("token", "")
    found = store().grants.find(NAME, "access", sent)
    foreign = found is not None and app is not None and found.client_id != app["client_id"]
    if app is None or foreign or sent.startswith("sandbox-"):
        return words.oauth_no(
            403, "unauthorized_client", "You are not authorized to revoke this token"
        )
    if found is not None and found.live:
        store().grants.end(found)
    return {}
