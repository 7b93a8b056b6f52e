"""A week as a grid of time: seven columns of quarter hours, and where each card lies on them.

Read-only (DESIGN §6.3). Rows are quarters of the brand's wall clock, 96 on every day: where the
clocks go forward the missing ones are marked, where they go back the ones that come twice are
halved, the first time on the left and the second on the right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from app.clock import clock_change, now
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import calendar, cards
from app.services.calendar import DAY, Day, Filters, Month
from app.services.cards import Card
from app.services.coming import Coming
from app.services.slots import OpenSlot

ROWS = 96  # quarters of an hour
QUARTER = timedelta(minutes=15)
FROM, TO = 7, 21  # hours that are always open
FOLD = 2  # hours that are worth a folded line
NEAR = 5  # quarters: cards closer than that share the column (DESIGN §6.3)
SLOT = 4  # quarters an open slot takes
TALL, SHORT = 10, 6  # quarters a card takes with a picture and without
LANES = 3  # side by side; of more, a link to the day says how many
LIGHT = 60  # posts of a week: beyond that no pictures
USUAL = 2  # posts more or fewer than in other weeks that are worth a word


Laid = Card | Coming
Key = UUID | str


@dataclass(frozen=True)
class Place:
    """One card, or date of a series, on the grid: its first row, how many it takes, and its part
    of the column."""

    card: Laid
    at: int
    len: int
    col: str = ""  # "1/2": the left half; empty where it has the whole width
    twice: bool = False  # at a time that this day has two of

    @property
    def picture(self) -> bool:
        return self.card.picture is not None and self.len >= TALL


@dataclass(frozen=True)
class Crowd:
    """Cards that have no room beside the others: a link to their day stands for them."""

    at: int
    count: int
    col: str
    trouble: bool = False  # one of them needs a person


@dataclass(frozen=True)
class Change:
    """Rows that a clock change takes away (``skipped``) or repeats (``twice``)."""

    kind: str
    at: int
    len: int
    before: str  # how the zone is called before and after: BST, GMT
    after: str

    @property
    def hours(self) -> tuple[str, str]:
        """From when to when, as ``01:00`` and ``02:00``."""
        return _clock(self.at), _clock(self.at + self.len)


@dataclass(frozen=True)
class Opening:
    """An open slot on the grid, as ``Place`` is a card."""

    slot: OpenSlot
    at: int
    len: int
    col: str = ""


@dataclass(frozen=True)
class Column:
    """One day of the grid."""

    day: Day
    places: tuple[Place, ...]
    openings: tuple[Opening, ...]
    crowds: tuple[Crowd, ...]
    change: Change | None
    now: int | None  # minutes since midnight, on today's column

    @property
    def line(self) -> list[Place | Opening]:
        """Cards and open slots in the order of time."""
        mixed: list[Place | Opening] = [*self.places, *self.openings]
        return sorted(mixed, key=lambda one: (one.at, one.col))


@dataclass(frozen=True)
class Week:
    """Seven days, and the month their strip shows. Hours outside ``opens`` to ``closes`` are
    folded to a line; nothing is planned in them."""

    month: Month
    columns: tuple[Column, ...]
    opens: int
    closes: int
    light: bool
    moving: bool

    @property
    def days(self) -> tuple[Day, ...]:
        return tuple(column.day for column in self.columns)

    @property
    def first(self) -> date:
        return self.columns[0].day.date

    @property
    def last(self) -> date:
        return self.columns[-1].day.date

    @property
    def cards(self) -> list[Card]:
        return [card for day in self.days for card in day.cards]

    @property
    def counts(self) -> Counter[str]:
        return Counter(card.state for card in self.cards)

    @property
    def free(self) -> list[date]:
        """Days still to come, today among them, on which nothing stands."""
        return [day.date for day in self.days if not day.past and not day.cards and not day.coming]

    @property
    def unusual(self) -> int:
        """How many posts more (or fewer) than the month's other weeks have on average;
        0 where that is not worth a word."""
        days = self.month.days
        others = [days[n : n + 7] for n in range(0, len(days), 7) if days[n].date != self.first]
        counts = [sum(len(day.cards) for day in week) for week in others]
        busy = [count for count in counts if count]
        if len(busy) < 2:
            return 0
        differs = len(self.cards) - round(sum(busy) / len(busy))
        return differs if abs(differs) >= USUAL else 0


def begin(profile: Profile, on: date) -> date:
    """The first day of the week that holds this one."""
    return on - timedelta(days=(on.weekday() - profile.week_start) % 7)


def look(actor: Actor, profile: Profile, on: date, filters: Filters | None = None) -> Week:
    """The week that holds ``on``, read with the month in which it mostly lies."""
    first = begin(profile, on)
    middle = first + 3 * DAY
    month = calendar.month(actor, profile, middle.year, middle.month, filters, pictures=True)
    days = [day for day in month.days if first <= day.date < first + 7 * DAY]
    found = [card for day in days for card in day.cards]
    light = len(found) >= LIGHT
    if light:
        days = [replace(d, cards=tuple(replace(c, picture=None) for c in d.cards)) for d in days]
    columns = tuple(_column(day, profile.zone) for day in days)
    opens, closes = _hours(columns)
    return Week(month, columns, opens, closes, light, cards.moving(found))


def lay(found: Sequence[Laid], change: Change | None = None) -> tuple[list[Place], list[Crowd]]:
    """Where the cards of one day lie. Where not all have room, those in trouble come first, and
    what is no post yet last."""
    rows: dict[Key, int] = {card.id: _row(card) for card in found}
    places: list[Place] = []
    crowds: list[Crowd] = []
    clusters = _clusters(sorted(found, key=lambda card: rows[card.id]), rows)
    for place, cluster in enumerate(clusters):
        behind = clusters[place + 1] if place + 1 < len(clusters) else ()
        end = min((rows[card.id] for card in behind), default=ROWS)
        lanes, over = _lanes(cluster, rows, LANES)
        if over:
            urgent = sorted(cluster, key=lambda card: (not card.trouble, isinstance(card, Coming)))
            lanes, over = _lanes(urgent, rows, LANES - 1)
        width = len(lanes) + bool(over)
        for number, lane in enumerate(lanes, 1):
            after = [*(rows[card.id] for card in lane[1:]), end]
            for card, next_row in zip(lane, after, strict=False):
                at, twice = rows[card.id], _is_twice(card, change)
                part = max(width, 2) if twice else width
                col = f"{number}/{part}" if part > 1 else ""
                places.append(Place(card, at, _length(card, next_row - at), col, twice))
        crowds += _crowds(over, rows, f"{width}/{width}")
    return sorted(places, key=lambda p: (p.at, p.card.at, p.col)), crowds


def room_for(
    slots: Iterable[OpenSlot], others: Sequence[Place | Crowd], change: Change | None = None
) -> list[Opening]:
    """Where the open slots of one day lie. One that a card or another slot would cover is left
    out: the month and the day show it."""
    used = [(one.at, one.at + (one.len if isinstance(one, Place) else NEAR)) for one in others]
    rows = {one: min(_quarter(one.at), ROWS - 2) for one in slots}
    found: list[Opening] = []
    for one, at in rows.items():
        later = [row for row in (*(begin for begin, _ in used), *rows.values()) if row > at]
        room = min([at + SLOT, ROWS, *later]) - at
        covered = any(begin <= at < end for begin, end in used)
        if not covered and room >= 2:
            twice = bool(change and change.kind == "twice" and 0 <= at - change.at < change.len)
            found.append(Opening(one, at, room, "1/2" if twice else ""))
            used.append((at, at + room))
    return found


def change_of(on: date, zone: ZoneInfo) -> Change | None:
    """The clock change of a day, or ``None`` on a day of 24 hours."""
    midnight = datetime.combine(on, time(), zone)
    end = datetime.combine(on + DAY, time(), zone)
    if midnight.utcoffset() == end.utcoffset():
        return None
    walls = [datetime.combine(on, time()) + n * QUARTER for n in range(ROWS)]
    kinds = [clock_change(wall, zone) for wall in walls]
    rows = [row for row, kind in enumerate(kinds) if kind]
    if not rows:
        return None
    kind = kinds[rows[0]] or ""
    return Change(
        kind, rows[0], len(rows), (midnight - timedelta(minutes=1)).strftime("%Z"),
        end.strftime("%Z"),
    )  # fmt: skip


def _column(day: Day, zone: ZoneInfo) -> Column:
    change = change_of(day.date, zone)
    places, crowds = lay([*day.cards, *day.coming], change)
    here = now().astimezone(zone)
    minutes = here.hour * 60 + here.minute if here.date() == day.date else None
    openings = room_for(day.slots, [*places, *crowds], change)
    return Column(day, tuple(places), tuple(openings), tuple(crowds), change, minutes)


def _hours(columns: Iterable[Column]) -> tuple[int, int]:
    """The first hour that is open and the one before which the grid ends."""
    starts, ends = [FROM * 4], [TO * 4]
    for column in columns:
        starts += [one.at for one in column.line]
        starts += [crowd.at for crowd in column.crowds]
        ends += [one.at + one.len for one in column.line]
        ends += [crowd.at + NEAR for crowd in column.crowds]
        if column.change:
            starts.append(column.change.at)
            ends.append(column.change.at + column.change.len)
        if column.now is not None:
            starts.append(column.now // 15)
            ends.append(column.now // 15 + 1)
    opens, closes = min(starts) // 4, min(-(-max(ends) // 4), 24)
    return (opens if opens >= FOLD else 0), (closes if closes <= 24 - FOLD else 24)


def _row(card: Laid) -> int:
    """The quarter in which it lies; the last ones of a day keep room for a line of words."""
    assert card.at is not None
    return min(_quarter(card.at), ROWS - 2)


def _length(card: Laid, room: int) -> int:
    """Rows it takes: more where there is a picture and room for it."""
    wanted = TALL if card.picture and room >= TALL else SHORT
    return max(min(wanted, room, ROWS), 2)


def _clusters(found: Sequence[Laid], rows: dict[Key, int]) -> list[list[Laid]]:
    """Cards in their order, parted wherever two follow each other with room between."""
    clusters: list[list[Laid]] = []
    last = -ROWS
    for card in found:
        if rows[card.id] - last >= NEAR:
            clusters.append([])
        clusters[-1].append(card)
        last = rows[card.id]
    return clusters


def _lanes(
    cluster: Sequence[Laid], rows: dict[Key, int], most: int
) -> tuple[list[list[Laid]], list[Laid]]:
    """The cards side by side in at most ``most`` lanes, the first ones first, and those that
    found no room."""
    lanes: list[list[Laid]] = [[] for _ in range(most)]
    over: list[Laid] = []
    for card in cluster:
        second = bool(card.at and card.at.fold)
        for lane in lanes[1:] if second else lanes:
            if all(abs(rows[card.id] - rows[other.id]) >= NEAR for other in lane):
                lane.append(card)
                break
        else:
            over.append(card)
    used = max((n for n, lane in enumerate(lanes, 1) if lane), default=0)
    return [sorted(lane, key=lambda c: rows[c.id]) for lane in lanes[:used]], over


def _crowds(over: Sequence[Laid], rows: dict[Key, int], col: str) -> list[Crowd]:
    crowds: list[Crowd] = []
    for card in sorted(over, key=lambda card: rows[card.id]):
        last = crowds[-1] if crowds else None
        if last and rows[card.id] - last.at < NEAR:
            crowds[-1] = replace(last, count=last.count + 1, trouble=last.trouble or card.trouble)
        else:
            crowds.append(Crowd(rows[card.id], 1, col, card.trouble))
    return crowds


def _is_twice(card: Laid, change: Change | None) -> bool:
    if change is None or change.kind != "twice" or card.at is None:
        return False
    return change.at <= _quarter(card.at) < change.at + change.len


def _quarter(at: datetime) -> int:
    return (at.hour * 60 + at.minute) // 15


def _clock(row: int) -> str:
    return f"{row // 4:02}:{row % 4 * 15:02}"
