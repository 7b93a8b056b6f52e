"""Proofs of possession, checked for real (RFC 9449 §4.3, §8, §9)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from typing import Any
from weakref import WeakKeyDictionary

from flask import Response, request
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from app.sandbox.bluesky.names import NAME
from app.sandbox.bluesky.words import No, answer, error
from app.sandbox.records import Grant
from app.sandbox.store import Store, store

NONCE_SECONDS = 180
AGE_SECONDS = 10 + NONCE_SECONDS  # how far ``iat`` may lie from now (measured on 0.4.217)
_seen: WeakKeyDictionary[Store, dict[str, float]] = WeakKeyDictionary()
_lock = threading.Lock()


def nonce(ahead: int = 0) -> str:
    """The nonce of this stretch of time, or of one before or after."""
    table = store().table("bluesky.server")
    row = table.get("nonces")
    if row is None:
        row = {"secret": secrets.token_hex(16)}
        table.put("nonces", row)
    stretch = int(time.time() // NONCE_SECONDS) + ahead
    made = hmac.new(str(row["secret"]).encode(), str(stretch).encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made.digest()).decode().rstrip("=")


def proven(access: str = "") -> str:
    """The thumbprint of the key that signed this request; refuses it otherwise.

    ``access``: the token sent along, whose hash must be in the proof.
    """
    proofs = request.headers.getlist("DPoP")
    if len(proofs) != 1 or not proofs[0]:
        raise _refused("DPoP proof required", at_resource=bool(access))
    key, claims = _read(proofs[0], at_resource=bool(access))
    problem = _problem(claims, access)
    if problem:
        raise _refused(problem, at_resource=bool(access))
    sent = claims.get("nonce")
    if sent not in (nonce(), nonce(-1), nonce(1)):
        told = 'DPoP "nonce" mismatch' if sent else "Authorization server requires nonce in DPoP"
        raise _nonce_wanted(told, at_resource=bool(access))
    if not _first(str(claims["jti"])):
        raise _refused("DPoP proof replayed", at_resource=bool(access))
    return str(key.thumbprint())


def _read(proof: str, *, at_resource: bool) -> tuple[ECKey, dict[str, Any]]:
    try:
        head = json.loads(_unb64(proof.split(".")[0]))
        jwk = head["jwk"]
        if head.get("typ") != "dpop+jwt" or head.get("alg") != "ES256" or "d" in jwk:
            raise ValueError("not a DPoP proof")
        key = ECKey.import_key(jwk)
        found = json.loads(jws.deserialize_compact(proof, key, algorithms=["ES256"]).payload)
        if not isinstance(found, dict):
            raise ValueError("no claims")
        return key, found
    except (JoseError, ValueError, KeyError, TypeError, IndexError) as wrong:
        raise _refused("Failed to verify DPoP proof", at_resource=at_resource) from wrong


def _problem(claims: dict[str, Any], access: str) -> str:
    at = claims.get("iat")
    if not isinstance(at, int) or abs(time.time() - at) > AGE_SECONDS:
        return 'Failed to verify DPoP proof: "iat" claim timestamp check failed'
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        return 'DPoP "jti" missing'
    if claims.get("htm") != request.method:
        return 'DPoP "htm" mismatch'
    if claims.get("htu") != request.base_url:
        return 'DPoP "htu" mismatch'
    if not access:
        return 'DPoP "ath" claim not allowed' if "ath" in claims else ""
    hashed = base64.urlsafe_b64encode(hashlib.sha256(access.encode()).digest())
    return "" if claims.get("ath") == hashed.decode().rstrip("=") else 'DPoP "ath" mismatch'


def _first(jti: str) -> bool:
    """Whether this proof comes for the first time; remembered as long as it could be valid."""
    now = time.time()
    with _lock:
        seen = _seen.setdefault(store(), {})
        if len(seen) > 10_000:
            for old in [name for name, until in seen.items() if until < now]:
                del seen[old]
        known = jti in seen
        seen[jti] = now + 2 * AGE_SECONDS
    return not known


def access(token: str) -> Grant:
    """The grant of an OAuth access token sent with a proof by its own key."""
    grant = store().grants.find(NAME, "oauth-access", token)
    if grant is None:
        raise _invalid_token("Malformed token")
    key = proven(token)
    if not grant.live:
        raise _invalid_token(
            "Token revoked" if grant.ended else '"exp" claim timestamp check failed'
        )
    if grant.extras.get("jkt") != key:
        raise _invalid_token("Invalid DPoP key binding")
    return grant


def with_nonce(response: Response) -> Response:
    """The nonce for the next proof goes along with every answer to one."""
    response.headers["DPoP-Nonce"] = nonce()
    return response


def _invalid_token(message: str) -> No:
    return _at_resource("invalid_token", message)


def _refused(message: str, *, at_resource: bool) -> No:
    if at_resource:
        return _at_resource("invalid_dpop_proof", message)
    return _at_issuer("invalid_dpop_proof", message)


def _nonce_wanted(message: str, *, at_resource: bool) -> No:
    if at_resource:
        return _at_resource("use_dpop_nonce", message)
    return _at_issuer("use_dpop_nonce", message)


def _at_resource(name: str, message: str) -> No:
    told = f'DPoP algs="ES256", error="{name}"'
    return No(with_nonce(error(401, name, message, {"WWW-Authenticate": told})))


def _at_issuer(name: str, message: str) -> No:
    return No(with_nonce(answer({"error": name, "error_description": message}, 400)))


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
