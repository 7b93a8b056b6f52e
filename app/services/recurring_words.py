"""A schedule's rule as a person says it: "Every Thursday, 09:00" (DESIGN 6.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from app.clock import now, zone
from app.models.recurring import Pattern, RecurringSchedule
from app.services import recurrence_rules
from app.services.recurrence import Rule

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WORKING = (0, 1, 2, 3, 4)
NTHS = {
    0: "every", 1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last",
    -2: "second to last",
}  # fmt: skip


def sentence(row: RecurringSchedule, home: str) -> str:
    """The rule, the time, and from when to when. ``home`` is the reader's zone (its IANA name):
    the schedule's own is named where it is another one.

    A rule that has no plain words is told as it was written.
    """
    rule, _ = recurrence_rules.of(row.pattern, row.config)
    place = row.time_zone.rpartition("/")[2].replace("_", " ")
    found = f"{_days(row, rule)}, {row.time_of_day[:5]}"
    if row.time_zone != home:
        found += f" {place} time"
    if row.starts_on > now().astimezone(zone(row.time_zone)).date():
        found += f", from {_date(row.starts_on)}"
    if rule.until is not None and "ends_on" in row.config:
        found += f", until {_date(rule.until)}"
    return found


def _days(row: RecurringSchedule, rule: Rule) -> str:
    if row.pattern is Pattern.DAILY:
        return "Every day"
    if row.pattern is Pattern.WEEKLY:
        return _weekdays(sorted(day for day, _ in rule.weekdays))
    if row.pattern is Pattern.MONTHLY:
        day = row.config["day_of_month"]
        past = ", or its last day" if day > 28 else ""
        return f"On the {_ordinal(day)} of every month{past}"
    told = _plain(rule, row.starts_on)
    if told is None:
        return f"By the rule {row.config['rrule'].upper().removeprefix('RRULE:')}"
    if "ends_on" not in row.config and rule.until is not None:
        told += f" until {_date(rule.until)}"
    return told + (f", {rule.count} times in all" if rule.count is not None else "")


def _plain(rule: Rule, start: date) -> str | None:
    """Words for the common rules; ``None`` for one that needs the rule itself."""
    if rule.months or rule.year_days or rule.weeks or rule.positions:
        return None
    every, days = rule.interval, sorted(rule.weekdays)
    if rule.freq == "DAILY" and not days and not rule.month_days:
        return "Every day" if every == 1 else f"Every {every} days"
    if rule.freq == "WEEKLY":
        named = [day for day, _ in days] or [start.weekday()]
        if every == 1:
            return _weekdays(named)
        return f"Every {every} weeks on {_listed([DAYS[day] for day in named])}"
    if rule.freq != "MONTHLY":
        return None
    months = "of every month" if every == 1 else f"of every {_ordinal(every)} month"
    if days and not rule.month_days and all(nth in NTHS for _, nth in days):
        named_days = _listed([f"{NTHS[nth]} {DAYS[day]}" for day, nth in days])
        return f"On {'' if days[0][1] == 0 else 'the '}{named_days} {months}"
    if not days and all(day > 0 for day in rule.month_days):
        on = sorted(rule.month_days) or [start.day]
        return f"On the {_listed([_ordinal(day) for day in on])} {months}"
    return None


def _weekdays(named: Sequence[int]) -> str:
    if len(named) == len(DAYS):
        return "Every day"
    if tuple(named) == WORKING:
        return "Every weekday"
    return f"Every {_listed([DAYS[day] for day in named])}"


def _listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``"""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _ordinal(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if 10 <= number % 100 <= 20 else ends.get(number % 10, 'th')}"


def _date(on: date | datetime) -> str:
    return f"{on.day} {on:%B %Y}"
