"""Who decides about networks, and what a decision does to posts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app import credentials
from app.clock import now
from app.errors import Conflict, Forbidden, InvalidTransition, NotFound
from app.extensions import db
from app.models.accounts import AccountStatus, Review, SocialAccount
from app.models.approvals import Approval, PlaceKind
from app.models.events import AuditEvent
from app.models.posts import HoldReason, PostTarget
from app.models.profiles import Profile
from app.networks.base import NetworkError
from app.permissions import Actor, Role
from app.sandbox.store import Store
from app.services import (
    accounts,
    approval_board,
    approvals,
    composing,
    connections,
    given_tokens,
)  # fmt: skip
from app.services.approvals import Claim
from tests.factories import actor_of, make_account, make_post, make_profile, make_user
from tests.playing import sandbox  # noqa: F401

CLAIM = Claim("instagram", "user123", "https://instagram.com/user123", followers=5000)
PAGE = Claim("facebook", "page456", "https://facebook.com/page456", name="Beauty Blog")


@pytest.fixture(name="play")
def played(sandbox: Store) -> Store:  # noqa: F811
    return sandbox


@pytest.fixture
def brand(app: Flask) -> Profile:
    return make_profile(make_user())


@pytest.fixture
def owner(brand: Profile) -> Actor:
    from app.models.people import User

    return actor_of(db.session.query(User).one())


def row(account_id: Any) -> SocialAccount:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(SocialAccount, account_id)


def actions() -> list[str]:
    found = db.session.query(AuditEvent).order_by(AuditEvent.id)
    return [one.action for one in found if one.action.startswith("network.")]


def submitted(owner: Actor, brand: Profile) -> SocialAccount:
    approval = approvals.submit(owner, brand.id, CLAIM)
    assert approval.account_id is not None
    return row(approval.account_id)


def test_a_submitted_network_is_offered_for_no_post_and_has_no_token(
    owner: Actor, brand: Profile
) -> None:
    account, post = submitted(owner, brand), make_post(brand, "Hello")
    account_id = account.id
    assert not account.usable and composing.choices(owner, post) == []
    db.session.rollback()
    with pytest.raises(NetworkError):
        credentials.fresh(account_id)
    approvals.decide(owner, account_id, Review.ACCEPTED)
    found = row(account_id)
    assert found.review is Review.ACCEPTED and not found.usable
    approval = db.session.query(Approval).one()
    assert (approval.decision, approval.decided_by) == (Review.ACCEPTED, owner.user_id)
    assert approval.decided_at is not None
    assert actions() == ["network.submitted", "network.accepted"]


def test_a_rejected_one_cannot_be_connected_until_it_is_accepted(
    play: Store, owner: Actor, brand: Profile
) -> None:
    brand_id = brand.id
    account = submitted(owner, brand)
    approvals.decide(owner, account.id, Review.REJECTED)
    db.session.rollback()

    def connect() -> None:
        given_tokens.take(owner, brand_id, "instagram", token="sandbox-user123")

    with pytest.raises(Conflict, match="rejected"):
        connect()
    db.session.rollback()
    assert row(account.id).tokens is None
    again = approvals.submit(owner, brand_id, CLAIM)
    assert again.decision is Review.PENDING and db.session.query(Approval).count() == 2
    connect()
    assert row(account.id).review is Review.ACCEPTED and row(account.id).usable


def test_a_suspended_network_keeps_its_token_and_its_posts_wait(
    owner: Actor, brand: Profile
) -> None:
    account = make_account(brand, "mastodon")
    account_id = account.id
    post = make_post(brand, "Soon", [account], at=now() + timedelta(hours=1))
    target_id = post.targets[0].id
    approvals.decide(owner, account_id, Review.SUSPENDED)
    found = row(account_id)
    assert found.tokens is not None and not found.usable
    assert db.session.get_one(PostTarget, target_id).hold_reason is HoldReason.DISCONNECTED
    with pytest.raises(NetworkError, match="suspended"):
        db.session.rollback()
        credentials.fresh(account_id)
    db.session.rollback()
    approvals.decide(owner, account_id, Review.ACCEPTED)
    found = row(account_id)
    assert found.usable and found.status_reason == ""
    assert db.session.get_one(PostTarget, target_id).hold_reason is None
    assert actions() == ["network.suspended", "network.accepted"]


def test_disconnecting_a_suspended_or_submitted_network_ends_it(
    play: Store, owner: Actor, brand: Profile
) -> None:
    held = make_account(brand, "twitter").id
    asked = submitted(owner, brand).id
    approvals.decide(owner, held, Review.SUSPENDED)
    for account_id in (held, asked):
        accounts.disconnect(owner, account_id)
        found = row(account_id)
        assert (found.review, found.tokens, found.status) == (
            None,
            None,
            AccountStatus.DISCONNECTED,
        )
        with pytest.raises(InvalidTransition):
            approvals.decide(owner, account_id, Review.ACCEPTED)
        db.session.rollback()
    assert db.session.query(Approval).one().decision is Review.WITHDRAWN


@pytest.mark.parametrize(
    ("review", "verdict"),
    [
        (None, Review.ACCEPTED), (None, Review.REJECTED), (Review.PENDING, Review.SUSPENDED),
        (Review.REJECTED, Review.SUSPENDED), (Review.SUSPENDED, Review.SUSPENDED),
        (Review.ACCEPTED, Review.PENDING),
    ],
)  # fmt: skip
def test_moves_that_are_none(
    owner: Actor, brand: Profile, review: Review | None, verdict: Review
) -> None:
    account = make_account(brand, "mastodon", review=review)
    with pytest.raises(InvalidTransition):
        approvals.decide(owner, account.id, verdict)
    assert actions() == []


def test_only_owners_and_admins_decide_and_only_in_their_brand(
    owner: Actor, brand: Profile
) -> None:
    account = submitted(owner, brand)
    place = approvals.add_place(owner, brand.id, PlaceKind.PAGE, PAGE)
    member = replace(owner, roles={brand.id: Role.MEMBER})
    stranger = actor_of(make_user())
    for actor, refusal in ((member, Forbidden), (stranger, NotFound)):
        with pytest.raises(refusal):
            approvals.decide(actor, account.id, Review.ACCEPTED)
        with pytest.raises(refusal):
            approvals.decide_place(actor, place.id, Review.ACCEPTED)
        db.session.rollback()
    approvals.decide_place(owner, place.id, Review.ACCEPTED)
    with pytest.raises(InvalidTransition):
        approvals.decide_place(owner, place.id, Review.REJECTED)


def test_every_standing_has_a_line_and_a_next_step(owner: Actor, brand: Profile) -> None:
    brand_id = brand.id
    pending = submitted(owner, brand)
    make_account(brand, "mastodon", "fine")
    ids = {}
    for review in (Review.ACCEPTED, Review.REJECTED, Review.SUSPENDED):
        ids[review] = make_account(
            brand, "twitter", review.value, review=review, status=AccountStatus.DISCONNECTED
        ).id
    rows = {one.id: one for one in connections.listing(owner, brand_id).rows}
    assert (rows[pending.id].word, rows[pending.id].undecided) == ("Waiting for approval", True)
    assert [(rows[ids[one]].word, rows[ids[one]].undecided) for one in ids] == [
        ("Accepted", False), ("Rejected", True), ("Suspended", True),
    ]  # fmt: skip
    findings = {one: rows[ids[one]].readiness.findings[0].fix for one in ids}
    assert findings == {
        Review.ACCEPTED: "reconnect", Review.REJECTED: "decide", Review.SUSPENDED: "decide",
    }  # fmt: skip
    board = approval_board.board(owner, brand_id)
    assert [one.id for one in board.waiting] == [pending.id]
    assert board.waiting[0].asked_by == owner.name and board.waiting[0].followers == 5000
    assert len(board.used) == 2 and len(board.shut) == 2
