"""A network that names the earlier post: a repeat settles what nobody read (§4)."""

from __future__ import annotations

import pytest

from app.models.posts import TargetState
from app.models.profiles import Profile
from tests import factories, plain
from tests.publishing.conftest import Plant, connect, due


@pytest.mark.parametrize(
    "fault", ["reset_after_accept", "http_500_after_accept", "half_answer", "http_500", "reset"]
)
def test_an_unread_outcome_is_settled_by_the_same_bytes_again(
    plant: Plant, brand: Profile, fault: str
) -> None:
    plain.post(
        f"{plant.sandbox}/_sandbox/accounts",
        json={"network": "linkedin", "handle": "maya",
              "extras": {"scopes": ["openid", "profile", "email", "w_member_social"]}},
    ).raise_for_status()  # fmt: skip
    account = connect(brand, "linkedin", "maya")
    post = due(brand, account, media=[factories.make_media(brand, alt="Six bells")])
    plant.fault("linkedin", "publish", fault)
    plant.run()
    plant.settle()
    target = plant.target(post)
    [seen] = plant.seen("linkedin")
    assert (target.state, target.external_id) == (TargetState.PUBLISHED, seen["id"])
    assert target.permalink == seen["url"]


def test_a_post_of_another_day_is_not_taken_for_todays(plant: Plant, brand: Profile) -> None:
    account = connect(brand, "linkedin", "maya")
    first = due(brand, account, text="Every day the same")
    plant.run()
    assert plant.target(first).state is TargetState.PUBLISHED
    again = due(brand, account, text="Every day the same")
    plant.fault("linkedin", "publish", "http_500")
    plant.run()
    plant.settle()
    assert plant.target(again).state is TargetState.NEEDS_REVIEW
    assert len(plant.seen("linkedin")) == 1


def test_an_equal_post_is_said_to_be_one(plant: Plant, brand: Profile) -> None:
    account = connect(brand, "linkedin", "maya")
    due(brand, account, text="Every day the same")
    plant.run()
    again = due(brand, account, text="Every day the same")
    plant.run()
    target = plant.target(again)
    assert (target.state, target.category) == (TargetState.FAILED, "duplicate")
