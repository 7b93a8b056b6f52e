"""The engine on a database of its own, with the sandbox on a real port.

``plant.run()`` is what a worker does, in this process, until nothing is left to do now;
``plant.later(60)`` lets a minute pass by moving every time in the database back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import httpx2 as httpx
import pytest
from flask import Flask
from sqlalchemy import Select, select, update
from sqlalchemy.orm import joinedload

from app.clock import now
from app.config import settings
from app.extensions import db, networks, write_mode
from app.models.accounts import SocialAccount
from app.models.attempts import Attempt
from app.models.posts import Post, PostTarget
from app.models.profiles import Profile
from app.networks.base import Tokens
from app.publishing import recovery
from app.publishing.runner import Runner
from app.publishing.store import transaction
from app.sandbox import create_sandbox
from app.sandbox.store import Store
from tests import factories

NETWORKS = ("mastodon", "bluesky", "twitter")
TIMES: dict[type[Any], tuple[str, ...]] = {
    PostTarget: ("lease_until", "due_at", "scheduled_for", "hold_until"),
    Attempt: ("started_at", "commit_at", "finished_at", "next_probe_at", "absent_at"),
    SocialAccount: ("cooling_until",),
}


@dataclass
class Plant:
    """An installation and the networks it speaks to."""

    app: Flask
    sandbox: str
    runner: Runner

    def run(self, seconds: float = 20.0) -> None:
        """Claim and deliver until there is nothing to do at this moment."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            quiet = self.runner.idle()  # before looking: what ends meanwhile may free a lane
            if not self.runner.round() and quiet:
                break
            time.sleep(0.005)
        assert self.runner.idle(), "a delivery did not end"
        db.session.rollback()
        db.session.expire_all()

    def sweep(self) -> recovery.Swept:
        found = recovery.sweep()
        db.session.rollback()
        db.session.expire_all()
        return found

    def later(self, seconds: float) -> None:
        """Move every time back, as if so many seconds had passed."""
        db.session.rollback()
        shift = timedelta(seconds=seconds)
        for model, names in TIMES.items():
            for row in db.session.scalars(select(model)).unique():
                moved = {n: getattr(row, n) - shift for n in names if getattr(row, n) is not None}
                if moved:
                    db.session.execute(update(model).where(model.id == row.id).values(**moved))
        db.session.commit()
        db.session.expire_all()

    def settle(self, hours: float = 3.0, step: float = 45.0) -> None:
        """Let time pass, sweeping and running, until every target has ended."""
        passed = 0.0
        while passed < hours * 3600:
            self.sweep()
            self.run()
            waiting = self.read(
                select(PostTarget.id).where(
                    PostTarget.state.in_(("scheduled", "queued", "posting")),
                    PostTarget.hold_reason.is_(None),
                )
            )
            if not waiting:
                return
            self.later(step)
            passed += step
        raise AssertionError("a target never ended")

    def read(self, statement: Select[Any]) -> list[Any]:
        """What the database says now, in no transaction of the test's own afterwards."""
        with transaction(write=False) as session:
            return list(session.scalars(statement))

    def seen(self, network: str | None = None) -> list[dict[str, Any]]:
        """What the networks show."""
        posts = httpx.get(f"{self.sandbox}/_sandbox/posts").json()
        rows: list[dict[str, Any]] = posts["posts"] if isinstance(posts, dict) else posts
        return [row for row in rows if network is None or row["network"] == network]

    def fault(self, network: str, operation: str, fault: str = "", **more: Any) -> None:
        body = {"network": network, "operation": operation, "times": 1, **more}
        if fault:
            body["fault"] = fault
        answer = httpx.post(f"{self.sandbox}/_sandbox/faults", json=body)
        assert answer.status_code < 300, answer.text

    def target(self, post: Post, place: int = 0) -> PostTarget:
        found = select(PostTarget).where(PostTarget.post_id == post.id).order_by(PostTarget.id)
        return cast(PostTarget, self.read(found.options(joinedload(PostTarget.post)))[place])

    def attempts(self, target: PostTarget) -> list[Attempt]:
        found = select(Attempt).where(Attempt.target_id == target.id)
        return self.read(found.order_by(Attempt.number))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """What a test looks at must not lock the engine out: its own reads are deferred."""
    mark = write_mode.set(False)
    try:
        yield
    finally:
        write_mode.reset(mark)


@pytest.fixture
def start(
    make_app: Callable[..., Flask], serve: Callable[..., str]
) -> Iterator[Callable[..., Plant]]:
    """``start(COMMIT_DEADLINE_SECONDS=1)`` is an installation with those settings."""
    runners: list[Runner] = []
    contexts = []

    def build(**given: object) -> Plant:
        address = serve(create_sandbox(Store()))
        app = make_app(SANDBOX_PORT=address.rsplit(":", 1)[1], **given)
        context = app.app_context()
        context.push()
        contexts.append(context)
        runners.append(Runner(app, "worker"))
        return Plant(app, address, runners[-1])

    yield build
    for runner in runners:
        runner.stop()
        runner.drain()
    for context in reversed(contexts):
        context.pop()


@pytest.fixture
def plant(start: Callable[..., Plant]) -> Plant:
    """An installation with the usual settings, but a short commit deadline."""
    return start(COMMIT_DEADLINE_SECONDS=2)


@pytest.fixture
def brand(plant: Plant) -> Profile:
    return factories.make_profile()


def connect(brand: Profile, network: str, handle: str) -> SocialAccount:
    """An account that the sandbox knows, with the ids the network gives it."""
    speaker = networks.get(network)
    server = "" if network == "twitter" else settings().network(network).api_url
    if network == "bluesky":
        tokens = speaker.login(server, handle, f"sandbox-{handle}")
    else:
        tokens = Tokens(f"sandbox-{handle}")
    found = speaker.identities(tokens, server)[0]
    return factories.make_account(
        brand, network, found.handle, tokens=tokens, external_id=found.external_id,
        server=found.server or server, extras=dict(found.extras),
    )  # fmt: skip


def due(brand: Profile, *accounts: SocialAccount, text: str = "", at: datetime | None = None,
        **more: Any) -> Post:  # fmt: skip
    """A post that is due now."""
    text = text or f"The bells ring at {time.monotonic_ns()}"
    return factories.make_post(brand, text, accounts, at=at or now() - timedelta(seconds=1), **more)
