"""Limits and ordered faults of the played instance (networks/mastodon.md §4, §5)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest

from app.sandbox import create_sandbox
from app.sandbox.store import Store
from tests.sandbox import mastodon_asks
from tests.sandbox.mastodon_asks import (
    ANA,
    BASE,
    BOB,
    OWN,
    ROOT,
    code_of,
    consent,
    exchange,
    get,
    picture,
    picture_id,
    post,
    register,
    say,
    upload,
)

http, store = mastodon_asks.http, mastodon_asks.store


def test_headers_name_the_closest_limit(http: httpx.Client, store: Store) -> None:
    read = get(http, "/api/v1/accounts/verify_credentials").headers
    assert (read["X-RateLimit-Limit"], read["X-RateLimit-Remaining"]) == ("300", "299")
    reset = datetime.fromisoformat(read["X-RateLimit-Reset"])
    assert timedelta(minutes=4) < reset - datetime.now(UTC) < timedelta(minutes=6)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", read["X-RateLimit-Reset"])
    store.limits.set_limit("mastodon", "*", "statuses", 5)
    made = post(http, "/api/v1/statuses", json={"status": "x"}).headers
    assert (made["X-RateLimit-Limit"], made["X-RateLimit-Remaining"]) == ("5", "4")


def test_three_hundred_posts_are_the_end_until_it_is_lifted(
    http: httpx.Client, store: Store
) -> None:
    store.limits.set_limit("mastodon", "*", "api", None)
    for number in range(300):
        say(http, str(number))
    answer = post(http, "/api/v1/statuses", json={"status": "one more"})
    assert (answer.status_code, answer.json()) == (429, {"error": "Too many requests"})
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert post(http, "/api/v1/statuses", json={"status": "x"}, headers=BOB).status_code == 200
    store.limits.set_limit("mastodon", "ana", "statuses", None)
    assert post(http, "/api/v1/statuses", json={"status": "one more"}).status_code == 200


def test_a_repeat_under_its_key_is_not_counted(http: httpx.Client, store: Store) -> None:
    store.limits.set_limit("mastodon", "*", "statuses", 1)
    headers = {**ANA, "Idempotency-Key": "k"}
    for _ in range(3):
        answer = post(http, "/api/v1/statuses", json={"status": "x"}, headers=headers)
        assert answer.status_code == 200


@pytest.mark.parametrize("bucket", ["api", "media", "deletes"])
def test_other_calls_have_limits_too(http: httpx.Client, store: Store, bucket: str) -> None:
    made = say(http, "x")
    store.limits.set_limit("mastodon", "ana", bucket, 0)
    answer = {
        "api": lambda: get(http, "/api/v1/accounts/verify_credentials"),
        "media": lambda: upload(http, picture()),
        "deletes": lambda: http.delete(f"{BASE}/api/v1/statuses/{made['id']}", headers=ANA),
    }[bucket]()
    assert answer.status_code == 429


@pytest.mark.parametrize(
    ("operation", "kind", "status", "error"),
    [
        ("publish", "http_429", 429, "Too many requests"),
        ("publish", "revoked", 401, "The access token was revoked"),
        ("publish", "processing", 422, "not finished processing"),
        ("publish", "http_500", 500, "Something went wrong"),
        ("upload", "http_500", 500, "Error processing thumbnail"),
        ("upload", "revoked", 401, "The access token was revoked"),
        ("account", "http_429", 429, "Too many requests"),
        ("account", "revoked", 401, "The access token was revoked"),
        ("token", "revoked", 400, "invalid_grant"),
        ("lookup", "http_500", 500, "Something went wrong"),
        ("metrics", "http_429", 429, "Too many requests"),
        ("delete", "revoked", 401, "The access token was revoked"),
    ],
)
def test_each_operation_meets_its_faults_once(
    http: httpx.Client, store: Store, operation: str, kind: str, status: int, error: str
) -> None:
    made = say(http, "x")
    before = len(list(store.posts.newest()))

    def call() -> httpx.Response:
        calls = {
            "publish": lambda: post(http, "/api/v1/statuses", json={"status": "y"}),
            "upload": lambda: upload(http, picture()),
            "account": lambda: get(http, "/api/v1/accounts/verify_credentials"),
            "token": lambda: http.post(
                BASE + "/oauth/token", data={"grant_type": "client_credentials", **OWN}
            ),
            "lookup": lambda: get(http, f"/api/v1/accounts/{made['account']['id']}/statuses"),
            "metrics": lambda: get(http, f"/api/v1/statuses/{made['id']}"),
            "delete": lambda: http.delete(f"{BASE}/api/v1/statuses/{made['id']}", headers=ANA),
        }
        return calls[operation]()

    store.faults.order({"network": "mastodon", "operation": operation, "fault": kind, "times": 1})
    answer = call()
    assert (answer.status_code, error in answer.text) == (status, True)
    assert len([p for p in store.posts.newest() if not p.deleted]) == before
    assert call().status_code == 200


def test_there_is_no_duplicate_rejection(http: httpx.Client, store: Store) -> None:
    store.faults.order(
        {"network": "mastodon", "operation": "publish", "fault": "duplicate", "times": 1}
    )
    assert say(http, "same")["id"] != say(http, "same")["id"]


def test_a_fault_can_be_for_one_account(http: httpx.Client, store: Store) -> None:
    store.faults.order(
        {"network": "mastodon", "operation": "*", "fault": "revoked", "times": -1, "account": "ana"}
    )
    path = "/api/v1/accounts/verify_credentials"
    assert [get(http, path, headers=h).status_code for h in (ANA, BOB)] == [401, 200]


def test_it_comes_back_with_its_posts_apps_and_keys(tmp_path: Any) -> None:
    def over(store: Store) -> httpx.Client:
        return httpx.Client(transport=httpx.WSGITransport(app=create_sandbox(store)))

    first = Store(tmp_path / "sandbox.db")
    headers = {**ANA, "Idempotency-Key": "k"}
    number = picture_id(over(first))
    body = {"status": "x", "media_ids": [number]}
    made = post(over(first), "/api/v1/statuses", json=body, headers=headers).json()
    app = register(over(first)).json()
    first.close()
    again = Store(tmp_path / "sandbox.db")
    http = over(again)
    assert post(http, "/api/v1/statuses", json={"status": "y"}, headers=headers).json() == made
    assert exchange(http, app, code_of(consent(http, app))).status_code == 200
    again.close()


def test_the_sandbox_lists_it(http: httpx.Client) -> None:
    say(http, "Hello")
    found = http.get(ROOT + "/_sandbox/networks").json()["networks"]["mastodon"]
    assert found == {
        "api_url": BASE, "auth_url": BASE, "token_url": BASE + "/oauth/token", **OWN,
    }  # fmt: skip
    assert "Hello" in http.get(ROOT + "/").text
