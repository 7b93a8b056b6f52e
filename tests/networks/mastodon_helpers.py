"""What the tests of the Mastodon client share."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
from PIL import Image

from app.clock import now
from app.networks.base import Account, Item, Media, Part, Published, Tokens
from app.networks.mastodon import Mastodon

CALLBACK = "http://127.0.0.1:8000/oauth/mastodon/callback"


def picture(folder: Path, *, name: str = "a", alt: str = "", size: int = 8) -> Media:
    """A small real PNG."""
    path = folder / f"{name}.png"
    Image.new("RGB", (size, size), "teal").save(path)
    return Media(name, path, "image/png", path.stat().st_size, size, size, alt=alt)


def film(folder: Path, *, name: str = "film") -> Media:
    """What the sandbox takes for an MP4."""
    path = folder / f"{name}.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 64)
    return Media(name, path, "video/mp4", path.stat().st_size, 640, 360, seconds=2.0)


def item(text: str, *media: Media, **more: Any) -> Item:
    """A plain post with a marker of its own."""
    options = more.pop("options", {})
    return Item(Part(text, media), more.pop("marker", secrets.token_hex(8)), now(), options, **more)


def connected(client: Mastodon, handle: str = "ana", server: str = "") -> Account:
    """An account by its pasted token."""
    base = client.server(server)
    tokens = Tokens(f"sandbox-{handle}")
    who = client.identities(tokens, base)[0]
    return Account(who.external_id, who.handle, tokens, base, extras=who.extras)


def publish(client: Mastodon, account: Account, thing: Item) -> Published:
    """Prepare and commit in one go."""
    resume = [{}, *client.prepare(account, thing, {})][-1]
    return client.commit(account, thing, resume)


def fault(http: httpx.Client, operation: str, kind: str, **more: Any) -> None:
    """Order a fault of the sandbox."""
    order = {"network": "mastodon", "operation": operation, "fault": kind, "times": 1, **more}
    answer = http.post("http://127.0.0.1:8090/_sandbox/faults", json=order)
    assert answer.status_code == 201, answer.text


def posts(http: httpx.Client) -> list[dict[str, Any]]:
    """What the sandbox shows on Mastodon, newest first."""
    found = http.get("http://127.0.0.1:8090/_sandbox/posts", params={"network": "mastodon"})
    return found.json()["posts"]  # type: ignore[no-any-return]


def agree(http: httpx.Client, url: str, handle: str, decision: str = "allow") -> dict[str, str]:
    """Click through the consent page; the query the callback gets."""
    page = http.get(url)
    assert page.status_code == 200, page.text
    fields = {"handle": handle, "decision": decision}
    for name, text in parse_qs(urlsplit(url).query).items():
        fields[f"keep_{name}"] = text[0]
    answer = http.post(url.partition("?")[0], data=fields)
    assert answer.status_code == 302, answer.text
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: text[0] for name, text in query.items()}


Reply = tuple[int, Mapping[str, str], bytes | str | dict[str, Any] | list[Any]]


class Canned:
    """A WSGI server that says what it is told, and notes what it was asked."""

    def __init__(self, replies: Mapping[str, Reply] | Callable[[str], Reply]) -> None:
        self.replies = replies
        self.asked: list[tuple[str, bytes, dict[str, str]]] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        line = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        heads = {k[5:].lower(): v for k, v in environ.items() if k.startswith("HTTP_")}
        self.asked.append((line, body, {**heads, "query": environ.get("QUERY_STRING", "")}))
        if callable(self.replies):
            status, headers, said = self.replies(line)
        else:
            status, headers, said = self.replies.get(line, (404, {}, {"error": "Not found"}))
        if isinstance(said, dict | list):
            headers, said = {"Content-Type": "application/json", **headers}, json.dumps(said)
        data = said.encode() if isinstance(said, str) else said
        start(f"{status} x", [*headers.items(), ("Content-Length", str(len(data)))])
        return [data]

    def http(self) -> httpx.Client:
        return httpx.Client(transport=httpx.WSGITransport(app=self))


def account_at(base: str = "https://m.example", **extras: Any) -> Account:
    """An account nobody was asked about."""
    told = {"software": "mastodon", "version": "4.5.0", "domain": "m.example", **extras}
    return Account("7@m.example", "ana@m.example", Tokens("secret-token"), base, extras=told)


def png(width: int = 8, height: int = 8) -> bytes:
    """The bytes of a PNG."""
    kept = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(kept, "PNG")
    return kept.getvalue()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
