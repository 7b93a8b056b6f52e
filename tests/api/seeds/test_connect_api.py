"""The Connect API seed (004), walked in its order: its forms as they stand, its answers' shapes."""

from __future__ import annotations

from typing import Any

import pytest

from app.sandbox.store import Store
from tests.api.asking import Api
from tests.api.seeds.shape import alike

AT = "2024-01-01T00:00:00Z"
NETWORK = {
    "id": 123, "user_id": 456, "network": "instagram", "network_id": "user123",
    "network_url": "https://instagram.com/user123", "status": "accepted", "followers": None,
    "verified": True, "category": None, "engagement_rate": None, "connected_at": AT,
    "last_updated": AT, "extra_data": {},
}  # fmt: skip
PLACE = {
    "id": 456, "user_id": 456, "status": "accepted", "category": "fashion",
    "engagement_rate": None, "connected_at": AT, "last_updated": AT, "extra_data": {},
}  # fmt: skip


@pytest.fixture
def ask(amplify: Api) -> Any:
    """``ask("/api/…", a="b", **{"c[d]": "e"})`` posts a form; ``parts`` as multipart."""

    def post(path: str, status: int = 200, *, parts: bool = False, **form: str) -> Any:
        kind = {"content_type": "multipart/form-data"} if parts else {}
        return amplify.ask("POST", path, status=status, data=form, **kind)

    return post


def test_networks_from_connecting_to_disconnecting(ask: Any, amplify: Api, play: Store) -> None:
    assert ask("/api/get/networks/") == {"networks": []}
    numbers = {}
    for network, called in (("facebook", "Facebook"), ("google", "Google"),
                            ("instagram", "Instagram"), ("twitter", "Twitter")):  # fmt: skip
        sent = {"access_token": "sandbox-maya", "user_id": f"{network}_user_id"}
        told = ask(f"/api/auth/{network}/", **sent)
        alike(told, {"status": "success", "message": "", "network_id": 123})
        assert told["message"] == f"{called} account connected successfully"
        numbers[network] = told["network_id"]
    alike(amplify.post("/api/get/networks/"), {"networks": [NETWORK]})

    number = str(numbers["instagram"])
    extra = {
        "extra_data[bio]": "Updated bio information", "extra_data[website]": "https://example.com",
        "extra_data[category]": "fashion", "extra_data[engagement_rate]": "3.5",
    }  # fmt: skip
    for parts in (False, True):
        told = ask("/api/action/network-extra/update/", network_id=number, parts=parts, **extra)
        assert told == {
            "status": "success", "message": "Network extra information updated successfully",
        }  # fmt: skip
    found = next(one for one in ask("/api/get/networks/")["networks"] if str(one["id"]) == number)
    assert (found["category"], found["engagement_rate"]) == ("fashion", 3.5)
    state = ask("/api/network/status/", network_id=number)
    alike(state, {
        "status": "accepted", "verified": True, "followers": None, "engagement_rate": 3.5,
        "last_updated": "2024-08-01T10:00:00Z",
    })  # fmt: skip
    assert (state["status"], state["verified"]) == ("accepted", True)

    told = amplify.post("/api/action/network/approval/", {
        "network_type": "instagram", "network_id": "user123",
        "network_url": "https://instagram.com/user123", "followers": 5000, "category": "fashion",
    })  # fmt: skip
    alike(told, {"status": "success", "message": "", "approval_id": 789})
    assert told["message"] == "Network submitted for approval"
    asked = next(one for one in ask("/api/get/networks/")["networks"]
                 if one["network_id"] == "user123")  # fmt: skip
    assert (asked["status"], asked["verified"], asked["followers"]) == ("pending", False, 5000)
    gone = ask("/api/network/disconnect/", network_id=number)
    assert gone == {"status": "success", "message": "Network disconnected successfully"}
    assert ask("/api/network/status/", network_id=number)["status"] == "disconnected"


def test_pages_walls_and_channels(ask: Any, amplify: Api) -> None:
    for kind, network, count, number in (
        ("page", "facebook", "followers", 8000), ("wall", "instagram", "followers", 3000),
        ("channel", "youtube", "subscribers", 8000),
    ):  # fmt: skip
        named = {
            "network": network, f"{kind}_id": f"{kind}456", f"{kind}_name": f"Beauty {kind}",
            f"{kind}_url": f"https://{network}.com/{kind}456", "category": "beauty",
        }  # fmt: skip
        path = f"/api/add/social-{kind}/"
        if kind == "channel":  # the one of the three whose body the seed writes as JSON
            told = amplify.post(path, named | {count: number})
        else:
            told = ask(path, **named, **{count: str(number)})
        alike(told, {"status": "success", "message": "", f"{kind}_id": 457})
        assert told["message"] == f"Social {kind} added successfully"
        found = ask(f"/api/get/social-{kind}s/")[f"{kind}s"]
        alike(found, [PLACE | named | {count: 10000}])
        assert {**named, count: number}.items() <= found[0].items()


@pytest.mark.parametrize(
    ("path", "form", "status", "told"),
    [
        ("/api/auth/instagram/", {"access_token": "expired"}, 400,
         {"error": "invalid_access_token", "message": "Invalid or expired access token"}),
        ("/api/network/status/", {"network_id": "999999"}, 404,
         {"error": "network_not_found", "message": "Network not found"}),
        ("/api/auth/mastodon/", {"access_token": "sandbox-maya", "server": "no server"}, 400,
         {"error": "network_verification_failed",
          "message": "Failed to verify network credentials"}),
        ("/api/action/network/approval/",
         {"network_type": "instagram", "network_id": "a", "network_url": "nowhere"}, 400,
         {"error": "validation_error", "message": "Invalid network URL format",
          "field": "network_url"}),
        ("/api/add/social-page/",
         {"network": "friendster", "page_id": "a", "page_name": "A",
          "page_url": "https://a.example/a"}, 400,
         {"error": "validation_error", "message": "Network type not supported",
          "field": "network"}),
    ],
)  # fmt: skip
def test_errors_have_the_seeds_words(
    ask: Any, play: Store, path: str, form: dict[str, str], status: int, told: dict[str, str]
) -> None:
    assert told.items() <= ask(path, status, **form).items()
