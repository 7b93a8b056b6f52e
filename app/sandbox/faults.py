"""Faults by order: what tests and people ask the played networks to do wrong.

An order is ``{"network", "operation", "fault", "times", "delay_ms", "account",
"retry_after_s"}`` (interfaces.md, "Sandbox"; the last two are ours):

=====================  ===========  =======================================================
fault                  executed     what the client meets
=====================  ===========  =======================================================
(none)                 yes          the usual answer, ``delay_ms`` later
http_500               no           a 500 in the network's words
http_429               no           a 429 with its reset in ``retry_after_s`` (default 15)
revoked                no           what the network says to a revoked token
duplicate              no           what it says to a repeated post
processing             upload: yes  media stays "in progress"; publish: "not ready"
timeout                no           silence for ``delay_ms`` (default 120 s), then a reset
hang_after_accept      yes          the same silence, but it was done
invalid_json           yes          the usual answer, cut in half
http_500_after_accept  yes          a 500, but it was done
reset                  no           the connection is reset
reset_after_accept     yes          the connection is reset, but it was done
half_answer            yes          half the promised bytes, then a reset
drip                   yes          the usual answer, a byte every ``delay_ms`` (default 1 s)
html                   no           a web page with 403: something in front turned it away
html_after_accept      yes          a web page in place of the usual answer, its status kept
=====================  ===========  =======================================================

``times`` counts calls, -1 is "until cleared". With no fault named, the default is -1.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

OPERATIONS = ("token", "account", "upload", "publish", "delete", "metrics", "lookup")
# The room words these; nothing was executed.
REFUSALS = ("http_500", "http_429", "revoked", "duplicate", "processing")
FAULTS = (
    *REFUSALS, "timeout", "hang_after_accept", "invalid_json", "http_500_after_accept",
    "reset", "reset_after_accept", "half_answer", "drip", "html", "html_after_accept",
)  # fmt: skip
NETWORKS = (
    "twitter", "linkedin", "facebook", "instagram", "threads", "tiktok", "youtube",
    "pinterest", "reddit", "mastodon", "bluesky", "metricool", "stripe",
)  # fmt: skip
DEFAULT_MS = {"timeout": 120_000, "hang_after_accept": 120_000, "drip": 1_000}
MAX_MS = 600_000
TITLES = {"*": "Every network", "twitter": "X", "linkedin": "LinkedIn", "tiktok": "TikTok"}
CALLS = {
    "*": "every call", "token": "signing in", "account": "reading the account",
    "upload": "uploading", "publish": "publishing", "delete": "deleting",
    "metrics": "reading numbers", "lookup": "looking posts up",
}  # fmt: skip
WORDS = {
    "": "answers slowly",
    "http_500": "answers 500 and does nothing",
    "http_429": "says that too much was asked (429)",
    "revoked": "says that the token is revoked",
    "duplicate": "says that the post is a duplicate",
    "processing": "says that media is still being processed",
    "timeout": "stays silent and does nothing",
    "hang_after_accept": "does it, then stays silent",
    "invalid_json": "does it, then answers broken JSON",
    "http_500_after_accept": "does it, then answers 500",
    "reset": "resets the connection and does nothing",
    "reset_after_accept": "does it, then resets the connection",
    "half_answer": "does it, then sends half an answer",
    "drip": "does it, then answers a byte at a time",
    "html": "answers a web page (403) and does nothing",
    "html_after_accept": "does it, then answers a web page",
}


class BadOrder(ValueError):
    """An order that cannot be followed; ``field`` names what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


@dataclass
class Fault:
    """One order. ``left`` counts down to 0; below 0 it stays until cleared."""

    id: int
    network: str
    operation: str
    fault: str
    left: int
    delay_ms: int
    account: str = ""
    retry_after_s: int = 15
    met: int = 0

    def matches(self, network: str, operation: str) -> bool:
        return self.network in ("*", network) and self.operation in ("*", operation)

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id, "network": self.network, "operation": self.operation,
            "fault": self.fault or None, "times": self.left, "delay_ms": self.delay_ms,
            "account": self.account or None, "retry_after_s": self.retry_after_s,
            "met": self.met, "words": self.words,
        }  # fmt: skip

    @property
    def words(self) -> str:
        """The order as a sentence."""
        where = TITLES.get(self.network, self.network.title())
        who = f" by {self.account}" if self.account else ""
        late = f" ({self.delay_ms / 1000:g} s)" if self.delay_ms else ""
        often = "until cleared" if self.left < 0 else f"{self.left} more times"
        often = "once more" if self.left == 1 else often
        return f"{where}, {CALLS[self.operation]}{who}: {WORDS[self.fault]}{late}, {often}."


