"""``/v1/connect`` as the seed writes it, over the played Metricool."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.clock import now
from app.extensions import db
from app.models.profiles import Profile
from app.permissions import Actor, Role
from app.sandbox.store import Store
from app.services import keys
from app.services.keys import KeyKind
from tests.conftest import Browser
from tests.factories import actor_of, join, make_account, make_post, make_profile, make_user
from tests.playing import order, sandbox

__all__ = ["sandbox"]

TOKEN, BLOG = "sandbox-alice", "3100001"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(name="play")
def played(sandbox: Store) -> Store:  # noqa: F811
    return sandbox


@pytest.fixture
def owner(app: Flask) -> Actor:
    user = make_user()
    make_profile(user)
    return actor_of(user)


@pytest.fixture
def key(owner: Actor) -> str:
    return keys.create(owner, KeyKind.PROFILE, next(iter(owner.roles)))[1]


class Client:
    """A client that knows only the base URL and a key."""

    def __init__(self, browser: Browser, key: str) -> None:
        self.browser, self.key = browser, key

    def ask(
        self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str
    ) -> dict[str, Any]:
        given = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        answer = self.browser.open(
            f"/v1/connect{path}", method=method, json=body, headers={**given, **headers},
            csrf=False,
        )  # fmt: skip
        assert answer.status_code == status, answer.text
        assert answer.mimetype.startswith("application/")
        found: dict[str, Any] = json.loads(answer.data)
        return found


@pytest.fixture
def api(client: Browser, key: str) -> Client:
    return Client(client, key)


def connect(api: Client) -> dict[str, Any]:
    asked = {"token": TOKEN, "blog_id": BLOG, "user_id": "7"}
    return api.ask("POST", "/metricool", asked)


def test_connecting_answers_in_the_seeds_shape(play: Store, api: Client) -> None:
    found = connect(api)
    assert set(found) == {"status", "metricool", "available_platforms"}
    assert found["status"] == "connected"
    told = found["metricool"]
    assert set(told) == {"blog_id", "blog_name", "connected_at"}
    assert (told["blog_id"], told["blog_name"]) == (BLOG, "Carillon Demo")
    assert STAMP.fullmatch(told["connected_at"])
    assert {"twitter", "linkedin", "instagram", "facebook"} <= set(found["available_platforms"])
    stored = api.ask("GET", "/metricool")
    assert set(stored) == {"enabled", "blog_id", "blog_name", "connected_at", "last_sync"}
    assert stored["enabled"] is True and STAMP.fullmatch(stored["last_sync"])
    assert TOKEN not in json.dumps([found, stored])


def test_the_status_tells_native_and_bridged_accounts_together(
    play: Store, api: Client, owner: Actor
) -> None:
    before = api.ask("GET", "/status")
    assert before["integrations"]["metricool"] == {
        "connected": False, "status": "disconnected", "last_sync": None, "accounts_connected": 0,
    }  # fmt: skip
    assert before["platforms"]["linkedin"] == {"connected": False, "account": None}
    make_account(db.session.get_one(Profile, next(iter(owner.roles))), "mastodon", "bells")
    connect(api)
    found = api.ask("GET", "/status")
    told = found["integrations"]["metricool"]
    assert set(told) == {"connected", "status", "last_sync", "accounts_connected"}
    assert (told["connected"], told["status"], told["accounts_connected"]) == (True, "healthy", 9)
    assert STAMP.fullmatch(told["last_sync"])
    assert found["platforms"]["twitter"] == {"connected": True, "account": "@carillondemo"}
    assert found["platforms"]["linkedin"] == {"connected": True, "account": "Carillon Demo"}
    assert found["platforms"]["mastodon"] == {"connected": True, "account": "@bells"}
    assert found["platforms"]["reddit"] == {"connected": False, "account": None}


def test_the_test_brands_and_accounts_have_the_seeds_members(play: Store, api: Client) -> None:
    connect(api)
    tested = api.ask("GET", "/metricool/test")
    assert set(tested) == {
        "status", "latency_ms", "api_version", "rate_limit_remaining", "features",
    }  # fmt: skip
    assert tested["status"] == "healthy" and isinstance(tested["latency_ms"], int)
    assert tested["features"] == {"scheduling": True, "analytics": True, "media_upload": True}
    order(play, network="metricool", operation="account", fault="revoked", times=1)
    refused = api.ask("GET", "/metricool/test")
    assert refused["status"] == "unhealthy" and refused["message"]
    assert refused["features"]["scheduling"] is False
    assert api.ask("GET", "/status")["integrations"]["metricool"]["status"] == "unhealthy"
    brands = api.ask("GET", "/metricool/brands")["data"]
    assert [(one["id"], one["is_current"]) for one in brands][:2] == [
        (BLOG, True), ("3100002", False),
    ]  # fmt: skip
    assert brands[1] == {
        "id": "3100002", "name": "Second Brand", "is_current": False,
        "platforms": ["twitter", "linkedin", "instagram"],
    }  # fmt: skip
    rows = {one["platform"]: one for one in api.ask("GET", "/metricool/accounts")["data"]}
    x = rows["twitter"]
    assert set(x) == {
        "platform", "account_id", "username", "display_name", "profile_image", "status", "features",
    }  # fmt: skip
    assert (x["username"], x["status"]) == ("@carillondemo", "active") and x["account_id"].isdigit()
    assert rows["linkedin"]["username"] == "Carillon Demo" and "post" in x["features"]
    assert x["profile_image"].startswith("http")


def test_disconnecting_says_what_it_did(play: Store, api: Client, owner: Actor) -> None:
    connect(api)
    profile = db.session.get_one(Profile, next(iter(owner.roles)))
    from app.services import bridge

    x = next(one for one in bridge.accounts(owner, profile.id) if one.network == "twitter")
    make_post(profile, "Soon", [x], at=now() + timedelta(hours=1))
    db.session.rollback()
    assert api.ask("DELETE", "/metricool") == {
        "status": "disconnected", "cancelled_posts": 1, "disabled_accounts": 9,
    }  # fmt: skip
    assert api.ask("GET", "/metricool")["enabled"] is False
    assert api.ask("GET", "/metricool/accounts") == {"data": []}
    for method, path in (
        ("DELETE", "/metricool"), ("GET", "/metricool/test"), ("GET", "/metricool/brands"),
    ):  # fmt: skip
        assert api.ask(method, path, status=404)["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"blog_id": BLOG}, "token", "VALIDATION_FAILED"),
        ({"token": TOKEN}, "blog_id", "VALIDATION_FAILED"),
        ({"token": ["x"], "blog_id": BLOG}, "token", "VALIDATION_FAILED"),
        ({"token": "wrong", "blog_id": BLOG}, "token", "INVALID_ACCESS_TOKEN"),
        ({"token": TOKEN, "blog_id": "1"}, "blog_id", "VALIDATION_FAILED"),
        ({"token": TOKEN, "blog_id": BLOG, "user_id": "me"}, "user_id", "VALIDATION_FAILED"),
        ({"token": "a\0b", "blog_id": BLOG}, "token", "VALIDATION_FAILED"),
        (["no object"], None, "VALIDATION_FAILED"),
    ],
)
def test_bad_input_is_told_in_the_common_body(
    play: Store, api: Client, body: Any, field: str | None, code: str
) -> None:
    found = api.ask("POST", "/metricool", body, status=400)
    assert set(found) == {
        "success", "error", "message", "code", "field", "errors", "request_id",
    }  # fmt: skip
    assert (found["success"], found["code"], found["field"]) == (False, code, field)
    assert found["error"] == found["message"] and found["request_id"].startswith("req_")
    assert not api.ask("GET", "/metricool")["enabled"]


def test_metricools_own_trouble_is_a_502_and_its_limit_a_429(play: Store, api: Client) -> None:
    asked = {"token": TOKEN, "blog_id": BLOG}
    order(play, network="metricool", operation="account", fault="http_500", times=1)
    assert api.ask("POST", "/metricool", asked, status=502)["code"] == "BROKER_ERROR"
    order(play, network="metricool", operation="account", fault="http_429", times=1)
    assert api.ask("POST", "/metricool", asked, status=429)["code"] == "RATE_LIMITED"
    problem = api.ask("POST", "/metricool", {}, status=400, Accept="application/problem+json")
    assert {"type", "title", "status", "detail", "instance"} <= set(problem)
    assert len(problem["errors"]) == 2


def test_doors_are_shut_without_a_key_that_works(
    play: Store, client: Browser, owner: Actor, key: str
) -> None:
    typo = key[:-1] + ("A" if key[-1] != "A" else "B")
    for bad in ("", "nonsense", typo, keys.make("ak_")):
        for method, path in (("GET", "/status"), ("POST", "/metricool"), ("DELETE", "/metricool")):
            found = Client(client, bad).ask(method, path, status=401)
            assert found["code"] == "UNAUTHORIZED"
    nowhere = Client(client, "").ask("GET", "/nowhere", status=404)
    assert nowhere["code"] == "NOT_FOUND"
    assert Client(client, key).ask("PUT", "/status", status=405)["code"] == "METHOD_NOT_ALLOWED"
    by_header = client.get("/v1/connect/status", headers={"X-API-Key": key})
    assert by_header.status_code == 200


def test_a_key_reaches_its_profiles_with_its_users_role(
    play: Store, client: Browser, owner: Actor
) -> None:
    own = next(iter(owner.roles))
    other, foreign = make_profile(), make_profile(make_user())
    member = make_user()
    profile = db.session.get_one(Profile, own)
    join(profile, member, Role.MEMBER)
    join(other, member, Role.OWNER)
    other_id, foreign_id = other.id, foreign.id
    wide = Client(client, keys.create(actor_of(member), KeyKind.ACCOUNT)[1])
    assert wide.ask("GET", "/status")["integrations"]
    body = {"token": TOKEN, "blog_id": BLOG}
    assert wide.ask("POST", "/metricool", body, status=403)["code"] == "FORBIDDEN"
    assert wide.ask("POST", f"/metricool?profileId={other_id}", body)["status"] == "connected"
    for stranger in (foreign_id, "00000000-0000-7000-8000-000000000000", "nothing"):
        told = wide.ask("GET", f"/status?profileId={stranger}", status=403)
        assert told["error"] == "This key cannot use that profile."
    narrow = Client(client, keys.create(owner, KeyKind.PROFILE, own)[1])
    assert narrow.ask("GET", f"/status?profileId={other_id}", status=403)["code"] == "FORBIDDEN"
