"""The tests' own ground: a database is real, migrated, empty, and one's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.extensions import db, networks
from app.models.engine import EngineState
from app.models.people import User
from tests import factories
from tests.databases import Databases


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_no_rows_but_those_of_the_migrations(app: Flask, turn: int) -> None:
    assert db.session.scalar(select(func.count()).select_from(User)) == 0
    assert db.session.get(EngineState, 1) is not None
    factories.make_user()


def test_a_fresh_database_is_apart_from_the_shared_one(
    app: Flask, make_app: Callable[..., Flask]
) -> None:
    factories.make_user("maya@marram.example")
    other = make_app(MAX_ATTEMPTS=7)
    with other.app_context():
        assert db.session.scalar(select(func.count()).select_from(User)) == 0
        assert other.config["CARILLON"].MAX_ATTEMPTS == 7


def test_an_application_made_in_between_leaves_its_settings_to_nobody(
    make_app: Callable[..., Flask], request: pytest.FixtureRequest
) -> None:
    make_app(SANDBOX_PORT=2)
    assert networks.config.SANDBOX_PORT == 2
    app = request.getfixturevalue("app")
    assert networks.config is app.config["CARILLON"]


def test_a_dropped_database_is_gone(databases: Databases) -> None:
    url = databases.copy()
    databases.drop(url)
    with pytest.raises(ValueError):
        databases.drop(url)
