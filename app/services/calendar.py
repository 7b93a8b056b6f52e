"""The calendar: a month, a list, a day, the drafts without a date, and what goes out next.

Read-only (DESIGN §6.3). Days are days of the brand's zone, also where a clock change makes
one 23 or 25 hours long. What needs a person is ``attention.py``, the strip ``cadence.py``.
"""

from __future__ import annotations

import zlib
from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import selectinload

from app.clock import now, to_utc
from app.extensions import db
from app.models.accounts import AccountStatus
from app.models.people import User
from app.models.posts import Post, PostTarget, PostVariant, TargetState
from app.models.profiles import Membership, Profile
from app.permissions import Actor
from app.services import ahead, best_times, cards, coming, labels, posting_times, slots
from app.services.access import reach
from app.services.ahead import Ahead
from app.services.cards import Card, Owned
from app.services.coming import Coming
from app.services.slots import OpenSlot

SHOWN = 6  # posts of a day before "3 more" (DESIGN §1)
SLOTS = 3  # open ones of a day in a month
COMING = 3  # dates of series of a day in a month
LIGHT = 50  # beyond that pictures and hidden words stay away (DESIGN §11)
MOST = 3000  # posts of one view
YEARS = range(1970, 2200)
DAY = timedelta(days=1)
Date = date  # inside ``Day``, ``date`` is the field
# What a filter by status shows: the words of the menu, and the cards' states.
STATUSES: dict[str, tuple[str, tuple[str, ...]]] = {
    "attention": ("Needs you", (*cards.TROUBLE, "held")),
    "draft": ("Drafts", ("draft",)),
    "scheduled": ("Scheduled", ("scheduled", "retrying", "queued", "posting")),
    "held": ("Held", ("held",)),
    "published": ("Published", ("published", "partial")),
    "failed": ("Did not go out", cards.TROUBLE),
}


@dataclass(frozen=True)
class Filters:
    """What is shown; nothing set shows everything. ``text`` is searched in the texts; open
    ``slots`` stand among the posts."""

    networks: tuple[str, ...] = ()
    status: str = ""
    author: UUID | None = None
    text: str = ""
    label: UUID | None = None
    slots: bool = True

    @property
    def any(self) -> bool:
        return bool(self.networks or self.status or self.author or self.text or self.label)

    def take(self, card: Card) -> bool:
        """Whether the card is shown. Text and label have been looked at by then."""
        if self.networks and not set(self.networks) & set(card.networks):
            return False
        if self.status and card.state not in STATUSES[self.status][1]:
            return False
        return self.author is None or card.author == self.author


@dataclass(frozen=True)
class Day:
    """One day. ``shown`` are at most ``SHOWN`` cards, ``more`` how many others there are;
    ``slots`` those still open and ``coming`` the dates of series without a post yet, of which a
    cell of the month shows the first."""

    date: Date
    cards: tuple[Card, ...]
    today: Date
    month: int = 0  # the month on view; 0 where there is none
    slots: tuple[OpenSlot, ...] = ()
    coming: tuple[Coming, ...] = ()

    @property
    def past(self) -> bool:
        return self.date < self.today

    @property
    def out(self) -> bool:
        return bool(self.month) and self.date.month != self.month

    @property
    def weekend(self) -> bool:
        return self.date.weekday() >= 5

    @property
    def shown(self) -> tuple[Card, ...]:
        """In the order of time; what needs a person is never among the hidden ones."""
        if len(self.cards) <= SHOWN:
            return self.cards
        first = sorted(self.cards, key=lambda card: not card.trouble)[:SHOWN]
        kept = {card.id for card in first}
        return tuple(card for card in self.cards if card.id in kept)

    @property
    def line(self) -> list[Card | OpenSlot | Coming]:
        """What a cell of the month shows, in the order of time."""
        return _in_order([*self.shown, *self.slots[:SLOTS], *self.coming[:COMING]])

    @property
    def rows(self) -> list[Card | OpenSlot | Coming]:
        """Every post and every date of a series, in the order of time."""
        return _in_order([*self.cards, *self.coming])

    @property
    def more(self) -> int:
        return len(self.cards) - len(self.shown)

    @property
    def more_slots(self) -> int:
        return max(len(self.slots) - SLOTS, 0)

    @property
    def more_coming(self) -> int:
        return max(len(self.coming) - COMING, 0)

    @property
    def digest(self) -> str:
        """Short, and another one as soon as the day looks different."""
        seen = ";".join(f"{c.id}{c.rev}{c.state}{c.at}{c.risk}{c.edited}" for c in self.cards)
        open_at = ";".join(f"{one.at}{len(one.accounts)}" for one in self.slots)
        again = ";".join(f"{one.id}{one.at}{one.title}" for one in self.coming)
        told = f"{seen}{self.past}{self.date == self.today}{open_at}{again}"
        return format(zlib.crc32(told.encode()), "x")


