"""Who may take what, in which order, and what stays behind (reliability §1, §3; promises 1)."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

from sqlalchemy import select, update

from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.attempts import Attempt
from app.models.posts import HoldReason, PostTarget, TargetState
from app.models.profiles import LatePolicy, Profile
from app.publishing import claims, switch
from app.services import posts
from tests import factories
from tests.publishing.conftest import Plant, due


def test_claimers_at_the_same_time_never_get_the_same_target(plant: Plant, brand: Profile):
    for _ in range(40):
        due(brand, factories.make_account(brand, "mastodon"))
    found: list[list[claims.Claim]] = []

    def take() -> None:
        with plant.app.app_context():
            while got := claims.claim(3):
                found.append(got)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    taken = Counter(c.target_id for got in found for c in got)
    assert len(taken) == 40 and set(taken.values()) == {1}


def test_an_account_has_one_target_under_way_and_goes_in_order(plant: Plant, brand: Profile):
    account = factories.make_account(brand, "mastodon")
    late = due(brand, account, at=now() - timedelta(seconds=2))
    early = due(brand, account, at=now() - timedelta(seconds=9))
    [first] = claims.claim(10)
    assert first.post_id == early.id
    assert claims.claim(10) == []
    claims.hand_back([first])
    [again] = claims.claim(10)
    assert again.post_id == early.id and again.token == first.token + 1
    assert plant.target(late).state is TargetState.SCHEDULED


def test_brands_take_turns(plant: Plant):
    crowd, single = factories.make_profile(name="Crowd"), factories.make_profile(name="Single")
    for _ in range(20):
        due(crowd, factories.make_account(crowd, "mastodon"), at=now() - timedelta(seconds=60))
    lone = due(single, factories.make_account(single, "mastodon"), at=now())
    got = claims.claim(4)
    assert lone.id in {c.post_id for c in got} and len(got) == 4


def test_an_old_token_changes_nothing(plant: Plant, brand: Profile):
    post = due(brand, factories.make_account(brand, "mastodon"))
    [old] = claims.claim(1)
    db.session.execute(update(PostTarget).values(lease_until=now() - timedelta(seconds=1)))
    db.session.commit()
    assert plant.sweep().freed == 1
    [new] = claims.claim(1)
    claims.hand_back([old])
    assert plant.target(post).state is TargetState.QUEUED
    claims.hand_back([new])
    assert plant.target(post).state is TargetState.SCHEDULED


def test_five_lost_claims_fail_the_post(plant: Plant, brand: Profile):
    post = due(brand, factories.make_account(brand, "mastodon"))
    for _ in range(5):
        assert len(claims.claim(1)) == 1
        plant.later(61)
        plant.sweep()
    assert claims.claim(1) == []
    target = plant.target(post)
    assert target.state is TargetState.FAILED and target.error_code == "WORKER_LOST"


def test_a_late_post_waits_for_a_person_unless_its_policy_says_else(plant: Plant, brand: Profile):
    at = now() - timedelta(minutes=31)
    held = due(brand, factories.make_account(brand, "mastodon"), at=at)
    sent = due(brand, factories.make_account(brand, "mastodon"), at=at, late_policy=LatePolicy.SEND)
    skipped = due(
        brand, factories.make_account(brand, "mastodon"), at=at, late_policy=LatePolicy.SKIP
    )
    within = due(brand, factories.make_account(brand, "mastodon"), at=now() - timedelta(minutes=29))
    got = {c.post_id for c in claims.claim(10)}
    assert got == {sent.id, within.id}
    assert plant.target(held).hold_reason is HoldReason.LATE
    assert plant.target(held).hold_until is not None
    assert plant.target(skipped).state is TargetState.CANCELLED


def test_three_days_without_workers_send_nothing_without_consent(plant: Plant, brand: Profile):
    accounts = [factories.make_account(brand, "mastodon") for _ in range(4)]
    made = [due(brand, accounts[n % 4], at=now() - timedelta(hours=72 - n)) for n in range(40)]
    plant.run()
    assert plant.seen() == []
    assert [plant.target(p).hold_reason for p in made] == [HoldReason.LATE] * 40
    plant.later(25 * 3600)
    assert plant.sweep().missed == 40
    target = plant.target(made[0])
    assert target.state is TargetState.FAILED and target.error_code == "MISSED_WINDOW"


def test_pause_stops_every_claim_and_resume_goes_on(plant: Plant, brand: Profile):
    due(brand, factories.make_account(brand, "mastodon"))
    assert switch.pause("maintenance")["paused"] is True
    assert claims.claim(5) == []
    assert switch.resume()["paused"] is False
    assert len(claims.claim(5)) == 1


def test_a_paused_brand_and_a_cooling_account_are_left_alone(plant: Plant, brand: Profile):
    other = factories.make_profile(name="Other")
    due(other, factories.make_account(other, "mastodon"))
    cooling = factories.make_account(brand, "mastodon", cooling_until=now() + timedelta(minutes=5))
    due(brand, cooling)
    db.session.execute(update(Profile).where(Profile.id == other.id).values(paused_at=now()))
    db.session.commit()
    assert claims.claim(5) == []


def test_disconnecting_between_claim_and_call_sends_nothing(plant: Plant, brand: Profile):
    account = factories.make_account(brand, "mastodon")
    post = due(brand, account)
    [claim] = claims.claim(1)
    db.session.execute(
        update(SocialAccount)
        .where(SocialAccount.id == account.id)
        .values(status=AccountStatus.DISCONNECTED)
    )
    db.session.commit()
    plant.runner._start(claim)
    plant.run()
    target = plant.target(post)
    assert target.state is TargetState.SCHEDULED
    assert target.hold_reason in (HoldReason.DISCONNECTED, HoldReason.RECONNECT)
    assert plant.seen() == []


def test_a_cancelled_target_is_dropped_by_whoever_claimed_it(plant: Plant):
    maya = factories.make_user()
    brand = factories.make_profile(maya)
    post = due(brand, factories.make_account(brand, "mastodon"))
    [claim] = claims.claim(1)
    posts.cancel(factories.actor_of(maya), claim.target_id)
    plant.runner._start(claim)
    plant.run()
    assert plant.target(post).state is TargetState.CANCELLED
    assert plant.seen() == [] and plant.read(select(Attempt.id)) == []
