"""The engine on a database of its own, with the sandbox on a real port.

``plant.run()`` is what a worker does, in this process, until nothing is left to do now;
``plant.later(60)`` lets a minute pass by moving every time in the database back.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

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
from tests import factories, plain
from tests.conforming import conformed
from tests.conftest import testing
from tests.databases import Databases
from tests.playing import played
from tests.serving import serving

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
        posts = plain.get(f"{self.sandbox}/_sandbox/posts").json()
        rows: list[dict[str, Any]] = posts["posts"] if isinstance(posts, dict) else posts
        return [row for row in rows if network is None or row["network"] == network]

    def fault(self, network: str, operation: str, fault: str = "", **more: Any) -> None:
        body = {"network": network, "operation": operation, "times": 1, **more}
        if fault:
            body["fault"] = fault
        answer = plain.post(f"{self.sandbox}/_sandbox/faults", json=body)
        assert answer.status_code < 300, answer.text

    def person(self, network: str, handle: str, **extras: Any) -> None:
        """Make somebody there, or change them."""
        body = {"network": network, "handle": handle, "extras": extras}
        plain.post(f"{self.sandbox}/_sandbox/accounts", json=body).raise_for_status()

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


@dataclass
class House:
    """One application for all tests of a run: to make it, and its first page, takes long."""

    app: Flask
    env: dict[str, str]
    sandbox: str

    @contextmanager
    def plant(self, databases: Databases, **given: object) -> Iterator[Plant]:
        """An installation with those settings, without rows, before networks without posts."""
        store = Store()
        played(store)
        env = self.env | {name: str(value) for name, value in given.items()}
        self.app.config["CARILLON"] = Config.from_env(env)
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
        conformed(self.app)


@pytest.fixture(scope="session")
def house(
    databases: Databases, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """An application that is served, with the sandbox on a real port."""
    with serving() as serve:
        address, port = serve(played(Store())), free_port()
        env = {
            "INSTANCE_DIR": str(tmp_path_factory.mktemp("house")), "REDIS_URL": redis_url,
            "DATABASE_URL": databases.copy(), "SANDBOX_PORT": address.rsplit(":", 1)[1],
            "PORT": str(port),
        }  # fmt: skip
        app = testing(create_app(Config.from_env(env)))
        serve(app, port)
        yield House(app, env, address)
        with app.app_context():
            db.engine.dispose()
        databases.drop(env["DATABASE_URL"])


@pytest.fixture
def start(
    house: House, databases: Databases, make_app: Callable[..., Flask], serve: Callable[..., str]
) -> Iterator[Callable[..., Plant]]:
    """``start(COMMIT_DEADLINE_SECONDS=1)`` is an installation with those settings, one a test.

    Its web part is served, for networks that fetch media by address. With a Redis of its own
    it is an application of its own.
    """
    with ExitStack() as stack:

        def build(**given: object) -> Plant:
            if "REDIS_URL" in given:
                return stack.enter_context(_apart(make_app, serve, given))
            return stack.enter_context(house.plant(databases, **given))

        yield build


@contextmanager
def _apart(
    make_app: Callable[..., Flask], serve: Callable[..., str], given: dict[str, object]
) -> Iterator[Plant]:
    store = Store()
    address = serve(played(store))
    app = make_app(SANDBOX_PORT=address.rsplit(":", 1)[1], **given)
    with app.app_context():
        runner = Runner(app, "worker")
        yield Plant(app, address, runner, store)
        runner.stop()
        runner.drain()


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
