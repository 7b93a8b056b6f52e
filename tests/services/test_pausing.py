"""Pausing a brand: nothing is claimed, and three ways back (promises.md 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app import events
from app.clock import now
from app.errors import Conflict, Forbidden, ValidationFailed
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.events import AuditEvent
from app.models.posts import HoldReason, Post, PostTarget
from app.models.profiles import Profile, Role
from app.permissions import Actor, Permission
from app.publishing import claims
from app.publishing.claims import Claim
from app.services import bulk, pausing
from tests import factories as make

MONDAY = datetime(2026, 3, 23, 9, tzinfo=UTC)  # the Sunday after, London's clocks go forward


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Coordinates]:
    monkeypatch.setattr(claims, "moment", lambda _session: now())  # PostgreSQL asks its own clock
    with time_machine.travel(MONDAY, tick=False) as travel:
        yield travel


@pytest.fixture
def actor(app: Flask, clock: object) -> Actor:
    user = make.make_user()
    make.make_profile(user)
    return make.actor_of(user)


@pytest.fixture
def brand(actor: Actor) -> Profile:
    found = db.session.query(Profile).one()
    found.time_zone = "Europe/London"
    db.session.commit()
    return found


@pytest.fixture
def account(brand: Profile) -> SocialAccount:
    return make.make_account(brand, "mastodon")


def planned(brand: Profile, account: SocialAccount, hours: float) -> Post:
    return make.make_post(brand, f"In {hours}", [account], at=now() + timedelta(hours=hours))


def claimed() -> list[Claim]:
    """What the engine takes now; its own connection waits for nobody."""
    db.session.rollback()
    return claims.claim(10)


def done(actor: Actor) -> list[str]:
    rows = db.session.scalars(select(AuditEvent).order_by(AuditEvent.at, AuditEvent.id))
    return [row.action for row in rows if row.action.startswith("profile.")]


def test_nothing_is_claimed_until_somebody_goes_on(
    actor: Actor, brand: Profile, account: SocialAccount, clock: time_machine.Coordinates
) -> None:
    planned(brand, account, 1)
    pausing.pause(actor, brand.id, reason="  Sad   news ")
    assert brand.pause_reason == "Sad news" and pausing.paused_by(brand) == "Maya Okafor"
    clock.shift(timedelta(minutes=70))
    assert claimed() == []
    assert pausing.waiting(actor, brand) == pausing.Waiting(posts=1, missed=1, days=1)
    with pytest.raises(Conflict):
        pausing.pause(actor, brand.id)

    pausing.resume(actor, brand.id)
    assert len(claimed()) == 1  # ten minutes late: below the limit, so it goes out
    assert (brand.paused_at, brand.pause_reason) == (None, "")
    with pytest.raises(Conflict):
        pausing.resume(actor, brand.id)
    assert done(actor) == ["profile.paused", "profile.resumed"]


def test_what_became_late_waits_for_a_decision(
    actor: Actor, brand: Profile, account: SocialAccount, clock: time_machine.Coordinates
) -> None:
    post = planned(brand, account, 1)
    pausing.pause(actor, brand.id)
    clock.shift(timedelta(days=2))
    pausing.resume(actor, brand.id)
    assert claimed() == []
    db.session.expire_all()
    target = db.session.scalars(select(PostTarget).where(PostTarget.post_id == post.id)).one()
    assert target.hold_reason is HoldReason.LATE


def test_a_pause_ends_by_itself_at_its_time(
    actor: Actor, brand: Profile, clock: time_machine.Coordinates
) -> None:
    other = make.make_profile(make.make_user())
    pausing.pause(actor, brand.id, until=MONDAY + timedelta(hours=3))
    clock.shift(timedelta(hours=2, minutes=59))
    assert pausing.end_due() == 0 and brand.paused_at is not None
    clock.shift(timedelta(minutes=1))
    assert pausing.end_due() == 1 and pausing.end_due() == 0
    db.session.expire_all()
    assert brand.paused_at is None and brand.paused_until is None and other.paused_at is None
    last = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (last.action, last.actor) == ("profile.resumed", events.ENGINE.name)


def test_all_that_waits_moves_by_whole_days_and_keeps_its_time_of_day(
    actor: Actor, brand: Profile, account: SocialAccount, clock: time_machine.Coordinates
) -> None:
    before = make.make_post(brand, "Held before", [account], at=now() - timedelta(hours=1),
                            target={"hold_reason": HoldReason.LATE})  # fmt: skip
    posts = [planned(brand, account, hours) for hours in (1, 30, 24 * 5)]
    first = posts[0].due_at
    pausing.pause(actor, brand.id)
    clock.shift(timedelta(days=6, hours=2))  # past the change of the clocks
    found = pausing.waiting(actor, brand)
    assert found == pausing.Waiting(posts=3, missed=3, days=7)

    batch = pausing.resume_moved(actor, brand, bulk.new_id(), found.days)
    db.session.expire_all()
    assert first is not None and brand.paused_at is None
    assert posts[0].due_at == first + timedelta(days=7) - timedelta(hours=1)  # 10:00 in London
    assert [post.due_at > now() for post in posts] == [True] * 3
    assert before.due_at == MONDAY - timedelta(hours=1)
    assert claimed() == []
    clock.shift(timedelta(seconds=1))
    assert bulk.get(actor, brand, batch.id).until is not None  # it can be undone


def test_a_move_that_takes_longer_than_a_request_leaves_posting_paused(
    actor: Actor, brand: Profile, account: SocialAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hours in (1, 2, 3):
        planned(brand, account, hours)
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    pausing.pause(actor, brand.id)
    assert pausing.waiting(actor, brand).in_turns
    pausing.resume_moved(actor, brand, bulk.new_id(), 1)
    db.session.expire_all()
    assert brand.paused_at is not None
    bulk.run()
    pausing.resume(actor, brand.id)
    monkeypatch.setattr(pausing, "MOST", 2)
    pausing.pause(actor, brand.id)
    with pytest.raises(ValidationFailed, match="a part at a time"):
        pausing.resume_moved(actor, brand, bulk.new_id(), 1)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"until": MONDAY}, "until"),
        ({"until": MONDAY + timedelta(days=367)}, "until"),
        ({"reason": "x" * 201}, "reason"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    actor: Actor, brand: Profile, given: dict[str, object], field: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        pausing.pause(actor, brand.id, **given)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert brand.paused_at is None


def test_it_needs_somebody_who_may_write_posts(actor: Actor, brand: Profile) -> None:
    guest = make.make_user()
    make.join(brand, guest, Role.MEMBER)
    reader = replace(make.actor_of(guest), allowed=frozenset({Permission.PROFILE_READ}))
    for act in (pausing.pause, pausing.resume):
        with pytest.raises(Forbidden):
            act(reader, brand.id)
    pausing.pause(make.actor_of(guest), brand.id)
    assert brand.paused_at is not None
