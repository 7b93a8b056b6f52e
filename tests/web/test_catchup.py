"""The catch-up page: apply, edit, skip, without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from app.clock import now
from app.extensions import db
from app.models.people import User
from app.models.posts import HoldReason, Post, PostTarget, TargetState
from app.models.profiles import Profile
from tests import factories as make
from tests.conftest import Browser


@pytest.fixture
def maya(app: Flask) -> User:
    return make.make_user()


@pytest.fixture
def brand(maya: User) -> Profile:
    return make.make_profile(maya)


@pytest.fixture
def late(brand: Profile) -> list[Post]:
    account = make.make_account(brand)
    return [
        make.make_post(
            brand, f"Late {n}", [account], at=now() - timedelta(hours=9 - n),
            target={"hold_reason": HoldReason.LATE, "hold_until": now() + timedelta(hours=9)},
        )
        for n in range(3)
    ]  # fmt: skip


@pytest.fixture
def web(maya: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(maya)


def fields(html: str) -> dict[str, str]:
    """The proposed times, as the form would send them."""
    return dict(re.findall(r'name="(at-[0-9a-f-]+)" value="([^"]+)"', html))


def target(post: Post) -> PostTarget:
    db.session.expire_all()
    return db.session.get_one(Post, post.id).targets[0]


def test_apply_all(web: Browser, brand: Profile, late: list[Post]) -> None:
    url = f"/p/{brand.slug}/catch-up"
    html = web.get(url).text
    assert "3 late posts" in html and "Apply all 3" in html and "given up" in html
    given = fields(html)
    assert len(given) == 3
    answer = web.post(url, data={**given, "do": "apply"})
    assert answer.headers["Location"].endswith("/calendar")
    assert all(target(post).hold_reason is None for post in late)
    assert "Nothing is late" in web.get(url).text


def test_one_with_a_time_of_ones_own(web: Browser, brand: Profile, late: list[Post]) -> None:
    url = f"/p/{brand.slug}/catch-up"
    given = fields(web.get(url).text)
    local = (now().astimezone(brand.zone) + timedelta(days=3)).replace(hour=7, minute=7)
    given[f"at-{late[1].id}"] = f"{local:%Y-%m-%dT%H:%M}"
    answer = web.post(url, data={**given, "do": f"apply:{late[1].id}"})
    assert answer.headers["Location"].endswith("/catch-up")
    due = target(late[1]).due_at
    assert due is not None and (due.astimezone(brand.zone).hour, due.minute) == (7, 7)
    assert target(late[0]).hold_reason is HoldReason.LATE


def test_skip_one_and_all(web: Browser, brand: Profile, late: list[Post]) -> None:
    url = f"/p/{brand.slug}/catch-up"
    given = fields(web.get(url).text)
    web.post(url, data={**given, "do": f"skip:{late[0].id}"})
    assert target(late[0]).state is TargetState.CANCELLED
    assert target(late[1]).state is TargetState.SCHEDULED
    web.post(url, data={**given, "do": "skip"})
    assert target(late[2]).state is TargetState.CANCELLED


@pytest.mark.parametrize("bad", ["", "tomorrow", "2020-01-01T10:00"])
def test_a_bad_time_keeps_what_was_typed(
    web: Browser, brand: Profile, late: list[Post], bad: str
) -> None:
    url = f"/p/{brand.slug}/catch-up"
    given = {**fields(web.get(url).text), f"at-{late[2].id}": bad}
    given[f"at-{late[0].id}"] = "2031-01-02T03:04"
    answer = web.post(url, data={**given, "do": "apply"})
    assert answer.status_code == 422 and "Nothing was changed." in answer.text
    assert 'value="2031-01-02T03:04"' in answer.text and f'value="{bad}"' in answer.text
    assert f'id="at-{late[2].id}-error"' in answer.text
    assert target(late[0]).hold_reason is HoldReason.LATE


def test_what_became_late_since_the_page_was_shown_is_not_decided(
    web: Browser, brand: Profile, late: list[Post]
) -> None:
    url = f"/p/{brand.slug}/catch-up"
    given = fields(web.get(url).text)
    del given[f"at-{late[1].id}"]
    web.post(url, data={**given, "do": "skip"})
    assert target(late[1]).hold_reason is HoldReason.LATE


def test_an_unknown_order_is_refused(web: Browser, brand: Profile, late: list[Post]) -> None:
    assert web.post(f"/p/{brand.slug}/catch-up", data={"do": "explode"}).status_code == 422
