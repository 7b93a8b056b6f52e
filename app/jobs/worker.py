"""``carillon worker``: delivers what is due, woken by Redis or by its own slow poll."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from app import create_app, egress, logs
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
    ("files",),
    ("bulk",),
)  # one listener each: long jobs delay no wake-up


def run() -> int:
    """Until SIGTERM or SIGINT: no new claims then, commits in flight finish, exit code 0."""
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
