"""Login Kit of the played TikTok: ``client_key``, commas, and a challenge in hex."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox import consent
from app.sandbox.records import Grant, stable_number
from app.sandbox.store import store
from app.sandbox.tiktok.desk import NAME, ROOM, SCOPES, bp, say, token_error

CODE_SECONDS = 600.0
ACCESS_SECONDS, REFRESH_SECONDS = 86_400, 31_536_000
LOOPBACK = ("127.0.0.1", "localhost", "::1")
CARRIED = (
    "client_key", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"
)  # fmt: skip


def open_id(handle: str) -> str:
    """An account's id for this app."""
    return f"-000{stable_number(NAME, 'open_id', handle.lower())}"


def _mistake(asked: dict[str, str]) -> str:
    """What is wrong with a request to the consent page, in a sentence; ``""`` for nothing."""
    if asked.get("client_key") != ROOM.client_id:
        return "No app is registered under this client_key."
    uri = urlsplit(asked.get("redirect_uri", ""))
    local = uri.hostname in LOOPBACK
    if not uri.netloc or uri.fragment or uri.query or uri.scheme not in ("https", "http"):
        return "The redirect_uri is not one of this app's."
    if uri.scheme == "http" and not local:
        return "The redirect_uri has to begin with https."
    if not asked.get("state"):
        return "The state is missing."
    if (local or "code_challenge" in asked) and not asked.get("code_challenge"):
        return "The code_challenge is missing: this kind of redirect_uri needs PKCE."
    if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
        return "The code_challenge_method has to be S256."
    scopes = asked.get("scope", "").split(",")
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        return f"The scope is missing or not known: {' '.join(unknown) or 'none given'}."
    return ""


@bp.get("/v2/auth/authorize/")
def authorize() -> ResponseReturnValue:
    """The consent page."""
    asked = {name: request.args[name] for name in CARRIED if name in request.args}
    if request.args.get("response_type") != "code":
        return consent.problem("The response_type has to be code.")
    mistake = _mistake(asked)
    return consent.problem(mistake) if mistake else _page(asked)


def _page(asked: dict[str, str], problem: str = "") -> ResponseReturnValue:
    scopes = {scope: SCOPES[scope] for scope in asked["scope"].split(",")}
    return consent.page(
        ROOM, client="Carillon", scopes=scopes, redirect_uri=asked["redirect_uri"], keep=asked,
        problem=problem,
    )  # fmt: skip


@bp.post("/v2/auth/authorize/")
def decide() -> ResponseReturnValue:
    """Allow or refuse; an account's ``grants`` are the scopes it ticks."""
    decision = consent.answer()
    asked = {name: decision.kept[name] for name in CARRIED if name in decision.kept}
    mistake = _mistake(asked)
    if mistake:
        return consent.problem(mistake)
    uri, state = asked["redirect_uri"], asked["state"]
    if not decision.allowed:
        return consent.back(
            uri, error="access_denied", error_description="User canceled the authorization",
            state=state,
        )  # fmt: skip
    if not decision.handle:
        return _page(asked, "Write a handle of letters, digits and underscores.")
    account = store().accounts.get(NAME, decision.handle)
    ticked = str(account.extras.get("grants") or asked["scope"]).split(",")
    scopes = [scope for scope in asked["scope"].split(",") if scope in ticked]
    code = store().grants.issue(
        NAME, "code", decision.handle, seconds=CODE_SECONDS, client_id=asked["client_key"],
        token=f"{secrets.token_urlsafe(24)}*0!{secrets.randbelow(9000) + 1000}.e1",
        scopes=scopes, redirect_uri=uri, challenge=asked.get("code_challenge", ""),
    )  # fmt: skip
    return consent.back(uri, code=code.token, scopes=",".join(scopes), state=state)


def _known_client() -> bool:
    given = request.form.get("client_secret", "")
    right = hmac.compare_digest(given.encode(), ROOM.client_secret.encode())
    return right and request.form.get("client_key") == ROOM.client_id


@bp.post("/v2/oauth/token/")
@ROOM.operation("token")
def token() -> ResponseReturnValue:
    """Code or refresh token → tokens. Refresh is refused with status 200, as reported."""
    if not _known_client():
        return token_error("invalid_client", "Client key or secret is incorrect.", 401)
    kind = request.form.get("grant_type", "")
    if kind == "authorization_code":
        return _from_code()
    if kind == "refresh_token":
        found = store().grants.spend(NAME, "refresh", request.form.get("refresh_token", ""))
        if found is None:
            return token_error("invalid_grant", "Refresh token is invalid or expired.", 200)
        return _pair(found)
    return token_error("unsupported_grant_type", "The grant type is not supported.")


def _from_code() -> ResponseReturnValue:
    found = store().grants.spend(NAME, "code", request.form.get("code", ""))
    if found is None:
        return token_error("invalid_grant", "Authorization code is expired.")
    if request.form.get("redirect_uri") != found.extras["redirect_uri"]:
        return token_error("invalid_grant", "Redirect_uri is not matched with the uri of the code.")
    challenge = str(found.extras["challenge"])
    if challenge:
        made = hashlib.sha256(request.form.get("code_verifier", "").encode()).hexdigest()
        if not hmac.compare_digest(made.encode(), challenge.encode()):
            return token_error("invalid_grant", "Code verifier or code challenge is invalid.")
    return _pair(found)


def _pair(before: Grant) -> ResponseReturnValue:
    grants = store().grants
    pair = {
        kind: grants.issue(
            NAME, kind, before.handle, seconds=seconds, client_id=before.client_id,
            token=f"{prefix}.{secrets.token_urlsafe(32)}", scopes=before.scopes,
            family=before.family,
        ).token
        for kind, prefix, seconds in (
            ("access", "act", ACCESS_SECONDS), ("refresh", "rft", REFRESH_SECONDS),
        )
    }  # fmt: skip
    return say(
        {
            "open_id": open_id(before.handle), "scope": ",".join(before.scopes),
            "access_token": pair["access"], "expires_in": ACCESS_SECONDS,
            "refresh_token": pair["refresh"], "refresh_expires_in": REFRESH_SECONDS,
            "token_type": "Bearer",
        }
    )  # fmt: skip


@bp.post("/v2/oauth/revoke/")
@ROOM.operation("token")
def revoke() -> ResponseReturnValue:
    """End the access with everything that came from the same consent. Pasted ones stay."""
    if not _known_client():
        return token_error("invalid_client", "Client key or secret is incorrect.", 401)
    given = request.form.get("token", "")
    found = store().grants.find(NAME, "access", given)
    if found is None:
        return token_error("invalid_request", "The token is not valid.")
    store().grants.end_family(NAME, found.family)
    return say({})
