"""Whether work grows no faster than what it is given, by processor time of this thread alone."""

from __future__ import annotations

import time
from collections.abc import Callable

NOTHING = 0.05  # seconds: below it there is nothing to compare
FOURFOLD = 12.0  # what grows in a straight line takes 4 times as long for 4 times as much


def grows_gently(work: Callable[[str], object], text: str) -> bool:
    """Whether the whole text costs not much more than four times its first quarter.

    Quadratic work would cost sixteen times as much. Other processes' load counts for neither.
    """
    whole = _least(work, text)
    return whole < NOTHING or whole < FOURFOLD * max(_least(work, text[: len(text) // 4]), 0.002)


def _least(work: Callable[[str], object], text: str) -> float:
    times = []
    for _ in range(2):
        began = time.thread_time()
        work(text)
        times.append(time.thread_time() - began)
    return min(times)