@dataclass(frozen=True)
class Month:
    """Five or six weeks (four in a short February) around a month."""

    year: int
    month: int
    days: tuple[Day, ...]
    light: bool  # many posts: no pictures
    moving: bool
    ahead: Ahead = Ahead()

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def cards(self) -> list[Card]:
        """The cards of the month itself, without the days before and after."""
        return [card for day in self.days if not day.out for card in day.cards]

    @property
    def counts(self) -> Counter[str]:
        return Counter(card.state for card in self.cards)


def today(profile: Profile) -> date:
    """The brand's day."""
    return now().astimezone(profile.zone).date()


def midnight(profile: Profile, day: date) -> datetime:
    """When a day of the brand begins, in UTC."""
    return to_utc(datetime.combine(day, time()), profile.zone)


def span(profile: Profile, first: date, end: date) -> tuple[ColumnElement[bool], ...]:
    """Posts whose time lies on the days from ``first`` to before ``end``."""
    return (Post.due_at >= midnight(profile, first), Post.due_at < midnight(profile, end))


def grid(year: int, month: int, week_start: int = 0) -> list[date]:
    """The days of whole weeks that hold the month; ``week_start`` 0 is Monday."""
    first = date(year, month, 1)
    last = first + timedelta(days=monthrange(year, month)[1] - 1)
    begin = first - timedelta(days=(first.weekday() - week_start) % 7)
    end = last + timedelta(days=(week_start - 1 - last.weekday()) % 7)
    return [begin + timedelta(days=n) for n in range((end - begin).days + 1)]


def month(
    actor: Actor, profile: Profile, year: int, month: int, filters: Filters | None = None,
    *, pictures: bool = False, every: Sequence[Card] | None = None,
) -> Month:  # fmt: skip
    """A month of posts as cards; pictures only on days with a single post, unless all are asked
    for. ``every``: its cards with their pictures, where they have been read."""
    filters = filters or Filters()
    dates = grid(year, month, profile.week_start)
    if every is None:
        every = _every(actor, profile, dates[0], dates[-1] + DAY, filters, True)
    found = [card for card in every if filters.take(card)]
    light = len(found) > LIGHT
    by_day = _by_day(found)
    if not pictures:
        by_day = {on: _plain(posts, light) for on, posts in by_day.items()}
    here = today(profile)
    look = ahead.look(actor, profile)
    free = _slots(profile, dates[0], dates[-1], filters, look, every)
    again = _coming(actor, profile, dates[0], dates[-1], filters) if look.series else {}
    days = tuple(
        Day(one, tuple(by_day.get(one, ())), here, month, tuple(free[one]), again.get(one, ()))
        for one in dates
    )
    return Month(year, month, days, light, cards.moving(found), look)


def _plain(posts: list[Card], light: bool) -> list[Card]:
    """Without pictures, but for a post that has its day to itself."""
    if len(posts) == 1 and not light:
        return posts
    return [replace(card, picture=None) for card in posts]


