"""What the witnesses share: other people's clients, unchanged, on a real port of the sandbox.

Where a client has its network's address built in, or writes ``https:`` of its own, only the
last step is turned: its session sends the finished request to the port.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from PIL import Image
from requests.adapters import HTTPAdapter
from werkzeug.serving import make_server

from app.sandbox import create_sandbox
from app.sandbox.store import Store

PLAYED = Store()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A sandbox on a port of its own, for the tests of a file."""
    PLAYED.reset()
    made = make_server("127.0.0.1", 0, create_sandbox(PLAYED), threaded=True)
    made.daemon_threads = True  # type: ignore[attr-defined]
    made.block_on_close = False  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made.port
    made.shutdown()
    made.server_close()
    thread.join(5)
    PLAYED.reset()


class Turned(HTTPAdapter):
    """Sends what goes to one address to another."""

    def __init__(self, wanted: str, given: str) -> None:
        super().__init__()
        self.wanted, self.given = wanted, given

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        request.url = request.url.replace(self.wanted, self.given, 1)
        return super().send(request, *args, **kwargs)


def turn(session: requests.Session, wanted: str, given: str) -> requests.Session:
    """Let a session's requests for ``wanted`` reach ``given``."""
    session.mount(wanted, Turned(wanted, given))
    return session


def png(colour: str = "green") -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (24, 16), colour).save(out, "PNG")
    return out.getvalue()


def posted(network: str) -> list[Any]:
    """What stands on a network, the newest first."""
    return [post for post in PLAYED.posts.newest(network=network) if not post.deleted]
