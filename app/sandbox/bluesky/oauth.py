"""The authorization server: pushed requests, PKCE, DPoP (networks/bluesky.md §1b)."""

from __future__ import annotations

import secrets
import time
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.sandbox import consent
from app.sandbox.bluesky import dpop, session
from app.sandbox.bluesky.clients import authenticated, client, refused
from app.sandbox.bluesky.names import NAME, did_of, name_of, person
from app.sandbox.bluesky.words import PREFIX, ROOM, answer, bp, here
from app.sandbox.records import Grant
from app.sandbox.store import store

PAR_SECONDS, CODE_SECONDS, ACCESS_SECONDS, REFRESH_SECONDS = 299, 60, 3599, 14 * 86400
SCOPES = {
    "atproto": "Know who you are",
    "transition:generic": "Publish, change and delete posts for you",
    "transition:email": "Read your e-mail address",
    "transition:chat.bsky": "Read and send messages",
}


@bp.after_request
def _nonces(response: Response) -> Response:
    signed = "DPoP" in request.headers or request.path.startswith(f"{PREFIX}/oauth/")
    return dpop.with_nonce(response) if signed else response


@bp.get("/.well-known/oauth-protected-resource")
def resource() -> ResponseReturnValue:
    return answer(
        {
            "resource": here(), "authorization_servers": [here()], "scopes_supported": [],
            "bearer_methods_supported": ["header"],
            "resource_documentation": "https://atproto.com",
        }
    )  # fmt: skip


