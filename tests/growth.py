"""Whether work grows no faster than what it is given, by processor time of this thread alone."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

NOTHING = 0.05  # seconds: below it there is nothing to compare
TRIES = 5
FOURFOLD = 12.0  # what grows in a straight line takes 4 times as long for 4 times as much


def grows_gently(work: Callable[[str], object], text: str) -> bool:
    """Whether the whole text costs not much more than four times its first quarter.

    Quadratic work would cost sixteen times as much, each time it is tried; a processor shared
    with others makes even its own time go by unevenly, but not five times running.
    """
    quarter = text[: len(text) // 4]
    for _ in range(TRIES):
        whole = _least(work, text)
        if whole < NOTHING or whole < FOURFOLD * max(_least(work, quarter), 0.002):
            return True
    return False


def _least(work: Callable[[str], object], text: str) -> float:
    times = []
    gc.disable()  # to collect what all tests before have left takes longer than the work
    try:
        for _ in range(2):
            began = time.thread_time()
            work(text)
            times.append(time.thread_time() - began)
    finally:
        gc.enable()
    return min(times)
