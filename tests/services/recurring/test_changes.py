"""What changes and ends of a schedule do to its posts; who may see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import ids
from app.errors import NotFound, ValidationFailed
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.attempts import Attempt, AttemptState
from app.models.posts import Post, PostStatus, PostTarget, TargetState
from app.models.profiles import Profile
from app.models.recurring import (
    Pattern,
    RecurringOccurrence,
    RecurringSchedule,
)
from app.permissions import Actor
from app.services import (
    posts,
    recurring,
)
from app.services import recurring_occurrences as occurrences
from app.services.recurring import Changes
from tests.factories import actor_of, make_account, make_media, make_profile, make_user
from tests.services.recurring.helpers import (
    DAY,
    HOUR,
    MONDAY,
    TUESDAY,
    WEDNESDAY,
    daily,
    made,
    run,
    used,
)

# Changes --------------------------------------------------------------------------------------


@pytest.fixture
def billed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that counts posts, since it bills them."""
    config = replace(app.config["CARILLON"], STRIPE_SECRET_KEY="sk_test_bells")
    monkeypatch.setitem(app.config, "CARILLON", config)


@pytest.mark.usefixtures("bells", "billed")
def test_a_change_makes_the_waiting_posts_anew_and_costs_no_quota(
    maya: Actor, brand: Profile
) -> None:
    schedule_id = daily(maya, brand)
    run()
    recurring.change(maya, schedule_id, Changes(content="Hello", time_of_day="10:30"))
    assert made() == [] and used(brand) == 0
    run()
    assert made() == [("01-12 15:30", "Hello", "scheduled"), ("01-13 15:30", "Hello", "scheduled")]
    assert used(brand) == 2
    recurring.change(maya, schedule_id, Changes(name="Another name"))
    assert len(made()) == 2  # a name changes no post


@pytest.mark.usefixtures("bells")
def test_what_a_person_has_edited_stays_and_stands_for_its_day(maya: Actor, brand: Profile) -> None:
    schedule_id = daily(maya, brand)
    run()
    first = db.session.scalars(select(Post).order_by(Post.due_at)).first()
    assert first is not None
    posts.move(maya, first.id, MONDAY + 5 * HOUR)
    day = date(2026, 1, 13)
    edited = occurrences.edit(maya, schedule_id, day, Changes(content="Just today"))
    assert (edited.status, edited.by_hand) == ("scheduled", True)
    recurring.change(maya, schedule_id, Changes(content="Hello", time_of_day="08:30"))
    run()
    # What was moved or edited stays, and is that day's post: there is no other at 08:30.
    assert made() == [
        ("01-12 17:00", "Good morning!", "scheduled"), (TUESDAY, "Just today", "scheduled"),
    ]  # fmt: skip
    lines = occurrences.upcoming(maya, schedule_id, 3)
    assert [(one.day.day, one.local[11:16], one.by_hand) for one in lines] == [
        (12, "09:00", False), (13, "09:00", True), (14, "08:30", False),
    ]  # fmt: skip


@pytest.mark.usefixtures("bells")
@pytest.mark.parametrize("how", ["pause", "delete"])
def test_nothing_of_an_ended_schedule_goes_out_and_no_text_of_a_person_is_lost(
    maya: Actor, brand: Profile, monday: Callable[[timedelta], None], how: str
) -> None:
    schedule_id = daily(maya, brand)
    run()
    occurrences.edit(maya, schedule_id, date(2026, 1, 13), Changes(content="My own words"))
    if how == "pause":
        recurring.change(maya, schedule_id, Changes(is_active=False))
    else:
        recurring.delete(maya, schedule_id)
    assert [(text, status) for _, text, status in made()] == [("My own words", "draft")]
    waiting = select(PostTarget).where(PostTarget.state == TargetState.SCHEDULED)
    assert db.session.scalars(waiting).all() == [] and run() == 0
    if how == "delete":
        with pytest.raises(NotFound):
            recurring.get(maya, schedule_id)
        assert db.session.query(RecurringOccurrence).count() == 0
        return
    row = recurring.get(maya, schedule_id)
    assert (row.is_active, row.pause_reason) == (False, "")
    assert [one.status for one in occurrences.upcoming(maya, schedule_id, 5)] == ["draft"]
    monday(timedelta(days=2, hours=1))
    recurring.change(maya, schedule_id, Changes(is_active=True))
    run()
    # What fell into the pause is not made up for.
    assert [one for one in made() if one[2] == "scheduled"] == [
        (WEDNESDAY, "Good morning!", "scheduled"), ("01-15 14:00", "Good morning!", "scheduled"),
    ]  # fmt: skip