@bp.get("/.well-known/oauth-authorization-server")
def metadata() -> ResponseReturnValue:
    at = here()
    return answer(
        {
            "issuer": at,
            "authorization_endpoint": f"{at}/oauth/authorize",
            "token_endpoint": f"{at}/oauth/token",
            "revocation_endpoint": f"{at}/oauth/revoke",
            "pushed_authorization_request_endpoint": f"{at}/oauth/par",
            "require_pushed_authorization_requests": True,
            "authorization_response_iss_parameter_supported": True,
            "client_id_metadata_document_supported": True,
            "scopes_supported": list(SCOPES),
            "subject_types_supported": ["public"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "dpop_signing_alg_values_supported": ["ES256"],
            "protected_resources": [at],
        }
    )


@bp.post("/oauth/par")
@ROOM.operation("token")
def push() -> ResponseReturnValue:
    """A request for consent, kept for five minutes under a name."""
    form = request.form
    jkt = dpop.proven()
    uri = form.get("redirect_uri", "")
    who = authenticated(form.get("client_id", ""), uri)
    if form.get("response_type") != "code":
        raise refused("invalid_request", "response_type must be code")
    if form.get("code_challenge_method") != "S256" or len(form.get("code_challenge", "")) != 43:
        raise refused("invalid_request", "A code_challenge with S256 is needed")
    if not who.returns_to(uri):
        raise refused("invalid_request", f"Invalid redirect_uri {uri[:200]}")
    asked = form.get("scope", "").split()
    if "atproto" not in asked or not set(asked) <= set(who.scopes):
        raise refused("invalid_scope", "Scopes must include atproto and be the client's own")
    name = f"urn:ietf:params:oauth:request_uri:req-{secrets.token_hex(16)}"
    kept = {
        "client_id": who.id, "client": who.name, "redirect_uri": uri, "scope": " ".join(asked),
        "state": form.get("state", ""), "challenge": form["code_challenge"], "jkt": jkt,
        "hint": form.get("login_hint", ""), "until": time.time() + PAR_SECONDS,
    }  # fmt: skip
    store().table("bluesky.requests").put(name, kept)
    return answer({"request_uri": name, "expires_in": PAR_SECONDS}, 201)


@bp.get("/oauth/authorize")
def authorize() -> ResponseReturnValue:
    """The consent page of a pushed request."""
    asked = _asked(request.args.get("request_uri", ""), request.args.get("client_id", ""))
    if asked is None:
        return consent.problem("This request is unknown or too old. Go back and start again.")
    return _page(asked, dict(request.args), str(asked["hint"]))


def _asked(name: str, client_id: str) -> dict[str, Any] | None:
    found = store().table("bluesky.requests").get(name)
    if found is None or found["until"] < time.time() or found["client_id"] != client_id:
        return None
    return found


def _page(
    asked: dict[str, Any], keep: dict[str, str], hint: str, problem: str = ""
) -> ResponseReturnValue:
    scopes = {scope: SCOPES.get(scope, "Use what it names") for scope in asked["scope"].split()}
    return consent.page(
        ROOM, client=asked["client"], scopes=scopes, redirect_uri=asked["redirect_uri"],
        keep=keep, hint=name_of(hint) or hint, problem=problem,
    )  # fmt: skip


@bp.post("/oauth/authorize")
def decide() -> ResponseReturnValue:
    """Back to the client with a code, or with a refusal; either way the request is over."""
    decision = consent.answer()
    kept = dict(decision.kept)
    asked = _asked(kept.get("request_uri", ""), kept.get("client_id", ""))
    if asked is None:
        return consent.problem("This request is unknown or too old. Go back and start again.")
    name = name_of(decision.handle)
    if decision.allowed and not name:
        return _page(asked, kept, decision.handle, "Letters, digits and hyphens make a handle.")
    store().table("bluesky.requests").pop(kept["request_uri"])
    fields = {"iss": here(), "state": str(asked["state"])}
    if decision.allowed:
        person(name)
        grant = store().grants.issue(
            NAME, "code", name, seconds=CODE_SECONDS, client_id=asked["client_id"],
            scopes=asked["scope"].split(), jkt=asked["jkt"], challenge=asked["challenge"],
            redirect_uri=asked["redirect_uri"],
        )  # fmt: skip
        fields["code"] = grant.token
    else:
        fields |= {"error": "access_denied", "error_description": "Access denied"}
    return consent.back(asked["redirect_uri"], **fields)


@bp.post("/oauth/token")
@ROOM.operation("token")
def token() -> ResponseReturnValue:
    """Tokens for a code or a refresh token, bound to the key of the proof."""
    jkt = dpop.proven()
    who = authenticated(request.form.get("client_id", ""))
    kind = request.form.get("grant_type")
    if kind == "authorization_code":
        return _issue(_code(who.id, jkt))
    if kind == "refresh_token":
        return _issue(_refresh(who.id, jkt))
    raise refused("unsupported_grant_type", "Grant type not supported")


def _code(client_id: str, jkt: str) -> Grant:
    form = request.form
    found = store().grants.spend(NAME, "code", form.get("code", ""))
    if found is None:
        raise refused("invalid_grant", "Invalid code")
    if found.client_id != client_id or found.extras["redirect_uri"] != form.get("redirect_uri"):
        raise refused("invalid_grant", "The code was issued to another client or address")
    if found.extras["jkt"] != jkt:
        raise refused("invalid_grant", "DPoP key mismatch")
    if not consent.proves(form.get("code_verifier", ""), found.extras["challenge"], "S256"):
        raise refused("invalid_grant", "Invalid code_verifier")
    return found


def _refresh(client_id: str, jkt: str) -> Grant:
    """Good once: a replay ends the whole session, the newest token included (§1b.8)."""
    sent = request.form.get("refresh_token", "")
    before = store().grants.find(NAME, "oauth-refresh", sent)
    if before is not None and (before.client_id != client_id or before.extras["jkt"] != jkt):
        raise refused("invalid_grant", "Token was not issued to this client")
    found = store().grants.spend(NAME, "oauth-refresh", sent)
    if found is None:
        replayed = before is not None and before.ended
        told = "Refresh token replayed" if replayed else "Invalid refresh token"
        raise refused("invalid_grant", told)
    with store().lock:  # the access token before this one ends with its refresh token
        older = store().grants.find(NAME, "oauth-access", str(found.extras.get("access", "")))
        if older is not None:
            store().grants.end(older)
    return found


def _issue(grant: Grant) -> ResponseReturnValue:
    scope = " ".join(grant.scopes)
    access = session.jwt("at+jwt", grant.handle, scope, ACCESS_SECONDS)
    common: dict[str, Any] = {
        "client_id": grant.client_id, "scopes": grant.scopes, "family": grant.family,
        "jkt": grant.extras["jkt"],
    }  # fmt: skip
    store().grants.issue(
        NAME, "oauth-access", grant.handle, token=access, seconds=ACCESS_SECONDS, **common
    )
    refresh = store().grants.issue(
        NAME, "oauth-refresh", grant.handle, seconds=REFRESH_SECONDS, access=access, **common
    )
    return answer(
        {
            "access_token": access, "token_type": "DPoP", "refresh_token": refresh.token,
            "scope": scope, "expires_in": ACCESS_SECONDS, "sub": did_of(grant.handle),
        },
        headers={"Cache-Control": "no-store"},
    )  # fmt: skip


@bp.post("/oauth/revoke")
@ROOM.operation("token")
def revoke() -> ResponseReturnValue:
    """End the session of a token; unknown ones are answered alike (RFC 7009 §2.2)."""
    client(request.form.get("client_id", ""))
    sent = request.form.get("token", "")
    for kind in ("oauth-access", "oauth-refresh"):
        found = store().grants.find(NAME, kind, sent)
        if found is not None:
            store().grants.end_family(NAME, found.family)
    return answer({})
