"""kill -9 within a thread, twice in a row, and with a twin: one post, whatever happens.

Each network's own steps are in ``test_networks_kill.py``. Runs on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.clock import now
from app.config import Config
from app.extensions import db
from app.models.attempts import Attempt, AttemptState
from app.models.posts import TargetState
from tests import factories
from tests.publishing.conftest import NETWORKS, Plant, connect, due

ROOT = Path(__file__).resolve().parents[2]


def environment(app: Flask) -> dict[str, str]:
    """The application's settings for a process of its own."""
    config: Config = app.config["CARILLON"]
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
    names = (
        "DATABASE_URL", "REDIS_URL", "INSTANCE_DIR", "SANDBOX_PORT", "COMMIT_DEADLINE_SECONDS",
        "LEASE_SECONDS", "HEARTBEAT_SECONDS", "SECRET_KEY", "ENCRYPTION_KEYS", "APP_URL",
        "TIKTOK_AUDITED", "YOUTUBE_FORCE_PRIVATE_UPLOADS",
    )  # fmt: skip
    return kept | {name: str(getattr(config, name)) for name in names} | {"PYTHONPATH": str(ROOT)}


@cache
def nest() -> subprocess.Popen[str]:
    """The process that victims are forked from, one for all tests of a run."""
    made = subprocess.Popen(
        [sys.executable, "-m", "tests.publishing.victim"], cwd=ROOT, text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    atexit.register(made.communicate)
    return made


def kill_at(plant: Plant, step: str, network: str) -> None:
    """Run a worker until it has killed itself at that step."""
    db.session.rollback()
    log = plant.app.config["CARILLON"].INSTANCE_DIR / "victim.log"
    order = {"step": step, "network": network, "env": environment(plant.app), "log": str(log)}
    born = nest()
    assert born.stdin and born.stdout
    print(json.dumps(order), file=born.stdin, flush=True)
    assert born.stdout.readline().strip() == str(-signal.SIGKILL), log.read_text()[-2000:]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_thread_goes_on_after_the_part_that_is_out(plant: Plant, brand, network: str) -> None:
    account = connect(brand, network, "maya")
    post = due(brand, account, text=["One of three", "Two of three", "Three of three"])
    kill_at(plant, "after_accept", network)
    assert len(plant.seen(network)) == 1
    plant.later(95)
    plant.settle()
    assert plant.target(post).state is TargetState.PUBLISHED
    assert sorted(p["text"] for p in plant.seen(network)) == [
        "One of three", "Three of three", "Two of three",
    ]  # fmt: skip


def test_a_worker_killed_twice_in_a_row_still_posts_once(plant: Plant, brand) -> None:
    post = due(brand, connect(brand, "bluesky", "maya"), text="Nine lives")
    kill_at(plant, "before_call", "bluesky")
    plant.later(95)
    plant.sweep()
    kill_at(plant, "after_accept", "bluesky")
    plant.later(125)
    plant.settle()
    assert plant.target(post).state is TargetState.PUBLISHED
    assert len(plant.seen("bluesky")) == 1


def test_two_unsettled_twins_are_for_a_person_to_tell_apart(
    start: Callable[..., Plant],
) -> None:
    """X shows one post with this text, and two calls nobody read the answer of."""
    plant = start(COMMIT_DEADLINE_SECONDS=2)
    brand = factories.make_profile()
    account = connect(brand, "twitter", "maya")
    posts = [
        due(brand, account, text="The very same", at=now() - timedelta(seconds=5 - n))
        for n in range(2)
    ]
    plant.fault("twitter", "publish", "http_500", times=2)
    plant.runner.round()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        unknown = plant.read(select(Attempt.id).where(Attempt.state == AttemptState.UNKNOWN))
        if len(unknown) == 2:
            break
        plant.runner.round()
        time.sleep(0.02)
    assert len(unknown) == 2
    plant.settle(hours=4)
    assert {plant.target(p).state for p in posts} <= {
        TargetState.NEEDS_REVIEW, TargetState.PUBLISHED, TargetState.FAILED,
    }  # fmt: skip
    assert TargetState.NEEDS_REVIEW in {plant.target(p).state for p in posts}
    assert len(plant.seen("twitter")) <= 1
