"""What a schedule may ask for: the seed's patterns, and RFC 5545 rules of whole days."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from app.errors import ValidationFailed
from app.models.recurring import Pattern
from app.services.recurrence import Rule

CONFIG = "recurrenceConfig"
RRULE = f"{CONFIG}.rrule"
ENDS_ON = f"{CONFIG}.ends_on"
MAX_RULE = 500  # characters
FREQS = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
FASTER = ("SECONDLY", "MINUTELY", "HOURLY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MAX_INTERVAL, MAX_COUNT = 1_000, 5_000
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
# Bounds of each list; a number may also count from the end where ``-`` is allowed.
LISTS = {
    "BYMONTH": ("months", 12, False), "BYMONTHDAY": ("month_days", 31, True),
    "BYYEARDAY": ("year_days", 366, True), "BYWEEKNO": ("weeks", 53, True),
    "BYSETPOS": ("positions", 366, True),
}  # fmt: skip
# RFC 5545, 3.3.10: what must not stand beside a frequency.
NOT_WITH = {
    "BYMONTHDAY": ("WEEKLY",), "BYYEARDAY": ("DAILY", "WEEKLY", "MONTHLY"),
    "BYWEEKNO": ("DAILY", "WEEKLY", "MONTHLY"),
}  # fmt: skip


def of(pattern: Pattern, config: Mapping[str, Any]) -> tuple[Rule, dict[str, Any]]:
    """The rule of a pattern, and the part of the configuration that it uses.

    ``ends_on`` (ours, ``2026-12-31``) is the last day of any pattern. Raises ``ValidationFailed``
    whose field is the member's path as it was sent.
    """
    rule, used = _of(pattern, config)
    ends_on = config.get("ends_on")
    if ends_on in (None, ""):
        return rule, used
    if rule.until is not None or rule.count is not None:
        words = "The rule says itself when it ends. Leave one of the two out."
        raise ValidationFailed(words, field=ENDS_ON)
    day = _ends_on(ends_on)
    return replace(rule, until=day), {**used, "ends_on": day.isoformat()}


def _of(pattern: Pattern, config: Mapping[str, Any]) -> tuple[Rule, dict[str, Any]]:
    if pattern is Pattern.DAILY:
        return Rule("DAILY"), {}
    if pattern is Pattern.WEEKLY:
        given = config.get("day_of_week")
        days = _days_of_week(given)
        # The seed counts from Sunday, Python and RFC 5545 from Monday.
        named = frozenset(((day + 6) % 7, 0) for day in days)
        return Rule("WEEKLY", weekdays=named), {"day_of_week": given}
    if pattern is Pattern.MONTHLY:
        day = _whole(config.get("day_of_month"), 1, 31, "day_of_month", "a day from 1 to 31")
        if day <= 28:
            return Rule("MONTHLY", month_days=frozenset({day})), {"day_of_month": day}
        # Past the month's end means its last day (reliability §6).
        ends = frozenset(range(28, day + 1))
        rule = Rule("MONTHLY", month_days=ends, positions=frozenset({-1}))
        return rule, {"day_of_month": day}
    text = config.get("rrule")
    if not isinstance(text, str) or not text.strip():
        raise ValidationFailed("Give the rule, such as FREQ=WEEKLY;BYDAY=MO,TH.", field=RRULE)
    return parse(text), {"rrule": text.strip()}


def time_of(text: str) -> time:
    """``09:00`` or ``09:00:00`` as a time of day."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValidationFailed("Write the time of day as 09:00:00.", field="timeOfDay")
    return time(int(found[1]), int(found[2]), int(found[3] or 0))


