"""The AMP seed (000), walked in its order over the played Metricool."""

from __future__ import annotations

import pytest

from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.profiles import Profile
from app.models.recurring import Pattern, RecurringSchedule
from app.permissions import Actor
from app.sandbox.store import Store
from app.services import recurring
from app.services.recurring import Changes
from tests.api.asking import Api
from tests.api.seeds.shape import alike
from tests.factories import make_account

PATH = "/v1/connect"
PLATFORM = {"connected": True, "account": "@yourbrand"}
ACCOUNT = {
    "platform": "twitter", "account_id": "123456789", "username": "Your Company",
    "display_name": "Your Brand", "profile_image": "https://...", "status": "active",
    "features": ["post", "thread", "poll"],
}  # fmt: skip


@pytest.fixture
def api(ampost: Api) -> Api:
    """The seed's curl: ``Authorization: Bearer $AMP_API_KEY``."""
    return ampost


def test_metricool_from_connecting_to_letting_go(
    api: Api, play: Store, brand: Profile, owner: Actor
) -> None:
    make_account(brand, "twitter", "yourbrand")
    sent = {
        "token": "your_metricool_api_token", "blog_id": "your_blog_id", "user_id": "your_user_id"
    }  # fmt: skip
    assert api.post(f"{PATH}/metricool", sent, status=400)["success"] is False
    assert api.get(f"{PATH}/metricool")["enabled"] is False
    made = api.post(
        f"{PATH}/metricool", {"token": "sandbox-alice", "blog_id": "3100001", "user_id": "7"}
    )
    alike(made, {
        "status": "connected",
        "metricool": {
            "blog_id": "xxx", "blog_name": "Your Brand", "connected_at": "2024-01-15T10:30:00Z",
        },
        "available_platforms": ["twitter", "linkedin", "instagram", "facebook"],
    })  # fmt: skip
    alike(api.get(f"{PATH}/status"), {
        "integrations": {"metricool": {
            "connected": True, "status": "healthy", "last_sync": "2024-01-15T10:00:00Z",
            "accounts_connected": 3,
        }},
        "platforms": {
            "twitter": PLATFORM, "linkedin": PLATFORM | {"account": "Your Company"},
            "reddit": {"connected": False, "account": None},
        },
    })  # fmt: skip
    alike(api.get(f"{PATH}/metricool"), {
        "enabled": True, "blog_id": "xxx", "blog_name": "Your Brand",
        "connected_at": "2024-01-15T10:30:00Z", "last_sync": "2024-01-15T10:00:00Z",
    })  # fmt: skip
    alike(api.get(f"{PATH}/metricool/test"), {
        "status": "healthy", "latency_ms": 234, "api_version": "v1", "rate_limit_remaining": None,
        "features": {"scheduling": True, "analytics": True, "media_upload": True},
    })  # fmt: skip
    brands = api.get(f"{PATH}/metricool/brands")
    alike(brands, {"data": [{
        "id": "blog_xxx", "name": "Main Brand", "platforms": ["twitter", "linkedin"],
        "is_current": True,
    }]})  # fmt: skip
    assert [one["is_current"] for one in brands["data"]].count(True) == 1
    accounts = api.get(f"{PATH}/metricool/accounts")
    alike(accounts, {"data": [ACCOUNT]})
    named = {one["platform"]: one["username"] for one in accounts["data"]}
    assert named["twitter"].startswith("@") and not named["linkedin"].startswith("@")

    series = mission(owner, brand)
    told = api.delete(f"{PATH}/metricool")
    assert told == {"status": "disconnected", "cancelled_posts": 0, "disabled_accounts": 9}
    db.session.expire_all()
    assert db.session.get_one(RecurringSchedule, series).is_active is False
    assert db.session.query(SocialAccount).count() == 10  # what they did stays known
    assert api.get(f"{PATH}/status")["platforms"]["twitter"] == PLATFORM


def mission(owner: Actor, brand: Profile) -> object:
    """The seed's word for what posts again and again, here through Metricool alone."""
    account = db.session.query(SocialAccount).filter_by(network="linkedin").one()
    changes = Changes(
        name="Mission", content="Six bells", accounts=[account.id], time_of_day="09:00",
        pattern=Pattern.WEEKLY, config={"day_of_week": 1},
    )  # fmt: skip
    return recurring.create(owner, brand.id, changes).id
