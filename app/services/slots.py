"""Slots: the days' own times at which accounts post, and which of them are still open.

A slot is one posting time of one account on one day. It lasts a quarter of an hour, or until the
account's next one. It is open while it lies ahead and no post of that account stands in it: one on
the clock, held or out, or a draft that has been given that time. Working copies do not count.

Times are reckoned on the brand's wall clock and brought to UTC last, as everywhere (reliability
§6): one that does not exist moves forward by the gap, one that occurs twice means the first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import zip_longest
from uuid import UUID
from zoneinfo import ZoneInfo

from app.clock import now, to_utc
from app.errors import ValidationFailed
from app.extensions import db
from app.models.posts import Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import ahead, posting_times
from app.services.access import reach
from app.services.posting_times import Weekly

LASTS = timedelta(minutes=15)
AHEAD = timedelta(weeks=8)  # how far the next open one is looked for
STEP = timedelta(weeks=2)  # … and how much of that at a time
DAY = timedelta(days=1)
FREE = (TargetState.CANCELLED, TargetState.DISCARDED, TargetState.FAILED)
Times = Mapping[UUID, Collection[Weekly]]


class SlotTaken(ValidationFailed):
    """The slot that was shown is no longer the next open one; ``next`` is."""

    def __init__(self, slot: NextSlot) -> None:
        super().__init__(
            f"That slot is no longer open. The next one is {slot.words}.", field="slot"
        )
        self.next = slot


@dataclass(frozen=True)
class OpenSlot:
    """A time at which accounts have a slot. ``at`` is in the brand's zone; ``accounts`` are those
    for whom it is open, ``taken`` how many others have filled theirs."""

    at: datetime
    accounts: tuple[UUID, ...]
    taken: int = 0

    @property
    def date(self) -> date:
        return self.at.date()


@dataclass(frozen=True)
class NextSlot:
    """The next time that suits a set of accounts. ``at`` is in the brand's zone; ``whose`` have
    a slot then, ``along`` go with them."""

    at: datetime
    whose: tuple[UUID, ...]
    along: tuple[UUID, ...] = ()

    @property
    def words(self) -> str:
        """``Thu 14 May, 12:30``"""
        return f"{self.at:%a} {self.at.day} {self.at:%b}, {self.at:%H:%M}"


def open_slots(
    actor: Actor,
    profile: Profile,
    first: date,
    last: date,
    *,
    networks: Collection[str] = (),
    after: datetime | None = None,
) -> list[OpenSlot]:
    """The open slots of the days from ``first`` to ``last``, in their order; two statements.

    Of accounts that can post now, on ``networks`` where some are named; later than ``after``
    (now). Accounts with the same time share one entry.
    """
    times = ahead.look(actor, profile).on(networks)
    if not times or first > last:
        return []
    taken = _taken(actor, profile, list(times), *_reach(first, last, profile.zone))
    return between(times, taken, first, last, profile.zone, after=after)


def between(
    times: Times,
    taken: Mapping[UUID, Sequence[datetime]],
    first: date,
    last: date,
    zone: ZoneInfo,
    *,
    after: datetime | None = None,
) -> list[OpenSlot]:
    """The same, of what has been read already: the accounts' times of the week, and when posts of
    theirs stand in slots (``sorted_by_account``)."""
    after = after or now()
    first = max(first, after.astimezone(zone).date())
    opened: dict[datetime, list[UUID]] = defaultdict(list)
    filled: dict[datetime, int] = defaultdict(int)
    for account_id, mine in times.items() if first <= last else ():
        for start, end in _spans(mine, first, last, zone).items():
            if start <= after:
                continue
            if _within(taken.get(account_id, ()), start, end):
                filled[start] += 1
            else:
                opened[start].append(account_id)
    return [
        OpenSlot(start.astimezone(zone), tuple(opened[start]), filled[start])
        for start in sorted(opened)
    ]


def open_at(
    actor: Actor, profile: Profile, at: datetime, *, networks: Collection[str] = ()
) -> tuple[UUID, ...]:
    """The accounts that have an open slot at that moment, on ``networks`` where some are named."""
    day = at.astimezone(profile.zone).date()
    found = open_slots(actor, profile, day, day, networks=networks)
    return next((one.accounts for one in found if one.at == at), ())


def next_open(
    actor: Actor,
    profile: Profile,
    accounts: Sequence[UUID],
    *,
    after: datetime | None = None,
    without: Collection[UUID] = (),
    lock: bool = False,
) -> NextSlot | None:
    """The next time at which a post can go to all of ``accounts`` in a slot.

    It is a slot of every account that has posting times, where their weeks have a time in common;
    else of one of them. None of them has another post in it; posts ``without`` do not count.
    ``None`` where no account has times, or nothing is open in the next eight weeks.
    """
    times = posting_times.by_account(actor, accounts, lock=lock)
    if not times:
        return None
    common = set.intersection(*(set(mine) for mine in times.values()))
    after = after or now()
    begin, end = after, after + AHEAD
    while begin < end:
        first = begin.astimezone(profile.zone).date()
        last = first + STEP
        spans = {one: _spans(mine, first, last, profile.zone) for one, mine in times.items()}
        taken = _taken(
            actor, profile, accounts, *_reach(first, last, profile.zone), without=without
        )
        for start in sorted({one for mine in spans.values() for one in mine}):
            whose = [one for one in accounts if start in spans.get(one, ())]
            if start <= after or (common and len(whose) < len(times)):
                continue
            ends = {one: spans.get(one, {}).get(start, start + LASTS) for one in accounts}
            if any(_within(taken[one], start, ends[one]) for one in accounts):
                continue
            along = tuple(one for one in accounts if one not in whose)
            return NextSlot(start.astimezone(profile.zone), tuple(whose), along)
        begin = to_utc(datetime.combine(last + DAY, time()), profile.zone)
    return None


def upcoming(
    times: Collection[Weekly], zone: ZoneInfo, count: int, *, after: datetime
) -> list[datetime]:
    """The next moments of weekly times, in the zone."""
    first = after.astimezone(zone).date()
    starts = sorted(set(_starts(times, first, first + STEP, zone)))
    return [one.astimezone(zone) for one in starts if one > after][:count]


def claim(
    actor: Actor,
    profile: Profile,
    accounts: Sequence[UUID],
    *,
    seen: datetime | None = None,
    without: Collection[UUID] = (),
) -> datetime:
    """An open slot (UTC), for a post that the caller puts there in the same transaction.

    It is the one that was ``seen``, else the next. Whoever claims a slot of one of these accounts
    waits here until that transaction ends, so no two posts get the same. Raises ``SlotTaken``
    where the one seen is not open to all of them any more, and ``ValidationFailed`` (field
    ``slot``) where none is.
    """
    moment = now()
    after = max(moment, seen - timedelta.resolution) if seen else moment
    found = next_open(actor, profile, accounts, after=after, without=without, lock=True)
    if seen is not None and (found is None or found.at != seen):
        found = next_open(actor, profile, accounts, after=moment, without=without)
        if found is not None:
            raise SlotTaken(found)
    if found is None:
        raise ValidationFailed(NONE, field="slot")
    return found.at.astimezone(UTC)


NONE = "These accounts have no open slot in the next eight weeks. Choose a time instead."


def _spans(
    times: Iterable[Weekly], first: date, last: date, zone: ZoneInfo
) -> dict[datetime, datetime]:
    """When each slot of an account begins and ends (UTC), by its beginning, in their order.

    Two that a clock change puts at one instant are one.
    """
    starts = sorted(set(_starts(times, first, last + DAY, zone)))
    found = {}
    for start, following in zip_longest(starts, starts[1:]):
        if start.astimezone(zone).date() <= last:
            end = start + LASTS
            found[start] = min(end, following) if following else end
    return found


def _starts(times: Iterable[Weekly], first: date, last: date, zone: ZoneInfo) -> Iterator[datetime]:
    by_day: dict[int, list[time]] = defaultdict(list)
    for one in times:
        by_day[one.weekday].append(time(one.minute // 60, one.minute % 60))
    for n in range((last - first).days + 1):
        day = first + n * DAY
        for clock in by_day[day.weekday()]:
            yield to_utc(datetime.combine(day, clock), zone)


def _reach(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments between which posts may stand in a slot of these days."""
    begin = to_utc(datetime.combine(first, time()), zone)
    return begin, to_utc(datetime.combine(last + DAY, time()), zone) + LASTS


