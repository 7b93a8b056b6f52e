"""Pinterest's refusals and silences: what they mean, what is known, and finding a lost Pin."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from flask import Flask
from werkzeug.serving import BaseWSGIServer

from app import egress
from app.clock import now
from app.config import Config
from app.networks import pinterest_errors
from app.networks.base import Account, Category, Effect, NetworkError, Probe, Tokens, Verdict
from app.networks.pinterest import Pinterest
from app.networks.pinterest_probe import Sought, search
from app.networks.wire import Answer
from app.sandbox import line
from app.sandbox.store import Store
from tests.networks.pinterest_helpers import item, person, picture, publish


def answer(status: int, message: str | None = None, code: int = 1, **headers: Any) -> Answer:
    body = "<html>" if message is None else json.dumps({"code": code, "message": message})
    return Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, body.encode())


REFUSALS = [
    (answer(401, "Authentication failed.", 2), Category.AUTH_ERROR, False),
    (answer(403, "You are not permitted to access that resource.", 29), Category.AUTH_ERROR, False),
    (answer(403, "You may not write to this board.", 29), Category.VALIDATION, False),
    (answer(400, "Invalid request: 'x' does not match '^\\d+$'"), Category.VALIDATION, False),
    (answer(400, "items: maxItems=5"), Category.VALIDATION, False),
    (answer(400, "media_source: 'image_x' does not match"), Category.VALIDATION, False),
    (answer(400, "Unable to reach the URL. Please check the URL is correct and try again."),
     Category.MEDIA_ERROR, True),
    (answer(400, "one of cover_image_url or cover_image_content_type is needed"),
     Category.MEDIA_ERROR, True),
    (answer(404, "Board not found.", 40), Category.VALIDATION, False),
    (answer(429, "Sorry! We blocked this as spam.", 9), Category.VALIDATION, False),
    (answer(429, "Too many requests", 8), Category.RATE_LIMITED, True),
    (answer(429), Category.RATE_LIMITED, True),
]  # fmt: skip


@pytest.mark.parametrize(("found", "category", "retried"), REFUSALS)
def test_a_listed_refusal_means_that_no_pin_was_made(
    found: Answer, category: Category, retried: bool
) -> None:
    error = pinterest_errors.created(found)
    assert error is not None
    assert (error.category, error.effect, error.retryable) == (category, Effect.NONE, retried)
    assert error.expired is (found.status == 401)
    assert error.message.endswith((".", "'", "=5", "match", "…"))


@pytest.mark.parametrize(
    "found",
    [answer(500, "oops"), answer(502), answer(400), answer(403), answer(404), answer(409, "x")],
)
def test_anything_else_stays_unknown(found: Answer) -> None:
    assert pinterest_errors.created(found) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, 60), ({"retry_after": "7"}, 7), ({"x_ratelimit_reset": "33"}, 33),
     ({"retry_after": "7", "x_ratelimit_reset": "33"}, 33)],
)  # fmt: skip
def test_the_wait_is_what_the_headers_say_or_a_minute(
    headers: dict[str, Any], seconds: float
) -> None:
    error = pinterest_errors.created(answer(429, "Too many requests", **headers))
    assert error is not None and error.retry_at is not None
    assert abs((error.retry_at - now()).total_seconds() - seconds) < 2


@pytest.fixture
def pinterest(http: httpx.Client, config: Config) -> Pinterest:
    made = Pinterest(http, config)
    made.sleep = lambda seconds: None
    return made


@pytest.fixture
def alice(pinterest: Pinterest) -> Account:
    return person(pinterest)


@pytest.fixture
def board(pinterest: Pinterest, alice: Account) -> str:
    return pinterest.destinations(alice)[0].external_id


def refused(pinterest: Pinterest, account: Account, one: Any) -> NetworkError:
    with pytest.raises(NetworkError) as told:
        publish(pinterest, account, one)
    return told.value


@pytest.mark.parametrize(
    ("fault", "category", "effect", "made"),
    [
        ("http_429", Category.RATE_LIMITED, Effect.NONE, 0),
        ("revoked", Category.AUTH_ERROR, Effect.NONE, 0),
        ("duplicate", Category.VALIDATION, Effect.NONE, 0),
        ("processing", Category.MEDIA_PROCESSING, Effect.NONE, 0),
        ("http_500", Category.UNKNOWN, Effect.UNKNOWN, 0),
        ("http_500_after_accept", Category.UNKNOWN, Effect.UNKNOWN, 1),
        ("hang_after_accept", Category.UNKNOWN, Effect.UNKNOWN, 1),
        ("invalid_json", Category.UNKNOWN, Effect.DONE, 1),
    ],
)
def test_each_trouble_says_what_is_known_and_the_board_tells_the_rest(
    pinterest: Pinterest, alice: Account, board: str, store: Store, tmp_path: Path,
    fault: str, category: Category, effect: Effect, made: int,
) -> None:  # fmt: skip
    store.faults.order(
        {"network": "pinterest", "operation": "publish", "fault": fault, "delay_ms": 1,
         "retry_after_s": 40}
    )  # fmt: skip
    one = item("Trouble", picture(tmp_path), boardId=board, title="T", link="https://a.b/c?d=e")
    error = refused(pinterest, alice, one)
    assert (error.category, error.effect) == (category, effect)
    if fault == "http_429":
        assert error.retry_at is not None
        assert 20 < (error.retry_at - now()).total_seconds() <= 40
    assert pinterest.probe_by(alice, 5.0) is Probe.LISTING
    found = pinterest.probe(alice, one, {}, one.at, frozenset())
    assert found.verdict is (Verdict.PUBLISHED if made else Verdict.ABSENT)
    posts = list(store.posts.newest())
    assert len(posts) == made
    if found.published is not None:
        assert found.published.external_id == posts[0].id
        assert found.published.url.endswith(f"/pin/{posts[0].id}/")


def test_a_token_past_its_end_is_told_from_a_refusal(
    pinterest: Pinterest, alice: Account, board: str, tmp_path: Path, store: Store
) -> None:
    store.grants.issue("pinterest", "access", "alice", token="pina_old", seconds=-1)
    late = Account(alice.external_id, "alice", Tokens("pina_old"))
    error = refused(pinterest, late, item("x", picture(tmp_path), boardId=board))
    assert error.expired and error.effect is Effect.NONE
    store.grants.issue("pinterest", "access", "alice", token="pina_few", scopes=["pins:read"])
    few = Account(alice.external_id, "alice", Tokens("pina_few"))
    error = refused(pinterest, few, item("x", picture(tmp_path), boardId=board))
    assert (error.category, error.expired) == (Category.AUTH_ERROR, False)


def test_the_daily_limit_of_a_trial_app_is_waited_for(
    pinterest: Pinterest, alice: Account, board: str, store: Store, tmp_path: Path
) -> None:
    store.accounts.get("pinterest", "alice").extras["trial"] = True
    store.limits.set_limit("pinterest", "alice", "trial-day", 1)
    publish(pinterest, alice, item("1", picture(tmp_path), boardId=board))
    error = refused(pinterest, alice, item("2", picture(tmp_path), boardId=board))
    assert error.category is Category.RATE_LIMITED and error.retry_at is not None
    assert error.retry_at > now() + timedelta(hours=23)


def test_others_of_the_same_text_are_told_apart(
    pinterest: Pinterest, alice: Account, board: str, store: Store, tmp_path: Path
) -> None:
    one = item("Same  text &amp; more", picture(tmp_path), boardId=board)
    other = pinterest.destinations(alice)[1].external_id
    first = publish(pinterest, alice, one)
    publish(pinterest, alice, item("Same text & more", picture(tmp_path), boardId=other))
    assert pinterest.probe(alice, one, {}, one.at, frozenset()).published == first
    known = frozenset({first.external_id})
    assert pinterest.probe(alice, one, {}, one.at, known).verdict is Verdict.ABSENT
    later = now() + timedelta(seconds=120)
    assert pinterest.probe(alice, one, {}, later, frozenset()).verdict is Verdict.ABSENT
    publish(pinterest, alice, one)
    assert pinterest.probe(alice, one, {}, one.at, frozenset()).verdict is Verdict.UNSURE
    assert pinterest.probe(alice, one, {}, one.at, known).verdict is Verdict.PUBLISHED


def test_a_board_that_is_gone_says_nothing(pinterest: Pinterest, alice: Account) -> None:
    one = item("x", boardId="404404")
    assert pinterest.probe(alice, one, {}, one.at, frozenset()).verdict is Verdict.UNSURE


def sought() -> Sought:
    return Sought("", "x", "", "1", "", now(), frozenset())


def pages(*times: list[int]) -> Any:
    """A list in pages; a Pin for each number of seconds ago, the last page's last is ours."""

    def page(params: Any) -> dict[str, Any]:
        number = int(params.get("bookmark", "0"))
        rows = [
            {"id": str(ago), "board_id": "1", "description": "x" if ago < 60 else "old",
             "created_at": (now() - timedelta(seconds=ago)).isoformat()[:19]}
            for ago in times[number]
        ]  # fmt: skip
        more = number + 1 < len(times)
        return {"items": rows, "bookmark": str(number + 1) if more else None}

    return page


