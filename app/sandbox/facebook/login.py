"""Facebook Login as played here: dialog, codes, short and long tokens, permissions."""

from __future__ import annotations

import hmac
import time
from urllib.parse import urlsplit

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.sandbox import consent, meta
from app.sandbox.facebook.desk import GRAPH, NAME, ROOM, SCOPES, allowed, bp, identify, who
from app.sandbox.records import Grant
from app.sandbox.store import store

CODE_SECONDS = 600.0
SHORT_SECONDS, LONG_SECONDS = 5400, 60 * 86_400
CARRIED = ("client_id", "redirect_uri", "scope", "state", "auth_type")


def _mistake(asked: dict[str, str]) -> str:
    """What is wrong with a request to the dialog, in a sentence; ``""`` for nothing."""
    if asked.get("client_id") != ROOM.client_id:
        return "Invalid App ID: The provided app ID does not look like a valid app ID."
    uri = urlsplit(asked.get("redirect_uri", ""))
    if uri.scheme not in ("http", "https") or not uri.netloc or uri.fragment:
        return "URL blocked: the redirect_uri is not one of this app's."
    unknown = [scope for scope in _scopes(asked) if scope not in SCOPES]
    return f"Invalid Scopes: {', '.join(unknown)}." if unknown else ""


def _scopes(asked: dict[str, str]) -> list[str]:
    given = asked.get("scope", "").replace(",", " ").split()
    return list(dict.fromkeys(["public_profile", *given]))


@bp.get(f"{GRAPH}/dialog/oauth")
def dialog() -> ResponseReturnValue:
    """The consent page."""
    asked = {name: request.args[name] for name in CARRIED if name in request.args}
    if request.args.get("response_type", "code") != "code":
        return consent.problem("The response_type has to be code.")
    mistake = _mistake(asked)
    return consent.problem(mistake) if mistake else _page(asked)


def _page(asked: dict[str, str], problem: str = "") -> Response:
    return consent.page(
        ROOM, client="Carillon", scopes={scope: SCOPES[scope] for scope in _scopes(asked)},
        redirect_uri=asked["redirect_uri"], keep=asked, problem=problem,
    )  # fmt: skip


@bp.post(f"{GRAPH}/dialog/oauth")
def decide() -> ResponseReturnValue:
    """Allow or refuse. ``declined`` of the account (a list) are the scopes it unticks."""
    decision = consent.answer()
    asked = {name: decision.kept[name] for name in CARRIED if name in decision.kept}
    mistake = _mistake(asked)
    if mistake:
        return consent.problem(mistake)
    uri, state = asked["redirect_uri"], asked.get("state", "")
    if not decision.allowed:
        return consent.back(
            uri, error="access_denied", error_code="200", error_reason="user_denied",
            error_description="Permissions error", state=state,
        )  # fmt: skip
    if not decision.handle:
        return _page(asked, "Write a handle of letters, digits, dots and dashes.")
    person = store().accounts.get(NAME, decision.handle)
    declined = [scope for scope in _scopes(asked) if scope in person.extras.get("declined", ())]
    code = store().grants.issue(
        NAME, "code", decision.handle, seconds=CODE_SECONDS, client_id=asked["client_id"],
        scopes=[scope for scope in _scopes(asked) if scope not in declined],
        redirect_uri=uri, declined=declined,
    )  # fmt: skip
    return consent.back(uri, code=code.token, state=state)


@bp.get(f"{GRAPH}/oauth/access_token")
@ROOM.operation("token")
def access_token() -> ResponseReturnValue:
    """Code → token of an hour; token → token of 60 days."""
    asked = request.args
    if asked.get("client_id") != ROOM.client_id:
        return meta.error(101, "Error validating application. Cannot get application info due to "
                          "a system error.")  # fmt: skip
    secret = asked.get("client_secret", "")
    if not hmac.compare_digest(secret.encode(), ROOM.client_secret.encode()):
        return meta.error(1, "Error validating client secret.")
    if asked.get("grant_type") == "fb_exchange_token":
        return _longer(asked.get("fb_exchange_token", ""))
    if "code" not in asked:
        return meta.error(1, "Missing authorization code")
    return _from_code(asked["code"], asked.get("redirect_uri", ""))


def _from_code(code: str, redirect_uri: str) -> Response:
    known = store().grants.find(NAME, "code", code)
    found = store().grants.spend(NAME, "code", code)
    if known is None:
        return meta.error(100, "Invalid verification code format.")
    if found is None:
        used = known.ended
        said = "This authorization code has been used." if used else (
            "This authorization code has expired."
        )  # fmt: skip
        return meta.error(100, said, subcode=36009 if used else 36007)
    if redirect_uri != found.extras["redirect_uri"]:
        return meta.error(
            100,
            "Error validating verification code. Please make sure your redirect_uri is identical "
            "to the one you used in the OAuth dialog request",
            subcode=36008,
        )
    return _issued(found, SHORT_SECONDS)


def _longer(token: str) -> Response:
    found = identify(token)
    if isinstance(found, Response):
        return found
    grant = store().grants.find(NAME, "user", token)
    if found.page or grant is None:
        return meta.error(190, "Invalid OAuth access token.")
    return _issued(grant, LONG_SECONDS)


def _issued(before: Grant, seconds: int) -> Response:
    made = store().grants.issue(
        NAME, "user", before.handle, seconds=seconds, client_id=before.client_id,
        scopes=before.scopes, family=before.family, declined=before.extras.get("declined", []),
        long=seconds == LONG_SECONDS,
    )  # fmt: skip
    return meta.say({"access_token": made.token, "token_type": "bearer", "expires_in": seconds})


@bp.get(f"{GRAPH}/me/permissions")
@ROOM.operation("account")
@allowed()
def permissions() -> ResponseReturnValue:
    """What the person left ticked."""
    grant = store().grants.find(NAME, "user", who().token)
    told = [{"permission": scope, "status": "granted"} for scope in who().scopes]
    declined = grant.extras.get("declined", []) if grant is not None else []
    told += [{"permission": scope, "status": "declined"} for scope in declined]
    return meta.say({"data": told})


@bp.delete(f"{GRAPH}/me/permissions")
@ROOM.operation("token")
@allowed()
def revoke() -> ResponseReturnValue:
    """Take back everything: every token of this consent ends. Pasted ones stay."""
    if who().page:
        meta.absent("me/permissions")
    if not who().pasted:
        store().grants.end_family(NAME, who().family)
    return meta.say({"success": True})


@bp.get(f"{GRAPH}/debug_token")
@ROOM.operation("account")
def debug_token() -> ResponseReturnValue:
    """What a token is good for; asked with ``app id|app secret``."""
    if meta.token() != f"{ROOM.client_id}|{ROOM.client_secret}":
        return meta.error(100, "(#100) You must provide an app access token, or a user access "
                          "token that is an owner or developer of the app")  # fmt: skip
    given = request.args.get("input_token", "")
    found = identify(given)
    if isinstance(found, Response):
        told = found.get_json()["error"]
        return meta.say({"data": {
            "error": {"code": told["code"], "message": told["message"]}, "is_valid": False,
            "scopes": [],
        }})  # fmt: skip
    return meta.say({"data": {
        "app_id": ROOM.client_id, "type": "PAGE" if found.page else "USER", "is_valid": True,
        "expires_at": int(found.expires), "scopes": list(found.scopes),
        "data_access_expires_at": int(time.time()) + 90 * 86_400, "granular_scopes": [],
    }})  # fmt: skip
