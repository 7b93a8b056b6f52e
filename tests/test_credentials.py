"""Tokens at rest, and renewing them once whoever asks (reliability §9)."""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update
from werkzeug.serving import make_server

from app import credentials, metrics
from app.clock import now
from app.config import Config
from app.crypto import CryptoError
from app.extensions import db, networks
from app.models.accounts import AccountStatus, NetworkApp, SocialAccount
from app.models.events import AuditEvent, WebhookEvent
from app.models.people import Mail
from app.models.posts import HoldReason, PostTarget, TargetState
from app.networks.base import AppKeys, Category, NetworkError, Tokens
from app.sandbox import create_sandbox
from app.sandbox.store import Store
from tests.factories import make_account, make_post, make_profile, make_user
from tests.playing import order, sandbox  # noqa: F401

X = "twitter"


@pytest.fixture
def play(sandbox: Store) -> Store:  # noqa: F811
    return sandbox


def an_x_account(
    store: Store, *, left: float = -60.0, life: float = 7200.0, **columns: Any
) -> SocialAccount:
    """An X account as a consent leaves it: its token ends in ``left`` of ``life`` seconds."""
    family = "one consent"
    made = {
        kind: store.grants.issue(
            X, kind, "maya", client_id="sandbox-twitter", family=family,
            seconds=7200 if kind == "refresh" else max(left, 1),
            scopes=["tweet.read", "tweet.write", "users.read", "media.write", "offline.access"],
        )
        for kind in ("access", "refresh")
    }  # fmt: skip
    account = make_account(
        make_profile(), X, "maya", external_id=store.accounts.get(X, "maya").id, way="oauth",
        **columns,
    )  # fmt: skip
    app = NetworkApp(network=X, server="", redirect_uri="http://127.0.0.1/back", keys="")
    db.session.add(app)
    db.session.flush()
    credentials.keep_app(app, AppKeys("sandbox-twitter", "sandbox-twitter-secret"))
    account.app_id = app.id
    ends = now() + timedelta(seconds=left)
    with time_machine.travel(ends - timedelta(seconds=life)):
        credentials.store(
            db.session(), account, Tokens(made["access"].token, made["refresh"].token, ends)
        )
    db.session.commit()
    return account


def look(account: SocialAccount, **more: Any) -> credentials.Opened:
    """``fresh``, with what the test has read let go of."""
    account_id = account.id
    db.session.rollback()
    return credentials.fresh(account_id, **more)


def again(account: SocialAccount) -> SocialAccount:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(SocialAccount, account.id)


def refreshes(store: Store) -> int:
    """How many refresh tokens the sandbox has taken."""
    return sum(g.kind == "refresh" and g.ended for g in store.grants._rows.values())


def test_tokens_are_encrypted_for_their_row_alone(app: Flask) -> None:
    profile = make_profile()
    one, other = make_account(profile), make_account(profile)
    tokens = Tokens("the-access-token", "the-refresh-token", now(), ("read",), {"key": "value"})
    credentials.store(db.session(), one, tokens)
    db.session.commit()
    assert one.tokens is not None and "the-access-token" not in one.tokens
    assert credentials.load(one) == tokens
    other.tokens = one.tokens
    with pytest.raises(CryptoError):
        credentials.load(other)


def test_storing_raises_the_version_and_says_when_and_whether_it_ends(app: Flask) -> None:
    account = make_account(make_profile())
    ends, version = now() + timedelta(hours=2), account.tokens_version
    credentials.store(db.session(), account, Tokens("access", "refresh", ends))
    db.session.commit()
    assert (account.tokens_version, account.tokens_expire_at) == (version + 1, ends)
    assert account.renews


def test_a_token_with_time_left_is_given_without_asking_the_network(play: Store) -> None:
    account = an_x_account(play, left=3600)
    opened = look(account)
    assert opened.version == again(account).tokens_version
    assert opened.handle == "maya" and opened.app.client_secret == "sandbox-twitter-secret"
    assert refreshes(play) == 0


def test_an_ending_token_is_renewed_and_stored_before_it_is_given(play: Store) -> None:
    account = an_x_account(play, left=30)
    version, count = account.tokens_version, metrics.token_refresh.labels("ok")._value.get()
    opened = look(account)
    row = again(account)
    assert row.tokens_version == opened.version == version + 1
    assert credentials.load(row) == opened.tokens
    assert row.refresh_claim is None and row.refresh_until is None
    assert networks.get(X).identities(opened.tokens, "")[0].handle == "maya"
    assert metrics.token_refresh.labels("ok")._value.get() == count + 1


