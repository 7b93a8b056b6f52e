"""What the tests of Pinterest share: people, boards, files, items, counted calls."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import httpx2 as httpx
from PIL import Image

from app.clock import now
from app.networks.base import Account, Item, Media, Part, Published, Tokens
from app.networks.pinterest import Pinterest
from tests.films import noise

BACK = "http://127.0.0.1:8000/oauth/pinterest/callback"


class Counted(httpx.WSGITransport):
    """The sandbox, remembering what was asked of it."""

    def __init__(self, app: Any) -> None:
        super().__init__(app=app)
        self.calls: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/pinterest")
        self.calls.append(f"{request.method} {path}")
        return super().handle_request(request)


def person(pinterest: Pinterest, handle: str = "alice") -> Account:
    """A connected account with a pasted token."""
    tokens = Tokens(f"sandbox-{handle}")
    identity = pinterest.identities(tokens, "")[0]
    return Account(identity.external_id, identity.handle, tokens, extras=identity.extras)


def item(text: str, *media: Media, **options: Any) -> Item:
    """A Pin, ready to be made."""
    return Item(Part(text, media), secrets.token_hex(8), now(), options)


def picture(
    folder: Path, alt: str = "A red square", kind: str = "png", size: tuple[int, int] = (40, 60)
) -> Media:
    """A small picture."""
    path = folder / f"{secrets.token_hex(4)}.{kind}"
    Image.new("RGB", size, "red").save(path)
    mime = {"png": "image/png", "jpg": "image/jpeg"}[kind]
    return Media(path.stem, path, mime, path.stat().st_size, *size, alt=alt)


def video(
    folder: Path, head: bytes = b"\0\0\0\x18ftypmp42", *, cover: bool = True, size: int = 300_000
) -> Media:
    """Bytes that begin like an MP4; another ``head`` ends as failed."""
    path = folder / f"{secrets.token_hex(4)}.mp4"
    path.write_bytes(head + noise(size - len(head)))
    poster = picture(folder, kind="jpg").path if cover else None
    return Media(
        path.stem, path, "video/mp4", size, 1080, 1920, seconds=9.0, alt="A harbour", cover=poster
    )


def prepared(
    pinterest: Pinterest, account: Account, one: Item, resume: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What ``prepare`` leaves."""
    kept = dict(resume or {})
    for step in pinterest.prepare(account, one, kept):
        kept = step
    return kept


def publish(pinterest: Pinterest, account: Account, one: Item) -> Published:
    """Prepare and commit."""
    return pinterest.commit(account, one, prepared(pinterest, account, one))