def _taken(
    actor: Actor,
    profile: Profile,
    accounts: Collection[UUID],
    begin: datetime,
    end: datetime,
    *,
    without: Collection[UUID] = (),
) -> dict[UUID, list[datetime]]:
    """When the accounts have posts between two moments, in their order; one statement.

    A post's targets are found by its own time, which every move of them sets along.
    """
    rows = db.session.execute(
        reach(actor)
        .query(PostTarget)
        .join(Post, Post.id == PostTarget.post_id)
        .with_only_columns(
            PostTarget.account_id, PostTarget.state, Post.due_at, PostTarget.scheduled_for
        )
        .where(
            Post.profile_id == profile.id,
            Post.due_at >= begin,
            Post.due_at < end,
            Post.discarded_at.is_(None),
            Post.edits_id.is_(None),
            Post.id.not_in(without),
            PostTarget.account_id.in_(accounts),
        )
    )
    return sorted_by_account((row[0], row[1], row[2], row[3]) for row in rows)


def sorted_by_account(
    rows: Iterable[tuple[UUID, TargetState, datetime | None, datetime | None]],
) -> dict[UUID, list[datetime]]:
    """When posts of each account stand in slots: of targets as account, state, the post's time
    and the target's own. A draft stands where it is planned; what is off stands nowhere."""
    found: dict[UUID, list[datetime]] = defaultdict(list)
    for account_id, state, planned, given in rows:
        at = planned if state is TargetState.DRAFT else given
        if at is not None and state not in FREE:
            found[account_id].append(at)
    for mine in found.values():
        mine.sort()
    return found


def _within(moments: Sequence[datetime], start: datetime, end: datetime) -> bool:
    """Whether one of the sorted ``moments`` lies in the span; its end is not in it."""
    place = bisect_left(moments, start)
    return place < len(moments) and moments[place] < end
