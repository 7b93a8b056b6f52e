"""Proof of possession: requests signed with a session's own key (RFC 9449)."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import httpx2 as httpx
from joserfc import jws
from joserfc.jwk import ECKey

from app import egress
from app.networks.base import Category, NetworkError
from app.networks.wire import Answer, Judge, call

SERVERS = 1000  # whose last nonce is remembered
_ASKS = re.compile(r'error="?use_dpop_nonce\b')


class NonceWanted(NetworkError):
    """The server wants its newest nonce in the proof: refused before anything was done."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(
            Category.NETWORK_ERROR,
            "The server did not accept our signature. Trying again usually helps.",
            status=answer.status,
            code="use_dpop_nonce",
            raw=answer.raw,
        )


def new_key() -> str:
    """A fresh ES256 key as JSON: one for each session, kept secret with its tokens."""
    return json.dumps(ECKey.generate_key("P-256", private=True).as_dict(private=True))


def signed(header: Mapping[str, Any], claims: Mapping[str, Any], key: ECKey) -> str:
    """A compact ES256 JWS of ``claims``."""
    body = json.dumps(claims, separators=(",", ":")).encode()
    return jws.serialize_compact({**header, "alg": "ES256"}, body, key, algorithms=["ES256"])


def proof(key: str, method: str, url: str, *, access: str = "", nonce: str = "") -> str:
    """The ``DPoP`` header for one request (RFC 9449 §4.2); ``access`` adds its hash."""
    private = ECKey.import_key(json.loads(key))
    whole = private.as_dict(private=False)
    public = {name: whole[name] for name in ("kty", "crv", "x", "y")}
    claims: dict[str, Any] = {
        "jti": secrets.token_urlsafe(16),
        "htm": method,
        "htu": url.split("?")[0].split("#")[0],
        "iat": int(time.time()),
    }
    if nonce:
        claims["nonce"] = nonce
    if access:
        hashed = hashlib.sha256(access.encode()).digest()
        claims["ath"] = urlsafe_b64encode(hashed).decode().rstrip("=")
    return signed({"typ": "dpop+jwt", "jwk": public}, claims, private)


class Dpop:
    """Sends proofs over ``http`` and remembers each server's last nonce; safe from threads."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self._nonces: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def send(
        self, method: str, url: str, *, key: str, judge: Judge, access: str = "",
        headers: Mapping[str, str] | None = None,
        form: Callable[[], Mapping[str, str]] | None = None, **rest: Any,
    ) -> Answer:  # fmt: skip
        """``wire.call`` with a proof; asked for a nonce, it is sent once more with it.

        That repeat is safe for every call: the proof is checked before the request is
        looked at. ``form`` is made anew for each try, since it may hold an assertion
        that is good once. ``access`` is sent as the access token.
        """
        fixed = dict(headers or {})
        if access:
            fixed["Authorization"] = f"DPoP {access}"

        def listen(answer: Answer) -> NetworkError | None:
            self._hear(url, answer)
            return NonceWanted(answer) if _wants_nonce(answer) else judge(answer)

        def once() -> Answer:
            signature = proof(key, method, url, access=access, nonce=self._nonce(url))
            if form is not None:
                rest["form"] = dict(form())
            return call(
                self.http, method, url, judge=listen, headers={**fixed, "DPoP": signature}, **rest
            )

        try:
            answer = once()
        except NonceWanted:
            answer = once()
        self._hear(url, answer)
        return answer

    def _nonce(self, url: str) -> str:
        with self._lock:
            return self._nonces.get(egress.origin(url), "")

    def _hear(self, url: str, answer: Answer) -> None:
        nonce = answer.headers.get("dpop-nonce", "")
        if not nonce:
            return
        server = egress.origin(url)
        with self._lock:
            self._nonces[server] = nonce
            self._nonces.move_to_end(server)
            while len(self._nonces) > SERVERS:
                self._nonces.popitem(last=False)


def _wants_nonce(answer: Answer) -> bool:
    """400 of an authorization server, 401 of a PDS (networks/bluesky.md §1b)."""
    if answer.status not in (400, 401):
        return False
    asked = answer.mapping().get("error") == "use_dpop_nonce"
    return asked or bool(_ASKS.search(answer.headers.get("www-authenticate", "")))
