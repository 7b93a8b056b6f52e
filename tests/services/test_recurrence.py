"""The arithmetic of recurrence, against computations that share nothing with it.

Dates are held against python-dateutil and against a plain walk over the calendar; instants
against a search through UTC, minute by minute of a zone's own answers.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.errors import ValidationFailed
from app.models.recurring import Pattern
from app.services import recurrence
from app.services.recurrence import Recurrence, Rule, dates
from app.services.recurrence_rules import WEEKDAYS, of, parse, time_of
from tests.growth import grows_gently

DAY = timedelta(days=1)
ZONES = (
    "America/New_York", "Europe/London", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Tehran",
    "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca", "America/St_Johns", "Asia/Kolkata",
    "Pacific/Chatham", "Africa/Cairo", "UTC",
)  # fmt: skip
days = st.dates(date(1999, 1, 1), date(2040, 12, 31))
times = st.times().map(lambda t: t.replace(microsecond=0))
zones = st.sampled_from(ZONES)


def local_of(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def searched(local: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the zone's clock shows ``local``; in a gap, as far behind the
    clock's jump as ``local`` lies behind the gap's beginning. By looking at UTC alone."""
    low = local.replace(tzinfo=UTC) - timedelta(hours=30)
    exact = [
        at
        for at in _candidates(local, zone, low)
        if local_of(at, zone) == local
    ]  # fmt: skip
    if exact:
        return min(exact)
    # In a gap: bisect for the jump, the last instant whose clock is not past ``local``.
    before, after = low, low + timedelta(hours=60)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        middle = middle.replace(microsecond=0)
        before, after = (middle, after) if local_of(middle, zone) < local else (before, middle)
    into = local - local_of(before, zone) - timedelta(seconds=1)
    return after + into


def _candidates(local: datetime, zone: ZoneInfo, low: datetime) -> list[datetime]:
    """Where the offsets in force around then would put it."""
    offsets = {
        (low + timedelta(minutes=15 * n)).astimezone(zone).utcoffset() for n in range(4 * 60 + 1)
    }
    return [(local - offset).replace(tzinfo=UTC) for offset in offsets if offset is not None]


# Dates ----------------------------------------------------------------------------------------


@given(days, days, st.integers(1, 31))
@example(date(2027, 1, 31), date(2028, 2, 1), 31)
def test_a_day_past_the_months_end_is_its_last(start: date, first: date, day: int) -> None:
    rule, kept = of(Pattern.MONTHLY, {"day_of_month": day, "other": 1})
    last = first + 800 * DAY
    walked = []
    for n in range(801):
        here = first + n * DAY
        if here >= start and here.day == min(day, monthrange(here.year, here.month)[1]):
            walked.append(here)
    assert list(dates(rule, start, first, last)) == walked
    assert kept == {"day_of_month": day}


@given(days, days, st.lists(st.integers(0, 6), min_size=1, unique=True))
def test_weekdays_count_from_sunday(start: date, first: date, wanted: list[int]) -> None:
    rule, _ = of(Pattern.WEEKLY, {"day_of_week": wanted})
    walked = [first + n * DAY for n in range(60)]
    # strftime's %w: 0 is Sunday, as in the seed.
    walked = [d for d in walked if d >= start and int(d.strftime("%w")) in wanted]
    assert list(dates(rule, start, first, first + 59 * DAY)) == walked


