"""curl -u ACCOUNT_ID:API_KEY, the remote systems played, and DNS."""

from __future__ import annotations

from collections.abc import Iterator

import dns.resolver
import httpx2 as httpx
import pytest
from flask import Flask

from app.extensions import networks
from app.models.profiles import Profile
from app.permissions import Actor
from app.sandbox.store import Store
from app.services import cnames, keys
from app.services.keys import KeyKind
from tests.api.asking import Api
from tests.api.oktopost.asking import Names, basic
from tests.api.oktopost.systems import Systems
from tests.conftest import Browser
from tests.playing import played


@pytest.fixture(autouse=True)
def systems(app: Flask) -> Iterator[Systems]:
    found = Systems(played(Store()))
    networks.reset()
    networks.transport = httpx.WSGITransport(app=found)
    yield found
    networks.transport = None
    networks.reset()


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    found = Names()
    asked = dns.resolver.Resolver(configure=False)
    asked.nameservers, asked.port = ["127.0.0.1"], found.port
    monkeypatch.setattr(cnames, "resolver", lambda: asked)
    yield found
    found.socket.close()


@pytest.fixture
def api(client: Browser, owner: Actor, brand: Profile) -> Api:
    """curl -u ACCOUNT_ID:API_KEY."""
    key = keys.create(owner, KeyKind.PROFILE, brand.id)[1]
    return basic(client, brand, key)


@pytest.fixture
def cname(api: Api) -> str:
    found: str = api.post("/v2/cname", {"domain": "go.example.org"})["Cname"]["Id"]
    return found
