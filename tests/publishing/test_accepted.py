"""What a network has accepted is never sent again, whatever its lists show (reliability §4)."""

from __future__ import annotations

from typing import Any

import pytest

from app.extensions import networks
from app.models.accounts import SocialAccount
from app.models.attempts import AttemptState
from app.models.posts import Post, TargetState
from app.models.profiles import Profile
from app.networks.base import Probe, Probed, Verdict
from tests.publishing.conftest import Plant, connect, due
from tests.publishing.walking import first_place, picture

S = TargetState
OPTIONS: dict[str, dict[str, Any]] = {"reddit": {"subreddit": "test", "title": "A peal"}}


def sent(plant: Plant, network: str) -> int:
    """How often the network was given it, hidden ones too."""
    return sum(one.network == network for one in plant.store.posts.newest())


def hide_at_once(plant: Plant, monkeypatch: pytest.MonkeyPatch, network: str) -> None:
    """Moderation takes out of the lists whatever is posted, before anybody asks for it."""
    speaker = networks.get(network)
    real = speaker.commit

    def commit(account: Any, item: Any, resume: Any) -> Any:
        try:
            return real(account, item, resume)
        finally:
            for one in list(plant.store.posts.newest(network=network)):
                plant.store.posts.remove(network, one.id)

    monkeypatch.setattr(speaker, "commit", commit)


def ask(plant: Plant, *minutes: float) -> None:
    """Let the questions be put, so many minutes after one another."""
    for wait in minutes or (2, 8, 20, 91):
        plant.later(60 * wait)
        plant.run()


def written(brand: Profile, account: SocialAccount) -> Post:
    options = dict(OPTIONS.get(account.network, {}))
    media = ()
    if account.network == "pinterest":
        options["boardId"] = first_place(account).external_id
        media = tuple(picture(brand))
    return due(brand, account, media=media, options={account.network: options})


@pytest.mark.parametrize("network", ["reddit", "twitter", "pinterest"])
def test_a_yes_that_could_not_be_read_is_never_repeated_though_the_list_lacks_it(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch, network: str
) -> None:
    account = connect(brand, network, "maya")
    plant.fault(network, "publish", "invalid_json")
    post = written(brand, account)
    hide_at_once(plant, monkeypatch, network)
    plant.run()
    ask(plant)
    target = plant.target(post)
    assert target.state is S.NEEDS_REVIEW, target.error
    assert sent(plant, network) == 1 and len(plant.attempts(target)) == 1
    assert "accepted" in (target.error or "") and "Look there" in (target.error or "")


@pytest.mark.parametrize("network", ["reddit", "twitter"])
def test_what_nobody_accepted_and_no_list_shows_twice_is_sent_again(
    plant: Plant, brand: Profile, network: str
) -> None:
    account = connect(brand, network, "maya")
    plant.fault(network, "publish", "http_500")
    post = written(brand, account)
    plant.run()
    ask(plant, 2, 8, 20, 2)
    target = plant.target(post)
    states = [one.state for one in plant.attempts(target)]
    assert (target.state, states) == (S.PUBLISHED, [AttemptState.FAILED, AttemptState.OK])
    assert sent(plant, network) == 1


def test_a_repeat_that_is_accepted_unread_is_remembered(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is asked with within the hour; later only the list is left."""
    account = connect(brand, "mastodon", "maya")
    plant.fault("mastodon", "publish", "http_500")
    plant.fault("mastodon", "publish", "invalid_json")
    post = written(brand, account)
    hide_at_once(plant, monkeypatch, "mastodon")
    plant.run()
    ask(plant, 2, 8, 60, 60)
    assert plant.target(post).state is S.NEEDS_REVIEW
    assert sent(plant, "mastodon") == 1


def test_absence_in_a_list_weighs_as_a_list_though_a_handle_was_asked_for(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost upload session leaves YouTube's list of videos: one look at it proves nothing."""
    account = connect(brand, "twitter", "maya")
    speaker = networks.get("twitter")
    monkeypatch.setattr(speaker, "probe_by", lambda *_: Probe.HANDLE)
    monkeypatch.setattr(speaker, "probe", lambda *_: Probed(Verdict.ABSENT, by=Probe.LISTING))
    plant.fault("twitter", "publish", "http_500")
    post = written(brand, account)
    plant.run()
    ask(plant, 2, 8)
    assert [one.state for one in plant.attempts(plant.target(post))] == [AttemptState.UNKNOWN]
    ask(plant, 20)
    assert plant.attempts(plant.target(post))[0].state is AttemptState.FAILED
