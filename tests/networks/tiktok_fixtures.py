"""Fixtures of the tests of TikTok: a client that waits little, a sandbox that is quick."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import httpx2 as httpx
import pytest
from flask import Flask

from app.config import Config
from app.networks.base import Account
from app.networks.tiktok import TikTok
from app.sandbox import create_sandbox
from app.sandbox.store import Store
from tests.networks.tiktok_helpers import Counted, person


def briefly(seconds: float) -> None:
    """The waits of these tests."""
    time.sleep(min(seconds, 0.03))


@cache
def played() -> tuple[Store, Flask]:
    """One sandbox for all tests: making one costs more than most of them."""
    made = Store()
    return made, create_sandbox(made)


@pytest.fixture
def store() -> Store:
    found, _ = played()
    found.reset()
    return found


@pytest.fixture
def sandbox(store: Store) -> Flask:
    return played()[1]


@pytest.fixture
def wire(sandbox: Flask) -> Counted:
    return Counted(sandbox)


@pytest.fixture
def tiktok(wire: Counted, config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[TikTok]:
    """TikTok for an app that has passed its audit."""
    monkeypatch.setattr("app.sandbox.tiktok.drafts.PROCESSING_SECONDS", 0.05)
    monkeypatch.setattr("app.sandbox.tiktok.drafts.MODERATION_SECONDS", 0.05)
    with httpx.Client(transport=wire) as client:
        made = TikTok(client, replace(config, TIKTOK_AUDITED=True))
        made.sleep = briefly
        yield made


@pytest.fixture
def alice(tiktok: TikTok, wire: Counted) -> Account:
    account = person(tiktok)
    wire.calls.clear()
    return account
