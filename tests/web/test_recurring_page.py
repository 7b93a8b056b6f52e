"""The Recurring page: what comes again is listed, switched, skipped, made and changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select

from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.people import User
from app.models.posts import Post
from app.models.profiles import Profile
from app.models.recurring import Pattern, RecurringSchedule
from app.permissions import Role
from app.services import accounts, recurring, recurring_maker, recurring_occurrences
from app.services.recurring import Changes
from tests.conftest import Browser
from tests.factories import actor_of, join, make_account, make_profile, make_user
from tests.statements import counted
from tests.web.desk import HX

MONDAY = datetime(2026, 1, 12, 12, tzinfo=UTC)
TUESDAY, THURSDAY = "2026-01-13", "2026-01-15"


@pytest.fixture(autouse=True)
def monday() -> Iterator[Callable[[timedelta], None]]:
    """It is Monday noon; ``monday(HOUR)`` is an hour later."""
    with time_machine.travel(MONDAY) as travelling:
        yield lambda later: travelling.move_to(MONDAY + later)


@pytest.fixture
def maya(app: object) -> User:
    return make_user()


@pytest.fixture
def brand(maya: User) -> Profile:
    return make_profile(maya)


@pytest.fixture
def bells(brand: Profile) -> SocialAccount:
    return make_account(brand, "mastodon", "bells")


@pytest.fixture
def base(brand: Profile) -> str:
    return f"/p/{brand.slug}/recurring"


@pytest.fixture
def web(maya: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(maya)


def daily(maya: User, brand: Profile, **changes: Any) -> UUID:
    given: dict[str, Any] = {
        "name": "Morning", "content": "Good morning!", "platforms": ["mastodon"],
        "pattern": Pattern.DAILY, "time_of_day": "09:00:00",
    } | changes  # fmt: skip
    return recurring.create(actor_of(maya), brand.id, Changes(**given)).id


def stored(schedule_id: UUID | None = None) -> RecurringSchedule:
    db.session.rollback()
    db.session.expire_all()
    found = select(RecurringSchedule)
    if schedule_id is not None:
        found = found.where(RecurringSchedule.id == schedule_id)
    return db.session.scalars(found).one()


def errors(page: str) -> list[str]:
    return re.findall(r'id="([\w-]+)-error"', page)


def given(account: SocialAccount, **changes: Any) -> dict[str, Any]:
    """What the form sends for a new schedule."""
    return {
        "name": "Opening hours", "content": "We open at nine.", "accounts": [str(account.id)],
        "pattern": "weekly", "weekdays": ["1", "4"], "time": "08:30", "starts_on": "2026-01-12",
        "ends_on": "", "month_day": "", "rrule": "",
    } | changes  # fmt: skip


@pytest.mark.usefixtures("bells")
def test_a_schedule_is_listed_with_its_dates_and_one_is_left_out_and_put_back(
    web: Browser, maya: User, brand: Profile, base: str
) -> None:
    empty = web.get(base).text
    assert "Nothing comes again yet" in empty and f'href="{base}" aria-current' in empty
    assert web.get("/recurring").location == base  # where the mails lead
    schedule_id = daily(maya, brand)
    recurring_maker.run()
    page = web.get(base).text
    assert "Every day, 09:00" in page and "every Mastodon account" in page
    assert "Times are those of London." in page
    assert "Tue 13 Jan, 09:00" in page and page.count("Leave out") == 20  # words and name, ten
    assert page.count("Open the post of") == 2  # two days ahead are made
    at = f"{base}/{schedule_id}"
    row = web.post(f"{at}/skip", data={"skip": TUESDAY}, headers=HX)
    assert row.text.lstrip().startswith(f'<li class="againrow" id="again-{schedule_id}"')
    assert "Put back Tue 13 Jan, 09:00" in row.text and "<details" in row.text
    assert re.search(r"<details[^>]* open>", row.text)
    assert "Tue 13 Jan, 09:00 is left out." in row.headers["HX-Trigger"]
    assert "Next</span> <time" in row.text and ">Wed 14 Jan, 09:00</time>" in row.text
    assert [one.discarded_at is None for one in db.session.scalars(select(Post))].count(True) == 1
    # Without scripts the schedule's own page follows.
    told = web.post(f"{at}/skip", data={"skip": THURSDAY})
    assert told.location == at
    assert "Thu 15 Jan, 09:00 is left out." in web.get(at).text
    back = web.post(f"{at}/skip", data={"restore": TUESDAY}, headers=HX)
    assert (
        "Leave out Tue 13 Jan, 09:00" in back.text and "comes again" in back.headers["HX-Trigger"]
    )
    again = web.post(f"{at}/skip", data={"restore": TUESDAY}, headers=HX)
    assert again.status_code == 200  # it was back already
    for day in ("", "soon", "2026-01-11"):
        assert web.post(f"{at}/skip", data={"skip": day}).status_code == 404
    assert web.post(f"{at}/skip", data={"skip": "2026-01-12"}).location == at
    assert "The time of this one has passed." in web.get(at).text


def test_the_switch_pauses_and_resumes_and_says_why_it_cannot(
    web: Browser, maya: User, brand: Profile, bells: SocialAccount, base: str
) -> None:
    schedule_id, account_id = daily(maya, brand, platforms=[], accounts=[bells.id]), bells.id
    recurring_maker.run()
    at = f"{base}/{schedule_id}"
    off = web.patch(at, data={"on": "no"}, headers=HX)
    assert 'aria-checked="false"' in off.text and ">Paused<" in off.text
    assert "Morning is paused." in off.headers["HX-Trigger"] and "<details" not in off.text
    assert not stored().is_active and db.session.scalars(select(Post)).all() == []
    assert web.post(f"{at}/switch", data={"on": "yes"}).location == base
    assert stored().is_active and "Morning is on." in web.get(base).text
    accounts.disconnect(actor_of(maya), account_id)
    page = web.get(base).text
    assert "Paused by us: No account is connected for it any more." in page
    assert "can’t post just now" in page
    told = web.patch(at, data={"on": "yes", "from": "show"}, headers=HX)
    assert 'role="alert"' in told.text and "It stays off:" in told.text
    assert 'name="from" value="show"' in told.text and not stored().is_active
    plain = web.post(f"{at}/switch", data={"on": "yes", "from": "show"})
    assert plain.location == at
    db.session.get_one(SocialAccount, account_id).status = AccountStatus.ACTIVE
    db.session.commit()
    assert "Paused by us" not in web.patch(at, data={"on": "yes"}, headers=HX).text
    assert stored().is_active and stored().pause_reason == ""


def test_what_has_passed_is_told_with_its_posts(
    web: Browser, maya: User, brand: Profile, bells: SocialAccount, base: str,
    monday: Callable[[timedelta], None],
) -> None:  # fmt: skip
    schedule_id = daily(maya, brand, content="Good <b>morning</b>!")
    recurring_occurrences.skip(actor_of(maya), schedule_id, date(2026, 1, 14))
    recurring_maker.run()
    at = f"{base}/{schedule_id}"
    assert "None of its dates has come yet." in web.get(at).text
    post = db.session.scalars(select(Post)).one()
    post_at = f"/p/{brand.slug}/posts/{post.id}"
    monday(timedelta(days=2, hours=1))
    page = web.get(at).text
    assert "Good &lt;b&gt;morning&lt;/b&gt;!" in page
    past = page.split("What became of it</h2>")[1]
    assert past.index("Wed 14 Jan") < past.index("Tue 13 Jan") and "Left out" in past
    assert post_at in past and web.get(post_at).status_code == 200
    assert "Put back Wed" not in page  # its time has passed
    assert bells.profile_id == brand.id


def test_a_schedule_is_made_and_changed_and_what_is_the_same_stays(
    web: Browser, brand: Profile, bells: SocialAccount, base: str
) -> None:
    form = web.get(f"{base}/new").text
    assert "Bells on Mastodon" in form and 'value="2026-01-12"' in form and 'type="time"' in form
    sent = given(bells, ends_on="2026-06-30")
    assert web.post(base, data=sent).location == base
    assert "Opening hours is set." in (page := web.get(base).text)
    assert "Every Monday and Thursday, 08:30, until 30 June 2026" in page
    row = stored()
    schedule_id, at = row.id, f"{base}/{row.id}"
    assert row.config == {"day_of_week": [1, 4], "ends_on": "2026-06-30"}
    recurring_maker.run()  # Thursday is further ahead than posts are made
    form = web.get(f"{at}/edit").text
    assert re.findall(r'name="weekdays" value="(\d)" checked', form) == ["1", "4"]
    assert 'value="2026-06-30"' in form and f'value="{bells.id}" checked' in form
    assert 'value="08:30"' in form and "We open at nine." in form
    before = stored().updated_at
    assert web.post(at, data=sent).location == at  # nothing is different
    assert stored().updated_at == before
    assert web.post(at, data={**sent, "name": "Hours", "starts_on": "2026-02-01"}).location == at
    row = stored()
    assert (row.name, row.starts_on) == ("Hours", date(2026, 2, 1))
    assert "from 1 February 2026" in web.get(at).text and "Mon 2 Feb, 08:30" in web.get(at).text
    for changes, words in (
        ({"pattern": "daily", "ends_on": ""}, "Every day, 08:30"),
        ({"pattern": "monthly", "month_day": "31"}, "On the 31st of every month, or its last day"),
        ({"pattern": "custom", "rrule": "FREQ=MONTHLY;BYDAY=2FR,4FR", "ends_on": ""},
         "On the second Friday and fourth Friday of every month"),
    ):  # fmt: skip
        assert web.post(at, data={**sent, **changes}).location == at
        assert words in web.get(base).text
    form = web.get(f"{at}/edit").text
    assert 'value="FREQ=MONTHLY;BYDAY=2FR,4FR"' in form
    assert re.search(r'<input checked[^>]* value="custom"', form)
    assert "Delete Opening hours?" in web.get(f"{at}/delete").text
    assert web.post(f"{at}/delete").location == base
    assert "is deleted" in web.get(base).text
    assert db.session.get(RecurringSchedule, schedule_id) is None
    web.post(base, data=sent)
    gone = web.delete(f"{base}/{stored().id}", headers=HX)
    assert gone.headers["HX-Redirect"] == base and brand.slug in base


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"), ({"name": "x" * 121}, "name"), ({"content": " "}, "content"),
        ({"content": "x" * 501}, "content"), ({"accounts": []}, "accounts"),
        ({"weekdays": []}, "weekdays"), ({"pattern": "hourly"}, "pattern"),
        ({"pattern": "monthly", "month_day": "32"}, "month_day"),
        ({"pattern": "custom", "rrule": "FREQ=HOURLY"}, "rrule"),
        ({"pattern": "custom"}, "rrule"), ({"time": ""}, "time"), ({"time": "9"}, "time"),
        ({"starts_on": "2026-01-11"}, "starts_on"), ({"starts_on": "soon"}, "starts_on"),
        ({"starts_on": "2040-01-01"}, "starts_on"), ({"ends_on": "2026-01-11"}, "ends_on"),
        ({"pattern": "custom", "rrule": "FREQ=DAILY;COUNT=3", "ends_on": "2026-06-30"}, "ends_on"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(
    web: Browser, bells: SocialAccount, base: str, changes: dict[str, Any], field: str
) -> None:
    sent = given(bells, **changes)
    told = web.post(base, data=sent)
    assert told.status_code == 422 and errors(told.text) == [field]
    assert "It is not saved yet." in told.text
    if field != "name":
        assert 'value="Opening hours"' in told.text
    if field not in ("weekdays",):
        assert re.findall(r'name="weekdays" value="(\d)" checked', told.text) == ["1", "4"]
    for name in ("rrule", "month_day", "starts_on", "ends_on", "time"):
        if sent[name]:
            assert f'value="{sent[name]}"' in told.text
    db.session.rollback()
    assert db.session.query(RecurringSchedule).count() == 0


def test_others_see_nothing_and_a_list_costs_the_same_however_long(
    web: Browser, maya: User, brand: Profile, bells: SocialAccount, base: str,
    signed_in: Callable[[User], Browser],
) -> None:  # fmt: skip
    def cost() -> int:
        with counted() as told:
            assert web.get(base).status_code == 200
        return len(told)

    first = daily(maya, brand)
    web.get(base)
    one = cost()
    for number in range(4):
        daily(maya, brand, name=f"Series {number}", accounts=[bells.id])
    recurring_maker.run()
    web.get(base)
    assert cost() <= one + 2  # accounts and posts are there now
    second = make_profile(maya, "Second")  # the same person's other brand knows nothing of it
    for path in ("", "/edit", "/delete"):
        assert web.get(f"/p/{second.slug}/recurring/{first}{path}").status_code == 404
    assert web.patch(f"/p/{second.slug}/recurring/{first}", data={"on": "no"}).status_code == 404
    assert stored(first).is_active
    sam, eve = make_user("sam@example.org", "Sam"), make_user("eve@example.org", "Eve")
    join(brand, sam, Role.MEMBER)
    member, stranger = signed_in(sam), signed_in(eve)
    assert "Change Morning" in member.get(base).text
    assert member.patch(f"{base}/{first}", data={"on": "no"}, headers=HX).status_code == 200
    assert not stored(first).is_active
    assert stranger.get(base).status_code == 404
    assert stranger.post(f"{base}/{first}/skip", data={"skip": TUESDAY}).status_code == 404
