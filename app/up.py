"""``carillon up``: every part of the product in one process tree.

The supervisor imports none of the application: each part is a child process of its own, in its
own session (Ctrl-C in a terminal reaches only the supervisor) and tied to it (``tether``).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

from app import claimed, logs, tether, valkey
from app.config import ROOT, Config

LOOP_SECONDS = 0.2
WAIT_SECONDS = 75.0  # reliability §12: a clean stop is over by then
QUICK_SECONDS = 5.0  # for the parts that hold no work
HEALTH_SECONDS = 90.0
BACKOFF_MAX = 30.0
STEADY_SECONDS = 60.0  # a child that lived so long starts again without delay
GIVE_UP_AFTER = 4  # deaths of the web process before it ever answered

log = logs.get("carillon.up")


@dataclass
class Child:
    """One part: how it starts, and how it fares."""

    name: str
    words: list[str]
    inherits: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    born: float = 0.0
    deaths: int = 0
    due: float = 0.0  # monotonic time of the next start

    def start(self, env: Mapping[str, str]) -> None:
        """Start it in a session of its own."""
        self.process = subprocess.Popen(
            self.words, env=dict(env), stdin=subprocess.DEVNULL, start_new_session=True,
            pass_fds=self.inherits,
        )  # fmt: skip
        self.born = time.monotonic()

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def tell(self, number: int) -> None:
        """Send a signal, if there is anybody to hear it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def ended(self) -> float:
        """Note an unexpected end; the seconds until the next start (0, 1, 2, 4 … 30)."""
        now = time.monotonic()
        self.deaths = 1 if now - self.born > STEADY_SECONDS else self.deaths + 1
        wait = 0.0 if self.deaths == 1 else min(2.0 ** (self.deaths - 2), BACKOFF_MAX)
        self.due = now + wait
        return wait


@dataclass
class Supervisor:
    """Starts the parts in order, keeps them alive, ends them in order."""

    config: Config
    env: dict[str, str]
    processes: int
    lock: IO[str]  # held by every part, so that the next start can wait for the last of them
    embedded_redis: bool
    children: list[Child] = field(default_factory=list)
    stopping: bool = False
    killed: bool = False

    def run(self) -> int:
        """Until told to stop. The exit code: 0, or 1 where a part would not start or end."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._asked)
        try:
            if not self._prepare():
                return 1
            login = self._demo()
            if not self._healthy():
                return 0 if self.stopping else 1
            if not self.stopping:
                _say(banner(self.config, login))
            while not self.stopping:
                self._mend()
                time.sleep(LOOP_SECONDS)
        finally:
            self._stop()
        return 1 if self.killed else 0

    def _asked(self, number: int, frame: FrameType | None) -> None:
        # Only a note: what is said comes from `_stop`, since a handler may interrupt a print.
        self.stopping = True

    def _prepare(self) -> bool:
        """Redis, the schema, then every part. False where the schema can't be brought up."""
        if self.embedded_redis:
            self._redis()
        if self.config.SANDBOX:
            self._add("sandbox", "sandbox")
        if self._once("migrate") is None:
            return False
        self._add("web", "web")
        self._add("worker", "worker", "--processes", str(self.processes))
        self._add("clock", "clock")
        return True

    def _redis(self) -> None:
        child = Child("redis", valkey.command(self.config.INSTANCE_DIR))
        if valkey.answers(self.config.INSTANCE_DIR):
            # One that outlived an earlier run serves on; `_mend` starts ours when it ends.
            log.info("redis_reused")
            self.children.append(child)
        else:
            # Nobody waits for it: wake-ups are hints, all works without (reliability §1.5).
            self._start(child)

    def _add(self, name: str, *words: str) -> None:
        if not self.stopping:
            self._start(Child(name, tether.command(*cli(*words)), (self.lock.fileno(),)))

    def _start(self, child: Child) -> None:
        child.start(self.env)
        self.children.append(child)

    def _once(self, *words: str) -> bytes | None:
        """Run a command to its end and give its output; None where it failed."""
        done = subprocess.run(
            tether.command(*cli(*words)), env=self.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, start_new_session=True, pass_fds=(self.lock.fileno(),),
        )  # fmt: skip
        return done.stdout if done.returncode == 0 else None

    def _demo(self) -> dict[str, Any]:
        """The demo login: made the first time where the sandbox is on, then remembered."""
        path = self.config.INSTANCE_DIR / "demo.json"
        if not self.config.SANDBOX or self.stopping:
            return {}
        if not path.exists():
            made = self._once("demo", "--first")
            if made is None:
                log.error("demo_failed", hint="Try again with: carillon demo")
                return {}
            draft = path.with_suffix(".new")
            draft.touch(mode=0o600)
            draft.write_bytes(made)
            draft.replace(path)
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def _healthy(self) -> bool:
        """Wait until the web process answers; False where it never does."""
        url = f"http://{claimed.reachable(self.config.HOST)}:{self.config.PORT}/healthz"
        web = next((c for c in self.children if c.name == "web"), None)
        end = time.monotonic() + HEALTH_SECONDS
        while web and not self.stopping and time.monotonic() < end:
            self._mend()
            if web.deaths >= GIVE_UP_AFTER:
                break
            if web.alive and _answers(url):
                return True
            time.sleep(LOOP_SECONDS)
        if not self.stopping:
            _say("Carillon's web process does not start; its messages are above.", sys.stderr)
        return False

    def _mend(self) -> None:
        """Start again what ended by itself."""
        for child in self.children:
            if child.alive or self.stopping:
                continue
            if child.process is not None:
                code, child.process = child.process.returncode, None
                log.error("part_ended", part=child.name, exit=code, restart_in=child.ended())
            if time.monotonic() >= child.due:
                if child.name == "redis" and valkey.answers(self.config.INSTANCE_DIR):
                    continue
                log.info("part_restarted", part=child.name)
                child.start(self.env)

    def _stop(self) -> None:
        """Those that hold work first; the sandbox and Redis serve them to the end."""
        self.stopping = True
        log.info("stopping")
        _say("Stopping. Deliveries under way are finished first.")
        end = time.monotonic() + WAIT_SECONDS - 2 * QUICK_SECONDS
        last = {"sandbox": 1, "redis": 2}
        for rank in range(3):
            part = [c for c in self.children if last.get(c.name, 0) == rank]
            self._end(part, end if rank == 0 else time.monotonic() + QUICK_SECONDS)
        if self.embedded_redis and valkey.answers(self.config.INSTANCE_DIR):
            valkey.stop(self.config.INSTANCE_DIR)
        log.info("stopped", clean=not self.killed)

    def _end(self, children: list[Child], end: float) -> None:
        for child in children:
            child.tell(signal.SIGTERM)
        while any(c.alive for c in children) and time.monotonic() < end:
            time.sleep(LOOP_SECONDS / 4)
        for child in children:
            if child.alive and child.process is not None:
                log.error("part_killed", part=child.name)
                self.killed = True
                for pid in [child.process.pid, *descendants(child.process.pid)]:
                    _kill(pid)
                child.process.wait()


