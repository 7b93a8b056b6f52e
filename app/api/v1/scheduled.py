"""Amplify's scheduled posts, job log and delivery figures. A scheduled post is a target."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from flask import Blueprint
from pydantic import Field

from app.api import doors
from app.api.auth import current_actor, current_profile_id, requires
from app.api.contract import Camel, Model, operation
from app.api.v1.posts_told import stamp, sure, text_of
from app.models.attempts import Attempt
from app.models.posts import PostTarget
from app.services import job_logs, posts, scheduled

TAG = "Scheduled posts"
QUEUED = "Post queued for retry"

bp = Blueprint("api_scheduled", __name__, url_prefix="/api/v1")
doors.build(bp)


class ScheduledQuery(Camel):
    """Filters of ``GET /api/v1/scheduled-posts``."""

    profile_id: str | None = None
    platform: str | None = Field(default=None, max_length=20)
    limit: int = Field(default=100, ge=1, le=500)
    offset: int = Field(default=0, ge=0, le=10_000_000)


class ScheduledItem(Model):
    """One account of a post that is still to go out. ``held`` says why it waits."""

    id: UUID
    post_id: UUID
    platform: str
    account_id: UUID
    content: str
    scheduled_at: str | None
    status: str
    held: str | None


class Scheduled(Camel):
    scheduled_posts: list[ScheduledItem]


class Cancelled(Camel):
    success: bool = True
    post_id: UUID


class RetryBody(Camel):
    """Body of a retry. ``confirmNotPublished``: somebody looked, it is not on the network."""

    profile_id: str | None = None
    confirm_not_published: bool = False


class Retried(Model):
    success: bool = True
    message: str = QUEUED


class LogsQuery(Camel):
    """Filters of ``GET /api/v1/job-logs``."""

    profile_id: str | None = None
    limit: int = Field(default=100, ge=1, le=500)
    platform: str | None = Field(default=None, max_length=20)
    status: Literal["success", "failed", "rate_limited"] | None = None


class LogItem(Model):
    """One try to deliver one account of a post."""

    id: UUID
    post_id: UUID
    scheduled_post_id: UUID
    platform: str
    job_type: str
    status: str
    attempt_number: int
    started_at: str
    completed_at: str | None
    duration_ms: int | None
    error_message: str | None
    error_category: str | None
    was_rate_limited: bool
    will_retry: bool
    next_retry_at: str | None
    metadata: dict[str, Any]
    created_at: str


class Logs(Model):
    logs: list[LogItem]


class MetricsQuery(Camel):
    """Filters of ``GET /api/v1/delivery-metrics``."""

    profile_id: str | None = None
    days: int = Field(default=30, ge=1, le=90)


class MetricItem(Model):
    """One network's deliveries of one day (UTC)."""

    platform: str
    date: str
    total_jobs: int
    successful_jobs: int
    failed_jobs: int
    retried_jobs: int
    rate_limited_jobs: int
    avg_duration_ms: int


class Metrics(Model):
    metrics: list[MetricItem]


@bp.get("/scheduled-posts")
@requires("post.read")
@operation("List scheduled posts", tag=TAG, query=ScheduledQuery, answers={200: Scheduled})
def index(query: ScheduledQuery) -> Any:
    """Every account of a post that is still to go out, the next one first."""
    found = scheduled.listed(
        current_actor(), current_profile_id(query.profile_id), network=query.platform,
        limit=query.limit, offset=query.offset,
    )  # fmt: skip
    return Scheduled(scheduled_posts=[_item(one) for one in found])


@bp.delete("/scheduled-posts/<uuid:target_id>")
@requires("post.write")
@operation("Cancel a scheduled post", tag=TAG, answers={200: Cancelled}, refuses=(409,))
def cancel(target_id: UUID) -> Any:
    """Takes that account off its post; with the last one the post is discarded."""
    post = posts.cancel(current_actor(), target_id)
    return Cancelled(post_id=post.id)


@bp.post("/scheduled-posts/<uuid:target_id>/retry")
@requires("post.write")
@operation(
    "Retry a failed post", tag=TAG, body=RetryBody, optional=True, answers={200: Retried},
    refuses=(409,),
)  # fmt: skip
def retry(target_id: UUID, body: RetryBody) -> Any:
    """With a new count of tries."""
    if body.profile_id:
        current_profile_id(body.profile_id)
    posts.retry(current_actor(), target_id, confirm_not_published=body.confirm_not_published)
    return Retried()


@bp.get("/job-logs")
@requires("post.read")
@operation("List delivery logs", tag=TAG, query=LogsQuery, answers={200: Logs})
def logs(query: LogsQuery) -> Any:
    """The newest tries first."""
    found = job_logs.listed(
        current_actor(), current_profile_id(query.profile_id), network=query.platform,
        status=query.status, limit=query.limit,
    )  # fmt: skip
    return Logs(logs=[log(one) for one in found])


@bp.get("/delivery-metrics")
@requires("post.read")
@operation("Delivery figures by network and day", tag=TAG, query=MetricsQuery,
           answers={200: Metrics})  # fmt: skip
def metrics(query: MetricsQuery) -> Any:
    """Days are counted in UTC."""
    found = job_logs.days(current_actor(), current_profile_id(query.profile_id), query.days)
    return Metrics(metrics=[_metric(one) for one in found])


def _item(one: PostTarget) -> ScheduledItem:
    return ScheduledItem(
        id=one.id, post_id=one.post_id, platform=one.account.network, account_id=one.account_id,
        content=text_of(one.post), scheduled_at=stamp(one.scheduled_for or one.due_at),
        status=one.state.value, held=one.hold_reason.value if one.hold_reason else None,
    )  # fmt: skip


def log(row: Attempt) -> LogItem:
    ended, again = row.finished_at, job_logs.next_try(row)
    took = None if ended is None else int((ended - row.started_at).total_seconds() * 1000)
    return LogItem(
        id=row.id, post_id=row.target.post_id, scheduled_post_id=row.target_id,
        platform=row.target.account.network, job_type="publish", status=job_logs.state(row),
        attempt_number=row.number, started_at=sure(row.started_at),
        completed_at=stamp(ended), duration_ms=took, error_message=row.message,
        error_category=row.category, was_rate_limited=row.category == job_logs.RATE_LIMITED,
        will_retry=again is not None, next_retry_at=stamp(again),
        metadata={"durationMs": took, "isRetry": row.number > 1, "part": row.part},
        created_at=sure(row.started_at),
    )  # fmt: skip


def _metric(one: job_logs.Day) -> MetricItem:
    return MetricItem(
        platform=one.network, date=one.day.isoformat(), total_jobs=one.total,
        successful_jobs=one.successful, failed_jobs=one.failed, retried_jobs=one.retried,
        rate_limited_jobs=one.rate_limited,
        avg_duration_ms=round(one.milliseconds / one.timed) if one.timed else 0,
    )  # fmt: skip
