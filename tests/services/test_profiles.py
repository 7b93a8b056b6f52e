"""Brands: made, settled, listed; numbers that are never given twice."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from app.errors import Forbidden, NotFound, ValidationFailed
from app.extensions import db
from app.ids import oktopost
from app.models.accounts import AccountStatus, SocialAccount
from app.models.events import AuditEvent
from app.models.people import User
from app.models.posts import TargetState
from app.models.profiles import LatePolicy, Profile
from app.permissions import Role
from app.services import measures, numbers, profiles
from tests.factories import actor_of, join, make_account, make_post, make_profile, make_user

GIVEN: dict[str, Any] = {
    "name": "Larkfield Ceramics",
    "time_zone": "America/New_York",
    "late_policy": LatePolicy.SKIP,
    "late_limit_minutes": 45,
    "week_start": 6,
}


def test_a_brand_belongs_to_its_maker_and_becomes_the_current_one(app: Flask) -> None:
    maya = make_user()
    older = make_profile(maya)
    brand = profiles.create(actor_of(maya), "  Larkfield   Ceramics ", "Europe/London")
    actor = actor_of(maya)
    assert brand.name == "Larkfield Ceramics" and not brand.zone_unsure
    assert actor.roles[brand.id] is Role.OWNER
    found = profiles.current(actor)
    assert found is not None and found.id == brand.id != older.id


def test_an_address_does_not_tell_whether_a_name_is_taken(app: Flask) -> None:
    slugs = [profiles.create(actor_of(make_user()), "Nike", "UTC").slug for _ in range(2)]
    assert slugs[0] != slugs[1]
    for slug in slugs:
        head, _, tail = slug.rpartition("-")
        assert head == "nike" and len(tail) == 4 and tail.isalnum()


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_brand_needs_a_name_of_reasonable_length(app: Flask, name: str) -> None:
    with pytest.raises(ValidationFailed) as told:
        profiles.create(actor_of(make_user()), name, "UTC")
    assert told.value.field == "name"


def test_settings_are_stored_and_the_record_shows_before_and_after(app: Flask) -> None:
    maya = make_user()
    brand = make_profile(maya)
    profiles.settle(actor_of(maya), brand.id, **GIVEN)
    db.session.expire_all()
    assert {key: getattr(brand, key) for key in GIVEN} == GIVEN
    row = db.session.scalars(select(AuditEvent)).one()
    assert row.action == "profile.changed" and row.profile_id == brand.id
    assert row.detail["changed"]["late_policy"] == ["hold", "skip"]
    assert row.detail["changed"]["time_zone"] == ["Europe/London", "America/New_York"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Olympus"), ("time_zone", "../etc/localtime"), ("name", " "),
        ("late_limit_minutes", -1), ("late_limit_minutes", 1441), ("week_start", 7),
    ],
)  # fmt: skip
def test_a_setting_that_does_not_work_is_named_and_nothing_is_stored(
    app: Flask, field: str, value: Any
) -> None:
    maya = make_user()
    brand = make_profile(maya)
    with pytest.raises(ValidationFailed) as told:
        profiles.settle(actor_of(maya), brand.id, **(GIVEN | {field: value}))
    assert told.value.field == field
    db.session.rollback()
    assert brand.name == "Marram Coffee" and brand.late_limit_minutes == 30


def test_members_may_not_change_settings_and_strangers_do_not_find_the_brand(app: Flask) -> None:
    brand, luca = make_profile(), make_user()
    join(brand, luca, Role.MEMBER)
    with pytest.raises(Forbidden):
        profiles.settle(actor_of(luca), brand.id, **GIVEN)
    with pytest.raises(NotFound):
        profiles.settle(actor_of(make_user()), brand.id, **GIVEN)
    admin = make_user()
    join(brand, admin, Role.ADMIN)
    assert profiles.settle(actor_of(admin), brand.id, **GIVEN).name == "Larkfield Ceramics"


def test_the_switcher_lists_ones_own_brands_with_accounts_and_trouble(app: Flask) -> None:
    maya = make_user()
    calm = make_profile(maya, "b calm")
    loud = make_profile(maya, "A loud")
    make_profile(make_user(), "Foreign")
    account = make_account(loud)
    make_account(loud, "twitter", status=AccountStatus.DISCONNECTED)
    make_post(
        loud, accounts=[account], state=TargetState.FAILED, at=datetime(2030, 1, 1, tzinfo=UTC)
    )
    found = profiles.listed(actor_of(maya))
    assert [(p.id, p.accounts, p.failing) for p in found] == [
        (loud.id, 1, True),
        (calm.id, 0, False),
    ]


def test_the_current_brand_is_the_last_used_one_still_in_reach(app: Flask) -> None:
    maya = make_user()
    assert profiles.current(actor_of(maya)) is None
    first, second = make_profile(maya), make_profile(maya)
    maya.last_profile_id = second.id
    db.session.commit()
    assert profiles.current(actor_of(maya)) is second
    maya.last_profile_id = make_profile(make_user()).id
    db.session.commit()
    assert profiles.current(actor_of(maya)) is first


def test_numbers_are_unique_under_concurrency_and_never_given_again(app: Flask) -> None:
    owners = [make_user().id for _ in range(8)]
    db.session.rollback()
    problems: list[BaseException] = []

    def make(owner_id: Any) -> None:
        with app.app_context():
            try:
                for _ in range(3):
                    profiles.create(actor_of(db.session.get_one(User, owner_id)), "Bells", "UTC")
            except BaseException as error:
                problems.append(error)

    threads = [threading.Thread(target=make, args=(one,)) for one in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert sorted(db.session.scalars(select(Profile.number))) == list(range(1, 25))
    last = db.session.scalars(select(Profile).where(Profile.number == 24)).one()
    db.session.delete(last)
    db.session.commit()
    assert numbers.take(db.session(), Profile) == 25
    assert numbers.take(db.session(), SocialAccount) == 1


def test_an_oktopost_id_has_fifteen_characters() -> None:
    assert oktopost("001", 42) == "001000000000042"
    assert oktopost("0CN", 7) == "0CN000000000007"


def test_neither_the_switcher_nor_the_figures_read_every_post(app: Flask) -> None:
    """A million old posts must not be felt on each page (SQLite's plan says what is read)."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("plans are read on SQLite; PostgreSQL's depend on how many rows there are")
    maya = make_user()
    make_profile(maya)
    actor = actor_of(maya)
    asked: list[tuple[str, Any]] = []

    def note(_c: object, _d: object, statement: str, values: Any, *rest: object) -> None:
        asked.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    profiles.listed(actor)
    measures.read()
    event.remove(db.engine, "before_cursor_execute", note)
    connection = db.session.connection()
    plans = [
        row[3]
        for statement, values in asked
        if statement.startswith("SELECT")
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    ]
    assert any("ix_post_targets_trouble" in plan for plan in plans)
    tables = ("post_targets", "attempts", "posts", "webhook_events")
    whole = [p for p in plans if any(p == f"SCAN {table}" for table in tables)]
    assert whole == []
