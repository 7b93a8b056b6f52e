"""The Connect API as its seed writes it, over the sandbox."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask

from app import ids
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.approvals import Approval
from app.models.profiles import Profile
from app.networks import NETWORKS
from app.permissions import Actor, Role
from app.sandbox.store import Store
from app.services import keys
from app.services.keys import KeyKind
from tests.api.asking import Api
from tests.conftest import Browser
from tests.factories import actor_of, join, make_account, make_profile, make_user
from tests.playing import order, sandbox  # noqa: F401

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SUBMISSION = {
    "network_type": "instagram", "network_id": "user123",
    "network_url": "https://instagram.com/user123", "followers": 5000, "category": "fashion",
}  # fmt: skip
COMMON = {
    "id", "user_id", "network", "status", "category", "engagement_rate", "connected_at",
    "last_updated", "extra_data",
}  # fmt: skip


@pytest.fixture(name="play")
def played(sandbox: Store) -> Store:  # noqa: F811
    return sandbox


@pytest.fixture
def api(amplify: Api) -> Api:
    return amplify


def form(api: Api, path: str, fields: Mapping[str, Any] | None = None, **rest: Any) -> Any:
    """Ask as the seed's examples do: a form."""
    return api.ask("POST", path, data=dict(fields or {}), **rest)


def networks(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.post("/api/get/networks/")["networks"]
    return found


# Networks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "word", "called"),
    [
        ("facebook", "facebook", "Facebook"), ("google", "youtube", "Google"),
        ("instagram", "instagram", "Instagram"), ("twitter", "twitter", "Twitter"),
    ],
)  # fmt: skip
def test_an_account_is_connected_as_the_seed_writes_it(
    play: Store, api: Api, network: str, word: str, called: str
) -> None:
    asked = {"access_token": "sandbox-maya", "user_id": f"{network}_user_id"}
    found = form(api, f"/api/auth/{network}/", asked)
    assert set(found) == {"status", "message", "network_id"}
    assert found["status"] == "success"
    assert found["message"] == f"{called} account connected successfully"
    told = networks(api)[0]
    assert told["id"] == found["network_id"] and isinstance(told["id"], int)
    assert (told["network"], told["status"], told["verified"]) == (word, "accepted", True)
    account = db.session.query(SocialAccount).one()
    assert account.way == "token" and account.usable
    assert api.headers["X-RateLimit-Limit"] == "1000"


def test_every_network_we_speak_can_be_connected_by_script(play: Store, api: Api) -> None:
    for name in NETWORKS:
        form(api, f"/api/auth/{name}/", {"access_token": "sandbox-maya", "user_id": "maya"})
    assert {one["network"] for one in networks(api)} == set(NETWORKS)
    assert all(one["verified"] for one in networks(api))


def test_the_list_has_the_seeds_members(play: Store, api: Api, brand: Profile) -> None:
    make_account(
        brand, "instagram", "maya", extras={"followers_count": 5000},
        url="https://instagram.com/maya",
    )  # fmt: skip
    user_id = brand.number
    api.post("/api/action/network/approval/", SUBMISSION | {"network_type": "facebook"})
    first, second = networks(api)
    assert set(first) == COMMON | {"network_id", "network_url", "followers", "verified"}
    assert (first["network"], first["network_url"]) == ("instagram", "https://instagram.com/maya")
    assert (first["status"], first["verified"], first["followers"]) == ("accepted", True, 5000)
    assert STAMP.fullmatch(first["connected_at"]) and first["user_id"] == user_id
    assert (second["network_id"], second["status"]) == ("user123", "pending")
    assert (second["verified"], second["followers"]) == (False, 5000)


