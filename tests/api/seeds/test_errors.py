"""Every refusal of every contract in its own words, and what no seed asks for is not there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app import ids
from app.extensions import db
from app.models.people import User
from app.models.profiles import Profile
from app.services import plans
from tests.api.asking import Api
from tests.conftest import Browser
from tests.factories import make_profile, make_user

MEMBERS = {"success", "error", "message", "code", "field", "errors", "request_id"}
CONTRACTS: dict[str, dict[str, Any]] = {
    "core": {
        "read": ("GET", "/api/v1/posts"), "make": ("/api/v1/templates", {"name": "A"}),
        "good": {"name": "A", "content": "A"}, "gone": ("GET", "/api/v1/templates/{id}"),
        "nowhere": "/api/v1/nowhere",
    },
    "amp": {
        "read": ("GET", "/v1/connect/status"), "make": ("/v1/connect/metricool", {"token": "a"}),
        "good": None, "gone": ("GET", "/v1/connect/metricool/test"),
        "nowhere": "/v1/connect/nowhere",
    },
    "oktopost": {
        "read": ("GET", "/v2/integration"), "make": ("/v2/integration", {"type": "cd"}),
        "good": None, "gone": ("GET", "/v2/integration/014000000009999"),
        "nowhere": "/v2/integration/a/b",
    },
    "connect": {
        "read": ("POST", "/api/get/networks/"), "make": ("/api/network/status/", {}),
        "good": {"network_type": "facebook", "network_id": "a",
                 "network_url": "https://facebook.com/a"},
        "gone": ("POST", "/api/network/status/"), "nowhere": "/api/get/nowhere/",
    },
}  # fmt: skip
WORDS = {
    400: "validation_error", 401: "authentication_required", 402: "subscription_required",
    403: "permission_denied", 404: "network_not_found", 405: "method_not_allowed",
    409: "conflict", 413: "payload_too_large", 415: "unsupported_media_type",
    429: "rate_limited",
}  # fmt: skip


class Contract:
    """One contract, asked for what it refuses."""

    def __init__(self, name: str, api: Api) -> None:
        self.name, self.api, self.told = name, api, CONTRACTS[name]

    def refused(self, method: str, path: str, status: int, **rest: Any) -> dict[str, Any]:
        """A refusal of that status, held against what every one of the contract has."""
        api = rest.pop("api", self.api)
        found: dict[str, Any] = api.ask(method, path, status=status, **rest)
        assert found.keys() >= MEMBERS and found["success"] is False
        assert found["request_id"].startswith("req_") and found["message"].strip()
        assert ("Result" in found) == (self.name == "oktopost")
        if self.name == "oktopost":
            assert found["Result"] is False
        if self.name == "connect":
            assert found["error"] == WORDS[status]
        else:
            assert found["error"] == found["message"]
        return found


@pytest.fixture(params=list(CONTRACTS))
def contract(request: pytest.FixtureRequest, amplify: Api) -> Contract:
    return Contract(request.param, amplify)


def test_a_refusal_of_every_status(
    contract: Contract, app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = make_profile(make_user()).id
    method, path = contract.told["read"]
    make, short = contract.told["make"]
    assert contract.refused("POST", make, 400, body=short)["field"]
    assert contract.refused("POST", make, 400, data="{", content_type="application/json")
    contract.refused(method, path, 401, api=Api(client))
    for stranger in (foreign, ids.uuid7(), "none"):
        contract.refused(method, f"{path}?profileId={stranger}", 403)
    way, gone = contract.told["gone"]
    sent = {"body": {"network_id": 999_999}} if way == "POST" else {}
    assert contract.refused(way, gone.format(id=ids.uuid7()), 404, **sent)["code"] == "NOT_FOUND"
    contract.refused("POST", contract.told["nowhere"], 404)
    assert contract.refused("PUT", path, 405)["code"] == "METHOD_NOT_ALLOWED"
    assert method in contract.api.headers["Allow"]
    large = b'{"a": "' + b"x" * 1_100_000 + b'"}'
    contract.refused("POST", make, 413, data=large, content_type="application/json")
    contract.refused("POST", make, 415, data="a,b", content_type="text/csv")
    if contract.told["good"]:
        once = {"Idempotency-Key": "one"}
        address = make if contract.name != "connect" else "/api/action/network/approval/"
        good = contract.told["good"]
        contract.api.post(address, good, headers=once)
        other = {**good, next(iter(good)): "instagram"}
        contract.refused("POST", address, 409, body=other, headers=once)
    few: Any = replace(app.config["CARILLON"], API_REQUESTS_PER_HOUR=0)
    monkeypatch.setitem(app.config, "CARILLON", few)
    told = contract.refused(method, path, 429)
    assert (told["code"], told["operation"]) == ("RATE_LIMITED", "apiRead")
    assert int(contract.api.headers["Retry-After"]) >= 1


def test_an_owner_whose_plan_has_no_api_is_told_402(
    contract: Contract, ampost: Api, brand: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Amplify: "API requests using X-API-Key return 402 when subscription is inactive."."""
    from app.models.billing import Subscription

    user_id = db.session.query(User).one().id
    monkeypatch.setattr(plans, "billed", lambda: True)
    method, path = contract.told["read"]
    for api in (contract.api, ampost):
        told = contract.refused(method, path, 402, api=api)
        assert told["code"] == "SUBSCRIPTION_REQUIRED" and "Free plan" in told["message"]
    db.session.add(Subscription(user_id=user_id, plan="starter", status="active"))
    db.session.commit()
    for api in (contract.api, ampost):
        api.ask(method, path)
    db.session.query(Subscription).update({"status": "canceled"})
    db.session.commit()
    contract.refused(method, path, 402)


def test_a_key_is_made_only_after_a_plan_that_has_them(
    brand: Profile, signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Amplify: "Users must have an active paid subscription before creating API keys."."""
    browser = signed_in(db.session.query(User).one())
    monkeypatch.setattr(plans, "billed", lambda: True)
    for path in ("/api/api-keys", "/api/keys"):
        told = browser.post(path, json={"name": "My Integration Key"})
        assert (told.status_code, told.get_json()["code"]) == (402, "SUBSCRIPTION_REQUIRED")
    assert browser.get("/api/api-keys").get_json() == {"apiKeys": []}


def test_no_other_site_is_let_in_and_head_says_what_get_would(
    amplify: Api, client: Browser
) -> None:
    """No seed asks for CORS (reliability §13)."""
    headers = {"Origin": "https://elsewhere.example", "X-API-Key": amplify.key}
    for method in ("GET", "OPTIONS", "HEAD"):
        answer = client.open("/api/v1/posts", method=method, headers=headers, csrf=False)
        assert answer.status_code == 200
        assert not [one for one in dict(answer.headers) if one.startswith("Access-Control")]
        assert method == "GET" or not answer.data
