"""What machines that watch are told (reliability §12)."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import text, update
from werkzeug.test import TestResponse

from app.clock import now
from app.extensions import db, queues, safe
from app.models.attempts import Attempt, AttemptState
from app.models.engine import EngineState
from app.models.posts import HoldReason, Post, TargetState
from app.publishing import alarm
from app.services import readiness
from tests.conftest import Browser
from tests.factories import make_account, make_post, make_profile
from tests.statements import counted

pytestmark = pytest.mark.usefixtures("redis")


@pytest.fixture
def ticking(app: Flask) -> None:
    """A clock process has just looked."""
    alarm.forget()
    set_engine(ticked_at=now())


def set_engine(**values: Any) -> None:
    db.session.execute(update(EngineState).where(EngineState.id == 1).values(**values))
    db.session.commit()


def problems(answer: TestResponse) -> dict[str, str]:
    found: dict[str, str] = (answer.json or {})["problems"]
    return found


def figures(client: Browser, **kwargs: Any) -> dict[str, float]:
    """Every sample of /metrics by its name and labels."""
    answer = client.get("/metrics", **kwargs)
    assert answer.status_code == 200, answer.text
    lines = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def attempt(post: Post, state: AttemptState, **columns: Any) -> Attempt:
    target = post.targets[0]
    row = Attempt(
        target_id=target.id, account_id=target.account_id, number=1, state=state,
        marker=str(time.monotonic_ns()), claim_token=1, content_hash="", content={},
        started_at=now(), **columns,
    )  # fmt: skip
    db.session.add(row)
    db.session.commit()
    return row


def test_living_takes_no_look_at_anything(app: Flask, client: Browser) -> None:
    client.get("/healthz")
    with counted() as asked:
        times = []
        for _ in range(20):  # the quickest counts: a machine that does something else is slow
            start = time.perf_counter()
            answer = client.get("/healthz")
            times.append(time.perf_counter() - start)
    assert (answer.status_code, answer.text, asked) == (200, "ok", [])
    assert min(times) < 0.05 and "Set-Cookie" not in answer.headers


@pytest.mark.usefixtures("ticking")
def test_ready_when_everything_works(client: Browser) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "problems": {}}


@pytest.mark.usefixtures("ticking")
def test_without_redis_it_still_works(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "redis", Redis.from_url("unix:///nowhere/redis.sock"))
    answer = client.get("/readyz")
    assert answer.status_code == 200 and (answer.json or {})["status"] == "degraded"
    assert "Redis" in problems(answer)["redis"]
    assert figures(client)["carillon_redis_up"] == 0


@pytest.mark.parametrize(
    ("ticked", "words"),
    [(None, "No clock process has run yet."), (20, "has looked for due posts for 2"), (5, "")],
)
def test_a_clock_that_stands_still_is_told(
    app: Flask, client: Browser, ticked: int | None, words: str
) -> None:
    set_engine(ticked_at=now() - timedelta(seconds=ticked) if ticked else None)
    answer = client.get("/readyz")
    assert answer.status_code == (503 if words else 200)
    assert words in problems(answer).get("clock", "")
    if words:
        assert answer.headers["Retry-After"] == "5"


@pytest.mark.usefixtures("ticking")
def test_a_clock_that_jumped_is_told(client: Browser) -> None:
    set_engine(jump_until=now() + timedelta(seconds=200), jump_at=now())
    answer = client.get("/readyz")
    assert answer.status_code == 503 and "clock_jump" in problems(answer)["clock"]
    assert figures(client)["carillon_clock_jump"] == 1


@pytest.mark.usefixtures("ticking")
def test_a_database_behind_the_code_is_told(client: Browser) -> None:
    head = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    db.session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    db.session.commit()
    try:
        answer = client.get("/readyz")
    finally:
        db.session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": head})
        db.session.commit()
    assert answer.status_code == 503 and "carillon migrate" in problems(answer)["schema"]


@pytest.mark.usefixtures("ticking")
def test_a_missing_key_is_told(client: Browser) -> None:
    account = make_account(make_profile())
    assert account.tokens is not None
    account.tokens = account.tokens.replace("v1:" + safe.vault.first, "v1:lost")
    db.session.commit()
    answer = client.get("/readyz")
    assert answer.status_code == 503 and "ENCRYPTION_KEYS" in problems(answer)["keys"]


@pytest.mark.usefixtures("ticking")
def test_a_full_disk_is_told(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "FREE_BYTES", 10**18)
    answer = client.get("/readyz")
    assert answer.status_code == 503 and "500 MB" in problems(answer)["disk"]


def test_a_media_folder_that_takes_no_files_is_told(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    (tmp_path / "media").write_text("a file where the folder should be")
    app = make_app(MEDIA_DIR=tmp_path / "media")
    with app.app_context():
        answer = app.test_client().get("/readyz")
    assert answer.status_code == 503 and "media folder" in problems(answer)["storage"]


def test_an_absent_database_is_told_without_its_address(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    app = make_app(DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/carillon.db")
    with app.app_context():
        client = app.test_client()
        answer = client.get("/readyz")
        assert answer.status_code == 503 and str(tmp_path) not in answer.text
        assert problems(answer)["database"] == "The database does not take changes."
        shown = client.get("/metrics")
    assert shown.status_code == 200 and "carillon_database_up 0.0" in shown.text


@pytest.mark.usefixtures("ticking")
def test_posts_that_are_overdue_are_told(client: Browser) -> None:
    brand = make_profile()
    make_post(brand, accounts=[make_account(brand)], at=now() - timedelta(hours=1))
    alarm.forget()
    answer = client.get("/readyz")
    assert (answer.json or {})["status"] == "degraded"
    assert problems(answer)["overdue"] == "1 post is overdue."


@pytest.mark.usefixtures("ticking")
def test_the_figures_come_from_the_rows(client: Browser) -> None:
    brand = make_profile()
    mastodon, x = make_account(brand), make_account(brand, "twitter")
    due = now() - timedelta(seconds=90)
    make_post(brand, accounts=[mastodon, x], at=due)
    make_post(brand, accounts=[mastodon], at=due, target={"hold_reason": HoldReason.LATE})
    make_post(brand, accounts=[mastodon], at=now() + timedelta(days=1))
    make_post(brand, accounts=[x], at=due, state=TargetState.NEEDS_REVIEW)
    for wait in (0.5, 4):
        post = make_post(brand, accounts=[mastodon], at=due, state=TargetState.PUBLISHED)
        attempt(post, AttemptState.OK, commit_at=due + timedelta(seconds=wait))
    attempt(make_post(brand, accounts=[x], at=due, state=TargetState.FAILED), AttemptState.REFUSED)
    attempt(make_post(brand, accounts=[x], at=due, state=TargetState.POSTING), AttemptState.UNKNOWN)
    found = figures(client)
    assert found["carillon_due_targets"] == 2
    assert 89 < found["carillon_oldest_due_seconds"] < 120
    assert found["carillon_needs_review"] == 1 and found["carillon_attempts_unknown"] == 1
    outcome = 'carillon_deliveries_total{network="%s",outcome="%s"}'
    assert found[outcome % ("mastodon", "ok")] == 2
    assert found[outcome % ("twitter", "refused")] == found[outcome % ("twitter", "unknown")] == 1
    late = "carillon_delivery_lateness_seconds"
    assert found[late + '_bucket{le="1.0"}'] == 1 and found[late + '_bucket{le="5.0"}'] == 2
    assert found[late + '_bucket{le="+Inf"}'] == found[late + "_count"] == 2
    assert found[late + "_sum"] == pytest.approx(4.5, abs=0.01)
    assert found["carillon_clock_last_tick_seconds"] < 30
    assert found["carillon_redis_up"] == found["carillon_database_up"] == 1
    assert found["carillon_webhook_pending"] == 0


def test_settled_attempts_are_added_up_once_and_stay_counted(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app()
    name = 'carillon_deliveries_total{network="mastodon",outcome="%s"}'
    with app.app_context():
        brand = make_profile()
        account = make_account(brand)
        client = app.test_client()

        def delivered(state: AttemptState, hours: float = 0) -> Attempt:
            at = int((time.time() - hours * 3600) * 1000)  # ids begin with the millisecond
            post = make_post(brand, accounts=[account], at=now())
            return attempt(post, state, id=UUID(int=at << 80 | secrets.randbits(60)))

        def counted(state: str) -> float:
            return figures(client).get(name % state, 0)  # type: ignore[arg-type]

        delivered(AttemptState.OK, hours=4)
        open_ = delivered(AttemptState.UNKNOWN, hours=3)
        delivered(AttemptState.OK, hours=2)
        assert (counted("ok"), counted("unknown")) == (2, 1)
        open_.state = AttemptState.OK
        db.session.commit()
        delivered(AttemptState.FAILED)
        for _ in range(2):
            assert (counted("ok"), counted("unknown"), counted("failed")) == (3, 0, 1)
        tally = app.extensions["carillon_deliveries"]._kept
        assert tally.deliveries == {("mastodon", "ok"): 3}


def test_requests_are_counted_by_route_never_by_path(client: Browser) -> None:
    name = 'carillon_http_requests_total{route="/docs/<slug>",status="404"}'
    before = figures(client).get(name, 0)
    client.get("/docs/no-such-page-4711")
    client.get("/nowhere-4711")
    found = figures(client)
    assert found[name] == before + 1
    assert found['carillon_http_requests_total{route="none",status="404"}'] >= 1
    assert not [sample for sample in found if "4711" in sample]
    assert found["carillon_http_request_seconds_count"] > 0


ELSEWHERE = {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}}


def test_figures_are_for_this_machine_or_who_has_the_token(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(METRICS_TOKEN="a-long-enough-token")
    with app.app_context():
        client = app.test_client()
        assert client.get("/metrics").status_code == 200
        refused = client.get("/metrics", **ELSEWHERE)
        assert refused.status_code == 401 and "WWW-Authenticate" in refused.headers
        for given in ("Bearer wrong", "Bearer ", "a-long-enough-token", "Bearer é"):
            answer = client.get("/metrics", headers={"Authorization": given}, **ELSEWHERE)
            assert answer.status_code == 401
        good = {"Authorization": "Bearer a-long-enough-token"}
        assert client.get("/metrics", headers=good, **ELSEWHERE).status_code == 200
        # A proxy on this machine that nobody told us about speaks for everybody.
        proxied = client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
        assert proxied.status_code == 401


def test_without_a_token_nobody_elsewhere_gets_figures(client: Browser) -> None:
    for headers in ({}, {"Authorization": "Bearer "}):
        assert client.get("/metrics", headers=headers, **ELSEWHERE).status_code == 401


def test_figures_hold_no_ids_or_secrets(client: Browser) -> None:
    brand = make_profile(name="Secret Brand")
    account = make_account(brand, handle="secrethandle")
    attempt(make_post(brand, accounts=[account], at=now()), AttemptState.OK)
    shown = client.get("/metrics").text
    for word in ("Secret", "secrethandle", brand.slug, str(brand.id), str(account.id)):
        assert word not in shown
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-7", shown)
