"""Real processes: several clocks and workers, Redis emptied, a clean stop (reliability §1, §12)."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import func, select

from app.clock import now
from app.extensions import db
from app.models.attempts import Attempt, AttemptState
from app.models.posts import PostTarget, TargetState
from tests import factories
from tests.publishing.conftest import Plant, due
from tests.publishing.test_kill import ROOT, environment

FAST = {"TICK_SECONDS": "0.3", "SWEEP_SECONDS": "1", "HEARTBEAT_SECONDS": "2"}


@pytest.fixture
def processes(plant: Plant) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """``processes("worker")`` is that part of the product, running."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(part: str) -> subprocess.Popen[bytes]:
        running.append(
            subprocess.Popen(
                [sys.executable, "-m", "app.cli", part], cwd=ROOT,
                env=environment(plant.app) | FAST, stderr=subprocess.DEVNULL,
            )
        )  # fmt: skip
        return running[-1]

    yield begin
    for one in running:
        one.terminate()
    for one in running:
        one.wait(80)


def published(expected: int, seconds: float) -> int:
    """Wait until so many targets are published; how many are."""
    until = time.monotonic() + seconds
    while True:
        db.session.rollback()
        count = db.session.scalar(
            select(func.count()).where(PostTarget.state == TargetState.PUBLISHED)
        )
        if count == expected or time.monotonic() > until:
            return count or 0
        time.sleep(0.2)


def test_two_clocks_and_four_workers_publish_five_hundred_posts_once(
    plant: Plant, redis: Redis, processes: Callable[..., subprocess.Popen[bytes]]
) -> None:
    brands = [factories.make_profile(name=f"Brand {n}") for n in range(5)]
    accounts = [factories.make_account(brands[n % 5], "mastodon", f"bench{n}") for n in range(50)]
    at = now() - timedelta(seconds=1)
    for n in range(500):
        due(accounts[n % 50].profile, accounts[n % 50], text=f"Bell number {n}", at=at)
    for part in ("clock", "clock", "worker", "worker", "worker", "worker"):
        processes(part)
    time.sleep(4)
    redis.flushall()  # in mid-run: jobs are hints
    assert published(500, 180) == 500
    seen = Counter(p["text"] for p in plant.seen("mastodon"))
    assert len(seen) == 500 and set(seen.values()) == {1}
    attempts = db.session.scalar(
        select(func.count()).select_from(Attempt).where(Attempt.state == AttemptState.OK)
    )
    assert attempts == 500


def test_without_any_worker_and_redis_the_clock_delivers(
    start: Callable[..., Plant], request: pytest.FixtureRequest
) -> None:
    plant = start(REDIS_URL="redis://127.0.0.1:1/0")
    brand = factories.make_profile()
    due(brand, factories.make_account(brand, "mastodon", "maya"))
    clock = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "clock"], cwd=ROOT, env=environment(plant.app) | FAST,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert published(1, 30) == 1
    finally:
        clock.terminate()
        assert clock.wait(80) == 0


def test_a_clean_stop_finishes_the_call_and_leaves_nothing_to_review(
    plant: Plant, processes: Callable[..., subprocess.Popen[bytes]]
) -> None:
    brand = factories.make_profile()
    posts = [
        due(brand, factories.make_account(brand, "mastodon", f"maya{n}"), text=f"Slow {n}")
        for n in range(3)
    ]
    plant.fault("mastodon", "publish", times=-1, delay_ms=1500)
    worker = processes("worker")
    until = time.monotonic() + 20
    while time.monotonic() < until:
        db.session.rollback()
        if db.session.scalar(select(func.count()).where(Attempt.phase == "commit")):
            break
        time.sleep(0.05)
    worker.send_signal(signal.SIGTERM)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(75) == 0
    states = {plant.target(p).state for p in posts}
    assert states <= {TargetState.PUBLISHED, TargetState.SCHEDULED}
    assert TargetState.PUBLISHED in states
    assert plant.read(select(Attempt.id).where(Attempt.state == AttemptState.UNKNOWN)) == []
