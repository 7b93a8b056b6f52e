"""Who asks for consent: clients are known by the address of their document (§1b).

The sandbox asks nobody outside. A document can be handed over with
``POST /bluesky/oauth/clients`` (``{"document", "jwks"}``); then its redirect URIs, scopes and
the signatures of its assertions are checked. Of a client whose document it does not have,
it believes what follows from its address: redirect URIs on the same origin.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import request
from flask.typing import ResponseReturnValue
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.sandbox.bluesky.dpop import with_nonce
from app.sandbox.bluesky.words import No, answer, bp, here, invalid
from app.sandbox.store import store

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class Client:
    """A client. ``keys`` is its JWKS where its requests have to be signed."""

    id: str
    name: str
    redirects: tuple[str, ...]
    scopes: tuple[str, ...]
    keys: dict[str, Any] = field(default_factory=dict)
    local: bool = False

    def returns_to(self, uri: str) -> bool:
        """Whether a person may be sent back there; ports of loopback are not compared."""
        return any(_portless(uri) == _portless(known) for known in self.redirects) and (
            self.local or uri in self.redirects
        )


def refused(name: str, message: str, status: int = 400) -> No:
    """An OAuth error (RFC 6749 §5.2)."""
    return No(with_nonce(answer({"error": name, "error_description": message}, status)))


def client(client_id: str, redirect_uri: str = "") -> Client:
    """The client of an id; refuses ids that are no addresses."""
    parts = urlsplit(client_id)
    if client_id.startswith("http://localhost") and parts.path in ("", "/"):
        return _local(client_id)
    if parts.scheme != "https" or not parts.hostname or len(parts.path) < 2:
        raise refused("invalid_client_metadata", f"Invalid client id: {client_id[:200]}")
    row = store().table("bluesky.clients").get(client_id)
    if row is None:
        same = redirect_uri.startswith(f"https://{parts.netloc}/")
        known = (redirect_uri,) if same else ()
        return Client(client_id, parts.netloc, known, ("atproto", "transition:generic"))
    found = row["document"]
    signed = found.get("token_endpoint_auth_method") == "private_key_jwt"
    return Client(
        client_id, str(found.get("client_name") or parts.netloc),
        tuple(found.get("redirect_uris") or ()), tuple(str(found.get("scope", "")).split()),
        dict(row["jwks"]) if signed else {},
    )  # fmt: skip


def _local(client_id: str) -> Client:
    """The development client every server knows, described by its own query."""
    fields = parse_qs(urlsplit(client_id).query)
    redirects = fields.get("redirect_uri") or ["http://127.0.0.1/", "http://[::1]/"]
    if any(urlsplit(uri).hostname not in LOOPBACK for uri in redirects):
        raise refused("invalid_client_metadata", "Redirect URIs of localhost must be loopback IPs")
    scopes = tuple((fields.get("scope") or ["atproto"])[0].split())
    return Client(client_id, "An app on this machine", tuple(redirects), scopes, local=True)


def _portless(uri: str) -> tuple[str, str, str, str]:
    parts = urlsplit(uri)
    return parts.scheme, parts.hostname or "", parts.path, parts.query


def authenticated(client_id: str, redirect_uri: str = "") -> Client:
    """The client of this request, its assertion checked where it has keys (RFC 7523 §3)."""
    found = client(client_id, redirect_uri)
    assertion = request.form.get("client_assertion", "")
    if not assertion and not found.keys:
        return found
    claims = _claims(assertion, found)
    if request.form.get("client_assertion_type") != ASSERTION:
        raise refused("invalid_client", "Unsupported client assertion type")
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise refused("invalid_client", "The assertion is another client's")
    if claims.get("aud") != here() or not _fresh(claims):
        raise refused("invalid_client", "The assertion is not for this server, or not of now")
    used = store().table("bluesky.assertions")
    with store().lock:
        jti = str(claims.get("jti") or "")
        if not jti or used.get(jti) is not None:
            raise refused("invalid_client", "The assertion was used before")
        used.put(jti, {"at": time.time()})
    return found


def _claims(assertion: str, found: Client) -> dict[str, Any]:
    """The claims; the signature counts where the client's keys are known."""
    try:
        if found.keys:
            keys = KeySet.import_key_set(found.keys)  # type: ignore[arg-type]
            body = jws.deserialize_compact(assertion, keys, algorithms=["ES256"]).payload
        else:
            middle = assertion.split(".")[1]
            body = base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))
        claims = json.loads(body)
        if not isinstance(claims, dict):
            raise ValueError("no claims")
        return claims
    except (JoseError, ValueError, IndexError) as wrong:
        raise refused("invalid_client", "The assertion could not be verified") from wrong


def _fresh(claims: dict[str, Any]) -> bool:
    at, until, now = claims.get("iat"), claims.get("exp"), time.time()
    return (
        isinstance(at, int)
        and isinstance(until, int)
        and at - 60 <= now <= until + 60
        and until - at <= 600
    )


@bp.post("/oauth/clients")
def hand_over() -> ResponseReturnValue:
    """A client's document and keys, as a real server would fetch them."""
    found = request.get_json(silent=True)
    document = found.get("document") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(document, dict):
        raise invalid("Send document and jwks")
    client_id = document.get("client_id")
    if not isinstance(client_id, str) or not client_id.startswith("https://"):
        raise invalid("The document's client_id is its own https address")
    if document.get("dpop_bound_access_tokens") is not True:
        raise invalid("dpop_bound_access_tokens must be true")
    keys = found.get("jwks") or document.get("jwks") or {}
    store().table("bluesky.clients").put(client_id, {"document": document, "jwks": keys})
    return answer({"client_id": client_id}, 201)
