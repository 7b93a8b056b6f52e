"""The fixtures of the YouTube tests: ``from tests.networks.youtube_fixtures import *``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import httpx2 as httpx
import pytest
from flask import Flask

from app.config import Config
from app.networks.base import Account
from app.networks.youtube import YouTube
from app.sandbox import create_sandbox
from app.sandbox.store import Store
from tests.networks.youtube_helpers import Wire, channel

__all__ = ["alice", "sandbox", "wire", "youtube"]


@cache
def _sandbox() -> Flask:
    """Made once: a room's routes do not change, and all that a test leaves is in its store."""
    return create_sandbox()


@pytest.fixture
def sandbox(store: Store) -> Flask:
    made = _sandbox()
    made.extensions["sandbox"] = store
    return made


@pytest.fixture
def wire(sandbox: Flask) -> Wire:
    return Wire(sandbox)


@pytest.fixture
def youtube(wire: Wire, config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[YouTube]:
    """An audited installation, and processing that takes no time."""
    monkeypatch.setattr("app.sandbox.youtube.videos.PROCESSING_SECONDS", 0.0)
    with httpx.Client(transport=wire) as client:
        made = YouTube(client, replace(config, YOUTUBE_FORCE_PRIVATE_UPLOADS=False))
        made.sleep = lambda seconds: None
        yield made


@pytest.fixture
def alice(youtube: YouTube, wire: Wire) -> Account:
    account = channel(youtube)
    wire.asked.clear()
    return account
