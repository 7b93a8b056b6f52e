"""The application against the sandbox in memory: real requests, no sockets.

``from tests.playing import sandbox`` in a test module or a conftest gives the fixture;
``walk`` clicks through a consent page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from flask import Flask

from app.extensions import networks
from app.sandbox import create_sandbox
from app.sandbox.store import Store
from tests.plain import client

KEPT = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@cache
def _played() -> Flask:
    return create_sandbox(Store())


def played(store: Store) -> Flask:
    """The process's sandbox with this store: to build one costs more than most tests."""
    found = _played()
    found.extensions["sandbox"] = store
    return found


@pytest.fixture
def sandbox(app: Flask) -> Iterator[Store]:
    """A sandbox of the test's own that every network of the application speaks to; its store."""
    store = Store()
    networks.reset()
    networks.transport = httpx.WSGITransport(app=played(store))
    yield store
    networks.transport = None
    networks.reset()


def order(store: Store, **fault: object) -> None:
    """Let something go wrong, as ``POST /_sandbox/faults`` does."""
    store.faults.order(fault)


def walk(url: str, handle: str, *, allow: bool = True) -> dict[str, str]:
    """Answer the consent page at ``url`` as a person would; the query of the way back.

    Without a sandbox in memory it is walked over the socket it is served from.
    """
    with client(transport=networks.transport) as browser:
        page = browser.get(url)
        assert page.status_code == 200, page.text
        fields = {unescape(name): unescape(value) for name, value in KEPT.findall(page.text)}
        fields |= {"handle": handle, "decision": "allow" if allow else "refuse"}
        where = re.search(r'<form method="post" action="([^"]+)"', page.text)
        assert where is not None
        sent = browser.post(str(page.url.join(unescape(where[1]))), data=fields)
        assert sent.status_code in (302, 303), sent.text
        query = parse_qs(urlsplit(sent.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}
