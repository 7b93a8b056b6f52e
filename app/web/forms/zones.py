"""Time zones as people look for them: by city, with the time it is there now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from app import clock
from app.errors import ValidationFailed

CONTINENTS = frozenset(
    "Africa America Antarctica Arctic Asia Atlantic Australia Europe Indian Pacific".split()
)


@dataclass(frozen=True)
class Zone:
    """A zone of the list: its IANA name, its city, and the time there as ``09:41``."""

    name: str
    city: str
    time: str


def offered() -> list[Zone]:
    """Every zone named after a place, and UTC, with the present time in each."""
    at = clock.now()
    return [Zone(name, city(name), _time(at, name)) for name in _names()]


def city(name: str) -> str:
    """``Los Angeles`` of ``America/Los_Angeles``."""
    return name.rpartition("/")[2].replace("_", " ")


def resolve(typed: str) -> str:
    """The zone somebody means: its name in any case, or its city ("new york").

    Raises ``ValidationFailed`` where nothing or more than one fits.
    """
    wanted = " ".join(typed.replace("_", " ").split()).casefold()
    by_name = [name for name in _known() if name.replace("_", " ").casefold() == wanted]
    by_city = [name for name in _names() if city(name).casefold() == wanted]
    found = by_name or by_city
    if len(found) > 1:
        raise ValidationFailed(f"Choose one: {', '.join(found)}.", field="time_zone")
    if not found:
        raise ValidationFailed(
            "Choose a time zone from the list, such as Europe/London.", field="time_zone"
        )
    return found[0]


@cache
def _known() -> tuple[str, ...]:
    return tuple(sorted(available_timezones() - {"Factory", "localtime", "posixrules"}))


@cache
def _names() -> tuple[str, ...]:
    found = {name for name in _known() if name.partition("/")[0] in CONTINENTS}
    return (*sorted(found), "UTC")


def _time(at: datetime, name: str) -> str:
    return f"{at.astimezone(ZoneInfo(name)):%H:%M}"
