"""One log line and one count for each answer (reliability §12), without anything secret.

The route is its template (``/p/<profile>/calendar``), never the path.
"""

from __future__ import annotations

import time

from flask import Flask, Response, g, request, request_started

from app import logs, metrics
from app.web import headers

log = logs.get("request")
QUIET = frozenset({"static", "health.live"})  # counted, but not a line each


def init_app(app: Flask) -> None:
    """Measure from before the first check to after the last header."""
    request_started.connect(_begin, app)
    app.after_request_funcs.setdefault(None, []).insert(0, _finish)  # runs last


def _begin(app: Flask, **extra: object) -> None:
    g.begun = time.perf_counter()
    logs.clear()
    logs.bind(request_id=headers.number())


def _finish(response: Response) -> Response:
    seconds = time.perf_counter() - g.get("begun", time.perf_counter())
    route = request.url_rule.rule if request.url_rule else "none"
    metrics.http_requests.labels(route, str(response.status_code)).inc()
    metrics.http_seconds.observe(seconds)
    if request.endpoint not in QUIET:
        profile = g.get("profile")
        log.info(
            "request", method=request.method, route=route, status=response.status_code,
            ms=round(seconds * 1000, 1), **({"profile": str(profile.id)} if profile else {}),
        )  # fmt: skip
    return response
