"""What the Recurring pages and their form are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import Response, make_response, render_template, request
from wtforms.fields import SelectChoice

from app.clock import now
from app.errors import ValidationFailed
from app.extensions import networks
from app.models.recurring import Pattern, RecurringSchedule
from app.permissions import Permission
from app.services import (
    duplicate_checks,
    recurring_board,
    recurring_occurrences,
    recurring_posts,
)
from app.services.recurring import Changes
from app.services.recurring_board import Choices, Entry
from app.services.recurring_occurrences import Line
from app.services.recurring_posts import Planned
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.forms.posts import moment
from app.web.forms.recurring import OneDateForm, ScheduleForm
from app.web.when import When

SIZE = 20  # schedules of a page
PAST = 30  # occurrences of a page
NAMED = 3  # dates that a sentence names


def when() -> When:
    """Words for moments in the brand's zone."""
    return When(current_profile())


def around() -> dict[str, Any]:
    """What every part is drawn from."""
    actor, profile = current_actor(), current_profile()
    return {
        "profile": profile, "when": when(), "problem": "", "open": False, "here": "",
        "may_write": actor.may(Permission.POST_WRITE, profile.id),
    }  # fmt: skip


def shown() -> dict[str, Any]:
    """A page of the list."""
    at = _page()
    entries, count = recurring_board.board(
        current_actor(), current_profile(), limit=SIZE, offset=(at - 1) * SIZE
    )
    return {**around(), "entries": entries, "count": count, "at": at, "size": SIZE}


def entry(schedule_id: UUID) -> Entry:
    """One schedule of this brand; ``NotFound`` for any other."""
    return recurring_board.entry(current_actor(), current_profile(), schedule_id)


def one(schedule_id: UUID, *, history: bool = False) -> dict[str, Any]:
    """One schedule, and what became of its occurrences where that is asked for."""
    drawn = {**around(), "entry": entry(schedule_id)}
    if not history:
        return drawn
    at = _page()
    past, count = recurring_occurrences.history(
        current_actor(), schedule_id, limit=PAST, offset=(at - 1) * PAST
    )
    said = drawn["when"].short
    twins = [
        (f"{duplicate_checks.called(one.accounts)} {duplicate_checks.sentence(one, said)}.",
         f"/p/{current_profile().slug}/posts/{one.post_id}")
        for one in recurring_board.twins(current_actor(), current_profile(), drawn["entry"])[:2]
    ]  # fmt: skip
    return drawn | {
        "twins": twins,
        "past": past, "count": count, "at": at, "size": PAST, "open": True, "here": "show",
    }  # fmt: skip


def new_form(**given: Any) -> ScheduleForm:
    """The form for a new schedule, which begins today."""
    form = ScheduleForm(**given)
    if not form.is_submitted():
        form.starts_on.data = when().today
    return _with_choices(form, None)


def typed_form(row: RecurringSchedule) -> ScheduleForm:
    """The form for one that is there, as it was typed."""
    return _with_choices(ScheduleForm(), row)


def form_of(row: RecurringSchedule) -> ScheduleForm:
    """The form for one that is there, as it is."""
    days = row.config.get("day_of_week", [])
    ends_on = row.config.get("ends_on")
    form = ScheduleForm(
        formdata=None, name=row.name, content=row.content, pattern=row.pattern.value,
        accounts=[str(one.account_id) for one in row.accounts], platforms=list(row.platforms),
        weekdays=[str(day) for day in (days if isinstance(days, list) else [days])],
        month_day=row.config.get("day_of_month"), rrule=row.config.get("rrule", ""),
        time=row.time_of_day[:5], starts_on=row.starts_on,
        ends_on=date.fromisoformat(ends_on) if ends_on else None,
    )  # fmt: skip
    return _with_choices(form, row)


def changes(form: ScheduleForm) -> Changes:
    """What the form says, whole; only what belongs to the chosen rule."""
    pattern = Pattern(form.pattern.data)
    config: dict[str, Any] = {
        Pattern.DAILY: {},
        Pattern.WEEKLY: {"day_of_week": [int(day) for day in form.weekdays.data or ()]},
        Pattern.MONTHLY: {"day_of_month": form.month_day.data},
        Pattern.CUSTOM: {"rrule": form.rrule.data or ""},
    }[pattern]
    ends_on = form.ends_on.data
    config["ends_on"] = ends_on.isoformat() if ends_on else ""
    return Changes(
        name=form.name.data, content=form.content.data or "", pattern=pattern, config=config,
        platforms=form.platforms.data or [], time_of_day=form.time.data,
        accounts=[UUID(one) for one in form.accounts.data or ()], starts_on=form.starts_on.data,
    )  # fmt: skip