def test_the_extra_information_of_the_seed_is_kept(api: Api, brand: Profile) -> None:
    number = make_account(brand, "instagram").number
    told = form(api, "/api/action/network-extra/update/", {
        "network_id": str(number), "extra_data[bio]": "Updated bio information",
        "extra_data[website]": "https://example.com", "extra_data[category]": "fashion",
        "extra_data[engagement_rate]": "3.5",
    })  # fmt: skip
    assert told == {
        "status": "success", "message": "Network extra information updated successfully",
    }  # fmt: skip
    found = networks(api)[0]
    assert (found["category"], found["engagement_rate"]) == ("fashion", 3.5)
    assert found["extra_data"] == {
        "bio": "Updated bio information", "website": "https://example.com",
    }  # fmt: skip
    asked = {"network_id": number, "extra_data": {"bio": None, "verified_badge": True}}
    api.post("/api/action/network-extra/update/", asked)
    assert networks(api)[0]["extra_data"] == {
        "website": "https://example.com", "verified_badge": True,
    }  # fmt: skip
    state = form(api, "/api/network/status/", {"network_id": str(number)})
    assert set(state) == {"status", "verified", "followers", "engagement_rate", "last_updated"}
    assert (state["status"], state["engagement_rate"]) == ("accepted", 3.5)
    assert STAMP.fullmatch(state["last_updated"])


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ({"engagement_rate": "much"}, "extra_data.engagement_rate"),
        ({"engagement_rate": "nan"}, "extra_data.engagement_rate"),
        ({"category": ["a"]}, "extra_data.category"),
        ({"bio": {"a": "b"}}, "extra_data.bio"),
        ({"bio": "x" * 2001}, "extra_data.bio"),
        ({f"m{n}": 1 for n in range(51)}, "extra_data"),
        ("bio", "extra_data"),
    ],
)  # fmt: skip
def test_extra_information_that_cannot_be_kept(
    api: Api, brand: Profile, extra: Any, field: str
) -> None:
    asked = {"network_id": make_account(brand, "instagram").number, "extra_data": extra}
    told = api.post("/api/action/network-extra/update/", asked, status=400)
    assert (told["error"], told["field"]) == ("validation_error", field)


def test_a_disconnected_network_says_so(play: Store, api: Api) -> None:
    asked = {"access_token": "sandbox-maya"}
    number = form(api, "/api/auth/twitter/", asked)["network_id"]
    assert form(api, "/api/network/disconnect/", {"network_id": number}) == {
        "status": "success", "message": "Network disconnected successfully",
    }  # fmt: skip
    state = form(api, "/api/network/status/", {"network_id": number})
    assert (state["status"], state["verified"]) == ("disconnected", False)
    assert db.session.query(SocialAccount).one().tokens is None
    assert form(api, "/api/network/disconnect/", {"network_id": number})["status"] == "success"
    db.session.rollback()
    # The token was revoked at the network: another account's is taken.
    assert form(api, "/api/auth/twitter/", {"access_token": "sandbox-noor"})["network_id"] != number


def test_a_signed_out_network_is_not_verified_and_may_be_connected_again(
    play: Store, api: Api
) -> None:
    asked = {"access_token": "sandbox-maya"}
    number = form(api, "/api/auth/twitter/", asked)["network_id"]
    db.session.query(SocialAccount).one().status = AccountStatus.NEEDS_RECONNECT
    db.session.commit()
    state = form(api, "/api/network/status/", {"network_id": number})
    assert (state["status"], state["verified"]) == ("accepted", False)
    assert form(api, "/api/auth/twitter/", asked)["network_id"] == number
    assert form(api, "/api/network/status/", {"network_id": number})["verified"]


# Refusals of a token ----------------------------------------------------------------------------


def test_a_network_is_connected_once(play: Store, api: Api) -> None:
    asked = {"access_token": "sandbox-maya", "user_id": "maya"}
    form(api, "/api/auth/twitter/", asked)
    told = form(api, "/api/auth/twitter/", asked, status=409)
    assert told["error"] == "network_already_connected"
    assert told["message"] == "This network is already connected to your account"
    form(api, "/api/auth/bluesky/", asked)
    form(api, "/api/auth/bluesky/", asked, status=409)


