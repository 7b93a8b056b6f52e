"""Sets, accounts, connections, keys, profiles: in the seeds' words."""

from __future__ import annotations

from typing import Any

import pytest

from app import ids
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.keys import ApiKey
from app.models.people import User, UserSession
from app.models.profiles import PlatformSet, Profile
from app.sandbox.store import Store
from tests.api.asking import Api
from tests.conftest import Browser
from tests.factories import make_account, make_post, make_profile, make_user
from tests.playing import sandbox

__all__ = ["sandbox"]


# Platform sets --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v1/platform-sets", "/api/platforms/sets"])
def test_a_set_is_made_renamed_listed_and_deleted(ampost: Api, brand: Profile, path: str) -> None:
    make_account(brand, "mastodon")
    made = ampost.post(path, {"name": "My Brand Accounts"})["set"]
    assert (made["name"], made["isDefault"], made["connectionCount"]) == (
        "My Brand Accounts", False, 0,
    )  # fmt: skip
    named = ampost.patch(f"{path}/{made['id']}", {"name": "Renamed Set"})["set"]
    assert named["name"] == "Renamed Set" and "connectionCount" not in named
    found = {one["name"]: one["connectionCount"] for one in ampost.get(path)["sets"]}
    assert found == {"Main": 1, "Renamed Set": 0} or sorted(found.values()) == [0, 1]
    assert ampost.delete(f"{path}/{made['id']}") == {"success": True}
    assert len(ampost.get(path)["sets"]) == 1


def test_the_default_set_stays_and_a_foreign_one_is_not_there(ampost: Api, brand: Profile) -> None:
    default = db.session.query(PlatformSet).one().id
    told = ampost.delete(f"/api/v1/platform-sets/{default}", status=400)
    assert "default" in told["error"]
    foreign = make_profile(make_user("other@example.org"))
    theirs = db.session.query(PlatformSet).filter_by(profile_id=foreign.id).one().id
    for one in (theirs, ids.uuid7()):
        ampost.delete(f"/api/v1/platform-sets/{one}", status=404)


@pytest.mark.parametrize("name", ["", "   ", "x" * 51])
def test_a_sets_name_is_checked(ampost: Api, name: str) -> None:
    assert ampost.post("/api/v1/platform-sets", {"name": name}, status=400)["field"] == "name"


def test_the_twenty_first_set_is_refused(ampost: Api) -> None:
    for number in range(19):
        ampost.post("/api/v1/platform-sets", {"name": f"Set {number}"})
    told = ampost.post("/api/v1/platform-sets", {"name": "One more"}, status=400)
    assert "20 platform sets" in told["error"]


def test_deleting_a_set_disconnects_its_accounts(
    ampost: Api,
    brand: Profile,
    sandbox: Store,  # noqa: F811
) -> None:
    made = ampost.post("/api/v1/platform-sets", {"name": "Launch"})["set"]
    account = make_account(brand, "mastodon", set_id=ids.UUID(made["id"]))
    ampost.delete(f"/api/v1/platform-sets/{made['id']}")
    db.session.expire_all()
    assert db.session.get_one(SocialAccount, account.id).status is AccountStatus.DISCONNECTED


def test_the_browser_path_takes_a_session_with_its_token(brand: Profile, signed_in: Any) -> None:
    user = db.session.query(User).one()
    browser: Browser = signed_in(user)
    assert len(browser.get("/api/platforms/sets").get_json()["sets"]) == 1
    assert browser.post("/api/platforms/sets", json={"name": "A"}).status_code == 200
    assert browser.post("/api/platforms/sets", json={"name": "B"}, csrf=False).status_code == 400
    assert browser.get("/api/v1/platform-sets").status_code == 401


# Accounts and connections -----------------------------------------------------------------------


def test_accounts_are_listed_with_the_health_of_their_token(ampost: Api, brand: Profile) -> None:
    account = make_account(brand, "tiktok", extras={"privacy_levels": ["SELF_ONLY"], "key": "x"})
    make_account(brand, "mastodon", status=AccountStatus.NEEDS_RECONNECT)
    found = ampost.get("/api/v1/accounts")["accounts"]
    assert [one["tokenHealth"] for one in found] == ["healthy", "expired"]
    [one] = ampost.get("/api/v1/accounts?platform=tiktok")["accounts"]
    assert one["platformMetadata"] == {"privacy_levels": ["SELF_ONLY"]}
    assert one["platformSetId"] and one["platform"] == "tiktok"
    assert ampost.get(f"/api/v1/accounts/{account.id}")["account"] == one
    set_id = db.session.query(PlatformSet).one().id
    assert len(ampost.get(f"/api/v1/accounts?platformSetId={set_id}")["accounts"]) == 2


