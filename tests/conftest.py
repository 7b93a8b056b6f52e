"""The application on a real, migrated database, emptied for each test.

SQLite in a temporary folder, or PostgreSQL where ``TEST_DATABASE_URL`` names a server on
which databases may be made. Redis is the embedded one, or that of ``TEST_REDIS_URL``.

Rows are really committed, so that threads and requests of a test meet as in the product; a
test that starts processes, or lets threads run on, takes ``fresh_database``.
"""

from __future__ import annotations

import gc
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import playwright.sync_api as playwright
import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from redis import Redis
from sqlalchemy.orm import Session, scoped_session
from werkzeug.test import TestResponse

from app import create_app, valkey
from app.config import Config
from app.extensions import db, networks, queues, safe
from app.models.people import User
from app.services import sessions
from tests.buckets import s3, s3_server  # noqa: F401  (fixtures)
from tests.conforming import conformed, conforming
from tests.databases import Databases
from tests.serving import serving

SAFE = {"GET", "HEAD", "OPTIONS"}
PATIENCE_MS = 30_000  # what never comes fails a test all the same, and a busy machine fails none

# A busy machine makes no property false.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests first, which one process then works through while the others do the rest.

    Left to the end they were run one after another while all other processes waited.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """Thousands of collected tests live as long as the run: the collector need not count them
    again and again, nor look so often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


class Browser(FlaskClient):
    """A client with a cookie jar that sends the CSRF token of its session, as our pages do.

    Every request gets a context of its own, as it has in the product: nothing kept in ``g``
    by one is seen by the next or by the test.
    """

    def open(self, *args: Any, csrf: bool = True, **kwargs: Any) -> TestResponse:
        db.session.rollback()  # what the test holds open would lock the request out
        with self.application.app_context():
            method = str(kwargs.get("method", "GET")).upper()
            if csrf and method not in SAFE:
                kwargs["headers"] = {**dict(kwargs.get("headers") or {}), **self._token()}
            return super().open(*args, **kwargs)

    def _token(self) -> dict[str, str]:
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", secrets.token_hex(20))
        key = self.application.secret_key
        assert key is not None
        return {"X-CSRFToken": URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(raw)}


# Settings -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The maker of databases, its template migrated once a run."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    made = Databases(tmp_path_factory.mktemp("databases"), server, durable=False)
    yield made
    made.drop_all()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis for this run: that of ``TEST_REDIS_URL``, else an embedded one."""
    given = os.environ.get("TEST_REDIS_URL", "")
    if given:
        yield _own_number(given)
        return
    with valkey.running(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """A client of ``redis_url``, emptied before the test."""
    with Redis.from_url(redis_url) as client:
        client.flushdb()
        yield client


@pytest.fixture(scope="session")
def config(
    databases: Databases, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Config:
    """Settings of an installation of its own: no variable of this machine counts."""
    env = {
        "INSTANCE_DIR": str(tmp_path_factory.mktemp("instance")),
        "DATABASE_URL": databases.copy(),
        "REDIS_URL": redis_url,
        "SANDBOX_PORT": "1",  # nobody there: a test that wants the sandbox brings it
    }
    return Config.from_env(env)


@pytest.fixture
def fresh_database(databases: Databases) -> Iterator[str]:
    """The URL of a database of this test's own, migrated and empty."""
    url = databases.copy()
    yield url
    databases.drop(url)


@pytest.fixture
def settings_for(tmp_path: Path, redis_url: str) -> Callable[..., dict[str, str]]:
    """``settings_for(PORT=…)`` is an environment for ``Config.from_env`` or a process.

    Its own instance folder; the database in it unless ``DATABASE_URL`` is given.
    """

    def settings(**given: object) -> dict[str, str]:
        env = {"INSTANCE_DIR": str(tmp_path / "instance"), "REDIS_URL": redis_url}
        return env | {name: str(value) for name, value in given.items()}

    return settings


# Applications ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def installation(config: Config) -> Iterator[Flask]:
    """The application on the run's shared database, made once."""
    app = testing(create_app(config))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(installation: Flask, databases: Databases) -> Iterator[Flask]:
    """The application with an empty database, its context pushed for the test's own use."""
    for extension in (queues, networks, safe):
        # One a process, and another application made in between has taken it over.
        extension.init_app(installation)
    with installation.app_context():
        databases.empty(installation)
        yield installation
        db.session.remove()
    conformed(installation)


@pytest.fixture
def db_session(app: Flask) -> scoped_session[Session]:
    """The session of the test's own context; commit before a request looks."""
    return db.session


@pytest.fixture
def make_app(
    fresh_database: str, settings_for: Callable[..., dict[str, str]]
) -> Iterator[Callable[..., Flask]]:
    """``make_app(MAX_ATTEMPTS=1)`` is an application with those settings on ``fresh_database``."""
    made: list[Flask] = []

    def make(**given: object) -> Flask:
        env = settings_for(**({"DATABASE_URL": fresh_database} | given))
        made.append(testing(create_app(Config.from_env(env))))
        return made[-1]

    yield make
    for one in made:
        with one.app_context():
            db.session.remove()
            db.engine.dispose()
        conformed(one)


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Takes the place of pytest-flask's: one context for test and requests would share ``g``."""


@pytest.fixture
def client(app: Flask) -> Browser:
    """A browser nobody has signed in to."""
    return app.test_client()  # type: ignore[return-value]


@pytest.fixture
def signed_in(app: Flask) -> Callable[[User], Browser]:
    """``signed_in(user)`` is a browser of its own in which that person is signed in."""

    def browser(user: User) -> Browser:
        token = sessions.begin(user.id, address="127.0.0.1", agent="pytest")
        db.session.commit()
        found = app.test_client()
        with found.session_transaction() as session:
            session["_user_id"] = token
        return found  # type: ignore[return-value]

    return browser


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """``serve(app, port=0)`` serves an application on loopback from threads; its address."""
    with serving() as start:
        yield start


# Chromium (pytest-playwright) -----------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of an installed Chromium; without one the test is skipped and says so."""
    names = (
        "chromium-headless-shell",  # takes half of the processor time the others take
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "chrome",
    )
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found:
        pytest.skip("no Chromium on the path and none named by CHROMIUM: browser tests left out")
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], chromium: str
) -> dict[str, Any]:
    """The machine's own Chromium; without its sandbox, which root and containers lack."""
    args = [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--force-color-profile=srgb",
        "--disable-gpu",
    ]
    return {**browser_type_launch_args, "executable_path": chromium, "args": args}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Pages that do not move: a colour half-way to another is not what a test looks at."""
    return {**browser_context_args, "reduced_motion": "reduce"}


@pytest.fixture
def page(page: Any) -> Iterator[Any]:
    """pytest-playwright's page with our patience.

    It fails the test on a script error or a violation of the content policy.
    ``page.console`` lists both. An answer 4xx, which the browser reports on its console too, is
    the test's own business.
    """
    playwright.expect.set_options(timeout=PATIENCE_MS)
    page.set_default_timeout(PATIENCE_MS)
    told: list[str] = []
    page.console = told
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("console", lambda line: told.append(line.text) if line.type == "error" else None)
    yield page
    assert not [line for line in told if "Failed to load resource" not in line]


def testing(app: Flask) -> Flask:
    """The application as tests use it: our client, and every answer held to the document."""
    app.testing = True
    app.test_client_class = Browser
    return conforming(app)


def _own_number(url: str) -> str:
    """Each worker of pytest-xdist empties a database number of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        return url
    base, _, number = url.rpartition("/")
    head = f"{base}/" if number.isdecimal() else f"{url.rstrip('/')}/"
    return head + str(int(number if number.isdecimal() else 0) + 1 + int(worker.removeprefix("gw")))