def test_a_token_the_network_does_not_know(play: Store, api: Api) -> None:
    told = form(api, "/api/auth/instagram/", {"access_token": "made-up"}, status=400)
    assert (told["error"], told["field"]) == ("invalid_access_token", "access_token")
    assert told["message"] == "Invalid or expired access token"
    asked = {"access_token": "sandbox-noor", "user_id": "maya"}
    told = form(api, "/api/auth/bluesky/", asked, status=400)
    assert told["error"] == "invalid_access_token"
    assert networks(api) == []


def test_what_else_can_be_wrong_with_a_connection(play: Store, api: Api) -> None:
    missing = form(api, "/api/auth/twitter/", {"user_id": "maya"}, status=400)
    assert (missing["error"], missing["field"]) == ("validation_error", "access_token")
    asked = {"access_token": "sandbox-maya"}
    unknown = form(api, "/api/auth/friendster/", asked, status=400)
    assert (unknown["error"], unknown["field"]) == ("validation_error", "network")
    assert unknown["message"] == "Network type not supported"
    whose = form(api, "/api/auth/bluesky/", asked, status=400)
    assert (whose["error"], whose["field"]) == ("validation_error", "user_id")
    nowhere = form(api, "/api/auth/mastodon/", asked | {"server": "not a server"}, status=400)
    assert (nowhere["error"], nowhere["field"]) == ("network_verification_failed", "server")
    assert nowhere["message"] == "Failed to verify network credentials" and nowhere["detail"]
    order(play, network="twitter", operation="account", fault="http_500", times=1)
    assert form(api, "/api/auth/twitter/", asked, status=502)["error"] == "network_error"
    assert networks(api) == []


def test_a_token_for_several_accounts_names_them(play: Store, api: Api) -> None:
    person = play.accounts.get("facebook", "maya")
    person.extras["pages"] = ["one", "two"]
    play.accounts.save(person)
    asked = {"access_token": "sandbox-maya", "user_id": "10001"}
    told = form(api, "/api/auth/facebook/", asked, status=400)
    assert (told["error"], told["field"]) == ("validation_error", "user_id")
    two = play.accounts.get("facebook", "two").id
    assert f"{two} (Two)" in told["message"]
    assert form(api, "/api/auth/facebook/", asked | {"user_id": two})["network_id"]
    assert form(api, "/api/auth/facebook/", asked | {"user_id": "one"})["network_id"]
    assert {one["network_id"] for one in networks(api)} >= {two}


# Approval ---------------------------------------------------------------------------------------


def test_a_network_is_submitted_once(api: Api) -> None:
    told = api.post("/api/action/network/approval/", SUBMISSION)
    assert set(told) == {"status", "message", "approval_id"}
    assert (told["status"], told["message"]) == ("success", "Network submitted for approval")
    assert isinstance(told["approval_id"], int)
    again = form(api, "/api/action/network/approval/", SUBMISSION | {"followers": "6000"})
    assert again["approval_id"] == told["approval_id"]
    found = networks(api)
    assert len(found) == 1
    assert (found[0]["followers"], found[0]["category"]) == (6000, "fashion")
    assert found[0]["extra_data"] == {}


def test_connecting_accepts_what_was_submitted_by_its_name(play: Store, api: Api) -> None:
    api.post("/api/action/network/approval/", SUBMISSION | {"network_id": "@Maya"})
    number = networks(api)[0]["id"]
    asked = {"access_token": "sandbox-maya"}
    assert form(api, "/api/auth/instagram/", asked)["network_id"] == number
    found = networks(api)
    assert [(one["id"], one["status"], one["verified"]) for one in found] == [
        (number, "accepted", True)
    ]  # fmt: skip
    db.session.rollback()
    assert db.session.query(Approval).one().decision == "accepted"
    told = api.post("/api/action/network/approval/", SUBMISSION | {"network_id": "maya"},
                    status=409)  # fmt: skip
    assert told["error"] == "network_already_connected"


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"network_url": "instagram"}, "network_url", "Invalid network URL format"),
        ({"network_url": "javascript:alert(1)"}, "network_url", "Invalid network URL format"),
        ({"network_url": "https://a@b.example/"}, "network_url", "Invalid network URL format"),
        ({"network_url": "https://[b.example/"}, "network_url", "Invalid network URL format"),
        ({"network_type": "friendster"}, "network_type", "Network type not supported"),
        ({"network_id": ""}, "network_id", None),
        ({"network_id": " "}, "network_id", "This field is required."),
        ({"followers": -1}, "followers", None),
    ],
)  # fmt: skip
def test_a_submission_that_is_not_as_described(
    api: Api, change: dict[str, Any], field: str, message: str | None
) -> None:
    told = api.post("/api/action/network/approval/", SUBMISSION | change, status=400)
    assert (told["error"], told["field"]) == ("validation_error", field)
    assert message is None or told["message"] == message
    assert networks(api) == []


