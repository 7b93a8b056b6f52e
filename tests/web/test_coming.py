"""Dates of recurring series on the calendar: those that have no post yet, and a date's own page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask

from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.people import User
from app.models.posts import Post, TargetState
from app.models.profiles import Profile
from app.models.recurring import Pattern, RecurringSchedule
from app.services import coming, recurring, recurring_maker, recurring_occurrences
from app.services.recurring import Changes
from tests import factories as make
from tests.conftest import Browser
from tests.statements import counted

MONDAY = datetime(2026, 3, 23, 12, tzinfo=UTC)  # the clocks go forward that Sunday


@pytest.fixture(autouse=True)
def moment() -> Iterator[None]:
    with time_machine.travel(MONDAY):
        yield


@pytest.fixture
def maya(app: Flask) -> User:
    return make.make_user()


@pytest.fixture
def brand(maya: User) -> Profile:
    return make.make_profile(maya, named_at=MONDAY, time_zone="Europe/London")


@pytest.fixture
def bells(brand: Profile) -> SocialAccount:
    return make.make_account(brand, "mastodon", "bells")


@pytest.fixture
def web(maya: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(maya)


def daily(maya: User, brand: Profile, bells: SocialAccount, **changes: Any) -> UUID:
    given: dict[str, Any] = {
        "name": "Morning", "content": "Good morning, all!", "accounts": [bells.id],
        "pattern": Pattern.DAILY, "time_of_day": "09:00:00",
    } | changes  # fmt: skip
    return recurring.create(make.actor_of(maya), brand.id, Changes(**given)).id


def days(maya: User, brand: Profile, **filters: Any) -> list[tuple[int, str]]:
    """Which days of that week have what, and when."""
    found = coming.between(
        make.actor_of(maya), brand, date(2026, 3, 23), date(2026, 3, 29), **filters
    )
    return [(on.day, f"{one.at:%H:%M}") for on in sorted(found) for one in found[on]]


def at(html: str, day: int) -> list[str]:
    """The links to dates in that day's part of the page."""
    found = re.search(
        rf'id="d-2026-03-{day}".*?(?=id="d-2026|class="month__note|</section>)', html, re.S
    )
    return re.findall(r'class="comes" href="([^"]+)"', found[0]) if found else []