@st.composite
def rules(draw: Any) -> str:
    """Rules of the standard on which python-dateutil and the standard agree."""
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={freq}"]

    def some(name: str, values: st.SearchStrategy[Any], chance: int = 3) -> bool:
        if draw(st.integers(1, chance)) != 1:
            return False
        chosen = draw(st.lists(values, min_size=1, max_size=4, unique=True))
        parts.append(f"{name}=" + ",".join(map(str, chosen)))
        return True

    def signed(most: int) -> st.SearchStrategy[int]:
        return st.integers(1, most) | st.integers(-most, -1)

    by = some("BYMONTH", st.integers(1, 12))
    weekday = st.sampled_from(WEEKDAYS)
    if freq != "WEEKLY":
        by |= some("BYMONTHDAY", signed(31))
    if freq == "YEARLY":
        by |= some("BYYEARDAY", signed(366), 5)
        if not by and some("BYWEEKNO", signed(52), 4):
            by |= some("BYDAY", weekday, 1)
    if not any(p.startswith("BYWEEKNO") for p in parts):
        nth = st.tuples(signed(5), weekday).map(lambda one: f"{one[0]}{one[1]}")
        numbered = freq in ("MONTHLY", "YEARLY") and draw(st.booleans())
        by |= some("BYDAY", nth if numbered else weekday)
    if by and freq in ("MONTHLY", "YEARLY"):
        some("BYSETPOS", signed(5), 4)
    if draw(st.booleans()):
        parts.append(f"INTERVAL={draw(st.integers(1, 5))}")
    if draw(st.booleans()):
        parts.append(f"WKST={draw(weekday)}")
    if draw(st.integers(1, 4)) == 1:
        parts.append(f"COUNT={draw(st.integers(1, 30))}")
    return ";".join(parts)


@settings(max_examples=40, derandomize=True)
@given(rules(), days, st.integers(0, 1200))
def test_rules_name_the_dates_that_dateutil_names(text: str, start: date, ahead: int) -> None:
    first, last = start + ahead * DAY, start + (ahead + 1500) * DAY
    found = list(dates(parse(text), start, first, last))
    assume(found)
    # As many as we found: dateutil would look for one more until the year 9999.
    whole = len(list(dates(parse(text), start, start, found[-1])))
    theirs = islice(rrulestr(text, dtstart=datetime.combine(start, time())), whole)
    assert found == [one.date() for one in theirs if one.date() >= first]


@pytest.mark.parametrize(
    ("text", "start", "wanted"),
    [
        # RFC 5545, 3.8.5.3, where its examples are of whole days.
        ("FREQ=DAILY;COUNT=3", "1997-09-02", ["1997-09-02", "1997-09-03", "1997-09-04"]),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;COUNT=3", "1997-09-02",
         ["1997-09-02", "1997-09-16", "1997-09-30"]),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-08-05",
         ["1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"]),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997-08-05",
         ["1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"]),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=1FR", "1997-09-05",
         ["1997-09-05", "1997-10-03", "1997-11-07"]),
        ("RRULE:FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=3", "1997-09-28",
         ["1997-09-28", "1997-10-29", "1997-11-28"]),
        ("freq=monthly;byday=fr;bymonthday=13;count=3", "1997-09-02",
         ["1998-02-13", "1998-03-13", "1998-11-13"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=3", "1997-09-29",
         ["1997-09-29", "1997-10-30", "1997-11-27"]),
        ("FREQ=YEARLY;BYDAY=20MO;COUNT=3", "1997-05-19",
         ["1997-05-19", "1998-05-18", "1999-05-17"]),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3", "1997-05-12",
         ["1997-05-12", "1998-05-11", "1999-05-17"]),
        ("FREQ=YEARLY;INTERVAL=3;COUNT=4;BYYEARDAY=1,100,200", "1997-01-01",
         ["1997-01-01", "1997-04-10", "1997-07-19", "2000-01-01"]),
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;COUNT=3",
         "1996-11-05", ["1996-11-05", "2000-11-07", "2004-11-02"]),
        ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15",
         ["2007-01-15", "2007-01-30", "2007-02-15", "2007-03-15", "2007-03-30"]),
        # A plain weekday beside a numbered one: either counts.
        ("FREQ=MONTHLY;BYDAY=1MO,FR;BYMONTH=1;COUNT=5", "2027-01-01",
         ["2027-01-01", "2027-01-04", "2027-01-08", "2027-01-15", "2027-01-22"]),
        ("FREQ=YEARLY;COUNT=2", "2024-02-29", ["2024-02-29", "2028-02-29"]),
    ],
)  # fmt: skip
def test_the_standards_own_examples(text: str, start: str, wanted: list[str]) -> None:
    begin = date.fromisoformat(start)
    found = dates(parse(text), begin, begin, begin + 4000 * DAY)
    assert [one.isoformat() for one in found] == wanted


# Instants -------------------------------------------------------------------------------------


