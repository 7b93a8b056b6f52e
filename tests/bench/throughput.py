"""Posts due in the same second, to a network that answers after 300 ms (issue 2, "Done" 4)."""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import httpx2 as httpx
from sqlalchemy import func, select

from app import create_app
from app.clock import now
from app.config import Config
from app.extensions import db, write_mode
from app.models.posts import PostTarget, TargetState
from tests import factories

ROOT = Path(__file__).resolve().parents[2]
ANSWER_MS = 300
ACCOUNTS = 200
BRANDS = 10


def run(count: int) -> None:
    """Print posts a second, lateness and the ratio to the floor."""
    with tempfile.TemporaryDirectory() as folder:
        env = _environment(Path(folder))
        up = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "up"], cwd=ROOT, env=env,
            stdout=subprocess.DEVNULL, stderr=(Path(folder) / "up.log").open("w"),
        )  # fmt: skip
        try:
            _measure(count, env)
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait(80)


def _measure(count: int, env: dict[str, str]) -> None:
    sandbox = f"http://127.0.0.1:{env['SANDBOX_PORT']}"
    _answers(f"http://127.0.0.1:{env['PORT']}/healthz")
    _answers(f"{sandbox}/_sandbox/networks")
    httpx.post(
        f"{sandbox}/_sandbox/faults",
        json={"network": "mastodon", "operation": "publish", "times": -1, "delay_ms": ANSWER_MS},
    ).raise_for_status()
    floor = float(
        subprocess.run(
            [sys.executable, "-m", "tests.bench.floor", f"{sandbox}/mastodon", str(count),
             str(ACCOUNTS)],
            cwd=ROOT, env=env, check=True, capture_output=True, text=True,
        ).stdout
    )  # fmt: skip
    app = create_app(Config.from_env(env))
    with app.app_context():
        due = _plan(count)
        _wait(count, due)
        db.engine.dispose()
    rows = httpx.get(f"{sandbox}/_sandbox/posts?limit={count * 3}", timeout=60).json()
    rows = rows["posts"] if isinstance(rows, dict) else rows
    late = sorted(
        (datetime.fromisoformat(r["created_at"]) - due).total_seconds()
        for r in rows
        if r["text"].startswith("Bench number")
    )
    seconds = late[-1] + ANSWER_MS / 1000
    print(f"posts due in one second      {count} on {ACCOUNTS} accounts, answer {ANSWER_MS} ms")
    print(f"published once each          {len(late)} of {count}")
    print(f"posts a second               {count / seconds:8.1f}")
    print(f"floor: 32 bare threads       {count / floor:8.1f}")
    print(f"ratio                        {floor / seconds:8.2f}   (aim: at least 0.60)")
    print(f"lateness p50 / p99           {statistics.median(late):.2f} s / "
          f"{late[int(len(late) * 0.99) - 1]:.2f} s   (aim: p99 at most 15 s)")  # fmt: skip


def _plan(count: int) -> datetime:
    brands = [factories.make_profile(name=f"Bench {n}") for n in range(BRANDS)]
    accounts = [
        factories.make_account(brands[n % BRANDS], "mastodon", f"bench{n}") for n in range(ACCOUNTS)
    ]
    due = (now() + timedelta(seconds=30 + count / 100)).replace(microsecond=0)
    for n in range(count):
        account = accounts[n % ACCOUNTS]
        factories.make_post(account.profile, f"Bench number {n}", [account], at=due)
    return due


def _wait(count: int, due: datetime) -> None:
    until = due + timedelta(seconds=300)
    db.session.rollback()
    write_mode.set(False)  # what we look at must not lock the engine out
    while now() < until:
        time.sleep(0.5 if now() > due else 1.0)
        done = db.session.scalar(
            select(func.count()).where(
                PostTarget.state == TargetState.PUBLISHED, PostTarget.scheduled_for == due
            )
        )
        db.session.rollback()
        if now() > due and done == count:
            return
    raise SystemExit("not everything was published within five minutes")


def _answers(url: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=2).status_code < 500:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"{url} does not answer")


def _environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
    if os.environ.get("DATABASE_URL"):
        kept["DATABASE_URL"] = os.environ["DATABASE_URL"]
    return kept | {
        "INSTANCE_DIR": str(folder / "instance"), "PORT": str(_free()),
        "SANDBOX_PORT": str(_free()), "PYTHONPATH": str(ROOT),
    }  # fmt: skip


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
