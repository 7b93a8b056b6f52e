"""Tools that look at the calendar and at what the engine did."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from pydantic import Field

from app.api.auth import current_actor, current_profile_id
from app.api.contract import Camel
from app.api.mcp.tool import Profile, tool
from app.api.v1 import best_times as times
from app.api.v1 import scheduled as v1
from app.errors import ValidationFailed
from app.permissions import Permission
from app.services import best_times as services
from app.services import calendar, job_logs
from app.services.access import reach
from app.services.cards import Card

MOST_DAYS = 62


class Span(Profile):
    first: date | None = Field(
        default=None, description="The first day, such as 2026-12-01. Left out: today."
    )
    last: date | None = Field(
        default=None, description=f"The last day, at most {MOST_DAYS} later. Left out: a week."
    )


class Entry(Camel):
    """One post; ``at`` is in the brand's time zone. ``madeBy`` is web, api or mcp."""

    post_id: UUID
    at: str | None
    state: str
    title: str
    platforms: list[str]
    made_by: str


class Calendar(Camel):
    time_zone: str
    first: date
    last: date
    entries: list[Entry]


@tool("Read the calendar", need="post.read", takes=Span)
def list_calendar(asked: Span) -> Calendar:
    """The posts planned or gone out on the days from first to last, in the brand's time zone."""
    actor = current_actor()
    profile_id = current_profile_id(asked.profile_id)
    profile = reach(actor).profile(profile_id, need=Permission.POST_READ)
    first = asked.first or calendar.today(profile)
    last = asked.last or first + timedelta(days=6)
    if not timedelta(0) <= last - first <= timedelta(days=MOST_DAYS):
        raise ValidationFailed(
            f"last has to be first or up to {MOST_DAYS} days later.", field="last"
        )
    if {first.year, last.year} - set(calendar.YEARS):
        raise ValidationFailed("Choose a year from 1970 to 2199.", field="first")
    found = calendar.agenda(actor, profile, first, last)
    return Calendar(
        time_zone=profile.time_zone, first=first, last=last, entries=[_entry(one) for one in found]
    )


@tool("Read the delivery log", need="post.read", takes=v1.LogsQuery)
def list_job_logs(asked: v1.LogsQuery) -> v1.Logs:
    """The tries to deliver posts, the newest first, with what a network said to each."""
    found = job_logs.listed(
        current_actor(), current_profile_id(asked.profile_id), network=asked.platform,
        status=asked.status, limit=asked.limit,
    )  # fmt: skip
    return v1.Logs(logs=[v1.log(one) for one in found])


@tool("Best times to post", need="post.read", takes=times.BestTimesQuery)
def best_times(asked: times.BestTimesQuery) -> times.BestTimesOut:
    """The hours of the week to plan for, best first, in the brand's time zone; days count from 0,
    Sunday. isDefault says that they are the usual ones and not from the brand's own posts."""
    profile_id = current_profile_id(asked.profile_id)
    return times.told(services.find(current_actor(), profile_id, asked.platform))


def _entry(card: Card) -> Entry:
    at = card.at.isoformat(timespec="minutes") if card.at else None
    return Entry(
        post_id=card.id, at=at, state=card.state,
        title=card.title, platforms=list(card.networks), made_by=card.source,
    )  # fmt: skip