def test_only_what_is_still_to_come_and_has_no_post_is_shown(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    series = daily(maya, brand, bells)
    every = [(day, "09:00") for day in range(24, 30)]  # nine o'clock also after the clocks change
    assert days(maya, brand) == every
    recurring_occurrences.skip(make.actor_of(maya), series, date(2026, 3, 27))
    recurring_maker.run()
    db.session.expire_all()
    assert days(maya, brand) == [(26, "09:00"), (28, "09:00"), (29, "09:00")]
    recurring.change(make.actor_of(maya), series, Changes(is_active=False))
    assert days(maya, brand) == []


@pytest.mark.parametrize(("filters", "shown"), [
    ({"networks": ["mastodon"]}, True), ({"networks": ["twitter"]}, False),
    ({"text": "MORNING, all"}, True), ({"text": "evening"}, False),
    ({"author": UUID(int=1)}, False),
])  # fmt: skip
def test_the_filters_hold_for_them_too(
    maya: User, brand: Profile, bells: SocialAccount, filters: dict[str, Any], shown: bool
) -> None:
    daily(maya, brand, bells)
    assert bool(days(maya, brand, **filters)) is shown


def test_another_brands_series_is_nowhere(maya: User, brand: Profile) -> None:
    owner = make.make_user()
    other = make.make_profile(owner)
    theirs = daily(owner, other, make.make_account(other, "mastodon", "far"))
    assert days(maya, brand) == []
    assert coming.between(make.actor_of(maya), other, date(2026, 3, 23), date(2026, 3, 29)) == {}
    assert db.session.get(RecurringSchedule, theirs) is not None


@pytest.mark.parametrize("view", ["month/2026-03", "week/2026-03-25", "day/2026-03-27"])
def test_a_view_shows_them_faintly_and_nothing_moves_them(
    web: Browser, maya: User, brand: Profile, bells: SocialAccount, view: str
) -> None:
    series = daily(maya, brand, bells)
    html = web.get(f"/p/{brand.slug}/calendar/{view}").text
    where = f"/p/{brand.slug}/recurring/{series}/dates/2026-03-27"
    assert where in html and "Good morning, all!" in html and "data-rev" not in html
    if not view.startswith("day"):
        assert at(html, 27) == [where] and at(html, 22) == []
        assert "comes again: Morning. Its post is not made yet." in html
    assert where not in web.get(f"/p/{brand.slug}/calendar/{view}?status=failed").text


def test_the_list_has_their_days_and_nothing_to_tick(
    web: Browser, maya: User, brand: Profile, bells: SocialAccount
) -> None:
    daily(maya, brand, bells)
    html = web.get(f"/p/{brand.slug}/calendar/list/2026-03").text
    assert html.count('class="comesrow"') == 8 and "Comes again: Morning" in html
    assert 'type="checkbox"' not in html and "1 to come" in html


def test_many_series_stay_few_lines_and_few_statements(
    web: Browser, maya: User, brand: Profile, bells: SocialAccount
) -> None:
    def cost(view: str) -> int:
        counts = []
        for _ in range(2):
            db.session.rollback()
            with counted() as told:
                assert web.get(view).status_code == 200
            counts.append(sum(one.lstrip().startswith("SELECT") for one in told))
        return min(counts)

    views = [f"/p/{brand.slug}/calendar/{one}" for one in ("month/2026-03", "week", "list/2026-03")]
    none = [cost(view) for view in views]
    daily(maya, brand, bells)
    one = [cost(view) for view in views]
    for n in range(5):
        daily(maya, brand, bells, name=f"Series {n}", time_of_day=f"1{n}:00:00")
    assert [cost(view) for view in views] == one
    assert all(after <= before + 1 for before, after in zip(none, one, strict=True))
    html = web.get(views[0]).text
    assert len(at(html, 27)) == 3 and "3 more of series" in html


def test_a_dates_page_says_what_comes_and_leaves_it_out(
    web: Browser, maya: User, brand: Profile, bells: SocialAccount
) -> None:
    base = f"/p/{brand.slug}/recurring/{daily(maya, brand, bells)}"
    html = web.get(f"{base}/dates/2026-03-27").text
    assert "Friday 27 March 2026, 09:00 London (GMT)" in html and "Good morning, all!" in html
    assert 'name="skip"' in html and 'value="2026-03-27"' in html
    assert web.post(f"{base}/skip", data={"skip": "2026-03-27"}).status_code == 303
    assert "Put it back" in web.get(f"{base}/dates/2026-03-27").text
    assert (27, "09:00") not in days(maya, brand)
    for day in ("2026-03-22", "2026-02-30", "x"):
        assert web.get(f"{base}/dates/{day}").status_code == 404
    stranger = make.make_profile(make.make_user())
    assert (
        web.get(f"/p/{stranger.slug}/recurring/{UUID(int=3)}/dates/2026-03-27").status_code == 404
    )


def test_one_date_is_changed_alone(
    web: Browser, maya: User, brand: Profile, bells: SocialAccount
) -> None:
    other = make.make_account(brand, "mastodon", "other")
    series = daily(maya, brand, bells)
    where = f"/p/{brand.slug}/recurring/{series}/dates/2026-03-27"
    db.session.rollback()
    with counted() as told:
        page = web.get(where).text
    assert sum(one.lstrip().startswith("SELECT") for one in told) <= 12, told
    assert "Change this date alone" in page and 'value="2026-03-27T09:00"' in page
    same = {
        "content": "Good morning, all!", "accounts": [str(bells.id)], "at": "2026-03-27T09:00",
    }  # fmt: skip
    assert web.post(where, data=same).status_code == 303
    assert db.session.query(Post).count() == 0  # nothing is different
    sent = {"content": "Closed\r\ntoday", "accounts": [str(other.id)], "at": "2026-03-27T10:30"}
    assert web.post(where, data=sent).status_code == 303
    db.session.expire_all()
    post = db.session.query(Post).one()
    assert post.parts == ["Closed\ntoday"]
    assert post.due_at == datetime(2026, 3, 27, 10, 30, tzinfo=UTC)
    going = {one.account_id for one in post.targets if one.state is TargetState.SCHEDULED}
    assert going == {other.id}
    page = web.get(where).text
    assert "changed by hand" in page and "Open the post" in page and "alone</h2>" not in page
    assert (27, "09:00") not in days(maya, brand) and (28, "09:00") in days(maya, brand)


@pytest.mark.parametrize(("field", "value", "told"), [
    ("at", "2026-03-20T09:00", "That time has passed"), ("at", "soon", "Choose a day and a time"),
    ("at", "2026-03-29T01:30", "01:30 does not exist on that day"), ("at", "", "Choose a day"),
    ("accounts", [], "Choose at least one account"),
    ("accounts", [str(UUID(int=5))], "valid choice"), ("content", "x" * 600, "500"),
])  # fmt: skip
def test_what_is_wrong_with_one_date_stands_at_its_field(
    web: Browser, maya: User, brand: Profile, bells: SocialAccount, field: str, value: Any,
    told: str,
) -> None:  # fmt: skip
    where = f"/p/{brand.slug}/recurring/{daily(maya, brand, bells)}/dates/2026-03-27"
    sent = {"content": "Mine", "accounts": [str(bells.id)], "at": "2026-03-27T09:00"}
    answer = web.post(where, data=sent | {field: value})
    assert answer.status_code == 422 and told in answer.text
    assert f'id="{field}-error"' in answer.text and "not saved yet" in answer.text
    assert (value if field == "content" else "Mine") in answer.text
