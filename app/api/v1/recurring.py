"""Recurring schedules (the Amplify seed), and their single occurrences, which are ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint

from app.api import doors
from app.api.auth import current_actor, current_profile_id, named_profile_id, requires
from app.api.contract import need, operation
from app.api.v1 import asking, posts_told
from app.api.v1 import recurring_schemas as io
from app.api.v1.posts_schemas import Override
from app.errors import ValidationFailed
from app.models.recurring import RecurringSchedule
from app.permissions import Actor
from app.services import recurring, recurring_occurrences
from app.services.recurring import Changes
from app.services.recurring_occurrences import Line

TAG = "Recurring schedules"
ONE = "/recurring-schedules/<uuid:schedule_id>"

bp = Blueprint("api_recurring", __name__, url_prefix="/api/v1")
doors.build(bp)


def again(schedule_id: UUID) -> Any:
    """What a request that died had made, as it is now."""
    return saved(recurring.get(current_actor(), schedule_id))


@bp.get("/recurring-schedules")
@requires("post.read")
@operation(
    "List recurring schedules", tag=TAG, query=io.SchedulesQuery, answers={200: io.ScheduleList}
)
def index(query: io.SchedulesQuery) -> Any:
    """The newest first. Without ``profileId`` an account key lists every profile it reaches."""
    found, total = recurring.listed(
        current_actor(), named_profile_id(query.profile_id), limit=query.limit, offset=query.offset
    )
    return io.ScheduleList(schedules=told(found), total=total)


@bp.post("/recurring-schedules")
@requires("post.write")
@operation(
    "Set up recurring posts", tag=TAG, body=io.NewSchedule, answers={200: io.ScheduleSaved},
    refuses=(404,), again=again,
)  # fmt: skip
def create(body: io.NewSchedule) -> Any:
    """``platforms`` means every account of these networks that is connected when a post is made;
    ``accounts`` (ours) names accounts exactly. What a network would refuse is refused now."""
    actor, profile_id = current_actor(), current_profile_id(body.profile_id)
    need((body.name or "").strip(), "name")
    need(body.recurrence_pattern, "recurrencePattern")
    need(body.time_of_day, "timeOfDay")
    return saved(recurring.create(actor, profile_id, _changes(actor, profile_id, body)))


@bp.get(ONE)
@requires("post.read")
@operation("Get a recurring schedule", tag=TAG, answers={200: io.ScheduleOut})
def show(schedule_id: UUID) -> Any:
    """With the time of its next post, and when it was last posted."""
    return io.ScheduleOut(schedule=told([recurring.get(current_actor(), schedule_id)])[0])


@bp.patch(ONE)
@requires("post.write")
@operation(
    "Change a recurring schedule", tag=TAG, body=io.ScheduleChange,
    answers={200: io.ScheduleSaved}, refuses=(409,),
)  # fmt: skip
def change(schedule_id: UUID, body: io.ScheduleChange) -> Any:
    """What is not named stays. Posts that wait to go out follow the change, but for those that a
    person has edited."""
    actor = current_actor()
    profile_id = recurring.get(actor, schedule_id).profile_id
    changes = _changes(actor, profile_id, body, is_active=body.is_active)
    return saved(recurring.change(actor, schedule_id, changes))


@bp.delete(ONE)
@requires("post.write")
@operation("Delete a recurring schedule", tag=TAG, answers={200: io.Done}, refuses=(409,))
def delete(schedule_id: UUID) -> Any:
    """Its posts that have not begun to go out are taken off; what is out stays."""
    recurring.delete(current_actor(), schedule_id)
    return io.Done()


@bp.get(f"{ONE}/occurrences")
@requires("post.read")
@operation(
    "List a schedule's occurrences", tag=TAG, query=io.OccurrencesQuery,
    answers={200: io.OccurrenceList},
)  # fmt: skip
def occurrences(schedule_id: UUID, query: io.OccurrencesQuery) -> Any:
    """Those to come, the next first; and the history, the latest first, with what became of
    each."""
    actor = current_actor()
    ahead = recurring_occurrences.upcoming(actor, schedule_id, query.upcoming)
    past, total = recurring_occurrences.history(
        actor, schedule_id, limit=query.limit, offset=query.offset
    )
    return io.OccurrenceList(
        upcoming=[line(one) for one in ahead], history=[line(one) for one in past], total=total
    )


@bp.patch(f"{ONE}/occurrences/<day>")
@requires("post.write")
@operation(
    "Skip or edit one occurrence", tag=TAG, body=io.OccurrenceChange,
    answers={200: io.OccurrenceOut}, refuses=(409,),
)  # fmt: skip
def one(schedule_id: UUID, day: str, body: io.OccurrenceChange) -> Any:
    """The day is that of the schedule's own time zone, as ``2026-12-24``. An edit makes the post
    at once; later changes of the schedule leave it as it is."""
    actor = current_actor()
    profile_id = recurring.get(actor, schedule_id).profile_id
    named = recurring_occurrences.day_of(day)
    given = body.model_fields_set - {"skip"}
    if body.skip is None and not given:
        raise ValidationFailed("Say skip, or what is to be different.", field="skip")
    if body.skip and given:
        raise ValidationFailed("Leave it out or change it, not both.", field="skip")
    found: Line | None = None
    if body.skip is not None:
        act = recurring_occurrences.skip if body.skip else recurring_occurrences.restore
        found = act(actor, schedule_id, named)
    if given:
        due_at = asking.planned(body.scheduled_for, "scheduledFor")
        changes = Changes(
            content=body.content, platforms=body.platforms, accounts=body.accounts,
            media=_files(actor, profile_id, body.media), overrides=own(body.platform_overrides),
        )  # fmt: skip
        found = recurring_occurrences.edit(actor, schedule_id, named, changes, due_at=due_at)
    assert found is not None
    return io.OccurrenceOut(occurrence=line(found))


def _changes(
    actor: Actor, profile_id: UUID, body: io.ScheduleBody, *, is_active: bool | None = None
) -> Changes:
    return Changes(
        name=body.name, content=body.content, overrides=own(body.platform_overrides),
        platforms=body.platforms, accounts=body.accounts,
        media=_files(actor, profile_id, body.media), pattern=body.recurrence_pattern,
        config=body.recurrence_config, time_of_day=body.time_of_day, time_zone=body.timezone,
        is_active=is_active,
    )  # fmt: skip


def _files(actor: Actor, profile_id: UUID, sent: Any) -> asking.Files | None:
    return None if sent is None else asking.files(actor, profile_id, sent)


def own(sent: dict[str, Override] | None) -> dict[str, dict[str, Any]] | None:
    """Each network's own text and settings, as the service takes them."""
    return None if sent is None else {name: one.model_dump() for name, one in sent.items()}