def suggested(actor: Actor, profile: Profile, found: Month) -> Month:
    """The month with typical hours as slots of nobody: a first rhythm, until there is one."""
    best = best_times.find(actor, profile.id)
    times = {profile.id: [posting_times.weekly(one) for one in best.slots]}
    by_day: dict[date, list[OpenSlot]] = defaultdict(list)
    for one in slots.between(times, {}, found.days[0].date, found.days[-1].date, profile.zone):
        by_day[one.date].append(OpenSlot(one.at, ()))
    days = tuple(replace(day, slots=tuple(by_day[day.date])) for day in found.days)
    return replace(found, days=days)


def listing(
    actor: Actor, profile: Profile, year: int, month: int, filters: Filters | None = None
) -> list[Day]:
    """The days of a month that have posts or dates of series; pictures, authors and labels."""
    filters = filters or Filters()
    first = date(year, month, 1)
    end = first + timedelta(days=monthrange(year, month)[1])
    found = _between(actor, profile, first, end, filters)
    if len(found) <= LIGHT:
        found = cards.with_pictures(found)
    worn = labels.of_posts([card.id for card in found])
    found = [replace(card, labels=tuple(worn.get(card.id, ()))) for card in found]
    by_day, here = _by_day(cards.with_authors(found)), today(profile)
    again = _coming(actor, profile, first, end - DAY, filters)
    return [
        Day(one, tuple(by_day.get(one, ())), here, coming=again.get(one, ()))
        for one in sorted({*by_day, *again})
    ]


def day(actor: Actor, profile: Profile, on: date, filters: Filters | None = None) -> Day:
    """One day with everything on it."""
    filters = filters or Filters()
    every = _every(actor, profile, on, on + DAY, filters)
    found = [card for card in every if filters.take(card)]
    shown = tuple(cards.with_pictures(cards.with_authors(found)))
    look = ahead.look(actor, profile)
    free = _slots(profile, on, on, filters, look, every)[on]
    again = _coming(actor, profile, on, on, filters) if look.series else {}
    return Day(on, shown, today(profile), slots=tuple(free), coming=again.get(on, ()))


def agenda(actor: Actor, profile: Profile, first: date, last: date) -> list[Card]:
    """The posts of the days from ``first`` to ``last``, without pictures, in their order."""
    return _between(actor, profile, first, last + DAY, Filters())


def days(
    actor: Actor, profile: Profile, dates: Iterable[date], month: int, filters: Filters
) -> list[Day]:
    """Single days of a month's grid, as that month shows them: after a move."""
    here, made = today(profile), []
    for on in sorted(set(dates)):
        found = _between(actor, profile, on, on + DAY, filters)
        if len(found) == 1:
            found = cards.with_pictures(found)
        made.append(Day(on, tuple(found), here, month))
    return made


def one(actor: Actor, profile: Profile, post_id: UUID) -> Card | None:
    """The card of one post of this brand."""
    found = cards.load(actor, profile, Post.id == post_id)
    return cards.with_authors(cards.with_pictures(found))[0] if found else None


def authors(actor: Actor, profile: Profile) -> list[tuple[UUID, str]]:
    """Who writes for the brand, for the filter."""
    rows = db.session.execute(
        reach(actor)
        .query(Membership)
        .join(User, User.id == Membership.user_id)
        .with_only_columns(User.id, User.name, User.email)
        .where(Membership.profile_id == profile.id)
        .order_by(User.name, User.email)
    )
    return [(row.id, row.name or row.email) for row in rows]


