"""What a page of the calendar is given, and the parts that change on it (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Response, make_response, render_template

from app.clock import now
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.services import attention, beside, cadence, calendar, cards, labels, posting_times, week
from app.services.attention import Attention
from app.services.calendar import STATUSES, Day, Filters, Month
from app.services.cards import Card, Owned
from app.services.week import Week
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.forms.calendar import day_of, month_of, query_of
from app.web.when import When

FAST = 4  # seconds between looks while something moves
LONGEST = 900  # seconds until we look again whether something was planned meanwhile
JUST = timedelta(seconds=3 * FAST)


def common(filters: Filters) -> dict[str, Any]:
    """What every view of the calendar needs."""
    actor, profile = current_actor(), current_profile()
    return {
        "profile": profile,
        "slug": profile.slug,
        "filters": filters,
        "query": query_of(filters),
        "statuses": STATUSES,
        "when": When(profile),
        "title_of": cards.network_title,
        "nth": nth,
        "writing": f"/p/{profile.slug}/compose",
        "may_write": actor.may(Permission.POST_WRITE, profile.id),
        "may_connect": actor.may(Permission.ACCOUNT_WRITE, profile.id),
        "may_team": actor.may(Permission.TEAM_READ, profile.id),
    }


def people(actor: Actor, profile: Profile) -> list[tuple[UUID, str]]:
    """Who writes for the brand, where whoever looks may know that."""
    may = actor.may(Permission.TEAM_READ, profile.id)
    return calendar.authors(actor, profile) if may else []


def steps_known(grid: Mapping[str, Any], armed: bool) -> dict[str, bool]:
    """Of the first steps of a brand, whether they are done, as far as its month shows that."""
    known = {"connect": bool(calendar.networks(grid["owned"])), "times": bool(grid["timed"])}
    return known | ({"post": True} if armed else {})


def look(shown: str, filters: Filters) -> Month | Week:
    """The month (``2026-05``) or the week (``2026-05-11``) on view; ``NotFound`` for no date."""
    actor, profile = current_actor(), current_profile()
    if len(shown) == len("2026-05-11"):
        return week.look(actor, profile, day_of(shown), filters)
    return calendar.month(actor, profile, *month_of(shown), filters)


def of_grid(found: Month | Week, filters: Filters) -> dict[str, Any]:
    """What the grid, the bar above it and the look-out for changes need."""
    actor, profile = current_actor(), current_profile()
    owned = cards.owned(actor, profile)
    month = found.month if isinstance(found, Week) else found
    bar = attention.look(actor, profile, owned)
    return {
        **common(filters),
        "owned": owned,
        "draft_count": month.ahead.drafts,
        "month": month,
        "week": found if isinstance(found, Week) else None,
        "counts": found.counts,
        "timed": bool(month.ahead.times),
        "attention": bar,
        "seen": ".".join(digests(bar, found)),
        "every": FAST if found.moving else 0,
        "wait": 0 if found.moving else _wait(month.ahead.due),
    }


def digests(bar: Attention, found: Month | Week) -> list[str]:
    """One short mark for the bar and one for each day: what a page has been shown."""
    return [bar.digest.replace(".", "-"), *(one.digest for one in found.days)]


def page(template: str, **context: Any) -> Response:
    """A whole view with its filters."""
    actor, profile = current_actor(), current_profile()
    if "owned" not in context:
        context["owned"] = cards.owned(actor, profile)
        context["attention"] = attention.look(actor, profile, context["owned"])
    if "people" not in context:
        context["people"] = people(actor, profile)
    context["labels"] = labels.of_brand(actor, profile.id)
    context["nets"] = calendar.networks(context["owned"])
    if "timed" not in context:
        context["timed"] = posting_times.any_set(actor, profile)
    response = make_response(render_template(template, **context))
    response.vary.update(htmx.VARY)
    return response


def day_parts(days: Iterable[Day], context: dict[str, Any]) -> list[str]:
    """Days of the grid as they look now; in a week also their heads."""
    wanted = {day.date: day for day in days}
    if context["week"] is None:
        return [
            htmx.part("calendar/_day.html", f"#d-{on}", **{**context, "day": day})
            for on, day in wanted.items()
        ]
    columns = [one for one in context["week"].columns if one.day.date in wanted]
    return [
        htmx.part(f"calendar/{name}.html", f"#{mark}-{one.day.date}", **{**context, "column": one})
        for one in columns
        for name, mark in (("_column", "d"), ("_column_head", "h"))
    ]


def strip(found: Month | Week, owned: Sequence[Owned]) -> cadence.Cadence:
    """The strip above the grid; a week is marked on its month's."""
    if isinstance(found, Week):
        return cadence.draw(current_profile(), found.month, owned, found.days)
    return cadence.draw(current_profile(), found, owned)


def around_parts(found: Month | Week, context: dict[str, Any]) -> list[str]:
    """What stands around the grid and changes with it."""
    actor, profile = current_actor(), current_profile()
    context = {
        **context,
        "cadence": strip(found, context["owned"]),
        "next_up": beside.up_next(actor, profile),
    }
    return [
        htmx.part("calendar/_attention.html", "#attention", **context),
        htmx.part("calendar/_cadence.html", "#cadence", **context),
        htmx.part("calendar/_upnext.html", "#upnext", **context),
        htmx.part("calendar/_counts.html", "#counts", **context),
    ]


def tray_parts(context: dict[str, Any]) -> list[str]:
    """The drafts without a date; beside a week their number stands outside the tray too."""
    found = beside.drafts(current_actor(), current_profile())
    shown = {**context, "drafts": found, "draft_count": len(found.cards) + found.more}
    parts = [htmx.part("calendar/_tray.html", "#tray-list", **shown)]
    if context["week"] is not None:
        parts.append(htmx.part("calendar/_tray_count.html", "#tray-count", **shown))
    return parts


def bells(days: Iterable[Day]) -> list[str]:
    """The mark swings once when a post has just gone out (DESIGN §2)."""
    out = any(_just_out(card) for day in days for card in day.cards)
    return [htmx.part("calendar/_bells.html", ".brand > .i")] if out else []


def changed(found: Month | Week, before: Sequence[str], after: Sequence[str]) -> list[Day]:
    """The days that look different from what the page was shown."""
    if len(before) != len(after):
        return list(found.days)
    return [
        day for day, old, new in zip(found.days, before[1:], after[1:], strict=True) if old != new
    ]


def shift(first: date, months: int) -> date:
    """The first day of a month some months away, within the years we know."""
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def nth(number: int) -> str:
    """The letters behind a day's number: 1st, 2nd, 13th."""
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _just_out(card: Card) -> bool:
    return (
        card.state in ("published", "partial")
        and card.changed is not None
        and now() - card.changed < JUST
    )


def _wait(due: datetime | None) -> int:
    """Seconds until it is worth a look: shortly before the next post; 0 with none planned."""
    if due is None:
        return 0
    seconds = int((due - cards.SOON - now()).total_seconds())
    return max(FAST, min(seconds, LONGEST))
