"""From a handle to the server that signs its owner in (networks/bluesky.md §1b, steps 1-2).

A name is proven both ways: the handle leads to the DID, and the DID's document names the
handle. Handles are looked up at a server's ``resolveHandle`` and at the handle's own
``/.well-known/atproto-did``; the DNS record is left to the servers, which read it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx
import regex

from app.networks.base import Category, NetworkError
from app.networks.wire import Answer, call

DID = re.compile(r"did:(plc:[a-z2-7]{24}|web:[A-Za-z0-9.-]{1,253}(%3A\d{1,5})?)")
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HANDLE = re.compile(rf"(?=.{{3,253}}\Z)(?:{_LABEL}\.)+(?=[a-z]){_LABEL}")


@dataclass(frozen=True)
class Issuer:
    """An authorization server's address and endpoints (RFC 8414)."""

    issuer: str
    authorize: str
    token: str
    par: str
    revoke: str = ""


def typed(identifier: str) -> str:
    """A handle, DID or e-mail as typed: no ``@`` before it, no invisible marks.

    Handles copied from the app carry marks of writing direction.
    """
    plain = str(regex.sub(r"[\p{Cf}\s]", "", identifier)).removeprefix("@")
    return plain if plain.startswith("did:") else plain.lower()


def full_handle(http: httpx.Client, server: str, name: str) -> str:
    """``name`` with the server's first domain where it has none: ``maya`` typed at a server."""
    if "." in name or "@" in name or ":" in name or not name:
        return name
    try:
        answer = call(
            http, "GET", f"{server}/xrpc/com.atproto.server.describeServer", judge=_not_there
        )
    except NetworkError:
        return name
    domains = answer.mapping().get("availableUserDomains")
    first = domains[0] if isinstance(domains, list) and domains else ""
    return f"{name}{first}" if isinstance(first, str) and first.startswith(".") else name


def resolve(http: httpx.Client, server: str, handle: str) -> str:
    """The DID of a handle; ``validation`` where nobody knows it."""
    asked = (
        (f"{server}/xrpc/com.atproto.identity.resolveHandle", {"handle": handle}),
        (f"https://{handle}/.well-known/atproto-did", None),
    )
    away: NetworkError | None = None
    for url, params in asked:
        try:
            answer = call(http, "GET", url, params=params, judge=_not_there)
        except NetworkError as error:
            if params and error.retryable:
                away = error  # the server itself is away: it may well know the handle
            continue
        told = (
            answer.mapping().get("did") if params else answer.body[:300].decode("ascii", "replace")
        )
        did = str(told).strip()
        if DID.fullmatch(did):
            return did
    raise away or NetworkError(
        Category.VALIDATION, f"No account is called @{handle}. Check the handle.", retryable=False
    )


def document(http: httpx.Client, plc_url: str, did: str) -> dict[str, Any]:
    """The DID's document: from the directory, or from the DID's own domain."""
    if did.startswith("did:web:"):
        host = did.removeprefix("did:web:").replace("%3A", ":")
        url = f"https://{host}/.well-known/did.json"
    else:
        url = f"{plc_url}/{did}"
    found = call(http, "GET", url, judge=_not_there).mapping()
    if found.get("id") != did:
        raise _confused("The account's identity could not be read.")
    return found


def pds_of(found: Mapping[str, Any], did: str) -> str:
    """The base URL of the account's server in its document, or ``""``."""
    services = found.get("service")
    for service in services if isinstance(services, list) else ():
        if not isinstance(service, dict):
            continue
        if service.get("id") not in ("#atproto_pds", f"{did}#atproto_pds"):
            continue
        endpoint = service.get("serviceEndpoint")
        if isinstance(endpoint, str) and endpoint.startswith(("https://", "http://")):
            return endpoint.rstrip("/")
    return ""


def home(http: httpx.Client, plc_url: str, did: str, handle: str = "") -> str:
    """The PDS of a DID; with a ``handle``, only if the document names it too."""
    found = document(http, plc_url, did)
    names = found.get("alsoKnownAs")
    known = {str(n).lower() for n in names} if isinstance(names, list) else set()
    if handle and f"at://{handle}" not in known:
        raise _confused(f"@{handle} is not confirmed by its account. Check the handle.")
    pds = pds_of(found, did)
    if not pds:
        raise _confused("The account has no server to post to.")
    return pds


def issuer_at(http: httpx.Client, pds: str) -> Issuer:
    """The authorization server of a PDS, or ``pds`` itself where it is one."""
    try:
        told = call(
            http, "GET", f"{pds}/.well-known/oauth-protected-resource", judge=_not_there
        ).mapping().get("authorization_servers")  # fmt: skip
    except NetworkError as error:
        if error.code != "not_there":
            raise
        told = None
    first = told[0] if isinstance(told, list) and told else pds
    return _metadata(http, str(first).rstrip("/"))


def _metadata(http: httpx.Client, issuer: str) -> Issuer:
    found = call(
        http, "GET", f"{issuer}/.well-known/oauth-authorization-server", judge=_not_there
    ).mapping()  # fmt: skip
    names = ("authorization_endpoint", "token_endpoint", "pushed_authorization_request_endpoint")
    urls = [found.get(name) for name in names]
    if str(found.get("issuer", "")).rstrip("/") != issuer or not all(
        isinstance(url, str) and url.startswith(("https://", "http://")) for url in urls
    ):
        raise _confused("That server does not offer sign-in. Use an app password instead.")
    revoke = found.get("revocation_endpoint")
    return Issuer(
        issuer, str(urls[0]), str(urls[1]), str(urls[2]), revoke if isinstance(revoke, str) else ""
    )


def _confused(message: str) -> NetworkError:
    return NetworkError(Category.VALIDATION, message, retryable=False)


def _not_there(answer: Answer) -> NetworkError | None:
    """The judge of look-ups: nothing is changed by them, so every answer is a refusal."""
    if answer.status == 429:
        return NetworkError(Category.RATE_LIMITED, "The server asks us to wait.", status=429)
    if answer.status >= 500:
        return NetworkError(
            Category.NETWORK_ERROR, "The server has trouble at the moment.", status=answer.status
        )
    return NetworkError(
        Category.VALIDATION,
        "That server does not answer as expected. Check the address.",
        status=answer.status, code="not_there", raw=answer.raw, retryable=False,
    )  # fmt: skip
