"""Networks at their worst: silence, drips, resets at each point (reliability §1.10, §3, §4)."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.clock import now
from app.extensions import db
from app.jobs.clock import Clock
from app.models.attempts import Attempt, AttemptState, Phase
from app.models.engine import EngineState
from app.models.posts import PostTarget, TargetState, post_status
from app.models.profiles import Profile
from app.publishing import claims, questions
from app.publishing.runner import Runner
from tests import factories, plain
from tests.publishing.conftest import NETWORKS, Plant, connect, due
from tests.publishing.test_kill import ROOT, environment

S = TargetState
FAULTS = (
    "timeout", "hang_after_accept", "drip", "half_answer", "reset", "reset_after_accept",
    "http_500", "http_500_after_accept", "invalid_json",
)  # fmt: skip


def sound(plant: Plant) -> None:
    """What always holds once nothing is left to do."""
    for target in plant.read(select(PostTarget)):
        assert target.state in (S.PUBLISHED, S.FAILED, S.NEEDS_REVIEW), target.error
        assert target.lease_until is None
        unsettled = [a for a in plant.attempts(target) if a.state in ("open", "unknown")]
        assert len(unsettled) == (1 if target.state is S.NEEDS_REVIEW else 0)
        with plant.app.app_context():
            post = db.session.get(type(target).post.property.mapper.class_, target.post_id)
            assert post.status is post_status(
                armed=post.armed, discarded=False, states=[t.state for t in post.targets]
            )
            db.session.rollback()


@pytest.mark.parametrize(
    ("operation", "fault"),
    [("publish", f) for f in FAULTS] + [("upload", f) for f in ("reset", "half_answer")],
)
def test_whatever_a_network_does_a_post_goes_out_once(
    plant: Plant, brand: Profile, fault: str, operation: str
):
    picture = factories.make_media(brand)
    made = [
        due(brand, connect(brand, network, "maya"), text=f"Once on {network}", media=[picture])
        for network in NETWORKS
    ]
    delay = {"timeout": 3000, "hang_after_accept": 3000}.get(fault, 0)
    for network in NETWORKS:
        plant.fault(network, operation, fault, **({"delay_ms": delay} if delay else {}))
    plant.run()
    httpx_clear(plant)
    plant.settle()
    assert [plant.target(p).state for p in made] == [S.PUBLISHED] * 3
    seen = Counter(p["text"] for p in plant.seen())
    assert set(seen.values()) == {1} and len(seen) == 3
    sound(plant)


def httpx_clear(plant: Plant) -> None:

    plain.delete(f"{plant.sandbox}/_sandbox/faults")


def test_a_hanging_network_takes_no_other_networks_turn(start: Callable[..., Plant]):
    """Few threads and far more silent accounts than all of them together."""
    plant = start(COMMIT_DEADLINE_SECONDS=40)
    brand = factories.make_profile()
    for n in range(60):
        due(brand, factories.make_account(brand, "mastodon", f"bell{n}"))
    lone = due(brand, connect(brand, "twitter", "maya"), at=now())
    plant.fault("mastodon", "publish", "timeout", times=-1, delay_ms=6_500)
    runner = Runner(plant.app, "clock", threads=3)
    work = threading.Thread(target=runner.run)
    began = time.monotonic()
    work.start()
    while time.monotonic() - began < 30 and plant.target(lone).state is not S.PUBLISHED:
        time.sleep(0.1)
    took = time.monotonic() - began
    runner.stop()
    httpx_clear(plant)
    assert took < 25  # behind all the silent ones it would be two minutes
    work.join(20)


def test_the_clock_ticks_while_it_delivers_alone_to_a_network_that_hangs(
    start: Callable[..., Plant],
):
    plant = start(REDIS_URL="redis://127.0.0.1:1/0", COMMIT_DEADLINE_SECONDS=40, TICK_SECONDS=0.2)
    brand = factories.make_profile()
    for n in range(30):
        due(brand, factories.make_account(brand, "mastodon", f"bell{n}"))
    plant.fault("mastodon", "publish", "timeout", times=-1, delay_ms=5_000)
    clock = Clock(plant.app)
    work = threading.Thread(target=clock.run)
    work.start()
    worst, until = 0.0, time.monotonic() + 6
    time.sleep(1)
    while time.monotonic() < until:
        [ticked] = plant.read(select(EngineState.ticked_at))
        worst = max(worst, (now() - ticked).total_seconds())
        time.sleep(0.1)
    clock.runner.stop()
    work.join(15)
    assert not work.is_alive()
    assert worst < 4.5  # less than one silence


def test_a_fault_of_our_own_while_asking_ends_with_a_person(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch
):
    post = due(brand, connect(brand, "twitter", "maya"))
    plant.fault("twitter", "publish", "http_500")

    def broken(*_: object) -> None:
        raise KeyError("a field nobody expected")

    monkeypatch.setattr(questions, "_asked", broken)
    plant.run()
    plant.settle(hours=4, step=300)
    assert plant.target(post).state is S.NEEDS_REVIEW
    sound(plant)


def test_a_worker_lost_at_each_question_does_not_ask_for_ever(plant: Plant, brand: Profile):
    post = due(brand, connect(brand, "twitter", "maya"))
    plant.fault("twitter", "publish", "http_500_after_accept")
    plant.fault("twitter", "lookup", "http_500", times=-1)
    plant.run()
    for _ in range(12):
        with plant.app.app_context():
            target = plant.target(post)
            if target.state is not S.POSTING:
                break
        plant.later(8000)
        claimed = claims.claim_questions(1)
        assert claimed or plant.target(post).state is not S.POSTING
        plant.later(95)
        plant.sweep()
    assert plant.target(post).state is S.NEEDS_REVIEW
    sound(plant)


def worker(plant: Plant, part: str = "worker", **more: str) -> subprocess.Popen[bytes]:
    db.session.rollback()
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", part], cwd=ROOT,
        env=environment(plant.app) | {"TICK_SECONDS": "0.3"} | more, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def wait_for(plant: Plant, phase: Phase, seconds: float = 12) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if plant.read(select(Attempt.id).where(Attempt.phase == phase, Attempt.state == "open")):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing reached {phase}")


def test_a_stop_during_a_silent_upload_hands_the_post_back(plant: Plant, brand: Profile):
    """Uploads may take minutes; a stop does not wait for them, and costs no try."""
    post = due(brand, connect(brand, "mastodon", "maya"), media=[factories.make_media(brand)])
    plant.fault("mastodon", "upload", "timeout", delay_ms=11_000)
    process = worker(plant)
    wait_for(plant, Phase.PREPARE)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    until = time.monotonic() + 7
    while time.monotonic() < until and plant.target(post).state is not S.SCHEDULED:
        time.sleep(0.1)
    target = plant.target(post)
    process.send_signal(signal.SIGTERM)
    assert target.state is S.SCHEDULED and target.failures == 0 and target.lease_until is None
    [attempt] = plant.attempts(target)
    assert attempt.state is AttemptState.FAILED
    plant.run()
    assert plant.target(post).state is S.PUBLISHED
    assert process.wait(75) == 0
    assert len(plant.seen()) == 1


def test_a_stop_during_a_silent_commit_waits_for_its_deadline(plant: Plant, brand: Profile):
    post = due(brand, connect(brand, "mastodon", "maya"))
    plant.fault("mastodon", "publish", "hang_after_accept", delay_ms=8000)
    process = worker(plant)
    wait_for(plant, Phase.COMMIT)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert plant.target(post).state is S.POSTING
    assert [a.state for a in plant.attempts(plant.target(post))] == [AttemptState.UNKNOWN]
    plant.settle()
    assert plant.target(post).state is S.PUBLISHED and len(plant.seen()) == 1


def test_a_redis_that_never_answers_slows_nothing_down(start: Callable[..., Plant]):
    """It takes connections and says nothing: the worst of all."""
    import socket

    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        port = silent.getsockname()[1]
        plant = start(REDIS_URL=f"redis://127.0.0.1:{port}/0")
        brand = factories.make_profile()
        for n in range(30):
            due(brand, factories.make_account(brand, "mastodon", f"bell{n}"))
        runner = Runner(plant.app, "worker", threads=3)
        work = threading.Thread(target=runner.run)
        began = time.monotonic()
        work.start()
        while time.monotonic() - began < 20 and len(plant.seen()) < 30:
            time.sleep(0.1)
        took = time.monotonic() - began
        runner.stop()
        work.join(20)
    assert took < 18  # thirty waits for it, three at a time, would be twenty
    assert len(plant.seen()) == 30
