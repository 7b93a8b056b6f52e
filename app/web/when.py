"""Times as a brand reads them: its own zone, 24 hours, rendered by the server (DESIGN §7)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.clock import now
from app.models.profiles import Profile

FIELD = "%Y-%m-%dT%H:%M"  # what <input type="datetime-local"> holds


class When:
    """Words for moments and days of one brand. Every moment given is aware."""

    def __init__(self, profile: Profile) -> None:
        self.zone: ZoneInfo = profile.zone
        self.place = profile.time_zone.rpartition("/")[2].replace("_", " ")
        self.now = now().astimezone(self.zone)

    @property
    def today(self) -> date:
        return self.now.date()

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)

    def time(self, at: datetime) -> str:
        """``12:30``"""
        return f"{self.local(at):%H:%M}"

    def seconds(self, at: datetime) -> str:
        """``12:30:05``"""
        return f"{self.local(at):%H:%M:%S}"

    def iso(self, at: datetime) -> str:
        """With the brand's offset, for ``<time datetime>``."""
        return self.local(at).isoformat(timespec="minutes")

    def field(self, at: datetime) -> str:
        """For a date and time field."""
        return self.local(at).strftime(FIELD)

    def short(self, at: datetime) -> str:
        """``Thu 14 May, 12:30``; the year where it is another one."""
        found = self.local(at)
        year = f" {found.year}" if found.year != self.now.year else ""
        return f"{found:%a} {found.day} {found:%b}{year}, {found:%H:%M}"

    def long(self, at: datetime) -> str:
        """``Thursday 14 May 2026, 12:30 London (BST)``"""
        found = self.local(at)
        return (
            f"{found:%A} {found.day} {found:%B} {found.year}, {found:%H:%M} "
            f"{self.place} ({found:%Z})"
        )

    def day(self, on: date) -> str:
        """``Thursday 14 May``; the year where it is another one."""
        year = f" {on.year}" if on.year != self.now.year else ""
        return f"{on:%A} {on.day} {on:%B}{year}"

    def span(self, first: date, last: date) -> str:
        """``11 to 17 May 2026``, ``27 April to 3 May 2026``: the days of a week."""
        end = f"{last.day} {last:%B} {last.year}"
        if first.year != last.year:
            return f"{first.day} {first:%B} {first.year} to {end}"
        return f"{first.day}{f' {first:%B}' if first.month != last.month else ''} to {end}"

    def zones(self, first: date, last: date) -> list[str]:
        """What the zone is called over these days: one name, or two around a clock change."""
        ends = (datetime.combine(first, time()), datetime.combine(last, time(23, 59)))
        names = [f"{end.replace(tzinfo=self.zone):%Z}" for end in ends]
        return list(dict.fromkeys(names))

    def label(self, on: date) -> str:
        """``14 May, Thursday``: what the number of a day means."""
        return f"{on.day} {on:%b}, {on:%A}"

    def until(self, at: datetime) -> str:
        """``in 2 h 49 min``, ``in 3 days``; ``now`` where it is over."""
        minutes = int((at - self.now).total_seconds() // 60)
        if minutes < 0:
            return "now"
        if minutes < 60:
            return f"in {minutes} min" if minutes else "in less than a minute"
        if minutes < 24 * 60:
            hours, rest = divmod(minutes, 60)
            return f"in {hours} h {rest} min" if rest else f"in {hours} h"
        days = (self.local(at).date() - self.today).days
        return f"in {days} day{'s' if days != 1 else ''}"

    def since(self, at: datetime) -> str:
        """When something happened, in a sentence: ``at 09:41``, ``yesterday``, ``on 3 May``."""
        found = self.lately(at)
        return found if found == "yesterday" else f"at {found}" if ":" in found else f"on {found}"

    def begin(self, on: date) -> str:
        """A time of that day for a new post, for the composer's address: nine, or the next hour."""
        hour = self.now + timedelta(hours=1) if on == self.today else None
        time = f"{hour:%H}:00" if hour and hour.date() == on and hour.hour > 9 else "09:00"
        return f"{on}T{time}"

    def lately(self, at: datetime) -> str:
        """When something was last done: ``09:41``, ``yesterday``, ``Monday``, ``3 May``."""
        found = self.local(at)
        days = (self.today - found.date()).days
        if days <= 0:
            return f"{found:%H:%M}"
        if days == 1:
            return "yesterday"
        return f"{found:%A}" if days < 7 else f"{found.day} {found:%b}"
