"""A schedule's rule in words, its first and last day, and what of a form is new."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.errors import ValidationFailed
from app.extensions import db
from app.models.profiles import Profile
from app.models.recurring import Pattern, RecurringSchedule
from app.permissions import Actor
from app.services import recurring, recurring_board, recurring_occurrences, recurring_words
from app.services.recurring import Changes
from tests.services.recurring.helpers import daily

NEW_YORK = "America/New_York"


def row(pattern: Pattern, **columns: Any) -> RecurringSchedule:
    config = columns.pop("config", {})
    given: dict[str, Any] = {
        "time_of_day": "09:00:00", "time_zone": NEW_YORK, "starts_on": date(2026, 1, 5),
    } | columns  # fmt: skip
    return RecurringSchedule(pattern=pattern, config=config, **given)


@pytest.mark.parametrize(
    ("pattern", "config", "words"),
    [
        (Pattern.DAILY, {}, "Every day, 09:00"),
        (Pattern.DAILY, {"ends_on": "2026-03-01"}, "Every day, 09:00, until 1 March 2026"),
        (Pattern.WEEKLY, {"day_of_week": 4}, "Every Thursday, 09:00"),
        (Pattern.WEEKLY, {"day_of_week": [0, 1, 3]}, "Every Monday, Wednesday and Sunday, 09:00"),
        (Pattern.WEEKLY, {"day_of_week": [1, 2, 3, 4, 5]}, "Every weekday, 09:00"),
        (Pattern.WEEKLY, {"day_of_week": list(range(7))}, "Every day, 09:00"),
        (Pattern.MONTHLY, {"day_of_month": 22}, "On the 22nd of every month, 09:00"),
        (Pattern.MONTHLY, {"day_of_month": 31},
         "On the 31st of every month, or its last day, 09:00"),
    ],
)  # fmt: skip
def test_a_pattern_reads_as_a_person_says_it(
    pattern: Pattern, config: dict[str, Any], words: str
) -> None:
    assert recurring_words.sentence(row(pattern, config=config), NEW_YORK) == words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "Every day"), ("FREQ=DAILY;INTERVAL=3", "Every 3 days"),
        ("FREQ=WEEKLY", "Every Monday"),
        ("rrule:freq=weekly;interval=2;byday=mo,th", "Every 2 weeks on Monday and Thursday"),
        ("FREQ=MONTHLY", "On the 5th of every month"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "On the 1st and 15th of every month"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "On the last Friday of every month"),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "On every Tuesday of every 2nd month"),
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=4", "Every Monday, 4 times in all"),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20271231", "Every Monday until 31 December 2027"),
        ("FREQ=YEARLY;BYMONTH=12", "By the rule FREQ=YEARLY;BYMONTH=12"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1", "By the rule FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1"),
    ],
)  # fmt: skip
def test_common_rules_have_words_and_others_are_told_as_written(rule: str, words: str) -> None:
    found = recurring_words.sentence(row(Pattern.CUSTOM, config={"rrule": rule}), NEW_YORK)
    assert found == f"{words}, 09:00"


def test_a_zone_of_its_own_and_a_day_to_come_are_named() -> None:
    found = recurring_words.sentence(
        row(Pattern.DAILY, starts_on=date(2026, 2, 3)), "Europe/London"
    )
    assert found == "Every day, 09:00 New York time, from 3 February 2026"


@pytest.mark.usefixtures("bells")
def test_a_schedule_keeps_to_its_first_and_its_last_day(maya: Actor, brand: Profile) -> None:
    schedule_id = daily(maya, brand, starts_on=date(2026, 1, 20), config={"ends_on": "2026-01-22"})
    lines = recurring_occurrences.upcoming(maya, schedule_id, 10)
    assert [one.day.day for one in lines] == [20, 21, 22]
    for changes, field in (
        ({"starts_on": date(2026, 1, 11)}, "startsOn"),
        ({"starts_on": date(2040, 1, 1)}, "startsOn"),
        ({"config": {"ends_on": "2026-01-11"}}, "recurrenceConfig.ends_on"),
        ({"config": {"ends_on": 7}}, "recurrenceConfig.ends_on"),
        ({"pattern": Pattern.CUSTOM, "config": {"rrule": "FREQ=DAILY;COUNT=2"}},
         "recurrenceConfig.ends_on"),
    ):  # fmt: skip
        with pytest.raises(ValidationFailed) as told:
            recurring.change(maya, schedule_id, Changes(**changes))
        assert told.value.field == field
        db.session.rollback()
    recurring.change(maya, schedule_id, Changes(config={"ends_on": ""}))
    assert len(recurring_occurrences.upcoming(maya, schedule_id, 10)) == 10


@pytest.mark.usefixtures("bells")
def test_of_a_form_only_what_differs_is_a_change(maya: Actor, brand: Profile) -> None:
    schedule_id = daily(maya, brand, pattern=Pattern.WEEKLY, config={"day_of_week": 1})
    found = recurring.get(maya, schedule_id)
    same = Changes(
        name="Morning", content="Good morning!", platforms=["mastodon"], accounts=[],
        pattern=Pattern.WEEKLY, config={"day_of_week": [1], "ends_on": ""}, time_of_day="09:00",
        starts_on=found.starts_on,
    )  # fmt: skip
    assert recurring_board.differing(found, same) == Changes()
    other = Changes(**{**vars(same), "config": {"day_of_week": [2], "ends_on": ""}})
    told = recurring_board.differing(found, other)
    assert told == Changes(
        pattern=Pattern.WEEKLY, config=other.config, starts_on=found.starts_on
    )  # fmt: skip
