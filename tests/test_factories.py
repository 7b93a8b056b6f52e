"""The shared rows are what the product itself would have made."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask

from app import credentials
from app.extensions import db
from app.models.media import Media
from app.models.posts import Post, PostStatus, TargetState
from app.models.profiles import Profile
from app.permissions import Permission, Role
from app.services.access import reach
from tests.factories import (
    actor_of,
    join,
    make_account,
    make_media,
    make_post,
    make_profile,
    make_user,
)

NINE = datetime(2030, 5, 14, 9, tzinfo=UTC)


def test_the_owner_reaches_what_was_made_and_a_stranger_does_not(app: Flask) -> None:
    maya, stranger = make_user(), make_user()
    brand = make_profile(maya)
    account = make_account(brand, "bluesky", handle="marram")
    picture = make_media(brand)
    post = make_post(brand, "Hello", [account], at=NINE, media=[picture])
    for row in (brand, account, picture, post):
        assert reach(actor_of(maya)).get(type(row), row.id) is row
        assert db.session.scalars(reach(actor_of(stranger)).query(type(row))).all() == []


def test_a_scheduled_post_has_a_target_an_account_on_the_clock(app: Flask) -> None:
    brand = make_profile()
    accounts = [make_account(brand, network) for network in ("mastodon", "twitter")]
    post = make_post(brand, ["One", "Two"], accounts, at=NINE)
    assert post.status is PostStatus.SCHEDULED
    assert [(t.state, t.due_at) for t in post.targets] == [(TargetState.SCHEDULED, NINE)] * 2
    assert [a.number for a in accounts] == [1, 2]


def test_an_account_can_be_opened_with_its_sandbox_token(app: Flask) -> None:
    account = make_account(make_profile(), handle="marram")
    assert account.tokens is not None and "sandbox-marram" not in account.tokens
    assert credentials.load(account).access == "sandbox-marram"


def test_a_member_has_the_rights_of_the_role(app: Flask) -> None:
    brand, luca = make_profile(), make_user(name="Luca")
    join(brand, luca, Role.MEMBER)
    assert actor_of(luca).may(Permission.POST_WRITE, brand.id)
    assert not actor_of(luca).may(Permission.PROFILE_WRITE, brand.id)


def test_nothing_is_left_for_the_next_test(app: Flask) -> None:
    for model in (Profile, Post, Media):
        assert db.session.scalars(db.select(model)).all() == []