@settings(max_examples=60, derandomize=True)
@given(zones, times, days)
@example("America/New_York", time(2, 30), date(2026, 3, 1))
@example("America/New_York", time(1, 30), date(2026, 10, 28))
@example("Australia/Lord_Howe", time(2, 15), date(2026, 9, 28))
@example("Pacific/Apia", time(9), date(2011, 12, 24))
@example("America/Sao_Paulo", time(0), date(2017, 10, 10))
def test_every_day_comes_once_at_its_wall_clock_time(zone: str, at: time, start: date) -> None:
    tz = ZoneInfo(zone)
    series = Recurrence(Rule("DAILY"), start, at, tz)
    begin = datetime.combine(start, time(), UTC) - 3 * DAY
    found = list(series.between(begin, begin + 13 * DAY))
    wanted: dict[datetime, datetime] = {}
    for n in range(16):
        local = datetime.combine(start + n * DAY, at)
        instant = searched(local, tz)
        if instant <= begin + 13 * DAY:
            wanted[instant] = local  # of two at one instant the later: its day exists
    assert {one.at: one.local for one in found} == wanted
    assert [one.at for one in found] == sorted(wanted)


@settings(max_examples=60, derandomize=True)
@given(zones, times, days, st.integers(0, 400), st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]))
def test_cutting_a_stretch_in_two_loses_and_doubles_nothing(
    zone: str, at: time, start: date, cut: int, freq: str
) -> None:
    series = Recurrence(Rule(freq, interval=2), start, at, ZoneInfo(zone))
    begin = datetime.combine(start, time(), UTC) - DAY
    middle, end = begin + timedelta(hours=cut), begin + 40 * DAY
    whole = list(series.between(begin, end))
    halves = [*series.between(begin, min(middle, end)), *series.between(middle, end)]
    assert halves == whole
    if whole:  # what is asked for by its day is found; the edge itself is in, then out
        assert series.on(whole[0].local.date()) == whole[0]
        assert series.next(whole[0].at) != whole[0]
        assert next(series.between(begin, whole[0].at)) == whole[0]


def test_spring_moves_a_missing_time_by_the_gap_and_autumn_means_the_first() -> None:
    tz = ZoneInfo("America/New_York")
    spring = Recurrence(Rule("DAILY"), date(2026, 3, 8), time(2, 30), tz)
    one = spring.upcoming(datetime(2026, 3, 8, tzinfo=UTC), 1)[0]
    assert one.key == "2026-03-08T02:30:00" and spring.moved(one) == "skipped"
    assert local_of(one.at, tz) == datetime(2026, 3, 8, 3, 30)
    autumn = Recurrence(Rule("DAILY"), date(2026, 11, 1), time(1, 30), tz)
    one = autumn.upcoming(datetime(2026, 11, 1, tzinfo=UTC), 1)[0]
    assert one.at == datetime(2026, 11, 1, 5, 30, tzinfo=UTC) and autumn.moved(one) == "twice"


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("FREQ=DAILY;UNTIL=20260105", "2026-01-05"),
        ("FREQ=DAILY;UNTIL=20260105T140000Z", "2026-01-05"),  # 09:00 in New York: included
        ("FREQ=DAILY;UNTIL=20260105T135959Z", "2026-01-04"),
        ("FREQ=DAILY;UNTIL=20260105T085959", "2026-01-04"),
        ("FREQ=DAILY;COUNT=5", "2026-01-05"),
    ],
)
def test_a_rule_ends_where_it_says(text: str, last: str) -> None:
    zone = ZoneInfo("America/New_York")
    series = Recurrence(parse(text), date(2026, 1, 1), time(9), zone)
    found = series.upcoming(datetime(2025, 12, 1, tzinfo=UTC), 100)
    assert found[-1].local.date().isoformat() == last
    assert series.next(found[-1].at) is None


