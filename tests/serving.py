"""Applications on loopback, which end with the last request they were asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator

LAST_ANSWER_SECONDS = 15


class InFlight:
    """A WSGI application around another that knows whether a request is being answered.

    A closed page leaves its last request behind; the next test's database must not be laid
    under it.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._running = 0
        self._changed = threading.Condition()

    def __call__(self, environ: dict[str, object], start_response: object) -> Iterable[bytes]:
        self._count(1)
        try:
            answer = self.app(environ, start_response)  # type: ignore[arg-type]
        except BaseException:
            self._count(-1)
            raise
        return ClosingIterator(answer, lambda: self._count(-1))

    def wait(self) -> None:
        """Until no request is being answered, or one takes too long for anybody to wait."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, LAST_ANSWER_SECONDS)

    def _count(self, change: int) -> None:
        with self._changed:
            self._running += change
            self._changed.notify_all()


@contextmanager
def serving() -> Iterator[Callable[..., str]]:
    """``start(app, port=0)`` serves an application from threads; all servers end with the block."""
    running = []

    def start(app: Flask, port: int = 0) -> str:
        counted = InFlight(app)
        server = make_server("127.0.0.1", port, counted, threaded=True)
        server.daemon_threads = True  # type: ignore[attr-defined]
        server.block_on_close = False  # type: ignore[attr-defined]  # of sockets without a request
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        running.append((server, thread, counted))
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server, thread, counted in running:
        server.shutdown()
        server.server_close()
        thread.join(5)
        counted.wait()
