"""Sessions by password, and who a request is from (networks/bluesky.md §1a)."""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox.bluesky import dpop
from app.sandbox.bluesky.directory import described
from app.sandbox.bluesky.names import NAME, did_of, handle_of, name_of, person, status
from app.sandbox.bluesky.people import check_active
from app.sandbox.bluesky.words import (
    ROOM,
    answer,
    bp,
    error,
    invalid,
    limited,
    no,
    too_many,
)
from app.sandbox.records import Grant
from app.sandbox.room import handle_of as pasted
from app.sandbox.store import store

SERVER_DID = "did:web:sandbox.localhost"
ACCESS_SECONDS, REFRESH_SECONDS, GRACE_SECONDS = 7200, 90 * 86400, 7200
LOGINS, LOGIN_SECONDS = 30, 300


@dataclass(frozen=True)
class Caller:
    """Who a request is from; ``scopes`` is ``None`` for a session that may do all."""

    name: str
    scopes: tuple[str, ...] | None = None

    @property
    def did(self) -> str:
        return did_of(self.name)

    def needs(self, kind: str, what: str) -> None:
        """Refuse unless ``transition:generic`` or a scope such as ``repo:<what>`` was given."""
        if self.scopes is None or "transition:generic" in self.scopes:
            return
        granted = [scope.partition("?")[0] for scope in self.scopes]
        if not {f"{kind}:{what}", f"{kind}:*", f"{kind}:*/*"} & set(granted):
            raise no(403, "ScopeMissingError", f'Missing required scope "{kind}:{what}"')


