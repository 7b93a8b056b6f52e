"""Oktopost's integrations as the seed writes them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from app import ids
from app.clock import now
from app.extensions import db, networks
from app.jobs import checks as jobs
from app.models.accounts import AccountStatus
from app.models.approvals import Place, PlaceKind
from app.models.events import AuditEvent
from app.models.integrations import Integration
from app.models.profiles import Profile
from app.permissions import Actor, Role
from app.services import given_tokens, integration_checks, integrations, keys, plans
from app.services.keys import KeyKind
from tests.api.asking import Api
from tests.api.oktopost.asking import Basic, basic
from tests.api.oktopost.systems import SECRET, Systems
from tests.conftest import Browser
from tests.factories import actor_of, join, make_account, make_profile, make_user

STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
MEMBERS = {
    "Id", "Created", "Modified", "Status", "State", "AccountId", "Type", "Version", "CnameId",
    "SettingsData", "StatusMessage",
}  # fmt: skip
WORKING: dict[str, dict[str, str]] = {
    "cd": {"account_key": "aBcDeFgHiJ12"},
    "ga": {"measurement_id": "G-ABC123", "api_secret": SECRET},
    "mautic": {"base_url": "https://mautic.example/", "client_id": "1_abc",
               "client_secret": SECRET},
    "netresults": {"username": "api@marram.example", "password": SECRET},
    "pardot": {"login_url": "https://login.example", "client_id": "3MV", "client_secret": SECRET,
               "business_unit_id": "0Uv000000000001AAA"},
}  # fmt: skip


def made(api: Api, cname: str, kind: str = "ga", **settings: str) -> str:
    asked = {"type": kind, "cnameId": cname, **(settings or WORKING.get(kind, {}))}
    found: str = api.post("/v2/integration", asked)["Integration"]["Id"]
    return found


def row() -> Integration:
    db.session.rollback()
    db.session.expire_all()
    return db.session.query(Integration).one()


# The seed's calls -------------------------------------------------------------------------------


def test_an_integration_is_connected_as_the_seed_writes_it(api: Api, cname: str) -> None:
    found = api.post("/v2/integration", {"cnameId": cname, "type": "cd", **WORKING["cd"]})
    assert found["Result"] is True
    assert set(found["Integration"]) == {"Id", "Type", "Status", "State"}
    assert re.fullmatch(r"014\d{12}", found["Integration"]["Id"])
    assert found["Integration"] | {"Id": ""} == {
        "Id": "", "Type": "cd", "Status": "valid", "State": "active",
    }  # fmt: skip
    bare = api.post("/v2/integration", {"cnameId": cname, "type": "cd"})["Integration"]
    assert (bare["Status"], bare["State"]) == ("invalid", "active")
    told = api.get(f"/v2/integration/{bare['Id']}")["Integration"]
    assert told["StatusMessage"] == "Still missing: account_key."


@pytest.mark.parametrize("kind", WORKING)
def test_every_type_is_asked_whether_it_accepts_the_settings(
    api: Api, cname: str, systems: Systems, kind: str
) -> None:
    asked = {"type": kind, "cnameId": cname}
    given = {f"settings[{name}]": value for name, value in WORKING[kind].items()}
    found = api.post("/v2/integration", asked | given)["Integration"]
    assert found["Status"] == "valid" and systems.asked
    secret = {"cd": "account_key", "ga": "measurement_id", "pardot": "client_secret",
              "mautic": "client_secret", "netresults": "password"}[kind]  # fmt: skip
    wrong = api.post("/v2/integration", asked | WORKING[kind] | {secret: "-"})["Integration"]
    assert wrong["Status"] == "invalid"
    told = api.get(f"/v2/integration/{wrong['Id']}")["Integration"]
    assert told["StatusMessage"] and "could not be reached" not in told["StatusMessage"]


def test_the_list_has_the_seeds_members_and_no_secret(api: Api, cname: str, brand: Profile) -> None:
    account = ids.oktopost("001", brand.number)
    one = made(api, cname, "mautic")
    found = api.get("/v2/integration?type=mautic")
    assert set(found) == {"Result", "Items", "Total"} and found["Total"] == 1
    item = found["Items"][0]
    assert set(item) == MEMBERS
    assert (item["Id"], item["AccountId"], item["CnameId"]) == (one, account, cname)
    assert (item["Type"], item["Version"], item["Status"]) == ("mautic", 1, "valid")
    assert STAMP.fullmatch(item["Created"]) and STAMP.fullmatch(item["Modified"])
    assert item["SettingsData"] == {"base_url": "https://mautic.example", "client_id": "1_abc"}
    told = api.get(f"/v2/integration/{one}")["Integration"]
    assert told == item
    assert SECRET not in str([found, told])
    stored = row()
    assert stored.secret is not None and SECRET not in stored.secret
    assert SECRET not in str([one.detail for one in db.session.query(AuditEvent)])
    assert api.get("/v2/integration?type=facebook") == {"Result": True, "Items": [], "Total": 0}


def test_pages_of_the_list(api: Api, brand: Profile, owner: Actor) -> None:
    from app.services import numbers

    for _ in range(27):
        number = numbers.take(db.session(), Integration)
        db.session.add(Integration(number=number, profile_id=brand.id, kind="ga"))
    number = numbers.take(db.session(), Integration)
    db.session.add(Integration(number=number, profile_id=brand.id, kind="metricool"))
    db.session.commit()
    first = api.get("/v2/integration")
    assert (len(first["Items"]), first["Total"]) == (25, 27)
    second = api.get("/v2/integration?_page=1")
    assert (len(second["Items"]), second["Total"]) == (2, 27)
    assert not {one["Id"] for one in first["Items"]} & {one["Id"] for one in second["Items"]}
    assert len(api.get("/v2/integration?_count=50")["Items"]) == 27
    assert len(api.get("/v2/integration?_count=100&_page=1")["Items"]) == 0
    for query in ("_count=10", "_count=x", "_page=-1", "_page=9999999999999", "type=metricool"):
        told = api.get(f"/v2/integration?{query}", status=400)
        assert told["Result"] is False and told["field"] == query.split("=")[0]


def test_assets_are_told_where_they_are_asked_for(api: Api, cname: str, brand: Profile) -> None:
    account = make_account(brand, "linkedin", "john", name="John Smith")
    make_account(brand, "twitter", "gone", status=AccountStatus.NEEDS_RECONNECT)
    db.session.add(Place(
        number=7, profile_id=brand.id, network="facebook", kind=PlaceKind.PAGE, external_id="p",
        name="Blog",
    ))  # fmt: skip
    number = account.number
    db.session.commit()
    one = made(api, cname)
    assert "Assets" not in api.get(f"/v2/integration/{one}")["Integration"]
    assert "Assets" not in api.get(f"/v2/integration/{one}?withAssets=0")["Integration"]
    found = api.get(f"/v2/integration/{one}?withAssets=1")["Integration"]["Assets"]
    assert found["Credentials"][0] == {
        "Id": ids.oktopost("003", number), "Name": "John Smith's LinkedIn",
        "DisplayName": "John Smith", "Status": "valid", "Network": "LinkedIn",
    }  # fmt: skip
    assert found["Credentials"][1]["Status"] == "invalid"
    assert [(one["Name"], one["Network"]) for one in found["Boards"]] == [("Blog", "facebook")]


def test_an_integration_is_switched_changed_and_deleted(
    api: Api, cname: str, systems: Systems
) -> None:
    one = made(api, cname, "mautic")
    path = f"/v2/integration/{one}"
    assert api.post(path, {"state": "disabled"}) == {"Result": True}
    told = api.get(path)["Integration"]
    assert (told["State"], told["Status"]) == ("disabled", "valid")
    other = api.post("/v2/cname", {"domain": "links.example.org"})["Cname"]["Id"]
    api.post(path, {"cnameId": other})
    assert api.get(path)["Integration"]["CnameId"] == other
    systems.secret = "another"
    api.post(path, {"state": "active"})
    told = api.get(path)["Integration"]
    assert (told["State"], told["Status"]) == ("active", "invalid")
    api.post(path, {"client_secret": "another"})
    told = api.get(path)["Integration"]
    assert (told["Status"], told["StatusMessage"]) == ("valid", None)
    assert told["SettingsData"]["client_id"] == "1_abc"
    assert api.delete(path) == {"Result": True}
    assert api.get(path, status=404)["Result"] is False
    assert db.session.query(Integration).count() == 0
    found = [one.action for one in db.session.query(AuditEvent).order_by(AuditEvent.id)]
    assert [one for one in found if one.startswith("integration.")] == [
        "integration.connected", *["integration.changed"] * 4, "integration.disconnected",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": None}, "type"), ({"type": "metricool"}, "type"), ({"cnameId": None}, "cnameId"),
        ({"cnameId": "0CN000000000000"}, "cnameId"), ({"cnameId": "nothing"}, "cnameId"),
        ({"cnameId": "0CN999999999999"}, "cnameId"), ({"measurement_id": " "}, "measurement_id"),
        ({"type": "mautic", "base_url": "mautic"}, "base_url"),
        ({"type": "mautic", "base_url": "https://u:p@mautic.example"}, "base_url"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_with_result_false(
    api: Api, cname: str, change: dict[str, Any], field: str
) -> None:
    asked = {"type": "ga", "cnameId": cname} | change
    given = {name: value for name, value in asked.items() if value is not None}
    told = api.post("/v2/integration", given, status=400)
    assert (told["Result"], told["field"]) == (False, field)
    assert told["message"] and told["error"] == told["message"]
    assert db.session.query(Integration).count() == 0


def test_an_integration_lives_in_its_facebook_accounts(api: Api, cname: str, owner: Actor) -> None:
    asked = {"type": "facebook", "cnameId": cname}
    assert api.post("/v2/integration", asked)["Integration"]["Status"] == "invalid"
    given_tokens.take(owner, next(iter(owner.roles)), "facebook", token="sandbox-maya")
    assert api.post("/v2/integration", asked)["Integration"]["Status"] == "valid"


# Status, over time ------------------------------------------------------------------------------


def aged(hours: float) -> None:
    db.session.rollback()
    at = now() - timedelta(hours=hours)
    db.session.query(Integration).update(
        {Integration.checked_at: at, Integration.updated_at: Integration.updated_at}
    )
    db.session.commit()


def test_the_status_is_looked_at_again_daily(api: Api, cname: str, systems: Systems) -> None:
    made(api, cname, "mautic")
    modified = row().updated_at
    systems.secret = "another"
    aged(23)
    assert integration_checks.recheck() == 0
    aged(25)
    assert integration_checks.recheck() == 1
    found = row()
    assert not found.valid and "does not accept" in found.reason and found.updated_at == modified
    assert integration_checks.recheck() == 0
    systems.secret = SECRET
    aged(2)
    jobs.integrations()
    assert row().valid and row().reason == ""


def test_a_system_that_is_away_changes_nothing(api: Api, cname: str, systems: Systems) -> None:
    made(api, cname, "mautic")
    systems.broken.add("mautic.example")
    aged(25)
    integration_checks.recheck()
    assert row().valid
    late = made(api, cname, "netresults")
    systems.broken.add("apps.net-results.com")
    other = made(api, cname, "netresults")
    assert api.get(f"/v2/integration/{late}")["Integration"]["Status"] == "valid"
    told = api.get(f"/v2/integration/{other}")["Integration"]
    assert told["Status"] == "invalid" and "cannot answer" in told["StatusMessage"]


def test_an_address_inside_is_not_spoken_to(api: Api, cname: str) -> None:
    networks.transport = None
    networks.reset()
    app_guard = {"base_url": "https://10.0.0.7", "client_id": "a", "client_secret": "b"}
    one = made(api, cname, "mautic", **app_guard)
    told = api.get(f"/v2/integration/{one}")["Integration"]
    assert told["Status"] == "invalid" and "cannot be used" in told["StatusMessage"]


# Doors ------------------------------------------------------------------------------------------


def test_the_door_asks_for_account_and_key(
    client: Browser, api: Basic, brand: Profile, owner: Actor
) -> None:
    found = client.get("/v2/integration")
    assert found.status_code == 401
    assert found.headers["WWW-Authenticate"] == 'Basic realm="Carillon"'
    assert found.get_json()["Result"] is False
    key, foreign = api.key, make_profile(make_user())
    assert basic(client, foreign, key).get("/v2/integration", status=401)["Result"] is False
    api.user = "nobody"
    api.get("/v2/integration", status=401)
    for header in ("X-API-Key", "Authorization"):
        assert Api(client, key, header=header).get("/v2/integration")["Result"] is True
    wide = keys.create(owner, KeyKind.ACCOUNT)[1]
    assert basic(client, brand, wide).get("/v2/integration")["Total"] == 0


def test_foreign_and_missing_integrations_answer_alike(
    client: Browser, api: Api, cname: str
) -> None:
    one = made(api, cname)
    eve = make_user()
    other = make_profile(eve)
    theirs = basic(client, other, keys.create(actor_of(eve), KeyKind.PROFILE, other.id)[1])
    answers = []
    for public in (
        one,
        "014000000999999",
        "014999999999999",
        "nothing",
        "014１００００００００００１",
    ):
        for method, body in (("GET", None), ("POST", {"state": "disabled"}), ("DELETE", None)):
            told = theirs.ask(method, f"/v2/integration/{public}", body, status=404)
            told.pop("request_id")
            answers.append(told)
    assert all(one == answers[0] for one in answers) and answers[0]["Result"] is False
    theirs.delete(f"/v2/cname/{cname}", status=404)
    told = theirs.post("/v2/integration", {"type": "ga", "cnameId": cname}, status=400)
    assert told["field"] == "cnameId"


def test_members_read_and_owners_write(
    client: Browser, api: Api, cname: str, brand: Profile
) -> None:
    member = make_user()
    join(brand, member, Role.MEMBER)
    theirs = basic(client, brand, keys.create(actor_of(member), KeyKind.ACCOUNT)[1])
    one = made(api, cname)
    assert theirs.get(f"/v2/integration/{one}")["Result"] is True
    for method, path, body in (
        ("POST", "/v2/integration", {"type": "ga", "cnameId": cname}),
        ("POST", f"/v2/integration/{one}", {"state": "disabled"}),
        ("DELETE", f"/v2/integration/{one}", None), ("POST", "/v2/cname", {"domain": "a.org"}),
        ("DELETE", f"/v2/cname/{cname}", None),
    ):  # fmt: skip
        assert theirs.ask(method, path, body, status=403)["Result"] is False


def test_where_the_installation_bills_only_partners_connect(
    api: Api, cname: str, brand: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = ids.oktopost("001", brand.number)
    monkeypatch.setattr(plans, "billed", lambda: True)
    monkeypatch.setattr(plans, "of", lambda user_id: plans.PLANS["growth"])
    asked = {"type": "cd", "cnameId": cname}
    assert api.post("/v2/integration", asked, status=403)["Result"] is False
    integrations.partner(account, yes=True)
    assert api.post("/v2/integration", asked)["Result"] is True
    integrations.partner(account, yes=False)
    api.post("/v2/integration", asked, status=403)


def test_the_same_post_twice_makes_one(api: Api, cname: str) -> None:
    headers = {"Idempotency-Key": "once"}
    asked = {"type": "cd", "cnameId": cname}
    first = api.post("/v2/integration", asked, headers=headers)
    assert api.post("/v2/integration", asked, headers=headers) == first
    assert api.headers["Idempotency-Replayed"] == "true"
    assert db.session.query(Integration).count() == 1
