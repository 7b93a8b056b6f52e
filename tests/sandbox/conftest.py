"""The sandbox alone, asked over WSGI as any client would ask it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2 as httpx
import pytest
from flask import Flask

from app.sandbox.store import Store
from tests.playing import played

BASE = "http://127.0.0.1:8090"


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def sandbox(store: Store) -> Flask:
    return played(store)


@pytest.fixture
def http(sandbox: Flask) -> Iterator[httpx.Client]:
    with httpx.Client(transport=httpx.WSGITransport(app=sandbox), base_url=BASE) as client:
        yield client
