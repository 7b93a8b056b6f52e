"""Serving the sandbox: one process, because its state is one, and many threads.

Slow and hanging answers each hold a thread, so there are enough for several hundred.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from app.sandbox import create_sandbox, line, x_length
from app.sandbox.store import Store

THREADS = 640
CONNECTIONS = 2000
# Longer than clients keep idle connections: the server never closes one they may just use.
KEEPALIVE_SECONDS = 90


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with our settings, on loopback."""

    def __init__(self, port: int, store_path: Path | None) -> None:
        self.port, self.store_path = port, store_path
        super().__init__()

    def load_config(self) -> None:
        wanted: dict[str, Any] = {
            "bind": f"127.0.0.1:{self.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "worker_connections": CONNECTIONS,
            "backlog": 1024,
            "keepalive": KEEPALIVE_SECONDS,
            "timeout": 0,
            "graceful_timeout": 2,
            "proc_name": "carillon-sandbox",
            "loglevel": "warning",
            "control_socket_disable": True,
            "worker_int": _release,
            "worker_exit": _close,
        }
        for name, value in wanted.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Made in the worker: the store's lock and file belong to the process using them."""
        x_length.link_pattern()  # before the threads: each would make its own
        return create_sandbox(Store(self.store_path))


def _release(worker: Any) -> None:
    line.closing.set()


def _close(server: Any, worker: Any) -> None:
    line.closing.set()


def run(port: int, store_path: Path | None = None) -> int:
    """Serve on loopback until SIGTERM or SIGINT; the exit code. Posts stay in ``store_path``."""
    try:
        Server(port, store_path).run()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    return 0
