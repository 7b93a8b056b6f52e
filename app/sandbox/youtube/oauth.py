"""Google's OAuth 2 as it is played here: code with PKCE if wanted, refresh tokens that stay."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox import consent
from app.sandbox.records import Grant
from app.sandbox.room import handle_of
from app.sandbox.store import Table, store
from app.sandbox.youtube.desk import NAME, ROOM, SCOPES, bp, say, token_error

CODE_SECONDS = 600.0
ACCESS_SECONDS = 3599
CARRIED = (
    "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method",
    "access_type", "prompt",
)  # fmt: skip


def _mistake(asked: dict[str, str]) -> str:
    """What is wrong with a request to the consent page, in a sentence; ``""`` for nothing."""
    if asked.get("client_id") != ROOM.client_id:
        return "Error 401: invalid_client. The OAuth client was not found."
    uri = urlsplit(asked.get("redirect_uri", ""))
    if uri.scheme not in ("http", "https") or not uri.netloc or uri.fragment:
        return "Error 400: redirect_uri_mismatch"
    scopes = asked.get("scope", "").split()
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if not scopes:
        return "Error 400: invalid_request. Missing required parameter: scope"
    if unknown:
        return f"Error 400: invalid_scope. Some requested scopes were invalid: {unknown}"
    if asked.get("access_type", "online") not in ("online", "offline"):
        return "Error 400: invalid_request. Invalid parameter value for access_type"
    method = asked.get("code_challenge_method", "plain")
    if asked.get("code_challenge") and method not in ("S256", "plain"):
        return "Error 400: invalid_request. Invalid code_challenge_method"
    return ""


@bp.get("/o/oauth2/v2/auth")
def authorize() -> ResponseReturnValue:
    """The consent page, account choice included."""
    asked = {name: request.args[name] for name in CARRIED if name in request.args}
    if request.args.get("response_type") != "code":
        return consent.problem("Error 400: unsupported_response_type")
    mistake = _mistake(asked)
    return consent.problem(mistake) if mistake else _page(asked)


def _page(asked: dict[str, str], problem: str = "") -> ResponseReturnValue:
    scopes = {scope: SCOPES[scope] for scope in asked["scope"].split()}
    return consent.page(
        ROOM, client="Carillon", scopes=scopes, redirect_uri=asked["redirect_uri"], keep=asked,
        problem=problem,
    )  # fmt: skip


@bp.post("/o/oauth2/v2/auth")
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
        return _page(asked, "Choose a channel: letters, digits, dots and underscores.")
    account = store().accounts.get(NAME, decision.handle)
    unticked = set(account.extras.get("unticked", ()))
    scopes = [scope for scope in asked["scope"].split() if scope not in unticked]
    before = _consented(decision.handle)
    offline = asked.get("access_type") == "offline"
    code = store().grants.issue(
        NAME, "code", decision.handle, seconds=CODE_SECONDS, client_id=asked["client_id"],
        scopes=scopes, redirect_uri=uri, challenge=asked.get("code_challenge", ""),
        method=asked.get("code_challenge_method", "plain"),
        refresh=offline and ("consent" in asked.get("prompt", "").split() or not before),
    )  # fmt: skip
    return consent.back(uri, state=state, code=code.token, scope=" ".join(scopes))


def _consents() -> Table:
    """Who agreed, with the families of their grants."""
    return store().table("youtube.consents")


def _consented(handle: str) -> bool:
    """Whether the person agreed before: then a refresh token comes only with another consent."""
    return _consents().get(handle.lower()) is not None


@bp.post("/token")
@ROOM.operation("token")
def token() -> ResponseReturnValue:
    """Code or refresh token → an access token."""
    known = request.form.get("client_id", "") == ROOM.client_id
    secret = request.form.get("client_secret", "")
    if not known:
        return token_error("invalid_client", "The OAuth client was not found.", 401)
    if not hmac.compare_digest(secret.encode(), ROOM.client_secret.encode()):
        return token_error("invalid_client", "Unauthorized", 401)
    kind = request.form.get("grant_type", "")
    if kind == "authorization_code":
        return _from_code()
    if kind == "refresh_token":
        return _from_refresh()
    return token_error("unsupported_grant_type", f"Invalid grant_type: {kind}")


def _from_code() -> ResponseReturnValue:
    found = store().grants.spend(NAME, "code", request.form.get("code", ""))
    if found is None:
        return token_error("invalid_grant", "Bad Request")
    if request.form.get("redirect_uri") != found.extras["redirect_uri"]:
        return token_error("redirect_uri_mismatch", "Bad Request")
    challenge, verifier = found.extras["challenge"], request.form.get("code_verifier", "")
    if challenge and not consent.proves(verifier, challenge, found.extras["method"]):
        return token_error("invalid_grant", "Invalid code verifier.")
    if verifier and not challenge:
        return token_error("invalid_grant", "code_verifier or verifier is not needed.")
    with store().lock:
        families = _consents().get(found.handle.lower()) or {"families": []}
        kept = [*families["families"], found.family]
        _consents().put(found.handle.lower(), {"families": kept})
    refresh = ""
    if found.extras["refresh"]:
        refresh = store().grants.issue(
            NAME, "refresh", found.handle, client_id=found.client_id, scopes=found.scopes,
            family=found.family,
        ).token  # fmt: skip
    return _answer(found, refresh)


def _from_refresh() -> ResponseReturnValue:
    """A refresh token stays good; the answer does not repeat it."""
    found = store().grants.find(NAME, "refresh", request.form.get("refresh_token", ""))
    if found is None or not found.live:
        return token_error("invalid_grant", "Token has been expired or revoked.")
    return _answer(found)


def _answer(before: Grant, refresh: str = "") -> ResponseReturnValue:
    access = store().grants.issue(
        NAME, "access", before.handle, seconds=ACCESS_SECONDS, client_id=before.client_id,
        scopes=before.scopes, family=before.family,
    )  # fmt: skip
    answer = {
        "access_token": access.token, "expires_in": ACCESS_SECONDS,
        "scope": " ".join(before.scopes), "token_type": "Bearer",
    }  # fmt: skip
    if refresh:
        answer["refresh_token"] = refresh
    response = say(answer)
    response.headers["Cache-Control"] = "no-cache, no-store, max-age=0, must-revalidate"
    return response


@bp.post("/revoke")
@ROOM.operation("token")
def revoke() -> ResponseReturnValue:
    """End everything this person gave this app; pasted tokens stay."""
    given = request.form.get("token", "") or request.args.get("token", "")
    if handle_of(given):
        return say({})
    grants = store().grants
    found = grants.find(NAME, "refresh", given) or grants.find(NAME, "access", given)
    if found is None or not found.live:
        return token_error("invalid_token", "Token expired or revoked")
    given_before = _consents().pop(found.handle.lower()) or {"families": []}
    for family in {found.family, *given_before["families"]}:
        grants.end_family(NAME, family)
    return say({})
