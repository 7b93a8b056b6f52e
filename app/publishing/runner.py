"""One process's deliveries: threads, leases, and a clean stop (reliability §3, §12).

``DELIVERY_THREADS`` deliveries go on at once. One that takes longer than ``SLOW_SECONDS``
no longer counts, up to a hard cap, so a network that hangs does not hold up the others.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections import Counter

from flask import Flask

from app.clock import now
from app.config import settings
from app.extensions import db, queues
from app.models.engine import Heartbeat
from app.publishing import claims, clockwork
from app.publishing.claims import Claim
from app.publishing.delivery import deliver
from app.publishing.store import log, transaction
from app.publishing.watch import Watch

SLOW_SECONDS = 3.0
HARD_CAP = 8  # times DELIVERY_THREADS
SLOW_OF_ONE = 64  # slow deliveries of one network or server, then it waits its turn
POLL_SECONDS = 5.0  # without any wake-up
STOP_SECONDS = 70.0


class Runner:
    """Claims and delivers until stopped. ``kind`` is ``worker`` or ``clock``."""

    def __init__(self, app: Flask, kind: str, threads: int | None = None) -> None:
        self.app, self.kind = app, kind
        with app.app_context():
            self.threads = threads or settings().DELIVERY_THREADS
            self.batch = settings().CLAIM_BATCH
            self.beat_seconds = settings().HEARTBEAT_SECONDS
        self.stopping = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._watches: dict[int, Watch] = {}
        self._number = 0
        self.started = now()
        self.name = f"{kind}:{socket.gethostname()}:{os.getpid()}:{self.started.timestamp():.0f}"

    def wake(self) -> None:
        """There may be work: look at once."""
        self._wake.set()

    def stop(self) -> None:
        """No new claims from now on; idempotent and safe in a signal handler."""
        self.stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Until ``stop``: claim, deliver, sleep until woken. Then end cleanly."""
        beat = threading.Thread(target=self._beat_forever, daemon=True, name="heartbeat")
        beat.start()
        while not self.stopping.is_set():
            self._wake.clear()
            busy = self.round()
            if not busy:
                self._wake.wait(POLL_SECONDS)
        self.drain()

    def round(self) -> bool:
        """Claim what fits and start it; whether to look again at once."""
        free = self._free()
        if free <= 0:
            self._wake.wait(0.05)
            return True
        try:
            with self.app.app_context():
                avoid = self._crowded()
                # Questions first: they settle what is already under way.
                found = claims.claim_questions(max(1, free // 4), avoid=avoid)
                found += claims.claim(min(free - len(found), self.batch), avoid=avoid)
        except Exception:
            log.exception("claim_failed")
            self._wake.wait(1.0)
            return False
        for one in found:
            self._start(one)
        if len(found) >= min(free, self.batch):
            with self.app.app_context():
                queues.wake("publishing.deliver")  # more than we can take: others may help
        return bool(found)

    def idle(self) -> bool:
        """Whether no delivery is under way."""
        with self._lock:
            return not self._watches

    def drain(self) -> None:
        """Let commits in flight finish; hand everything else back (§12)."""
        until = time.monotonic() + STOP_SECONDS
        while time.monotonic() < until and not self.idle():
            time.sleep(0.05)
        if not self.idle():
            log.error("stopped_with_work", left=len(self._watches))
        with contextlib.suppress(Exception), self.app.app_context(), transaction() as session:
            row = session.get(Heartbeat, self.name)
            if row is not None:
                session.delete(row)

    def _free(self) -> int:
        with self._lock:
            watches = list(self._watches.values())
        at = time.monotonic()
        quick = sum(1 for one in watches if at - one.began < SLOW_SECONDS)
        return min(self.threads - quick, self.threads * HARD_CAP - len(watches))

    def _crowded(self) -> set[str]:
        at = time.monotonic()
        with self._lock:
            slow = Counter(
                one.claim.circuit
                for one in self._watches.values()
                if at - one.began >= SLOW_SECONDS
            )
        return {circuit for circuit, count in slow.items() if count >= SLOW_OF_ONE}

    def _start(self, claim: Claim) -> None:
        watch = Watch(claim, self.stopping)
        with self._lock:
            self._number += 1
            number = self._number
            self._watches[number] = watch
        threading.Thread(
            target=self._deliver, args=(number, watch), daemon=True, name=f"deliver-{number}"
        ).start()

    def _deliver(self, number: int, watch: Watch) -> None:
        try:
            with self.app.app_context():
                try:
                    deliver(watch)
                except Exception:
                    # Nothing was recorded: the lease runs out and the sweep settles it.
                    log.exception("delivery_failed", target=str(watch.claim.target_id))
                finally:
                    db.session.remove()
        finally:
            with self._lock:
                self._watches.pop(number, None)
            self._wake.set()

    def _beat_forever(self) -> None:
        while True:
            try:
                with self.app.app_context():
                    self.beat()
            except Exception:
                log.exception("heartbeat_failed")
            if self.stopping.wait(self.beat_seconds) and self.idle():
                return
            if self.stopping.is_set():
                time.sleep(min(1.0, self.beat_seconds))

    def beat(self) -> None:
        """Extend the leases of what is queued or being prepared, and say we are alive."""
        with self._lock:
            ours = [w.claim for w in self._watches.values() if w.phase != "commit"]
        if ours:
            claims.extend(ours)
        with transaction() as session:
            row = session.get(Heartbeat, self.name)
            if row is None:
                row = Heartbeat(
                    id=self.name, kind=self.kind, host=socket.gethostname(), pid=os.getpid(),
                    started_at=self.started,
                )  # fmt: skip
                session.add(row)
            row.beat_at, row.detail = now(), {"under_way": len(self._watches)}


def work_waits(app: Flask) -> bool:
    """Whether there is something to claim; false while the database is away."""
    try:
        with app.app_context():
            return clockwork.work_waits()
    except Exception:
        return False
