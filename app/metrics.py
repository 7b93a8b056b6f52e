"""Counters of this process; ``/metrics`` shows them (reliability §12). Labels hold no ids."""

from __future__ import annotations

from prometheus_client import Counter

token_refresh = Counter(
    "carillon_token_refresh_total",
    "Sign-ins renewed: ok, refused (connect again) or failed (tried later).",
    ["outcome"],
)
