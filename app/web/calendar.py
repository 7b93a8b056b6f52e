"""The calendar of a brand: month, week, list and day, and what of them changes by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.services import beside, bulk, calendar, week
from app.services.bulk_orders import Order
from app.services.calendar import Filters
from app.web import bulk_words, htmx
from app.web import calendar_parts as parts
from app.web.actor import current_actor, current_profile
from app.web.forms.calendar import day_of, filters_of, month_of, shown_of
from app.web.guard import requires
from app.web.settings import setup_context
from app.web.when import When

bp = Blueprint("calendar", __name__, url_prefix="/p/<profile>/calendar")


@bp.get("")
@requires("post.read")
def index(profile: str) -> ResponseReturnValue:
    """This month."""
    here = calendar.today(current_profile())
    return _month(here.year, here.month)


@bp.get("/month/<on>")
@requires("post.read")
def month(profile: str, on: str) -> ResponseReturnValue:
    """A month, such as 2026-05."""
    return _month(*month_of(on))


@bp.get("/week")
@requires("post.read")
def this_week(profile: str) -> ResponseReturnValue:
    """This week."""
    return _week(calendar.today(current_profile()))


@bp.get("/week/<on>")
@requires("post.read")
def weekly(profile: str, on: str) -> ResponseReturnValue:
    """The week that holds a day, such as 2026-05-14, as a grid of time."""
    return _week(day_of(on))


@bp.get("/list")
@requires("post.read")
def this_list(profile: str) -> ResponseReturnValue:
    """This month as a list."""
    here = calendar.today(current_profile())
    return _list(here.year, here.month)


@bp.get("/list/<on>")
@requires("post.read")
def listed(profile: str, on: str) -> ResponseReturnValue:
    """A month as a list, with a search in the texts."""
    return _list(*month_of(on))


@bp.get("/day/<on>")
@requires("post.read")
def day(profile: str, on: str) -> ResponseReturnValue:
    """One day with everything on it: a page, or the panel below a phone's month."""
    when, filters = day_of(on), filters_of(request.args)
    found = calendar.day(current_actor(), current_profile(), when, filters)
    context = {**parts.common(filters), "day": found, "view": "day", "anchor": when}
    if htmx.wants_part():
        return htmx.render("calendar/day.html", fragment="calendar/_agenda.html", **context)
    one = timedelta(days=1)
    return parts.page("calendar/day.html", before=when - one, after=when + one, **context)


@bp.get("/tray")
@requires("post.read")
def tray(profile: str) -> ResponseReturnValue:
    """The drafts without a date and what goes out next: beside a week, once it is opened."""
    if not htmx.wants_part():
        return htmx.redirect(f"/p/{profile}/drafts")
    actor, brand = current_actor(), current_profile()
    context = {
        **parts.common(Filters()),
        "drafts": beside.drafts(actor, brand),
        "next_up": beside.up_next(actor, brand),
    }
    response = make_response(render_template("calendar/_tray.html", **context))
    return htmx.along(response, htmx.part("calendar/_upnext.html", "#upnext", **context))


@bp.get("/attention")
@requires("post.read")
def needing(profile: str) -> ResponseReturnValue:
    """Every post that needs a person, of whatever month."""
    found = calendar.needing(current_actor(), current_profile())
    return parts.page(
        "calendar/attention.html", **parts.common(Filters()), cards=found, view="attention"
    )


@bp.get("/live")
@requires("post.read")
def live(profile: str) -> ResponseReturnValue:
    """What of a month or a week looks different from what its page shows; 204 where nothing does.

    ``seen`` holds a mark of the bar and of each day, as the page was given them.
    """
    filters = filters_of(request.args)
    found = parts.look(shown_of(request.args), filters)
    context = parts.of_grid(found, filters)
    before, after = request.args.get("seen", "").split("."), context["seen"].split(".")
    if before == after and request.args.get("every") == str(context["every"] or ""):
        return "", 204
    response = make_response(render_template("calendar/_live.html", **context))
    days = parts.changed(found, before, after)
    found_parts = parts.day_parts(days, context)
    if before != after:
        found_parts += [*parts.around_parts(found, context), *parts.bells(days)]
    return htmx.along(response, *found_parts)


def _month(year: int, number: int) -> Response:
    actor, profile = current_actor(), current_profile()
    filters = replace(filters_of(request.args), text="")
    people = parts.people(actor, profile)
    whole = beside.month(actor, profile, year, number, filters, dict(people))
    found = whole.month
    here, first = calendar.today(profile), found.first
    on = here if (here.year, here.month) == (year, number) else first
    grid = parts.of_grid(found, filters)
    setup = setup_context(parts.steps_known(grid, whole.armed))
    if filters.slots and not setup["setup"].hidden and not grid["timed"]:
        grid["month"] = calendar.suggested(actor, profile, found)
    return parts.page(
        "calendar/month.html",
        **(setup | grid),
        view="month",
        anchor=first,
        before=parts.shift(first, -1),
        after=parts.shift(first, 1),
        cadence=parts.strip(found, grid["owned"]),
        people=people,
        drafts=whole.drafts,
        next_up=whole.next_up,
        day=next(one for one in found.days if one.date == on),
    )


def _week(on: date) -> Response:
    actor, profile = current_actor(), current_profile()
    filters = replace(filters_of(request.args), text="")
    found = week.look(actor, profile, on, filters)
    grid, days = parts.of_grid(found, filters), timedelta(days=7)
    return parts.page(
        "calendar/week.html",
        **grid,
        view="week",
        anchor=found.first,
        before=found.first - days,
        after=found.first + days,
        cadence=parts.strip(found, grid["owned"]),
        whole=request.args.get("hours") == "all",
    )


def _list(year: int, number: int) -> Response:
    filters = filters_of(request.args)
    first = date(year, number, 1)
    return parts.page(
        "calendar/list.html",
        **parts.common(filters),
        days=calendar.listing(current_actor(), current_profile(), year, number, filters),
        last=_last(),
        timed=False,  # a list has no open slots
        view="list",
        anchor=first,
        before=parts.shift(first, -1),
        after=parts.shift(first, 1),
    )


def _last() -> dict[str, Any] | None:
    """The work on many posts that can still be undone, in words."""
    found = bulk.latest(current_actor(), current_profile())
    if found is None:
        return None
    batch, count, until = found
    told = bulk_words.done(Order.from_json(batch.asked), count, When(current_profile()))
    return {"id": batch.id, "told": told, "until": until}
