"""For machines that watch: does it live, can it work, what has it done (reliability §12)."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from ipaddress import ip_address

from flask import Blueprint, Response, make_response, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector, CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError

from app import metrics
from app.config import settings
from app.extensions import db
from app.publishing import alarm
from app.services import measures, readiness
from app.services.measures import LATENESS, Measures
from app.web.errors import away
from app.web.guard import public

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def live() -> ResponseReturnValue:
    """This process answers. Looks at nothing else."""
    return _plain("ok")


@bp.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """JSON: ``status`` ok, degraded or unavailable (503), and what is wrong in ``problems``."""
    problems = readiness.look()
    status, code = ("unavailable", 503) if problems else ("ok", 200)
    if not readiness.redis_up():
        problems["redis"] = "Redis does not answer; posts still go out, a little later."
    if "database" not in problems and (late := _overdue()):
        problems["overdue"] = late
    if problems and code == 200:
        status = "degraded"
    response = make_response({"status": status, "problems": problems}, code)
    response.headers["Cache-Control"] = "no-store"
    if code == 503:
        response.headers["Retry-After"] = "5"
    return response


@bp.get("/metrics")
@public
def scrape() -> ResponseReturnValue:
    """Prometheus text: with the token of ``METRICS_TOKEN``, or from this machine itself."""
    if not _may_scrape():
        response = _plain("These figures need the token of METRICS_TOKEN.\n", 401)
        response.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return response
    found = CollectorRegistry()
    found.register(Rows())
    text = generate_latest(metrics.registry()) + generate_latest(found)
    response = make_response(text)
    response.headers["Content-Type"] = CONTENT_TYPE_LATEST
    response.headers["Cache-Control"] = "no-store"
    return response


class Rows(Collector):
    """The measures of the database as Prometheus families."""

    def collect(self) -> Iterable[Metric]:
        redis = 1.0 if readiness.redis_up() else 0.0
        yield _gauge("carillon_redis_up", "Whether Redis answers.", redis)
        try:
            found = measures.read()
        except SQLAlchemyError as error:
            db.session.rollback()
            if not away(error):
                raise
            yield _gauge("carillon_database_up", "Whether the database answers.", 0.0)
            return
        yield _gauge("carillon_database_up", "Whether the database answers.", 1.0)
        yield from _gauges(found)
        yield _deliveries(found)
        yield _lateness(found)


def _gauges(found: Measures) -> Iterable[Metric]:
    yield _gauge("carillon_due_targets", "Posts due and waiting to go out.", found.due)
    yield _gauge("carillon_oldest_due_seconds", "Age of the oldest of them.",
                 found.oldest_due_seconds)  # fmt: skip
    yield _gauge("carillon_attempts_unknown", "Outcomes nobody has read yet.", found.unknown)
    yield _gauge("carillon_needs_review", "Posts that wait for a person's verdict.",
                 found.needs_review)  # fmt: skip
    yield _gauge("carillon_webhook_pending", "Events not yet handed to webhooks.",
                 found.webhooks_pending)  # fmt: skip
    yield _gauge("carillon_webhook_oldest_seconds", "Age of the oldest of them.",
                 found.webhooks_oldest_seconds)  # fmt: skip
    yield _gauge("carillon_clock_jump", "Whether claims wait after a clock jump.",
                 float(found.clock_jump))  # fmt: skip
    yield _gauge("carillon_engine_paused", "Whether the engine's switch is off.",
                 float(found.paused))  # fmt: skip
    if found.tick_age_seconds is not None:
        yield _gauge("carillon_clock_last_tick_seconds", "Seconds since a clock process looked.",
                     found.tick_age_seconds)  # fmt: skip


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _deliveries(found: Measures) -> Metric:
    family = CounterMetricFamily(
        "carillon_deliveries", "Attempts by network and outcome.", labels=["network", "outcome"]
    )
    for (network, outcome), count in sorted(found.deliveries.items()):
        if outcome != "open":
            family.add_metric([network, outcome], count)
    return family


def _lateness(found: Measures) -> Metric:
    """Prometheus wants each bucket to include the ones before it, and so they are."""
    buckets = [
        (str(bound), float(count)) for bound, count in zip(LATENESS, found.late_within, strict=True)
    ]
    return HistogramMetricFamily(
        "carillon_delivery_lateness_seconds",
        "Seconds from the time a person chose to the call that published.",
        buckets=[*buckets, ("+Inf", float(found.late_count))],
        sum_value=found.late_sum,
    )


def _overdue() -> str:
    try:
        found = alarm.current()
    except SQLAlchemyError as error:
        if not away(error):
            raise
        return ""
    if not found.ringing:
        return ""
    count = sum(number for number, _ in found.profiles.values())
    return f"{count} {'post is' if count == 1 else 'posts are'} overdue."


def _may_scrape() -> bool:
    token = settings().METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    # Behind a proxy nobody told us about, everybody would seem to come from this machine.
    if request.environ.get("carillon.forwarded"):
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _plain(text: str, status: int = 200) -> Response:
    response = make_response(text, status)
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.headers["Cache-Control"] = "no-store"
    return response
