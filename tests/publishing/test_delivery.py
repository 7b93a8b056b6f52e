"""One post, each network, each kind of answer: what becomes of it (reliability §4, §5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.clock import now
from app.models.accounts import AccountStatus, SocialAccount
from app.models.attempts import AttemptState
from app.models.events import WebhookEvent
from app.models.people import Mail
from app.models.posts import HoldReason, PostStatus, TargetState
from app.models.profiles import Profile
from app.services import posts
from tests import factories
from tests.publishing.conftest import NETWORKS, Plant, connect, due


@pytest.mark.parametrize("network", NETWORKS)
def test_a_due_post_is_published_once_with_its_link(plant: Plant, brand: Profile, network: str):
    post = due(brand, connect(brand, network, "maya"), text="Good morning, bells.")
    plant.run()
    target = plant.target(post)
    assert target.state is TargetState.PUBLISHED and target.permalink and target.external_id
    assert [p["text"] for p in plant.seen(network)] == ["Good morning, bells."]
    [attempt] = plant.attempts(target)
    assert attempt.state is AttemptState.OK and attempt.commit_at and attempt.finished_at
    assert target.post.status is PostStatus.PUBLISHED
    plant.run()
    assert len(plant.seen(network)) == 1


@pytest.mark.parametrize("network", NETWORKS)
def test_a_picture_goes_out_with_its_alt_text(plant: Plant, brand: Profile, network: str):
    picture = factories.make_media(brand, alt="Six bells in a row")
    post = due(brand, connect(brand, network, "maya"), media=[picture])
    plant.run()
    assert plant.target(post).state is TargetState.PUBLISHED
    [seen] = plant.seen(network)
    assert [m["alt"] for m in seen["media"]] == ["Six bells in a row"]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_thread_is_one_attempt_a_part_in_its_order(plant: Plant, brand: Profile, network: str):
    account = connect(brand, network, "maya")
    post = due(brand, account, text=["First bell", "Second bell", "Third bell"])  # type: ignore[arg-type]
    plant.run()
    target = plant.target(post)
    assert target.state is TargetState.PUBLISHED
    assert [(a.part, a.state) for a in plant.attempts(target)] == [
        (0, AttemptState.OK), (1, AttemptState.OK), (2, AttemptState.OK),
    ]  # fmt: skip
    assert sorted(p["text"] for p in plant.seen(network)) == [
        "First bell", "Second bell", "Third bell",
    ]  # fmt: skip
    assert target.published and len(target.published["parts"]) == 3
    assert target.permalink == target.published["parts"][0]["url"]


def test_an_unanswered_call_is_asked_about_and_not_repeated(plant: Plant, brand: Profile):
    for network in NETWORKS:
        post = due(brand, connect(brand, network, "maya"), text=f"Once on {network}")
        plant.fault(network, "publish", "reset_after_accept")
        plant.run()
        plant.settle()
        assert plant.target(post).state is TargetState.PUBLISHED, network
        assert [p["text"] for p in plant.seen(network)] == [f"Once on {network}"]


def test_a_server_error_in_commit_is_asked_about_before_it_is_tried_again(
    plant: Plant, brand: Profile
):
    for network in NETWORKS:
        post = due(brand, connect(brand, network, "maya"), text=f"Later on {network}")
        plant.fault(network, "publish", "http_500")
        plant.run()
        target = plant.target(post)
        if target.state is not TargetState.PUBLISHED:  # settled at once where asking says so
            assert target.state in (TargetState.POSTING, TargetState.SCHEDULED)
        plant.settle()
        assert plant.target(post).state is TargetState.PUBLISHED, network
        assert len(plant.seen(network)) == 1


def test_bad_json_after_an_accepted_post_never_sends_it_again(plant: Plant, brand: Profile):
    for network in NETWORKS:
        post = due(brand, connect(brand, network, "maya"), text=f"Json on {network}")
        plant.fault(network, "publish", "invalid_json")
        plant.run()
        plant.settle()
        assert plant.target(post).state is TargetState.PUBLISHED
        assert len(plant.seen(network)) == 1


def test_a_rate_limit_cools_the_account_and_uses_up_no_attempt(plant: Plant, brand: Profile):
    account = connect(brand, "twitter", "maya")
    made = [due(brand, account, at=now() - timedelta(seconds=9 - n)) for n in range(2)]
    plant.fault("twitter", "publish", "http_429")
    plant.run()
    first, second = plant.target(made[0]), plant.target(made[1])
    assert first.state is TargetState.SCHEDULED and first.failures == 0
    assert first.category == "rate_limited" and "asks us to wait" in (first.error or "")
    assert second.state is TargetState.SCHEDULED and not plant.attempts(second)
    [cooling] = plant.read(select(SocialAccount.cooling_until))
    assert cooling > now()
    plant.settle()
    assert [plant.target(p).state for p in made] == [TargetState.PUBLISHED] * 2
    assert len(plant.seen("twitter")) == 2


def test_a_revoked_account_holds_its_posts_and_tells_the_owner_once(plant: Plant, brand: Profile):
    account = connect(brand, "mastodon", "maya")
    made = [due(brand, account, at=now() - timedelta(seconds=9 - n)) for n in range(5)]
    plant.fault("mastodon", "*", "revoked", times=-1)
    plant.run()
    targets = [plant.target(p) for p in made]
    assert [t.state for t in targets] == [TargetState.SCHEDULED] * 5
    assert {t.hold_reason for t in targets} == {HoldReason.RECONNECT}
    assert {t.failures for t in targets} == {0}
    assert plant.read(select(SocialAccount.status)) == [AccountStatus.NEEDS_RECONNECT]
    assert len(plant.read(select(Mail.id))) == 1
    assert plant.seen("mastodon") == []


def test_a_refused_post_fails_in_words_and_is_not_repeated(plant: Plant, brand: Profile):
    account = connect(brand, "twitter", "maya")
    first = due(brand, account, text="Twice the same")
    plant.run()
    second = due(brand, account, text="Twice the same")
    plant.run()
    assert plant.target(first).state is TargetState.PUBLISHED
    failed = plant.target(second)
    assert failed.state is TargetState.FAILED and failed.category == "duplicate"
    assert failed.error == "X already has this exact text from you."
    assert len(plant.seen("twitter")) == 1
    events = plant.read(select(WebhookEvent.type))
    assert sorted(events) == ["post.failed", "post.published"]


def test_three_failed_tries_are_the_end(start: Callable[..., Plant]):
    plant = start(RETRY_BASE_SECONDS=60)
    brand = factories.make_profile()
    post = due(brand, connect(brand, "bluesky", "maya"), media=[factories.make_media(brand)])
    plant.fault("bluesky", "upload", "http_500", times=-1)
    waits = []
    for _ in range(3):
        plant.run()
        target = plant.target(post)
        if target.state is TargetState.SCHEDULED and target.due_at:
            waits.append((target.due_at - now()).total_seconds())
            plant.later(waits[-1] + 1)
    target = plant.target(post)
    assert target.state is TargetState.FAILED and len(plant.attempts(target)) == 3
    assert 55 < waits[0] <= 67 and 115 < waits[1] <= 133
    assert plant.seen("bluesky") == []


def test_a_manual_retry_has_a_new_count_and_the_old_attempts_stay(plant: Plant):
    maya = factories.make_user()
    brand = factories.make_profile(maya)
    post = due(brand, connect(brand, "mastodon", "maya"), media=[factories.make_media(brand)])
    plant.fault("mastodon", "upload", "http_500", times=2)
    plant.run()
    target = plant.target(post)
    assert target.state is TargetState.FAILED and "did not take the picture" in (target.error or "")
    posts.retry(factories.actor_of(maya), target.id)
    plant.run()
    target = plant.target(post)
    assert target.state is TargetState.PUBLISHED and len(plant.attempts(target)) == 2
