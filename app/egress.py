"""The one door to the outside: guarded addresses, total deadlines (reliability §3, §10).

``client(guarded=True)`` is for URLs a user can choose; ``client(guarded=False)`` for the
operator's own base URLs. Every byte of either goes through ``bounded``: a read timeout is
not a deadline, so each connect, read and write gets what is left of the whole.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import httpcore2
import httpx2 as httpx

from app.config import Config
from app.errors import ValidationFailed

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
MAX_BODY = 1024 * 1024
USER_AGENT = "Carillon/1"
REFUSED = "That address cannot be used. Give a public https address."

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Python 3.11 calls these, wholly or in part, global.
NEVER: tuple[Network, ...] = tuple(
    ipaddress.ip_network(block)
    for block in (
        "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fec0::/10",
        "5f00::/16", "3fff::/20", "192.0.0.0/24", "192.88.99.0/24",
    )
)  # fmt: skip
LOOPBACK: tuple[Network, ...] = (
    ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")
)  # fmt: skip


class Refused(ValidationFailed):
    """The guard says no; one text for every reason, so that nothing can be mapped."""

    def __init__(self, *, field: str | None = None) -> None:
        super().__init__(REFUSED, field=field)


class Refusal(httpcore2.ConnectError):
    """The guard's no, in the words of the HTTP library: nothing was sent."""


@dataclass
class Wire:
    """One piece of work on the network: until when, and whether a byte has left.

    ``until`` and ``first_byte_by`` are readings of ``time.monotonic``.
    """

    until: float
    first_byte_by: float | None = None
    sent: bool = False
    started: float = field(default_factory=time.monotonic)

    def left(self, at_most: float | None = None) -> float:
        """Seconds left; raises ``TimeoutError`` when there are none."""
        rest = self.until - time.monotonic()
        if rest <= 0:
            raise TimeoutError("the deadline has passed")
        return rest if at_most is None else min(rest, at_most)

    def leave(self) -> None:
        """Called before each write: the first one may come too late to be made at all."""
        if not self.sent:
            if self.first_byte_by is not None and time.monotonic() > self.first_byte_by:
                raise TimeoutError("too late to begin")
            self.sent = True


_wire: ContextVar[Wire | None] = ContextVar("wire", default=None)
_named_only: ContextVar[bool] = ContextVar("named_only", default=False)


@contextmanager
def bounded(seconds: float, *, first_byte_within: float | None = None) -> Iterator[Wire]:
    """Everything sent and read within the block ends in ``seconds``.

    Nested blocks never outlive the one around them. ``first_byte_within``: after that
    many seconds nothing is sent any more (reliability §3).
    """
    outer, start = _wire.get(), time.monotonic()
    until = start + seconds
    by = None if first_byte_within is None else start + first_byte_within
    if outer is not None:
        until = min(until, outer.until)
        by = outer.first_byte_by if by is None else by
    wire = Wire(until, by)
    mark = _wire.set(wire)
    try:
        yield wire
    finally:
        _wire.reset(mark)
        if outer is not None:
            outer.sent = outer.sent or wire.sent


def current() -> Wire | None:
    """The innermost block of this thread, if any."""
    return _wire.get()


@dataclass(frozen=True)
class Guard:
    """Which addresses may be spoken to.

    ``allow``: networks the operator named, http and any port included.
    ``origins``: base URLs the operator configured, ``scheme://host:port``.
    """

    allow: tuple[Network, ...] = ()
    origins: frozenset[str] = frozenset()

    @classmethod
    def of(cls, config: Config) -> Guard:
        """From ``EGRESS_ALLOW``, the configured networks, and loopback in the sandbox mode."""
        allow = tuple(
            ipaddress.ip_network(part.strip(), strict=False)
            for part in config.EGRESS_ALLOW.split(",")
            if part.strip()
        )
        if config.SANDBOX and config.loopback:
            allow += LOOPBACK
        bases = [u for n in config.networks.values() for u in (n.api_url, n.auth_url) if u]
        bases += [config.PLC_URL, config.BLUESKY_VIDEO_URL]
        return cls(allow, frozenset(origin(u) for u in bases))

    def allowed(self, found: Address) -> bool:
        """Whether the operator named this address's network."""
        return any(found.version == net.version and found in net for net in self.allow)

    def permits(self, address: str, *, named_only: bool = False) -> bool:
        """Whether this address may be connected to, by the list of reliability §10."""
        found: Address = ipaddress.ip_address(address.split("%")[0])
        mapped = getattr(found, "ipv4_mapped", None)
        if mapped is not None:
            found = mapped
        if self.allowed(found):
            return True
        if named_only or not found.is_global or found.is_multicast:
            return False
        return not any(found.version == net.version and found in net for net in NEVER)

    def check(self, url: str, *, field: str | None = None) -> None:
        """Raise ``Refused`` for a URL that may not be asked; for forms, before any request."""
        named_only = self.named_only(url, field=field)
        parts = urlsplit(url)
        if origin(url) in self.origins:
            return
        try:
            answers = resolve(parts.hostname or "", parts.port or 0, CONNECT_SECONDS)
        except OSError as error:
            raise Refused(field=field) from error
        if not answers or not all(self.permits(a, named_only=named_only) for a in answers):
            raise Refused(field=field)

    def named_only(self, url: str, *, field: str | None = None) -> bool:
        """Whether only addresses the operator named may answer for this URL: http, odd ports.

        Raises ``Refused`` for what may never be asked, wherever it leads.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Refused(field=field) from error
        host = parts.hostname or ""
        if parts.username or parts.password or not host or len(host) > 253:
            raise Refused(field=field)
        if parts.scheme not in ("http", "https"):
            raise Refused(field=field)
        return parts.scheme != "https" or (port or 443) not in (443, 8443)


def origin(url: str) -> str:
    """``scheme://host:port``, lower case, the port always there; ``""`` for nonsense."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return ""
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def resolve(host: str, port: int, seconds: float) -> list[str]:
    """Every address of a name, within ``seconds``; raises ``OSError``.

    The C resolver knows no deadline, so each question has a thread of its own: a name server
    that never answers holds up nobody else, nor the end of the process.
    """
    try:
        return [str(ipaddress.ip_address(host.strip("[]")))]
    except ValueError:
        pass
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(row[4][0]) for row in rows)))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        found = answers.get(timeout=seconds)
    except queue.Empty as error:
        raise OSError(f"no answer for {host} in time") from error
    if isinstance(found, UnicodeError):
        raise OSError(f"{host[:80]!r} is not a host name") from found
    if isinstance(found, Exception):
        raise found
    return found


