"""The strike chart of a post: one line an account, marks at the seconds after its time.

Plain numbers for a server-made SVG of 720 units' width, and a sentence that says the same
(DESIGN §6.5, §9).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.services.results import Delivery, Result, Try

LEFT, RIGHT = 124.0, 560.0
TOP, STEP = 34, 34
LEAST = 10.0  # seconds the axis shows at least
MOST = 6 * 3600.0  # beyond that the list says it better
STEPS = (2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
CLOSE = 16.0  # marks nearer than that lie on each other
ORDINAL = ("once", "twice", "three times", "four times", "five times")


@dataclass(frozen=True)
class Mark:
    """A try that ended: ``number`` is 0 for the one that went out."""

    x: float
    number: int


@dataclass(frozen=True)
class Wait:
    """Between two tries."""

    start: float
    end: float
    words: str


@dataclass(frozen=True)
class Lane:
    y: int
    network: str
    name: str
    marks: tuple[Mark, ...]
    waits: tuple[Wait, ...]
    working: tuple[float, float] | None  # while the network had it, before it was out
    note: str


@dataclass(frozen=True)
class Strike:
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]
    height: int
    sentence: str


def draw(result: Result, clock: str) -> Strike | None:
    """The chart, or ``None`` before anything happened and where it would span hours.

    ``clock`` is the post's time as the brand reads it, the label of the first tick.
    """
    due = result.post.due_at
    if due is None:
        return None
    tries: dict[object, list[Try]] = {}
    for one in reversed(result.tries):
        tries.setdefault(one.target_id, []).append(one)
    shown = [one for one in result.deliveries if one.published_at or one.target_id in tries]
    ends = [_after(due, one.published_at) for one in shown if one.published_at]
    ends += [_end(due, one) for found in tries.values() for one in found]
    if not shown or max(ends) > MOST:
        return None
    total = max(LEAST, max(ends) * 1.05)
    scale = (RIGHT - LEFT) / total
    lanes = tuple(
        _lane(TOP + STEP * place, due, one, tries.get(one.target_id, []), scale)
        for place, one in enumerate(shown)
    )
    return Strike(
        lanes, tuple(_ticks(total, scale, clock)), TOP + STEP * len(lanes) - 8,
        "Delivery by account. " + " ".join(f"{lane.name} {lane.note}." for lane in lanes),
    )  # fmt: skip


def _lane(y: int, due: datetime, one: Delivery, tries: list[Try], scale: float) -> Lane:
    marks: list[Mark] = []
    waits: list[Wait] = []
    bad = [t for t in tries if t.look != "published" and t.seconds is not None]
    for number, found in enumerate(bad, 1):
        marks.append(Mark(_x(_end(due, found), scale), number))
    for before, after in zip(bad, bad[1:], strict=False):
        start, end = _end(due, before), _after(due, after.at)
        waits.append(Wait(_x(start, scale), _x(end, scale), f"waited {_length(end - start)}"))
    working = None
    if one.published_at is not None:
        out = _after(due, one.published_at)
        good = [t for t in tries if t.look == "published"]
        if good:
            working = (_x(_after(due, good[0].at), scale), _x(out, scale))
        marks.append(Mark(_x(out, scale), 0))
        note = f"out after {_length(out)}"
    elif bad:
        said = ORDINAL[len(bad) - 1] if len(bad) <= len(ORDINAL) else f"{len(bad)} times"
        note = f"tried {said}"
    else:
        note = "on its way"
    return Lane(y, one.network, one.name, _apart(marks), tuple(waits), working, note)


def _apart(marks: list[Mark]) -> tuple[Mark, ...]:
    """Of marks that would lie on each other the later one is drawn."""
    kept: list[Mark] = []
    for mark in marks:
        if kept and mark.x - kept[-1].x < CLOSE:
            kept.pop()
        kept.append(mark)
    return tuple(kept)


def _after(due: datetime, at: datetime | None) -> float:
    return max(0.0, (at - due).total_seconds()) if at else 0.0


def _end(due: datetime, one: Try) -> float:
    return _after(due, one.at) + (one.seconds or 0.0)


def _x(seconds: float, scale: float) -> float:
    return round(LEFT + seconds * scale, 1)


def _length(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _ticks(total: float, scale: float, clock: str) -> list[tuple[float, str]]:
    """At most five, the first the post's own time."""
    step = next((one for one in STEPS if total / one <= 4), STEPS[-1])
    found = [(LEFT, clock)]
    for number in range(1, int(total // step) + 1):
        found.append((_x(number * step, scale), f"+{_length(number * step)}"))
    return found
