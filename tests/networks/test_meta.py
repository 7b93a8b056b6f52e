"""Meta's error envelope, usage headers and times (networks/facebook.md §1)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.clock import now
from app.networks import meta
from app.networks.base import Category, Effect
from app.networks.wire import Answer


def answer(code: int, subcode: int = 0, status: int = 400, **more: Any) -> Answer:
    error = {"message": "(#1) M", "type": "OAuthException", "code": code, "fbtrace_id": "AtrAce"}
    if subcode:
        error["error_subcode"] = subcode
    return Answer(status, {}, json.dumps({"error": {**error, **more}}).encode())


ROWS = [
    (190, 0, Category.AUTH_ERROR, Effect.NONE),
    (190, 463, Category.AUTH_ERROR, Effect.NONE),
    (190, 460, Category.AUTH_ERROR, Effect.NONE),
    (10, 0, Category.AUTH_ERROR, Effect.NONE),
    (200, 0, Category.AUTH_ERROR, Effect.NONE),
    (299, 0, Category.AUTH_ERROR, Effect.NONE),
    (4, 0, Category.RATE_LIMITED, Effect.NONE),
    (32, 0, Category.RATE_LIMITED, Effect.NONE),
    (80002, 0, Category.RATE_LIMITED, Effect.NONE),
    (368, 0, Category.VALIDATION, Effect.NONE),
    (368, 1390008, Category.RATE_LIMITED, Effect.NONE),
    (100, 0, Category.VALIDATION, Effect.NONE),
    (100, 33, Category.VALIDATION, Effect.NONE),
    (1, 0, Category.NETWORK_ERROR, Effect.UNKNOWN),
    (2, 0, Category.NETWORK_ERROR, Effect.UNKNOWN),
    (999, 0, Category.UNKNOWN, Effect.UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("code", "subcode", "category", "effect"), ROWS)
@pytest.mark.parametrize("status", [400, 403, 500])
def test_the_code_tells_and_not_the_status(
    code: int, subcode: int, category: Category, effect: Effect, status: int
) -> None:
    error = meta.judge(commit=True)(answer(code, subcode, status))
    assert error is not None
    if code == 999 and status == 500:
        category = Category.NETWORK_ERROR
    assert (error.category, error.effect) == (category, effect)
    assert error.raw.startswith("fbtrace_id AtrAce")
    assert error.code == (f"{code}/{subcode}" if subcode else str(code))


def test_only_an_expired_token_is_worth_a_refresh() -> None:
    judged = {sub: meta.judge()(answer(190, sub)) for sub in (463, 458, 460)}
    assert {sub: bool(e and e.expired) for sub, e in judged.items()} == {
        463: True, 458: False, 460: False,
    }  # fmt: skip


def test_a_limit_marked_transient_is_still_a_limit_and_others_pass() -> None:
    limit = meta.judge(commit=True)(answer(4, is_transient=True))
    assert limit is not None and limit.category is Category.RATE_LIMITED
    other = meta.judge(commit=True)(answer(999, is_transient=True))
    assert other is not None and other.category is Category.NETWORK_ERROR


def test_people_read_what_meta_wrote_for_them() -> None:
    told = meta.judge()(answer(368, error_user_msg="You are\nblocked.", message="(#368) Nope"))
    assert told is not None and told.message == "You are blocked."
    plain = meta.judge()(answer(100, message="(#100) The message is bad"))
    assert plain is not None and plain.message.endswith("The message is bad")
    secret = meta.judge()(answer(190, message="Malformed access token EAABsecret"))
    assert secret is not None and "EAAB" not in secret.message + secret.raw


def test_a_network_lays_its_own_rows_over_the_base() -> None:
    table = meta.BASE | {
        (100, 7): meta.Row(Category.DUPLICATE, "Twice.", False, plain=True),
        (9007, 2207027): meta.Row(
            Category.MEDIA_PROCESSING, "Not ready.", wait=timedelta(seconds=30)
        ),
    }
    twice = meta.judge(table)(answer(100, 7, error_user_msg="x"))
    assert twice is not None and (twice.category, twice.message) == (Category.DUPLICATE, "Twice.")
    waits = meta.judge(table)(answer(9007, 2207027))
    assert waits is not None and waits.retry_at is not None
    assert timedelta(seconds=28) < waits.retry_at - now() <= timedelta(seconds=30)


@pytest.mark.parametrize(
    ("headers", "minutes"),
    [
        ({}, 60),
        ({"x-app-usage": '{"call_count":100,"total_time":25,"total_cputime":2}'}, 60),
        ({"x-business-use-case-usage": '{"1":[{"estimated_time_to_regain_access":7}],'
                                       '"2":[{"estimated_time_to_regain_access":3}]}'}, 7),
        ({"x-business-use-case-usage": '{"1":[{"estimated_time_to_regain_access":999999}]}'}, 1440),
        ({"x-business-use-case-usage": '{"1": 7, "2": [3]}', "x-app-usage": "[]"}, 60),
        ({"retry-after": "120"}, 2),
    ],
)  # fmt: skip
def test_the_wait_is_what_the_headers_say(headers: dict[str, str], minutes: int) -> None:
    found = answer(32)
    error = meta.judge()(Answer(found.status, headers, found.body))
    assert error is not None and error.retry_at is not None
    assert abs(error.retry_at - now() - timedelta(minutes=minutes)) < timedelta(seconds=3)


def test_the_fullest_of_all_allowances_counts() -> None:
    found = Answer(200, {
        "x-app-usage": '{"call_count":28,"total_time":25,"total_cputime":25}',
        "x-page-usage": '{"call_count":30}',
        "x-business-use-case-usage": '{"1":[{"type":"pages","call_count":1,"total_time":81}]}',
    }, b"")  # fmt: skip
    assert meta.usage(found) == meta.Usage(81, None)


@pytest.mark.parametrize("body", [b"<html>oops", b"{}", b'{"error": "x"}', b"[1"])
def test_what_is_not_metas_leaves_a_commit_unknown(body: bytes) -> None:
    assert meta.judge(commit=True)(Answer(502, {}, body)) is None
    assert meta.judge(commit=True)(Answer(400, {}, body)) is None
    read = meta.judge()(Answer(502, {}, body))
    assert read is not None and read.category is Category.NETWORK_ERROR


@pytest.mark.parametrize(
    ("found", "category", "words"),
    [
        (answer(100, message="This authorization code has been used."), "auth_error", "Connect"),
        (answer(1, message="Error validating client secret."), "auth_error", "operator"),
        (answer(101, message="Error validating application."), "auth_error", "operator"),
        (answer(2, status=500), "network_error", "problem"),
        (answer(4), "rate_limited", "Too many"),
        (Answer(400, {}, b"<html>"), "auth_error", "Connect"),
        (Answer(503, {}, b"<html>"), "network_error", "problem"),
    ],
)
def test_a_sign_in_that_fails_is_final_unless_the_server_is_ill(
    found: Answer, category: str, words: str
) -> None:
    error = meta.sign_in(found)
    assert error is not None and error.category == category and words in error.message
    assert error.retryable is (category != "auth_error")


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("2026-08-01T12:00:00+0000", datetime(2026, 8, 1, 12, tzinfo=UTC)),
        ("2026-08-01T14:00:00+0200", datetime(2026, 8, 1, 12, tzinfo=UTC)),
        ("1785585600", datetime(2026, 8, 1, 12, tzinfo=UTC)),
        (1785585600, datetime(2026, 8, 1, 12, tzinfo=UTC)),
        ("yesterday", None), (None, None), (True, None), ("9" * 30, None), ({}, None),
    ],
)  # fmt: skip
def test_times_are_read_as_meta_writes_them(told: object, found: datetime | None) -> None:
    assert meta.moment(told) == found
