"""The application on a real, migrated database, emptied for each test.

SQLite in a temporary folder, or PostgreSQL where ``TEST_DATABASE_URL`` names a server on
which databases may be made. ``TEST_REDIS_URL`` names a Redis; without one nobody listens,
which the product has to bear anyway.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from app import create_app
from app.config import Config
from app.extensions import db
from app.models import Base
from app.models.people import User
from app.services import sessions

SAFE = {"GET", "HEAD", "OPTIONS"}


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


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a fresh database, for this run alone."""
    given = os.environ.get("TEST_DATABASE_URL", "")
    if not given:
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'carillon.db'}"
        return
    url = make_url(given.replace("postgres://", "postgresql://", 1)).set(
        drivername="postgresql+psycopg"
    )
    name = f"carillon_test_{os.getpid()}_{secrets.token_hex(3)}"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE " + name))
    yield url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="session")
def config(database: str, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Settings of an installation of its own: no variable of this machine counts."""
    folder = tmp_path_factory.mktemp("instance")
    env = {"INSTANCE_DIR": str(folder), "DATABASE_URL": database, "SANDBOX_PORT": "1"}
    if redis := os.environ.get("TEST_REDIS_URL"):
        env["REDIS_URL"] = redis
    return Config.from_env(env)


@pytest.fixture(scope="session")
def installation(config: Config) -> Iterator[Flask]:
    """The application with its database migrated, once for all tests."""
    app = create_app(config)
    app.testing = True
    app.test_client_class = Browser
    with app.app_context():
        upgrade()
        db.engine.dispose()
    if config.DATABASE_URL.startswith("sqlite"):
        file = Path(make_url(config.DATABASE_URL).database or "")
        shutil.copy(file, file.with_suffix(".empty"))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(installation: Flask, config: Config) -> Iterator[Flask]:
    """The application with an empty database, its context pushed for the test's own use."""
    with installation.app_context():
        _empty(config)
        yield installation
        db.session.remove()


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


def _empty(config: Config) -> None:
    """Back to the migrated, empty database."""
    db.session.remove()
    if not config.DATABASE_URL.startswith("sqlite"):
        # Deleting is ten times faster than TRUNCATE for a few rows. The record is append
        # only for the application; this is its owner.
        deletes = [f'DELETE FROM "{table.name}"' for table in reversed(Base.metadata.sorted_tables)]
        statements = [
            "ALTER TABLE audit_events DISABLE TRIGGER USER",
            *deletes,
            "ALTER TABLE audit_events ENABLE TRIGGER USER",
        ]
        with db.engine.begin() as connection:
            connection.execute(text(";".join(statements)))
        return
    db.engine.dispose()
    file = Path(make_url(config.DATABASE_URL).database or "")
    for ending in ("-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    shutil.copy(file.with_suffix(".empty"), file)
