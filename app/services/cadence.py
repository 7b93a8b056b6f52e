"""The cadence strip: a month as a carillon's drum, one line an account, one pin a post.

Places are plain numbers for a server-made SVG (DESIGN §1.2); beside it stands one sentence
that names the gap worth knowing.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from app.clock import now
from app.models.accounts import AccountStatus
from app.models.posts import TargetState
from app.models.profiles import Profile
from app.services import cards
from app.services.calendar import LIGHT, Day, Month
from app.services.cards import Card, Line, Owned

LEFT, RIGHT = 22.0, 960.0
TOP, STEP = 14, 10
LANES = 12  # an account of each network
QUIET = 7  # days without a post that are worth a word


@dataclass(frozen=True)
class Pin:
    """One post on one account; ``x`` and ``y`` in units of the drawing."""

    x: float
    y: int
    network: str
    status: str  # published, draft, failed or scheduled


@dataclass(frozen=True)
class Lane:
    y: int
    network: str
    name: str


@dataclass(frozen=True)
class Gap:
    """Days, the first and the last of them quiet, on which an account has nothing."""

    lane: Lane
    first: date
    last: date
    start: float
    end: float


@dataclass(frozen=True)
class Cadence:
    """Everything the drawing shows. ``hidden`` accounts did not fit."""

    lanes: tuple[Lane, ...]
    pins: tuple[Pin, ...]
    days: tuple[tuple[float, date], ...]  # the middle of each day's label
    weekends: tuple[float, ...]
    width: float  # of a day
    now: float | None
    gap: Gap | None
    hidden: int
    brush: tuple[float, float] | None = None  # where the week on view begins, and how wide

    @property
    def dots(self) -> dict[tuple[str, str], str]:
        """The pins as one outline for each network and status, in their order."""
        found: dict[tuple[str, str], str] = {}
        for pin in self.pins:
            key, r = (pin.network, pin.status), 3.4 if pin.status == "failed" else 3
            found[key] = found.get(key, "") + f"M{pin.x:g} {pin.y - r:g}a{r} {r} 0 1 0 .1 0z"
        return found

    @property
    def bottom(self) -> int:
        return TOP + STEP * max(len(self.lanes), 1) - 5


def draw(
    profile: Profile, month: Month, owned: Sequence[Owned], week: Sequence[Day] = ()
) -> Cadence:
    """The strip of a month and the brand's accounts, which have been read already.

    The days of a ``week`` on view are marked, as far as they lie in the month.
    """
    count = monthrange(month.year, month.month)[1]
    width = (RIGHT - LEFT) / count
    rows = _accounts(owned, month.cards)
    lanes = {
        row_id: Lane(TOP + STEP * place, network, name)
        for place, (row_id, network, name) in enumerate(rows[:LANES])
    }
    here = now().astimezone(profile.zone)
    inside = (here.year, here.month) == (month.year, month.month)
    dates = [month.first + timedelta(days=n) for n in range(count)]
    marked = [day.date.day for day in week if day.date in dates]
    return Cadence(
        lanes=tuple(lanes.values()),
        pins=tuple(_pins(month.cards, lanes, width)),
        days=tuple((round(LEFT + width * (n + 0.5), 1), d) for n, d in enumerate(dates)),
        weekends=tuple(
            round(LEFT + width * n, 1) for n, d in enumerate(dates) if d.weekday() >= 5
        ),
        width=round(width, 1),
        now=round(_x(here, width), 1) if inside else None,
        gap=_gap(month.cards, lanes, dates, width, here.date()),
        hidden=len(rows) - len(lanes),
        brush=(round(LEFT + width * (marked[0] - 1), 1), round(width * len(marked), 1))
        if marked
        else None,
    )  # fmt: skip


def _x(at: datetime, width: float) -> float:
    """Where a moment lies: the day, and the hour within it."""
    wall = datetime.combine(at.date(), time(), at.tzinfo)
    part = (at.replace(tzinfo=None) - wall.replace(tzinfo=None)) / timedelta(days=1)
    return LEFT + width * (at.day - 1 + part)


def _accounts(owned: Sequence[Owned], found: Sequence[Card]) -> list[tuple[UUID, str, str]]:
    """The brand's accounts, and those taken off that have posts here; networks in order."""
    used = {line.account_id for card in found for line in card.lines}
    kept = [one for one in owned if one.status is not AccountStatus.DISCONNECTED or one.id in used]
    kept.sort(key=lambda one: cards.ORDER.get(one.network, 99))
    several = {r.network for r in kept if sum(o.network == r.network for o in kept) > 1}
    return [
        (
            one.id,
            one.network,
            cards.network_title(one.network) + (f" {one.handle}" * (one.network in several)),
        )
        for one in kept
    ]


def _status(card: Card, line: Line) -> str:
    if line.state in (TargetState.FAILED, TargetState.NEEDS_REVIEW):
        return "failed"
    if line.state is TargetState.PUBLISHED:
        return "published"
    return "draft" if card.state == "draft" else "scheduled"


def _pins(found: Sequence[Card], lanes: dict[UUID, Lane], width: float) -> list[Pin]:
    """Of a crowded month one pin stands for all of an account's posts of a day and status."""
    crowded = len(found) > LIGHT
    pins: dict[tuple[object, ...], Pin] = {}
    for card in found:
        if card.at is None:
            continue
        at = card.at.replace(hour=12, minute=0) if crowded else card.at
        for line in card.lines:
            lane = lanes.get(line.account_id)
            if lane is None or not line.alive:
                continue
            pin = Pin(round(_x(at, width), 1), lane.y, lane.network, _status(card, line))
            pins[pin.x, pin.y, pin.status] = pin
    # What did not go out lies on top.
    return sorted(pins.values(), key=lambda pin: pin.status == "failed")


def _gap(
    found: Sequence[Card], lanes: dict[UUID, Lane], dates: Sequence[date], width: float,
    here: date,
) -> Gap | None:  # fmt: skip
    """The longest run of days still to come on which an account that is in use has nothing."""
    ahead = [day for day in dates if day > here]
    best: Gap | None = None
    for account_id, lane in lanes.items():
        busy = {
            card.at.date()
            for card in found
            for line in card.lines
            if card.at and line.alive and line.account_id == account_id
        }
        run: list[date] = []
        for day in [*ahead, None] if busy else []:
            if day is not None and day not in busy:
                run.append(day)
                continue
            if len(run) >= QUIET and (best is None or len(run) > (best.last - best.first).days + 1):
                start = LEFT + width * (run[0].day - 1)
                end = LEFT + width * run[-1].day
                best = Gap(lane, run[0], run[-1], round(start, 1), round(end, 1))
            run = []
    return best
