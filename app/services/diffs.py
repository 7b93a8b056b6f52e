"""What was changed in a text, word by word (Myers, "An O(ND) Difference Algorithm", 1986)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

WORD = re.compile(r"\S+|\s+")
EFFORT = 2_000_000  # steps at most; texts that differ in more are shown whole, one after the other
MOST = 400  # differing words


@dataclass(frozen=True)
class Piece:
    """A run of text: ``same``, ``del`` (it was there) or ``ins`` (it comes)."""

    kind: str
    text: str


def words(old: str, new: str) -> list[Piece]:
    """How ``new`` comes from ``old``; the pieces that are not ``del`` make up ``new``."""
    a, b = WORD.findall(old), WORD.findall(new)
    most = min(len(a), len(b))
    head = next((n for n in range(most) if a[n] != b[n]), most)
    rest = most - head
    tail = next((n for n in range(rest) if a[-1 - n] != b[-1 - n]), rest)
    middle = _steps(a[head : len(a) - tail], b[head : len(b) - tail])
    steps = [
        *(("same", one) for one in a[:head]), *middle,
        *(("same", one) for one in a[len(a) - tail :]),
    ]  # fmt: skip
    return list(_pieces(list(_joined(steps))))


def _joined(steps: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """A space between two changed words changes with them: one run reads better than many."""
    for place, (kind, text) in enumerate(steps):
        inside = 0 < place < len(steps) - 1
        if (
            kind == "same" and text.isspace() and inside
            and "same" not in (steps[place - 1][0], steps[place + 1][0])
        ):  # fmt: skip
            yield from (("del", text), ("ins", text))
        else:
            yield kind, text


def _pieces(steps: Sequence[tuple[str, str]]) -> Iterator[Piece]:
    """Runs of one kind; within a change, what goes stands before what comes."""
    for same, run in groupby(steps, key=lambda one: one[0] == "same"):
        found = list(run)
        for kind in ("same",) if same else ("del", "ins"):
            text = "".join(one for which, one in found if which == kind)
            if text:
                yield Piece(kind, text)


def _steps(a: list[str], b: list[str]) -> list[tuple[str, str]]:
    whole = [*(("del", one) for one in a), *(("ins", one) for one in b)]
    if not a or not b:
        return whole
    trace = _trace(a, b, min(MOST, EFFORT // (len(a) + len(b))))
    if trace is None:
        return whole
    found: list[tuple[str, str]] = []
    x, y = len(a), len(b)
    for d in range(len(trace) - 1, -1, -1):
        reach, k = trace[d], x - y
        down = k == -d or (k != d and reach.get(k - 1, -1) < reach.get(k + 1, -1))
        before = k + 1 if down else k - 1
        at_x = reach.get(before, 0) if d else 0
        at_y = at_x - before if d else 0
        while x > at_x and y > at_y:
            x, y = x - 1, y - 1
            found.append(("same", a[x]))
        if d:
            found.append(("ins", b[at_y]) if down else ("del", a[at_x]))
        x, y = at_x, at_y
    return found[::-1]


def _trace(a: list[str], b: list[str], most: int) -> list[dict[int, int]] | None:
    """How far each diagonal reached before each step; ``None`` past ``most`` steps."""
    reach, trace = {1: 0}, list[dict[int, int]]()
    for d in range(most + 1):
        trace.append(dict(reach))
        for k in range(-d, d + 1, 2):
            down = k == -d or (k != d and reach.get(k - 1, -1) < reach.get(k + 1, -1))
            x = reach.get(k + 1, 0) if down else reach.get(k - 1, 0) + 1
            y = x - k
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x, y = x + 1, y + 1
            reach[k] = x
            if x >= len(a) and y >= len(b):
                return trace
    return None
