"""kill -9 at the telling steps of every other network's delivery: one post, or a person's turn.

Killed after the first stored step, right before the commit call, and after the network took it
but before its answer was written down. What lay ready at the network is used again, not made
twice. Where a network truly can't be asked the target is ``needs_review``, and nothing is sent
a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.config import BRIDGE
from app.models.accounts import SocialAccount
from app.models.attempts import AttemptState
from app.models.posts import Post, TargetState
from app.models.profiles import Profile
from app.networks.base import Probe
from app.permissions import Role
from app.publishing import questions
from tests import factories
from tests.publishing.conftest import Plant, connect, due
from tests.publishing.test_kill import kill_at
from tests.publishing.victim import STEPS as EVERY
from tests.publishing.walking import (
    bridged,
    first_place,
    impatient,
    let_time_pass,
    picture,
    quicken,
    stored_film,
)

PUBLIC = {"privacyLevel": "PUBLIC_TO_EVERYONE"}
READS = {"scopes": ["openid", "profile", "w_member_social", "r_member_social"]}
PLACE = {"subreddit": "test", "title": "A peal"}
STEPS = ("after_step", "before_call", "after_accept")
SENT = ("after_accept", "after_recording")  # steps after the network took it
ASKED = ("before_call", "after_accept")  # steps that leave a question


@dataclass(frozen=True)
class Case:
    """A way to publish: ``shelf`` is the network's table of what lies ready, ``lies`` how much.

    ``steps`` at which it is killed; ``unsure`` those after which the network can't be asked.
    """

    network: str
    form: str
    probe: Probe
    films: int = 0
    pictures: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)
    shelf: str = ""
    lies: int = 1
    steps: tuple[str, ...] = STEPS
    unsure: tuple[str, ...] = ()
    handed: bool = False  # taken is not out yet: it is asked about by its id until it is


CASES = (
    Case("twitter", "picture", Probe.LISTING, pictures=1, shelf="x.media", steps=EVERY),
    Case("mastodon", "picture", Probe.KEY, pictures=1, shelf="mastodon.media", steps=EVERY),
    Case("bluesky", "picture", Probe.KEY, pictures=1, steps=EVERY),
    Case("metricool", "picture", Probe.LISTING, pictures=1, handed=True),
    Case("linkedin", "video", Probe.KEY, films=1, shelf="linkedin.media"),
    Case("linkedin", "listed", Probe.LISTING, pictures=1, extras=READS, shelf="linkedin.media",
         steps=("before_call", "after_accept")),
    Case("facebook", "reel", Probe.HANDLE, films=1, options={"placement": "reel"},
         shelf="facebook.videos"),
    Case("facebook", "video", Probe.HANDLE, films=1, shelf="facebook.videos",
         steps=("after_step", "after_accept")),
    Case("facebook", "album", Probe.LISTING, pictures=2, steps=("before_call", "after_accept")),
    Case("instagram", "reel", Probe.HANDLE, films=1, options={"placement": "reel"},
         shelf="instagram.containers"),
    Case("instagram", "carousel", Probe.HANDLE, pictures=2, shelf="instagram.containers", lies=3,
         steps=("after_step", "after_accept")),
    Case("instagram", "mixed-carousel", Probe.HANDLE, films=1, pictures=1,
         shelf="instagram.containers", lies=3,
         steps=("after_items", "before_call", "after_accept")),
    Case("threads", "carousel", Probe.HANDLE, films=1, pictures=1, shelf="threads.containers",
         lies=3),
    Case("tiktok", "video", Probe.HANDLE, films=1, options=PUBLIC, shelf="tiktok.posts"),
    Case("tiktok", "photos", Probe.LISTING, pictures=1, options=PUBLIC,
         steps=("before_call", "after_accept"),
         unsure=("before_call",)),
    Case("youtube", "video", Probe.HANDLE, films=1, options={"privacyStatus": "public"},
         shelf="youtube.sessions"),
    Case("pinterest", "video", Probe.LISTING, films=1, shelf="pinterest.media"),
    Case("reddit", "text", Probe.LISTING, options=PLACE, steps=("before_call", "after_accept")),
    Case("reddit", "picture", Probe.LISTING, pictures=1, options=PLACE, shelf="reddit.assets",
         unsure=("before_call",)),
)  # fmt: skip
KILLS = [(case, step) for case in CASES for step in case.steps]


@pytest.fixture
def plant(start: Callable[..., Plant], monkeypatch: pytest.MonkeyPatch) -> Plant:
    quicken(monkeypatch, share=0.1)
    made = start(COMMIT_DEADLINE_SECONDS=5, TIKTOK_AUDITED=1, YOUTUBE_FORCE_PRIVATE_UPLOADS=0)
    let_time_pass(made, monkeypatch)
    impatient()
    return made


def begun(plant: Plant, brand: Profile, case: Case, words: str) -> Post:
    plant.person(case.network, "maya", **{**QUICK.get(case.network, {}), **case.extras})
    account = account_of(brand, case.network)
    options = dict(case.options)
    if case.network == "pinterest":
        options["boardId"] = first_place(account).external_id
    media = [*(stored_film(brand) for _ in range(case.films)), *picture(brand, case.pictures)]
    return due(brand, account, text=words, media=media, options={case.network: options})


def spoken_to(network: str) -> str:
    """As the victim calls it: through the bridge it speaks to X."""
    return f"twitter|{BRIDGE}" if network == BRIDGE else network


def account_of(brand: Profile, network: str) -> SocialAccount:
    """The account of the case, connected."""
    if network != BRIDGE:
        return connect(brand, network, "maya")
    owner = factories.make_user()
    factories.join(brand, owner, Role.OWNER)
    return bridged(factories.actor_of(owner), brand.id, "twitter")


QUICK = {"threads": {"processing_seconds": 0.05}, "reddit": {"processing": 0.05}}


@pytest.mark.parametrize(
    ("case", "step"), KILLS, ids=[f"{case.network}-{case.form}-{step}" for case, step in KILLS]
)
def test_a_killed_worker_leaves_one_post_or_a_question(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch, case: Case, step: str
) -> None:
    post = begun(plant, brand, case, f"Killed {step}")
    calls = Calls(plant, monkeypatch, case.network)
    kill_at(plant, step, spoken_to(case.network))
    assert len(plant.seen(case.network)) == (1 if step in SENT and not case.handed else 0)
    plant.later(95)  # the leases of the dead run out
    plant.settle()
    if step in ASKED:
        calls.bear_out(case, sent=step in SENT)
    target = plant.target(post)
    states = [one.state for one in plant.attempts(target)]
    if step in case.unsure:
        assert target.state is TargetState.NEEDS_REVIEW and plant.seen(case.network) == []
        assert states[-1] is AttemptState.UNKNOWN and AttemptState.OK not in states
        return
    assert target.state is TargetState.PUBLISHED, (target.error, states)
    [seen] = plant.seen(case.network)
    assert target.permalink and target.error is None
    assert seen["id"] == target.external_id or seen["url"] == target.permalink
    assert states[-1] is AttemptState.OK and states.count(AttemptState.OK) == 1
    if case.shelf:
        assert len(plant.store.table(case.shelf).items()) == case.lies


class Calls:
    """How the network was asked, and how often it was told to publish."""

    def __init__(self, plant: Plant, monkeypatch: pytest.MonkeyPatch, network: str) -> None:
        self.plant, self.asked = plant, set[Probe]()
        for operation in ("publish", "lookup"):  # a delay counts the calls it meets
            plant.fault(network, operation, delay_ms=1, times=-1)
        real = questions._asked

        def asked(*args: Any) -> Any:
            self.asked.add(args[-1])
            return real(*args)

        monkeypatch.setattr(questions, "_asked", asked)

    def bear_out(self, case: Case, *, sent: bool) -> None:
        """The class a network declares is how it is asked; only ``KEY`` sends anything again."""
        by_id = {Probe.HANDLE} if case.handed else set()
        assert case.probe in self.asked and self.asked <= {case.probe} | by_id
        met = {one.operation: one.met for one in self.plant.store.faults.all()}
        if case.probe is Probe.KEY:
            assert met["publish"] == (2 if sent else 1)
        else:
            again = not sent and "before_call" not in case.unsure
            assert met["publish"] == (1 if sent or again else 0) and met["lookup"] >= 1


def test_a_first_comment_is_made_once_though_its_worker_was_killed(
    plant: Plant, brand: Profile
) -> None:
    """Killed between the post and its comment, the post is not sent again."""
    account = connect(brand, "threads", "maya")
    post = due(
        brand, account, text="Six bells", options={"threads": {"firstComment": "And a score"}}
    )
    kill_at(plant, "after_recording", "threads")
    assert [row["text"] for row in plant.seen("threads")] == ["Six bells"]
    plant.later(95)
    plant.settle()
    assert plant.target(post).state is TargetState.PUBLISHED
    assert sorted(row["text"] for row in plant.seen("threads")) == ["And a score", "Six bells"]


def test_a_post_is_not_failed_by_a_comment_whose_workers_are_lost(
    start: Callable[..., Plant], monkeypatch: pytest.MonkeyPatch
) -> None:
    quicken(monkeypatch, share=0.1)
    plant = start(MAX_ATTEMPTS=1)
    brand = factories.make_profile()
    account = connect(brand, "facebook", "maya")
    post = due(
        brand, account, text="Six bells", options={"facebook": {"firstComment": "And a score"}}
    )
    kill_at(plant, "after_recording", "facebook")
    plant.later(95)
    plant.sweep()
    kill_at(plant, "after_attempt", "facebook")
    plant.later(95)
    plant.settle()
    target = plant.target(post)
    assert (target.state, target.error_code) == (TargetState.PUBLISHED, "WARNING")
    assert "its first comment was not made" in (target.error or "") and target.permalink
    assert [row["text"] for row in plant.seen("facebook")] == ["Six bells"]
