"""An installation that is served, and agents that speak to it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from flask import Flask
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from app.extensions import db
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import keys
from app.services.keys import KeyKind
from tests.conftest import Browser

ROOT = Path(__file__).resolve().parents[3]
Work = Callable[[Client], Awaitable[Any]]


@pytest.fixture(autouse=True)
def impatient(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody delivers here, so nobody waits for an outcome; files go to a folder of the test."""
    found = replace(app.config["CARILLON"], PUBLISH_WAIT_SECONDS=0.0, MEDIA_DIR=tmp_path / "media")
    monkeypatch.setitem(app.config, "CARILLON", found)


@dataclass
class Agent:
    """A program with the official client. ``run(work)`` connects and does it."""

    base: str
    key: str
    stdio: bool = False

    def run(self, work: Work) -> Any:
        db.session.rollback()
        # In a thread: a browser test before it leaves its own loop running in this one.
        here = copy_context()
        with ThreadPoolExecutor(1) as beside:
            return beside.submit(here.run, asyncio.run, self._run(work)).result()

    async def _run(self, work: Work) -> Any:
        if self.stdio:
            server = StdioServerParameters(
                command=sys.executable, args=["-m", "app.cli", "mcp"], cwd=str(ROOT),
                env={"APP_URL": self.base, "CARILLON_API_KEY": self.key},
            )  # fmt: skip
            async with Client(server) as client:
                return await work(client)
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx.AsyncClient(headers=headers, timeout=30) as http:
            transport = streamable_http_client(f"{self.base}/mcp", http_client=http)
            async with Client(transport) as client:
                return await work(client)


@dataclass
class Line:
    """``/mcp`` without a client: messages as they travel."""

    browser: Browser
    key: str
    headers: dict[str, str]

    def say(self, message: Any, *, status: int = 200, **headers: str) -> Any:
        """The answer's JSON, ``None`` where there is no body."""
        sent = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        answer = self.browser.post("/mcp", json=message, headers=sent | headers, csrf=False)
        assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
        self.headers = dict(answer.headers)
        return answer.get_json(silent=True)

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a method."""
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self.say(message)["result"]

    def call(self, name: str, /, **arguments: Any) -> Any:
        """What a tool answered; it has to have gone well."""
        result = self.ask("tools/call", name=name, arguments=arguments)
        assert not result["isError"], result["content"][0]["text"]
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
        return result["structuredContent"]

    def refused(self, name: str, /, **arguments: Any) -> Any:
        """What a tool refused with."""
        result = self.ask("tools/call", name=name, arguments=arguments)
        assert result["isError"], result
        return result["structuredContent"]


@pytest.fixture
def line(client: Browser, owner: Actor, brand: Profile) -> Line:
    """A profile's key at ``/mcp``."""
    return Line(client, keys.create(owner, KeyKind.PROFILE, brand.id)[1], {})


@pytest.fixture
def wide(client: Browser, owner: Actor) -> Line:
    """An account's key at ``/mcp``."""
    return Line(client, keys.create(owner, KeyKind.ACCOUNT)[1], {})