class _Stream(httpcore2.NetworkStream):
    """A stream whose every step is cut to what is left of the deadline."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        wire = _wire.get()
        try:
            seconds = timeout if wire is None else wire.left(timeout)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout(str(error)) from error
        return bytes(self.inner.read(max_bytes, seconds))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        wire = _wire.get()
        view = memoryview(buffer)
        try:
            if wire is None:
                self.inner.write(buffer, timeout)
                return
            wire.leave()
            # Pieces, so that a peer that takes a byte a second cannot stretch one write.
            while view:
                self.inner.write(view[:65536], wire.left(timeout))
                view = view[65536:]
        except TimeoutError as error:
            raise httpcore2.WriteTimeout(str(error)) from error

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        wire = _wire.get()
        try:
            seconds = CONNECT_SECONDS if wire is None else wire.left(CONNECT_SECONDS)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error)) from error
        return _Stream(self.inner.start_tls(ssl_context, server_hostname, seconds))

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


class _Backend(httpcore2.NetworkBackend):
    """Resolves once, checks every answer, connects to the checked address."""

    def __init__(self, guard: Guard | None) -> None:
        self.guard = guard
        self.inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        wire = _wire.get()
        try:
            seconds = CONNECT_SECONDS if wire is None else wire.left(CONNECT_SECONDS)
            until = time.monotonic() + seconds
            answers = resolve(host, port, seconds)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        if self.guard is not None and not self._passes(host, port, answers):
            raise Refusal(REFUSED)
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in answers:
            rest = until - time.monotonic()
            if rest <= 0:
                raise httpcore2.ConnectTimeout("no connection in time") from failure
            try:
                return _Stream(
                    self.inner.connect_tcp(address, port, rest, local_address, socket_options)
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    def _passes(self, host: str, port: int, answers: list[str]) -> bool:
        guard = self.guard
        assert guard is not None
        name = f"[{host}]" if ":" in host else host
        if {f"http://{name}:{port}", f"https://{name}:{port}"} & guard.origins:
            return True
        named_only = _named_only.get()
        return bool(answers) and all(guard.permits(a, named_only=named_only) for a in answers)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


_context_lock = threading.Lock()
_context: ssl.SSLContext | None = None


def tls() -> ssl.SSLContext:
    """The TLS context, built once a process: loading the roots costs 40 ms and more."""
    global _context
    with _context_lock:
        if _context is None:
            _context = httpx.create_ssl_context()
        return _context


class _GuardedTransport(httpx.HTTPTransport):
    """Checks scheme, port and user info of each request before the pool sees it."""

    def __init__(self, guard: Guard | None, connections: int) -> None:
        super().__init__(verify=tls(), trust_env=False)
        self.guard = guard
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls(),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=20.0,
            network_backend=_Backend(guard),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.guard is None:
            return super().handle_request(request)
        try:
            mark = _named_only.set(self.guard.named_only(str(request.url)))
        except Refused as error:
            raise httpx.ConnectError(REFUSED, request=request) from error
        try:
            return super().handle_request(request)
        finally:
            _named_only.reset(mark)


def client(
    config: Config, *, guarded: bool, connections: int = 300, follow: int = 0
) -> httpx.Client:
    """A client with pooled connections, no cookies, no proxy from the environment.

    ``guarded``: for addresses a user can choose. ``follow``: redirects followed, each
    guarded anew.
    """
    made = httpx.Client(
        transport=_GuardedTransport(Guard.of(config) if guarded else None, connections),
        timeout=httpx.Timeout(CONNECT_SECONDS * 12, connect=CONNECT_SECONDS, pool=10.0),
        headers={"User-Agent": f"{USER_AGENT} (+{config.APP_URL})"},
        follow_redirects=follow > 0,
        max_redirects=max(follow, 1),
        trust_env=False,
    )
    made.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return made