# Pages, walls, channels -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "network", "count"),
    [("page", "facebook", "followers"), ("wall", "instagram", "followers"),
     ("channel", "youtube", "subscribers")],
)  # fmt: skip
def test_a_page_wall_or_channel_is_added_and_listed(
    api: Api, kind: str, network: str, count: str
) -> None:
    asked = {
        "network": network, f"{kind}_id": f"{kind}456", f"{kind}_name": "Beauty Blog",
        f"{kind}_url": f"https://{network}.com/{kind}456", count: 8000, "category": "beauty",
    }  # fmt: skip
    told = form(api, f"/api/add/social-{kind}/", asked)
    assert set(told) == {"status", "message", f"{kind}_id"}
    assert told["message"] == f"Social {kind} added successfully"
    found = api.post(f"/api/get/social-{kind}s/")[f"{kind}s"]
    assert [one["id"] for one in found] == [told[f"{kind}_id"]]
    one = found[0]
    assert set(one) == COMMON | {f"{kind}_id", f"{kind}_name", f"{kind}_url", count}
    assert {name: one[name] for name in asked} == asked and one["status"] == "pending"
    twice = api.post(f"/api/add/social-{kind}/", asked, status=409)
    assert twice["error"] == "network_already_connected" and twice["field"] == f"{kind}_id"
    for change, field in (
        ({f"{kind}_url": "nothing"}, f"{kind}_url"), ({"network": "friendster"}, "network"),
        ({f"{kind}_name": None}, f"{kind}_name"),
    ):  # fmt: skip
        other = asked | {f"{kind}_id": "other"} | change
        refused = api.post(f"/api/add/social-{kind}/", other, status=400)
        assert (refused["error"], refused["field"]) == ("validation_error", field)


def test_connected_pages_and_channels_are_listed_beside_those_added(play: Store, api: Api) -> None:
    asked = {"access_token": "sandbox-maya", "user_id": "maya"}
    for network in ("facebook", "google", "pinterest"):
        form(api, f"/api/auth/{network}/", asked)
    for word, network in (("page", "facebook"), ("channel", "youtube")):
        first = api.post(f"/api/get/social-{word}s/")[f"{word}s"]
        again = api.post(f"/api/get/social-{word}s/")[f"{word}s"]
        assert first == again and [one["network"] for one in first] == [network]
        assert first[0]["status"] == "accepted"
    assert api.post("/api/get/social-walls/") == {"walls": []}


# Doors ------------------------------------------------------------------------------------------

