"""The demo: a month that looks lived in, made once, on practice accounts only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.clock import now
from app.errors import Forbidden, Unavailable
from app.extensions import db, networks
from app.models.accounts import Destination, SocialAccount
from app.models.posts import Post, TargetState
from app.models.profiles import Profile
from app.networks import NETWORKS
from app.sandbox.store import Store
from app.services import (
    access,
    accounts,
    attention,
    calendar,
    cards,
    demo,
    destinations,
    people,
    posting_times,
    slots,
)
from app.services.people import Visitor
from tests.playing import sandbox

__all__ = ["sandbox"]


def test_the_demo_is_a_lived_in_month_with_a_working_log_in(app: Flask, sandbox: Store) -> None:
    login = demo.seed()
    assert set(login) == {"email", "password", "url"} and login["url"].endswith("/login")
    people.sign_in(login["email"], login["password"], Visitor(address="127.0.0.1"))
    profile = db.session.query(Profile).one()
    assert (profile.name, profile.time_zone) == ("Marram Coffee", "Europe/London")
    accounts = db.session.query(SocialAccount).all()
    assert {one.network for one in accounts} == set(NETWORKS)
    assert all(one.is_sandbox for one in accounts)
    usual = {one.account_id for one in db.session.query(Destination).filter_by(is_default=True)}
    assert {one.network for one in accounts if one.id in usual} == {"pinterest", "reddit"}
    posts = db.session.query(Post).all()
    used = Counter(target.account.network for post in posts for target in post.targets)
    assert used.keys() == set(NETWORKS) and min(used.values()) >= 3
    states = Counter(target.state for post in posts for target in post.targets)
    assert len(posts) >= 30
    assert states[TargetState.PUBLISHED] > 20 and states[TargetState.SCHEDULED] > 10
    assert states[TargetState.DRAFT] >= 5 and states[TargetState.FAILED] == 1
    actor = access.person(people._find(login["email"]))  # type: ignore[arg-type]
    found = attention.look(actor, profile, cards.owned(actor, profile))
    assert found.failed == 1 and "X already has" in found.reasons[0]
    weeks = posting_times.weeks(actor, profile)
    assert all(one.times for one in weeks)
    here = calendar.today(profile)
    free = slots.open_slots(actor, profile, here, here + timedelta(days=20))
    assert len(free) >= 10 and any(one.taken for one in free)
    soon = min(p.due_at for p in posts if p.due_at and p.due_at > now())
    assert (soon - now()).total_seconds() < 300  # somebody who looks sees one go out
    for account in accounts:  # as the sandbox knows them
        assert account.handle.lower().startswith("marram")
        # LinkedIn tells no address of a member.
        assert account.external_id and (account.url or account.network == "linkedin")
    count = len(posts)
    assert demo.seed() == login  # a second time changes nothing
    assert db.session.query(Post).count() == count
    assert posting_times.weeks(actor, profile) == weeks


def test_places_that_a_worker_has_looked_up_meanwhile_are_chosen_from(
    app: Flask, sandbox: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect_token(*args: Any) -> None:
        signed_in(*args)
        for account in db.session.scalars(select(SocialAccount)).all():
            if networks.get(account.network).capabilities(account.extras).destination:
                destinations.look_up(account.id)  # as the worker's job does

    signed_in = accounts.connect_token
    monkeypatch.setattr(accounts, "connect_token", connect_token)
    demo.seed()
    usual = select(SocialAccount.network).join(Destination).where(Destination.is_default)
    assert {*db.session.scalars(usual)} == {"pinterest", "reddit"}


def test_without_the_sandbox_there_is_no_demo(make_app: Callable[..., Flask]) -> None:
    app = make_app(
        SANDBOX=0, SECRET_KEY="k" * 48,
        ENCRYPTION_KEYS="k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    )  # fmt: skip
    with app.app_context(), pytest.raises(Forbidden):
        demo.seed()


def test_a_sandbox_that_is_away_is_said(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "SANDBOX_SECONDS", 0.1)
    networks.reset()
    with pytest.raises(Unavailable, match="sandbox does not answer"):
        demo.seed()
