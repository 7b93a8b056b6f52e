"""Every row of networks/mastodon.md §5, and what is not listed there (reliability §4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app import egress
from app.clock import now
from app.config import Config
from app.networks.base import Account, Category, Effect, Item, NetworkError, Published
from app.networks.mastodon import Mastodon
from app.sandbox.store import Store
from tests.networks.mastodon_helpers import (
    Canned,
    Reply,
    account_at,
    at,
    connected,
    fault,
    item,
    picture,
    posts,
    publish,
)

RESET = "2026-08-01T15:00:00.290597Z"
READY = {"media": {"a": {"id": "7", "ready": True, "late": False, "failures": 0}}}
LATE = {"media": {"a": {"id": "7", "ready": True, "late": True, "failures": 0}}}


def said(text: str) -> dict[str, str]:
    return {"error": text}


def failure(config: Config, reply: Reply, thing: Item, resume: dict[str, Any]) -> NetworkError:
    client = Mastodon(Canned({"POST /api/v1/statuses": reply}).http(), config)
    with pytest.raises(NetworkError) as caught:
        client.commit(account_at(), thing, resume)
    return caught.value


C, E = Category, Effect


@pytest.mark.parametrize(
    ("reply", "category", "effect", "retryable"),
    [
        ((401, {}, said("The access token is invalid")), C.AUTH_ERROR, E.NONE, False),
        ((401, {}, said("The access token was revoked")), C.AUTH_ERROR, E.NONE, False),
        ((403, {}, said("Your login is currently disabled")), C.AUTH_ERROR, E.NONE, False),
        ((403, {}, said("This action is outside the authorized scopes")),
         C.AUTH_ERROR, E.NONE, False),
        ((410, {}, ""), C.AUTH_ERROR, E.NONE, False),
        ((422, {}, said("Validation failed: Text character limit of 500 exceeded")),
         C.VALIDATION, E.NONE, False),
        ((422, {}, said("Cannot attach files that have not finished processing.")),
         C.MEDIA_PROCESSING, E.NONE, True),
        ((422, {}, "<html>"), C.VALIDATION, E.NONE, False),
        ((429, {}, said("Too many requests")), C.RATE_LIMITED, E.NONE, True),
        # Not listed as refusals: nobody knows whether it was executed.
        ((502, {}, "bad gateway"), C.NETWORK_ERROR, E.UNKNOWN, True),
        ((503, {}, said("There was a temporary problem")), C.NETWORK_ERROR, E.UNKNOWN, True),
        ((504, {}, ""), C.NETWORK_ERROR, E.UNKNOWN, True),
        ((500, {}, "<html>"), C.UNKNOWN, E.UNKNOWN, True),
        ((400, {}, said("param is missing")), C.UNKNOWN, E.UNKNOWN, True),
        ((403, {}, "<html>Attention required</html>"), C.UNKNOWN, E.UNKNOWN, True),
        ((404, {}, said("Record not found")), C.UNKNOWN, E.UNKNOWN, True),
        ((409, {}, ""), C.UNKNOWN, E.UNKNOWN, True),
        ((413, {}, ""), C.UNKNOWN, E.UNKNOWN, True),
        ((301, {"Location": "/"}, ""), C.UNKNOWN, E.UNKNOWN, True),
        # Executed, but unreadable: never sent again.
        ((200, {}, "<html>"), C.UNKNOWN, E.DONE, True),
        ((200, {}, {"id": None}), C.UNKNOWN, E.DONE, True),
        ((200, {}, []), C.UNKNOWN, E.DONE, True),
        ((200, {}, "x" * (egress.MAX_BODY + 1)), C.UNKNOWN, E.DONE, True),
    ],
)  # fmt: skip
def test_answers_to_a_post(
    config: Config, reply: Reply, category: Category, effect: Effect, retryable: bool
) -> None:
    error = failure(config, reply, item("Hello"), {})
    assert (error.category, error.effect, error.retryable) == (category, effect, retryable)
    assert (error.status, error.expired) == (reply[0], False)
    assert "Mastodon" not in error.message


def test_a_404_is_a_refusal_where_a_parent_or_a_file_is_named(
    config: Config, tmp_path: Path
) -> None:
    reply = (404, {}, said("Record not found"))
    for thing, resume in (
        (item("x", parent=Published("1")), {}), (item("x", picture(tmp_path)), READY),
    ):  # fmt: skip
        error = failure(config, reply, thing, resume)
        assert (error.category, error.effect) == (Category.VALIDATION, Effect.NONE)
        assert not error.retryable


def test_a_refusal_in_another_language_is_processing_where_a_file_was_late(
    config: Config, tmp_path: Path
) -> None:
    reply = (422, {}, said("Dateien, die noch verarbeitet werden, gehen nicht."))
    thing = item("x", picture(tmp_path))
    assert failure(config, reply, thing, LATE).category is Category.MEDIA_PROCESSING
    assert failure(config, reply, thing, READY).category is Category.VALIDATION
    long = (422, {}, said("Validation failed: Text character limit of 500 exceeded"))
    assert failure(config, long, thing, LATE).category is Category.VALIDATION


def test_the_servers_own_sentence_reaches_the_person(config: Config) -> None:
    error = failure(config, (422, {}, said("Validation failed: no  \n tea")), item("x"), {})
    assert error.message == "The server refused the post: Validation failed: no tea"


@pytest.mark.parametrize(
    ("headers", "moment"),
    [
        ({"X-RateLimit-Reset": RESET}, at("2026-08-01T15:00:00.290597+00:00")),
        ({"X-RateLimit-Reset": "1785596400"}, datetime.fromtimestamp(1_785_596_400, UTC)),
        ({}, None),
        ({"X-RateLimit-Reset": "soon"}, None),
    ],
)
def test_the_reset_is_read_in_both_forms(
    config: Config, headers: dict[str, str], moment: datetime | None
) -> None:
    error = failure(config, (429, headers, said("Too many requests")), item("x"), {})
    assert error.retry_at == moment


def test_a_503_may_say_when_to_come_back(config: Config) -> None:
    error = failure(config, (503, {"Retry-After": "120"}, ""), item("x"), {})
    assert error.retry_at is not None
    assert timedelta(seconds=110) < error.retry_at - now() < timedelta(seconds=130)


@pytest.mark.parametrize(
    ("reply", "category", "retryable"),
    [
        ((422, {}, said("Validation failed: File content type is invalid")),
         C.MEDIA_ERROR, False),
        ((413, {}, "<html>too large</html>"), C.MEDIA_ERROR, False),
        ((401, {}, said("The access token is invalid")), C.AUTH_ERROR, False),
        ((429, {}, said("Too many requests")), C.RATE_LIMITED, True),
        ((503, {}, ""), C.NETWORK_ERROR, True),
        ((200, {}, "<html>"), C.UNKNOWN, True),
        ((418, {}, ""), C.UNKNOWN, True),
    ],
)  # fmt: skip
def test_answers_to_an_upload(
    config: Config, tmp_path: Path, reply: Reply, category: Category, retryable: bool
) -> None:
    client = Mastodon(Canned({"POST /api/v2/media": reply}).http(), config)
    with pytest.raises(NetworkError) as caught:
        list(client.prepare(account_at(), item("x", picture(tmp_path)), {}))
    assert (caught.value.category, caught.value.retryable) == (category, retryable)


def test_a_file_lost_while_processing_goes_up_again_next_time(
    config: Config, tmp_path: Path
) -> None:
    canned = Canned(
        {
            "POST /api/v2/media": (202, {}, {"id": "5", "url": None}),
            "GET /api/v1/media/5": (404, {}, said("Record not found")),
        }
    )
    client = Mastodon(canned.http(), config)
    client.sleep = lambda seconds: None
    found: list[Any] = []
    with pytest.raises(NetworkError) as caught:
        for step in client.prepare(account_at(), item("x", picture(tmp_path)), {}):
            found.append(step)
    assert (caught.value.category, caught.value.retryable) == (Category.MEDIA_ERROR, True)
    assert [step["media"]["a"]["id"] for step in found] == ["5", ""]


def test_a_look_that_fails_keeps_the_upload(config: Config, tmp_path: Path) -> None:
    canned = Canned({"GET /api/v1/media/7": (502, {}, "")})
    with pytest.raises(NetworkError) as caught:
        list(
            Mastodon(canned.http(), config).prepare(
                account_at(), item("x", picture(tmp_path)), READY
            )
        )
    assert caught.value.category is Category.NETWORK_ERROR
    assert [line for line, _, _ in canned.asked] == ["GET /api/v1/media/7"]


def test_a_server_that_is_not_there_was_not_asked(config: Config) -> None:
    client = Mastodon(egress.client(config, guarded=True), config)
    with pytest.raises(NetworkError) as caught:
        client.commit(account_at("http://127.0.0.1:9"), item("x"), {})
    assert (caught.value.category, caught.value.effect) == (Category.NETWORK_ERROR, Effect.NONE)


def test_a_private_address_is_not_asked(config: Config) -> None:
    client = Mastodon(egress.client(config, guarded=True), config)
    with pytest.raises(NetworkError) as caught:
        client.register(client.server("10.0.0.1"), "https://c.example/cb")
    assert (caught.value.category, caught.value.effect) == (Category.NETWORK_ERROR, Effect.NONE)


# The same, as the sandbox plays it


@pytest.fixture
def client(http: httpx.Client, config: Config) -> Mastodon:
    return Mastodon(http, config)


@pytest.fixture
def ana(client: Mastodon) -> Account:
    return connected(client)


@pytest.mark.parametrize(
    ("kind", "category", "effect"),
    [
        ("http_429", C.RATE_LIMITED, E.NONE), ("revoked", C.AUTH_ERROR, E.NONE),
        ("processing", C.MEDIA_PROCESSING, E.NONE), ("http_500", C.UNKNOWN, E.UNKNOWN),
        ("invalid_json", C.UNKNOWN, E.DONE),
    ],
)  # fmt: skip
def test_faults_of_the_sandbox(
    client: Mastodon, ana: Account, kind: str, category: Category, effect: Effect
) -> None:
    fault(client.http, "publish", kind, retry_after_s=90)
    with pytest.raises(NetworkError) as caught:
        publish(client, ana, item("x"))
    error = caught.value
    assert (error.category, error.effect) == (category, effect)
    if kind == "http_429":
        assert error.retry_at is not None
        assert timedelta(seconds=80) < error.retry_at - now() < timedelta(seconds=100)
    assert len(posts(client.http)) == (kind == "invalid_json")


def test_too_long_is_a_refusal(client: Mastodon, ana: Account) -> None:
    with pytest.raises(NetworkError) as caught:
        publish(client, ana, item("x" * 501))
    assert (caught.value.category, caught.value.retryable) == (Category.VALIDATION, False)
    assert "limit of 500" in caught.value.message
    assert publish(client, ana, item("x" * 500)).external_id


def test_an_answer_to_a_deleted_post_is_a_refusal(client: Mastodon, ana: Account) -> None:
    first = publish(client, ana, item("1"))
    client.delete(ana, first)
    with pytest.raises(NetworkError) as caught:
        publish(client, ana, item("2", parent=first, root=first))
    assert (caught.value.category, caught.value.effect) == (Category.VALIDATION, Effect.NONE)


def test_three_hundred_posts_in_three_hours(client: Mastodon, ana: Account, store: Store) -> None:
    store.limits.set_limit("mastodon", "ana", "statuses", 2)
    publish(client, ana, item("1"))
    publish(client, ana, item("2"))
    with pytest.raises(NetworkError) as caught:
        publish(client, ana, item("3"))
    error = caught.value
    assert (error.category, error.effect) == (Category.RATE_LIMITED, Effect.NONE)
    assert error.retry_at is not None
    assert error.retry_at - now() > timedelta(hours=2, minutes=59)
    assert len(posts(client.http)) == 2


def test_a_hanging_server_is_left_at_the_deadline(
    server: Any, socket_config: Config, store: Store
) -> None:
    """Over real sockets: silence after acceptance is unknown, and the post is found."""
    config = Config(
        networks=socket_config.networks, COMMIT_DEADLINE_SECONDS=1.0, SANDBOX=True,
        APP_URL="http://127.0.0.1:8000",
    )  # fmt: skip
    client = Mastodon(egress.client(config, guarded=True), config)
    ana, thing, since = connected(client), item("Slow"), now()
    store.faults.order(
        {"network": "mastodon", "operation": "publish", "fault": "hang_after_accept",
         "times": 1, "delay_ms": 4000}
    )  # fmt: skip
    with pytest.raises(NetworkError) as caught:
        client.commit(ana, thing, {})
    assert (caught.value.category, caught.value.effect) == (Category.NETWORK_ERROR, Effect.UNKNOWN)
    assert now() - since < timedelta(seconds=3)
    found = client.probe(ana, thing, {}, since, frozenset())
    assert found.published is not None
    assert client.commit(ana, thing, {}).external_id == found.published.external_id
