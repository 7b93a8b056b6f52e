"""The one door to the outside: which addresses, and for how long (reliability §3, §10)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app import egress
from app.config import Config

KEYS = {"SECRET_KEY": "x" * 40, "ENCRYPTION_KEYS": "k1:" + "A" * 43 + "="}

NEVER = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.0.8", "192.88.99.1", "198.18.0.1",
    "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:100.64.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::",
    "fec0::1", "5f00::1", "3fff::1", "2001:db8::1",
)  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """An installation in production: nothing of this machine may be asked."""
    return Config.from_env({"INSTANCE_DIR": str(tmp_path), "SANDBOX": "0", **KEYS})


@pytest.fixture
def drip() -> Iterator[int]:
    """A server that begins an answer and then gives a byte now and again."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    done = threading.Event()

    def give(peer: socket.socket) -> None:
        with peer:
            try:
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while not done.wait(0.2):
                    peer.sendall(b"a")
            except OSError:
                pass

    def serve() -> None:
        while not done.is_set():
            try:
                peer, _ = server.accept()
            except OSError:
                continue
            threading.Thread(target=give, args=(peer,), daemon=True).start()

    thread = threading.Thread(target=serve)
    thread.start()
    yield server.getsockname()[1]
    done.set()
    thread.join(5)
    server.close()


@pytest.mark.parametrize("address", NEVER)
def test_private_addresses_are_refused_however_they_are_written(
    config: Config, address: str
) -> None:
    guard = egress.Guard.of(config)
    assert not guard.permits(address)
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(egress.Refused) as refused:
        guard.check(f"https://{host}/")
    assert refused.value.message == egress.REFUSED
    with (
        egress.client(config, guarded=True) as http,
        egress.bounded(3),
        pytest.raises(httpx.ConnectError, match="cannot be used"),
    ):
        http.get(f"https://{host}/")


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111"])
def test_public_addresses_may_be_asked(config: Config, address: str) -> None:
    assert egress.Guard.of(config).permits(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://1.1.1.1/", "https://1.1.1.1:22/", "https://me:word@1.1.1.1/", "ftp://1.1.1.1/",
        "https://" + "a" * 260 + ".example/", "https://", "https://1.1.1.1:99999/", "file:///etc",
    ],
)  # fmt: skip
def test_odd_addresses_are_refused_with_the_same_words(config: Config, url: str) -> None:
    with pytest.raises(egress.Refused) as refused:
        egress.Guard.of(config).check(url, field="url")
    assert (refused.value.message, refused.value.field) == (egress.REFUSED, "url")


def test_a_name_with_one_private_answer_is_refused(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(2, 1, 6, "", ("1.1.1.1", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)
    with pytest.raises(egress.Refused):
        egress.Guard.of(config).check("https://two-faced.example/")


def test_what_the_operator_named_may_be_asked_over_http_and_any_port(
    tmp_path: Path, drip: int
) -> None:
    env = {"INSTANCE_DIR": str(tmp_path), "SANDBOX": "0", "EGRESS_ALLOW": "127.0.0.0/8", **KEYS}
    guard = egress.Guard.of(Config.from_env(env))
    guard.check(f"http://127.0.0.1:{drip}/")
    with pytest.raises(egress.Refused):
        guard.check("http://10.0.0.1/")


def test_a_deadline_is_one_for_the_whole_answer(tmp_path: Path, drip: int) -> None:
    config = Config.from_env({"INSTANCE_DIR": str(tmp_path)})
    began = time.monotonic()
    with (
        egress.client(config, guarded=True) as http,
        egress.bounded(1.0) as wire,
        pytest.raises(httpx.ReadTimeout),
    ):
        http.get(f"http://127.0.0.1:{drip}/")
    assert 0.9 < time.monotonic() - began < 2.0
    assert wire.sent


def test_too_late_for_the_first_byte_sends_nothing(tmp_path: Path, drip: int) -> None:
    config = Config.from_env({"INSTANCE_DIR": str(tmp_path)})
    with (
        egress.client(config, guarded=False) as http,
        egress.bounded(5, first_byte_within=-1) as wire,
        pytest.raises(httpx.WriteTimeout),
    ):
        http.post(f"http://127.0.0.1:{drip}/", content=b"never")
    assert not wire.sent


def test_a_block_within_never_outlives_the_one_around_it() -> None:
    with egress.bounded(1.0) as outer, egress.bounded(60.0) as inner:
        assert inner.until == outer.until
        assert inner.left(30.0) <= 1.0


def test_names_that_never_resolve_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    real, hang = socket.getaddrinfo, threading.Event()

    def slow(host: str, *rest: Any, **more: Any) -> Any:
        if host.endswith(".silent"):
            hang.wait(10)
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    asking = [
        threading.Thread(
            target=lambda n=n: pytest.raises(OSError, egress.resolve, f"{n}.silent", 443, 1.0)
        )
        for n in range(64)
    ]
    for one in asking:
        one.start()
    began = time.monotonic()
    assert "127.0.0.1" in egress.resolve("localhost", 80, 3.0)
    assert time.monotonic() - began < 0.9
    hang.set()
    for one in asking:
        one.join(5)
