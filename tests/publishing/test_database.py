"""A database that goes away in the middle of deliveries (reliability §12).

On PostgreSQL every connection is cut, again and again; on both, each step in turn finds it away.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from app.extensions import db
from app.models.attempts import Attempt, AttemptState
from app.models.posts import PostTarget, TargetState
from app.models.profiles import Profile
from app.publishing import attempts, delivery, store
from tests import factories
from tests.publishing.conftest import Plant, connect, due


def cut(plant: Plant, seconds: float) -> None:
    """Cut every connection of the application, four times a second."""
    url = db.engine.url
    server = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    every = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
    until = time.monotonic() + seconds
    with server.connect() as connection:
        while time.monotonic() < until:
            connection.execute(text(every), {"name": url.database})
            time.sleep(0.25)
    server.dispose()


def test_cut_connections_cost_a_moment_and_no_post(plant: Plant, brand: Profile):
    if db.engine.dialect.name != "postgresql":
        pytest.skip("connections can be cut on PostgreSQL only")
    picture = factories.make_media(brand)
    accounts = [connect(brand, "mastodon", f"maya{n}") for n in range(6)]
    for n in range(24):
        due(brand, accounts[n % 6], text=f"Bell {n}", media=[picture])
    plant.fault("mastodon", "publish", times=-1, delay_ms=150)
    db.session.rollback()
    runner = threading.Thread(target=plant.runner.run)
    runner.start()
    cut(plant, 3.0)
    until, count = time.monotonic() + 10, 0
    while time.monotonic() < until and count < 24:
        time.sleep(0.2)
        count = len(plant.read(select(PostTarget.id).where(PostTarget.state == "published")))
    plant.runner.stop()
    runner.join(10)
    assert count == 24
    seen = Counter(p["text"] for p in plant.seen("mastodon"))
    assert len(seen) == 24 and set(seen.values()) == {1}
    assert plant.read(select(Attempt.id).where(Attempt.state == AttemptState.UNKNOWN)) == []
    assert set(plant.read(select(PostTarget.failures))) == {0}


def gone() -> OperationalError:
    return OperationalError("…", None, ConnectionError("gone"), connection_invalidated=True)


def away(times: int) -> Callable[..., Any]:
    """A wrapper: the database is away the first ``times`` times."""

    def wrap(real: Callable[..., Any]) -> Callable[..., Any]:
        left = [times]

        def called(*given: Any, **named: Any) -> Any:
            if left[0] > 0:
                left[0] -= 1
                raise gone()
            return real(*given, **named)

        return called

    return wrap


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (attempts, "open_next"),
        (delivery.credentials, "fresh"),
        (delivery.items, "build"),
        (attempts, "save"),
        (attempts, "to_commit"),
        (delivery.outcomes, "published"),
    ],
)
def test_a_database_away_at_any_step_is_waited_for(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch, place: Any, name: str
):
    post = due(brand, connect(brand, "mastodon", "maya"), media=[factories.make_media(brand)])
    monkeypatch.setattr(place, name, away(2)(getattr(place, name)))
    plant.run()
    target = plant.target(post)
    assert target.state is TargetState.PUBLISHED and target.failures == 0
    assert len(plant.seen("mastodon")) == 1


@pytest.mark.parametrize("step", ["open_next", "to_commit"])
def test_a_commit_whose_answer_was_lost_is_not_taken_for_another(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch, step: str
):
    """It was written, and the connection broke before we heard so."""
    post = due(brand, connect(brand, "mastodon", "maya"))
    real, left = getattr(attempts, step), [1]

    def unheard(*given: Any) -> Any:
        found = real(*given)
        if left[0]:
            left[0] -= 1
            raise gone()
        return found

    monkeypatch.setattr(attempts, step, unheard)
    plant.run()
    target = plant.target(post)
    assert target.state is TargetState.PUBLISHED and target.failures == 0
    assert len(plant.attempts(target)) == 1 and len(plant.seen("mastodon")) == 1


def test_only_a_database_that_may_come_back_is_waited_for():
    class Said(Exception):
        def __init__(self, sqlstate: str) -> None:
            self.sqlstate = sqlstate

    for state in ("57P01", "57P03", "08006", "53300", "40P01", "55P03", "25006", "53100"):
        assert store.away(OperationalError("…", None, Said(state))), state
    assert not store.away(IntegrityError("…", None, Said("23505")))
    assert not store.away(ProgrammingError("…", None, Said("42P01")))
    for said in ("database is locked", "disk I/O error", "database or disk is full"):
        assert store.away(OperationalError("…", None, sqlite3.OperationalError(said))), said
    assert not store.away(OperationalError("…", None, sqlite3.OperationalError("no such table: x")))
