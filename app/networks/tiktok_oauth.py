"""Signing in at TikTok: OAuth 2 with names of its own (networks/tiktok.md §1)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote, urlencode, urlsplit

import httpx2 as httpx

from app.clock import now
from app.networks import oauth, tiktok_errors
from app.networks.base import AppKeys, Category, Consent, NetworkError, Tokens
from app.networks.wire import Answer, call, unreadable

SCOPES = ("user.info.basic", "user.info.profile", "video.publish", "video.upload", "video.list")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def challenge(verifier: str) -> str:
    """TikTok's S256: the digest in lower-case hex, not in base64url (§1)."""
    return hashlib.sha256(verifier.encode()).hexdigest()


@dataclass(frozen=True)
class SignIn:
    """The consent page and the token endpoints."""

    http: httpx.Client
    api_url: str
    auth_url: str

    def authorize(self, app: AppKeys, redirect_uri: str, state: str) -> Consent:
        """``client_key``, scopes with commas; PKCE where the way back is this machine (§1)."""
        query = {
            "client_key": app.client_id, "scope": ",".join(SCOPES), "response_type": "code",
            "redirect_uri": redirect_uri, "state": state,
        }  # fmt: skip
        keep: dict[str, str] = {}
        if urlsplit(redirect_uri).hostname in LOOPBACK:
            keep["verifier"] = oauth.verifier()
            query |= {
                "code_challenge": challenge(keep["verifier"]), "code_challenge_method": "S256"
            }  # fmt: skip
        return Consent(f"{self.auth_url}/v2/auth/authorize/?{urlencode(query)}", keep)

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        fields = {"code": unquote(oauth.returned(answer)), "redirect_uri": redirect_uri}
        if keep.get("verifier"):
            fields["code_verifier"] = keep["verifier"]
        found = _tokens(self._grant(app, "authorization_code", fields))
        if found.scopes and "video.publish" not in found.scopes:
            raise NetworkError(
                Category.AUTH_ERROR, "The permission to post is missing. Please start again and "
                "leave every permission switched on.",
                code="scope", retryable=False,
            )  # fmt: skip
        return found

    def refresh(self, app: AppKeys, tokens: Tokens) -> Tokens:
        """The refresh token may change; the old one stays where none is returned (§1)."""
        oauth.renewable(app, tokens)
        answer = self._grant(app, "refresh_token", {"refresh_token": tokens.refresh})
        return _tokens(answer, tokens)

    def revoke(self, app: AppKeys, tokens: Tokens) -> None:
        """What is gone already is done. Pasted tokens are not ours to end."""
        if not app.client_id or not tokens.access:
            return
        try:
            self._send("/v2/oauth/revoke/", app, {"token": tokens.access})
        except NetworkError as error:
            if error.category is not Category.AUTH_ERROR:
                raise

    def _grant(self, app: AppKeys, kind: str, fields: Mapping[str, str]) -> Answer:
        return self._send("/v2/oauth/token/", app, {"grant_type": kind, **fields})

    def _send(self, path: str, app: AppKeys, fields: Mapping[str, str]) -> Answer:
        answer = call(
            self.http, "POST", self.api_url + path, judge=tiktok_errors.token,
            headers=oauth.FORM,
            form={"client_key": app.client_id, "client_secret": app.client_secret, **fields},
        )  # fmt: skip
        refused = tiktok_errors.token(answer)  # it may refuse with status 200
        if refused is not None:
            raise refused
        return answer


def _tokens(answer: Answer, before: Tokens | None = None) -> Tokens:
    found = answer.mapping()
    access = found.get("access_token")
    if not isinstance(access, str) or not access:
        raise unreadable(answer.status)
    lasts, scope = found.get("expires_in"), found.get("scope")
    seconds = float(lasts) if isinstance(lasts, int | float) and lasts > 0 else None
    scopes = tuple(one for one in str(scope).replace(",", " ").split()) if scope else ()
    return Tokens(
        access,
        str(found.get("refresh_token") or (before.refresh if before else "")),
        None if seconds is None else now() + timedelta(seconds=seconds),
        scopes or (before.scopes if before else ()),
        dict(before.more) if before else {},
    )
