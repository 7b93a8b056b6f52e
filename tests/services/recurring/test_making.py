"""Posts of a schedule are made ahead, once each, and never late."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
import time_machine
from flask import Flask, render_template
from sqlalchemy import select, update

from app.errors import ValidationFailed
from app.extensions import db
from app.jobs import clock as clock_job
from app.models.accounts import SocialAccount
from app.models.people import Mail
from app.models.posts import LatePolicy, Post, TargetState
from app.models.profiles import PlatformSet, Profile
from app.models.recurring import (
    RecurringOccurrence,
    RecurringSchedule,
)
from app.permissions import Actor
from app.services import (
    accounts,
    mails,
    recurring,
    recurring_maker,
    recurring_posts,
)
from app.services import recurring_occurrences as occurrences
from app.services.recurring import Changes
from tests.factories import make_account
from tests.services.recurring.helpers import (
    DAY,
    MONDAY,
    MORNINGS,
    WEDNESDAY,
    daily,
    made,
    rows,
    run,
    used,
)

# Making ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("bells")
def test_posts_are_made_within_the_horizon_and_once(
    maya: Actor, brand: Profile, monday: Callable[[timedelta], None]
) -> None:
    daily(maya, brand)
    assert run() == 2 and made() == MORNINGS and run() == 0
    post = db.session.scalars(select(Post)).first()
    assert post is not None and (post.source, post.author_id) == ("recurring", maya.user_id)
    assert (post.late_policy, post.late_limit_minutes) == (LatePolicy.SKIP, 60)
    assert [one.state for one in post.targets] == [TargetState.SCHEDULED]
    monday(timedelta(hours=2, minutes=1))
    assert run() == 1 and made()[2] == (WEDNESDAY, "Good morning!", "scheduled")
    assert rows()[2] == ("2026-01-14T09:00:00", "made")


@pytest.mark.usefixtures("bells")
@pytest.mark.parametrize(
    ("start", "text", "due"),
    [
        # New York: 03:30 of summer time on 8 March, and the first 01:30 on 1 November.
        ("2026-03-06T12:00", "02:30", ["03-07 07:30", "03-08 07:30"]),
        ("2026-10-30T12:00", "01:30", ["10-31 05:30", "11-01 05:30"]),
    ],
)
def test_a_series_keeps_its_wall_clock_through_both_changes_of_the_clock(
    maya: Actor, brand: Profile, start: str, text: str, due: list[str]
) -> None:
    with time_machine.travel(datetime.fromisoformat(start).replace(tzinfo=UTC)):
        daily(maya, brand, time_of_day=text)
        run()
    assert [at for at, _, _ in made()] == due


@pytest.mark.usefixtures("bells")
@pytest.mark.parametrize(
    ("late", "due"), [(timedelta(minutes=59), "01-13 14:59"), (timedelta(minutes=61), None)]
)
def test_an_occurrence_up_to_an_hour_late_is_caught_up_and_a_later_one_left_out(
    maya: Actor, brand: Profile, monday: Callable[[timedelta], None], late: timedelta,
    due: str | None,
) -> None:  # fmt: skip
    daily(maya, brand, time_of_day="09:00:00")
    monday(timedelta(days=1, hours=2) + late)  # nobody made anything since Monday
    run()
    first = ("2026-01-12T09:00:00", "missed")
    assert rows()[:2] == [first, ("2026-01-13T09:00:00", "made" if due else "missed")]
    caught = [one for one in made() if one[0].startswith("01-13")]
    assert [one[0] for one in caught] == ([due] if due else [])
    if due:
        assert (
            db.session.scalars(select(Post).order_by(Post.due_at)).first().late_limit_minutes <= 1
        )  # type: ignore[union-attr]


@pytest.mark.usefixtures("bells")
def test_an_outage_of_years_sends_nothing_late_and_writes_all_of_it_down(
    maya: Actor, brand: Profile, monday: Callable[[timedelta], None]
) -> None:
    daily(maya, brand)
    monday(timedelta(days=730, hours=6))
    run()
    states = [state for _, state in rows()]
    assert (states.count("missed"), states.count("made")) == (731, 2)
    assert len(made()) == 2 and all(due > "01-12 18:00" for due, _, _ in made())


@pytest.mark.usefixtures("bells")
def test_many_makers_at_once_make_one_post_an_occurrence(
    app: Flask, maya: Actor, brand: Profile
) -> None:
    for name in ("One", "Two", "Three"):
        daily(maya, brand, name=name)
    db.session.rollback()
    ready = Barrier(6)

    def work(_: int) -> None:
        with app.app_context():
            ready.wait(20)
            recurring_maker.run()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    run()
    db.session.expire_all()
    found = db.session.scalars(select(RecurringOccurrence)).all()
    assert len({(one.schedule_id, one.occurrence_local) for one in found}) == len(found) == 6
    assert db.session.query(Post).count() == 6 == len({one.post_id for one in found})


@pytest.mark.usefixtures("bells")
def test_without_the_schedules_lock_the_row_still_lets_only_one_through(
    app: Flask, maya: Actor, brand: Profile
) -> None:
    schedule_id = daily(maya, brand)
    db.session.rollback()
    ready = Barrier(6)

    def work(_: int) -> bool:
        with app.app_context():
            row = db.session.get_one(RecurringSchedule, schedule_id)
            one = recurring_posts.series(row).next(datetime.now(UTC) + DAY)
            assert one is not None
            db.session.rollback()
            ready.wait(20)
            post = recurring_posts.make(db.session.get_one(RecurringSchedule, schedule_id), one)
            db.session.rollback()
            return post is not None

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(6))).count(True) == 1
    db.session.expire_all()
    assert db.session.query(Post).count() == 1 == db.session.query(RecurringOccurrence).count()


@pytest.mark.usefixtures("bells")
def test_with_redis_away_the_clock_makes_them_itself(
    maya: Actor, brand: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily(maya, brand)
    db.session.rollback()
    asked: list[str] = []
    monkeypatch.setattr(clock_job.queues, "wake", lambda job: bool(asked.append(job)))
    clock_job._recurring()
    assert asked[0] == "recurring.make" and len(made()) == 2
    asked.clear()
    clock_job._recurring()
    assert asked == []  # nothing to look at


@pytest.mark.usefixtures("bells")
def test_a_broken_schedule_delays_no_other(maya: Actor, brand: Profile) -> None:
    broken = daily(maya, brand, name="Broken")
    daily(maya, brand)
    db.session.execute(
        update(RecurringSchedule)
        .where(RecurringSchedule.id == broken)
        .values(time_zone="Mars/Base", look_at=MONDAY - DAY)
    )
    db.session.commit()
    assert run() == 2 and len(made()) == 2
    row = db.session.get_one(RecurringSchedule, broken)
    assert row.look_at > datetime.now(UTC) + timedelta(minutes=4)
    assert run() == 0


# What cannot be made --------------------------------------------------------------------------


@pytest.mark.usefixtures("bells")
def test_what_a_network_refuses_is_written_down_told_and_made_once_it_is_mended(
    maya: Actor, brand: Profile
) -> None:
    schedule_id = daily(maya, brand)
    db.session.execute(update(RecurringSchedule).values(content="x" * 501))
    db.session.commit()
    run()
    assert [state for _, state in rows()] == ["failed", "failed"] and made() == []
    assert used(brand) == 0
    found = db.session.scalars(select(Mail)).all()
    assert {one.kind for one in found} == {"recurring_failed"} and len(found) == 2
    lines = occurrences.upcoming(maya, schedule_id, 3)
    assert [one.status for one in lines] == ["failed", "failed", "upcoming"]
    assert "500" in lines[0].note
    recurring.change(maya, schedule_id, Changes(content="Short"))
    run()
    assert [text for _, text, _ in made()] == ["Short", "Short"]


def test_a_schedule_without_an_account_left_is_paused_with_the_reason(
    maya: Actor, brand: Profile, bells: SocialAccount
) -> None:
    other = make_account(brand, "bluesky", "maya")
    alone = daily(maya, brand)
    both = daily(maya, brand, name="Both", platforms=["mastodon", "bluesky"])
    run()
    assert len(made()) == 4
    accounts.disconnect(maya, bells.id)
    row = recurring.get(maya, alone)
    assert not row.is_active and "No account is connected" in row.pause_reason
    assert recurring.times([row])[alone].next_at is None
    assert recurring.get(maya, both).is_active
    assert [one.data["name"] for one in db.session.scalars(select(Mail))] == ["Morning"]
    live = [one for one in made() if one[2] != "discarded"]
    assert len(live) == 2  # those of the other schedule
    with pytest.raises(ValidationFailed) as refused:
        recurring.change(maya, alone, Changes(is_active=True))
    assert refused.value.code == "PLATFORM_NOT_CONNECTED"
    db.session.rollback()
    accounts.disconnect(maya, other.id)
    assert not recurring.get(maya, both).is_active


def test_the_maker_too_finds_that_no_account_is_left(
    maya: Actor, brand: Profile, bells: SocialAccount
) -> None:
    schedule_id = daily(maya, brand)
    elsewhere = PlatformSet(profile_id=brand.id, name="Elsewhere", is_default=False)
    db.session.add(elsewhere)
    db.session.flush()
    bells.set_id = elsewhere.id
    db.session.commit()
    run()
    row = recurring.get(maya, schedule_id)
    assert (row.is_active, made(), rows()) == (False, [], []) and row.pause_reason


@pytest.mark.usefixtures("bells")
def test_a_network_without_an_account_is_left_out_and_named(maya: Actor, brand: Profile) -> None:
    other = make_account(brand, "bluesky", "maya")
    schedule_id = daily(maya, brand, platforms=["mastodon", "bluesky"])
    accounts.disconnect(maya, other.id)
    run()
    assert [len(one.targets) for one in db.session.scalars(select(Post))] == [1, 1]
    assert "Made without Bluesky" in occurrences.upcoming(maya, schedule_id, 1)[0].note


@pytest.mark.parametrize("kind", ["recurring_failed", "recurring_paused"])
def test_the_mails_say_which_schedule_and_what_to_do(app: Flask, kind: str) -> None:
    data = {"name": "Morning", "day": "13 January 2026 at 09:00", "message": "Too long."}
    assert "“Morning”" in mails.SUBJECTS[kind].format_map(data)
    text = render_template(f"mail/{kind}.txt", data=data, url="https://bells.example")
    assert "“Morning”" in text and "Too long." in text and "https://bells.example/recurring" in text
