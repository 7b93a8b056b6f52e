"""Calendar feeds: what they show, whom they end with, and that a token is kept as a hash."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from app.errors import NotFound, ValidationFailed
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.files import CalendarFeed
from app.models.people import User
from app.models.posts import HoldReason, Post, TargetState
from app.models.profiles import Membership, Profile
from app.permissions import Role
from app.services import feed_events, feeds, ical
from tests.factories import actor_of, join, make_account, make_post, make_profile, make_user
from tests.services.files.conftest import NOON
from tests.statements import counted

S = TargetState


def shown(token: str) -> list[str]:
    db.session.expire_all()
    return list(ical.unfolded(feed_events.write(feeds.resolve(token))))


def summaries(token: str) -> list[str]:
    return [one.removeprefix("SUMMARY:") for one in shown(token) if one.startswith("SUMMARY:")]


def token_of(maya: User, brand: Profile, account: SocialAccount | None = None) -> str:
    made = feeds.create(actor_of(maya), brand.id, account_id=account.id if account else None)
    return made[1]


def test_planned_held_and_sent_posts_are_shown_with_their_accounts_and_state(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    sky = make_account(brand, "bluesky", "sky")
    make_post(brand, "Two, at once", [bells, sky], at=NOON + timedelta(hours=1))
    held = {"hold_reason": HoldReason.PAUSED}
    make_post(brand, "Held back", [bells], at=NOON + timedelta(days=1), target=held)
    make_post(brand, "Out", [sky], at=NOON - timedelta(days=2), state=S.PUBLISHED)
    make_post(brand, "Broke", [sky], at=NOON - timedelta(days=1), state=S.FAILED)
    make_post(brand, "A draft", [sky])
    make_post(brand, "Too old", [sky], at=NOON - timedelta(days=31), state=S.PUBLISHED)
    make_post(brand, "Too far", [sky], at=NOON + timedelta(days=181))
    make_post(make_profile(name="Another"), "Foreign", [], at=NOON)
    assert summaries(token_of(maya, brand)) == [
        "Published · Bluesky @sky · Out",
        "Did not go out · Bluesky @sky · Broke",
        "Scheduled · Mastodon @bells\\, Bluesky @sky · Two\\, at once",
        "Held · Mastodon @bells · Held back",
    ]


def test_an_accounts_feed_has_its_own_posts_alone(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    sky = make_account(brand, "bluesky", "sky")
    make_post(brand, "Both", [bells, sky], at=NOON)
    make_post(brand, "Other", [sky], at=NOON)
    found = shown(token_of(maya, brand, bells))
    assert [one for one in found if one.startswith("SUMMARY")] == [
        "SUMMARY:Scheduled · Mastodon @bells\\, Bluesky @sky · Both"
    ]
    assert "X-WR-CALNAME:Marram Coffee: Mastodon @bells" in found


def test_a_posts_uid_stays_and_its_sequence_rises(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    post_id = make_post(brand, "Bells", [bells], at=NOON).id
    token = token_of(maya, brand)
    before = shown(token)
    assert before == shown(token)
    row = db.session.get_one(Post, post_id)
    row.rev, row.due_at = row.rev + 1, NOON + timedelta(hours=2)
    db.session.commit()
    after = shown(token)
    uid = f"UID:{post_id}@carillon"
    assert uid in before and uid in after
    assert "SEQUENCE:1" in before and "SEQUENCE:2" in after


def test_the_number_of_statements_does_not_grow_with_posts(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    token = token_of(maya, brand)
    told = []
    for _ in range(2):
        for n in range(6):
            make_post(brand, f"Bell {n}", [bells], at=NOON + timedelta(hours=n))
        db.session.expire_all()
        opened = feeds.resolve(token)
        with counted() as found:
            feed_events.write(opened)
        told.append(len(found))
    assert told[0] == told[1] <= 12


def test_only_the_tokens_hash_is_kept_and_a_revoked_one_opens_nothing(
    maya: User, brand: Profile
) -> None:
    row, token = feeds.create(actor_of(maya), brand.id, name="  Client  view ")
    assert row.name == "Client view"
    stored = db.session.execute(select(CalendarFeed.__table__)).one()
    assert token not in str(tuple(stored))
    assert feeds.resolve(token).feed.id == row.id
    feeds.revoke(actor_of(maya), brand.id, row.id)
    for wrong in (token, "nothing", ""):
        with pytest.raises(NotFound):
            feeds.resolve(wrong)


def test_a_feed_ends_with_its_makers_membership_or_suspension(brand: Profile) -> None:
    eve = make_user()
    join(brand, eve)
    token = token_of(eve, brand)
    eve.suspended_at = NOON
    db.session.commit()
    with pytest.raises(NotFound):
        feeds.resolve(token)
    eve.suspended_at = None
    db.session.commit()
    assert feeds.resolve(token)
    db.session.execute(delete(Membership).where(Membership.user_id == eve.id))
    db.session.commit()
    with pytest.raises(NotFound):
        feeds.resolve(token)


def test_members_see_their_own_and_admins_everybodys(maya: User, brand: Profile) -> None:
    eve = make_user()
    join(brand, eve, Role.MEMBER)
    theirs = feeds.create(actor_of(maya), brand.id)[0].id
    own = feeds.create(actor_of(eve), brand.id)[0].id
    assert [one.id for one in feeds.listed(actor_of(eve), brand.id)] == [own]
    assert {one.id for one in feeds.listed(actor_of(maya), brand.id)} == {own, theirs}
    with pytest.raises(NotFound):
        feeds.revoke(actor_of(eve), brand.id, theirs)


def test_an_account_of_another_brand_is_refused(maya: User, brand: Profile) -> None:
    foreign = make_account(make_profile(name="Another"), "mastodon", "other")
    with pytest.raises(ValidationFailed):
        feeds.create(actor_of(maya), brand.id, account_id=foreign.id)
