"""Signing in through the account's own server: PAR, PKCE and DPoP (networks/bluesky.md §1b).

The client is known by the address of its document, which the web pages serve at
``/oauth/bluesky/client-metadata.json``, and signs its requests (``private_key_jwt``). On a
loopback ``APP_URL`` it is the development client every server knows.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2 as httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from app.config import Config, ConfigError
from app.networks import bluesky_identity as identity
from app.networks import oauth
from app.networks.base import AppKeys, Category, Consent, NetworkError, Tokens
from app.networks.bluesky_dpop import Dpop, new_key, signed
from app.networks.wire import Answer, Judge

SCOPE = "atproto transition:generic"
DOCUMENT = "/oauth/bluesky/client-metadata.json"
KEYS = "/oauth/bluesky/jwks.json"
CALLBACK = "/oauth/bluesky/callback"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def client_id(config: Config, redirect_uri: str) -> str:
    """Who we are to every authorization server; ``validation`` where we can't be anyone."""
    configured = config.network("bluesky").client_id
    if configured.startswith("https://"):
        return configured
    if config.https:
        return config.APP_URL + DOCUMENT
    if urlsplit(redirect_uri).hostname in ("127.0.0.1", "::1"):
        return "http://localhost?" + urlencode({"redirect_uri": redirect_uri, "scope": SCOPE})
    there = config.APP_URL.replace("localhost", "127.0.0.1")
    fix = (
        f"Set APP_URL to {there} and open Carillon there"
        if config.loopback
        else "Carillon needs an https address (APP_URL) for this sign-in"
    )
    raise NetworkError(
        Category.VALIDATION, f"{fix}, or connect with an app password.", retryable=False
    )


def client_metadata(config: Config) -> dict[str, Any]:
    """The client document (§1b), as served at ``DOCUMENT``. ``ConfigError`` for a bad key."""
    found: dict[str, Any] = {
        "client_id": config.APP_URL + DOCUMENT,
        "application_type": "web",
        "client_name": "Carillon",
        "client_uri": config.APP_URL,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": [config.APP_URL + CALLBACK],
        "scope": SCOPE,
        "dpop_bound_access_tokens": True,
        "token_endpoint_auth_method": "none",
    }
    if client_key(config) is not None:
        found |= {
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256",
            "jwks_uri": config.APP_URL + KEYS,
        }
    return found


def jwks(config: Config) -> dict[str, Any]:
    """Our public keys, as served at ``KEYS``. ``ConfigError`` for a bad key."""
    key = client_key(config)
    if key is None:
        return {"keys": []}
    public = key.as_dict(private=False, kid=_kid(key), use="sig", alg="ES256")
    return {"keys": [public]}


def client_key(config: Config) -> ECKey | None:
    """``BLUESKY_CLIENT_KEY``, a private JWK, or a key of our own; ``ConfigError`` if bad.

    Unset, it is made of ``SECRET_KEY``, so that every process has the same one: sessions of
    clients without a key end after two weeks (§1b). ``None`` without that either.
    """
    if not config.BLUESKY_CLIENT_KEY:
        return _own_key(config.SECRET_KEY) if config.SECRET_KEY else None
    try:
        key = ECKey.import_key(json.loads(config.BLUESKY_CLIENT_KEY))
        if key.curve_name != "P-256" or not key.is_private:
            raise ValueError("not a private P-256 key")
        return key
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(
            "BLUESKY_CLIENT_KEY should be a private ES256 key as JSON (JWK). Make one with: "
            "python -c 'from app.networks.bluesky_dpop import new_key; print(new_key())'"
        ) from error


