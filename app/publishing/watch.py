"""What a delivery and the worker around it know of each other."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from app.publishing.claims import Claim


class Stopping(Exception):
    """The worker stops: what is being prepared is handed back."""


@dataclass
class Watch:
    """One delivery under way. ``phase`` is ``queued``, ``prepare`` or ``commit``.

    The heartbeat extends leases outside ``commit`` only: a commit has its own (§3).
    """

    claim: Claim
    stop: threading.Event
    began: float = field(default_factory=time.monotonic)
    phase: str = "queued"
    let_go_at: float = 0.0  # when the runner tries (again) to hand it back, at a stop

    def step(self) -> None:
        """Between two steps of the preparation; raises ``Stopping``."""
        if self.stop.is_set():
            raise Stopping