def test_a_short_lived_token_is_used_for_most_of_its_life(play: Store) -> None:
    account = an_x_account(play, left=60, life=61)
    look(account)
    assert refreshes(play) == 0


def test_an_expired_answer_renews_once_however_many_report_it(play: Store) -> None:
    account = an_x_account(play, left=3600)
    first = look(account)
    second = look(account, force_from_version=first.version)
    third = look(account, force_from_version=first.version)
    assert first.version + 1 == second.version == third.version
    assert second.tokens == third.tokens
    assert refreshes(play) == 1


def test_threads_wait_for_the_one_that_renews(app: Flask, play: Store) -> None:
    account_id = an_x_account(play).id
    order(play, network=X, operation="token", delay_ms=300)
    db.session.rollback()
    begin = threading.Barrier(8)

    def ask() -> credentials.Opened:
        with app.app_context():
            begin.wait()
            return credentials.fresh(account_id)

    with ThreadPoolExecutor(8) as pool:
        found = [job.result() for job in [pool.submit(ask) for _ in range(8)]]
    assert len({one.tokens.access for one in found}) == 1
    assert refreshes(play) == 1


def test_no_transaction_is_open_while_the_network_thinks(app: Flask, play: Store) -> None:
    account_id = an_x_account(play).id
    order(play, network=X, operation="token", delay_ms=2500)
    db.session.rollback()

    def ask() -> None:
        with app.app_context():
            credentials.fresh(account_id)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.2)
    make_user()  # a write by somebody else, which an open transaction would hold up till the end
    assert asking.is_alive()
    asking.join()


def test_asking_inside_a_transaction_is_a_mistake_that_shows(play: Store) -> None:
    account = an_x_account(play, left=3600)
    assert account.handle  # reads, so a transaction is open
    with pytest.raises(RuntimeError):
        credentials.fresh(account.id)


def test_a_refused_refresh_holds_the_posts_and_tells_the_owner_once(play: Store) -> None:
    account = an_x_account(play)
    at = now() + timedelta(hours=3)
    post = make_post(account.profile, "Bells", [account], at=at)
    overdue = make_post(account.profile, "Late", [account], at=now() - timedelta(minutes=1))
    play.grants.end_family(X, "one consent")
    db.session.rollback()
    for _ in range(2):
        with pytest.raises(NetworkError) as caught:
            look(account)
        assert caught.value.category is Category.AUTH_ERROR
    row = again(account)
    assert row.status is AccountStatus.NEEDS_RECONNECT and row.status_reason
    targets = {
        t.post_id: t
        for t in db.session.scalars(select(PostTarget).where(PostTarget.account_id == row.id))
    }
    assert {t.hold_reason for t in targets.values()} == {HoldReason.RECONNECT}
    assert {t.state for t in targets.values()} == {TargetState.SCHEDULED}
    assert targets[post.id].hold_until == at + timedelta(hours=24)
    until = targets[overdue.id].hold_until
    assert until is not None and abs(until - now() - timedelta(hours=24)) < timedelta(minutes=1)
    mails = db.session.scalars(select(Mail)).all()
    assert [(m.kind, m.data["title"], m.data["held"]) for m in mails] == [("reconnect", "X", 2)]
    assert [e.type for e in db.session.scalars(select(WebhookEvent))] == ["connection.expired"]
    audits = db.session.scalars(select(AuditEvent.action)).all()
    assert audits.count("account.signed_out") == 1


def test_nobody_is_signed_out_by_news_about_older_tokens(play: Store) -> None:
    account = an_x_account(play, left=3600)
    credentials.store(db.session(), account, Tokens("newer"))
    db.session.commit()
    said = credentials.signed_out(
        db.session(), account, "Revoked.", version=account.tokens_version - 1
    )
    db.session.commit()
    assert not said and again(account).status is AccountStatus.ACTIVE


def test_a_network_that_is_away_costs_no_token_that_still_works(play: Store) -> None:
    account = an_x_account(play, left=200)
    access = credentials.load(account).access
    order(play, network=X, operation="token", fault="http_500", times=1)
    assert look(account).tokens.access == access
    row = again(account)
    assert row.status is AccountStatus.ACTIVE and row.refresh_claim is None
    assert look(account).tokens.access != access  # the next caller renews it


def test_an_ended_token_and_a_network_that_is_away_is_told_as_such(play: Store) -> None:
    account = an_x_account(play, left=-60)
    order(play, network=X, operation="token", fault="http_500", times=1)
    db.session.rollback()
    with pytest.raises(NetworkError) as caught:
        look(account)
    assert caught.value.category is not Category.AUTH_ERROR
    assert again(account).status is AccountStatus.ACTIVE


