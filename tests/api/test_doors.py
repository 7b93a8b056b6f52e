"""Keys, limits and idempotency keys: what every contract shares."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app import ids
from app.config import settings
from app.extensions import db
from app.models.idempotency import IdempotencyKey
from app.models.posts import Post
from app.models.profiles import PlatformSet, Profile
from app.permissions import Actor, Role
from app.services import idempotency, keys, usage
from app.services.keys import KeyKind
from tests.api.asking import Api
from tests.conftest import Browser
from tests.factories import join, make_account, make_profile, make_user

POST = "/api/v1/posts"


@pytest.fixture
def body(brand: Profile) -> dict[str, Any]:
    make_account(brand, "mastodon")
    found = db.session.query(PlatformSet).filter_by(profile_id=brand.id).one()
    return {"content": {"text": "Six bells"}, "platforms": ["mastodon"],
            "platformSetId": str(found.id)}  # fmt: skip


def stored() -> int:
    db.session.rollback()
    return db.session.query(Post).count()


# Keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
@pytest.mark.parametrize("kind", list(KeyKind))
def test_either_key_travels_in_either_header(
    client: Browser, owner: Actor, brand: Profile, header: str, kind: KeyKind
) -> None:
    key = keys.create(owner, kind, brand.id)[1]
    assert Api(client, key, header=header).get(POST)["total"] == 0


def test_no_key_a_typo_and_a_revoked_one_are_401_and_alike(
    client: Browser, owner: Actor, brand: Profile
) -> None:
    row, key = keys.create(owner, KeyKind.PROFILE, brand.id)
    keys.revoke(owner, row.id)
    typo = Api(client, "ak_" + "x" * 49).get(POST, status=401)
    gone = Api(client, key).get(POST, status=401)
    assert Api(client).get(POST, status=401)["code"] == "UNAUTHORIZED"
    assert {**typo, "request_id": ""} == {**gone, "request_id": ""}


def test_a_key_ends_with_its_holders_membership(client: Browser, brand: Profile) -> None:
    from app.models.profiles import Membership

    guest = make_user("guest@example.org")
    join(brand, guest, Role.ADMIN)
    from tests.factories import actor_of

    key = keys.create(actor_of(guest), KeyKind.PROFILE, brand.id)[1]
    assert Api(client, key).get(POST)["total"] == 0
    db.session.query(Membership).filter_by(user_id=guest.id).delete()
    db.session.commit()
    Api(client, key).get(POST, status=401)


def test_a_foreign_profile_and_none_at_all_are_the_same_403(amplify: Api) -> None:
    foreign = make_profile(make_user("other@example.org"))
    told = [amplify.get(f"{POST}?profileId={one}", status=403)
            for one in (foreign.id, ids.uuid7(), "nonsense")]  # fmt: skip
    assert all({**one, "request_id": ""} == {**told[0], "request_id": ""} for one in told)


def test_a_foreign_and_a_missing_post_are_the_same_404(amplify: Api) -> None:
    other = make_profile(make_user("other@example.org"))
    from tests.factories import make_post

    theirs = make_post(other)
    told = [amplify.get(f"{POST}/{one}", status=404) for one in (theirs.id, ids.uuid7())]
    assert {**told[0], "request_id": ""} == {**told[1], "request_id": ""}


# The hour -----------------------------------------------------------------------------------


@pytest.fixture
def few(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that lets five requests an hour pass."""
    monkeypatch.setitem(app.config, "CARILLON", _with(app, API_REQUESTS_PER_HOUR=5))


def _with(app: Flask, **changes: Any) -> Any:
    from dataclasses import replace

    return replace(app.config["CARILLON"], **changes)


@pytest.mark.usefixtures("few", "redis")
def test_the_request_past_the_limit_gets_429_and_the_seeds_headers(amplify: Api) -> None:
    for left in (4, 3, 2, 1, 0):
        amplify.get(POST)
        assert amplify.headers["X-RateLimit-Limit"] == "5"
        assert amplify.headers["X-RateLimit-Remaining"] == str(left)
        assert amplify.headers["RateLimit-Policy"] == '"hour";q=5;w=3600'
    told = amplify.get(POST, status=429)
    assert told["code"] == "RATE_LIMITED"
    assert amplify.headers["X-RateLimit-Remaining"] == "0"
    assert 3500 < int(amplify.headers["Retry-After"]) <= 3601
    assert int(amplify.headers["X-RateLimit-Reset"]) > 1_700_000_000


