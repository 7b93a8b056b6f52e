"""``carillon worker``: delivers what is due, woken by Redis or by its own slow poll."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from types import FrameType

from app import create_app, egress, logs, tether
from app.jobs import publishing
from app.jobs.listening import listen
from app.jobs.stopping import leave_at_once
from app.publishing.runner import Runner

log = logs.get("worker")
QUEUES = (
    ("publishing",),
    ("media", "mail", "accounts"),
    ("checks",),
    ("recurring",),
    ("places",),
)  # one listener each: long jobs delay no wake-up
RESTART_SECONDS = 1.0


def run(processes: int = 1) -> int:
    """Until SIGTERM or SIGINT: no new claims then, commits in flight finish, exit code 0."""
    return _one() if processes == 1 else _several(processes)


def _one() -> int:
    leave_at_once()
    app = create_app(serving=False)
    egress.tls()  # once, before any thread: loading the roots costs 40 ms and more
    runner = publishing.runner = Runner(app, "worker")

    def stop(number: int, frame: FrameType | None) -> None:
        runner.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for names in QUEUES:
        listen(app, names, runner.stopping)
    log.info("worker_started", name=runner.name)
    # Deliveries run beside the main thread, so that a signal is seen at once.
    work = threading.Thread(target=runner.run, name="runner", daemon=True)
    work.start()
    while work.is_alive():
        work.join(0.5)
    log.info("worker_stopped", name=runner.name)
    return 0


def _several(processes: int) -> int:
    """A process each, tied to this one; one that ends by accident is started again."""
    stopping = threading.Event()
    command = tether.command(sys.executable, "-m", "app.cli", "worker")

    def start() -> subprocess.Popen[bytes]:
        # The lock that ``carillon up`` hands down stays open in each, so that the next start
        # waits for the last of them.
        return subprocess.Popen(command, close_fds=False)

    children = [start() for _ in range(processes)]

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping.is_set():
        time.sleep(0.2)
        for place, child in enumerate(children):
            if child.poll() is not None and not stopping.is_set():
                log.error("worker_lost", status=child.returncode)
                if stopping.wait(RESTART_SECONDS):
                    break
                children[place] = start()
                if stopping.is_set():  # told while it was being started: it was not
                    children[place].send_signal(signal.SIGTERM)
    return max(abs(child.wait()) for child in children)
