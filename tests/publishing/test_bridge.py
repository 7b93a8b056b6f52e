"""The engine through the bridge: one post each, whatever becomes of the answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.attempts import AttemptState, Phase
from app.models.engine import Circuit
from app.models.posts import HoldReason, Post, PostMedia, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import bridge, bridge_end
from tests import factories, plain
from tests.publishing.conftest import Plant, due
from tests.publishing.test_kill import kill_at

TOKEN, BLOG = "sandbox-alice", "3100001"


@pytest.fixture
def actor(plant: Plant) -> Actor:
    user = factories.make_user()
    factories.make_profile(user)
    return factories.actor_of(user)


@pytest.fixture
def brand(actor: Actor) -> Profile:
    profile_id = next(iter(actor.roles))
    db.session.rollback()
    bridge.connect(actor, profile_id, TOKEN, BLOG)
    return db.session.get_one(Profile, profile_id)


def account(brand: Profile, network: str = "twitter") -> SocialAccount:
    found = next(
        one
        for one in db.session.query(SocialAccount).filter_by(profile_id=brand.id)
        if one.network == network
    )
    db.session.rollback()
    return found


def fate(plant: Plant) -> None:
    """Two minutes pass: what waits at Metricool goes out, and we ask."""
    plain.post(f"{plant.sandbox}/_sandbox/metricool/due")
    plant.later(150)
    plant.run()


def test_a_post_is_handed_over_asked_about_and_published_with_a_picture(
    plant: Plant, brand: Profile
) -> None:
    post = due(brand, account(brand), media=[factories.make_media(brand)])
    plant.run()
    target = plant.target(post)
    assert target.state is TargetState.POSTING and target.error_code == "PROCESSING"
    assert "Metricool has this" in (target.error or "")
    [attempt] = plant.attempts(target)
    assert (attempt.state, attempt.phase) == (AttemptState.UNKNOWN, Phase.PROCESSING)
    assert attempt.resume["id"] and attempt.resume["media"] and not plant.seen("metricool")
    fate(plant)
    target = plant.target(post)
    assert target.state is TargetState.PUBLISHED and target.permalink
    [seen] = plant.seen("metricool")
    assert seen["text"] == post.parts[0] and target.external_id == seen["id"]
    assert target.published is not None
    assert target.published["parts"][0]["extras"]["metricool_id"] == attempt.resume["id"]


def test_a_thread_goes_out_as_one_post_of_metricool_with_every_part_told(
    plant: Plant, brand: Profile
) -> None:
    shot = factories.make_media(brand)
    post = due(brand, account(brand, "threads"), text=["One of three", "Two", "Three"])
    post.media.append(PostMedia(media_id=shot.id, part=1, position=0, alt="Six bells"))
    db.session.commit()
    plant.run()
    [attempt] = plant.attempts(plant.target(post))
    assert [one["text"] for one in attempt.content["after"]] == ["Two", "Three"]
    fate(plant)
    plant.settle(hours=0.5)
    target = plant.target(post)
    assert target.state is TargetState.PUBLISHED and target.error is None, target.error
    rows = sorted(plant.seen("metricool"), key=lambda row: row["id"])
    assert [(row["text"], len(row["media"])) for row in rows] == [
        ("One of three", 0), ("Two", 1), ("Three", 0),
    ]  # fmt: skip
    assert target.published is not None and len(target.published["parts"]) == 3
    assert target.external_id == rows[0]["id"] and target.permalink == rows[0]["url"]
    states = [one.state for one in plant.attempts(target)]
    assert states == [AttemptState.OK] * 3


@pytest.mark.parametrize("step", ["before_call", "after_accept", "between_parts"])
def test_a_thread_whose_worker_is_killed_is_handed_over_once(
    plant: Plant, brand: Profile, step: str
) -> None:
    post = due(brand, account(brand, "bluesky"), text=["One of two", "Two of two"])
    if step == "between_parts":
        plant.run()
        plain.post(f"{plant.sandbox}/_sandbox/metricool/due")
        plant.later(150)
        kill_at(plant, "after_attempt", "bluesky|metricool")
    else:
        kill_at(plant, step, "bluesky|metricool")
    for _ in range(20):  # the brand's calendar and our clock go on together
        plant.later(300)
        plant.sweep()
        plant.run()
        plain.post(f"{plant.sandbox}/_sandbox/metricool/due")
        if plant.target(post).state is TargetState.PUBLISHED:
            break
    assert plant.target(post).state is TargetState.PUBLISHED, plant.target(post).error
    assert sorted(row["text"] for row in plant.seen("metricool")) == ["One of two", "Two of two"]


@pytest.mark.parametrize("fault", ["hang_after_accept", "reset_after_accept", "half_answer"])
def test_a_lost_answer_never_makes_a_second_post(plant: Plant, brand: Profile, fault: str) -> None:
    plant.fault("metricool", "publish", fault, delay_ms=50)
    post = due(brand, account(brand))
    plant.run()
    fate(plant)
    plant.settle(hours=0.5)
    assert plant.target(post).state is TargetState.PUBLISHED
    assert len(plant.seen("metricool")) == 1 and len(plant.attempts(plant.target(post))) == 1


def test_what_the_network_refuses_fails_in_its_words(plant: Plant, brand: Profile) -> None:
    plant.fault("metricool", "publish", "duplicate")
    post = due(brand, account(brand))
    plant.run()
    fate(plant)
    target = plant.target(post)
    assert (target.state, target.category) == (TargetState.FAILED, "duplicate")
    assert "Metricool" in (target.error or "") and not plant.seen("metricool")


def test_a_refused_token_holds_the_post_until_metricool_is_connected_again(
    plant: Plant, brand: Profile, actor: Actor
) -> None:
    plant.fault("metricool", "publish", "revoked")
    post = due(brand, account(brand))
    plant.run()
    target = plant.target(post)
    assert (target.state, target.hold_reason) == (TargetState.SCHEDULED, HoldReason.RECONNECT)
    assert account(brand).status is AccountStatus.NEEDS_RECONNECT
    bridge.connect(actor, brand.id, TOKEN, BLOG)
    db.session.rollback()
    plant.run()
    fate(plant)
    plant.settle(hours=0.5)
    assert plant.target(post).state is TargetState.PUBLISHED
    assert len(plant.seen("metricool")) == 1


def test_server_errors_before_and_after_acceptance_end_in_one_post(
    plant: Plant, brand: Profile, start: Callable[..., Plant]
) -> None:
    plant.fault("metricool", "publish", "http_500_after_accept")
    post = due(brand, account(brand, "linkedin"))
    plant.run()
    fate(plant)
    plant.settle(hours=0.5)
    assert plant.target(post).state is TargetState.PUBLISHED
    assert len(plant.seen("metricool")) == 1
    plant.fault("metricool", "publish", "http_429")
    other = due(brand, account(brand, "bluesky"))
    plant.run()
    assert plant.target(other).category == "rate_limited"
    plant.later(90)
    plant.run()
    fate(plant)
    plant.settle(hours=0.5)
    assert plant.target(other).state is TargetState.PUBLISHED
    assert len(plant.seen("metricool")) == 2


def test_a_bridge_that_does_not_answer_is_not_taken_for_its_network(
    plant: Plant, brand: Profile
) -> None:
    plant.fault("metricool", "publish", "reset", delay_ms=10)
    due(brand, account(brand))
    plant.run()
    assert [(one.key, one.failures) for one in plant.read(select(Circuit))] == [
        ("twitter|metricool", 1)
    ]


def waiting(plant: Plant, brand: Profile) -> Post:
    """A post that Metricool has, for two minutes from now."""
    post = due(brand, account(brand))
    plant.run()
    assert plant.target(post).state is TargetState.POSTING
    return post


def test_disconnecting_takes_back_what_waits_at_metricool(
    plant: Plant, brand: Profile, actor: Actor
) -> None:
    post = waiting(plant, brand)
    assert bridge_end.effect(actor, brand.id).handed == 1
    db.session.rollback()
    done = bridge_end.disconnect(actor, brand.id)
    assert (done.posts, done.handed) == (1, 0)
    db.session.rollback()
    target = plant.target(post)
    assert (target.state, target.error_code) == (TargetState.CANCELLED, "BRIDGE_DISCONNECTED")
    assert [one.state for one in plant.attempts(target)] == [AttemptState.FAILED]
    fate(plant)
    assert not plant.seen("metricool") and plant.target(post).state is TargetState.CANCELLED


def test_what_cannot_be_taken_back_any_more_is_said_and_looked_for_by_a_person(
    plant: Plant, brand: Profile, actor: Actor
) -> None:
    post = waiting(plant, brand)
    plant.fault("metricool", "delete", "http_500")
    done = bridge_end.disconnect(actor, brand.id)
    assert (done.posts, done.handed) == (0, 1)
    db.session.rollback()
    fate(plant)
    target = plant.target(post)
    assert target.state is TargetState.NEEDS_REVIEW and len(plant.seen("metricool")) == 1
    assert "Metricool was disconnected." in (target.error or "")


def test_what_is_out_already_is_not_called_cancelled(
    plant: Plant, brand: Profile, actor: Actor
) -> None:
    post = waiting(plant, brand)
    plain.post(f"{plant.sandbox}/_sandbox/metricool/due")
    done = bridge_end.disconnect(actor, brand.id)
    assert (done.posts, done.handed) == (0, 1)
    db.session.rollback()
    assert plant.target(post).state is TargetState.POSTING
    assert len(plant.seen("metricool")) == 1
