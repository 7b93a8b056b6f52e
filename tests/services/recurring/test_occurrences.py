"""Single occurrences: skipped, put back, edited, remembered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.errors import Conflict, InvalidTransition, NotFound
from app.extensions import db
from app.models.posts import PostTarget, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import (
    media,
    posts,
    recurring,
)
from app.services import recurring_occurrences as occurrences
from app.services.recurring import Changes
from tests.factories import make_media
from tests.services.recurring.helpers import (
    HOUR,
    MONDAY,
    daily,
    made,
    run,
)

# Single occurrences ---------------------------------------------------------------------------


@pytest.mark.usefixtures("bells")
def test_one_is_skipped_before_or_after_its_post_is_made_and_put_back(
    maya: Actor, brand: Profile, monday: Callable[[timedelta], None]
) -> None:
    schedule_id = daily(maya, brand)
    run()
    tuesday, thursday = date(2026, 1, 13), date(2026, 1, 15)
    assert occurrences.skip(maya, schedule_id, tuesday).status == "skipped"
    assert occurrences.skip(maya, schedule_id, thursday).status == "skipped"
    assert [one[2] for one in made()] == ["scheduled", "discarded"]
    lines = occurrences.upcoming(maya, schedule_id, 4)
    assert [one.status for one in lines] == ["scheduled", "skipped", "upcoming", "skipped"]
    monday(timedelta(hours=3))
    row = recurring.get(maya, schedule_id)
    wednesday = datetime(2026, 1, 14, 14, tzinfo=UTC)
    assert recurring.times([row])[schedule_id].next_at == wednesday
    recurring.change(maya, schedule_id, Changes(time_of_day="10:00"))
    run()  # the skip was of the day, not of nine o'clock
    assert [one[0] for one in made() if one[2] == "scheduled"] == ["01-12 14:00", "01-14 15:00"]
    assert occurrences.restore(maya, schedule_id, tuesday).status == "upcoming"
    run()
    assert ("01-13 15:00", "Good morning!", "scheduled") in made()


@pytest.mark.usefixtures("bells")
def test_an_edit_of_one_makes_its_post_at_once_however_far_ahead(
    maya: Actor, brand: Profile
) -> None:
    picture = make_media(brand)
    schedule_id = daily(maya, brand, media=[(picture.id, None)])
    noon = datetime(2026, 12, 24, 17, tzinfo=UTC)
    found = occurrences.edit(
        maya, schedule_id, date(2026, 12, 24), Changes(content="Merry Christmas"), due_at=noon
    )
    assert (found.local, found.due_at, found.by_hand) == ("2026-12-24T09:00:00", noon, True)
    assert found.post_id is not None
    post = posts.get(maya, found.post_id)
    assert post.parts == ["Merry Christmas"] and [m.media_id for m in post.media] == [picture.id]
    with pytest.raises(Conflict, match="recurring schedule “Morning”|Merry Christmas"):
        media.delete(maya, picture.id)
    db.session.rollback()
    for day in (date(2026, 1, 11), date(2025, 12, 24)):  # before it began
        with pytest.raises(NotFound):
            occurrences.edit(maya, schedule_id, day, Changes(content="x"))
        db.session.rollback()


@pytest.mark.usefixtures("bells")
def test_the_history_says_what_became_of_each(
    maya: Actor, brand: Profile, monday: Callable[[timedelta], None]
) -> None:
    schedule_id = daily(maya, brand)
    run()
    monday(timedelta(hours=2, minutes=1))
    at = MONDAY + 2 * HOUR
    target = db.session.scalars(select(PostTarget).order_by(PostTarget.due_at)).first()
    assert target is not None
    target.state, target.published_at = TargetState.PUBLISHED, at
    target.post.settle()
    db.session.commit()
    monday(timedelta(days=4, hours=3))
    occurrences.skip(maya, schedule_id, date(2026, 1, 17))
    run()
    lines, total = occurrences.history(maya, schedule_id, limit=4)
    assert total == 5
    assert [(one.day.day, one.status) for one in lines] == [
        (16, "missed"), (15, "missed"), (14, "missed"), (13, "scheduled"),
    ]  # fmt: skip
    rest, _ = occurrences.history(maya, schedule_id, limit=4, offset=4)
    assert [(one.day.day, one.status) for one in rest] == [(12, "published")]
    for day in (12, 16):  # one is out, the time of the other has passed
        for act in (occurrences.skip, occurrences.restore):
            with pytest.raises(InvalidTransition):
                act(maya, schedule_id, date(2026, 1, day))
            db.session.rollback()
    times = recurring.times([recurring.get(maya, schedule_id)])[schedule_id]
    assert times.last_at == at
    assert times.next_at == datetime(2026, 1, 18, 14, tzinfo=UTC)
