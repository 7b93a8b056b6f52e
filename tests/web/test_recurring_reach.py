"""A change of a series: whether the posts that are made already follow it, and which never do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.people import User
from app.models.posts import Post
from app.models.profiles import Profile
from app.models.recurring import Pattern
from app.services import recurring, recurring_maker, recurring_occurrences
from app.services.recurring import Changes
from tests import factories as make
from tests.conftest import Browser

MONDAY = datetime(2026, 1, 12, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def moment() -> Iterator[None]:
    with time_machine.travel(MONDAY):
        yield


@pytest.fixture
def maya(app: Flask) -> User:
    return make.make_user()


@pytest.fixture
def brand(maya: User) -> Profile:
    return make.make_profile(maya)


@pytest.fixture
def bells(brand: Profile) -> SocialAccount:
    return make.make_account(brand, "mastodon", "bells")


@pytest.fixture
def web(maya: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(maya)


@pytest.fixture
def series(maya: User, brand: Profile, bells: SocialAccount) -> UUID:
    """Every day at nine; the posts of Tuesday and Wednesday are made."""
    made = recurring.create(make.actor_of(maya), brand.id, Changes(
        name="Morning", content="Good morning!", accounts=[bells.id], pattern=Pattern.DAILY,
        time_of_day="09:00:00",
    )).id  # fmt: skip
    recurring_maker.run()
    return made


def sent(bells: SocialAccount, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Morning", "content": "Good morning!", "accounts": [str(bells.id)],
        "pattern": "daily", "time": "09:00", "starts_on": "2026-01-12", "ends_on": "",
    } | changes  # fmt: skip


def texts() -> list[tuple[str, str]]:
    """The posts that are there once the maker has been."""
    recurring_maker.run()
    db.session.expire_all()
    found = db.session.scalars(
        select(Post).where(Post.discarded_at.is_(None)).order_by(Post.due_at)
    )
    return [(f"{one.due_at:%a %H:%M}", one.parts[0]) for one in found]


@pytest.mark.parametrize(("made", "after", "told"), [
    ("all", ["Hello!", "Hello!"], "Its 2 planned posts follow."),
    ("", ["Hello!", "Hello!"], "Its 2 planned posts follow."),
    ("next", ["Good morning!", "Good morning!"], "Its 2 planned posts stay as they are."),
])  # fmt: skip
def test_a_new_text_reaches_the_posts_that_are_made_or_begins_with_the_next(
    web: Browser, brand: Profile, bells: SocialAccount, series: UUID, made: str,
    after: list[str], told: str,
) -> None:  # fmt: skip
    where = f"/p/{brand.slug}/recurring/{series}"
    page = web.get(f"{where}/edit").text
    assert "Posts that are made already" in page
    assert "planned for Tue 13 Jan, 09:00 and Wed 14 Jan, 09:00." in page
    data = sent(bells, content="Hello!") | ({"made": made} if made else {})
    assert web.post(where, data=data).status_code == 303
    assert told in web.get(where).text
    assert [text for _, text in texts()] == after


def test_with_a_new_time_a_day_that_has_its_post_gets_no_other(
    web: Browser, brand: Profile, bells: SocialAccount, series: UUID
) -> None:
    where = f"/p/{brand.slug}/recurring/{series}"
    web.post(where, data=sent(bells, time="10:30", made="next"))
    assert [when for when, _ in texts()] == ["Tue 09:00", "Wed 09:00"]
    web.post(where, data=sent(bells, time="11:00", made="all"))
    assert [when for when, _ in texts()] == ["Tue 11:00", "Wed 11:00"]


def test_what_somebody_changed_by_hand_is_left_and_named(
    web: Browser, maya: User, brand: Profile, bells: SocialAccount, series: UUID
) -> None:
    recurring_occurrences.edit(
        make.actor_of(maya), series, MONDAY.date().replace(day=13), Changes(content="Mine")
    )
    where = f"/p/{brand.slug}/recurring/{series}"
    page = web.get(f"{where}/edit").text
    assert "Changed by hand, and left alone" in page and "planned for Wed 14 Jan, 09:00." in page
    web.post(where, data=sent(bells, content="Hello!"))
    told = web.get(where).text
    assert "Its planned post follows. Tue 13 Jan, 09:00 stays as it was changed by hand." in told
    assert [text for _, text in texts()] == ["Mine", "Hello!"]


def test_a_new_name_reaches_no_post_and_says_nothing_of_them(
    web: Browser, brand: Profile, bells: SocialAccount, series: UUID
) -> None:
    where = f"/p/{brand.slug}/recurring/{series}"
    before = db.session.scalars(select(Post.id).order_by(Post.id)).all()
    web.post(where, data=sent(bells, name="Early"))
    assert "Early is saved." in (page := web.get(where).text) and "planned post" not in page
    texts()
    assert db.session.scalars(select(Post.id).order_by(Post.id)).all() == before
    assert web.post(where, data=sent(bells, made="nonsense")).status_code == 422
