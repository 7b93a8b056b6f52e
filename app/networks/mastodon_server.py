"""Which server a person means, and what it says about itself (networks/mastodon.md §1, §4)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx2 as httpx

from app.networks.base import AppKeys, Category, NetworkError
from app.networks.mastodon_errors import HEADERS, judge
from app.networks.wire import Answer, Judge, call

# A genuine Mastodon is 2.x or later and does not call itself compatible with one.
_VERSION = re.compile(r"v?(\d{1,4})\.(\d{1,4})\.")
_COMPATIBLE = re.compile(r"compatible;\s*([\w-]{1,40})", re.IGNORECASE)
_OTHERS = ("gotosocial", "pleroma", "akkoma", "takahe", "friendica", "pixelfed", "hollo", "mitra")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")

# Name in the metadata → where every server has it.
ENDPOINTS = {
    "authorization": "/oauth/authorize", "token": "/oauth/token", "revocation": "/oauth/revoke"
}  # fmt: skip
# Wanted scope → what to ask for where a server knows only coarse ones.
WANTED = (
    ("read:statuses", "read"), ("write:statuses", "write"), ("write:media", "write"),
)  # fmt: skip


def server(typed: str, configured: str) -> str:
    """The base URL of ``mastodon.social``, an address or ``@me@host``; no final slash.

    https always, but http for loopback and for the operator's own ``configured`` server;
    only those keep a path (the sandbox lives under one). Nothing typed means
    ``configured``. Raises ``validation`` for what is no server.
    """
    text = typed.strip().rstrip("/")
    if not text:
        return configured
    if "://" not in text:
        head, slash, rest = text.partition("/")
        text = "//" + head.rsplit("@", 1)[-1] + slash + rest
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _no_server() from error
    if parts.scheme not in ("", "http", "https") or "@" in parts.netloc or not parts.hostname:
        raise _no_server()
    own = _own(parts, configured)
    if own:
        return own
    host = _host(parts.hostname)
    local = _loopback(host)
    scheme = ("http" if parts.scheme != "https" else "https") if local else "https"
    name = f"[{host}]" if ":" in host else host
    if port and port != {"http": 80, "https": 443}[scheme]:
        name = f"{name}:{port}"
    return f"{scheme}://{name}{_prefix(parts.path) if local else ''}"


def _own(parts: SplitResult, configured: str) -> str:
    """The operator's own server where that is what was typed, with the path it needs."""
    mine = urlsplit(configured)
    if not mine.netloc or parts.netloc.lower() != mine.netloc.lower():
        return ""
    return configured if _prefix(parts.path) in ("", mine.path) else ""


def _prefix(path: str) -> str:
    """The path without what follows a profile: ``/mastodon/@me`` is ``/mastodon``."""
    kept: list[str] = []
    for piece in path.split("/"):
        if piece.startswith("@"):
            break
        if piece:
            kept.append(piece)
    return "".join(f"/{piece}" for piece in kept)


def _host(name: str) -> str:
    """The host as DNS writes it; raises ``validation``."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        host = name.rstrip(".").encode("idna").decode().lower()
    except UnicodeError as error:
        raise _no_server() from error
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _no_server()
    if len(labels) < 2 and host != "localhost":
        raise _no_server()
    return host


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _no_server() -> NetworkError:
    return NetworkError(
        Category.VALIDATION,
        "Type the name of your server, such as mastodon.social.",
        code="server",
        retryable=False,
    )


def netloc(base: str) -> str:
    """The host (and port) of a base URL, as it stands in ``id@host``."""
    return urlsplit(base).netloc.lower()


@dataclass(frozen=True)
class Instance:
    """What a server says about itself; ``configuration`` is its limits, as it named them."""

    version: str
    domain: str
    software: str
    configuration: Mapping[str, Any] = field(default_factory=dict)

    @property
    def extras(self) -> dict[str, Any]:
        """Plain JSON, kept with each account of this server."""
        return {
            "version": self.version, "domain": self.domain, "software": self.software,
            "configuration": dict(self.configuration),
        }  # fmt: skip


def instance(http: httpx.Client, base: str, headers: Mapping[str, str] | None = None) -> Instance:
    """Ask a server what it is: ``/api/v2/instance``, before 4.0 ``/api/v1/instance``.

    Raises ``validation`` (code ``not_mastodon``) where neither is answered in its words.
    """
    sent = {**HEADERS, **(headers or {})}
    for path in ("/api/v2/instance", "/api/v1/instance"):
        try:
            answer = call(http, "GET", base + path, judge=_elsewhere(base), headers=sent)
        except NetworkError as error:
            if error.code == "not_found":
                continue
            raise
        found = answer.mapping()
        if isinstance(found.get("version"), str):
            return _read(base, found)
    raise NetworkError(
        Category.VALIDATION,
        "That server does not speak Mastodon's language. Check its name.",
        code="not_mastodon",
        retryable=False,
    )


def _read(base: str, found: dict[str, Any]) -> Instance:
    version = found["version"][:120]
    claimed = found.get("domain") or found.get("uri") or ""
    named = urlsplit(claimed).netloc if "://" in str(claimed) else str(claimed)
    given = found.get("configuration")
    limits = dict(given) if isinstance(given, dict) else {}
    if not limits and isinstance(found.get("max_toot_chars"), int):  # Pleroma's own word
        limits = {"statuses": {"max_characters": found["max_toot_chars"]}}
    kept = {
        name: _limits(limits[name])
        for name in ("statuses", "media_attachments", "polls")
        if isinstance(limits.get(name), dict)
    }
    return Instance(version, _domain(base, named.lower()), software(version), kept)


def _limits(found: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers and lists of words, not many: it is kept with every account of the server."""
    kept: dict[str, Any] = {}
    for name, value in list(found.items())[:30]:
        if isinstance(value, int):
            kept[name[:60]] = value
        elif isinstance(value, list):
            kept[name[:60]] = [v for v in value[:100] if isinstance(v, str) and len(v) <= 100]
    return kept