def test_a_post_that_has_begun_goes_its_way(
    maya: Actor, brand: Profile, bells: SocialAccount
) -> None:
    make_account(brand, "bluesky", "maya")
    schedule_id = daily(maya, brand, platforms=["mastodon", "bluesky"])
    run()
    first = db.session.scalars(select(Post).order_by(Post.due_at)).first()
    assert first is not None
    tried = next(one for one in first.targets if one.account_id == bells.id)
    db.session.add(
        Attempt(
            target_id=tried.id, account_id=bells.id, number=1, state=AttemptState.FAILED,
            marker="m1", claim_token=0, content_hash="",
            content={"text": "", "media": [], "parts": 1}, started_at=MONDAY,
        )
    )  # fmt: skip
    db.session.commit()
    recurring.change(maya, schedule_id, Changes(content="Hello"))
    run()
    assert [text for _, text, _ in made()] == ["Good morning!", "Hello"]
    recurring.change(maya, schedule_id, Changes(is_active=False))
    db.session.expire_all()
    assert {one.state for one in first.targets} == {TargetState.CANCELLED}
    assert first.status is PostStatus.DISCARDED and len(made()) == 1


# Refusals, tenancy, ends ----------------------------------------------------------------------


@pytest.mark.usefixtures("bells")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"content": "x" * 501}, "mastodon.text"),
        ({"content": ""}, "mastodon.text"),
        ({"platforms": []}, "platforms"),
        ({"platforms": ["myspace"]}, "platforms.0"),
        ({"platforms": ["bluesky"]}, "platforms.0"),
        ({"pattern": None}, "recurrencePattern"),
        ({"pattern": Pattern.WEEKLY}, "recurrenceConfig.day_of_week"),
        ({"time_zone": "Mars/Base"}, "timezone"),
        ({"time_of_day": None}, "timeOfDay"),
        ({"pattern": Pattern.CUSTOM, "config": {"rrule": "FREQ=HOURLY"}}, "recurrenceConfig.rrule"),
        ({"pattern": Pattern.CUSTOM, "config": {"rrule": "FREQ=DAILY;UNTIL=20200101"}},
         "recurrenceConfig.rrule"),
        ({"overrides": {"myspace": {}}}, "platforms.0"),
    ],
)  # fmt: skip
def test_what_could_never_go_out_is_refused_and_nothing_is_stored(
    maya: Actor, brand: Profile, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        daily(maya, brand, **changes)
    assert refused.value.field == field
    db.session.rollback()
    assert db.session.query(RecurringSchedule).count() == 0 == db.session.query(Post).count()


@pytest.mark.usefixtures("bells")
def test_a_rule_that_has_ended_makes_no_more(maya: Actor, brand: Profile) -> None:
    schedule_id = daily(maya, brand, pattern=Pattern.CUSTOM, config={"rrule": "FREQ=DAILY;COUNT=1"})
    run()
    assert len(made()) == 1
    row = recurring.get(maya, schedule_id)
    assert row.look_at > datetime.now(UTC) + 20 * DAY
    assert [one.status for one in occurrences.upcoming(maya, schedule_id, 5)] == ["scheduled"]


@pytest.mark.usefixtures("bells")
def test_a_strangers_schedule_is_a_missing_one(maya: Actor, brand: Profile) -> None:
    schedule_id = daily(maya, brand)
    stranger_user = make_user("other@example.org")
    make_profile(stranger_user)
    stranger = actor_of(stranger_user)
    day = date(2026, 1, 13)
    for wanted in (schedule_id, ids.uuid7()):
        for act in (
            lambda one: recurring.get(stranger, one),
            lambda one: recurring.change(stranger, one, Changes(name="Mine")),
            lambda one: recurring.delete(stranger, one),
            lambda one: occurrences.upcoming(stranger, one, 1),
            lambda one: occurrences.history(stranger, one),
            lambda one: occurrences.skip(stranger, one, day),
            lambda one: occurrences.restore(stranger, one, day),
            lambda one: occurrences.edit(stranger, one, day, Changes(content="x")),
        ):
            with pytest.raises(NotFound):
                act(wanted)
            db.session.rollback()
    assert recurring.listed(stranger)[1] == 0 and recurring.listed(maya)[1] == 1


@pytest.mark.usefixtures("bells")
def test_a_profile_is_deleted_with_its_schedules_and_templates(maya: Actor, brand: Profile) -> None:
    from app.services import content_templates, profile_ends

    picture = make_media(brand)
    content_templates.create(
        maya, brand.id, content_templates.Changes(name="T", media=[(picture.id, None)])
    )
    daily(maya, brand, media=[(picture.id, None)])
    run()
    profile_ends.delete(maya, brand.id)
    assert db.session.query(RecurringSchedule).count() == 0 == db.session.query(Post).count()
