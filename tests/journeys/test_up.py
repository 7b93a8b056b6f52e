"""``carillon up`` from the outside: it starts everything, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import httpx2 as httpx
import pytest

from app import valkey
from app.config import redis_socket
from app.up import descendants
from tests.cli.test_commands import clean

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90


class Run:
    """One ``carillon up``: its process, its address, what it says."""

    count = 0

    def __init__(self, folder: Path, given: dict[str, object], *words: str) -> None:
        self.folder = folder
        self.port = int(given.get("PORT", 0)) or free_port()  # type: ignore[call-overload]
        env = {"INSTANCE_DIR": str(folder), "PORT": str(self.port)}
        env |= {name: str(value) for name, value in given.items()}
        folder.mkdir(exist_ok=True)
        Run.count += 1
        self.log: IO[str] = (folder / f"{Run.count}.err").open("w")
        self.said: IO[str] = (folder / f"{Run.count}.out").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "up", *words], cwd=ROOT, env=clean(env),
            stdout=self.said, stderr=self.log, start_new_session=True,
        )  # fmt: skip

    def wait(self) -> Run:
        """Until the banner is printed, which is after the pages answer."""
        end = time.monotonic() + START_SECONDS
        while "Ctrl-C stops everything" not in self.words():
            assert self.process.poll() is None, self.errors()
            assert time.monotonic() < end, self.errors()
            time.sleep(0.1)
        return self

    def words(self) -> str:
        return Path(self.said.name).read_text()

    def errors(self) -> str:
        return Path(self.log.name).read_text()

    def events(self) -> list[dict[str, object]]:
        """The log's lines; each has to be JSON."""
        lines = [line for line in self.errors().splitlines() if not line.startswith("Waiting")]
        return [json.loads(line) for line in lines]

    def get(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def parts(self) -> dict[str, int]:
        """Process numbers of the direct children, by what they are."""
        found = {}
        for pid in descendants(self.process.pid):
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            for name in ("web", "worker", "clock", "sandbox"):
                if "app.cli" in words and name in words:
                    found.setdefault(name, pid)
            if "valkey-server" in words[0]:
                found["redis"] = pid
        return found

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(80)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def alive(pids: list[int]) -> list[int]:
    """Those still there; a zombie waiting for its parent counts as ended."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            found.append(pid)
    return found


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """``up("one", PORT=…)`` starts a copy in a folder of that name."""
    runs: list[Run] = []

    def start(name: str = "one", *, demo: bool = False, **given: object) -> Run:
        if not demo and given.get("SANDBOX") != 0:  # made once, by the test that is about it
            _made_before(tmp_path / name)
        # The one test that leaves out nothing has as many workers as people get.
        words = () if demo else ("--processes", "1")
        runs.append(Run(tmp_path / name, given, *words))
        return runs[-1]

    yield start
    for run in runs:
        below = descendants(run.process.pid)
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()
        for pid in alive(below):
            os.kill(pid, signal.SIGKILL)
        run.log.close()
        run.said.close()


def _made_before(folder: Path) -> None:
    """The demo login of an earlier start: its month costs more than all else of a start."""
    folder.mkdir(exist_ok=True)
    login = {"email": "maya@example.org", "password": "from before", "url": "http://x/login"}
    (folder / "demo.json").write_text(json.dumps(login))


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/stat").exists(), reason="reads the process tree from /proc"
    ),
]


def test_it_starts_everything_keeps_it_alive_and_leaves_nothing(up: Callable[..., Run]) -> None:
    run = up().wait()
    assert f"http://127.0.0.1:{run.port}" in run.words()
    assert run.get("/healthz") == 200
    assert run.get("/login") == 200
    assert run.parts().keys() == {"web", "worker", "clock", "sandbox", "redis"}
    sandbox = int((run.folder / "sandbox.port").read_text())
    assert listening(sandbox)
    a_part_that_dies_is_started_again(run)

    below = descendants(run.process.pid)
    run.process.send_signal(signal.SIGTERM)
    run.process.send_signal(signal.SIGTERM)  # a second one changes nothing
    assert run.process.wait(80) == 0
    assert not alive(below)
    assert not listening(run.port)
    assert not listening(sandbox)
    assert not valkey.answers(run.folder)
    assert run.events()[-1]["event"] == "stopped"

    a_redis_that_outlived_an_earlier_run_serves_on(up, run.folder)


def a_part_that_dies_is_started_again(run: Run) -> None:
    before = run.parts()
    for name in ("worker", "redis"):
        os.kill(before[name], signal.SIGKILL)
    end = time.monotonic() + START_SECONDS
    while before.keys() != run.parts().keys() or run.parts()["worker"] == before["worker"]:
        assert time.monotonic() < end, run.errors()
        time.sleep(0.1)
    assert valkey.wait(run.folder)
    told = [(e["event"], e["part"]) for e in run.events() if e.get("part")]
    for name in ("worker", "redis"):
        assert ("part_ended", name) in told
        assert ("part_restarted", name) in told


def a_redis_that_outlived_an_earlier_run_serves_on(up: Callable[..., Run], folder: Path) -> None:
    survivor = subprocess.Popen(valkey.command(folder), start_new_session=True)
    try:
        assert valkey.wait(folder)
        again = up().wait()
        assert again.folder == folder
        assert "redis_reused" in [e["event"] for e in again.events()]
        assert "redis" not in again.parts()
        assert again.end(signal.SIGINT) == 0
        assert survivor.wait(10) == 0
    finally:
        survivor.kill()
        survivor.wait()


def test_the_first_start_makes_a_demo_whose_login_is_remembered(up: Callable[..., Run]) -> None:
    run = up(demo=True).wait()
    told = re.search(r"Demo login +(\S+) +password +(\S+)", run.words())
    assert told
    assert not [e for e in run.events() if e["level"] in {"error", "critical"}]
    assert (run.folder / "demo.json").stat().st_mode & 0o077 == 0
    assert log_in(run, *told.groups()) == 200
    assert run.end() == 0
    again = up(demo=True).wait()
    assert told[0] in again.words()
    assert log_in(again, *told.groups()) == 200
    assert again.end() == 0


def log_in(run: Run, email: str, password: str) -> int:
    """Through the form, as a browser without scripts; the status of the calendar then."""
    with httpx.Client(base_url=f"http://127.0.0.1:{run.port}", follow_redirects=True) as browser:
        page = browser.get("/login").text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token
        form = {"email": email, "password": password, "csrf_token": token[1]}
        entered = browser.post("/login", data=form)
        assert entered.status_code == 200 and "/login" not in str(entered.url)
        calendar = browser.get("/calendar")
        assert "/p/" in str(calendar.url)
        return calendar.status_code


def test_two_copies_run_side_by_side_and_parts_end_with_a_killed_supervisor(
    up: Callable[..., Run],
) -> None:
    one, two = up("one"), up("two")
    one.wait()
    two.wait()
    ports = [int((run.folder / "sandbox.port").read_text()) for run in (one, two)]
    assert len(set(ports)) == 2 and all(map(listening, ports))
    assert redis_socket(one.folder) != redis_socket(two.folder)
    assert one.end() == 0
    assert two.get("/healthz") == 200
    assert listening(ports[1]) and not listening(ports[0])
    assert valkey.answers(two.folder)

    below = descendants(two.process.pid)
    two.process.kill()
    two.process.wait()
    again = up("two", PORT=two.port)  # at once, on the same port, while parts may still be ending
    again.wait()
    assert not alive(below)
    assert again.get("/healthz") == 200
    assert again.end() == 0


def test_without_the_sandbox_nothing_is_played_and_a_second_start_is_refused(
    up: Callable[..., Run],
) -> None:
    run = up(
        SANDBOX=0,
        SECRET_KEY="k" * 40,
        ENCRYPTION_KEYS="k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
    ).wait()
    assert run.parts().keys() == {"web", "worker", "clock", "redis"}
    assert "Demo login" not in run.words()
    assert not (run.folder / "sandbox.port").exists()
    a_second_start_on_the_same_folder_says_so(run)
    assert run.end() == 0


def a_second_start_on_the_same_folder_says_so(run: Run) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "up"],
        cwd=ROOT, capture_output=True, text=True, timeout=30,
        env=clean({"INSTANCE_DIR": str(run.folder), "PORT": str(free_port())}),
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "already running" in done.stderr
    assert run.get("/healthz") == 200
