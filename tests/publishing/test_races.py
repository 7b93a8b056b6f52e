"""Two at the same row: nobody waits for ever, nothing is counted wrongly (reliability §1, §3).

Each test holds one writer in the middle of its transaction while another comes along. On
SQLite writers come one after the other anyway; on PostgreSQL they really meet.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app import credentials
from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.attempts import Attempt, AttemptState
from app.models.engine import Circuit
from app.models.posts import HoldReason, PostStatus, PostTarget, TargetState
from app.models.profiles import LatePolicy, Profile
from app.publishing import circuits, claims, questions
from app.publishing.store import transaction
from app.services import drafts, posts
from app.settle import settle
from tests import factories
from tests.publishing.conftest import Plant, connect, due

S = TargetState


@contextmanager
def meanwhile(plant: Plant, work: Callable[[], object]) -> Iterator[list[BaseException]]:
    """Run ``work`` on another thread during the block; what it raised is in the list."""
    raised: list[BaseException] = []

    def run() -> None:
        with plant.app.app_context():
            try:
                work()
            except BaseException as error:
                raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield raised
    finally:
        thread.join(14)
        assert not thread.is_alive()


def on_postgresql() -> bool:
    return db.engine.dialect.name == "postgresql"


def test_two_targets_that_end_at_once_end_the_post(plant: Plant, brand: Profile):
    post = due(brand, factories.make_account(brand), factories.make_account(brand))
    post_id = post.id
    db.session.execute(update(PostTarget).values(state=S.POSTING))
    db.session.commit()
    first, second = plant.read(select(PostTarget.id).order_by(PostTarget.id))
    written = threading.Event()

    def end(target_id: Any, wait: float) -> None:
        with transaction() as session:
            session.execute(
                update(PostTarget).where(PostTarget.id == target_id).values(state=S.PUBLISHED)
            )
            settle(session, [post_id])
            written.set()
            time.sleep(wait)

    db.session.rollback()
    with meanwhile(plant, lambda: end(first, 0.5)) as raised:
        assert written.wait(5)
        end(second, 0)
    assert raised == []
    assert plant.target(post).post.status is PostStatus.PUBLISHED


def test_a_claim_waits_for_nobody_who_holds_targets_of_the_same_post(plant: Plant, brand: Profile):
    """A page locks a post's targets by id; a claim wants them in the order they are due."""
    post = due(brand, factories.make_account(brand), factories.make_account(brand))
    low, high = plant.read(select(PostTarget.id).order_by(PostTarget.id))
    post_id = post.id
    db.session.execute(
        update(PostTarget).where(PostTarget.id == high).values(due_at=now() - timedelta(seconds=9))
    )
    db.session.commit()
    held, claimed, ended = threading.Event(), threading.Event(), threading.Event()

    def page() -> None:
        with transaction() as session:
            for target_id in (low, high):
                session.execute(
                    select(PostTarget.id).where(PostTarget.id == target_id).with_for_update()
                )
                held.set()
                # SQLite has one writer, so the claim waits there whatever we do.
                claimed.wait(8 if on_postgresql() else 0.5)
            settle(session, [post_id])
        ended.set()

    db.session.rollback()
    with meanwhile(plant, page) as raised:
        assert held.wait(5)
        claims.claim(10)
        waited = ended.is_set()
        claimed.set()
    assert raised == []
    if on_postgresql():
        assert not waited


def test_a_heartbeat_and_a_page_do_not_wait_for_each_other_for_ever(plant: Plant, brand: Profile):
    post = due(brand, factories.make_account(brand), factories.make_account(brand))
    post_id = post.id
    taken = sorted(claims.claim(2), key=lambda c: c.target_id, reverse=True)
    assert len(taken) == 2
    held = threading.Event()
    plant.later(30)

    def page() -> None:
        with transaction() as session:
            for one in reversed(taken):
                session.execute(
                    select(PostTarget.id).where(PostTarget.id == one.target_id).with_for_update()
                )
                held.set()
                time.sleep(0.3)
            settle(session, [post_id])

    db.session.rollback()
    with meanwhile(plant, page) as raised:
        assert held.wait(5)
        claims.extend(taken)
    assert raised == []
    assert min(plant.read(select(PostTarget.lease_until))) > now()


