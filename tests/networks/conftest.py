"""A network's client over the sandbox: real requests, no sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from app.config import Config
from app.sandbox.store import Store
from tests.playing import played


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def sandbox(store: Store) -> Flask:
    return played(store)


@pytest.fixture
def http(sandbox: Flask) -> Iterator[httpx.Client]:
    with httpx.Client(transport=httpx.WSGITransport(app=sandbox)) as client:
        yield client


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Every network points at the sandbox, as with no settings at all."""
    return Config.from_env({"INSTANCE_DIR": str(tmp_path)})


@pytest.fixture
def server(sandbox: Flask) -> Iterator[BaseWSGIServer]:
    """The same sandbox on a real port, for what needs sockets (``server.port``)."""
    made = make_server("127.0.0.1", 0, sandbox, threaded=True)
    made.daemon_threads = True  # type: ignore[attr-defined]
    made.block_on_close = False  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join(5)


@pytest.fixture
def socket_config(server: BaseWSGIServer, tmp_path: Path) -> Config:
    """``config`` for the sandbox on its real port; use it with ``egress.client``."""
    port = str(server.port)
    return Config.from_env({"INSTANCE_DIR": str(tmp_path), "SANDBOX_PORT": port})