def _domain(base: str, claimed: str) -> str:
    """The domain of handles: the claimed one only where it is the server's own or above it."""
    host = urlsplit(base).hostname or ""
    if claimed and len(claimed) <= 253 and (
        claimed == host or host.endswith("." + claimed) or _loopback(host)
    ):  # fmt: skip
        return claimed
    return netloc(base)


def software(version: str) -> str:
    """``mastodon`` for a genuine one (forks too), else its name, or ``other``.

    Only the genuine one is trusted to keep an ``Idempotency-Key`` (networks/mastodon.md §6).
    """
    if named := _COMPATIBLE.search(version):
        return named[1].lower()
    lower = version.lower()
    for name in _OTHERS:
        if name in lower:
            return name
    release = _VERSION.match(version)
    return "mastodon" if release and int(release[1]) >= 2 else "other"


def release(version: str) -> tuple[int, int]:
    """Major and minor number of a version; (0, 0) where it has none."""
    found = _VERSION.match(version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _elsewhere(base: str) -> Judge:
    def judged(answer: Answer) -> NetworkError | None:
        """404: not there. A redirect: the name typed is not the server's own."""
        if answer.status in (404, 405):
            return NetworkError(Category.VALIDATION, "Not there.", code="not_found")
        if 300 <= answer.status < 400:
            host = urlsplit(answer.headers.get("location", "")).netloc[:253]
            other = host if host and host != urlsplit(base).netloc else "another name"
            return NetworkError(
                Category.VALIDATION,
                f"That server is found under {other}. Type that name instead.",
                code="moved",
                status=answer.status,
                retryable=False,
            )
        return judge(answer)

    return judged


def discover(http: httpx.Client, base: str) -> dict[str, str]:
    """Endpoints and scopes for one server, as kept in ``AppKeys.more``.

    From its OAuth metadata (4.3 and later), else the paths every older one has. Endpoints
    on another host are not believed.
    """
    try:
        answer = call(
            http, "GET", base + "/.well-known/oauth-authorization-server",
            judge=_metadata, headers=HEADERS,
        )  # fmt: skip
        found = answer.mapping()
    except NetworkError as error:
        if error.code != "not_found":
            raise
        found = {}
    more = {}
    for name, path in ENDPOINTS.items():
        given = found.get(f"{name}_endpoint")
        mine = isinstance(given, str) and given.startswith(base + "/")
        more[name] = str(given) if mine else base + path
    supported = found.get("scopes_supported")
    known = [s for s in supported if isinstance(s, str)] if isinstance(supported, list) else []
    issuer = found.get("issuer")
    more["issuer"] = issuer.rstrip("/") if isinstance(issuer, str) else ""
    return {**more, "scopes": scopes(known), "server": base}


def _metadata(answer: Answer) -> NetworkError | None:
    """Anything that is no metadata means there is none: older servers answer 404 or a page."""
    if answer.status == 429 or answer.status >= 500:
        return judge(answer)
    return NetworkError(Category.VALIDATION, "Not there.", code="not_found")


def scopes(supported: list[str]) -> str:
    """What we ask for, space separated, out of ``scopes_supported`` (empty: not told)."""
    wanted = ["profile" if "profile" in supported else "read:accounts"]
    if supported and wanted[0] not in supported:
        wanted = ["read"]
    for fine, coarse in WANTED:
        wanted.append(fine if not supported or fine in supported else coarse)
    return " ".join(dict.fromkeys(wanted))


def app_keys(answer: Answer, more: Mapping[str, str]) -> AppKeys:
    """Our registration at one server, with what the consent needs later."""
    found = answer.mapping()
    client_id, secret = found.get("client_id"), found.get("client_secret")
    if not isinstance(client_id, str) or not isinstance(secret, str):
        raise NetworkError(
            Category.VALIDATION,
            "The server did not register us in a way we understand.",
            code="registration",
            raw=answer.raw,
            retryable=False,
        )
    return AppKeys(client_id, secret, dict(more))