# Refusals and bounds --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "", "FREQ", "FREQ=", "FREQ=OFTEN", "INTERVAL=2", "FREQ=HOURLY", "FREQ=MINUTELY",
        "FREQ=SECONDLY", "FREQ=DAILY;BYHOUR=9,10", "FREQ=DAILY;BYMINUTE=0", "FREQ=DAILY;X=1",
        "FREQ=DAILY;BYEASTER=0", "FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=1001", "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=5001",
        "FREQ=DAILY;COUNT=2;UNTIL=20260101", "FREQ=DAILY;UNTIL=2026", "FREQ=DAILY;UNTIL=20261301",
        "FREQ=DAILY;UNTIL=20260101T250000Z", "FREQ=DAILY;BYMONTH=13", "FREQ=DAILY;BYMONTH=-1",
        "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYWEEKNO=1", "FREQ=DAILY;BYYEARDAY=1", "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=MONTHLY;BYDAY=6MO", "FREQ=MONTHLY;BYDAY=XX", "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYSETPOS=1", "FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "FREQ=DAILY;WKST=XX",
        "FREQ=DAILY;BYMONTH=١", "FREQ=DAILY;BYMONTH=+-1", "FREQ=DAILY;BYMONTH=1,,2",
        "FREQ=DAILY;" + "BYMONTH=1" * 60, "DTSTART:20260101\nRRULE:FREQ=DAILY",
    ],
)  # fmt: skip
def test_a_rule_that_is_none_or_comes_too_often_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        of(Pattern.CUSTOM, {"rrule": text})
    assert refused.value.field == "recurrenceConfig.rrule"


@pytest.mark.parametrize(
    ("pattern", "config", "field"),
    [
        ("weekly", {}, "day_of_week"),
        ("weekly", {"day_of_week": 7}, "day_of_week"),
        ("weekly", {"day_of_week": "1"}, "day_of_week"),
        ("weekly", {"day_of_week": True}, "day_of_week"),
        ("weekly", {"day_of_week": []}, "day_of_week"),
        ("weekly", {"day_of_week": [1, 1]}, "day_of_week"),
        ("monthly", {}, "day_of_month"),
        ("monthly", {"day_of_month": 0}, "day_of_month"),
        ("monthly", {"day_of_month": 32}, "day_of_month"),
        ("monthly", {"day_of_month": 1.5}, "day_of_month"),
        ("custom", {}, "rrule"), ("custom", {"rrule": 5}, "rrule"),
    ],
)  # fmt: skip
def test_what_a_pattern_needs_is_named(pattern: str, config: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        of(Pattern(pattern), config)
    assert refused.value.field == f"recurrenceConfig.{field}"


@pytest.mark.parametrize("text", ["", "9:00", "24:00", "09:60", "09:00:60", "0900", "09:00 am"])
def test_a_time_of_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        time_of(text)
    assert refused.value.field == "timeOfDay"
    assert (time_of("09:00"), time_of(" 23:59:58 ")) == (time(9), time(23, 59, 58))


@given(st.text(alphabet="FREQ=DAILYBMONTHWKSTU;:,+-0123456789 \n", max_size=80))
def test_no_text_breaks_the_reading_of_a_rule(text: str) -> None:
    try:
        rule = parse(text)
    except ValidationFailed:
        return
    start = date(2026, 1, 1)
    assert all(start <= one for one in dates(rule, start, start, start + 400 * DAY))


@pytest.mark.parametrize(
    "text",
    ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
     "FREQ=DAILY;COUNT=5000;BYMONTH=2;BYMONTHDAY=31"],
)  # fmt: skip
def test_a_rule_without_a_date_is_looked_at_no_further_than_the_reach(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[date] = []
    real = recurrence._fits

    def counted(rule: Rule, day: date) -> bool:
        looked.append(day)
        return real(rule, day)

    monkeypatch.setattr(recurrence, "_fits", counted)
    series = Recurrence(parse(text), date(2026, 1, 1), time(9), ZoneInfo("UTC"))
    assert series.next(datetime(2026, 1, 1, tzinfo=UTC)) is None
    assert len(looked) <= 8 * 366 + 370


def test_reading_a_rule_takes_time_in_proportion_to_it() -> None:
    def read(text: str) -> None:
        try:
            parse(text)
        except ValidationFailed:
            return

    assert grows_gently(read, "FREQ=DAILY;BYMONTH=" + "1," * 100_000)
