"""What the shell says of the brand at hand: who needs what, on every page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus
from app.models.engine import EngineState, Heartbeat
from app.models.people import User
from app.models.posts import TargetState
from app.publishing import alarm
from tests.conftest import Browser
from tests.factories import make_account, make_post, make_profile, make_user

SignedIn = Callable[[User], Browser]


@pytest.fixture(autouse=True)
def asked_anew(app: Flask) -> Iterator[None]:
    alarm.forget()
    yield
    alarm.forget()


def test_overdue_posts_are_told_on_every_page_of_their_brand_alone(signed_in: SignedIn) -> None:
    maya = make_user()
    late, calm = make_profile(maya, time_zone="Europe/Paris"), make_profile(maya)
    due = now() - timedelta(hours=2)
    for _ in range(2):
        make_post(late, accounts=[make_account(late)], at=due)
    client = signed_in(maya)
    page = client.get(f"/p/{late.slug}/settings").text
    assert "2 posts are overdue." in page and "Nothing that sends posts is running" in page
    assert f"{due.astimezone(late.zone):%H:%M}" in page
    assert "overdue" not in client.get(f"/p/{calm.slug}/settings").text


def test_with_somebody_at_work_the_bar_says_that_it_goes_on(signed_in: SignedIn) -> None:
    maya = make_user()
    brand = make_profile(maya)
    make_post(brand, accounts=[make_account(brand)], at=now() - timedelta(hours=2))
    db.session.add(Heartbeat(id="w", kind="worker", started_at=now(), beat_at=now()))
    db.session.commit()
    page = signed_in(maya).get("/me").text
    assert "A post is overdue." in page and "it goes on trying" in page


def test_a_paused_engine_is_told_with_its_reason(signed_in: SignedIn) -> None:
    maya = make_user()
    make_profile(maya)
    db.session.execute(
        update(EngineState).values(paused_at=now(), pause_reason="Moving house <b>today</b>.")
    )
    db.session.commit()
    page = signed_in(maya).get("/me").text
    assert "Nothing goes out just now." in page
    assert "Moving house &lt;b&gt;today&lt;/b&gt;. Whoever runs" in page


def test_accounts_to_reconnect_are_counted_and_trouble_marks_the_brand(
    signed_in: SignedIn,
) -> None:
    maya = make_user()
    brand, other = make_profile(maya), make_profile(maya, "Larkfield")
    make_account(brand, status=AccountStatus.NEEDS_RECONNECT)
    make_post(other, accounts=[make_account(other)], at=now(), state=TargetState.FAILED)
    page = signed_in(maya).get(f"/p/{brand.slug}/settings").text
    assert '<b class="count" data-tone="alarm">1<' in page
    marked = page.split(f'href="/p/{other.slug}/settings"')[1].split("</a>")[0]
    assert "something did not go out" in marked
