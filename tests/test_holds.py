"""When a post is too late, and what an account holds and lets go of (promises.md 1, 2)."""

from __future__ import annotations

from dataclasses import astuple
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app import holds
from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.events import AuditEvent
from app.models.posts import HoldReason, Post, PostStatus, PostTarget, TargetState
from app.models.profiles import LatePolicy, Profile
from tests.factories import make_account, make_post, make_profile

MINUTE = timedelta(minutes=1)
DAY = timedelta(hours=24)
NOON = datetime.fromisoformat("2026-05-14T12:00:00+00:00")


@pytest.fixture
def account(app: Flask) -> SocialAccount:
    return make_account(make_profile())


def due(account: SocialAccount, at: datetime, **more: object) -> PostTarget:
    """A scheduled target of the account."""
    return make_post(account.profile, "Bells", [account], at=at, **more).targets[0]  # type: ignore[arg-type]


def held(account: SocialAccount, at: datetime, **more: object) -> PostTarget:
    """One that waits for the account."""
    waits = {"hold_reason": HoldReason.RECONNECT, "hold_until": at + DAY}
    return due(account, at, target=waits, **more)


@pytest.mark.parametrize(
    ("policy", "late", "verdict"),
    [
        (LatePolicy.HOLD, 30 * MINUTE, "send"),
        (LatePolicy.HOLD, 31 * MINUTE, "hold"),
        (LatePolicy.SKIP, 30 * MINUTE, "send"),
        (LatePolicy.SKIP, 31 * MINUTE, "skip"),
        (LatePolicy.SEND, 90 * DAY, "send"),
        (LatePolicy.HOLD, -5 * MINUTE, "send"),
    ],
)
def test_the_profile_says_what_happens_to_a_late_post(
    policy: LatePolicy, late: timedelta, verdict: str
) -> None:
    profile = Profile(late_policy=policy, late_limit_minutes=30)
    post = Post(late_policy=None, late_limit_minutes=None)
    assert holds.late_verdict(profile, post, NOON, NOON + late) == verdict


def test_a_posts_own_policy_and_limit_come_first() -> None:
    profile = Profile(late_policy=LatePolicy.SEND, late_limit_minutes=600)
    post = Post(late_policy=LatePolicy.SKIP, late_limit_minutes=0)
    assert holds.late_verdict(profile, post, NOON, NOON) == "send"
    assert holds.late_verdict(profile, post, NOON, NOON + MINUTE) == "skip"


def test_holding_counts_the_deadline_from_each_posts_own_time(account: SocialAccount) -> None:
    at = now()
    overdue, later = due(account, at - 10 * MINUTE), due(account, at + 60 * MINUTE)
    assert holds.hold_account(db.session(), account.id, HoldReason.RECONNECT, at) == 2
    db.session.commit()
    assert (overdue.hold_reason, overdue.hold_until) == (HoldReason.RECONNECT, at + DAY)
    assert (later.hold_reason, later.hold_until) == (HoldReason.RECONNECT, at + 60 * MINUTE + DAY)
    assert {overdue.state, later.state} == {TargetState.SCHEDULED}


def test_holding_leaves_other_accounts_other_states_and_other_reasons(
    account: SocialAccount,
) -> None:
    at = now()
    other = due(make_account(account.profile), at)
    gone = due(account, at, state=TargetState.PUBLISHED)
    late = due(account, at, target={"hold_reason": HoldReason.LATE, "hold_until": at})
    assert holds.hold_account(db.session(), account.id, HoldReason.DISCONNECTED, at) == 0
    db.session.commit()
    assert (other.hold_reason, gone.hold_reason) == (None, None)
    assert late.hold_reason is HoldReason.LATE


def test_holding_again_keeps_the_deadline_of_what_is_overdue(account: SocialAccount) -> None:
    at = now()
    target = due(account, at - MINUTE)
    holds.hold_account(db.session(), account.id, HoldReason.RECONNECT, at)
    later = at + timedelta(hours=5)
    holds.hold_account(db.session(), account.id, HoldReason.DISCONNECTED, later)
    db.session.commit()
    assert (target.hold_reason, target.hold_until) == (HoldReason.DISCONNECTED, at + DAY)


def test_overdue_posts_go_out_in_their_order_one_after_the_other(account: SocialAccount) -> None:
    at = now()
    third, first, second = (held(account, at - n * MINUTE) for n in (5, 25, 15))
    released = holds.release_account(db.session(), account, at)
    db.session.commit()
    gap = timedelta(seconds=5)
    assert [t.due_at for t in (first, second, third)] == [at, at + gap, at + 2 * gap]
    assert {t.hold_reason for t in (first, second, third)} == {None}
    assert {t.scheduled_for for t in (first,)} == {at - 25 * MINUTE}  # what the person said
    assert astuple(released) == (3, 0, 0)


def test_what_falls_into_the_row_of_sendings_moves_behind_it(account: SocialAccount) -> None:
    at = now()
    overdue = [held(account, at - MINUTE) for _ in range(3)]
    soon, unheld = held(account, at + timedelta(seconds=7)), due(account, at + timedelta(seconds=9))
    tomorrow = held(account, at + DAY)
    holds.release_account(db.session(), account, at)
    db.session.commit()
    gap = timedelta(seconds=5)
    assert sorted(t.due_at for t in overdue if t.due_at) == [at, at + gap, at + 2 * gap]
    assert (soon.due_at, unheld.due_at) == (at + 3 * gap, at + 4 * gap)
    assert (tomorrow.due_at, tomorrow.hold_reason) == (at + DAY, None)


def test_what_is_too_late_waits_for_a_person(account: SocialAccount) -> None:
    at = now()
    target = held(account, at - 45 * MINUTE)
    released = holds.release_account(db.session(), account, at)
    db.session.commit()
    assert (target.state, target.hold_reason) == (TargetState.SCHEDULED, HoldReason.LATE)
    assert (target.due_at, target.hold_until) == (at - 45 * MINUTE, at + DAY)
    assert astuple(released) == (0, 1, 0)


def test_what_is_too_late_and_may_be_skipped_is_taken_off_with_a_record(
    account: SocialAccount,
) -> None:
    at = now()
    target = held(account, at - 45 * MINUTE, late_policy=LatePolicy.SKIP)
    released = holds.release_account(db.session(), account, at)
    db.session.commit()
    assert (target.state, target.error_code) == (TargetState.CANCELLED, holds.SKIPPED)
    assert target.error and target.post.status is PostStatus.DISCARDED
    assert db.session.scalars(select(AuditEvent.action)).all() == ["target.skipped_late"]
    assert astuple(released) == (0, 0, 1)


def test_a_pause_outlasts_a_reconnect(account: SocialAccount) -> None:
    target = due(account, now(), target={"hold_reason": HoldReason.PAUSED, "hold_until": None})
    holds.release_account(db.session(), account, now())
    db.session.commit()
    assert target.hold_reason is HoldReason.PAUSED


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (AccountStatus.ACTIVE, None),
        (AccountStatus.NEEDS_RECONNECT, HoldReason.RECONNECT),
        (AccountStatus.DISCONNECTED, HoldReason.DISCONNECTED),
    ],
)
def test_an_account_says_why_its_posts_wait(
    status: AccountStatus, reason: HoldReason | None
) -> None:
    assert holds.reason_for(SocialAccount(status=status)) is reason
