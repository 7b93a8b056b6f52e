"""Ticks, clock jumps, the overdue alarm (reliability §6, promises.md 3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.clock import now
from app.extensions import db
from app.models.engine import EngineState
from app.models.events import WebhookEvent
from app.models.people import Mail
from app.models.posts import HoldReason, PostTarget
from app.models.profiles import Profile
from app.publishing import alarm, claims, clockwork, switch
from tests import factories
from tests.publishing.conftest import Plant, due


def last_tick(**values: object) -> None:
    db.session.execute(update(EngineState).values(**values))
    db.session.commit()


def test_a_tick_says_whether_there_is_work(plant: Plant, brand: Profile):
    assert clockwork.tick() is False
    due(brand, factories.make_account(brand, "mastodon"), at=now() + timedelta(hours=1))
    assert clockwork.tick() is False
    due(brand, factories.make_account(brand, "mastodon"))
    assert clockwork.tick() is True


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_jumps_stops_claims_and_moves_leases_along(
    plant: Plant, brand: Profile, hours: int
):
    due(brand, factories.make_account(brand, "mastodon"))
    assert len(claims.claim(1)) == 1
    clockwork.tick()
    # What was written before the jump was written by a clock so many hours behind: the last
    # tick, which no longer fits the machine's uptime, and the lease.
    [ticked_at] = plant.read(select(EngineState.ticked_at))
    [lease] = plant.read(select(PostTarget.lease_until))
    moved = timedelta(hours=hours)
    db.session.execute(update(PostTarget).values(lease_until=lease - moved))
    last_tick(ticked_at=ticked_at - moved)
    assert clockwork.tick() is False
    assert switch.status()["clock_jump"] is True
    [after] = plant.read(select(PostTarget.lease_until))
    assert abs(after - lease) < timedelta(seconds=2)
    due(brand, factories.make_account(brand, "mastodon"))
    assert claims.claim(5) == []
    last_tick(jump_until=now() - timedelta(seconds=1))
    clockwork.tick()
    assert len(claims.claim(5)) == 1


def test_a_jump_that_the_database_did_not_make_blocks_no_account_for_its_length(
    plant: Plant, brand: Profile
):
    due(brand, factories.make_account(brand, "mastodon"))
    assert len(claims.claim(1)) == 1
    clockwork.tick()
    [ticked_at] = plant.read(select(EngineState.ticked_at))
    last_tick(ticked_at=ticked_at - timedelta(hours=3))
    clockwork.tick()
    [after] = plant.read(select(PostTarget.lease_until))
    assert after < now() + timedelta(seconds=100)


def test_downtime_is_no_jump(plant: Plant):
    clockwork.tick()
    last_tick(ticked_at=now() - timedelta(days=3), ticked_boot="another boot")
    clockwork.tick()
    assert switch.status()["clock_jump"] is False


def test_a_clock_behind_the_last_tick_is_a_jump_on_any_machine(plant: Plant):
    clockwork.tick()
    last_tick(ticked_at=now() + timedelta(minutes=10), ticked_boot="another boot")
    clockwork.tick()
    assert switch.status()["clock_jump"] is True


def test_overdue_posts_ring_once_an_outage(plant: Plant, brand: Profile):
    account = factories.make_account(brand, "mastodon")
    due(brand, account, at=now() - timedelta(minutes=4))
    assert not alarm.check().ringing
    due(brand, account, at=now() - timedelta(minutes=7))
    found = alarm.check()
    assert found.profiles[brand.id][0] == 1
    alarm.check()
    assert plant.read(select(WebhookEvent.type)) == ["post.overdue"]
    assert plant.read(select(Mail.kind)) == ["post_overdue"]
    db.session.execute(update(PostTarget).values(due_at=now() + timedelta(hours=1)))
    db.session.commit()
    assert not alarm.check().ringing
    db.session.execute(update(PostTarget).values(due_at=now() - timedelta(minutes=9)))
    db.session.commit()
    assert alarm.check().ringing
    assert len(plant.read(select(Mail.id))) == 2


def test_held_paused_and_cooling_posts_do_not_ring(plant: Plant, brand: Profile):
    at = now() - timedelta(minutes=20)
    due(brand, factories.make_account(brand, "mastodon"), at=at,
        target={"hold_reason": HoldReason.RECONNECT})  # fmt: skip
    due(brand, factories.make_account(
        brand, "mastodon", cooling_until=now() + timedelta(minutes=5)), at=at)  # fmt: skip
    assert not alarm.check().ringing
    due(brand, factories.make_account(brand, "mastodon"), at=at)
    switch.pause("holiday")
    assert not alarm.check().ringing
    switch.resume()
    assert alarm.check().ringing