def claimed(account: SocialAccount, *, seconds: float) -> None:
    """As a refresher leaves the row that was killed; its claim has ``seconds`` to run."""
    db.session.execute(
        update(SocialAccount)
        .where(SocialAccount.id == account.id)
        .values(refresh_claim="the dead one", refresh_until=now() + timedelta(seconds=seconds))
    )
    db.session.commit()


def test_a_dead_refreshers_claim_runs_out_and_the_next_one_renews(play: Store) -> None:
    account = an_x_account(play)
    claimed(account, seconds=0.5)
    began = time.monotonic()
    opened = look(account)
    assert time.monotonic() - began >= 0.4
    assert credentials.load(again(account)) == opened.tokens


def test_a_refresh_token_spent_by_a_dead_refresher_needs_a_person(play: Store) -> None:
    account = an_x_account(play)
    play.grants.spend(X, "refresh", credentials.load(account).refresh)
    claimed(account, seconds=-1)
    with pytest.raises(NetworkError) as caught:
        look(account)
    assert caught.value.category is Category.AUTH_ERROR
    assert again(account).status is AccountStatus.NEEDS_RECONNECT


def test_a_claim_from_before_the_clock_jumped_back_holds_nobody_up(play: Store) -> None:
    account = an_x_account(play)
    claimed(account, seconds=3600)
    began = time.monotonic()
    look(account)
    assert time.monotonic() - began < 2


def test_tokens_renewed_for_an_account_just_disconnected_are_ended(app: Flask, play: Store) -> None:
    account = an_x_account(play)
    account_id = account.id
    order(play, network=X, operation="token", delay_ms=500)
    db.session.rollback()
    said: list[str] = []

    def ask() -> None:
        with app.app_context():
            try:
                credentials.fresh(account_id)
            except NetworkError as error:
                said.append(error.category.value)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.2)
    row = again(account)
    row.status = AccountStatus.DISCONNECTED
    credentials.erase(row)
    db.session.commit()
    asking.join()
    assert said == ["auth_error"] and again(account).tokens is None
    live = [g for g in play.grants._rows.values() if g.kind == "refresh" and g.live]
    assert live == []


def _renew(config: Config, account_id: str, begin: Any, answers: Any) -> None:
    """In a process of its own: one look at the account."""
    from app import create_app

    with create_app(config).app_context():
        begin.wait(30)
        try:
            answers.put(credentials.fresh(UUID(account_id)).tokens.access)
        except NetworkError as error:
            answers.put(error.message)


@pytest.mark.slow
def test_processes_wait_for_the_one_that_renews(app: Flask, config: Config) -> None:
    store = Store()
    server = make_server("127.0.0.1", 0, create_sandbox(store), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.port}/x"
    played = replace(config.networks[X], api_url=base, auth_url=base)
    there = replace(config, networks={**config.networks, X: played})
    account_id = str(an_x_account(store).id)
    order(store, network=X, operation="token", delay_ms=500)
    db.session.rollback()
    make = multiprocessing.get_context("spawn")
    begin, answers = make.Barrier(2), make.Queue()
    workers = [
        make.Process(target=_renew, args=(there, account_id, begin, answers)) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    found = {answers.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join(10)
    server.shutdown()
    server.server_close()
    assert len(found) == 1
    assert refreshes(store) == 1


def test_app_passwords_are_renewed_at_their_own_server(play: Store) -> None:
    bluesky = networks.get("bluesky")
    server = bluesky.server("")
    tokens = bluesky.login(server, "maya", "sandbox-maya")
    found = bluesky.identities(tokens, server)[0]
    account = make_account(
        make_profile(), "bluesky", found.handle, external_id=found.external_id,
        server=found.server, way="app_password",
    )  # fmt: skip
    credentials.store(db.session(), account, tokens)
    db.session.commit()
    version = account.tokens_version
    opened = look(account, force_from_version=version)
    assert opened.version == version + 1
    assert bluesky.identities(opened.tokens, opened.server)[0].handle == found.handle


def test_a_token_that_cannot_be_renewed_ends_with_a_person(play: Store) -> None:
    account = make_account(make_profile(), "mastodon", "maya")
    version = account.tokens_version
    assert look(account).tokens.access == "sandbox-maya"
    with pytest.raises(NetworkError):
        look(account, force_from_version=version)
    assert again(account).status is AccountStatus.NEEDS_RECONNECT