def parse(text: str) -> Rule:
    """An RFC 5545 rule (``RRULE:`` in front may be left out).

    Refused are rules that come more than once a day, what the standard forbids, and words it
    does not have.
    """
    if len(text) > MAX_RULE:
        raise _wrong(f"Keep the rule under {MAX_RULE} characters.")
    parts = _parts(text)
    freq = parts.pop("FREQ", "")
    if freq in FASTER or set(parts) & {"BYHOUR", "BYMINUTE", "BYSECOND"}:
        raise _wrong("A schedule comes at most once a day. Give the time as timeOfDay.")
    if freq not in FREQS:
        raise _wrong("The rule needs FREQ: DAILY, WEEKLY, MONTHLY or YEARLY.")
    for name, others in NOT_WITH.items():
        if name in parts and freq in others:
            raise _wrong(f"{name} can't stand in a {freq} rule.")
    found: dict[str, Any] = {}
    for name, value in parts.items():
        if name in LISTS:
            member, most, signed = LISTS[name]
            found[member] = frozenset(_number(one, most, signed, name) for one in value.split(","))
        elif name == "BYDAY":
            found["weekdays"] = frozenset(_weekday(one, freq, parts) for one in value.split(","))
        elif name == "INTERVAL":
            found["interval"] = _number(value, MAX_INTERVAL, False, name)
        elif name == "COUNT":
            found["count"] = _number(value, MAX_COUNT, False, name)
        elif name == "UNTIL":
            found["until"] = _until(value)
        elif name == "WKST" and value in WEEKDAYS:
            found["week_start"] = WEEKDAYS.index(value)
        else:
            raise _wrong(f"We can't read {name}={value[:40]}.")
    if "count" in found and "until" in found:
        raise _wrong("A rule ends by COUNT or by UNTIL, not by both.")
    if "positions" in found and not found.keys() & {
        "months", "month_days", "year_days", "weeks", "weekdays",
    }:  # fmt: skip
        raise _wrong("BYSETPOS needs another BY… beside it.")
    return Rule(freq, **found)


def _parts(text: str) -> dict[str, str]:
    body = text.strip().upper().removeprefix("RRULE:")
    parts: dict[str, str] = {}
    for one in body.removesuffix(";").split(";"):
        name, equals, value = (piece.strip() for piece in one.partition("="))
        if not equals or not name or not value:
            raise _wrong("Write the rule as NAME=VALUE, with ; between, as RFC 5545 does.")
        if name in parts:
            raise _wrong(f"{name[:40]} is given twice.")
        parts[name[:40]] = value
    return parts


def _number(text: str, most: int, signed: bool, name: str) -> int:
    digits = text.removeprefix("-") if signed else text
    digits = digits.removeprefix("+") if digits == text else digits
    if digits.isascii() and digits.isdigit() and len(digits) <= 4 and 1 <= int(digits) <= most:
        return int(text)
    least = f"-{most} to -1 or 1" if signed else "1"
    raise _wrong(f"{name} takes numbers from {least} to {most}.")


def _weekday(text: str, freq: str, parts: Mapping[str, str]) -> tuple[int, int]:
    found = _DAY.fullmatch(text)
    if found is None:
        raise _wrong(f"BYDAY takes MO, TU, WE, TH, FR, SA, SU, not {text[:40]}.")
    nth = int(found[1]) if found[1] else 0
    if found[1]:
        most = 53 if freq == "YEARLY" and "BYMONTH" not in parts else 5
        if freq not in ("MONTHLY", "YEARLY") or "BYWEEKNO" in parts:
            raise _wrong(f"BYDAY={text} needs a MONTHLY or YEARLY rule without BYWEEKNO.")
        if not 1 <= abs(nth) <= most:
            raise _wrong(f"There is no {text}: count from 1 to {most}.")
    return WEEKDAYS.index(found[2]), nth


def _until(text: str) -> date | datetime:
    found = _UNTIL.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        if not found[2]:
            return datetime.strptime(found[1], "%Y%m%d").date()
        at = datetime.strptime(found[1] + found[2], "%Y%m%d%H%M%S")
    except ValueError as error:
        raise _wrong("Write UNTIL as 20261231 or 20261231T090000Z.") from error
    return at.replace(tzinfo=UTC) if found[3] else at


def _ends_on(given: Any) -> date:
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError) as error:
        words = "Write the last day as 2026-12-31."
        raise ValidationFailed(words, field=ENDS_ON) from error


def _days_of_week(given: Any) -> list[int]:
    """One day, or (ours) several."""
    days = given if isinstance(given, list) else [given]
    words = "a day of the week from 0 (Sunday) to 6 (Saturday)"
    found = [_whole(one, 0, 6, "day_of_week", words) for one in days]
    if not found or len(set(found)) != len(found):
        raise ValidationFailed("Name each day of the week once.", field=f"{CONFIG}.day_of_week")
    return found


def _whole(given: Any, least: int, most: int, name: str, words: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        raise ValidationFailed(f"Give {words}.", field=f"{CONFIG}.{name}")
    return given


def _wrong(words: str) -> ValidationFailed:
    return ValidationFailed(words, field=RRULE)
