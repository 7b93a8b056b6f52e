"""What the tests of X share: people, files, items, and a walk through the consent page."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
from PIL import Image

from app.clock import now
from app.networks.base import Account, Item, Media, Part, Published, Tokens
from app.networks.x import X
from tests.films import noise

BACK = "http://127.0.0.1:8000/oauth/twitter/callback"


def person(x: X, handle: str = "alice") -> Account:
    """A connected account with a pasted token."""
    tokens = Tokens(f"sandbox-{handle}")
    identity = x.identities(tokens, "")[0]
    return Account(identity.external_id, identity.handle, tokens, extras=identity.extras)


def item(text: str, *media: Media, parent: Published | None = None, **options: Any) -> Item:
    """One part, ready to be committed."""
    return Item(Part(text, media), secrets.token_hex(8), now(), options, parent=parent, root=parent)


def picture(folder: Path, alt: str = "A red square", size: tuple[int, int] = (64, 48)) -> Media:
    """A small PNG."""
    path = folder / f"{secrets.token_hex(4)}.png"
    Image.new("RGB", size, "red").save(path)
    return Media(path.stem, path, "image/png", path.stat().st_size, *size, alt=alt)


def gif(folder: Path) -> Media:
    """An animated GIF of two frames."""
    path = folder / f"{secrets.token_hex(4)}.gif"
    frames = [Image.new("P", (40, 40), colour) for colour in (1, 2)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    return Media(path.stem, path, "image/gif", path.stat().st_size, 40, 40, alt="Two", frames=2)


def video(folder: Path, size: int = 2_500_000, head: bytes = b"\0\0\0\x18ftypmp42") -> Media:
    """Bytes that begin like an MP4 and need several pieces."""
    path = folder / f"{secrets.token_hex(4)}.mp4"
    path.write_bytes(head + noise(size - len(head)))
    return Media(path.stem, path, "video/mp4", size, 640, 480, seconds=5.0, alt="A harbour")


def consent(http: httpx.Client, url: str, handle: str, decision: str = "allow") -> dict[str, str]:
    """Walk through the consent page as a browser would; the query of the way back."""
    page = http.get(url)
    assert page.status_code == 200, page.text
    asked = dict(parse_qsl(urlsplit(url).query))
    form = {f"keep_{name}": text for name, text in asked.items() if name != "response_type"}
    answer = http.post(url.split("?")[0], data={**form, "handle": handle, "decision": decision})
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(BACK)
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def publish(x: X, account: Account, one: Item) -> Published:
    """Prepare and commit."""
    resume: dict[str, Any] = {}
    for step in x.prepare(account, one, resume):
        resume = step
    return x.commit(account, one, resume)


def prepared(x: X, account: Account, one: Item) -> dict[str, Any]:
    """What ``prepare`` leaves."""
    resume: dict[str, Any] = {}
    for step in x.prepare(account, one, resume):
        resume = step
    return resume
