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
from uuid import UUID

from flask import Flask

from app.clock import now
from app.config import settings
from app.extensions import db, queues
from app.models.engine import Heartbeat
from app.publishing import claims, outcomes
from app.publishing.claims import Claim
from app.publishing.delivery import deliver
from app.publishing.store import log, transaction
from app.publishing.watch import Watch

SLOW_SECONDS = 3.0
HARD_CAP = 8  # times DELIVERY_THREADS
ROOM_SHARE = 3  # slow deliveries of one network or server: at most this part of the room left
BEHIND_SECONDS = 1.0  # how often others are looked for while one brand has most threads
GRACE_SECONDS = 2.0  # for a preparation to end by itself at a stop; then it is handed back
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
        self._alone_until = 0.0  # no other brand's posts waited when we last looked
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
            try:
                busy = self.round()
            except Exception:  # whatever it was: this process goes on
                log.exception("round_failed")
                busy = False
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
                found += self._claim(min(free - len(found), self.batch), avoid)
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

    def _claim(self, limit: int, avoid: set[str]) -> list[Claim]:
        behind = self._behind()
        found = claims.claim(limit, avoid=avoid, behind=behind)
        if behind and all(one.profile_id in behind for one in found):
            self._alone_until = time.monotonic() + BEHIND_SECONDS
        return found

    def _behind(self) -> set[UUID]:
        """Brands with more than half of the threads: others' posts go first, however late due."""
        if time.monotonic() < self._alone_until:
            return set()
        with self._lock:
            held = Counter(one.claim.profile_id for one in self._watches.values())
        return {profile for profile, count in held.items() if count > self.threads / 2}

    def idle(self) -> bool:
        """Whether no delivery is under way."""
        with self._lock:
            return not self._watches

    def drain(self) -> None:
        """Let commits in flight finish; hand everything else back (§12)."""
        began = time.monotonic()
        while time.monotonic() < began + STOP_SECONDS and not self.idle():
            if time.monotonic() > began + GRACE_SECONDS:
                self._let_go()
            time.sleep(0.05)
        if not self.idle():
            log.error("stopped_with_work", left=len(self._watches))
        with contextlib.suppress(Exception), self.app.app_context(), transaction() as session:
            row = session.get(Heartbeat, self.name)
            if row is not None:
                session.delete(row)

    def _let_go(self) -> None:
        """Hand back what is only being prepared: an upload may go on for minutes."""
        at = time.monotonic()
        with self._lock:
            watches = [w for w in self._watches.values() if w.phase != "commit"]
        for watch in watches:
            if at < watch.let_go_at:
                continue
            watch.let_go_at = at + 1.0
            try:
                with self.app.app_context():
                    if outcomes.let_go(watch.claim):
                        watch.let_go_at = float("inf")
                    else:
                        claims.hand_back([watch.claim])
            except Exception:  # its lease runs out all the same
                log.exception("not_handed_back", target=str(watch.claim.target_id))

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
        # What is left shrinks with each network that hangs, so several of them, or a small
        # worker, never fill every place.
        room = self.threads * HARD_CAP - sum(slow.values())
        return {circuit for circuit, count in slow.items() if count >= max(1, room // ROOM_SHARE)}

    def _start(self, claim: Claim) -> None:
        watch = Watch(claim, self.stopping)
        with self._lock:
            self._number += 1
            number = self._number
            self._watches[number] = watch
        thread = threading.Thread(
            target=self._deliver, args=(number, watch), daemon=True, name=f"deliver-{number}"
        )
        try:
            thread.start()
        except RuntimeError:  # no thread to be had: somebody else, or later
            log.error("no_thread", under_way=number)
            with self._lock:
                self._watches.pop(number, None)
            with self.app.app_context():
                claims.hand_back([claim])

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
