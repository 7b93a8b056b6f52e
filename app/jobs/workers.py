"""``carillon worker --processes 2``: several workers below one that imports none of their work."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from types import FrameType

from app import logs, tether

log = logs.get("worker")
RESTART_SECONDS = 1.0


def run(processes: int) -> int:
    """A process each, tied to this one; one that ends by accident is started again.

    Until SIGTERM or SIGINT, which is passed on; the exit code is the worst of theirs.
    """
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