def test_a_list_in_any_order_is_read_far_enough() -> None:
    found = search(sought(), pages([9000, 8000], [7000, 5]), str)
    assert found.verdict is Verdict.PUBLISHED  # oldest first: nothing was concluded from page one
    found = search(sought(), pages([5], [9000]), str)
    assert found.verdict is Verdict.PUBLISHED
    asked: list[int] = []
    inner = pages([100, 9000], [5])

    def counted(params: Any) -> Any:
        asked.append(1)
        return inner(params)

    assert search(sought(), counted, str).verdict is Verdict.ABSENT
    assert len(asked) == 1  # newest first: past the moment there is nothing to find


def test_a_list_without_end_is_for_a_person() -> None:
    def page(params: Any) -> dict[str, Any]:
        return {"items": [], "bookmark": "again"}

    assert search(sought(), page, str).verdict is Verdict.UNSURE
    assert search(sought(), lambda params: {}, str).verdict is Verdict.UNSURE


@pytest.fixture
def real(server: BaseWSGIServer, socket_config: Config) -> Iterator[Pinterest]:
    with egress.client(socket_config, guarded=False) as client:
        yield Pinterest(client, socket_config)
    line.closing.set()
    time.sleep(0.05)
    line.closing.clear()


@pytest.mark.parametrize(
    ("fault", "effect", "made"),
    [("timeout", Effect.UNKNOWN, 0), ("hang_after_accept", Effect.UNKNOWN, 1),
     ("reset_after_accept", Effect.UNKNOWN, 1), ("half_answer", Effect.DONE, 1)],
)  # fmt: skip
def test_on_a_real_socket_nothing_outlives_the_deadline(
    real: Pinterest, sandbox: Flask, store: Store, tmp_path: Path, fault: str, effect: Effect,
    made: int,
) -> None:  # fmt: skip
    alice = person(real)
    one = item("Wire", picture(tmp_path), boardId=real.destinations(alice)[0].external_id)
    store.faults.order({"network": "pinterest", "operation": "publish", "fault": fault})
    start = time.monotonic()
    with pytest.raises(NetworkError) as told, egress.bounded(0.7, first_byte_within=0.7):
        real.commit(alice, one, {})
    assert time.monotonic() - start < 1.3
    assert told.value.effect is effect
    found = real.probe(alice, one, {}, one.at, frozenset())
    assert found.verdict is (Verdict.PUBLISHED if made else Verdict.ABSENT)
