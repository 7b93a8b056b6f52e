"""Sessions by app password (networks/bluesky.md §1a), and the server a person names."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx

from app.networks import bluesky_identity as identity
from app.networks.base import Category, NetworkError, Tokens
from app.networks.bluesky_xrpc import AUTH, RECONNECT, Xrpc, error_name, expiry
from app.networks.bluesky_xrpc import judge as usual
from app.networks.wire import Answer, unreadable

APP = ("bsky.app", "www.bsky.app")  # where people read; accounts live elsewhere


def server(typed: str, configured: str) -> str:
    """The base URL of a server as typed; nothing typed means ``configured``.

    https, but http for loopback; the operator's own address may have a path.
    Raises ``validation`` for what is no server.
    """
    text = typed.strip().rstrip("/")
    if not text or text == configured:
        return configured
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        port = parts.port
    except ValueError as error:
        raise _no_server() from error
    host = (parts.hostname or "").lower()
    if host in APP:
        return configured
    here = _loopback(host)
    odd = parts.username or parts.password or parts.query or parts.fragment
    if parts.scheme not in ("", "https", "http") or odd or (parts.path and not here):
        raise _no_server()
    if not here and not identity.HANDLE.fullmatch(host):
        raise _no_server()
    scheme = parts.scheme or ("http" if here else "https")
    if scheme == "http" and not here:
        scheme = "https"
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}{f':{port}' if port else ''}{parts.path}"


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _no_server() -> NetworkError:
    return NetworkError(
        Category.VALIDATION,
        "That is not a server's address. Write it like bsky.social, or leave it empty.",
        retryable=False,
    )


class Passwords:
    """Log-in, refresh and end of an app-password session.

    ``Tokens.more`` holds ``did``, ``pds`` (where the account lives) and ``entry`` (where it
    signed in: sessions of accounts behind an entryway are the entryway's).
    """

    def __init__(self, http: httpx.Client, xrpc: Xrpc, plc_url: str) -> None:
        self.http, self.xrpc, self.plc_url = http, xrpc, plc_url

    def login(self, server: str, identifier: str, password: str) -> Tokens:
        """``createSession``; ``auth_error`` in words the person can act on."""
        name = identity.full_handle(self.http, server, identity.typed(identifier))
        if not name or not password.strip():
            raise _refused_login("Enter the handle and an app password.")
        answer = self.xrpc.call(
            server, "POST", "com.atproto.server.createSession", judge=_login_judge,
            json={"identifier": name, "password": password.strip()},
        )  # fmt: skip
        return self._tokens(answer, {"entry": server})

    def refresh(self, tokens: Tokens) -> Tokens:
        """``refreshSession``; an answer lost on the way is harmless: the old token answers
        the same for two hours."""
        answer = self._as_refresh(tokens, "com.atproto.server.refreshSession")
        fresh = self._tokens(answer, tokens.more)
        if fresh.more["did"] != tokens.more.get("did", fresh.more["did"]):
            raise unreadable(answer.status)
        return fresh

    def end(self, tokens: Tokens) -> None:
        """``deleteSession``; one that ended by itself is done."""
        try:
            self._as_refresh(tokens, "com.atproto.server.deleteSession")
        except NetworkError as error:
            if error.category is not Category.AUTH_ERROR:
                raise

    def _as_refresh(self, tokens: Tokens, nsid: str) -> Answer:
        bearer = replace(tokens, access=tokens.refresh)
        entry = tokens.more.get("entry") or tokens.more.get("pds", "")
        return self.xrpc.call(entry, "POST", nsid, tokens=bearer, judge=_refresh_judge)

    def _tokens(self, answer: Answer, before: Mapping[str, str]) -> Tokens:
        found = answer.mapping()
        access, refresh, did = (found.get(n) for n in ("accessJwt", "refreshJwt", "did"))
        if not (isinstance(access, str) and isinstance(refresh, str) and isinstance(did, str)):
            raise unreadable(answer.status)
        more = {**before, "did": did, "pds": self._home(found, did, before)}
        return Tokens(access, refresh, expiry(access), (), more)

    def _home(self, found: Mapping[str, Any], did: str, before: Mapping[str, str]) -> str:
        """The account's own server: from the answer, else the directory, else where we asked."""
        told = found.get("didDoc")
        pds = identity.pds_of(told, did) if isinstance(told, dict) else ""
        if pds or before.get("pds"):
            return pds or before["pds"]
        try:
            return identity.home(self.http, self.plc_url, did)
        except NetworkError:
            return before["entry"]


def _login_judge(answer: Answer) -> NetworkError | None:
    name = error_name(answer)
    words = {
        "AuthenticationRequired": "The handle or the app password is not right.",
        "AuthFactorTokenRequired": "This is the account's main password, which also needs a code "
        "by e-mail. Make an app password in the account's settings and use that.",
        "AccountTakedown": AUTH["AccountTakedown"],
    }
    if name in words:
        return _refused_login(words[name], answer)
    if name == "InvalidRequest" or answer.status == 404:
        return NetworkError(
            Category.VALIDATION,
            "That server does not know such an account. Check the handle and the server.",
            status=answer.status, code=name, raw=answer.raw, retryable=False,
        )  # fmt: skip
    return usual(answer)


def _refresh_judge(answer: Answer) -> NetworkError | None:
    """Whatever is wrong with a refresh token, only connecting again helps."""
    if answer.status in (400, 401, 403) and error_name(answer):
        return _refused_login(AUTH.get(error_name(answer), RECONNECT), answer)
    return usual(answer)


def _refused_login(message: str, answer: Answer | None = None) -> NetworkError:
    if answer is None:
        return NetworkError(Category.AUTH_ERROR, message, retryable=False)
    return NetworkError(
        Category.AUTH_ERROR, message, retryable=False,
        status=answer.status, code=error_name(answer), raw=answer.raw,
    )  # fmt: skip
