"""A word to stop that comes before there is anything to stop."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def leave_at_once() -> None:
    """Until the part's own handlers are set, SIGTERM and SIGINT end it with exit code 0."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
