"""What the tests of LinkedIn share: people, files, items, and a count of calls."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
from PIL import Image

from app.clock import now
from app.config import Config
from app.networks.base import Account, Card, Item, Media, Part, Published, Tokens
from app.networks.linkedin import LinkedIn
from tests.films import noise

BACK = "http://127.0.0.1:8000/oauth/linkedin/callback"


class Counted(httpx.WSGITransport):
    """The sandbox, remembering what was asked of it, and the bytes of posts."""

    def __init__(self, app: Any) -> None:
        super().__init__(app=app)
        self.calls: list[str] = []
        self.bodies: list[bytes] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().removeprefix("/linkedin").removeprefix("/rest")
        if path.startswith("/dms-uploads"):
            path = "/dms-uploads"
        self.calls.append(f"{request.method} {path}")
        if path == "/posts":
            self.bodies.append(request.read())
        return super().handle_request(request)


def settings(config: Config, **changes: Any) -> Config:
    """The configuration with other settings."""
    return replace(config, **changes)


def member(linkedin: LinkedIn, handle: str = "alice") -> Account:
    """A member with a pasted token that only writes."""
    return _account(linkedin, handle, 0)


def page(linkedin: LinkedIn, handle: str = "alice") -> Account:
    """The page that person administers."""
    return _account(linkedin, handle, 1)


def _account(linkedin: LinkedIn, handle: str, place: int) -> Account:
    tokens = Tokens(f"sandbox-{handle}")
    one = linkedin.identities(tokens, "")[place]
    return Account(one.external_id, one.handle, tokens, extras=one.extras)


def item(
    text: str, *media: Media, card: Card | None = None, parent: Published | None = None,
    **options: Any,
) -> Item:  # fmt: skip
    """A post, ready to be prepared; with a parent, its first comment."""
    return Item(
        Part(text, media, card), secrets.token_hex(8), now(), options, parent, parent,
        parent is not None,
    )  # fmt: skip


def picture(folder: Path, alt: str = "A red square", kind: str = "png") -> Media:
    """A small picture."""
    path = folder / f"{secrets.token_hex(4)}.{kind}"
    Image.new("RGB", (64, 48), "red").save(path)
    return Media(path.stem, path, f"image/{kind}", path.stat().st_size, 64, 48, alt=alt)


def video(folder: Path, size: int = 200_000, head: bytes = b"\0\0\0\x18ftypmp42") -> Media:
    """Bytes that begin like an MP4."""
    path = folder / f"{secrets.token_hex(4)}.mp4"
    path.write_bytes(head + noise(size - len(head)))
    return Media(path.stem, path, "video/mp4", size, 640, 480, seconds=5.0)


def prepared(linkedin: LinkedIn, account: Account, one: Item) -> dict[str, Any]:
    """What ``prepare`` leaves, through JSON as the engine stores it."""
    resume: dict[str, Any] = {}
    for step in linkedin.prepare(account, one, resume):
        resume = json.loads(json.dumps(step))
    return resume


def publish(linkedin: LinkedIn, account: Account, one: Item) -> Published:
    """Prepare and commit."""
    return linkedin.commit(account, one, prepared(linkedin, account, one))


def repeat(one: Item, *known: str) -> Item:
    """The item as a question hands it to commit again."""
    return replace(one, known=frozenset(known))
