"""After an outage: nothing goes out by itself, and the plan keeps order and distance."""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask

from app import clock
from app.clock import now
from app.errors import Forbidden, ValidationFailed
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.posts import HoldReason, Post, PostStatus, PostTarget, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.publishing import claims
from app.services import catchup, posts
from tests import factories as make

LATE = {"hold_reason": HoldReason.LATE}


@pytest.fixture
def actor(app: Flask) -> Actor:
    user = make.make_user()
    make.make_profile(user)
    return make.actor_of(user)


@pytest.fixture
def brand(actor: Actor) -> Profile:
    return db.session.query(Profile).one()


@pytest.fixture
def accounts(brand: Profile) -> list[SocialAccount]:
    return [make.make_account(brand, name) for name in ("twitter", "mastodon", "bluesky")]


def late(brand: Profile, accounts: list[SocialAccount], hours: float, text: str = "Late") -> Post:
    return make.make_post(brand, text, accounts, at=now() - timedelta(hours=hours), target=LATE)


def stored(post_id: UUID) -> Post:
    db.session.expire_all()
    return db.session.get_one(Post, post_id)


def test_three_days_down_with_40_targets_sends_none_and_plans_all(
    actor: Actor, brand: Profile, accounts: list[SocialAccount]
) -> None:
    for n in range(20):
        make.make_post(
            brand, f"Missed {n}", accounts[n % 2 : n % 2 + 2], at=now() - timedelta(hours=2 + n)
        )
    claims.claim(50)
    db.session.expire_all()
    targets = db.session.query(PostTarget).all()
    assert len(targets) == 40
    assert {t.hold_reason for t in targets} == {HoldReason.LATE}
    plan = catchup.plan(actor, brand)
    assert sum(len(row.lines) for row in plan) == 40
    assert [row.was for row in plan] == sorted(row.was for row in plan)


def test_the_plan_keeps_accounts_apart_and_clear_of_what_is_planned(
    actor: Actor, brand: Profile, accounts: list[SocialAccount]
) -> None:
    for n in range(30):
        late(brand, accounts[n % 3 : n % 3 + 1], 3 + n, f"Missed {n}")
    both = late(brand, accounts, 2, "On all three")
    for hours in (1, 5, 20):
        make.make_post(brand, "Planned", accounts, at=now() + timedelta(hours=hours))
    plan = catchup.plan(actor, brand)
    times: dict[UUID, list[datetime]] = defaultdict(list)
    for target in db.session.query(PostTarget).filter(PostTarget.hold_reason.is_(None)):
        assert target.due_at is not None
        times[target.account_id].append(target.due_at)
    mine: dict[UUID, list[datetime]] = defaultdict(list)
    for row in plan:
        assert row.proposed > now()
        local = row.proposed.astimezone(brand.zone).time()
        assert catchup.MORNING <= local <= catchup.EVENING
        for line in row.lines:
            times[line.account_id].append(row.proposed)
            mine[line.account_id].append(row.proposed)
    assert all(found == sorted(found) for found in mine.values())  # each account in its order
    for taken in times.values():
        gaps = [b - a for a, b in itertools.pairwise(sorted(taken))]
        assert min(gaps) >= catchup.SPACING
    assert [row.card.id for row in plan][-1] == both.id  # in the order of their old times


def test_apply_gives_new_times_and_leaves_what_was_decided_meanwhile(
    actor: Actor, brand: Profile, accounts: list[SocialAccount]
) -> None:
    one, two = late(brand, accounts[:2], 5), late(brand, accounts[:1], 4)
    plan = catchup.plan(actor, brand)
    decided = posts.move(actor, two.id, now() + timedelta(days=9)).due_at
    assert catchup.apply(actor, brand, {row.card.id: row.proposed for row in plan}) == 1
    found = stored(one.id)
    assert found.due_at == plan[0].proposed and found.status is PostStatus.SCHEDULED
    for target in found.targets:
        assert (target.due_at, target.hold_reason) == (plan[0].proposed, None)
    assert stored(two.id).due_at == decided
    assert catchup.plan(actor, brand) == []


def test_an_account_that_broke_meanwhile_still_holds_the_post(
    actor: Actor, brand: Profile, accounts: list[SocialAccount]
) -> None:
    post = late(brand, accounts[:1], 5)
    accounts[0].status = AccountStatus.NEEDS_RECONNECT
    db.session.commit()
    at = now() + timedelta(hours=3)
    catchup.apply(actor, brand, {post.id: at})
    target = stored(post.id).targets[0]
    assert target.hold_reason is HoldReason.RECONNECT
    assert target.hold_until is not None and target.hold_until > at


def test_times_that_have_passed_change_nothing(
    actor: Actor, brand: Profile, accounts: list[SocialAccount]
) -> None:
    one, two = late(brand, accounts[:1], 5), late(brand, accounts[:1], 4)
    times = {one.id: now() + timedelta(hours=1), two.id: now() - timedelta(hours=1)}
    with pytest.raises(ValidationFailed) as caught:
        catchup.apply(actor, brand, times)
    assert [error.field for error in caught.value.errors] == [f"at-{two.id}"]
    assert stored(one.id).targets[0].hold_reason is HoldReason.LATE


def test_skip_takes_off_only_what_is_late(
    actor: Actor, brand: Profile, accounts: list[SocialAccount]
) -> None:
    post = late(brand, accounts, 5)
    post.targets[0].state, post.targets[0].hold_reason = TargetState.PUBLISHED, None
    db.session.commit()
    assert catchup.skip(actor, brand, [post.id]) == 1
    states = [t.state for t in stored(post.id).targets]
    assert states == [TargetState.PUBLISHED, TargetState.CANCELLED, TargetState.CANCELLED]
    assert stored(post.id).status is PostStatus.PUBLISHED


def test_another_brands_late_posts_are_out_of_reach(
    actor: Actor, brand: Profile, accounts: list[SocialAccount]
) -> None:
    stranger = make.make_user()
    other = make.make_profile(stranger)
    theirs = late(other, [make.make_account(other)], 5)
    assert catchup.plan(actor, brand) == []
    assert catchup.skip(actor, brand, [theirs.id]) == 0
    with pytest.raises(Forbidden):
        catchup.apply(actor, other, {theirs.id: now() + timedelta(hours=1)})
    assert stored(theirs.id).targets[0].hold_reason is HoldReason.LATE


def test_the_day_of_the_plan_is_the_brands(
    actor: Actor, brand: Profile, accounts: list[SocialAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    brand.time_zone = "Pacific/Auckland"
    db.session.commit()
    night = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)  # midnight there
    monkeypatch.setattr(clock, "now", lambda: night)
    monkeypatch.setattr(catchup, "now", lambda: night)
    make.make_post(brand, "Late", accounts[:1], at=night - timedelta(hours=3), target=LATE)
    at = catchup.plan(actor, brand)[0].proposed.astimezone(brand.zone)
    assert (at.hour, at.minute, at.day) == (8, 0, 2)
