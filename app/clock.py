"""Time: UTC inside, the profile's zone at the edge (reliability §6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from app.errors import ValidationFailed


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name; raises ``ValidationFailed`` for another word."""
    try:
        if name not in available_timezones():
            raise ZoneInfoNotFoundError(name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValidationFailed(
            "Choose a time zone from the list, such as Europe/London.", field="time_zone"
        ) from error


def to_utc(local: datetime, tz: ZoneInfo) -> datetime:
    """A wall-clock time as an instant.

    A time skipped in spring moves forward by the gap (02:30 becomes 03:30); one
    that occurs twice in autumn means the first (``fold=0``).
    """
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    return local.replace(tzinfo=tz, fold=0).astimezone(UTC)


def clock_change(local: datetime, tz: ZoneInfo) -> str | None:
    """``"skipped"`` or ``"twice"`` for a wall-clock time at a clock change, else ``None``."""
    first = local.replace(tzinfo=tz, fold=0)
    if first.astimezone(UTC).astimezone(tz).replace(tzinfo=None) != local:
        return "skipped"
    if first.utcoffset() != local.replace(tzinfo=tz, fold=1).utcoffset():
        return "twice"
    return None


def parse(text: str, *, field: str = "scheduleDate") -> datetime:
    """An ISO 8601 time; one with no offset is UTC (contracts, "Amplify and Ampost")."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValidationFailed(
            "Write the time as ISO 8601, such as 2026-05-14T12:30:00Z.", field=field
        ) from error
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise ValidationFailed("That time is out of range.", field=field) from error


def seconds(value: float) -> timedelta:
    """A short name for a duration, so that settings in seconds read plainly."""
    return timedelta(seconds=value)
