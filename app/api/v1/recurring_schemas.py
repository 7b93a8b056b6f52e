"""Recurring schedules as Amplify writes them: bodies in camelCase, lists in snake_case.

The seed spells its answers both ways, so each member is told in both; bodies take either.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.api.contract import Camel, Model
from app.api.v1.posts_schemas import TEXT_LIMIT, AmplifyMedia, MediaItem, Override, Platforms
from app.models.recurring import Pattern

EXAMPLE: dict[str, Any] = {
    "name": "Monday Motivation",
    "content": "Happy Monday! Let's crush this week! 💪",
    "platforms": ["instagram", "facebook"],
    "recurrencePattern": "weekly",
    "recurrenceConfig": {"day_of_week": 1},
    "timeOfDay": "09:00:00",
    "timezone": "UTC",
}
RULE: dict[str, Any] = {
    "name": "Two Fridays",
    "content": "Open until late tonight.",
    "platforms": ["mastodon"],
    "recurrencePattern": "custom",
    "recurrenceConfig": {"rrule": "FREQ=MONTHLY;BYDAY=2FR,4FR"},
    "timeOfDay": "16:30:00",
    "timezone": "Europe/London",
}


class ScheduleBody(Camel):
    """What a schedule posts, and when. ``recurrenceConfig`` holds ``day_of_week`` (0 Sunday to 6,
    or several in a list), ``day_of_month`` (1 to 31; past a month's end means its last day), or
    for ``custom`` an RFC 5545 rule of whole days in ``rrule``; of any, ``ends_on`` is the last
    day (``2026-12-31``)."""

    name: str | None = Field(default=None, max_length=1000)
    content: str | None = Field(default=None, max_length=TEXT_LIMIT)
    platforms: Platforms | None = None
    accounts: list[UUID] | None = Field(default=None, max_length=100)
    media: list[AmplifyMedia] | None = Field(default=None, max_length=40)
    platform_overrides: dict[str, Override] | None = None
    recurrence_pattern: Pattern | None = None
    recurrence_config: dict[str, Any] | None = None
    time_of_day: str | None = Field(default=None, max_length=40)
    timezone: str | None = Field(default=None, max_length=100)


class NewSchedule(ScheduleBody):
    """Body of ``POST /api/v1/recurring-schedules``; without ``timezone`` it is the profile's."""

    profile_id: str | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE, RULE]})


class ScheduleChange(ScheduleBody):
    """Body of ``PATCH``: any of these. ``isActive`` false pauses it."""

    is_active: bool | None = None


class SchedulesQuery(Camel):
    """Which profile's, and which page of them."""

    profile_id: str | None = None
    limit: int = Field(default=100, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=10_000_000)


class ScheduleItem(Model):
    """One schedule. ``pause_reason`` says why we paused it; it is empty where a person did."""

    id: UUID
    profile_id: UUID
    name: str
    content: str
    platforms: list[str]
    accounts: list[UUID]
    media: list[MediaItem]
    platform_overrides: dict[str, Override]
    recurrence_pattern: Pattern
    recurrencePattern: Pattern
    recurrence_config: dict[str, Any]
    recurrenceConfig: dict[str, Any]
    time_of_day: str
    timeOfDay: str
    timezone: str
    is_active: bool
    isActive: bool
    pause_reason: str
    next_scheduled_at: str | None
    nextScheduledAt: str | None
    last_posted_at: str | None
    lastPostedAt: str | None
    created_at: str | None
    updated_at: str | None


class ScheduleList(Model):
    schedules: list[ScheduleItem]
    total: int


class ScheduleOut(Model):
    schedule: ScheduleItem


class ScheduleSaved(Model):
    success: bool = True
    schedule: ScheduleItem


class OccurrencesQuery(Camel):
    """How many that are to come, and which page of the history."""

    upcoming: int = Field(default=10, ge=0, le=100)
    limit: int = Field(default=50, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=10_000_000)


class OccurrenceChange(Camel):
    """Body of ``PATCH``: ``skip`` true leaves it out, false puts it back; or what is to be
    different this once."""

    skip: bool | None = None
    content: str | None = Field(default=None, max_length=TEXT_LIMIT)
    platforms: Platforms | None = None
    accounts: list[UUID] | None = Field(default=None, max_length=100)
    media: list[AmplifyMedia] | None = Field(default=None, max_length=40)
    platform_overrides: dict[str, Override] | None = None
    scheduled_for: datetime | None = None


class OccurrenceItem(Model):
    """One occurrence, named by its day on the schedule's wall clock. ``status`` is ``upcoming``
    until its post is made, then the post's; or ``skipped``, ``missed``, ``failed``."""

    date: date
    local: str
    scheduled_at: str | None
    scheduled_for: str | None
    status: str
    note: str
    post_id: UUID | None
    edited: bool


class OccurrenceList(Model):
    upcoming: list[OccurrenceItem]
    history: list[OccurrenceItem]
    total: int


class OccurrenceOut(Model):
    success: bool = True
    occurrence: OccurrenceItem


class Done(Model):
    success: bool = True
