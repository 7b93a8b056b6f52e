"""When something comes again: dates by rule, times on a wall clock, instants by zone.

Everything is reckoned on the naive wall clock and brought to UTC last (reliability §6): a time
that does not exist moves forward by the gap, one that occurs twice means the first. A rule
names days, never hours, so no schedule comes more than once a day, and no look goes further
than ``REACH``: a rule that names no date costs as little as any other.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from app.clock import clock_change, to_utc

DAY = timedelta(days=1)
REACH = timedelta(days=366 * 8)  # 29 February comes again within that


@dataclass(frozen=True)
class Rule:
    """An RFC 5545 rule of whole days. Weekdays are ``(0 Monday … 6, nth)``, nth 0: each one.

    ``until`` is a date, a wall-clock time, or an instant (aware); it is included.
    """

    freq: str  # DAILY, WEEKLY, MONTHLY or YEARLY
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    week_start: int = 0
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    weeks: frozenset[int] = frozenset()
    weekdays: frozenset[tuple[int, int]] = frozenset()
    positions: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Occurrence:
    """One time of a schedule: on its wall clock (naive), and as an instant (UTC)."""

    local: datetime
    at: datetime

    @property
    def key(self) -> str:
        """Its identity in the database: ``2026-01-16T09:00:00``."""
        return self.local.isoformat(timespec="seconds")


@dataclass(frozen=True)
class Recurrence:
    """A rule that begins on ``start``, at a time of day, in a zone."""

    rule: Rule
    start: date
    time: time
    zone: ZoneInfo

    def between(self, after: datetime, until: datetime) -> Iterator[Occurrence]:
        """Those later than ``after`` and not later than ``until`` (instants), in their order."""
        # A clock's change moves no time by more than a day: where a zone crossed the date line.
        first = after.astimezone(self.zone).date() - 2 * DAY
        last = until.astimezone(self.zone).date() + 2 * DAY
        for one in self._apart(first, last):
            if one.at > until:
                return
            if one.at > after:
                yield one

    def upcoming(self, after: datetime, count: int) -> list[Occurrence]:
        """The next ones, as many as there are within ``REACH``."""
        return list(islice(self.between(after, after + REACH), count))

    def next(self, after: datetime) -> Occurrence | None:
        """The next one; ``None`` where there is none within ``REACH``."""
        return next(iter(self.upcoming(after, 1)), None)

    def on(self, day: date) -> Occurrence | None:
        """The one of that day of the wall clock, where there is one."""
        found = [
            one for one in self._apart(day - 2 * DAY, day + 2 * DAY) if one.local.date() == day
        ]
        return found[0] if found else None

    def moved(self, one: Occurrence) -> str | None:
        """``"skipped"`` or ``"twice"`` where a change of the clock touches it."""
        return clock_change(one.local, self.zone)

    def _apart(self, first: date, last: date) -> Iterator[Occurrence]:
        """Of two at one instant (a zone left a day out) only that of the day that exists."""
        waiting: Occurrence | None = None
        for one in self._all(first, last):
            if waiting is not None and waiting.at != one.at:
                yield waiting
            waiting = one
        if waiting is not None:
            yield waiting

    def _all(self, first: date, last: date) -> Iterator[Occurrence]:
        for day in dates(self.rule, self.start, first, last):
            local = datetime.combine(day, self.time)
            one = Occurrence(local, to_utc(local, self.zone))
            if not self._before_end(one):
                return
            yield one

    def _before_end(self, one: Occurrence) -> bool:
        until = self.rule.until
        if isinstance(until, datetime):
            return (one.local if until.tzinfo is None else one.at) <= until
        return until is None or one.local.date() <= until


def dates(rule: Rule, start: date, first: date, last: date) -> Iterator[date]:
    """The rule's dates from ``start`` on that lie between ``first`` and ``last``, both included."""
    rule = _anchored(rule, start)
    left = rule.count
    begin = max(first, start) if left is None else start
    for head, tail in _periods(rule, start, begin, last):
        for day in _named(rule, head, tail):
            if day < start:
                continue
            if day > last or left == 0:
                return
            left = None if left is None else left - 1
            if day >= first:
                yield day


def _anchored(rule: Rule, start: date) -> Rule:
    """What a rule leaves open is taken from the day it begins on (RFC 5545, 3.3.10)."""
    if rule.weeks or rule.year_days or rule.month_days or rule.weekdays:
        return rule
    if rule.freq == "YEARLY":
        months = rule.months or frozenset({start.month})
        return replace(rule, months=months, month_days=frozenset({start.day}))
    if rule.freq == "MONTHLY":
        return replace(rule, month_days=frozenset({start.day}))
    if rule.freq == "WEEKLY":
        return replace(rule, weekdays=frozenset({(start.weekday(), 0)}))
    return rule


def _periods(rule: Rule, start: date, begin: date, last: date) -> Iterator[tuple[date, date]]:
    """The days, weeks, months or years that the rule looks at, from that of ``begin`` on."""
    if rule.freq in ("DAILY", "WEEKLY"):
        size = 1 if rule.freq == "DAILY" else 7
        back = (start.weekday() - rule.week_start) % 7 if size == 7 else 0
        head, step = start - back * DAY, size * rule.interval
        head += (begin - head).days // step * step * DAY
        while head <= last:
            yield head, head + (size - 1) * DAY
            head += step * DAY
        return
    size = 1 if rule.freq == "MONTHLY" else 12
    origin = start.year * 12 + (start.month - 1 if size == 1 else 0)
    step, wanted = size * rule.interval, begin.year * 12 + begin.month - 1
    place = origin + max(wanted - origin, 0) // step * step
    while (head := date(place // 12, place % 12 + 1, 1)) <= last:
        end = place + size - 1
        yield head, date(end // 12, end % 12 + 1, monthrange(end // 12, end % 12 + 1)[1])
        place += step


def _named(rule: Rule, head: date, tail: date) -> list[date]:
    """The dates of one period that the rule names."""
    days = (head + n * DAY for n in range((tail - head).days + 1))
    found = [day for day in days if _fits(rule, day)]
    if not rule.positions:
        return found
    places = {n - 1 if n > 0 else len(found) + n for n in rule.positions}
    return [day for place, day in enumerate(found) if place in places]


def _fits(rule: Rule, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    month = monthrange(day.year, day.month)[1]
    if rule.month_days and not {day.day, day.day - month - 1} & rule.month_days:
        return False
    number, year = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
    if rule.year_days and not {number, number - year - 1} & rule.year_days:
        return False
    if rule.weeks and not set(_week(day, rule.week_start)) & rule.weeks:
        return False
    if not rule.weekdays:
        return True
    # The nth weekday is counted in the month, or in the year where the rule names no month.
    yearly = rule.freq == "YEARLY" and not rule.months
    place, length = (number, year) if yearly else (day.day, month)
    nths = {0, (place - 1) // 7 + 1, -((length - place) // 7 + 1)}
    return any((day.weekday(), nth) in rule.weekdays for nth in nths)


def _week(day: date, week_start: int) -> tuple[int, int]:
    """The number of the day's week in its year, from the front and from the back.

    Week 1 is the first with four days or more in the year (RFC 5545, 3.3.10).
    """
    head = day - (day.weekday() - week_start) % 7 * DAY
    year = (head + 3 * DAY).year  # the year in which most of the week lies
    front = (head + 3 * DAY).timetuple().tm_yday
    number = (front - 1) // 7 + 1
    length = 366 if isleap(year) else 365
    return number, -((length - front) // 7 + 1)
