"""Sessions: their ends, and who may end them (reliability §13)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app import clock
from app.errors import NotFound
from app.extensions import db
from app.models.events import AuditEvent
from app.models.people import User, UserSession
from app.services import sessions
from tests.factories import actor_of, make_user


def begin(user: User) -> str:
    token = sessions.begin(user.id, address="192.0.2.7", agent="Firefox")
    db.session.commit()
    return token


def test_a_session_ends_after_fourteen_days_without_use(app: Flask) -> None:
    maya = make_user()
    with time_machine.travel(clock.now(), tick=False) as moment:
        token = begin(maya)
        moment.shift(timedelta(days=13, hours=23))
        assert sessions.find(token) is not None
        moment.shift(timedelta(hours=2))
        assert sessions.find(token) is None


def test_a_session_in_use_ends_after_thirty_days_all_the_same(app: Flask) -> None:
    maya = make_user()
    with time_machine.travel(clock.now(), tick=False) as moment:
        token = begin(maya)
        for _ in range(5):
            moment.shift(timedelta(days=5, hours=23))
            found = sessions.find(token)
            assert found is not None
            sessions.seen(found.id)
        moment.shift(timedelta(hours=6))
        assert sessions.find(token) is None


def test_another_token_an_empty_one_and_one_of_a_suspended_person_open_nothing(app: Flask) -> None:
    maya = make_user()
    token = begin(maya)
    assert sessions.find("") is None and sessions.find(token[:-1] + "!") is None
    maya.suspended_at = clock.now()
    db.session.commit()
    assert sessions.find(token) is None


def test_ones_sessions_are_listed_and_each_can_be_ended(app: Flask) -> None:
    maya = make_user()
    here, there = begin(maya), begin(maya)
    first, second = sessions.find(here), sessions.find(there)
    assert first and second
    actor = actor_of(maya, session_id=first.id)
    assert {s.id for s in sessions.living(actor)} == {first.id, second.id}
    sessions.end(actor, second.id)
    assert sessions.find(there) is None and sessions.find(here) is not None
    assert [s.id for s in sessions.living(actor)] == [first.id]
    with pytest.raises(NotFound):
        sessions.end(actor, second.id)
    assert [r.action for r in db.session.scalars(select(AuditEvent))] == ["session.ended"]


def test_a_stranger_cannot_end_or_see_a_session(app: Flask) -> None:
    maya, eve = make_user(), make_user()
    token = begin(maya)
    found = sessions.find(token)
    assert found
    with pytest.raises(NotFound):
        sessions.end(actor_of(eve), found.id)
    assert sessions.living(actor_of(eve)) == []
    assert sessions.find(token) is not None


def test_all_others_end_at_once(app: Flask) -> None:
    maya = make_user()
    tokens = [begin(maya) for _ in range(4)]
    kept = sessions.find(tokens[2])
    assert kept
    assert sessions.end_others(actor_of(maya, session_id=kept.id)) == 3
    db.session.expire_all()
    assert [sessions.find(t) is not None for t in tokens] == [False, False, True, False]


def test_dead_sessions_are_swept_when_a_new_one_begins(app: Flask) -> None:
    maya = make_user()
    with time_machine.travel(clock.now(), tick=False) as moment:
        begin(maya)
        moment.shift(timedelta(days=15))
        begin(maya)
        assert len(db.session.scalars(select(UserSession)).all()) == 1