@pytest.mark.usefixtures("few", "redis")
def test_each_key_has_an_hour_of_its_own(
    client: Browser, owner: Actor, brand: Profile, amplify: Api
) -> None:
    for _ in range(5):
        amplify.get(POST)
    amplify.get(POST, status=429)
    Api(client, keys.create(owner, KeyKind.PROFILE, brand.id)[1]).get(POST)


def test_posts_an_hour_are_exact_under_twenty_threads(
    app: Flask, owner: Actor, brand: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "CARILLON", _with(app, API_POSTS_PER_HOUR=7))
    profile_id = brand.id
    db.session.rollback()

    def spend(_: int) -> bool:
        with app.app_context():
            try:
                usage.spend(usage.POSTS, profile_id, by_api=True)
                db.session.commit()
            except usage.RateLimited as error:
                assert error.retry_after and error.retry_after > 0
                return False
            finally:
                db.session.remove()
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(spend, range(40))) == 7


def test_a_refused_post_counts_for_nothing(
    app: Flask, amplify: Api, ampost: Api, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "CARILLON", _with(app, API_POSTS_PER_HOUR=1))
    ampost.post(POST, {**body, "content": {"text": "x" * 5000}, "scheduledFor": "2031-01-01"},
                status=400)  # fmt: skip
    ampost.post(POST, body, status=201)
    assert ampost.post(POST, body, status=429)["code"] == "RATE_LIMITED"
    assert stored() == 1 and settings().API_POSTS_PER_HOUR == 1


# The same POST twice ------------------------------------------------------------------------


def test_the_same_key_and_body_get_the_first_answer(ampost: Api, body: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": '"one"'}
    first = ampost.post(POST, body, status=201, headers=headers)
    again = ampost.post(POST, body, status=201, headers={"Idempotency-Key": "one"})
    assert again == first and ampost.headers["Idempotency-Replayed"] == "true"
    told = ampost.post(POST, {**body, "platforms": []}, status=409, headers=headers)
    assert told["code"] == "IDEMPOTENCY_CONFLICT"
    assert stored() == 1


def test_a_refused_request_frees_its_key(ampost: Api, body: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": "one"}
    ampost.post(POST, {**body, "platforms": ["nowhere"]}, status=400, headers=headers)
    ampost.post(POST, body, status=201, headers=headers)
    assert stored() == 1


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
def test_a_key_that_is_none_is_named(ampost: Api, body: dict[str, Any], key: str) -> None:
    headers = {"Idempotency-Key": key}
    told = ampost.post(POST, body, status=400, headers=headers)
    assert told["field"] == "Idempotency-Key"


def test_two_keys_of_one_name_do_not_meet(
    client: Browser, owner: Actor, ampost: Api, body: dict[str, Any]
) -> None:
    headers = {"Idempotency-Key": "one"}
    ampost.post(POST, body, status=201, headers=headers)
    other = Api(client, keys.create(owner, KeyKind.ACCOUNT)[1])
    other.post(POST, body, status=201, headers=headers)
    assert stored() == 2


def test_after_a_crash_the_key_leads_to_what_was_made(
    ampost: Api, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Idempotency-Key": "one"}
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "settle", lambda *rest: None)  # the process died before it
        first = ampost.post(POST, body, status=201, headers=headers)
    assert ampost.post(POST, body, status=409, headers=headers)["code"] == "IDEMPOTENCY_CONFLICT"
    assert ampost.headers["Retry-After"] == "1"
    db.session.query(IdempotencyKey).update({"lease_until": IdempotencyKey.created_at})
    db.session.commit()
    again = ampost.post(POST, body, status=201, headers=headers)
    assert again["post"]["id"] == first["post"]["id"] and stored() == 1
    assert ampost.headers["Idempotency-Replayed"] == "true"


def test_fifty_at_once_make_one_post(
    app: Flask, serve: Any, owner: Actor, body: dict[str, Any]
) -> None:
    import httpx2 as httpx

    key = keys.create(owner, KeyKind.ACCOUNT)[1]
    db.session.rollback()
    base = serve(app)
    headers = {"X-API-Key": key, "Idempotency-Key": "one"}

    def send(_: int) -> tuple[int, str]:
        with httpx.Client(timeout=60) as http:
            answer = http.post(f"{base}{POST}", json=body, headers=headers)
        return answer.status_code, answer.json().get("post", {}).get("id", "")

    with ThreadPoolExecutor(50) as pool:
        told = list(pool.map(send, range(50)))
    made = {post_id for status, post_id in told if status == 201}
    assert len(made) == 1 and {status for status, _ in told} <= {201, 409}
    assert stored() == 1 and UUID(made.pop())
