"""What is half out, or waits for a limit, is told as it is (reliability §5, §6)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.clock import now
from app.extensions import networks
from app.models.accounts import AccountStatus, SocialAccount
from app.models.posts import Post, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import accounts, results
from tests import plain
from tests.publishing.conftest import Plant, connect, due
from tests.publishing.walking import stored_film

S = TargetState
DAY = 25 * 3600


def at_part(
    monkeypatch: pytest.MonkeyPatch, plant: Plant, network: str, number: int, fault: str
) -> None:
    """The network says that to the ``number``-th call that makes something public."""
    speaker = networks.get(network)
    real, calls = speaker.commit, [0]

    def commit(account: Any, item: Any, resume: Any) -> Any:
        calls[0] += 1
        if calls[0] == number:
            plant.fault(network, "publish", fault)
        return real(account, item, resume)

    monkeypatch.setattr(speaker, "commit", commit)


def delivery(plant: Plant, owner: Actor, post: Post) -> results.Delivery:
    plant.run()
    with plant.app.app_context():
        [found] = results.look(owner, post.id).deliveries
    return found


@pytest.mark.parametrize(
    ("number", "says"), [(1, "Nothing was sent."), (3, "Parts 1 to 2 of 3 are out; the rest was")]
)
def test_a_hold_that_ends_says_how_much_is_out(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    post = due(brand, connect(brand, "twitter", "maya"), text=["One", "Two", "Three"])
    at_part(monkeypatch, plant, "twitter", number, "revoked")
    plant.run()
    assert plant.target(post).held and len(plant.seen("twitter")) == number - 1
    assert ("the rest goes out" in (plant.target(post).error or "")) == (number > 1)
    plant.later(DAY)
    assert plant.sweep().missed == 1
    target = plant.target(post)
    assert (target.state, target.error_code) == (S.FAILED, "MISSED_WINDOW")
    assert says in (target.error or "") and "not connected again" in (target.error or "")


def test_a_refusal_in_the_middle_of_a_thread_says_what_is_out(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = due(brand, connect(brand, "twitter", "maya"), text=["One", "Two"])
    at_part(monkeypatch, plant, "twitter", 2, "duplicate")
    plant.run()
    target = plant.target(post)
    assert target.state is S.FAILED and "Part 1 of 2 is out" in (target.error or "")


def test_a_post_whose_comment_was_held_too_long_is_out(
    plant: Plant, brand: Profile, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = connect(brand, "facebook", "maya")
    post = due(brand, account, options={"facebook": {"firstComment": "The score"}})
    at_part(monkeypatch, plant, "facebook", 2, "http_429")
    plant.run()
    assert plant.target(post).category == "rate_limited"
    accounts.disconnect(owner, account.id)
    plant.later(DAY)
    assert plant.sweep().missed == 1
    target = plant.target(post)
    assert (target.state, target.error_code) == (S.PUBLISHED, "WARNING")
    assert "its first comment was not made: The account was taken off" in (target.error or "")
    assert len(plant.seen("facebook")) == 1 and target.permalink


def test_a_limit_is_shown_with_its_reason_and_its_end(
    plant: Plant, brand: Profile, owner: Actor
) -> None:
    account = connect(brand, "twitter", "maya")
    first = due(brand, account, text="First")
    plant.fault("twitter", "publish", "http_429", retry_after_s=900)
    found = delivery(plant, owner, first)
    told = plant.attempts(plant.target(first))[0].message or ""
    assert found.state == "retrying" and len(told) > 10 and told in found.text
    assert found.until == plant.target(first).due_at and found.until > now()
    second = delivery(plant, owner, due(brand, account, text="Second"))
    assert second.until == found.until and "wait" in second.text


def test_a_limit_of_videos_alone_lets_other_posts_go_on(plant: Plant, brand: Profile) -> None:
    plant.person("bluesky", "maya", daily_videos=0)
    account = connect(brand, "bluesky", "maya")
    films = [due(brand, account, text=text, media=[stored_film(brand)]) for text in ("One", "Two")]
    words = due(brand, account, text="Only words")
    plant.run()
    assert plant.target(words).state is S.PUBLISHED
    for film in films:
        target = plant.target(film)
        assert (target.state, target.category) == (S.SCHEDULED, "rate_limited")
        assert "as many videos" in (target.error or "") and target.failures == 0
    assert plant.read(select(SocialAccount.cooling_until)) == [None]
    plant.person("bluesky", "maya", daily_videos=25)
    plant.later(16 * 60)
    plant.settle(hours=1)
    assert [plant.target(film).state for film in films] == [S.PUBLISHED] * 2
    assert len(plant.seen("bluesky")) == 3


def test_a_limit_of_the_account_still_stops_all_of_it(plant: Plant, brand: Profile) -> None:
    account = connect(brand, "bluesky", "maya")
    plant.fault("bluesky", "publish", "http_429", retry_after_s=600)
    made = [due(brand, account, text=text) for text in ("One", "Two")]
    plant.run()
    assert [plant.target(one).state for one in made] == [S.SCHEDULED] * 2
    assert [len(plant.attempts(plant.target(one))) for one in made] == [1, 0]
    plain.delete(f"{plant.sandbox}/_sandbox/faults")
    [account_now] = plant.read(select(SocialAccount))
    assert account_now.status is AccountStatus.ACTIVE and account_now.cooling_until > now()
