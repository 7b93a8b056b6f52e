"""Counters of all our processes; ``/metrics`` shows them (reliability §12). Labels hold no ids.

What the rows can tell is read from the database instead (``services/measures.py``).
"""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, values
from prometheus_client.multiprocess import MultiProcessCollector

token_refresh = Counter(
    "carillon_token_refresh_total",
    "Sign-ins renewed: ok, refused (connect again) or failed (tried later).",
    ["outcome"],
)
lease_expired = Counter(
    "carillon_lease_expired_total", "Claims and attempts that a lost worker left behind."
)
http_requests = Counter(
    "carillon_http_requests_total", "Requests answered, by route and status.", ["route", "status"]
)
http_seconds = Histogram(
    "carillon_http_request_seconds",
    "Seconds it took to answer a request.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def registry() -> CollectorRegistry:
    """A registry to read: of every process that shares a folder (``counting``), else of this."""
    if not values.ValueClass._multiprocess:
        return REGISTRY
    found = CollectorRegistry()
    MultiProcessCollector(found)  # type: ignore[no-untyped-call]
    return found
