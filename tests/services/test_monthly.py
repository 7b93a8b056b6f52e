"""API requests a month: taken in blocks, never past the plan, exact under threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from flask import Flask

from app.clock import now
from app.extensions import db
from app.models.billing import Subscription
from app.models.keys import KeyKind
from app.models.profiles import Profile
from app.models.usage import UsageCount
from app.permissions import Role
from app.services import keys, monthly, plans, usage
from app.services.monthly import Blocks
from tests.api.asking import Api
from tests.conftest import Browser
from tests.factories import actor_of, join, make_profile, make_user

POST = "/api/v1/posts"
MONTH = "requests_month"


@pytest.fixture
def paid(app: Flask, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """An installation that bills, Maya on Starter with 300 requests a month, her brand, a key."""
    small = replace(plans.PLANS["starter"], api_requests_per_month=300)
    monkeypatch.setitem(plans.PLANS, "starter", small)
    stripe = replace(app.config["CARILLON"], STRIPE_SECRET_KEY="sk_test_1")
    monkeypatch.setitem(app.config, "CARILLON", stripe)
    maya = make_user()
    brand = make_profile(maya)
    db.session.add(Subscription(user_id=maya.id, plan="starter", status="active"))
    db.session.commit()
    row, whole = keys.create(actor_of(maya), KeyKind.PROFILE, brand.id)
    found = SimpleNamespace(maya=maya, brand=brand, key=row.id, whole=whole, user_id=maya.id)
    db.session.rollback()
    return found


def counted(owner: str) -> int:
    db.session.rollback()
    found = usage.used(owner, MONTH, usage.month_of(now()))
    db.session.rollback()
    return found


def spends(app: Flask, blocks: Blocks, key_id: UUID) -> Callable[[int], bool]:
    """One request as a thread of a process makes it; whether it was served."""

    def one(_: int) -> bool:
        with app.app_context():
            try:
                blocks.spend(key_id)
            except usage.QuotaExceeded as error:
                assert error.retry_after and error.retry_after > 0
                return False
            finally:
                db.session.remove()
        return True

    return one


def test_the_month_is_exact_under_twenty_threads_of_two_processes(
    app: Flask, paid: SimpleNamespace
) -> None:
    second, _ = keys.create(actor_of(paid.maya), KeyKind.ACCOUNT)
    second_id = second.id
    db.session.rollback()
    ways = [spends(app, blocks, key) for blocks in (Blocks(), Blocks())
            for key in (paid.key, second_id)]  # fmt: skip
    with ThreadPoolExecutor(20) as pool:
        served = sum(pool.map(lambda n: ways[n % 4](n), range(360)))
        # Whatever a process still held when the month ran out is served there, and no more.
        for way in ways:
            served += sum(pool.map(way, range(monthly.LARGEST)))
    assert served == 300 == counted(f"user:{paid.user_id}")
    each = [counted(f"key:{one}") for one in (paid.key, second_id)]
    assert sum(each) == 300 and min(each) > 0


def test_a_busy_key_writes_seldom_and_a_quiet_one_counts_each_request(
    app: Flask, paid: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = SimpleNamespace(at=1000.0)
    blocks, taken = Blocks(clock=lambda: hand.at), []
    take = monthly._take
    monkeypatch.setattr(monthly, "_take", lambda *given: taken.append(given[-1]) or take(*given))
    monkeypatch.setitem(
        plans.PLANS, "starter", replace(plans.PLANS["starter"], api_requests_per_month=None)
    )
    spend = spends(app, blocks, paid.key)
    assert all(spend(n) for n in range(200))
    assert taken == [1, 2, 4, 8, 16, 32, 64, 64, 64]
    hand.at += monthly.BUSY_SECONDS + 1
    assert all(spend(n) for n in range(55))  # what is held is handed out first
    assert counted(f"key:{paid.key}") == 255 and len(taken) == 9
    for _ in range(3):
        hand.at += monthly.BUSY_SECONDS + 1
        assert spend(0)
    assert taken[9:] == [1, 1, 1] and counted(f"key:{paid.key}") == 258


def test_a_new_month_begins_at_nothing(
    app: Flask, paid: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend = spends(app, Blocks(), paid.key)
    assert sum(spend(n) for n in range(310)) == 300
    later: datetime = usage.month_of(now()).ends + timedelta(minutes=1)
    for module in (monthly, usage):
        monkeypatch.setattr(module, "now", lambda: later)
    assert spend(0)


def test_the_request_past_the_plan_gets_429_and_the_seeds_headers(
    app: Flask, client: Browser, paid: SimpleNamespace
) -> None:
    db.session.add(UsageCount(
        owner=f"user:{paid.user_id}", kind=MONTH, starts_at=usage.month_of(now()).starts,
        count=299,
    ))  # fmt: skip
    db.session.commit()
    api = Api(client, paid.whole)
    api.get(POST)
    for _ in range(2):
        told = api.get(POST, status=429)
        assert (told["code"], told["operation"]) == ("QUOTA_EXCEEDED", "apiRead")
        assert "300 API requests a month" in told["error"]
        assert api.headers["X-RateLimit-Limit"] == "1000"
        left = (usage.month_of(now()).ends - now()).total_seconds()
        assert abs(int(api.headers["Retry-After"]) - left) < 60
    assert counted(f"user:{paid.user_id}") == 300 and counted(f"key:{paid.key}") == 1
    api.post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "ping"}, status=429)


def test_a_plan_without_api_access_answers_402_and_counts_nothing(
    app: Flask, client: Browser, paid: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(client, paid.whole)
    db.session.query(Subscription).update({"status": "canceled"})
    db.session.commit()
    assert api.get(POST, status=402)["code"] == "SUBSCRIPTION_REQUIRED"
    assert counted(f"user:{paid.user_id}") == 0
    db.session.query(Subscription).update({"status": "active"})
    db.session.commit()
    api.get(POST)  # a plan that is paid again counts at once
    assert counted(f"user:{paid.user_id}") == 1


def test_a_brands_owner_pays_for_its_keys_and_a_person_for_their_own(
    app: Flask, client: Browser, paid: SimpleNamespace
) -> None:
    guest = make_user("guest@example.org")
    join(db.session.get_one(Profile, paid.brand.id), guest, Role.ADMIN)
    actor = actor_of(guest)
    brands = keys.create(actor, KeyKind.PROFILE, paid.brand.id)[1]
    own = keys.create(actor, KeyKind.ACCOUNT)[1]
    Api(client, brands).get(POST)
    assert counted(f"user:{paid.user_id}") == 1
    Api(client, own).get(POST, status=402)  # on Free


def test_a_key_that_is_not_seen_for_long_is_forgotten(
    app: Flask, paid: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monthly, "KEPT_KEYS", 1)
    blocks = Blocks()
    other, _ = keys.create(actor_of(paid.maya), KeyKind.PROFILE, paid.brand.id)
    for key_id in (paid.key, other.id, paid.key):
        blocks.spend(key_id)
    assert len(blocks._held) == 1 and counted(f"user:{paid.user_id}") == 3
