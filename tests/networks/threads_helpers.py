"""What the tests of Threads share: files at a public address, items, the consent page."""

from __future__ import annotations

import functools
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
from PIL import Image

from app.clock import now
from app.config import Config
from app.networks.base import Account, Card, Item, Media, Part, Published, Tokens
from app.networks.threads import Threads
from app.sandbox.store import Store
from tests.films import noise

BACK = "http://127.0.0.1:8000/oauth/threads/callback"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tests are quiet."""


@dataclass(frozen=True)
class Shelf:
    """A folder that the network can fetch from."""

    folder: Path
    base: str

    def picture(self, alt: str = "A red square", size: tuple[int, int] = (64, 48)) -> Media:
        """A small PNG."""
        path = self.folder / f"{secrets.token_hex(4)}.png"
        Image.new("RGB", size, "red").save(path)
        return self._media(path, "image/png", alt, *size)

    def video(self, alt: str = "A harbour", head: bytes = b"\0\0\0\x18ftypmp42") -> Media:
        """Bytes that begin like an MP4."""
        path = self.folder / f"{secrets.token_hex(4)}.mp4"
        path.write_bytes(head + noise(2000))
        return self._media(path, "video/mp4", alt, 640, 480, seconds=5.0)

    def _media(
        self, path: Path, mime: str, alt: str, width: int, height: int, seconds: float = 0.0
    ) -> Media:
        return Media(
            path.stem, path, mime, path.stat().st_size, width, height, seconds, alt,
            url=f"{self.base}/{path.name}",
        )  # fmt: skip


@contextmanager
def shelf(folder: Path) -> Iterator[Shelf]:
    """Serve a folder on loopback."""
    handler = functools.partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Shelf(folder, f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    server.server_close()
    thread.join(5)


def client(http: httpx.Client, config: Config, store: Store, handle: str = "alice") -> Threads:
    """Threads over the sandbox, where this handle's containers are ready at once."""
    found = Threads(http, config)
    found.sleep = lambda seconds: time.sleep(float(seconds) / 20)
    extras(store, handle, processing_seconds=0.02)
    return found


def extras(store: Store, handle: str = "alice", **figures: Any) -> None:
    """As ``POST /_sandbox/accounts``."""
    account = store.accounts.get("threads", handle)
    account.extras.update(figures)
    store.accounts.save(account)


def person(threads: Threads, handle: str = "alice") -> Account:
    """A connected account with a pasted token."""
    tokens = Tokens(f"sandbox-{handle}")
    identity = threads.identities(tokens, "")[0]
    return Account(identity.external_id, identity.handle, tokens, extras=identity.extras)


def item(
    text: str, *media: Media, parent: Published | None = None, comment: bool = False,
    card: Card | None = None, **options: Any,
) -> Item:  # fmt: skip
    """One part, ready to be prepared."""
    part = Part(text, media, card)
    return Item(part, secrets.token_hex(8), now(), options, parent, parent, comment)


def consent(http: httpx.Client, url: str, handle: str, decision: str = "allow") -> dict[str, str]:
    """Walk through the consent page as a browser would; the query of the way back."""
    page = http.get(url)
    assert page.status_code == 200, page.text
    form = {f"keep_{name}": text for name, text in parse_qsl(urlsplit(url).query)}
    answer = http.post(url.split("?")[0], data={**form, "handle": handle, "decision": decision})
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(BACK)
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def prepared(threads: Threads, account: Account, one: Item, resume: Any = None) -> dict[str, Any]:
    """What ``prepare`` leaves."""
    kept: dict[str, Any] = dict(resume or {})
    for step in threads.prepare(account, one, kept):
        kept = step
    return kept


def publish(threads: Threads, account: Account, one: Item) -> Published:
    """Prepare and commit."""
    return threads.commit(account, one, prepared(threads, account, one))
