"""Posts whose files lie in a bucket: sent like any, and tried again while it is away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.models.posts import TargetState
from app.services import media
from tests import factories
from tests.buckets import Played
from tests.publishing.conftest import Plant
from tests.publishing.walking import (
    Way,
    impatient,
    let_time_pass,
    quicken,
    schedule,
    sign_in,
    write,
)  # fmt: skip


def test_a_post_waits_for_a_bucket_that_is_away_and_goes_out_once(
    start: Callable[..., Plant], monkeypatch: pytest.MonkeyPatch, s3: Played, tmp_path: Path
) -> None:
    """Instagram fetches its pictures from us: one as it is, one that was made to fit."""
    quicken(monkeypatch)
    given: dict[str, Any] = s3.settings(tmp_path)
    del given["INSTANCE_DIR"]
    plant = start(COMMIT_DEADLINE_SECONDS=5, shared=True, **given)
    let_time_pass(plant, monkeypatch)
    impatient()
    maya = factories.make_user()
    brand, actor = factories.make_profile(maya), factories.actor_of(maya)
    account = sign_in(actor, brand.id, "instagram")
    way = Way("instagram", "carousel", ("photo", "drawing"))
    post = schedule(actor, write(actor, account, way))
    for one in media.storage().root.glob("??/*"):
        one.unlink()  # another machine sends it

    s3.fault = ("503 Slow Down", "<Error><Code>SlowDown</Code></Error>")
    plant.run()
    target = plant.target(post)
    assert (target.state, target.category) == (TargetState.SCHEDULED, "media_error")
    assert target.error == (
        "The files of this installation cannot be reached now. We are trying again."
    )
    assert plant.seen("instagram") == []

    s3.fault = None
    plant.settle()
    target = plant.target(post)
    assert target.state is TargetState.PUBLISHED and target.error is None
    [seen] = plant.seen("instagram")
    assert len(seen["media"]) == 2
    names = s3.names(given["S3_BUCKET"])
    assert [name for name in names if name.startswith("fitted/")]
