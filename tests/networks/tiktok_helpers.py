"""What the tests of TikTok share: people, files, items, and a walk through the consent page."""

from __future__ import annotations

import io
import json
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
from PIL import Image
from werkzeug.serving import BaseWSGIServer

from app.clock import now
from app.networks.base import Account, Item, Media, NetworkError, Part, Probed, Tokens, Verdict
from app.networks.tiktok import TikTok
from app.sandbox.store import Store

BACK = "https://carillon.example/oauth/tiktok/callback"
HERE = "http://127.0.0.1:8000/oauth/tiktok/callback"
HEAD = b"\0\0\0\x18ftypmp42"
PUBLIC: dict[str, Any] = {"privacyLevel": "PUBLIC_TO_EVERYONE"}
PRIVATE: dict[str, Any] = {"privacyLevel": "SELF_ONLY"}


class Counted(httpx.WSGITransport):
    """The sandbox, remembering what was asked of it."""

    def __init__(self, app: Any) -> None:
        super().__init__(app=app)
        self.calls: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/tiktok").strip("/")
        word = request.headers.get("content-range") if request.method == "PUT" else path
        self.calls.append(f"{request.method} {word}")
        return super().handle_request(request)

    def count(self, words: str) -> int:
        return sum(words in one for one in self.calls)


def person(tiktok: TikTok, handle: str = "alice") -> Account:
    """A connected account with a pasted token."""
    tokens = Tokens(f"sandbox-{handle}")
    identity = tiktok.identities(tokens, "")[0]
    return Account(identity.external_id, identity.handle, tokens, extras=identity.extras)


def item(text: str, *media: Media, **options: Any) -> Item:
    """One post, ready to be prepared."""
    return Item(Part(text, media), secrets.token_hex(8), now(), options)


def video(folder: Path, size: int = 40_000, head: bytes = HEAD, seconds: float = 5.0) -> Media:
    """Bytes that begin like an MP4; every megabyte of them differs."""
    path = folder / f"{secrets.token_hex(4)}.mp4"
    body = b"".join(bytes([n % 251]) * 1_000_000 for n in range(size // 1_000_000 + 1))
    path.write_bytes((head + body)[:size])
    return Media(path.stem, path, "video/mp4", size, 720, 1280, seconds=seconds, codec="h264")


def photo(
    store: Store, server: BaseWSGIServer, kind: str = "JPEG", size: tuple[int, int] = (60, 80)
) -> Media:
    """A picture at an address the sandbox can fetch."""
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, kind)
    mime = f"image/{kind.lower()}"
    name = store.put_blob(out.getvalue(), mime)
    url = f"http://127.0.0.1:{server.port}/_sandbox/media/{name}"
    return Media(name, Path(name), mime, len(out.getvalue()), *size, url=url)


def prepared(
    tiktok: TikTok, account: Account, one: Item, resume: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What ``prepare`` leaves, as it comes back from a database."""
    kept = dict(resume or {})
    for step in tiktok.prepare(account, one, kept):
        kept = json.loads(json.dumps(step))
    return kept


def committed(tiktok: TikTok, account: Account, one: Item, resume: dict[str, Any]) -> NetworkError:
    """Commit a video: its success is to be told that it is being processed."""
    try:
        tiktok.commit(account, one, resume)
    except NetworkError as error:
        return error
    raise AssertionError("a video's commit call never answers with a post")


def settled(tiktok: TikTok, account: Account, one: Item, resume: dict[str, Any]) -> Probed:
    """Ask until it is neither processing nor unlisted."""
    for _ in range(100):
        found = tiktok.probe(account, one, resume, one.at, frozenset())
        if found.verdict is not Verdict.PROCESSING:
            return found
        tiktok.sleep(0.05)
    raise AssertionError("it never ended")


def consent(
    http: httpx.Client, url: str, handle: str = "alice", decision: str = "allow"
) -> dict[str, str]:
    """Walk through the consent page as a browser would; the query of the way back."""
    page = http.get(url)
    assert page.status_code == 200, page.text
    asked = dict(parse_qsl(urlsplit(url).query))
    form = {f"keep_{name}": text for name, text in asked.items() if name != "response_type"}
    answer = http.post(url.split("?")[0], data={**form, "handle": handle, "decision": decision})
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))
