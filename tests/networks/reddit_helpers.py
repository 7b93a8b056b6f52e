"""What the tests of Reddit share: people, files, items, and a walk through the consent page."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
import pytest
from flask import Flask
from PIL import Image

from app.clock import now
from app.networks import rules
from app.networks.base import (
    Account,
    Category,
    Effect,
    Item,
    Media,
    NetworkError,
    Part,
    Published,
    Tokens,
    Verdict,
)
from app.networks.reddit import Reddit
from app.networks.reddit_rules import CAPABILITIES
from app.sandbox import create_sandbox
from app.sandbox.store import Store
from tests.networks import x_helpers

BACK = "http://127.0.0.1:8000/oauth/reddit/callback"
gif = x_helpers.gif
picture = x_helpers.picture


@pytest.fixture(scope="module")
def played() -> Flask:
    """One sandbox for the tests of a file: making one takes longer than most of them."""
    return create_sandbox(Store())


@pytest.fixture
def sandbox(played: Flask) -> Flask:
    """It, emptied."""
    played.extensions["sandbox"].reset()
    return played


@pytest.fixture
def store(sandbox: Flask) -> Store:
    """Its store."""
    found: Store = sandbox.extensions["sandbox"]
    return found


def person(reddit: Reddit, handle: str = "alice") -> Account:
    """A connected account with a pasted token."""
    tokens = Tokens(f"sandbox-{handle}")
    identity = reddit.identities(tokens, "")[0]
    return Account(identity.external_id, identity.handle, tokens, extras=identity.extras)


def item(
    text: str, *media: Media, parent: Published | None = None, comment: bool = False,
    subreddit: str = "test", **options: Any,
) -> Item:  # fmt: skip
    """One part, its options complete."""
    full = rules.completed(CAPABILITIES, {"subreddit": subreddit, **options})
    return Item(Part(text, media), secrets.token_hex(8), now(), full, parent=parent, root=parent,
                comment=comment)  # fmt: skip


def video(folder: Path, *, cover: bool = True, good: bool = True) -> Media:
    """Bytes that begin like an MP4 (or do not), with its poster."""
    head = b"\0\0\0\x18ftypmp42" if good else b"not a video"
    made = x_helpers.video(folder, 200_000, head)
    if not cover:
        return made
    still = folder / f"{made.id}.jpg"
    Image.new("RGB", (64, 48), "blue").save(still, "JPEG")
    return replace(made, cover=still)


def prepared(reddit: Reddit, account: Account, one: Item) -> dict[str, Any]:
    """What ``prepare`` leaves."""
    resume: dict[str, Any] = {}
    for step in reddit.prepare(account, one, resume):
        resume = step
    return resume


def publish(reddit: Reddit, account: Account, one: Item) -> Published:
    """Prepare and commit."""
    return reddit.commit(account, one, prepared(reddit, account, one))


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


def order(store: Store, operation: str, fault: str, **more: Any) -> None:
    store.faults.order({"network": "reddit", "operation": operation, "fault": fault, **more})


def accepted(reddit: Reddit, account: Account, one: Item) -> NetworkError:
    """Hand in a picture or a video: it is taken, and not out yet."""
    resume = prepared(reddit, account, one)
    with pytest.raises(NetworkError) as told:
        reddit.commit(account, one, resume)
    assert (told.value.category, told.value.effect) == (Category.MEDIA_PROCESSING, Effect.DONE)
    return told.value


def ask(reddit: Reddit, account: Account, one: Item, *known: str) -> Any:
    return reddit.probe(account, one, {}, one.at, frozenset(known))


def appears(reddit: Reddit, account: Account, one: Item) -> Published:
    """Wait for it as the engine does."""
    for _ in range(40):
        found = ask(reddit, account, one)
        if found.verdict is Verdict.PUBLISHED:
            assert found.published is not None
            return found.published
        assert found.verdict is Verdict.PROCESSING
        time.sleep(0.05)
    raise AssertionError("it never appeared")


def only(store: Store) -> Any:
    (post,) = store.posts.newest()
    return post