def test_a_connection_has_the_seeds_members(amplify: Api, brand: Profile) -> None:
    make_account(brand, "bluesky")
    [one] = amplify.get("/api/v1/connections")["connections"]
    assert one["connectionStatus"] == "connected" and one["readiness"]["canPublish"] is True
    assert set(one["capabilities"]) == {"text", "images", "video", "scheduling", "analytics"}
    assert one["contract"]["displayName"] == "Bluesky"
    assert set(one["readiness"]) == {
        "status", "canPublish", "canSchedule", "missingRequirements", "warnings",
    }  # fmt: skip


def test_a_connection_is_disconnected(
    amplify: Api,
    brand: Profile,
    sandbox: Store,  # noqa: F811
) -> None:
    account = make_account(brand, "mastodon")
    assert amplify.delete(f"/api/v1/connections/{account.id}") == {"success": True}
    assert amplify.get("/api/v1/connections")["connections"] == []
    amplify.delete(f"/api/v1/connections/{ids.uuid7()}", status=404)


# Keys -------------------------------------------------------------------------------------------


def test_a_key_is_made_listed_and_revoked(amplify: Api, brand: Profile) -> None:
    body = {"name": "My Integration Key", "profileId": str(brand.id)}
    made = amplify.post("/api/v1/api-keys", body)
    assert made["warning"] == "Save this key now. It will not be shown again."
    assert made["apiKey"]["key"].startswith("ak_") and made["success"] is True
    shown = {one["key"] for one in amplify.get("/api/v1/api-keys")["apiKeys"]}
    assert f"...{made['apiKey']['key'][-8:]}" in shown and len(shown) == 2
    gone = amplify.delete(f"/api/v1/api-keys/{made['apiKey']['id']}")
    assert gone == {"success": True, "message": "API key revoked"}
    Api(amplify.browser, made["apiKey"]["key"]).get("/api/v1/posts", status=401)


@pytest.mark.parametrize("path", ["/api/api-keys", "/api/keys"])
def test_the_dashboards_paths_take_a_session_with_a_fresh_password(
    brand: Profile, signed_in: Any, path: str
) -> None:
    user = db.session.query(User).one()
    browser: Browser = signed_in(user)
    assert browser.post(path, json={"name": "One"}).status_code == 200
    db.session.query(UserSession).update({"password_at": None})
    db.session.commit()
    told = browser.post(path, json={"name": "Two"})
    assert (told.status_code, told.get_json()["code"]) == (403, "PASSWORD_NEEDED")
    assert len(browser.get(path).get_json()["apiKeys"]) == 1


@pytest.mark.parametrize("path", ["/api/api-keys", "/api/keys"])
def test_the_dashboards_paths_take_no_key(amplify: Api, path: str) -> None:
    amplify.get(path, status=401)


def test_a_profiles_key_makes_no_account_key_and_none_elsewhere(amplify: Api) -> None:
    foreign = make_profile(make_user("other@example.org"))
    amplify.post("/api/v1/api-keys", {"profileId": str(foreign.id)}, status=403)
    made = amplify.post("/api/v1/api-keys", {"kind": "account"})
    assert made["apiKey"]["kind"] == "profile"
    assert db.session.query(ApiKey).filter(ApiKey.kind == "account").count() == 0


# Profiles ---------------------------------------------------------------------------------------


def test_a_profile_is_made_changed_and_deleted(
    ampost: Api,
    sandbox: Store,  # noqa: F811
) -> None:
    body = {"name": "Second", "timezone": "Europe/London"}
    made = ampost.post("/api/v1/profiles", body, status=201)["profile"]
    assert (made["role"], made["timezone"]) == ("owner", "Europe/London")
    path = f"/api/v1/profiles/{made['id']}"
    changed = ampost.patch(path, {"timezone": "America/New_York"})["profile"]
    assert (changed["name"], changed["timezone"]) == ("Second", "America/New_York")
    assert ampost.patch(path, {"timezone": "Moon/Base"}, status=400)["field"]
    account = make_account(db.session.get_one(Profile, ids.UUID(made["id"])), "mastodon")
    make_post(account.profile, "Six bells", [account])
    assert len(ampost.get("/api/v1/profiles")["profiles"]) == 2
    assert ampost.delete(path) == {"success": True}
    ampost.get(path, status=404)
    assert len(ampost.get("/api/v1/profiles")["profiles"]) == 1


def test_a_profiles_own_key_makes_no_profile(amplify: Api) -> None:
    amplify.post("/api/v1/profiles", {"name": "Second"}, status=403)
    assert len(amplify.get("/api/v1/profiles")["profiles"]) == 1
