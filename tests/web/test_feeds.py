"""The page of calendar links, and the feed as programs ask for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from app.extensions import db
from app.models.files import CalendarFeed
from app.models.people import User
from app.models.profiles import Profile
from app.web import feeds as page
from tests.conftest import Browser
from tests.factories import make_account, make_post, make_profile, make_user
from tests.statements import counted
from tests.web.desk import HX

NOON = datetime(2026, 5, 14, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon() -> Iterator[Callable[[timedelta], None]]:
    with time_machine.travel(NOON, tick=False) as travelling:
        yield lambda later: travelling.move_to(NOON + later)


@pytest.fixture
def maya(app: object) -> User:
    return make_user()


@pytest.fixture
def brand(maya: User) -> Profile:
    return make_profile(maya)


@pytest.fixture
def web(maya: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(maya)


@pytest.fixture(autouse=True)
def calm(app: Flask) -> None:
    """Nobody has looked at anything within this hour."""
    app.extensions["carillon_hourly"]._redis.flushdb()


def link_of(answer: str) -> str:
    found = re.search(r'id="feed-address">[^<]*(/feeds/[\w-]+\.ics)<', answer)
    assert found
    return found[1]


def test_a_link_is_shown_once_and_then_listed(web: Browser, brand: Profile) -> None:
    base = f"/p/{brand.slug}/feeds"
    assert "No links yet" in web.get(base).text
    made = web.post(base, data={"what": "all", "name": "Client"})
    assert made.status_code == 200 and made.headers["Cache-Control"] == "no-store"
    link = link_of(made.text)
    again = web.get(base).text
    assert "Client" in again and link not in again and "Not yet" in again
    part = web.post(base, data={"what": "all"}, headers=HX)
    assert part.text.lstrip().startswith('<div class="stack" id="feeds"')


def test_a_wrong_account_and_a_long_name_are_told(web: Browser, brand: Profile) -> None:
    answer = web.post(f"/p/{brand.slug}/feeds", data={"what": "nobody", "name": "x" * 81})
    assert answer.status_code == 422
    assert "Use at most 80 characters." in answer.text and 'value="xxx' in answer.text


def test_a_program_reads_it_without_a_cookie_and_asks_again_by_etag(
    web: Browser, brand: Profile, app: Flask, noon: Callable[[timedelta], None]
) -> None:
    make_post(brand, "Six bells", [make_account(brand, "mastodon", "bells")], at=NOON)
    link = link_of(web.post(f"/p/{brand.slug}/feeds", data={"what": "all"}).text)
    program = app.test_client()
    first = program.get(link)
    assert first.status_code == 200 and first.mimetype == "text/calendar"
    assert "Scheduled · Mastodon @bells · Six bells" in first.text
    assert "Set-Cookie" not in first.headers
    assert first.headers["Cache-Control"].startswith("private")
    assert first.headers["Referrer-Policy"] == "no-referrer"
    noon(timedelta(hours=1))
    again = program.get(link, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.data
    assert "1 hour ago" not in web.get(f"/p/{brand.slug}/feeds").text
    noon(timedelta(hours=2))
    assert "1 hour ago" in web.get(f"/p/{brand.slug}/feeds").text
    assert program.post(link, csrf=False).status_code == 405
    assert program.head(link).status_code == 200


def test_a_revoked_link_and_one_that_never_was_answer_alike(
    web: Browser, brand: Profile, app: Flask
) -> None:
    base = f"/p/{brand.slug}/feeds"
    link = link_of(web.post(base, data={"what": "all"}).text)
    row = db.session.query(CalendarFeed).one()
    assert "Revoke" in web.get(f"{base}/{row.id}/revoke").text
    assert web.post(f"{base}/{row.id}/revoke").status_code == 303
    assert web.get(f"{base}/{row.id}/revoke").status_code == 404
    gone, never = (app.test_client().get(one) for one in (link, "/feeds/never.ics"))
    assert gone.status_code == never.status_code == 404 and gone.text == never.text
    assert "Set-Cookie" not in gone.headers


def test_too_many_looks_are_asked_to_wait(
    web: Browser, brand: Profile, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = link_of(web.post(f"/p/{brand.slug}/feeds", data={"what": "all"}).text)
    monkeypatch.setattr(page, "AN_HOUR", 2)
    told = [app.test_client().get(link) for _ in range(3)]
    assert [one.status_code for one in told] == [200, 200, 429]
    assert int(told[-1].headers["Retry-After"]) >= 1


def test_the_page_needs_few_statements_and_is_reached_from_calendar_and_settings(
    web: Browser, brand: Profile
) -> None:
    base = f"/p/{brand.slug}/feeds"
    for n in range(3):
        web.post(base, data={"what": "all", "name": f"Link {n}"})
    told = []
    for _ in range(3):  # now and then a page looks whether anything is overdue as well
        with counted() as found:
            assert web.get(base).status_code == 200
        told.append(len([one for one in found if one.startswith("SELECT")]))
    assert min(told) <= 12
    for place in ("calendar", "settings"):
        assert f'href="{base}"' in web.get(f"/p/{brand.slug}/{place}", follow_redirects=True).text
