"""Coming in, being recognised, changing one's own things (reliability §13)."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select

from app import clock
from app.errors import Conflict, Forbidden, RateLimited, Unauthorized, ValidationFailed
from app.extensions import db
from app.ids import digest
from app.models.events import AuditEvent
from app.models.people import LoginFailure, User, UserSession
from app.models.profiles import Membership, PlatformSet, Profile
from app.permissions import Actor, Role
from app.services import passwords, people, sessions
from app.services.people import Visitor, WrongPassword
from tests.factories import PASSWORD, actor_of, make_user

HERE = Visitor("192.0.2.7", "Firefox", "req_1")


def session_of(token: str) -> UserSession:
    found = sessions.find(token)
    assert found is not None
    return found


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def test_signing_up_makes_a_person_a_brand_and_a_session(app: Flask) -> None:
    token = people.sign_up(" Maya  Okafor ", "Maya@Marram.EXAMPLE", PASSWORD, "Europe/Paris", HERE)
    user = session_of(token).user
    assert (user.name, user.email) == ("Maya Okafor", "Maya@marram.example")
    assert user.email_verified_at is None and not user.is_operator
    assert PASSWORD not in user.password_hash
    brand = db.session.scalars(select(Profile)).one()
    assert (brand.name, brand.time_zone, brand.number) == ("Maya Okafor’s brand", "Europe/Paris", 1)
    assert user.last_profile_id == brand.id
    membership = db.session.scalars(select(Membership)).one()
    assert (membership.user_id, membership.role) == (user.id, Role.OWNER)
    assert db.session.scalars(select(PlatformSet)).one().is_default
    assert actions() == ["profile.made", "sign_up"]


@pytest.mark.parametrize("claimed", ["", "Mars/Olympus", "../../etc/passwd", "x" * 3000])
def test_a_browser_without_a_real_zone_gets_utc_and_is_known_as_unsure(
    app: Flask, claimed: str
) -> None:
    people.sign_up("Maya", "maya@marram.example", PASSWORD, claimed, HERE)
    brand = db.session.scalars(select(Profile)).one()
    assert brand.time_zone == "UTC" and brand.zone_unsure


@pytest.mark.parametrize(
    ("name", "email", "password", "field"),
    [
        ("  ", "maya@marram.example", PASSWORD, "name"),
        ("m" * 121, "maya@marram.example", PASSWORD, "name"),
        ("Maya", "maya", PASSWORD, "email"),
        ("Maya", "maya@", PASSWORD, "email"),
        ("Maya", "m@x.example, n@x.example", PASSWORD, "email"),
        ("Maya", "m" * 250 + "@x.example", PASSWORD, "email"),
        ("Maya", "maya@marram.example", "short", "password"),
    ],
)
def test_signing_up_names_the_field_that_does_not_work(
    app: Flask, name: str, email: str, password: str, field: str
) -> None:
    with pytest.raises(ValidationFailed) as told:
        people.sign_up(name, email, password, "UTC", HERE)
    assert told.value.field == field
    assert db.session.scalar(select(func.count()).select_from(User)) == 0


def test_an_email_that_is_taken_lets_in_only_who_knows_its_password(app: Flask) -> None:
    make_user("maya@marram.example")
    with pytest.raises(WrongPassword):
        people.sign_up("Eve", "MAYA@marram.example", "another brass bell", "UTC", HERE)
    token = people.sign_up("Maya", "maya@marram.example", PASSWORD, "UTC", HERE)
    assert session_of(token).user.email == "maya@marram.example"
    assert db.session.scalar(select(func.count()).select_from(User)) == 1


def test_only_a_digest_of_the_session_token_is_stored(app: Flask) -> None:
    make_user("maya@marram.example")
    token = people.sign_in("maya@marram.example", PASSWORD, HERE)
    row = db.session.scalars(select(UserSession)).one()
    assert row.token_hash == digest(token) and token not in row.token_hash
    assert (row.address, row.agent) == ("192.0.2.7", "Firefox")
    assert len(token) >= 43  # 256 bits


def test_every_sign_in_has_a_token_of_its_own(app: Flask) -> None:
    make_user("maya@marram.example")
    first, second = (people.sign_in("maya@marram.example", PASSWORD, HERE) for _ in range(2))
    assert first != second and session_of(first).id != session_of(second).id


@pytest.mark.parametrize("email", ["maya@marram.example", "nobody@marram.example", "no email"])
def test_the_fifth_wrong_password_is_the_last_for_a_while_known_or_not(
    app: Flask, email: str
) -> None:
    make_user("maya@marram.example")
    left = []
    for _ in range(5):
        with pytest.raises(WrongPassword) as told:
            people.sign_in(email, "wrong horse battery", HERE)
        left.append((told.value.left, told.value.message))
    assert left == [(n, "That email and password do not match.") for n in (4, 3, 2, 1, 0)]
    with pytest.raises(RateLimited) as waits:
        people.sign_in(email, PASSWORD, HERE)  # the right one too
    assert 14 * 60 < (waits.value.retry_after or 0) <= 15 * 60 + 1


def test_the_door_opens_again_after_fifteen_minutes(app: Flask) -> None:
    make_user("maya@marram.example")
    with time_machine.travel(clock.now(), tick=False) as moment:
        for _ in range(5):
            with pytest.raises(WrongPassword):
                people.sign_in("maya@marram.example", "wrong horse battery", HERE)
        with pytest.raises(RateLimited) as waits:
            people.sign_in("maya@marram.example", PASSWORD, HERE)
        moment.shift(timedelta(seconds=(waits.value.retry_after or 0) - 2))
        with pytest.raises(RateLimited):
            people.sign_in("maya@marram.example", PASSWORD, HERE)
        moment.shift(timedelta(seconds=2))
        assert people.sign_in("maya@marram.example", PASSWORD, HERE)


def test_an_address_has_twenty_tries_over_all_accounts(app: Flask) -> None:
    make_user("maya@marram.example")
    for number in range(20):
        with pytest.raises(WrongPassword):
            people.sign_in(f"guess{number}@marram.example", "wrong horse battery", HERE)
    with pytest.raises(RateLimited):
        people.sign_in("maya@marram.example", PASSWORD, HERE)
    assert people.sign_in("maya@marram.example", PASSWORD, Visitor("192.0.2.8"))


def test_a_customers_ipv6_network_counts_as_one_address(app: Flask) -> None:
    for number in range(20):
        with pytest.raises(WrongPassword):
            people.sign_in(f"g{number}@x.example", "wrong horse", Visitor(f"2001:db8::{number:x}"))
    with pytest.raises(RateLimited):
        people.sign_in("g@x.example", "wrong horse", Visitor("2001:db8::ffff"))
    with pytest.raises(WrongPassword):
        people.sign_in("g@x.example", "wrong horse", Visitor("2001:db8:0:1::1"))


def test_the_right_password_starts_the_count_anew(app: Flask) -> None:
    make_user("maya@marram.example")
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(WrongPassword):
                people.sign_in("maya@marram.example", "wrong horse battery", HERE)
        people.sign_in("maya@marram.example", PASSWORD, HERE)
    assert db.session.scalars(select(LoginFailure)).all() == []


def test_many_guesses_at_once_get_no_more_tries_than_one_after_the_other(app: Flask) -> None:
    make_user("maya@marram.example")
    db.session.rollback()
    checked: list[object] = []

    def guess() -> None:
        with app.app_context():
            try:
                people.sign_in("maya@marram.example", "wrong horse battery", HERE)
            except (WrongPassword, RateLimited) as error:
                checked.append(type(error))

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert checked.count(WrongPassword) == 5 and checked.count(RateLimited) == 11


def test_an_unknown_person_is_refused_as_slowly_as_a_known_one(app: Flask) -> None:
    make_user("maya@marram.example")
    times: dict[str, list[float]] = {"maya@marram.example": [], "nobody@marram.example": []}
    for _ in range(4):
        for email, taken in times.items():
            start = time.perf_counter()
            with pytest.raises(WrongPassword):
                people.sign_in(email, "wrong horse battery", HERE)
            taken.append(time.perf_counter() - start)
    known, unknown = (min(taken) for taken in times.values())
    assert 0.5 < unknown / known < 2.0  # without a hash to check it is a hundredth


def test_the_record_of_a_refusal_looks_the_same_for_known_and_unknown(app: Flask) -> None:
    maya = make_user("maya@marram.example")
    for email in ("maya@marram.example", "nobody@marram.example"):
        with pytest.raises(WrongPassword):
            people.sign_in(email, "wrong horse battery", HERE)
    rows = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    shapes = [(r.action, r.actor_id, r.subject, r.address, r.request_id, r.detail) for r in rows]
    assert shapes == [("sign_in.failed", None, "user", "192.0.2.7", "req_1", {})] * 2
    assert [r.subject_id for r in rows] == [maya.id, None]


def test_a_weaker_hash_is_renewed_at_sign_in(app: Flask) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    maya = make_user("maya@marram.example", password_hash=weak)
    people.sign_in("maya@marram.example", PASSWORD, HERE)
    db.session.refresh(maya)
    assert maya.password_hash != weak and not passwords.outdated(maya.password_hash)
    assert people.sign_in("maya@marram.example", PASSWORD, HERE)


def test_a_suspended_person_is_told_so_only_with_the_right_password(app: Flask) -> None:
    make_user("maya@marram.example", suspended_at=clock.now())
    with pytest.raises(WrongPassword):
        people.sign_in("maya@marram.example", "wrong horse battery", HERE)
    with pytest.raises(Forbidden, match="suspended"):
        people.sign_in("maya@marram.example", PASSWORD, HERE)
    assert db.session.scalars(select(UserSession)).all() == []


def test_the_command_line_makes_a_verified_person_and_tells_the_ids(app: Flask) -> None:
    found = people.create_user("ada@marram.example", PASSWORD, "Ada", admin=True)
    user, brand = db.session.scalars(select(User)).one(), db.session.scalars(select(Profile)).one()
    assert found == {
        "user_id": str(user.id),
        "profile_id": str(brand.id),
        "account_id": f"001{brand.number:012d}",
    }
    assert user.email_verified_at is not None and user.is_operator
    with pytest.raises(Conflict):
        people.create_user("ADA@marram.example", PASSWORD)


def test_a_new_password_ends_every_other_session_and_renews_this_one(app: Flask) -> None:
    maya = make_user("maya@marram.example")
    other, mine = (people.sign_in("maya@marram.example", PASSWORD, HERE) for _ in range(2))
    actor = actor_of(maya, session_id=session_of(mine).id, address="192.0.2.7")
    renewed = people.change_password(actor, PASSWORD, "eleven iron bells at dawn")
    db.session.expire_all()
    assert sessions.find(other) is None and sessions.find(mine) is None
    assert session_of(renewed).id == actor.session_id
    with pytest.raises(WrongPassword):
        people.sign_in("maya@marram.example", PASSWORD, HERE)
    assert people.sign_in("maya@marram.example", "eleven iron bells at dawn", HERE)
    assert "password.changed" in actions()


def test_guessing_the_present_password_in_a_borrowed_browser_is_throttled(app: Flask) -> None:
    maya = make_user("maya@marram.example")
    actor = actor_of(maya, session_id=None, address="192.0.2.7")
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(WrongPassword) as told:
            people.change_password(actor, "wrong horse battery", "eleven iron bells at dawn")
        assert (told.value.left, told.value.field) == (left, "present")
    with pytest.raises(RateLimited):
        people.change_password(actor, PASSWORD, "eleven iron bells at dawn")


def test_a_new_password_follows_the_rules_and_costs_no_try_when_it_does_not(app: Flask) -> None:
    actor = actor_of(make_user("maya@marram.example"))
    with pytest.raises(ValidationFailed) as told:
        people.change_password(actor, PASSWORD, "password1234")
    assert told.value.field == "new"
    assert db.session.scalars(select(LoginFailure)).all() == []


def test_themes_and_names_are_ones_own_and_checked(app: Flask) -> None:
    actor = actor_of(make_user())
    assert people.change_looks(actor, theme="dark").theme == "dark"
    assert people.change_name(actor, " Maya   O. ").name == "Maya O."
    user = people.change_looks(actor, shortcuts=False)
    assert (user.theme, user.settings) == ("dark", {"shortcuts": False})
    with pytest.raises(ValidationFailed):
        people.change_looks(actor, theme="pink")
    with pytest.raises(ValidationFailed):
        people.change_name(actor, "")


def test_nobody_changes_nobodys_things(app: Flask) -> None:
    with pytest.raises(Unauthorized):
        people.change_name(Actor(None, "nobody"), "Maya")
