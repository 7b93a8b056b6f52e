"""Boards and subreddits: looked up, chosen from, and where a post goes that names none."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app import content
from app.clock import now
from app.config import settings
from app.errors import BrokerError, Conflict, Forbidden, NotFound, ValidationFailed
from app.extensions import db, networks
from app.models.accounts import AccountStatus, Destination, SocialAccount
from app.models.profiles import Profile
from app.permissions import Actor, Role
from app.sandbox.store import Store
from app.services import destinations
from tests.factories import actor_of, join, make_account, make_media, make_post, make_user
from tests.playing import order


@pytest.fixture
def pins(play: Store, profile: Profile) -> SocialAccount:
    """An account on Pinterest with the sandbox's own two boards."""
    made = make_account(profile, "pinterest", "maya")
    db.session.rollback()
    return made


@pytest.fixture
def forum(play: Store, profile: Profile) -> SocialAccount:
    made = make_account(profile, "reddit", "maya")
    db.session.rollback()
    return made


def looked(actor: Actor, account: SocialAccount) -> dict[str, Destination]:
    account_id = account.id
    db.session.rollback()
    return {one.name: one for one in destinations.refresh(actor, account_id)}


def test_what_the_network_tells_is_kept_and_numbered(owner: Actor, pins: SocialAccount) -> None:
    found = looked(owner, pins)
    assert found and all(one.kind == "board" and one.writable for one in found.values())
    assert sorted(one.number for one in found.values()) == list(range(1, len(found) + 1))
    again = looked(owner, pins)
    assert {n: o.id for n, o in again.items()} == {n: o.id for n, o in found.items()}


def test_one_that_is_no_longer_told_is_gone_and_comes_back(
    owner: Actor, pins: SocialAccount
) -> None:
    account_id = pins.id
    extra = Destination(
        number=999, account_id=account_id, external_id="1", kind="board", name="Old"
    )  # fmt: skip
    db.session.add(extra)
    db.session.commit()
    assert "Old" not in looked(owner, pins)
    assert db.session.get_one(Destination, extra.id).gone_at is not None
    with pytest.raises(NotFound):
        destinations.choose(owner, account_id, extra.id)


def test_one_is_the_default_and_only_one(owner: Actor, pins: SocialAccount) -> None:
    account_id = pins.id
    rows = list(looked(owner, pins).values())
    for one in rows:
        destinations.choose(owner, account_id, one.id)
    chosen = db.session.scalars(select(Destination).where(Destination.is_default)).one()
    assert chosen.id == rows[-1].id
    destinations.choose(owner, account_id, None)
    assert not db.session.scalars(select(Destination).where(Destination.is_default)).all()


def test_a_subreddit_nobody_follows_is_asked_for_by_name(
    owner: Actor, forum: SocialAccount
) -> None:
    account_id = forum.id
    looked(owner, forum)
    found = destinations.find(owner, account_id, "r/strict")
    assert found.external_id == "strict" and found.extras["requirements"]["is_flair_required"]
    destinations.choose(owner, account_id, found.id)
    assert looked(owner, forum)["r/strict"].gone_at is None  # not among those followed
    for wrong in ("", "no such name!", "x"):
        with pytest.raises(ValidationFailed) as caught:
            destinations.find(owner, account_id, wrong)
        assert caught.value.field == "name"


def test_a_place_that_is_closed_to_the_account_is_not_chosen(
    owner: Actor, forum: SocialAccount
) -> None:
    account_id = forum.id
    found = destinations.find(owner, account_id, "closed")
    with pytest.raises(ValidationFailed):
        destinations.choose(owner, account_id, found.id)


def test_strangers_members_and_the_signed_out(owner: Actor, pins: SocialAccount) -> None:
    account_id, row_id = pins.id, next(iter(looked(owner, pins).values())).id
    stranger = actor_of(make_user())
    for act in (
        lambda: destinations.refresh(stranger, account_id),
        lambda: destinations.choose(stranger, account_id, row_id),
    ):
        with pytest.raises(NotFound):
            act()
    assert destinations.listed(stranger, [account_id]) == {account_id: []}
    account = db.session.get_one(SocialAccount, account_id)
    account.status = AccountStatus.NEEDS_RECONNECT
    db.session.commit()
    with pytest.raises(Conflict):
        destinations.refresh(owner, account_id)