def brief(schedule_id: UUID) -> Entry:
    """One schedule of this brand without its dates; ``NotFound`` for any other."""
    return recurring_board.brief(current_actor(), current_profile(), schedule_id)


def one_date(found: Entry, day: date, form: OneDateForm | None = None) -> str:
    """The page of one date; its form where a person may change it and it has no post yet."""
    line = recurring_occurrences.line_of(current_actor(), found.row, day)
    drawn = around()
    if form is None and drawn["may_write"] and line.status == "upcoming":
        form = date_form(found.row, line)
    return render_template("recurring/one_date.html", entry=found, line=line, form=form, **drawn)


def date_form(row: RecurringSchedule, line: Line, *, typed: bool = False) -> OneDateForm:
    """The form of one date: as the series says, or as it was typed."""
    form = OneDateForm() if typed else OneDateForm(
        formdata=None, content=row.content, at=when().field(line.at),
        accounts=[str(one.id) for one in recurring_board.goes_to(current_actor(), row)],
    )  # fmt: skip
    found = recurring_board.choices(current_actor(), current_profile().id, row)
    form.accounts.choices = _accounts(found)
    return form


def date_changes(
    form: OneDateForm, row: RecurringSchedule, line: Line
) -> tuple[Changes, datetime | None]:
    """What the form says differently from the series, and its time where that is another one.

    Raises ``ValidationFailed`` (field ``at``) for a time that is none or has passed.
    """
    due_at = moment(form.at.data or "", current_profile().zone, None)
    if due_at <= now():
        raise ValidationFailed("That time has passed. Choose a later one.", field="at")
    text = "\n".join((form.content.data or "").splitlines())
    chosen = set(form.accounts.data or ())
    same = chosen == {str(one.id) for one in recurring_board.goes_to(current_actor(), row)}
    changes = Changes(
        content=None if text == row.content else text,
        accounts=None if same else [UUID(one) for one in form.accounts.data or ()],
    )
    return changes, None if due_at == line.at.replace(second=0, microsecond=0) else due_at


def dates(found: Sequence[Planned]) -> str:
    """Their times in words: the first few, and how many more."""
    said = when().short
    named = [said(one.due_at) for one in found[:NAMED]]
    if len(found) > NAMED:
        named.append(f"{len(found) - NAMED} more")
    return " and ".join(filter(None, ["; ".join(named[:-1]), named[-1]]))


def reached(found: Sequence[Planned], *, keep: bool) -> str:
    """What became of the planned posts of a schedule that was changed, as further sentences."""
    ours = [one for one in found if not one.theirs]
    left = [one for one in found if one.theirs]
    words = ""
    if ours:
        many = f"Its {len(ours)} planned posts" if len(ours) > 1 else "Its planned post"
        does = ("stay as they are", "follow") if len(ours) > 1 else ("stays as it is", "follows")
        words += f" {many} {does[0] if keep else does[1]}."
    if left and not keep:
        stays = "stay as they were changed" if len(left) > 1 else "stays as it was changed"
        words += f" {dates(left)} {stays} by hand."
    return words


def form_page(form: ScheduleForm, found: Entry | None = None, *, status: int = 200) -> Response:
    """The form on its page, with what was typed."""
    row = found.row if found else None
    zone = row.time_zone if row else current_profile().time_zone
    page = render_template(
        "recurring/form.html", form=form, entry=found, pictures=len(row.media) if row else 0,
        place_name=zone.rpartition("/")[2].replace("_", " "),
        planned=recurring_posts.planned(row) if row else [], dates=dates, **around(),
    )  # fmt: skip
    response = make_response(page, status)
    response.vary.update(htmx.VARY)
    return response


def _with_choices(form: ScheduleForm, row: RecurringSchedule | None) -> ScheduleForm:
    found = recurring_board.choices(current_actor(), current_profile().id, row)
    form.accounts.choices = _accounts(found)
    form.platforms.choices = [
        SelectChoice(name, f"Every {networks.get(name).title} account") for name in found.networks
    ]
    return form


def _accounts(found: Choices) -> list[SelectChoice]:
    return [
        SelectChoice(str(one.id), f"{one.name or one.handle} on {networks.get(one.network).title}")
        for one in found.accounts
    ]


def _page() -> int:
    return max(1, min(request.args.get("page", 1, type=int), 10_000))
