"""``carillon web``: gunicorn with our settings, started from Python.

gthread, since a request mostly waits for the database; a few threads a worker are plenty.
"""

from __future__ import annotations

from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from app.config import Config

# Longer than a proxy keeps idle connections, so that it never reuses one being closed.
KEEPALIVE_SECONDS = 75
# A request may wait PUBLISH_WAIT_SECONDS for an outcome; a worker silent for longer hangs.
TIMEOUT_SECONDS = 90


class Lines(Logger):  # type: ignore[misc]
    """Gunicorn's own messages go where ours go (``app.logs``), as JSON lines."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.propagate = True


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn serving ``wsgi:app``."""

    def __init__(self, config: Config, workers: int, threads: int) -> None:
        self.config, self.workers, self.threads = config, workers, threads
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.wanted().items():
            self.cfg.set(name, value)

    def wanted(self) -> dict[str, Any]:
        """Our settings, by gunicorn's names."""
        host = self.config.HOST
        return {
            "bind": f"[{host}]:{self.config.PORT}" if ":" in host else f"{host}:{self.config.PORT}",
            "workers": self.workers,
            "worker_class": "gthread",
            "threads": self.threads,
            "keepalive": KEEPALIVE_SECONDS,
            "timeout": TIMEOUT_SECONDS,
            "graceful_timeout": 60,
            "limit_request_line": 8190,  # an OAuth callback carries long codes and states
            "accesslog": None,  # the application writes one line a request, without secrets
            "errorlog": None,
            "loglevel": "info",
            "logger_class": Lines,
            "control_socket_disable": True,
            # Imported once, before the workers are forked: a second of start-up and 60 MB less.
            # What must not be shared over a fork is dropped there (``extensions``).
            "preload_app": True,
            # Forwarded headers count only from TRUSTED_PROXIES, and the application judges
            # that (reliability §13); gunicorn believes nobody.
            "forwarded_allow_ips": "",
            "secure_scheme_headers": {},
        }

    def load(self) -> Any:
        """The application, made in the master."""
        from wsgi import app

        return app


def run(config: Config, workers: int = 2, threads: int = 4) -> int:
    """Serve until SIGTERM (requests under way are answered) or SIGINT; the exit code."""
    try:
        Server(config, workers, threads).run()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    return 0