def jwt(kind: str, name: str, scope: str, seconds: int) -> str:
    """Something that looks like the real token and can be read like it; opaque to us."""
    at = int(time.time())
    claims = {
        "scope": scope, "aud": SERVER_DID, "sub": did_of(name),
        "jti": secrets.token_urlsafe(12), "iat": at, "exp": at + seconds,
    }  # fmt: skip
    head, body = (
        _b64(json.dumps(part).encode()) for part in ({"typ": kind, "alg": "HS256"}, claims)
    )
    return f"{head}.{body}.{_b64(secrets.token_bytes(32))}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def caller(*, active: bool = True) -> Caller:
    """Who asks, by either kind of token; refuses everybody else (§5)."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "dpop":
        grant = dpop.access(token.strip())
        found = Caller(grant.handle, tuple(grant.scopes))
    elif kind.lower() == "bearer":
        found = Caller(_live("access", token.strip()).handle)
    elif kind:
        raise no(400, "InvalidToken", "Unexpected authorization type")
    else:
        raise no(401, "AuthMissing", "Authentication Required")
    if active:
        check_active(found.name)
    return found


def _live(kind: str, token: str) -> Grant:
    """A session token that still opens something."""
    grant = store().grants.find(NAME, kind, token)
    if grant is None:
        other = "refresh" if kind == "access" else "access"
        known = store().grants.find(NAME, other, token) is not None
        told = "Invalid token type" if known else "Token could not be verified"
        raise no(400, "InvalidToken", told)
    if not grant.live:
        told = "Token has been revoked" if grant.ended else "Token has expired"
        raise no(400, "ExpiredToken", told)
    return grant


def body() -> dict[str, Any]:
    """The JSON object sent."""
    if not request.mimetype:
        raise invalid("Request encoding (Content-Type) required but not provided")
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise invalid("Input must be a JSON object")
    return found


def wanted(found: dict[str, Any], key: str) -> str:
    """A string that must be there."""
    text = found.get(key)
    if not isinstance(text, str):
        raise invalid(f'Missing required key "{key}" at $')
    return text


@bp.get("/xrpc/com.atproto.server.describeServer")
def describe_server() -> ResponseReturnValue:
    return answer(
        {
            "did": SERVER_DID, "availableUserDomains": [".bsky.social"],
            "inviteCodeRequired": False, "links": {}, "contact": {},
        }
    )  # fmt: skip


@bp.post("/xrpc/com.atproto.server.createSession")
@ROOM.operation("token")
def create_session() -> ResponseReturnValue:
    """Log in with an app password, ``sandbox-<name>``.

    ``<name>-password`` is the account's main password: accounts whose extras say
    ``{"two_factor": true}`` are then asked for the code sent by e-mail.
    """
    asked = body()
    identifier, password = wanted(asked, "identifier"), wanted(asked, "password")
    name = name_of(identifier)
    window = store().limits.hit(NAME, name or "nobody", "createSession", LOGINS, LOGIN_SECONDS)
    if window.refused:
        raise too_many(window, f"{LOGINS};w={LOGIN_SECONDS}")
    if not name or not _opens(name, password, asked):
        raise no(401, "AuthenticationRequired", "Invalid identifier or password")
    if status(name) == "takendown":
        raise no(401, "AccountTakedown", "Account has been taken down")
    first = _pair(name, secrets.token_hex(8))
    return answer(_told(name, *first), headers=limited(window, f"{LOGINS};w={LOGIN_SECONDS}"))


def _opens(name: str, password: str, asked: dict[str, Any]) -> bool:
    if name_of(pasted(password)) == name:
        return True
    if password != f"{name}-password":
        return False
    if person(name).extras.get("two_factor") and not asked.get("authFactorToken"):
        raise no(
            401, "AuthFactorTokenRequired", "A sign in code has been sent to your email address"
        )
    return True


def _pair(name: str, family: str) -> tuple[str, str]:
    access = jwt("at+jwt", name, "com.atproto.appPass", ACCESS_SECONDS)
    refresh = jwt("refresh+jwt", name, "com.atproto.refresh", REFRESH_SECONDS)
    # Access tokens outlive the end of their session (§1a): a family of their own.
    store().grants.issue(NAME, "access", name, token=access, seconds=ACCESS_SECONDS)
    store().grants.issue(
        NAME, "refresh", name, token=refresh, seconds=REFRESH_SECONDS, family=family
    )
    return access, refresh


def _told(name: str, access: str, refresh: str) -> dict[str, Any]:
    return {
        **_who(name), "accessJwt": access, "refreshJwt": refresh, "didDoc": described(name)
    }  # fmt: skip


def _who(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "did": did_of(name), "handle": handle_of(name), "email": f"{name}@example.com",
        "emailConfirmed": person(name).extras.get("email_confirmed") is not False,
        "active": not status(name),
    }  # fmt: skip
    return {**found, "status": status(name)} if status(name) else found


@bp.post("/xrpc/com.atproto.server.refreshSession")
@ROOM.operation("token")
def refresh_session() -> ResponseReturnValue:
    """A new pair; within the grace the old token brings the same new one (§1a)."""
    with store().lock:
        grant = _live("refresh", _bearer())
        at = time.time()
        rotations = store().table("bluesky.rotations")
        before = rotations.get(grant.token)
        if before is not None:
            if at > before["at"] + GRACE_SECONDS:
                raise no(400, "ExpiredToken", "Token has been revoked")
            refresh = str(before["next"])
            access = jwt("at+jwt", grant.handle, "com.atproto.appPass", ACCESS_SECONDS)
            store().grants.issue(NAME, "access", grant.handle, token=access, seconds=ACCESS_SECONDS)
        else:
            access, refresh = _pair(grant.handle, grant.family)
            rotations.put(grant.token, {"next": refresh, "at": at})
    if status(grant.handle) == "takendown":
        raise no(401, "AccountTakedown", "Account has been taken down")
    return answer(_told(grant.handle, access, refresh))


@bp.post("/xrpc/com.atproto.server.deleteSession")
@ROOM.operation("token")
def delete_session() -> ResponseReturnValue:
    """End the session; its access token runs on to its own end."""
    grant = _live("refresh", _bearer())
    store().grants.end_family(NAME, grant.family)
    return "", 200


def _bearer() -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise no(401, "AuthMissing", "Authentication Required")
    return token.strip()


@bp.get("/xrpc/com.atproto.server.getSession")
@ROOM.operation("account")
def get_session() -> ResponseReturnValue:
    return answer(_who(caller(active=False).name))


@bp.route("/xrpc/<path:nsid>", methods=["GET", "POST"])
def unknown(nsid: str) -> ResponseReturnValue:
    """Methods that are not played."""
    return error(501, "MethodNotImplemented", "Method Not Implemented")
