"""OAuth 2 with Authlib over our own client (RFC 6749, 7636, 7009; reliability §13)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2 as httpx
from authlib.common.security import generate_token
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oauth2.rfc7009 import prepare_revoke_token_request

from app.clock import now
from app.networks.base import AppKeys, Category, NetworkError, Tokens
from app.networks.wire import Answer, Judge, call, unreadable

FORM = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
}


def verifier() -> str:
    """A PKCE verifier (RFC 7636 §4.1): 64 characters from a secure source."""
    return str(generate_token(64))


def authorize_url(
    endpoint: str, app: AppKeys, *, redirect_uri: str, scope: str, state: str,
    code_verifier: str = "", **more: str,
) -> str:  # fmt: skip
    """The consent page's address, with an S256 challenge where there is a verifier."""
    client = OAuth2Client(
        None,
        client_id=app.client_id,
        redirect_uri=redirect_uri,
        scope=scope,
        code_challenge_method="S256" if code_verifier else None,
    )
    url, _ = client.create_authorization_url(
        endpoint, state=state, code_verifier=code_verifier or None, **more
    )
    return str(url)


def grant(
    http: httpx.Client, endpoint: str, app: AppKeys, *, judge: Judge, auth: str, kind: str,
    headers: Mapping[str, str] | None = None, **fields: str,
) -> Answer:  # fmt: skip
    """A request to a token endpoint.

    ``auth`` is ``client_secret_basic``, ``client_secret_post`` or ``none``; ``kind`` the
    grant type. The answer is 2xx; read it with ``tokens``.
    """
    body = prepare_token_request(kind, "", **fields)
    return _send(http, endpoint, app, auth, str(body), judge, headers)


def revoke(
    http: httpx.Client, endpoint: str, app: AppKeys, token: str, *, judge: Judge, auth: str,
    hint: str | None = None, headers: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """RFC 7009."""
    body, _ = prepare_revoke_token_request(token, hint, "", None)
    _send(http, endpoint, app, auth, str(body), judge, headers)


def _send(
    http: httpx.Client, endpoint: str, app: AppKeys, auth: str, body: str, judge: Judge,
    headers: Mapping[str, str] | None,
) -> Answer:  # fmt: skip
    signer = ClientAuth(app.client_id, app.client_secret or None, auth_method=auth)
    url, signed, body = signer.prepare("POST", endpoint, dict(FORM), body)
    return call(
        http, "POST", url, judge=judge, headers={**signed, **(headers or {})},
        content=body.encode() if isinstance(body, str) else body,
    )  # fmt: skip


def tokens(answer: Answer, *, refresh: str = "", more: Mapping[str, str] | None = None) -> Tokens:
    """The tokens of an answer; ``refresh`` is kept where the answer brings no new one."""
    found: dict[str, Any] = answer.mapping()
    access = found.get("access_token")
    if not isinstance(access, str) or not access:
        raise unreadable(answer.status)
    lasts = found.get("expires_in")
    seconds = float(lasts) if isinstance(lasts, int | float) and lasts > 0 else None
    scope = found.get("scope")
    return Tokens(
        access,
        str(found.get("refresh_token") or refresh),
        None if seconds is None else now() + timedelta(seconds=seconds),
        tuple(scope.split()) if isinstance(scope, str) else (),
        dict(more or {}),
    )


def renewable(app: AppKeys, tokens: Tokens, what: str = "account") -> None:
    """Raise ``auth_error`` where there is nothing to renew with: no refresh token, or no app."""
    if not tokens.refresh or not app.client_id:
        raise NetworkError(
            Category.AUTH_ERROR, f"The access has ended. Connect the {what} again.",
            code="no_refresh", retryable=False,
        )  # fmt: skip


def renewed(answer: Answer, before: Tokens) -> Tokens:
    """The tokens of a renewal; what its answer leaves out stays as it was before."""
    found = tokens(answer, refresh=before.refresh, more=before.more)
    scopes = found.scopes or before.scopes
    return Tokens(found.access, found.refresh, found.expires_at, scopes, found.more)


def bearer(held: Tokens) -> dict[str, str]:
    """The headers of a call that reads JSON with these tokens (RFC 6750 §2.1)."""
    return {"Authorization": f"Bearer {held.access}", "Accept": "application/json"}


def refused(answer: Answer, message: str = "") -> NetworkError | None:
    """The judge of token endpoints: RFC 6749 §5.2 errors are final, 5xx are nobody's word."""
    if not 400 <= answer.status < 500 or answer.status == 429:
        return None
    found = answer.mapping()
    return NetworkError(
        Category.AUTH_ERROR,
        message or "The network did not accept the sign-in. Connect the account again.",
        status=answer.status,
        code=str(found.get("error") or ""),
        raw=answer.raw,
        retryable=False,
    )


def returned(answer: Mapping[str, str]) -> str:
    """The code of a callback's query; raises ``auth_error`` where the person said no."""
    code = answer.get("code", "")
    if answer.get("error") or not code:
        raise NetworkError(
            Category.AUTH_ERROR,
            "You did not allow access, so nothing was connected."
            if answer.get("error") == "access_denied"
            else "The network sent no permission back. Please start again.",
            code=answer.get("error", ""),
            retryable=False,
        )
    return code