@lru_cache(maxsize=4)
def _own_key(secret: str) -> ECKey:
    """A P-256 key from a secret: 48 bytes of HKDF reduced to the curve's order (FIPS 186-5,
    A.2.1), so that no key is likelier than another."""
    derived = HKDF(SHA256(), 48, salt=None, info=b"carillon bluesky client key").derive(
        secret.encode()
    )
    number = int.from_bytes(derived, "big") % (P256_ORDER - 1) + 1
    private = ec.derive_private_key(number, ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ECKey.import_key(pem)


def _kid(key: ECKey) -> str:
    return str(key.kid or key.thumbprint())


class OAuth:
    """The flow at any authorization server."""

    def __init__(self, http: httpx.Client, dpop: Dpop, config: Config) -> None:
        self.http, self.dpop, self.config = http, dpop, config

    def begin(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        """Find the person's server, push the request, and name the consent page (steps 1-4)."""
        name = identity.full_handle(self.http, server, identity.typed(hint))
        issuer = identity.issuer_at(self.http, self._home(server, name))
        verifier, key = oauth.verifier(), new_key()
        fields = {
            "client_id": app.client_id,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": state,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        if name:
            fields["login_hint"] = name
        answer = self._post(issuer.par, issuer.issuer, key, fields, _not_begun)
        request_uri = answer.mapping().get("request_uri")
        if not isinstance(request_uri, str) or not request_uri:
            raise _not_begun(answer)
        query = urlencode({"client_id": app.client_id, "request_uri": request_uri})
        joint = "&" if "?" in issuer.authorize else "?"
        keep = {
            "verifier": verifier,
            "dpop_key": key,
            "issuer": issuer.issuer,
            "token_endpoint": issuer.token,
            "revocation_endpoint": issuer.revoke,
        }
        return Consent(f"{issuer.authorize}{joint}{query}", keep)

    def _home(self, server: str, name: str) -> str:
        """The PDS of a handle or DID; the typed server for an e-mail or no name."""
        plc = self.config.PLC_URL
        if name.startswith("did:"):
            if not identity.DID.fullmatch(name):
                raise NetworkError(Category.VALIDATION, "That is not a DID.", retryable=False)
            return identity.home(self.http, plc, name)
        if not name or "@" in name:
            return server
        if not identity.HANDLE.fullmatch(name):
            raise NetworkError(
                Category.VALIDATION, "Write the whole handle, such as maya.bsky.social.",
                retryable=False,
            )  # fmt: skip
        did = identity.resolve(self.http, server, name)
        return identity.home(self.http, plc, did, name)

    def finish(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        """Trade the code for tokens and prove whose they are (steps 5-6)."""
        code = oauth.returned(answer)
        if answer.get("iss") != keep["issuer"]:  # RFC 9207: another server's answer
            raise _not_trusted()
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": keep["verifier"],
            "redirect_uri": redirect_uri,
            "client_id": app.client_id,
        }
        more = {name: value for name, value in keep.items() if name != "verifier"}
        told = self._post(keep["token_endpoint"], keep["issuer"], keep["dpop_key"], fields, _denied)
        tokens, did = self._read(told, more)
        if not identity.DID.fullmatch(did):
            raise _not_trusted()
        pds = identity.home(self.http, self.config.PLC_URL, did)
        # Any server could claim any account: only the one its own PDS names may.
        if identity.issuer_at(self.http, pds).issuer != keep["issuer"]:
            raise _not_trusted()
        return replace(tokens, more={**more, "did": did, "pds": pds})

    def refresh(self, app: AppKeys, tokens: Tokens) -> Tokens:
        """New tokens. The refresh token is good once, and its replay ends the session (§1b.8)."""
        more = tokens.more
        fields = {
            "grant_type": "refresh_token",
            "refresh_token": tokens.refresh,
            "client_id": app.client_id,
        }
        told = self._post(more["token_endpoint"], more["issuer"], more["dpop_key"], fields, _denied)
        fresh, did = self._read(told, more, tokens.refresh)
        if did != more["did"]:
            raise _not_trusted()
        return fresh

    def revoke(self, app: AppKeys, tokens: Tokens) -> None:
        """End the session; a server without the endpoint lets it run out."""
        more = tokens.more
        if not more.get("revocation_endpoint"):
            return
        fields = {"client_id": app.client_id, "token": tokens.refresh or tokens.access}
        self._post(more["revocation_endpoint"], more["issuer"], more["dpop_key"], fields, _denied)

    def _read(
        self, answer: Answer, more: Mapping[str, str], refresh: str = ""
    ) -> tuple[Tokens, str]:
        """Tokens and the DID they are for."""
        found = answer.mapping()
        tokens = oauth.tokens(answer, refresh=refresh, more=more)
        bound = str(found.get("token_type", "")).lower() == "dpop"
        if not bound or "atproto" not in tokens.scopes:
            raise _not_trusted()
        return tokens, str(found.get("sub") or "")

    def _post(
        self, url: str, issuer: str, key: str, fields: Mapping[str, str], judge: Judge
    ) -> Answer:
        def form() -> Mapping[str, str]:
            return {**fields, **self._assertion(fields["client_id"], issuer)}

        return self.dpop.send(
            "POST", url, key=key, judge=judge, form=form, headers={"Accept": "application/json"}
        )

    def _assertion(self, client: str, issuer: str) -> dict[str, str]:
        """Proof that we are the client of the document (RFC 7523 §2.2); good once, a minute."""
        key = client_key(self.config)
        if key is None or not client.startswith("https://"):
            return {}
        at = int(time.time())
        claims = {
            "iss": client, "sub": client, "aud": issuer,
            "jti": secrets.token_urlsafe(16), "iat": at, "exp": at + 60,
        }  # fmt: skip
        return {
            "client_assertion_type": ASSERTION,
            "client_assertion": signed({"kid": _kid(key), "typ": "JWT"}, claims, key),
        }


def _not_begun(answer: Answer) -> NetworkError:
    """The judge of PAR: nothing was made, whatever the answer."""
    told = answer.mapping()
    waits = answer.status == 429 or answer.status >= 500
    return NetworkError(
        Category.NETWORK_ERROR if waits else Category.VALIDATION,
        "The server could not begin the sign-in. Try again, or use an app password.",
        status=answer.status, code=str(told.get("error") or ""), raw=answer.raw,
    )  # fmt: skip


def _denied(answer: Answer) -> NetworkError | None:
    return oauth.refused(answer)


def _not_trusted() -> NetworkError:
    return NetworkError(
        Category.AUTH_ERROR,
        "The answer did not come from the account's own server, so nothing was connected.",
        retryable=False,
    )
