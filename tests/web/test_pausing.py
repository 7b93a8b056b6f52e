"""The page that pauses a brand, the bar on every page meanwhile, and the ways back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from flask import Flask

from app.extensions import db
from app.models.people import User
from app.models.profiles import Profile
from tests.conftest import Browser
from tests.factories import make_account, make_post, make_profile, make_user

MONDAY = datetime(2026, 3, 23, 9, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(MONDAY, tick=False) as travel:
        yield travel


@pytest.fixture
def desk(app: Flask, clock: object, signed_in: Callable[[User], Browser]) -> SimpleNamespace:
    maya = make_user("maya@marram.example")
    brand = make_profile(maya, "Marram Coffee")
    brand.time_zone = "Europe/London"
    account = make_account(brand, "mastodon")
    post = make_post(brand, "Bells", [account], at=MONDAY + timedelta(hours=3))
    db.session.commit()
    return SimpleNamespace(
        maya=maya, brand=brand, post=post, browser=signed_in(maya), base=f"/p/{brand.slug}/pause"
    )


def stored(desk: SimpleNamespace) -> Profile:
    db.session.expire_all()
    return db.session.get_one(Profile, desk.brand.id)


def test_it_is_paused_with_a_reason_that_every_page_shows(desk: SimpleNamespace) -> None:
    page = desk.browser.get(desk.base).text
    assert "One post on the calendar keeps its time and waits." in page
    form = {"reason": "<b>Sad</b> news", "until": "2026-03-25T09:30"}
    answer = desk.browser.post(desk.base, data=form)
    assert answer.status_code == 303 and answer.location == desk.base
    assert stored(desk).paused_until == datetime(2026, 3, 25, 9, 30, tzinfo=UTC)
    for path in (desk.base, f"/p/{desk.brand.slug}/calendar", "/me"):
        page = desk.browser.get(path).text
        assert "Posting is paused since Mon 23 Mar, 09:00." in page
        assert "&lt;b&gt;Sad&lt;/b&gt; news." in page
        assert "It goes on by itself Wed 25 Mar, 09:30, London time." in page
    page = desk.browser.get(desk.base).text
    assert "Maya Okafor paused it at 09:00" in page and "No post has missed its time" in page


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"until": "2026-03-29T01:30"}, "does not exist on that day"),  # the clocks go forward
        ({"until": "2026-03-22T09:00"}, "Choose a time in the coming twelve months"),
        ({"until": "soon"}, "Choose"),
        ({"reason": "x" * 201}, "under 200 characters"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_kept(
    desk: SimpleNamespace, form: dict[str, str], said: str
) -> None:
    answer = desk.browser.post(desk.base, data=form)
    assert answer.status_code == 422 and said in answer.text
    assert all(f'value="{typed}"' in answer.text for typed in form.values())
    assert stored(desk).paused_at is None


def test_it_goes_on_as_planned_or_moved(
    desk: SimpleNamespace, clock: time_machine.Coordinates
) -> None:
    desk.browser.post(desk.base, data={})
    clock.shift(timedelta(hours=30))
    page = desk.browser.get(desk.base).text
    assert "The time of one post has passed" in page and "Move one post and go on" in page
    wrong = desk.browser.post(f"{desk.base}/move", data={"days": "none"})
    assert wrong.status_code == 422 and "Choose 1 to 365 days." in wrong.text
    moved = desk.browser.post(f"{desk.base}/move", data={"days": "2"})
    assert moved.status_code == 303 and "/bulk/" in moved.location
    assert "Undo" in desk.browser.get(moved.location).text
    db.session.expire_all()
    assert desk.post.due_at == MONDAY + timedelta(days=2, hours=3)
    assert stored(desk).paused_at is None
    again = desk.browser.post(f"{desk.base}/resume", data={})
    assert again.status_code == 422 and "Posting is not paused." in again.text

    desk.browser.post(desk.base, data={})
    twice = desk.browser.post(desk.base, data={})
    assert twice.status_code == 422 and "paused already" in twice.text
    assert desk.browser.post(f"{desk.base}/resume", data={}).status_code == 303
    assert stored(desk).paused_at is None


def test_another_brand_cannot_be_paused(
    desk: SimpleNamespace, signed_in: Callable[[User], Browser]
) -> None:
    stranger = signed_in(make_user("stranger@elsewhere.example"))
    for path in ("", "/resume", "/move"):
        assert stranger.post(desk.base + path, data={"days": "1"}).status_code == 404
    assert stored(desk).paused_at is None
