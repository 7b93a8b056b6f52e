"""Tools about posts that repeat by themselves."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.api.auth import current_actor, current_profile_id, named_profile_id
from app.api.contract import Camel
from app.api.mcp.posts import File, files
from app.api.mcp.tool import Once, tool
from app.api.v1 import recurring as v1
from app.api.v1 import recurring_schemas as io
from app.api.v1.posts_schemas import TEXT_LIMIT, Override, Platforms
from app.models.recurring import Pattern
from app.services import recurring, recurring_occurrences
from app.services.recurring import Changes

CONFIG = (
    "weekly: {day_of_week} (0 Sunday to 6, or several in a list); monthly: {day_of_month} (past a"
    " month's end means its last day); custom: {rrule}, a rule of whole days as in RFC 5545."
)


class NewSchedule(Once):
    name: str = Field(max_length=1000)
    content: str = Field(max_length=TEXT_LIMIT, description="The text of every post.")
    platforms: Platforms = Field(
        default=[], description="Every account of these that is connected when a post is made."
    )
    accounts: list[UUID] = Field(
        default=[], max_length=100, description="These accounts exactly (see list_accounts)."
    )
    media: list[File] = Field(default=[], max_length=40)
    platform_overrides: dict[str, Override] = Field(
        default={}, description="By platform: a text of its own, and settings."
    )
    recurrence_pattern: Pattern
    recurrence_config: dict[str, Any] = Field(default={}, description=CONFIG)
    time_of_day: str = Field(max_length=40, description="Such as 09:00.")
    timezone: str | None = Field(
        default=None, max_length=100, description="Such as Europe/London. Left out: the brand's."
    )


class Asked(Camel):
    schedule_id: UUID


class Lines(Asked):
    upcoming: int = Field(default=10, ge=0, le=100, description="How many to come.")
    limit: int = Field(default=10, ge=1, le=100, description="How many that have been.")
    offset: int = Field(default=0, ge=0, le=10_000_000)


class Skipped(Asked):
    date: datetime.date = Field(description="Its day in the schedule's time zone.")
    skip: bool = Field(default=True, description="false puts a skipped one back.")


@tool("List recurring schedules", need="post.read", takes=io.SchedulesQuery)
def list_recurring_schedules(asked: io.SchedulesQuery) -> io.ScheduleList:
    """What repeats by itself, the newest first, with the time of its next post and whether it is
    active."""
    found, total = recurring.listed(
        current_actor(), named_profile_id(asked.profile_id), limit=asked.limit, offset=asked.offset
    )
    return io.ScheduleList(schedules=v1.told(found), total=total)


@tool(
    "Set up recurring posts", need="post.write", takes=NewSchedule, writes=True, outward=True,
    makes="recurring_schedules", again=v1.again,
)  # fmt: skip
def create_recurring_schedule(asked: NewSchedule) -> io.ScheduleSaved:
    """Makes and publishes a post by itself again and again. What a network would refuse is
    refused now. Not for a key that may only write drafts or needs a person's confirmation."""
    actor, profile_id = current_actor(), current_profile_id(asked.profile_id)
    changes = Changes(
        name=asked.name, content=asked.content, overrides=v1.own(asked.platform_overrides),
        platforms=asked.platforms, accounts=asked.accounts,
        media=files(actor, profile_id, asked.media), pattern=asked.recurrence_pattern,
        config=asked.recurrence_config, time_of_day=asked.time_of_day, time_zone=asked.timezone,
    )  # fmt: skip
    return v1.saved(recurring.create(actor, profile_id, changes))


@tool(
    "Pause a recurring schedule", need="post.write", takes=Asked, writes=True, repeatable=True
)  # fmt: skip
def pause_recurring_schedule(asked: Asked) -> io.ScheduleSaved:
    """No more posts of it until it is resumed; those that wait to go out are taken off."""
    return _switched(asked.schedule_id, on=False)


@tool(
    "Resume a recurring schedule", need="post.write", takes=Asked, writes=True, repeatable=True,
    outward=True,
)  # fmt: skip
def resume_recurring_schedule(asked: Asked) -> io.ScheduleSaved:
    """It goes on with its next time; what it missed meanwhile stays out."""
    return _switched(asked.schedule_id, on=True)


@tool("List a schedule's occurrences", need="post.read", takes=Lines)
def list_occurrences(asked: Lines) -> io.OccurrenceList:
    """The days on which a recurring schedule will post, the next first, and those on which it
    has, with what became of each."""
    actor = current_actor()
    ahead = recurring_occurrences.upcoming(actor, asked.schedule_id, asked.upcoming)
    past, total = recurring_occurrences.history(
        actor, asked.schedule_id, limit=asked.limit, offset=asked.offset
    )
    return io.OccurrenceList(
        upcoming=[v1.line(one) for one in ahead], history=[v1.line(one) for one in past],
        total=total,
    )  # fmt: skip


@tool("Skip one occurrence", need="post.write", takes=Skipped, writes=True, repeatable=True)
def skip_occurrence(asked: Skipped) -> io.OccurrenceOut:
    """Leaves out one day of a recurring schedule, or with skip false puts it back."""
    act = recurring_occurrences.skip if asked.skip else recurring_occurrences.restore
    return io.OccurrenceOut(occurrence=v1.line(act(current_actor(), asked.schedule_id, asked.date)))


def _switched(schedule_id: UUID, *, on: bool) -> io.ScheduleSaved:
    return v1.saved(recurring.change(current_actor(), schedule_id, Changes(is_active=on)))