def saved(row: RecurringSchedule) -> io.ScheduleSaved:
    """A schedule that has just been made or changed."""
    return io.ScheduleSaved(schedule=told([row])[0])


def told(rows: Sequence[RecurringSchedule]) -> list[io.ScheduleItem]:
    """Schedules in the seed's words."""
    times = recurring.times(rows)
    return [_item(row, times[row.id]) for row in rows]


def _item(row: RecurringSchedule, times: recurring.Times) -> io.ScheduleItem:
    following, last = posts_told.stamp(times.next_at), posts_told.stamp(times.last_at)
    return io.ScheduleItem(
        id=row.id, profile_id=row.profile_id, name=row.name, content=row.content,
        platforms=row.platforms, accounts=[one.account_id for one in row.accounts],
        media=[posts_told.media_item(one, index) for index, one in enumerate(row.media)],
        platform_overrides={name: Override(**own) for name, own in row.overrides.items()},
        recurrence_pattern=row.pattern, recurrencePattern=row.pattern,
        recurrence_config=row.config, recurrenceConfig=row.config,
        time_of_day=row.time_of_day, timeOfDay=row.time_of_day, timezone=row.time_zone,
        is_active=row.is_active, isActive=row.is_active, pause_reason=row.pause_reason,
        next_scheduled_at=following, nextScheduledAt=following, last_posted_at=last,
        lastPostedAt=last, created_at=posts_told.stamp(row.created_at),
        updated_at=posts_told.stamp(row.updated_at),
    )  # fmt: skip


def line(one: Line) -> io.OccurrenceItem:
    """One occurrence."""
    return io.OccurrenceItem(
        date=one.day, local=one.local, scheduled_at=posts_told.stamp(one.at),
        scheduled_for=posts_told.stamp(one.due_at), status=one.status, note=one.note,
        post_id=one.post_id, edited=one.by_hand,
    )  # fmt: skip
