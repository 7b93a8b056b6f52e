"""Shared by the tests of the Bluesky client: accounts, pictures, one whole delivery."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
import pytest
from PIL import Image

from app.networks.base import Account, AppKeys, Item, Media, NetworkError, Part, Published, Tokens
from app.networks.bluesky import Bluesky
from app.sandbox.records import Post
from app.sandbox.store import Store

CALLBACK = "http://127.0.0.1:8000/oauth/bluesky/callback"
STATE = "s" * 43
BASE = "http://127.0.0.1:8090"
AT = datetime(2026, 5, 14, 12, 30, 0, 250_000, tzinfo=UTC)


def picture(folder: Path, name: str = "photo.jpg", alt: str = "A teal wall") -> Media:
    out = io.BytesIO()
    Image.new("RGB", (64, 36), "teal").save(out, "JPEG", comment=name.encode())
    path = folder / name
    path.write_bytes(out.getvalue())
    return Media(name, path, "image/jpeg", path.stat().st_size, 64, 36, alt=alt)


def account_of(bluesky: Bluesky, tokens: Tokens, app: AppKeys | None = None) -> Account:
    """The connected account, as the product would keep it."""
    who = bluesky.identities(tokens, bluesky.entry)[0]
    return Account(who.external_id, who.handle, tokens, who.server, app or AppKeys(""))


def decided(http: httpx.Client, url: str, handle: str, decision: str = "allow") -> dict[str, str]:
    """A person at the consent page: its form is read, filled in and sent."""
    page = http.get(url)
    assert page.status_code == 200, page.text
    kept = dict(re.findall(r'name="(keep_[^"]+)" value="([^"]*)"', page.text))
    kept = {name: text.replace("&amp;", "&") for name, text in kept.items()}
    action = re.search(r'action="([^"]+)"', page.text)
    assert action is not None
    answer = http.post(
        str(httpx.URL(url).join(action[1])), data={**kept, "handle": handle, "decision": decision}
    )
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def signed_in(bluesky: Bluesky, handle: str = "maya") -> tuple[AppKeys, Tokens]:
    """Tokens of a whole OAuth walk."""
    app = bluesky.register("", CALLBACK)
    asked = bluesky.authorize(app, server="", hint=handle, redirect_uri=CALLBACK, state=STATE)
    answer = decided(bluesky.xrpc.http, asked.url, handle)
    return app, bluesky.exchange(app, asked.keep, answer, CALLBACK)


def item(part: Part, marker: str = "m-1", **more: Any) -> Item:
    return Item(part, marker, AT, **more)


def prepared(bluesky: Bluesky, account: Account, wanted: Item) -> dict[str, Any]:
    """The last ``resume``."""
    resume: dict[str, Any] = {}
    for step in bluesky.prepare(account, wanted, resume):
        resume = step
    return resume


def publish(bluesky: Bluesky, account: Account, wanted: Item) -> Published:
    return bluesky.commit(account, wanted, prepared(bluesky, account, wanted))


def by_password(bluesky: Bluesky) -> Account:
    return account_of(bluesky, bluesky.login("", "maya", "sandbox-maya"))


def by_oauth(bluesky: Bluesky) -> Account:
    app, tokens = signed_in(bluesky)
    return account_of(bluesky, tokens, app)


def order(http: httpx.Client, operation: str, fault: str, **more: Any) -> None:
    wanted = {"network": "bluesky", "operation": operation, "fault": fault, **more}
    assert http.post(f"{BASE}/_sandbox/faults", json=wanted).status_code == 201


def refusal(bluesky: Bluesky, account: Account, part: Part) -> NetworkError:
    with pytest.raises(NetworkError) as refused:
        publish(bluesky, account, item(part))
    return refused.value


def the_post(store: Store) -> Post:
    (found,) = store.posts.newest(network="bluesky")
    return found


def later(part: Part, marker: str, seconds: float) -> Item:
    return replace(item(part, marker), at=AT + timedelta(seconds=seconds))
