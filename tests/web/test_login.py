"""What a request leaves behind: last seen, last brand, one log line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import time_machine
from flask import Flask
from sqlalchemy import select

from app import clock, logs
from app.extensions import db
from app.models.people import User, UserSession
from tests.conftest import Browser
from tests.factories import make_profile, make_user
from tests.statements import counted

SignedIn = Callable[[User], Browser]


def seen_at() -> object:
    db.session.expire_all()
    return db.session.scalars(select(UserSession.seen_at)).one()


def test_a_session_is_marked_as_seen_at_most_once_a_minute(signed_in: SignedIn) -> None:
    maya = make_user()
    make_profile(maya)
    with time_machine.travel(clock.now(), tick=False) as moment:
        client = signed_in(maya)
        begun = seen_at()
        moment.shift(timedelta(seconds=59))
        client.get("/me")
        assert seen_at() == begun
        moment.shift(timedelta(seconds=2))
        client.get("/me")
        assert seen_at() == clock.now()


def test_a_request_within_the_minute_writes_nothing(signed_in: SignedIn) -> None:
    maya = make_user()
    brand = make_profile(maya)
    client = signed_in(maya)
    client.get(f"/p/{brand.slug}/settings")
    with counted() as told:
        assert client.get(f"/p/{brand.slug}/settings").status_code == 200
    assert [one for one in told if one.split()[0].upper() in {"INSERT", "UPDATE", "DELETE"}] == []


def test_a_cookie_signed_with_another_key_opens_nothing(
    app: Flask, signed_in: SignedIn, make_app: Callable[..., Flask]
) -> None:
    maya = make_user()
    client = signed_in(maya)
    other = make_app(SECRET_KEY="k" * 48)
    with other.test_client().session_transaction() as session:
        session["_user_id"] = "whatever"
    found = client.get_cookie("session")
    assert found is not None
    thief = app.test_client()
    thief.set_cookie("session", found.value[:-3] + "abc")
    assert thief.get("/me").status_code == 303


def test_a_session_ended_elsewhere_is_over_at_the_next_request(signed_in: SignedIn) -> None:
    maya = make_user()
    make_profile(maya)
    client = signed_in(maya)
    assert client.get("/me").status_code == 200
    row = db.session.scalars(select(UserSession)).one()
    row.ended_at = clock.now()
    db.session.commit()
    assert client.get("/me").location == "/login?next=/me"


def test_each_answer_has_one_log_line_without_secrets(app: Flask, signed_in: SignedIn) -> None:
    maya = make_user("maya@marram.example")
    brand = make_profile(maya)
    client = signed_in(maya)
    with client.session_transaction() as session:
        token = session["_user_id"]
    stream = StringIO()
    logs.setup(stream=stream)
    client.get(f"/p/{brand.slug}/settings?code=oauth-secret")
    wrong = {"email": "maya@marram.example", "password": "wrong horse bell"}
    app.test_client().post("/login", data=wrong)
    client.get("/healthz")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    found = [line for line in lines if line["event"] == "request"]
    assert [(f["route"], f["status"]) for f in found] == [
        ("/p/<profile>/settings", 200),
        ("/login", 422),
    ]
    assert found[0]["actor"] == str(maya.id) and found[0]["profile"] == str(brand.id)
    assert found[0]["request_id"].startswith("req_") and found[0]["ms"] >= 0
    assert "actor" not in found[1] and "profile" not in found[1]
    for secret in (token, "oauth-secret", "wrong horse bell", brand.slug):
        assert secret not in stream.getvalue()