def test_the_trial_of_a_circuit_is_not_spent_on_a_post_that_stays_behind(
    plant: Plant, brand: Profile
):
    """After an outage the oldest posts are late: they must not use up the one trial."""
    late = due(brand, factories.make_account(brand), at=now() - timedelta(hours=2))
    timely = due(brand, factories.make_account(brand), at=now() - timedelta(minutes=2))
    [one] = plant.read(select(SocialAccount.server).distinct())
    with transaction() as session:
        session.add(
            Circuit(
                key=circuits.key("mastodon", one), failures=20,
                since=now() - timedelta(minutes=5), open_until=now() - timedelta(seconds=1),
            )
        )  # fmt: skip
    got = claims.claim(10)
    assert [c.post_id for c in got] == [timely.id]
    assert plant.target(late).hold_reason is HoldReason.LATE
    assert plant.read(select(Circuit.trial_target)) == [got[0].target_id]


def test_the_trial_of_a_circuit_comes_back_when_its_claim_does(plant: Plant, brand: Profile):
    due(brand, factories.make_account(brand))
    [server] = plant.read(select(SocialAccount.server))
    with transaction() as session:
        session.add(
            Circuit(key=circuits.key("mastodon", server), failures=20,
                    open_until=now() - timedelta(seconds=1))
        )  # fmt: skip
    taken = claims.claim(5)
    assert len(taken) == 1 and claims.claim(5) == []
    claims.hand_back(taken)
    assert len(claims.claim(5)) == 1


def test_questions_of_a_crowded_network_do_not_hide_those_of_another(plant: Plant, brand: Profile):
    made = [
        due(brand, factories.make_account(brand, network))
        for network in ("mastodon", "mastodon", "mastodon", "twitter")
    ]
    targets = [plant.target(p) for p in made]
    with transaction() as session:
        for age, target in enumerate(targets):
            session.execute(
                update(PostTarget).where(PostTarget.id == target.id).values(state=S.POSTING)
            )
            session.add(
                Attempt(
                    target_id=target.id, account_id=target.account_id, number=1,
                    state=AttemptState.UNKNOWN, marker=f"m{age}", claim_token=0, content_hash="",
                    content={"text": "", "media": [], "parts": 1}, started_at=now(),
                    commit_at=now(), finished_at=now(),
                    next_probe_at=now() - timedelta(seconds=60 - age),
                )
            )  # fmt: skip
    [server] = plant.read(
        select(SocialAccount.server).where(SocialAccount.network == "mastodon").distinct()
    )
    got = claims.claim_questions(1, avoid={circuits.key("mastodon", server)})
    assert [c.network for c in got] == ["twitter"]


def test_a_backlog_of_one_brand_lets_another_through(plant: Plant):
    """Free threads come one at a time; the crowd's posts are all older."""
    crowd, single = factories.make_profile(name="Crowd"), factories.make_profile(name="Single")
    at = now() - timedelta(seconds=60)
    for _ in range(12):
        account = factories.make_account(crowd)
        for _ in range(3):
            due(crowd, account, at=at)
    lone = due(single, factories.make_account(single), at=now())
    assert lone.id in {c.post_id for c in claims.claim(1, behind={crowd.id})}
    assert len(claims.claim(1, behind={crowd.id})) == 1, "nobody else waits: the crowd goes on"


