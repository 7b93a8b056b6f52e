"""A video that the product took in goes out on the networks that everybody tries first."""

from __future__ import annotations

import hashlib
import io

import pytest

from app.models.media import Media
from app.models.posts import TargetState
from app.models.profiles import Profile
from app.permissions import Role
from app.services import media
from tests import factories, plain
from tests.films import film
from tests.publishing.conftest import NETWORKS, Plant, connect, due


@pytest.fixture
def clip(brand: Profile) -> Media:
    """Uploaded by a person: two seconds of MP4 with sound, cleaned and with its poster."""
    someone = factories.make_user()
    factories.join(brand, someone, Role.OWNER)
    made = media.upload(
        factories.actor_of(someone), brand.id, io.BytesIO(film(sound=True)), "bells.mp4",
        "video/mp4",
    )  # fmt: skip
    made.alt = "Bells swing"
    return made


@pytest.mark.parametrize("network", NETWORKS)
def test_an_uploaded_video_goes_out_as_it_was_kept(
    plant: Plant, brand: Profile, clip: Media, network: str
) -> None:
    digest = clip.sha256
    post = due(brand, connect(brand, network, "maya"), text="Listen", media=[clip])
    plant.settle(hours=0.5, step=20)
    target = plant.target(post)
    assert target.state is TargetState.PUBLISHED and target.failures == 0
    [seen] = plant.seen(network)
    [shown] = seen["media"]
    assert (shown["mime"], shown["alt"]) == ("video/mp4", "Bells swing")
    raw = plain.get(f"{plant.sandbox}/_sandbox/media/{shown['blob']}").content
    assert hashlib.sha256(raw).hexdigest() == digest


def test_a_video_in_the_making_is_waited_for_and_uses_up_no_try(
    plant: Plant, brand: Profile, clip: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.networks.bluesky_video.POLLS", (0.05, 0.05))
    plant.fault("bluesky", "lookup", "processing", times=3)
    post = due(brand, connect(brand, "bluesky", "maya"), text="Listen", media=[clip])
    plant.run()
    target = plant.target(post)
    assert target.state is TargetState.SCHEDULED and target.category == "media_processing"
    plant.settle(hours=0.5, step=20)
    target = plant.target(post)
    assert target.state is TargetState.PUBLISHED and target.failures == 0
    assert len(plant.attempts(target)) == 2
    assert len(plant.seen("bluesky")) == 1
