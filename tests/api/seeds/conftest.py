"""Seeds are walked over the sandbox in memory, with the engine at work where a post goes out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.extensions import db
from app.publishing.runner import Runner
from app.sandbox.store import Store
from tests.api.asking import Api
from tests.playing import sandbox

__all__ = ["sandbox"]

PATIENCE = 120.0  # seconds a request waits for the engine, however slow the machine


@pytest.fixture(name="play")
def played(sandbox: Store) -> Store:  # noqa: F811
    """The networks' store."""
    return sandbox


@pytest.fixture
def connect(play: Store, amplify: Api) -> Callable[..., list[int]]:
    """``connect("twitter", "linkedin")`` connects Maya's account there, as a script does."""

    def connect(*networks: str) -> list[int]:
        sent = {"access_token": "sandbox-maya", "user_id": "maya"}
        return [
            amplify.ask("POST", f"/api/auth/{one}/", data=sent)["network_id"] for one in networks
        ]

    return connect


@pytest.fixture
def working(
    app: Flask, play: Store, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """``with working():`` the engine delivers beside the requests of the block."""
    patient: Any = replace(app.config["CARILLON"], PUBLISH_WAIT_SECONDS=PATIENCE)
    monkeypatch.setitem(app.config, "CARILLON", patient)

    @contextmanager
    def work() -> Iterator[None]:
        runner = Runner(app, "worker", threads=4)

        def rounds() -> None:
            while not runner.stopping.is_set():
                runner.round()
                runner.stopping.wait(0.01)

        db.session.rollback()
        thread = threading.Thread(target=rounds)
        thread.start()
        try:
            yield
        finally:
            runner.stop()
            thread.join()
            runner.drain()
            db.session.rollback()

    yield work
