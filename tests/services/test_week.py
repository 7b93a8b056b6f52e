"""The week's rules: which days it holds, where a card lies, and what a clock change does to it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask

from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.posts import TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import cadence, cards, week
from app.services.cards import Card
from tests import factories as make

LONDON = ZoneInfo("Europe/London")
FORWARD, BACK = date(2026, 3, 29), date(2026, 10, 25)


@pytest.fixture
def actor(app: Flask) -> Actor:
    user = make.make_user()
    make.make_profile(user)
    return make.actor_of(user)


@pytest.fixture
def brand(actor: Actor) -> Profile:
    return db.session.query(Profile).one()


@pytest.fixture
def account(brand: Profile) -> SocialAccount:
    return make.make_account(brand, "mastodon")


def card(clock: str, *, state: str = "scheduled", picture: bool = False, fold: int = 0) -> Card:
    hour, minute = map(int, clock.split(":"))
    at = datetime(2026, 5, 14, hour, minute, tzinfo=LONDON, fold=fold)
    return Card(uuid4(), 1, at, state, clock, (), picture=uuid4() if picture else None)


@pytest.mark.parametrize(("start", "on", "first"), [
    (0, date(2026, 5, 11), date(2026, 5, 11)), (0, date(2026, 5, 17), date(2026, 5, 11)),
    (6, date(2026, 5, 17), date(2026, 5, 17)), (6, date(2026, 5, 16), date(2026, 5, 10)),
    (5, date(2026, 5, 15), date(2026, 5, 9)), (0, date(2027, 1, 1), date(2026, 12, 28)),
])  # fmt: skip
def test_a_week_begins_on_the_brands_first_day(
    actor: Actor, brand: Profile, start: int, on: date, first: date
) -> None:
    brand.week_start = start
    db.session.commit()
    found = week.look(actor, brand, on)
    assert [day.date for day in found.days] == [first + timedelta(days=n) for n in range(7)]


@pytest.mark.parametrize(("clocks", "places", "crowds"), [
    (["09:00"], [(36, 6, "")], []),
    (["09:00", "10:15"], [(36, 5, ""), (41, 6, "")], []),  # 75 minutes apart: below each other
    (["09:00", "10:14"], [(36, 6, "1/2"), (40, 6, "2/2")], []),
    (["09:00", "09:00", "09:00"], [(36, 6, "1/3"), (36, 6, "2/3"), (36, 6, "3/3")], []),
    (["09:00", "10:00", "11:00"], [(36, 6, "1/2"), (40, 6, "2/2"), (44, 6, "1/2")], []),
    (["09:00"] * 3 + ["09:30", "13:00"], [(36, 6, "1/3"), (36, 6, "2/3"), (52, 6, "")],
     [(36, 2, "3/3")]),
    (["00:00", "23:59"], [(0, 6, ""), (94, 2, "")], []),  # the last line keeps room for words
])  # fmt: skip
def test_cards_within_75_minutes_share_the_column(
    clocks: list[str], places: list[tuple[int, int, str]], crowds: list[tuple[int, int, str]]
) -> None:
    found, over = week.lay([card(one) for one in clocks])
    assert [(p.at, p.len, p.col) for p in found] == places
    assert [(c.at, c.count, c.col) for c in over] == crowds


def test_a_card_in_trouble_comes_first_where_not_all_have_room() -> None:
    fine = [card("09:00"), card("09:00"), card("09:15")]
    bad = [card("09:30", state="failed") for _ in range(3)]
    found, over = week.lay([*fine, bad[0]])
    assert bad[0] in [place.card for place in found] and not over[0].trouble
    found, over = week.lay([*fine, *bad])
    assert [place.card.state for place in found] == ["failed", "failed"]
    assert (over[0].count, over[0].trouble) == (4, True)


def test_a_picture_is_shown_where_there_is_room_for_it() -> None:
    first, second, third = (card(one, picture=True) for one in ("09:00", "11:00", "13:30"))
    found, _ = week.lay([first, second, third])
    assert [(p.len, p.picture) for p in found] == [(6, False), (10, True), (10, True)]


@pytest.mark.parametrize(("zone", "on", "kind", "rows", "names"), [
    ("Europe/London", FORWARD, "skipped", (4, 4), ("GMT", "BST")),
    ("Europe/London", BACK, "twice", (4, 4), ("BST", "GMT")),
    ("Australia/Lord_Howe", date(2026, 10, 4), "skipped", (8, 2), ("+1030", "+11")),
    ("America/Santiago", date(2026, 9, 6), "skipped", (0, 4), ("-04", "-03")),  # no midnight
])  # fmt: skip
def test_a_clock_change_takes_rows_away_or_repeats_them(
    zone: str, on: date, kind: str, rows: tuple[int, int], names: tuple[str, str]
) -> None:
    change = week.change_of(on, ZoneInfo(zone))
    assert change is not None and (change.kind, (change.at, change.len)) == (kind, rows)
    assert (change.before, change.after) == names
    assert week.change_of(on + timedelta(days=1), ZoneInfo(zone)) is None


def test_an_hour_that_comes_twice_shows_both_its_posts_side_by_side(
    actor: Actor, brand: Profile, account: SocialAccount
) -> None:
    brand.time_zone = "Europe/London"
    db.session.commit()
    for hour, text in ((0, "First"), (1, "Second")):  # 01:30 BST and 01:30 GMT
        at = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        make.make_post(brand, text, [account], at=at, state=TargetState.PUBLISHED)
    found = week.look(actor, brand, BACK)
    places = found.columns[-1].places
    assert [(p.card.title, p.at, p.col, p.twice) for p in places] == [
        ("First", 6, "1/2", True), ("Second", 6, "2/2", True)
    ]  # fmt: skip
    assert found.opens == 0  # the hour stands there, not in the folded night


@time_machine.travel(datetime(2026, 5, 13, 8, 41, tzinfo=UTC))
def test_empty_hours_are_folded_and_the_strip_marks_the_week(
    actor: Actor, brand: Profile, account: SocialAccount
) -> None:
    brand.time_zone = "Europe/London"
    db.session.commit()
    found = week.look(actor, brand, date(2026, 5, 13))
    assert (found.opens, found.closes) == (7, 21)
    assert [column.now for column in found.columns] == [None, None, 9 * 60 + 41, *[None] * 4]
    for day, hour in ((11, 4), (12, 22), (14, 12), (15, 12), (16, 12)):
        at = datetime(2026, 5, day, hour, 45, tzinfo=UTC)
        make.make_post(brand, "Here", [account], at=at, state=TargetState.PUBLISHED)
    for day in (5, 19):
        at = datetime(2026, 5, day, 12, tzinfo=UTC)
        make.make_post(brand, "Elsewhere", [account], at=at, state=TargetState.PUBLISHED)
    found = week.look(actor, brand, date(2026, 5, 13))
    assert (found.opens, found.closes) == (5, 24)
    assert found.unusual == 4 and found.free == [date(2026, 5, 13), date(2026, 5, 17)]
    strip = cadence.draw(brand, found.month, cards.owned(actor, brand), found.days)
    start, width = strip.brush or (0.0, 0.0)
    assert start == pytest.approx(cadence.LEFT + 10 * strip.width, abs=1)
    assert width == pytest.approx(7 * strip.width, abs=1)
