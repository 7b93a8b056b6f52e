"""What the tests of Instagram share: a web server for pictures, files, items, consent."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
import pytest
from PIL import Image

from app.clock import now
from app.networks.base import Account, Item, Media, Part, Published, Tokens
from app.networks.instagram import Instagram
from app.sandbox.records import Post
from app.sandbox.store import Store
from tests.films import noise

BACK = "http://127.0.0.1:8000/oauth/instagram/callback"
BASE = "http://127.0.0.1:8090/instagram"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Not into the test's output."""


class Files:
    """A folder on a web server; ``asked`` are the paths that were fetched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        asked = self.asked

        class Handler(_Quiet):
            def do_GET(self) -> None:
                asked.append(self.path)
                if self.path.startswith("/away/"):
                    self.send_response(302)
                    self.send_header("Location", self.path.removeprefix("/away"))
                    self.end_headers()
                    return
                super().do_GET()

        handler = partial(Handler, directory=str(folder))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def image(
        self, size: tuple[int, int] = (80, 80), alt: str = "", kind: str = "jpeg",
    ) -> Media:  # fmt: skip
        """A picture that can be fetched."""
        path = self.folder / f"{secrets.token_hex(4)}.{kind}"
        Image.new("RGB", size, "red").save(path)
        return Media(path.stem, path, f"image/{kind}", path.stat().st_size, *size, alt=alt,
                     url=f"{self.url}/{path.name}")  # fmt: skip

    def video(self, size: int = 1_300_000, head: bytes = b"\0\0\0\x18ftypmp42") -> Media:
        """Bytes that begin like an MP4."""
        path = self.folder / f"{secrets.token_hex(4)}.mp4"
        path.write_bytes(head + noise(size - len(head)))
        return Media(path.stem, path, "video/mp4", size, 1080, 1920, seconds=8.0, codec="h264",
                     alt="Waves", url=f"{self.url}/{path.name}")  # fmt: skip

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    folder = tmp_path / "public"
    folder.mkdir()
    made = Files(folder)
    yield made
    made.close()


def quick(instagram: Instagram) -> Instagram:
    """The client, waiting no longer for a video than it takes here."""
    instagram.sleep = lambda seconds: time.sleep(min(seconds, 0.21))
    return instagram


def person(instagram: Instagram, handle: str = "alice", tokens: Tokens | None = None) -> Account:
    """A connected account, with a pasted token unless others are given."""
    tokens = tokens or Tokens(f"sandbox-{handle}")
    identity = instagram.identities(tokens, "")[0]
    return Account(
        identity.external_id, identity.handle, identity.tokens or tokens, extras=identity.extras
    )  # fmt: skip


def item(
    text: str, *media: Media, parent: Published | None = None, comment: bool = False, **options: Any
) -> Item:
    """One post, or the first comment of ``parent``."""
    return Item(
        Part(text, media), secrets.token_hex(8), now(), options, parent=parent, comment=comment
    )


def prepared(instagram: Instagram, account: Account, one: Item, resume: Any = None) -> Any:
    """What ``prepare`` leaves."""
    found = dict(resume or {})
    for step in instagram.prepare(account, one, found):
        found = step
    return found


def publish(instagram: Instagram, account: Account, one: Item) -> Published:
    """Prepare and commit."""
    return instagram.commit(account, one, prepared(instagram, account, one))


def consent(http: httpx.Client, url: str, handle: str, decision: str = "allow") -> dict[str, str]:
    """Walk through a consent page as a browser would; the query of the way back."""
    page = http.get(url)
    assert page.status_code == 200, page.text
    form = {f"keep_{name}": text for name, text in parse_qsl(urlsplit(url).query)}
    answer = http.post(url.split("?")[0], data={**form, "handle": handle, "decision": decision})
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(BACK)
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def public(store: Store) -> list[Post]:
    """What can be seen on Instagram, oldest first."""
    return [p for p in reversed(list(store.posts.newest(network="instagram"))) if not p.deleted]
