"""Each row of X's error table (networks/x.md §6), and what stays unknown."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.clock import now
from app.networks import x_errors
from app.networks.base import Category, Effect
from app.networks.wire import Answer

PROBLEM = "https://api.twitter.com/2/problems/"


def answer(status: int, body: Any = None, **headers: Any) -> Answer:
    data = body.encode() if isinstance(body, str) else json.dumps(body or {}).encode()
    return Answer(status, {k.replace("_", "-"): str(v) for k, v in headers.items()}, data)


def problem(status: int, detail: str = "", kind: str = "", **more: Any) -> Answer:
    body = {"title": "T", "detail": detail, "type": PROBLEM + kind if kind else "about:blank"}
    return answer(status, {**body, "status": status, **more})


REFUSALS = [
    (problem(401, "Unauthorized"), Category.AUTH_ERROR),
    (answer(401, "<html>"), Category.AUTH_ERROR),
    (problem(403, "You are not allowed to create a Tweet with duplicate content."),
     Category.DUPLICATE),
    (answer(403, {"errors": [{"code": 187, "message": "Status is a duplicate."}]}),
     Category.DUPLICATE),
    (problem(403, "x", "client-forbidden", reason="client-not-enrolled"), Category.AUTH_ERROR),
    (problem(403, "x", "unsupported-authentication"), Category.AUTH_ERROR),
    (problem(403, "Your account is suspended"), Category.AUTH_ERROR),
    (problem(403, "To protect our users, this account is temporarily locked."),
     Category.AUTH_ERROR),
    (answer(403, {"errors": [{"code": 326, "message": "…"}]}), Category.AUTH_ERROR),
    (problem(403, "The token lacks required scopes"), Category.AUTH_ERROR),
    (problem(403, "You are not permitted to perform this action."), Category.VALIDATION),
    (problem(403, "Reply to this conversation is not allowed because …"), Category.VALIDATION),
    (problem(403, "x", "not-authorized-for-resource"), Category.VALIDATION),
    (problem(402, "credits", title="CreditsDepleted"), Category.RATE_LIMITED),
    (problem(429, "Too Many Requests"), Category.RATE_LIMITED),
    (answer(429, "Rate limit exceeded"), Category.RATE_LIMITED),
    (problem(403, "x", "usage-capped", period="Monthly"), Category.RATE_LIMITED),
    (answer(403, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}),
     Category.RATE_LIMITED),
    (problem(400, "One or more parameters", "invalid-request",
             errors=[{"message": "bad", "parameters": {"media.media_ids": ["1"]}}]),
     Category.MEDIA_ERROR),
    (problem(400, "Your Tweet text is too long.", "invalid-request"), Category.VALIDATION),
    (answer(400, {"errors": [{"code": 186, "message": "Tweet needs to be a bit shorter."}]}),
     Category.VALIDATION),
]  # fmt: skip


@pytest.mark.parametrize(("found", "category"), REFUSALS)
def test_a_listed_refusal_means_that_nothing_was_posted(found: Answer, category: Category) -> None:
    error = x_errors.created(has_parent=False)(found)
    assert error is not None
    assert (error.category, error.effect) == (category, Effect.NONE)
    assert error.expired is (found.status == 401)
    assert error.message and "twitter" not in error.message.lower()


UNLISTED = [
    answer(500, "oops"),
    answer(503, {"title": "Service Unavailable"}),
    answer(502, "<html>Bad gateway</html>"),
    problem(403, "Forbidden"),
    answer(403, "<html>blocked by a proxy</html>"),
    answer(400, "<html>Bad request</html>"),
    problem(404, "Not Found"),
    problem(409, "Conflict"),
    answer(302, ""),
]


@pytest.mark.parametrize("found", UNLISTED)
def test_anything_else_stays_unknown(found: Answer) -> None:
    assert x_errors.created(has_parent=False)(found) is None


@pytest.mark.parametrize(
    "found", [problem(403, "Forbidden"), problem(404, "gone", "resource-not-found")]
)
def test_a_later_part_refused_ends_the_thread(found: Answer) -> None:
    error = x_errors.created(has_parent=True)(found)
    assert error is not None
    assert (error.category, error.retryable) == (Category.VALIDATION, False)


def test_a_user_who_was_blocked_is_not_signed_out() -> None:
    found = problem(403, "You have been blocked from replying by the author.")
    error = x_errors.created(has_parent=True)(found)
    assert error is not None and error.category is Category.VALIDATION


def stamp(seconds: float) -> int:
    return int((now() + timedelta(seconds=seconds)).timestamp())


def test_the_wait_is_the_latest_reset_of_an_empty_window() -> None:
    day = stamp(5000)
    found = answer(
        429, "slow down",
        x_rate_limit_remaining=0, x_rate_limit_reset=stamp(60),
        x_user_limit_24hour_remaining=0, x_user_limit_24hour_reset=day,
        x_app_limit_24hour_remaining=17, x_app_limit_24hour_reset=stamp(80_000),
    )  # fmt: skip
    assert x_errors.reset(found) == datetime.fromtimestamp(day, UTC)


@pytest.mark.parametrize(
    "headers", [{}, {"x_rate_limit_remaining": 3, "x_rate_limit_reset": 4_000_000_000}]
)
def test_without_an_empty_window_the_wait_is_fifteen_minutes(headers: dict[str, int]) -> None:
    wait = x_errors.reset(answer(429, "", **headers)) - now()
    assert timedelta(minutes=14, seconds=55) < wait <= timedelta(minutes=15)


def test_a_cap_on_use_waits_for_its_period() -> None:
    daily = x_errors.always(problem(429, "x", "usage-capped", period="Daily"))
    monthly = x_errors.always(problem(429, "x", "usage-capped", period="Monthly"))
    assert daily is not None and daily.retry_at is not None
    assert (daily.retry_at.hour, daily.retry_at.minute) == (0, 0)
    assert daily.retry_at > now()
    assert monthly is not None and monthly.retry_at is not None
    assert monthly.retry_at > now() + timedelta(hours=23)


def test_missing_credit_is_told_to_the_operator_and_waits_long() -> None:
    error = x_errors.always(problem(402, "x", title="CreditsDepleted"))
    assert error is not None and "operator" in error.message
    assert error.retry_at is not None and error.retry_at > now() + timedelta(hours=5)


@pytest.mark.parametrize(
    ("status", "category", "retried"),
    [
        (413, Category.MEDIA_ERROR, False),
        (415, Category.MEDIA_ERROR, False),
        (400, Category.MEDIA_ERROR, True),
        (404, Category.MEDIA_ERROR, True),
        (503, Category.NETWORK_ERROR, True),
        (401, Category.AUTH_ERROR, False),
    ],
)
def test_uploads_may_be_repeated(status: int, category: Category, retried: bool) -> None:
    error = x_errors.upload(problem(status, "x"))
    assert error is not None
    assert (error.category, error.retryable) == (category, retried)


def test_secrets_in_an_answer_are_not_kept() -> None:
    error = x_errors.token(answer(400, {"error": "invalid_request", "access_token": "abcdefghij"}))
    assert error is not None and "abcdefghij" not in error.raw