@dataclass(frozen=True)
class Hit:
    """What one call meets. ``seconds`` is its delay, ``slow`` what slowness orders add."""

    kind: str
    seconds: float
    retry_after: int = 15


class Faults:
    """The orders at work; the first that matches is met, slowness comes on top."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._orders: list[Fault] = []

    def order(self, wanted: Mapping[str, Any]) -> Fault:
        """Take an order; raises ``BadOrder``."""
        fault = _read(wanted, next(self._ids))
        with self._lock:
            self._orders.append(fault)
        return fault

    def take(self, network: str, operation: str, whose: Callable[[], str]) -> Hit | None:
        """What this call meets, counted. ``whose`` gives the caller's handle, or ``""``."""
        if not self._orders:
            return None
        with self._lock:
            found = [f for f in self._orders if f.matches(network, operation)]
        if not found:
            return None
        handle = whose().lower() if any(f.account for f in found) else ""
        return self._meet([f for f in found if f.account.lower() in ("", handle)])

    def _meet(self, found: list[Fault]) -> Hit | None:
        with self._lock:
            slow = next((f for f in found if not f.fault and f.left), None)
            wrong = next((f for f in found if f.fault and f.left), None)
            for fault in (slow, wrong):
                if fault is not None:
                    fault.met += 1
                    fault.left -= fault.left > 0
            self._orders = [f for f in self._orders if f.left]
        if wrong is None:
            return None if slow is None else Hit("", slow.delay_ms / 1000)
        if wrong.fault == "drip":
            return Hit("drip", wrong.delay_ms / 1000)
        late = wrong.delay_ms + (0 if slow is None else slow.delay_ms)
        return Hit(wrong.fault, late / 1000, wrong.retry_after_s)

    def clear(self, fault_id: int | None = None) -> None:
        """Forget one order, or all."""
        with self._lock:
            keep = [] if fault_id is None else [f for f in self._orders if f.id != fault_id]
            self._orders = keep

    def all(self) -> list[Fault]:
        """Orders at work, oldest first."""
        with self._lock:
            return list(self._orders)


def _read(wanted: Mapping[str, Any], number: int) -> Fault:
    unknown = set(wanted) - {
        "network", "operation", "fault", "times", "delay_ms", "account", "retry_after_s",
    }  # fmt: skip
    if unknown:
        raise BadOrder(sorted(unknown)[0], f"There is no {sorted(unknown)[0]!r} in an order.")
    network = _choice(wanted, "network", NETWORKS)
    operation = _choice(wanted, "operation", OPERATIONS)
    fault = wanted.get("fault") or ""
    if fault and fault not in FAULTS:
        raise BadOrder("fault", f"A fault is one of {', '.join(FAULTS)}.")
    times = _whole(wanted, "times", 1 if fault else -1, -1, 1_000_000)
    if times == 0:
        raise BadOrder("times", "Say how many times, or -1 for until cleared.")
    delay = _whole(wanted, "delay_ms", DEFAULT_MS.get(fault, 0), 0, MAX_MS)
    if not fault and not delay:
        raise BadOrder("fault", "Name a fault, or a delay_ms for plain slowness.")
    retry_after = _whole(wanted, "retry_after_s", 15, 0, 86_400)
    account = wanted.get("account") or ""
    if not isinstance(account, str):
        raise BadOrder("account", "An account is a handle.")
    return Fault(number, network, operation, fault, times, delay, account, retry_after)


def _choice(wanted: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
    found = wanted.get(name) or "*"
    if not isinstance(found, str) or found not in ("*", *known):
        raise BadOrder(name, f"The {name} is * or one of {', '.join(known)}.")
    return found


def _whole(wanted: Mapping[str, Any], name: str, usual: int, low: int, high: int) -> int:
    found = wanted.get(name)
    if found is None or found == "":
        return usual
    try:
        number = int(found)
    except (TypeError, ValueError, OverflowError):
        raise BadOrder(name, f"{name} is a whole number.") from None
    if isinstance(found, bool) or not low <= number <= high:
        raise BadOrder(name, f"{name} is a whole number from {low} to {high}.")
    return number