def up(config: Config, processes: int, env: Mapping[str, str] | None = None) -> int:
    """Run everything until told to stop; the exit code.

    Raises ``ConfigError`` where the port or the instance folder is in use.
    """
    given = dict(os.environ if env is None else env)
    folder = config.INSTANCE_DIR
    folder.mkdir(parents=True, exist_ok=True)
    with claimed.instance(folder) as lock, claimed.ports() as ports:
        ports.need(config.HOST, config.PORT, "PORT")
        if config.SANDBOX:
            asked = config.SANDBOX_PORT if given.get("SANDBOX_PORT", "").strip() else None
            given["SANDBOX_PORT"] = str(ports.sandbox(folder, asked, but=config.PORT))
        given["INSTANCE_DIR"] = str(folder)
        given["PORT"] = str(config.PORT)
        given["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), given.get("PYTHONPATH"))))
        embedded = not given.get("REDIS_URL", "").strip()
        final = Config.from_env(given)
        return Supervisor(final, given, processes, lock, embedded).run()


def cli(*words: str) -> list[str]:
    """The command line of one of our own commands; ``-P``: never import from where we stand."""
    return [sys.executable, "-P", "-m", "app.cli", *words]


def banner(config: Config, login: Mapping[str, Any]) -> str:
    """What a person reads when everything runs."""
    lines = [f"Carillon is running at {config.APP_URL}"]
    if login.get("email"):
        lines.append(f"  Demo login   {login['email']}   password   {login.get('password', '')}")
    if config.SANDBOX:
        lines.append(f"  Sandbox      {config.sandbox_url}   (plays the networks)")
    lines.append("  Ctrl-C stops everything.")
    return "\n".join(["", *lines, ""])


def descendants(pid: int) -> list[int]:
    """Every process below ``pid``, where the system has /proc."""
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        below.setdefault(parent, []).append(int(stat.parent.name))
    found, waiting = [], [pid]
    while waiting:
        more = below.get(waiting.pop(), [])
        found += more
        waiting += more
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def _say(text: str, stream: IO[str] | None = None) -> None:
    """Print for a person; a closed terminal is no reason to stop."""
    try:
        print(text, file=stream or sys.stdout, flush=True)
    except (OSError, ValueError):
        pass