def test_new_tokens_are_not_blamed_for_what_old_ones_were_refused(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch
):
    """Somebody reconnects while a question is being asked with the tokens of before."""
    account = connect(brand, "twitter", "maya")
    account_id, post = account.id, due(brand, account)
    plant.fault("twitter", "publish", "http_500_after_accept")
    real = questions.outcomes.needs_review

    def reconnected_first(*given: Any) -> None:
        with transaction() as session:
            row = session.get(SocialAccount, account_id)
            assert row is not None
            credentials.store(session, row, credentials.load(row))
            row.status = AccountStatus.ACTIVE
        real(*given)

    monkeypatch.setattr(questions.outcomes, "needs_review", reconnected_first)
    plant.fault("twitter", "lookup", "revoked", times=-1)
    plant.run()
    assert plant.target(post).state is S.NEEDS_REVIEW
    assert plant.read(select(SocialAccount.status)) == [AccountStatus.ACTIVE]


def test_a_held_post_that_is_moved_waits_for_its_new_time(plant: Plant):
    maya = factories.make_user()
    brand = factories.make_profile(maya)
    account = factories.make_account(brand, status=AccountStatus.NEEDS_RECONNECT)
    post = due(brand, account, target={"hold_reason": HoldReason.RECONNECT,
                                       "hold_until": now() + timedelta(hours=23)})  # fmt: skip
    posts.move(factories.actor_of(maya), post.id, now() + timedelta(days=7))
    plant.later(24 * 3600)
    assert plant.sweep().missed == 0
    assert plant.target(post).state is S.SCHEDULED


def test_an_edit_that_moves_a_late_post_lets_it_go_at_its_new_time(plant: Plant):
    maya = factories.make_user()
    brand = factories.make_profile(maya)
    actor = factories.actor_of(maya)
    post = due(brand, factories.make_account(brand), at=now() - timedelta(hours=2))
    plant.run()
    assert plant.target(post).hold_reason is HoldReason.LATE
    copy = drafts.edit(actor, post.id)
    copy = drafts.save(
        actor, copy.id, copy.rev,
        drafts.Changes(parts=["Tomorrow instead"], due_at=now() + timedelta(days=1)),
    )  # fmt: skip
    drafts.apply(actor, copy.id, copy.rev)
    target = plant.target(post)
    assert target.hold_reason is None and target.due_at and target.due_at > now()


def test_an_edit_of_a_claimed_post_sends_the_new_text_at_the_new_time(plant: Plant):
    maya = factories.make_user()
    brand = factories.make_profile(maya)
    actor = factories.actor_of(maya)
    post = due(brand, factories.make_account(brand))
    copy = drafts.edit(actor, post.id)
    copy_id, rev = copy.id, copy.rev
    db.session.rollback()
    [claim] = claims.claim(1)
    copy = drafts.save(
        actor, copy_id, rev,
        drafts.Changes(parts=["New words"], due_at=now() + timedelta(hours=1)),
    )  # fmt: skip
    drafts.apply(actor, copy.id, copy.rev)
    plant.runner._start(claim)
    plant.run()
    assert plant.seen() == []
    target = plant.target(post)
    assert target.state is S.SCHEDULED and target.due_at and target.due_at > now()
    plant.later(3600)
    plant.run()
    assert [p["text"] for p in plant.seen()] == ["New words"]


def test_a_thread_that_has_begun_is_never_skipped_as_late(plant: Plant, brand: Profile):
    account = connect(brand, "mastodon", "maya")
    post = due(brand, account, text=["One", "Two"], late_policy=LatePolicy.SKIP)  # type: ignore[arg-type]
    plant.fault("mastodon", "publish", delay_ms=400)
    plant.runner.round()
    until = time.monotonic() + 8
    while time.monotonic() < until and len(plant.seen()) < 1:
        time.sleep(0.02)
    plant.runner.stop()
    plant.runner.drain()
    plant.later(3 * 3600)
    plant.sweep()
    db.session.execute(
        update(PostTarget).where(PostTarget.state == S.SCHEDULED)
        .values(due_at=now() - timedelta(hours=3))
    )  # fmt: skip
    db.session.commit()
    plant.runner.stopping.clear()
    plant.run()
    assert plant.target(post).state is S.PUBLISHED
