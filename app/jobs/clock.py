"""``carillon clock``: ticks, sweeps, wakes; delivers by itself while Redis is away.

Any number may run: every step is a conditional update, and a wake-up too many is harmless.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from flask import Flask

from app import create_app, logs
from app.config import Config
from app.extensions import db, queues
from app.integrations import monitor
from app.jobs.stopping import leave_at_once
from app.publishing import alarm, clockwork, recovery
from app.publishing.runner import Runner
from app.services import bulk, file_jobs, file_work, pausing, recurring_maker, usage

log = logs.get("clock")
THREADS = 8  # "more slowly" (reliability §1.5)
ALARM_SECONDS = 15.0
PING_SECONDS = 60.0
RECURRING_SECONDS = 1.0  # of a turn, so that ticks go on meanwhile


@dataclass
class Periodic:
    """Something done every ``seconds``; a failure is logged and waits for the next turn."""

    name: str
    seconds: float
    work: Callable[[], object]
    last: float = field(default=float("-inf"))

    def turn(self) -> None:
        """Do it if it is time."""
        at = time.monotonic()
        if at - self.last < self.seconds:
            return
        self.last = at
        try:
            self.work()
        except Exception:
            log.exception("periodic_failed", name=self.name)


class Clock:
    """One clock process."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        config: Config = app.config["CARILLON"]
        self.tick_seconds = config.TICK_SECONDS
        self.runner = Runner(app, "clock", threads=THREADS)
        self.stopping = self.runner.stopping
        self._busy = threading.Lock()  # held by the thread that writes files here
        self.periodic = [
            Periodic("sweep", config.SWEEP_SECONDS, recovery.sweep),
            Periodic("alarm", ALARM_SECONDS, lambda: alarm.current(fresh=True)),
            Periodic("beat", config.HEARTBEAT_SECONDS, self.runner.beat),
            Periodic("cards", 60.0, lambda: queues.wake("media.cards")),
            Periodic("renewals", 3600.0, lambda: queues.wake("accounts.renew")),
            Periodic("places", 60.0, lambda: queues.wake("places.look_up")),
            Periodic("integrations", 600.0, lambda: queues.wake("checks.integrations")),
            Periodic("flight", 60.0, lambda: queues.wake("checks.flight")),
            Periodic("recurring", 5.0, _recurring),
            Periodic("exports", 5.0, self._exports),
            Periodic("ended", 3600.0, lambda: queues.wake("files.sweep")),
            Periodic("files", 24 * 3600.0, lambda: queues.wake("media.sweep")),
            Periodic("counts", 24 * 3600.0, usage.sweep),
            Periodic("pauses", 15.0, pausing.end_due),
            Periodic("bulk", 2.0, _bulk),
            Periodic("batches", 24 * 3600.0, bulk.sweep),
        ]
        if config.S3_BUCKET and config.S3_DIRECT_UPLOADS:
            self.periodic.append(Periodic("arrivals", 60.0, lambda: queues.wake("media.arrivals")))
        if config.HEARTBEAT_URL:
            self.periodic.append(Periodic("monitor", PING_SECONDS, self._ping))
        if config.SMTP_URL:
            self.periodic.append(Periodic("mail", 5.0, self._mail))

    def run(self) -> None:
        """Tick until stopped; what was begun is finished."""
        while not self.stopping.is_set():
            began = time.monotonic()
            with self.app.app_context():
                try:
                    self.beat()
                except Exception as error:
                    log.error("tick_failed", error=type(error).__name__)
                finally:
                    db.session.remove()
            left = self.tick_seconds - (time.monotonic() - began)
            self.stopping.wait(max(left, 0.01))
        self.runner.drain()

    def beat(self) -> None:
        """One tick, then whatever else it is time for."""
        waits = clockwork.tick()
        if waits and not queues.wake("publishing.deliver"):
            # Redis is away: deliver here, as long as there is something to claim.
            # For the length of a tick at most: ticks, sweeps and leases go on meanwhile.
            until = time.monotonic() + max(self.tick_seconds, 0.1)
            while self.runner.round() and not self.stopping.is_set():
                if time.monotonic() > until or clockwork.work_waits() is False:
                    break
        for one in self.periodic:
            one.turn()

    def _ping(self) -> None:
        """On a thread: a monitor that hangs delays no tick. Silence is the alarm."""
        if alarm.current().ringing:
            return
        config: Config = self.app.config["CARILLON"]
        threading.Thread(target=monitor.ping, args=(config,), daemon=True).start()

    def _exports(self) -> None:
        """Have exports and imports worked on; with Redis away, here, beside the ticks."""
        if not file_jobs.waits() or queues.wake("files.work") or self._busy.locked():
            return
        threading.Thread(target=self._write_files, daemon=True).start()

    def _write_files(self) -> None:
        if self._busy.acquire(blocking=False):
            try:
                with self.app.app_context():
                    file_work.run()
            finally:
                self._busy.release()

    def _mail(self) -> None:
        if _mails_wait():
            queues.wake("mail.send")


def _recurring() -> None:
    """Have the next posts of recurring schedules made; with Redis away, make some here."""
    if recurring_maker.waits() and not queues.wake("recurring.make"):
        recurring_maker.run(RECURRING_SECONDS)


def _bulk() -> None:
    """Have long work on many posts gone on with; with Redis away, do some of it here."""
    if bulk.waits() and not queues.wake("bulk.run"):
        bulk.run(RECURRING_SECONDS)


def _mails_wait() -> bool:
    from sqlalchemy import select

    from app.clock import now
    from app.models.people import Mail
    from app.publishing.store import transaction

    with transaction(write=False) as session:
        found = select(Mail.id).where(Mail.sent_at.is_(None), Mail.next_try_at <= now()).limit(1)
        return session.scalar(found) is not None


def run() -> int:
    """Until SIGTERM or SIGINT; exit code 0."""
    leave_at_once()
    clock = Clock(create_app(serving=False))

    def stop(number: int, frame: FrameType | None) -> None:
        clock.runner.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log.info("clock_started", name=clock.runner.name)
    work = threading.Thread(target=clock.run, name="clock", daemon=True)
    work.start()
    while work.is_alive():
        work.join(0.5)
    log.info("clock_stopped")
    return 0
