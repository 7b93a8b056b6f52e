"""The ping to an outside monitor: a dead man's switch (promises.md 3)."""

from __future__ import annotations

import httpx2 as httpx

from app import egress, logs
from app.config import Config

SECONDS = 10.0
log = logs.get("monitor")


def ping(config: Config) -> bool:
    """Ask ``HEARTBEAT_URL`` once; whether it answered 2xx. Its address is the operator's own."""
    if not config.HEARTBEAT_URL:
        return False
    try:
        with egress.client(config, guarded=False, connections=1) as http, egress.bounded(SECONDS):
            answer = http.get(config.HEARTBEAT_URL)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        log.warning("monitor_away", error=type(error).__name__)
        return False
    return answer.is_success