def needing(actor: Actor, profile: Profile) -> list[Card]:
    """Every post that needs a person, whatever its month: in trouble first, then held ones."""
    waits = and_(PostTarget.state == TargetState.SCHEDULED, PostTarget.hold_reason.is_not(None))
    trouble = PostTarget.state.in_((TargetState.FAILED, TargetState.NEEDS_REVIEW))
    ids = (
        reach(actor)
        .query(PostTarget)
        .with_only_columns(PostTarget.post_id)
        .where(PostTarget.profile_id == profile.id, or_(trouble, waits))
    )
    found = cards.load(
        actor, profile, Post.id.in_(ids), order=(Post.due_at.desc(), Post.id), limit=MOST
    )
    found = cards.with_authors(cards.with_pictures(found))
    return sorted(found, key=lambda card: not card.trouble)


def networks(owned: Sequence[Owned]) -> list[str]:
    """The networks the brand has accounts on, in the house's order."""
    rows = {one.network for one in owned if one.status is not AccountStatus.DISCONNECTED}
    return sorted(rows, key=lambda name: cards.ORDER.get(name, len(cards.ORDER)))


def _between(
    actor: Actor, profile: Profile, first: date, end: date, filters: Filters,
    pictures: bool = False,
) -> list[Card]:  # fmt: skip
    found = _every(actor, profile, first, end, filters, pictures)
    return [card for card in found if filters.take(card)]


def _every(
    actor: Actor, profile: Profile, first: date, end: date, filters: Filters,
    pictures: bool = False,
) -> list[Card]:  # fmt: skip
    """The posts of these days that hold the text, before any other filter."""
    where = list(span(profile, first, end))
    if filters.label is not None:
        where.append(labels.wearing(filters.label))
    if filters.text:
        where.append(Post.id.in_(_holding(actor, profile, where, filters.text)))
    return cards.load(actor, profile, *where, limit=MOST, pictures=pictures)


def _slots(
    profile: Profile, first: date, last: date, filters: Filters, look: Ahead,
    every: Iterable[Card],
) -> dict[date, list[OpenSlot]]:  # fmt: skip
    """The open slots by their days, between all the posts of these days; none where only posts
    of one state, author, text or label are shown."""
    found: dict[date, list[OpenSlot]] = defaultdict(list)
    only = filters.status or filters.author or filters.text or filters.label
    if not filters.slots or only:
        return found
    taken = slots.sorted_by_account(
        (line.account_id, line.state, card.at, line.scheduled_for)
        for card in every
        for line in card.lines
    )
    times = look.on(filters.networks)
    for one in slots.between(times, taken, first, last, profile.zone):
        found[one.date].append(one)
    return found


def _coming(
    actor: Actor, profile: Profile, first: date, last: date, filters: Filters
) -> dict[date, tuple[Coming, ...]]:
    """The dates of series by their days; none where only posts of one state or label are shown."""
    if filters.status or filters.label:
        return {}
    return coming.between(
        actor, profile, first, last,
        networks=filters.networks, author=filters.author, text=filters.text,
    )  # fmt: skip


def _holding(
    actor: Actor, profile: Profile, where: Sequence[ColumnElement[bool]], text: str
) -> list[UUID]:
    """Posts with that text in any version. Compared here: databases differ in letters' case."""
    wanted = text.casefold()
    rows = db.session.scalars(
        reach(actor)
        .query(Post)
        .where(Post.profile_id == profile.id, *cards.OURS, *where)
        .options(selectinload(Post.variants).load_only(PostVariant.parts))
        .limit(MOST)
    )
    return [
        post.id
        for post in rows
        if any(
            wanted in part.casefold()
            for parts in (post.parts, *(own.parts for own in post.variants))
            for part in parts
        )
    ]


def _by_day(found: Iterable[Card]) -> dict[date, list[Card]]:
    by_day: dict[date, list[Card]] = defaultdict(list)
    for card in found:
        if card.at is not None:
            by_day[card.at.date()].append(card)
    return by_day


def _in_order(mixed: list[Card | OpenSlot | Coming]) -> list[Card | OpenSlot | Coming]:
    return sorted(mixed, key=lambda one: one.at or datetime.max.replace(tzinfo=UTC))
