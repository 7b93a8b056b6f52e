"""A person says that a part is out: what comes after it follows, once (reliability §2)."""

from __future__ import annotations

import pytest

from app.models.posts import Post, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import posts, results
from tests import plain
from tests.publishing.conftest import Plant, connect, due
from tests.publishing.test_accepted import ask
from tests.publishing.test_partly import at_part

S = TargetState


def unsettled(plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch, number: int) -> Post:
    """A thread of three on X whose ``number``-th part went out, and X does not say so."""
    post = due(brand, connect(brand, "twitter", "maya"), text=["One", "Two", "Three"])
    at_part(monkeypatch, plant, "twitter", number, "http_500_after_accept")
    plant.fault("twitter", "lookup", "http_500", times=-1)
    plant.run()
    ask(plant)
    target = plant.target(post)
    assert target.state is S.NEEDS_REVIEW and len(plant.seen("twitter")) == number
    plain.delete(f"{plant.sandbox}/_sandbox/faults")
    return post


def thread(plant: Plant) -> dict[str, str]:
    """Text of each post on X to the text of what it answers."""
    rows = list(plant.store.posts.newest(network="twitter"))
    texts = {row.id: row.text for row in rows}
    return {row.text: texts.get(row.parent, "") for row in rows}


@pytest.mark.parametrize("link", [True, False])
def test_the_rest_of_a_thread_follows_the_part_a_person_found(
    plant: Plant,
    brand: Profile,
    owner: Actor,
    monkeypatch: pytest.MonkeyPatch,
    link: bool,
) -> None:
    post = unsettled(plant, brand, monkeypatch, 2)
    target_id = plant.target(post).id
    with plant.app.app_context():
        [problem] = results.look(owner, post.id).problems
        assert "what comes after it then goes out" in problem.text
    second = next(one for one in plant.seen("twitter") if one["text"] == "Two")
    posts.confirm_published(owner, target_id, second["url"] if link else "")
    plant.run()
    target = plant.target(post)
    assert (target.state, target.error) == (S.PUBLISHED, None)
    assert thread(plant) == {"One": "", "Two": "One", "Three": "Two" if link else "One"}
    assert target.published is not None and len(target.published["parts"]) == 3
    with plant.app.app_context(), pytest.raises(posts.InvalidTransition):
        posts.confirm_published(owner, target_id)
    plant.run()
    assert len(plant.seen("twitter")) == 3


def test_a_beginning_known_by_no_address_ends_the_thread_there(
    plant: Plant,
    brand: Profile,
    owner: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    post = unsettled(plant, brand, monkeypatch, 1)
    posts.confirm_published(owner, plant.target(post).id)
    plant.run()
    target = plant.target(post)
    assert (target.state, target.error_code) == (S.PUBLISHED, "WARNING")
    assert "its last 2 parts were not sent" in (target.error or "")
    assert len(plant.seen("twitter")) == 1


def test_a_beginning_with_its_link_is_gone_on_from(
    plant: Plant,
    brand: Profile,
    owner: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    post = unsettled(plant, brand, monkeypatch, 1)
    [first] = plant.seen("twitter")
    posts.confirm_published(owner, plant.target(post).id, first["url"])
    plant.run()
    target = plant.target(post)
    assert (target.state, target.external_id) == (S.PUBLISHED, first["id"])
    assert thread(plant) == {"One": "", "Two": "One", "Three": "Two"}
