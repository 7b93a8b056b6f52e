"""A real S3 server (moto) over HTTP, and buckets in it.

The fixture ``s3`` is known everywhere; ``s3.settings(…)`` are the settings of an installation with
a bucket of its own there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2 as httpx
import pytest
from werkzeug.serving import make_server

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-tests"}


class Played:
    """The server: what it was asked, and what it is told to do.

    ``fault``: an answer instead of the server's, as ``(status, body)``; ``watch`` is called with
    each request, and what it returns is kept in ``seen``.
    """

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self.app = DomainDispatcherApplication(create_backend_app)
        self.asked: list[tuple[str, str]] = []
        self.seen: list[Any] = []
        self.fault: tuple[str, str] | None = None
        self.watch: Callable[[], Any] | None = None
        self.server = make_server("127.0.0.1", 0, self, threaded=True)
        self.server.daemon_threads = True  # type: ignore[attr-defined]
        self.server.block_on_close = False  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}
        )

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        self.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if self.watch is not None:
            self.seen.append(self.watch())
        if self.fault is not None:
            body = self.fault[1].encode()
            start(self.fault[0], [("Content-Length", str(len(body)))])
            return [body]
        answer: Iterable[bytes] = self.app(environ, start)
        return answer

    def settings(self, root: Path, bucket: str = "", **more: Any) -> dict[str, Any]:
        """Settings of an installation in that folder, with a bucket made for it."""
        name = bucket or f"media-{uuid4().hex[:12]}"
        if not bucket:
            assert httpx.put(f"{self.url}/{name}").status_code == 200
        return {
            "S3_BUCKET": name, "S3_ENDPOINT_URL": self.url, "INSTANCE_DIR": root, **KEYS, **more
        }  # fmt: skip

    def names(self, bucket: str) -> list[str]:
        """Everything that lies in a bucket."""
        from moto.s3.models import s3_backends

        return sorted(s3_backends["123456789012"]["aws"].buckets[bucket].keys)

    def calm(self) -> None:
        """As it was at the start, but for its buckets."""
        self.fault = self.watch = None
        self.asked.clear()
        self.seen.clear()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Played]:
    """One server a run: to load it takes two seconds."""
    played = Played()
    played.thread.start()
    yield played
    played.server.shutdown()
    played.server.server_close()
    played.thread.join(5)


@pytest.fixture
def s3(s3_server: Played) -> Iterator[Played]:
    """The server, its ears fresh."""
    s3_server.calm()
    yield s3_server
    s3_server.calm()
