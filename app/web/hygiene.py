"""Before anything else looks at a request: where it comes from, and whether its text is text.

Forwarded headers count only from ``TRUSTED_PROXIES`` (reliability §13); the Host header
never makes a link, those are built from ``APP_URL``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from flask import Flask

from app.config import Config, ConfigError
from app.web.forms.base import check_request

Network = IPv4Network | IPv6Network
FORWARDED = (
    "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PREFIX", "HTTP_FORWARDED", "HTTP_X_REAL_IP",
)  # fmt: skip


def init_app(app: Flask) -> None:
    """Judge forwarded headers and refuse text that cannot be stored, before all else.

    Raises ``ConfigError`` for ``TRUSTED_PROXIES`` that name no addresses.
    """
    config: Config = app.config["CARILLON"]
    app.wsgi_app = Proxies(app.wsgi_app, trusted(config))  # type: ignore[method-assign]
    # Ahead of the CSRF check, which would decode the form and hide what was wrong in it.
    app.before_request_funcs.setdefault(None, []).insert(0, check_request)


def trusted(config: Config) -> list[Network]:
    """The networks of ``TRUSTED_PROXIES``: addresses or CIDRs, separated by commas."""
    found: list[Network] = []
    for part in filter(None, (p.strip() for p in config.TRUSTED_PROXIES.split(","))):
        try:
            found.append(ip_network(part, strict=False))
        except ValueError as error:
            raise ConfigError(
                f"TRUSTED_PROXIES: {part!r} is no address. Write 10.0.0.7 or 10.0.0.0/8."
            ) from error
    return found


class Proxies:
    """WSGI middleware: the client as a trusted proxy saw it, or as the socket does."""

    def __init__(self, app: Callable[..., Iterable[bytes]], networks: list[Network]) -> None:
        self.app, self.networks = app, networks

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        given = {name: environ.pop(name, "") for name in FORWARDED}
        environ["carillon.forwarded"] = any(given.values())
        if self._trusts(environ.get("REMOTE_ADDR", "")):
            environ["REMOTE_ADDR"] = self._client(
                environ["REMOTE_ADDR"], given["HTTP_X_FORWARDED_FOR"]
            )
            scheme = given["HTTP_X_FORWARDED_PROTO"].rpartition(",")[2].strip().lower()
            if scheme in {"http", "https"}:
                environ["wsgi.url_scheme"] = scheme
        return self.app(environ, start_response)

    def _client(self, peer: str, chain: str) -> str:
        """The nearest address that is not a proxy of ours; whatever is beyond it is hearsay."""
        for part in reversed([p.strip() for p in chain.split(",") if p.strip()]):
            try:
                peer = str(ip_address(part))
            except ValueError:
                return peer
            if not self._trusts(peer):
                return peer
        return peer

    def _trusts(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.networks)
