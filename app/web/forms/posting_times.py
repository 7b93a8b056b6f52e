"""A time to add to an account's week: what was typed, kept as it is, with what is wrong with it.

Each account's card has this form, so it is read by hand: its fields' ids hold the account's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from uuid import UUID

from werkzeug.datastructures import MultiDict

from app.errors import ValidationFailed
from app.services.posting_times import MOST, Weekly

WEEKDAYS = tuple(str(day) for day in range(5))
MANY = 7 * MOST  # times named in one request; accounts are never more
ASK_TIME = "Write the time as 09:30."
ASK_DAY = "Choose at least one day."


@dataclass
class TimeForm:
    """A clock time on some days. ``errors`` maps ``time``, ``days`` or ``to`` to a sentence."""

    time: str = ""
    days: tuple[str, ...] = WEEKDAYS
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, form: MultiDict[str, str]) -> TimeForm:
        """What was sent."""
        return cls(form.get("time", "").strip()[:20], tuple(form.getlist("day")[:7]))

    def times(self) -> list[Weekly]:
        """The times it means; empty, with ``errors``, where it means none."""
        minute = _minute(self.time)
        days = [int(day) for day in self.days if day in set("0123456")]
        if minute is None:
            self.errors["time"] = ASK_TIME
        if not days:
            self.errors["days"] = ASK_DAY
        return [Weekly(day, minute) for day in days] if minute is not None else []

    def take(self, error: ValidationFailed) -> None:
        """Put a service's refusal under its field."""
        self.errors[error.field or "time"] = error.message


def _minute(text: str) -> int | None:
    try:
        found = time.fromisoformat(text.zfill(5) if ":" in text else "")
    except ValueError:
        return None
    return found.hour * 60 + found.minute if found.tzinfo is None else None


def keys_of(text: str) -> list[Weekly]:
    """The times that an address names, ``0-570,2-570``; ``ValidationFailed`` for another word."""
    return [Weekly.of(one) for one in text.split(",")[:MANY]]


def ids_of(given: list[str]) -> list[UUID]:
    """The accounts that were ticked; ``ValidationFailed`` for what is no id."""
    try:
        return [UUID(one) for one in given[:MANY]]
    except ValueError as error:
        raise ValidationFailed("That account is not known. Reload the page.", field="to") from error
