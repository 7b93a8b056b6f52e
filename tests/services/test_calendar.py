"""The calendar's rules: which days a month shows, which day a post lies on, and one word for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from app.clock import now
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.posts import HoldReason, Post, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import beside, cadence, calendar, cards, results, strike
from app.services.calendar import Filters
from app.services.cards import Line
from tests import factories as make

S = TargetState


@pytest.fixture
def actor(app: Flask) -> Actor:
    user = make.make_user()
    make.make_profile(user)
    return make.actor_of(user)


@pytest.fixture
def brand(actor: Actor) -> Profile:
    return db.session.query(Profile).one()


@pytest.fixture
def accounts(brand: Profile) -> list[SocialAccount]:
    return [make.make_account(brand, name) for name in ("twitter", "mastodon", "bluesky")]


def line(state: TargetState, **more: Any) -> Line:
    given = {"hold": None, "due_at": None, "failures": 0, "usable": True} | more
    return Line(id=uuid4(), account_id=uuid4(), network="mastodon", state=state, **given)


@pytest.mark.parametrize(("lines", "word"), [
    ([line(S.SCHEDULED), line(S.SCHEDULED)], "scheduled"),
    ([line(S.SCHEDULED), line(S.SCHEDULED, hold=HoldReason.RECONNECT)], "scheduled"),
    ([line(S.SCHEDULED, hold=HoldReason.LATE), line(S.CANCELLED)], "held"),
    ([line(S.SCHEDULED, failures=1)], "retrying"),
    ([line(S.PUBLISHED), line(S.SCHEDULED)], "retrying"),
    ([line(S.PUBLISHED), line(S.SCHEDULED, hold=HoldReason.RECONNECT)], "held"),
    ([line(S.PUBLISHED), line(S.POSTING)], "posting"),
    ([line(S.QUEUED)], "queued"),
    ([line(S.PUBLISHED), line(S.FAILED)], "partial"),
    ([line(S.SCHEDULED), line(S.FAILED)], "failed"),
    ([line(S.FAILED), line(S.NEEDS_REVIEW)], "needs_review"),
    ([line(S.PUBLISHED), line(S.CANCELLED)], "published"),
    ([line(S.CANCELLED)], "cancelled"),
])  # fmt: skip
def test_one_word_for_a_whole_post(lines: list[Line], word: str) -> None:
    assert cards.state_of(True, lines) == word
    assert cards.state_of(False, lines) == "draft"


@pytest.mark.parametrize(("year", "month", "start", "first", "weeks"), [
    (2026, 5, 0, date(2026, 4, 27), 5), (2026, 5, 6, date(2026, 4, 26), 6),
    (2027, 2, 0, date(2027, 2, 1), 4), (2026, 8, 0, date(2026, 7, 27), 6),
    (2026, 12, 5, date(2026, 11, 28), 5),
])  # fmt: skip
def test_the_grid_is_whole_weeks_around_the_month(
    year: int, month: int, start: int, first: date, weeks: int
) -> None:
    days = calendar.grid(year, month, start)
    assert days[0] == first and len(days) == weeks * 7
    assert {d.weekday() for d in days[::7]} == {start}
    assert date(year, month, 1) in days[:7] and days[-7].month == month


@pytest.mark.parametrize(("zone", "utc", "day"), [
    ("Pacific/Auckland", datetime(2026, 4, 30, 13, 0, tzinfo=UTC), date(2026, 5, 1)),
    ("America/Los_Angeles", datetime(2026, 5, 1, 6, 59, tzinfo=UTC), date(2026, 4, 30)),
    ("Europe/London", datetime(2026, 3, 28, 23, 59, tzinfo=UTC), date(2026, 3, 28)),
    ("Europe/London", datetime(2026, 3, 29, 23, 30, tzinfo=UTC), date(2026, 3, 30)),  # 23 hours
    ("Europe/London", datetime(2026, 10, 25, 23, 59, tzinfo=UTC), date(2026, 10, 25)),  # 25 hours
    ("America/Santiago", datetime(2026, 9, 6, 4, 0, tzinfo=UTC), date(2026, 9, 6)),  # no midnight
])  # fmt: skip
def test_a_post_lies_on_its_day_in_the_brands_zone(
    actor: Actor, brand: Profile, accounts: list[SocialAccount], zone: str, utc: datetime, day: date
) -> None:
    brand.time_zone = zone
    db.session.commit()
    make.make_post(brand, "Here", accounts[:1], at=utc, state=S.PUBLISHED)
    found = calendar.month(actor, brand, day.year, day.month)
    assert [d.date for d in found.days if d.cards] == [day]
    assert len(calendar.day(actor, brand, day).cards) == 1
    assert [d.date for d in calendar.listing(actor, brand, day.year, day.month)] == [day]


def test_pictures_only_where_a_day_has_one_post(
    actor: Actor, brand: Profile, accounts: list[SocialAccount]
) -> None:
    picture = make.make_media(brand)
    at = datetime(2026, 5, 14, 9, tzinfo=UTC)
    make.make_post(brand, "Alone", accounts[:1], at=at, media=[picture])
    for hour in (1, 2):
        make.make_post(
            brand, "Two", accounts[:1], at=at + timedelta(days=1, hours=hour), media=[picture]
        )
    found = {
        c.title: c.picture for d in calendar.month(actor, brand, 2026, 5).days for c in d.cards
    }
    assert found == {"Alone": picture.id, "Two": None}


def test_deleted_posts_and_working_copies_are_on_no_view(
    actor: Actor, brand: Profile, accounts: list[SocialAccount]
) -> None:
    at = now() + timedelta(hours=2)
    kept = make.make_post(brand, "Kept", accounts[:1], at=at)
    make.make_post(brand, "Deleted", accounts[:1], at=at, discarded_at=now())
    make.make_post(brand, "Copy", accounts[:1], at=at, state=S.DRAFT, edits_id=kept.id)
    here = at.astimezone(brand.zone).date()
    assert [c.title for c in calendar.day(actor, brand, here).cards] == ["Kept"]
    assert beside.drafts(actor, brand).cards == ()
    next_up = beside.up_next(actor, brand)
    assert next_up is not None and next_up.title == "Kept" and next_up.edited


def test_the_next_to_go_out_is_no_held_one(
    actor: Actor, brand: Profile, accounts: list[SocialAccount]
) -> None:
    make.make_post(brand, "Held", accounts[:1], at=now() + timedelta(minutes=5),
                   target={"hold_reason": HoldReason.RECONNECT})  # fmt: skip
    make.make_post(brand, "Next", accounts, at=now() + timedelta(minutes=50))
    found = beside.up_next(actor, brand)
    assert found is not None and found.title == "Next"


def test_the_tray_counts_what_it_does_not_list(actor: Actor, brand: Profile) -> None:
    for n in range(11):
        make.make_post(brand, f"Idea {n}")
    found = beside.drafts(actor, brand)
    assert (len(found.cards), found.more) == (beside.TRAY, 3)
    assert found.cards[0].title == "Idea 10"


def test_the_strip_names_the_longest_gap_ahead(
    actor: Actor, brand: Profile, accounts: list[SocialAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime(2026, 5, 13, 9, tzinfo=UTC)
    monkeypatch.setattr(cadence, "now", lambda: at)
    for day in range(1, 31, 2):
        make.make_post(brand, "Often", accounts[:2], at=at.replace(day=day))
    for day in (2, 17, 30):
        make.make_post(brand, "Rarely", accounts[2:], at=at.replace(day=day), state=S.PUBLISHED)
    drawn = cadence.draw(brand, calendar.month(actor, brand, 2026, 5), cards.owned(actor, brand))
    assert [lane.network for lane in drawn.lanes] == ["twitter", "mastodon", "bluesky"]
    assert drawn.gap is not None and drawn.gap.lane.network == "bluesky"
    assert (drawn.gap.first.day, drawn.gap.last.day) == (18, 29)
    assert drawn.now is not None and cadence.LEFT < drawn.now < cadence.RIGHT
    # One outline for all pins of a network and status: a busy month stays a light page.
    assert set(drawn.dots) == {(p.network, p.status) for p in drawn.pins}
    assert sum(d.count("z") for d in drawn.dots.values()) == len(drawn.pins) > 20
    ys = {lane.y for lane in drawn.lanes}
    assert all(cadence.LEFT <= pin.x <= cadence.RIGHT and pin.y in ys for pin in drawn.pins)


def test_filters_take_and_leave(
    actor: Actor, brand: Profile, accounts: list[SocialAccount]
) -> None:
    writer = make.make_user()
    at = datetime(2026, 5, 14, 9, tzinfo=UTC)
    make.make_post(brand, "Hers", accounts[:1], at=at, author=writer)
    make.make_post(brand, "His", accounts[1:], at=at, state=S.DRAFT)

    def titles(**given: Any) -> set[str]:
        found = calendar.month(actor, brand, 2026, 5, Filters(**given))
        return {card.title for card in found.cards}

    assert titles() == {"Hers", "His"}
    assert titles(networks=("bluesky",)) == {"His"}
    assert titles(status="draft") == {"His"}
    assert titles(author=writer.id) == {"Hers"}
    assert titles(text="HERS") == {"Hers"} and titles(text="theirs") == set()


def test_the_strike_chart_says_when_each_went_out(
    actor: Actor, brand: Profile, accounts: list[SocialAccount]
) -> None:
    at = now() - timedelta(hours=1)
    post = make.make_post(brand, "Out", accounts[:2], at=at, state=S.PUBLISHED)
    for seconds, target in zip((3, 200), post.targets, strict=True):
        target.published_at = at + timedelta(seconds=seconds)
    db.session.commit()
    drawn = strike.draw(results.look(actor, post.id), "11:15:00")
    assert drawn is not None
    assert "out after 3 s" in drawn.sentence and "out after 3 min" in drawn.sentence
    first, second = (lane.marks[0].x for lane in drawn.lanes)
    assert strike.LEFT < first < second <= strike.RIGHT
    assert drawn.ticks[0] == (strike.LEFT, "11:15:00") and len(drawn.ticks) <= 5
    late = db.session.get_one(Post, post.id)
    late.targets[1].published_at = at + timedelta(hours=9)
    db.session.commit()
    assert strike.draw(results.look(actor, post.id), "11:15:00") is None


def test_a_chart_needs_something_to_show() -> None:
    post = SimpleNamespace(due_at=now())
    empty: Any = SimpleNamespace(post=post, tries=(), deliveries=())
    assert strike.draw(empty, "") is None


@pytest.mark.parametrize(("text", "says"), [
    (["", "  \n Second  line \n"], "Second line"), ([], ""), (["x" * 300], "x" * cards.TITLE),
])  # fmt: skip
def test_the_title_is_the_first_line_that_says_something(text: list[str], says: str) -> None:
    assert cards.title_of(text) == says


def test_a_headline_is_short() -> None:
    assert cards.headline("Two seats left. Dial in, steam.") == "Two seats left"
    long = cards.headline("A very long sentence " * 9)
    assert len(long) <= cards.HEAD + 1 and long.endswith("…")