PATHS = (
    "/api/get/networks/", "/api/action/network-extra/update/", "/api/auth/facebook/",
    "/api/action/network/approval/", "/api/network/status/", "/api/network/disconnect/",
    "/api/get/social-pages/", "/api/add/social-page/", "/api/get/social-walls/",
    "/api/add/social-wall/", "/api/get/social-channels/", "/api/add/social-channel/",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_address_asks_for_a_key_and_takes_only_post(client: Browser, path: str) -> None:
    for one in (path, path.rstrip("/")):
        told = Api(client).post(one, {}, status=401)
        assert told["error"] == "authentication_required"
        assert told["message"] == "Authentication is required for this endpoint"
    assert Api(client).get(path, status=405)["error"] == "method_not_allowed"


def test_all_three_places_of_a_key_work(client: Browser, amplify: Api, brand: Profile) -> None:
    assert Api(client, amplify.key, header="Authorization").post("/api/get/networks/")
    user = ids.oktopost("001", brand.number)
    sent = base64.b64encode(f"{user}:{amplify.key}".encode()).decode()
    headers = {"Authorization": f"Basic {sent}"}
    assert Api(client).post("/api/get/networks", headers=headers) == {"networks": []}


def test_foreign_and_missing_networks_answer_alike(api: Api) -> None:
    foreign = make_account(make_profile(make_user()), "instagram").number
    answers = []
    for number in (foreign, 999_999, 2**31, 2**70, -1):
        for path in ("/api/network/status/", "/api/network/disconnect/"):
            told = api.post(path, {"network_id": number}, status=404)
            told.pop("request_id")
            answers.append(told)
        asked = {"network_id": number, "extra_data": {"bio": "x"}}
        told = api.post("/api/action/network-extra/update/", asked, status=404)
        told.pop("request_id")
        answers.append(told)
    assert all(one == answers[0] for one in answers)
    assert (answers[0]["error"], answers[0]["message"]) == (
        "network_not_found",
        "Network not found",
    )
    words = api.post("/api/network/status/", {"network_id": "user123"}, status=400)
    assert (words["error"], words["field"]) == ("validation_error", "network_id")


def test_a_member_submits_and_does_not_connect(
    play: Store, client: Browser, brand: Profile, ampost: Api
) -> None:
    member, brand_id = make_user(), brand.id
    foreign = make_profile().id
    join(brand, member, Role.MEMBER)
    number = make_account(brand, "instagram").number
    theirs = Api(client, keys.create(actor_of(member), KeyKind.ACCOUNT)[1])
    assert theirs.post("/api/action/network/approval/", SUBMISSION)["approval_id"]
    for path, asked in (
        ("/api/auth/twitter/", {"access_token": "sandbox-maya"}),
        ("/api/network/disconnect/", {"network_id": number}),
        ("/api/action/network-extra/update/", {"network_id": number, "extra_data": {"a": "b"}}),
    ):
        told = theirs.post(path, asked, status=403)
        assert told["error"] == "permission_denied"
        assert told["message"] == "You don't have permission to access this network"
    for stranger in (foreign, "00000000-0000-7000-8000-000000000000", "nothing"):
        told = theirs.post(f"/api/get/networks/?profileId={stranger}", status=403)
        assert told["error"] == "permission_denied"
    assert theirs.post(f"/api/get/networks/?profileId={brand_id}")["networks"]


def test_the_same_post_twice_makes_one(api: Api) -> None:
    for path, asked in (
        ("/api/action/network/approval/", SUBMISSION),
        ("/api/add/social-page/", {"network": "facebook", "page_id": "p", "page_name": "P",
                                   "page_url": "https://facebook.com/p"}),
    ):  # fmt: skip
        headers = {"Idempotency-Key": f"key-of-{path}"}
        first = api.post(path, asked, headers=headers)
        assert api.post(path, asked, headers=headers) == first
        assert api.headers["Idempotency-Replayed"] == "true"
    assert db.session.query(Approval).count() == 2


def test_there_is_a_limit(api: Api, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setitem(
        app.config, "CARILLON", replace(app.config["CARILLON"], NETWORKS_PER_PROFILE=1)
    )
    api.post("/api/action/network/approval/", SUBMISSION)
    told = api.post("/api/action/network/approval/", SUBMISSION | {"network_id": "b"}, status=403)
    assert told["error"] == "network_limit_reached"
    assert told["message"] == "Maximum number of networks reached"


def test_the_owner_of_the_key_is_recorded(api: Api, owner: Actor) -> None:
    api.post("/api/action/network/approval/", SUBMISSION)
    assert db.session.query(Approval).one().submitter.startswith(owner.name)