def test_a_network_that_does_not_answer_costs_nothing(
    owner: Actor, pins: SocialAccount, play: Store
) -> None:
    account_id = pins.id
    before = set(looked(owner, pins))
    order(play, network="pinterest", operation="account", fault="http_500", times=9)
    db.session.rollback()
    with pytest.raises(BrokerError):
        destinations.refresh(owner, account_id)
    rows = destinations.listed(owner, [account_id])[account_id]
    assert {one.name for one in rows} == before


# Where a post goes ---------------------------------------------------------------------------


def went(account: SocialAccount, options: dict[str, Any]) -> Any:
    name = account.network
    db.session.rollback()
    found, _ = content.destined(db.session(), networks.get(name), account.id, options)
    return found.get("boardId" if name == "pinterest" else "subreddit")


def test_the_default_fills_what_a_post_leaves_open(owner: Actor, pins: SocialAccount) -> None:
    account_id = pins.id
    first, *_ = looked(owner, pins).values()
    key = first.external_id
    assert went(pins, {}) is None
    destinations.choose(owner, account_id, first.id)
    assert went(pins, {}) == went(pins, {"boardId": ""}) == key
    assert went(pins, {"boardId": "4242"}) == "4242"  # made elsewhere since: as given


def test_a_board_of_another_account_does_not_hold_for_this_one(
    owner: Actor, pins: SocialAccount, profile: Profile
) -> None:
    theirs = list(looked(owner, pins).values())[0].external_id
    other = make_account(profile, "pinterest", "bells")
    row = Destination(
        number=998, account_id=other.id, external_id="77", kind="board", name="B", is_default=True
    )
    db.session.add(row)
    db.session.commit()
    assert went(other, {"boardId": theirs}) == "77"
    assert went(pins, {"boardId": theirs}) == theirs


def test_checks_and_what_is_sent_agree(owner: Actor, pins: SocialAccount, profile: Profile) -> None:
    account_id = pins.id
    first, *_ = looked(owner, pins).values()
    post = make_post(profile, "A pin", [pins], media=[make_media(profile)])
    missing = [p.field for p in content.problems(post, post.targets[0], settings()) if p.blocks]
    assert missing == ["options.boardId"]
    destinations.choose(owner, account_id, first.id)
    assert not [p for p in content.problems(post, post.targets[0], settings()) if p.blocks]
    frozen = content.freeze(
        content.written(db.session(), post.id, networks.get("pinterest"), account_id), 0
    )
    assert frozen["options"] == {"boardId": first.external_id}
    row = db.session.get_one(Destination, first.id)
    row.gone_at = now()
    db.session.commit()
    fields = [p.field for p in content.problems(post, post.targets[0], settings()) if p.blocks]
    assert fields == ["options.boardId"]


def test_the_subreddits_own_rules_are_checked(
    owner: Actor, forum: SocialAccount, profile: Profile
) -> None:
    destinations.find(owner, forum.id, "strict")
    options = {"reddit": {"subreddit": "r/strict", "title": "Short"}}
    post = make_post(profile, "Words below the title", [forum], options=options)
    said = {p.field for p in content.problems(post, post.targets[0], settings()) if p.blocks}
    assert {"options.title", "options.flairId"} <= said


def test_a_member_may_look_up_and_not_choose(profile: Profile, forum: SocialAccount) -> None:
    account_id, user = forum.id, make_user()
    join(profile, user, Role.MEMBER)
    actor = actor_of(user)
    db.session.rollback()
    found = destinations.find(actor, account_id, "flaired")
    with pytest.raises(Forbidden):
        destinations.choose(actor, account_id, found.id)
