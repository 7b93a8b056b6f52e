"""What the tests of Facebook share: Pages, files, items, and a walk through the dialog."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
import pytest
from PIL import Image

from app.clock import now
from app.config import Config
from app.networks.base import Account, AppKeys, Item, Media, Part, Published, Tokens
from app.networks.facebook import Facebook
from app.sandbox import create_sandbox
from app.sandbox.records import Post
from app.sandbox.store import Store
from tests.films import noise

BACK = "http://127.0.0.1:8000/oauth/facebook/callback"
APP = AppKeys("sandbox-facebook", "sandbox-facebook-secret")
KEPT = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
MP4 = b"\0\0\0\x18ftypmp42"


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[Store, httpx.Client]]:
    """One sandbox for the tests of a module: making it takes longer than most of them."""
    store = Store()
    with httpx.Client(transport=httpx.WSGITransport(app=create_sandbox(store))) as client:
        yield store, client


@pytest.fixture
def store(played: tuple[Store, httpx.Client]) -> Store:
    """Its store, empty again."""
    played[0].reset()
    return played[0]


@pytest.fixture
def http(played: tuple[Store, httpx.Client], store: Store) -> httpx.Client:
    return played[1]


@pytest.fixture
def facebook(http: httpx.Client, config: Config) -> Facebook:
    """The client, which waits for nobody."""
    made = Facebook(http, config)
    made.sleep = lambda _: None
    return made


@pytest.fixture
def alice(facebook: Facebook) -> Account:
    """A connected Page."""
    return page(facebook)


def public(store: Store) -> list[Post]:
    """What stands on the network, oldest first."""
    return [post for post in store.posts.newest(network="facebook") if not post.deleted][::-1]


def page(facebook: Facebook, handle: str = "alice") -> Account:
    """The first Page of a person who pasted a token."""
    found = facebook.identities(Tokens(f"sandbox-{handle}"), "")[0]
    assert found.tokens is not None
    return Account(found.external_id, found.handle, found.tokens, extras=found.extras)


def item(text: str, *media: Media, **options: Any) -> Item:
    """A post, ready to be committed."""
    return Item(Part(text, media), secrets.token_hex(8), now(), options)


def comment(text: str, parent: Published) -> Item:
    """A first comment."""
    return Item(Part(text), secrets.token_hex(8), now(), parent=parent, root=parent, comment=True)


def picture(folder: Path, alt: str = "A red square", size: tuple[int, int] = (64, 48)) -> Media:
    """A small PNG."""
    path = folder / f"{secrets.token_hex(4)}.png"
    Image.new("RGB", size, "red").save(path)
    return Media(path.stem, path, "image/png", path.stat().st_size, *size, alt=alt)


def film(folder: Path, size: int = 2_500_000, head: bytes = MP4) -> Media:
    """Bytes that begin like an MP4 of ten seconds."""
    path = folder / f"{secrets.token_hex(4)}.mp4"
    path.write_bytes(head + noise(size - len(head)))
    return Media(path.stem, path, "video/mp4", size, 1080, 1920, seconds=10.0)


def consent(http: httpx.Client, url: str, handle: str, decision: str = "allow") -> dict[str, str]:
    """Answer the dialog as a browser would; the query of the way back."""
    shown = http.get(url)
    assert shown.status_code == 200, shown.text
    form = {unescape(name): unescape(value) for name, value in KEPT.findall(shown.text)}
    answer = http.post(url.split("?")[0], data={**form, "handle": handle, "decision": decision})
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(BACK)
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def connect(facebook: Facebook, http: httpx.Client, handle: str = "alice") -> Tokens:
    """Through the dialog to the person's token."""
    begun = facebook.authorize(APP, server="", hint="", redirect_uri=BACK, state="s" * 43)
    answer = consent(http, begun.url, handle)
    assert answer["state"] == "s" * 43
    return facebook.exchange(APP, begun.keep, answer, BACK)


def prepared(facebook: Facebook, account: Account, one: Item, **resume: Any) -> dict[str, Any]:
    """What ``prepare`` leaves."""
    for step in facebook.prepare(account, one, resume):
        resume = step
    return resume


def publish(facebook: Facebook, account: Account, one: Item) -> Published:
    """Prepare and commit."""
    return facebook.commit(account, one, prepared(facebook, account, one))
