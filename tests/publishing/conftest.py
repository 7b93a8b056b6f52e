"""The engine on a database of its own, with the sandbox on a real port.

``plant.run()`` is what a worker does, in this process, until nothing is left to do now;
``plant.later(60)`` lets a minute pass by moving every time in the database back.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

import httpx2 as httpx
import pytest
from flask import Flask
from sqlalchemy import Select, select, update
from sqlalchemy.orm import joinedload

from app import create_app
from app.clock import now
from app.config import Config, settings
from app.extensions import db, networks, queues, safe, write_mode
from app.models.accounts import SocialAccount
from app.models.attempts import Attempt
from app.models.posts import Post, PostTarget
from app.models.profiles import Profile
from app.networks.base import Tokens
from app.permissions import Actor, Role
from app.publishing import recovery
from app.publishing.runner import Runner
from app.publishing.store import transaction
from app.sandbox.store import Store
from tests import factories
from tests.conftest import Browser, serving
from tests.databases import Databases
from tests.playing import played

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
    store: Store  # the sandbox's
    ahead: Callable[[float], None] | None = None  # puts the networks' workshops forward

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
        if self.ahead is not None:
            self.ahead(seconds)

    def settle(self, hours: float = 3.0, step: float | None = None) -> None:
        """Let time pass, sweeping and running, until every target has ended.

        Without ``step`` by leaps from one moment at which something is to happen to the next.
        """
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
            leap = step or self.leap()
            self.later(leap)
            passed += leap
        raise AssertionError("a target never ended")

    def leap(self) -> float:
        """Seconds until the next thing has to happen, one at least."""
        columns = (
            PostTarget.due_at, PostTarget.lease_until, Attempt.next_probe_at,
            SocialAccount.cooling_until,
        )  # fmt: skip
        at = now()
        times = [one for column in columns for one in self.read(select(column)) if one]
        ahead = [(one - at).total_seconds() for one in times if one > at]
        return max(min(ahead, default=45.0) + 0.05, 1.0)

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

    def person(self, network: str, handle: str, **extras: Any) -> None:
        """Make somebody there, or change them."""
        body = {"network": network, "handle": handle, "extras": extras}
        httpx.post(f"{self.sandbox}/_sandbox/accounts", json=body).raise_for_status()

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
    """``start(COMMIT_DEADLINE_SECONDS=1)`` is an installation with those settings.

    ``shared=True``: its web part is served too, for networks that fetch media by address.
    """
    runners: list[Runner] = []
    contexts = []

    def build(*, shared: bool = False, **given: object) -> Plant:
        store = Store()
        address = serve(played(store))
        port = free_port() if shared else 8000
        app = make_app(SANDBOX_PORT=address.rsplit(":", 1)[1], PORT=port, **given)
        if shared:
            serve(app, port)
        context = app.app_context()
        context.push()
        contexts.append(context)
        runners.append(Runner(app, "worker"))
        return Plant(app, address, runners[-1], store)

    yield build
    for runner in runners:
        runner.stop()
        runner.drain()
    for context in reversed(contexts):
        context.pop()


@dataclass
class House:
    """One application for all tests of a module: to make it, and its first page, takes long."""

    app: Flask
    config: Config
    sandbox: str

    @contextmanager
    def plant(self, databases: Databases, **given: object) -> Iterator[Plant]:
        """An installation with those settings, without rows, before networks without posts."""
        store = Store()
        played(store)
        self.app.config["CARILLON"] = replace(self.config, **given)  # type: ignore[arg-type]
        for extension in (queues, networks, safe):
            # One a process, and another application has taken it over.
            extension.init_app(self.app)
        with self.app.app_context():
            databases.empty(self.app)
            runner = Runner(self.app, "worker")
            try:
                yield Plant(self.app, self.sandbox, runner, store)
            finally:
                runner.stop()
                runner.drain()
                db.session.remove()


@pytest.fixture(scope="module")
def house(
    databases: Databases, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """An application that is served, with the sandbox on a real port."""
    with serving() as serve:
        address, port = serve(played(Store())), free_port()
        config = Config.from_env({
            "INSTANCE_DIR": str(tmp_path_factory.mktemp("house")), "REDIS_URL": redis_url,
            "DATABASE_URL": databases.copy(), "SANDBOX_PORT": address.rsplit(":", 1)[1],
            "PORT": str(port), "COMMIT_DEADLINE_SECONDS": "5", "TIKTOK_AUDITED": "1",
            "YOUTUBE_FORCE_PRIVATE_UPLOADS": "0",
        })  # fmt: skip
        app = create_app(config)
        app.testing, app.test_client_class = True, Browser
        serve(app, port)
        yield House(app, config, address)
        with app.app_context():
            db.engine.dispose()
        databases.drop(config.DATABASE_URL)


@pytest.fixture
def plant(start: Callable[..., Plant]) -> Plant:
    """An installation with the usual settings, but a short commit deadline."""
    return start(COMMIT_DEADLINE_SECONDS=2)


@pytest.fixture
def brand(plant: Plant) -> Profile:
    return factories.make_profile()


@pytest.fixture
def owner(brand: Profile) -> Actor:
    """Somebody who may do everything in the brand."""
    someone = factories.make_user()
    factories.join(brand, someone, Role.OWNER)
    return factories.actor_of(someone)


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


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
        brand, network, found.handle, tokens=found.tokens or tokens, external_id=found.external_id,
        server=found.server or server, extras=dict(found.extras),
    )  # fmt: skip


def due(brand: Profile, *accounts: SocialAccount, text: str | list[str] = "",
        at: datetime | None = None, **more: Any) -> Post:  # fmt: skip
    """A post that is due now."""
    text = text or f"The bells ring at {time.monotonic_ns()}"
    return factories.make_post(brand, text, accounts, at=at or now() - timedelta(seconds=1), **more)
