"""What the tests of YouTube share: channels, films, items, a wire that remembers."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
from PIL import Image

from app.clock import now
from app.networks.base import (
    Account,
    Category,
    Effect,
    Item,
    Media,
    NetworkError,
    Part,
    Probed,
    Published,
    Tokens,
    Verdict,
)
from app.networks.rules import completed
from app.networks.youtube import YouTube
from app.sandbox.store import Store
from tests.films import noise

BACK = "http://127.0.0.1:8000/oauth/youtube/callback"
QUARTER = 256 * 1024


class Wire(httpx.WSGITransport):
    """The sandbox, remembering what was asked of it."""

    def __init__(self, app: Any) -> None:
        super().__init__(app=app)
        self.asked: list[httpx.Request] = []

    @property
    def calls(self) -> list[str]:
        """``POST videos``, ``PUT 0-262143/300000``, ``PUT */300000``, ``GET channels`` …"""
        return [self._named(one) for one in self.asked]

    def _named(self, request: httpx.Request) -> str:
        place = request.headers.get("content-range", "").removeprefix("bytes ")
        return f"{request.method} {place or request.url.path.rsplit('/', 1)[-1]}"

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return super().handle_request(request)


def channel(youtube: YouTube, handle: str = "alice") -> Account:
    """A connected channel with a pasted token."""
    tokens = Tokens(f"sandbox-{handle}")
    identity = youtube.identities(tokens, "")[0]
    return Account(identity.external_id, identity.handle, tokens, extras=identity.extras)


def film(
    folder: Path, size: int = 3 * QUARTER + 1000, head: bytes = b"\0\0\0\x18ftypmp42", **more: Any
) -> Media:
    """Bytes that begin like an MP4."""
    path = folder / f"{secrets.token_hex(4)}.mp4"
    path.write_bytes(head + noise(size - len(head)))
    return Media(path.stem, path, "video/mp4", size, 1280, 720, seconds=30.0, **more)


def cover(folder: Path) -> Path:
    """A JPEG."""
    path = folder / f"{secrets.token_hex(4)}.jpg"
    Image.new("RGB", (64, 36), "navy").save(path)
    return path


def item(youtube: YouTube, text: str, *media: Media, **options: Any) -> Item:
    """A video ready to be committed, its options completed as publishing does."""
    full = completed(youtube.capabilities({}), options)
    return Item(Part(text, media), secrets.token_hex(8), now(), full)


def remark(text: str, parent: Published) -> Item:
    """A first comment."""
    return Item(Part(text), secrets.token_hex(8), now(), parent=parent, root=parent, comment=True)


def prepared(youtube: YouTube, account: Account, one: Item, resume: Any = None) -> dict[str, Any]:
    """What ``prepare`` leaves, through JSON as a database would keep it."""
    kept: dict[str, Any] = resume or {}
    for step in youtube.prepare(account, one, kept):
        kept = json.loads(json.dumps(step))
    return kept


def taken(youtube: YouTube, account: Account, one: Item, resume: dict[str, Any]) -> None:
    """Commit: it is taken, and worked on from then on."""
    try:
        youtube.commit(account, one, resume)
    except NetworkError as error:
        assert (error.category, error.effect) == (Category.MEDIA_PROCESSING, Effect.DONE), error
    else:
        raise AssertionError("nothing was said about processing")


def asked(
    youtube: YouTube, account: Account, one: Item, resume: dict[str, Any], **more: Any
) -> Probed:
    """Probe as the engine does."""
    since = more.get("since", one.at)
    return youtube.probe(account, one, resume, since, more.get("known", frozenset()))


def publish(youtube: YouTube, account: Account, one: Item) -> Published:
    """Prepare, commit, and ask until it is out (nothing takes time in these tests)."""
    resume = prepared(youtube, account, one)
    taken(youtube, account, one, resume)
    found = asked(youtube, account, one, resume)
    assert found.verdict is Verdict.PUBLISHED and found.published is not None, found
    return found.published


def consent(http: httpx.Client, url: str, handle: str, decision: str = "allow") -> dict[str, str]:
    """Walk through Google's page as a browser would; the query of the way back."""
    page = http.get(url)
    assert page.status_code == 200, page.text
    fields = {f"keep_{name}": text for name, text in parse_qsl(urlsplit(url).query)}
    answer = http.post(url.split("?")[0], data={**fields, "handle": handle, "decision": decision})
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(BACK)
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def order(store: Store, operation: str, fault: str, **more: Any) -> None:
    """Let something go wrong."""
    store.faults.order({"network": "youtube", "operation": operation, "fault": fault, **more})


def person(store: Store, handle: str = "alice", **extras: Any) -> None:
    """Change a channel, as ``POST /_sandbox/accounts`` does."""
    account = store.accounts.get("youtube", handle)
    account.extras.update(extras)
    store.accounts.save(account)
