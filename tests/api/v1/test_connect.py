"""``POST /api/v1/connect/init`` in the seed's words, from the program to the account."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import ids
from app.extensions import db, networks
from app.models.accounts import OAuthState, PendingConnection, SocialAccount
from app.models.events import AuditEvent
from app.models.people import User
from app.models.profiles import Membership, Profile
from app.permissions import Actor, Role
from app.sandbox.store import Store
from app.services import keys
from app.services.keys import KeyKind
from tests.api.asking import Api
from tests.api.v1.connecting import RETURN, X, asked, begin, count, ids_of, register, went
from tests.conftest import Browser
from tests.factories import actor_of, make_profile, make_user
from tests.playing import sandbox

__all__ = ["sandbox"]
INIT = "/api/v1/connect/init"


@pytest.fixture
def program(amplify: Api, brand: Profile, sandbox: Store) -> Api:  # noqa: F811
    """Somebody's app with a key; the profile knows its address."""
    register(brand)
    return amplify


@pytest.fixture
def person(app: Flask) -> Browser:
    """A browser in which nobody is signed in to Carillon."""
    return app.test_client()  # type: ignore[return-value]


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


# The way through -------------------------------------------------------------------------------


def test_the_seeds_example_from_the_request_to_the_account(
    program: Api, person: Browser, brand: Profile
) -> None:
    url = begin(program)
    assert url.startswith("http://127.0.0.1:1/x/i/oauth2/authorize?")
    state = db.session.scalars(select(OAuthState)).one()
    assert state.return_url == RETURN and state.state_hash not in url
    where = asked(program, person)
    assert count() == 0
    page = person.get(where)
    words = text(page.text)
    assert (
        "Connect this account to “Marram Coffee”?" in words and "Nothing is connected yet" in words
    )
    assert "@maya" in words and "your-app.com" in words and "Sign in" not in words
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and page.headers["Cache-Control"] == "no-store"
    told = person.post(
        where, data={"accounts": re.findall(r'name="accounts" value="(.+?)"', page.text)}
    )
    going = went(told)
    assert going["status"] == ["success"] and set(going) == {"status", "connectionId"}
    [made] = program.get("/api/v1/connections")["connections"]
    assert going["connectionId"] == [made["id"]]
    assert (made["platform"], made["connectionStatus"]) == (X, "connected")
    row = db.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "account.connected")
    ).one()
    assert row.actor.endswith(f"({program.key[:3]}...{program.key[-8:]})")
    assert row.address == "127.0.0.1" and row.request_id.startswith("req_")
    assert person.post(where, data={"accounts": "x"}).status_code == 410  # answered once
    assert count() == 1


def test_of_several_pages_the_person_chooses(
    program: Api,
    person: Browser,
    sandbox: Store,  # noqa: F811
) -> None:
    sandbox.accounts.get("facebook", "maya").extras["pages"] = ["bakery", "cafe", "club"]
    sandbox.accounts.get("facebook", "club").extras["tasks"] = ["ANALYZE"]
    where = asked(program, person, "facebook")
    page = person.get(where)
    offered = re.findall(r'name="accounts" value="([^"]+)">', page.text)
    assert "Which accounts go to “Marram Coffee”?" in text(page.text)
    assert "may not create content" in page.text and len(offered) == 2  # the third is disabled
    nothing = person.post(where, data={})
    assert nothing.status_code == 422 and "Choose at least one account." in nothing.text
    made_up = person.post(where, data={"accounts": [offered[0], "another"]})
    assert made_up.status_code == 422 and count() == 0
    found = ids_of(went(person.post(where, data={"accounts": offered})))
    rows = [db.session.get_one(SocialAccount, one) for one in found]
    assert [one.external_id for one in rows] == offered
    assert len({one.grant_id for one in rows}) == 1 and not db.session.scalar(
        select(func.count()).select_from(PendingConnection)
    )


@pytest.mark.parametrize("network", ["mastodon", "bluesky"])
def test_servers_of_peoples_own_are_named_in_the_body(
    program: Api, person: Browser, network: str
) -> None:
    where = asked(program, person, network, server="http://127.0.0.1:1/" + network)
    answer = re.findall(r'name="accounts" value="(.+?)"', person.get(where).text)
    assert went(person.post(where, data={"accounts": answer}))["status"] == ["success"]


def test_an_accounts_key_names_the_profile(
    program: Api, ampost: Api, person: Browser, owner: Actor
) -> None:
    other = make_profile(db.session.get_one(User, owner.user_id), "Larkfield Ceramics")
    register(other)
    where = asked(ampost, person, profileId=str(other.id))
    assert "“Larkfield Ceramics”?" in person.get(where).text
    [one] = db.session.scalars(select(PendingConnection)).one().identities["found"]
    told = ids_of(went(person.post(where, data={"accounts": one["external_id"]})))
    assert db.session.get_one(SocialAccount, told[0]).profile_id == other.id
    assert program.get("/api/v1/connections")["connections"] == []


def test_an_address_with_a_query_of_its_own_keeps_it(
    program: Api, person: Browser, brand: Profile
) -> None:
    own = "http://127.0.0.1:8000/back?tenant=7"
    register(brand, RETURN, own)
    where = asked(program, person, returnUrl=own)
    told = went(person.post(where, data={"cancel": "1"}), own)
    assert told == {"tenant": ["7"], "status": ["error"], "error": ["access_denied"]}


# What is refused at the start ------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://your-app.com/callback/", "https://your-app.com/callback?x=1", "https://your-app.com",
        "https://your-app.com.evil.example/callback", "https://your-app.com@evil.example/callback",
        "http://your-app.com/callback", "HTTPS://your-app.com/callback", "//your-app.com/callback",
        "https://your-app.com/callback#", "https://your-app.com/callback%2e", "javascript:alert(1)",
        " https://your-app.com/callback", "https://yοur-app.com/callback", "",
    ],
)  # fmt: skip
def test_only_a_registered_address_is_taken(program: Api, url: str) -> None:
    told = program.post(INIT, {"platform": X, "returnUrl": url}, status=400)
    assert (told["code"], told["field"]) == ("VALIDATION_FAILED", "returnUrl")
    assert "Settings, Return addresses" in told["error"]
    assert db.session.scalars(select(OAuthState)).all() == []


def test_an_address_of_another_profile_is_not_this_ones(program: Api, brand: Profile) -> None:
    register(make_profile(), "https://their-app.com/")
    body = {"platform": X, "returnUrl": "https://their-app.com/"}
    assert program.post(INIT, body, status=400)["field"] == "returnUrl"


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"returnUrl": RETURN}, "platform", "required"),
        ({"platform": X}, "returnUrl", "required"),
        ({"platform": "friendster"}, "platform", "Use one of bluesky, facebook"),
        ({"platform": "metricool"}, "platform", "POST /v1/connect/metricool"),
        ({"platform": "snapchat"}, "platform", "Use one of"),
        ({"platform": "mastodon", "server": "no such server"}, "server", "name of your server"),
    ],
)
def test_what_has_to_be_mended_is_named(
    program: Api, body: dict[str, str], field: str, words: str
) -> None:
    if len(body) > 1 or field == "platform" and "returnUrl" not in body:
        body = {"returnUrl": RETURN, **body}
    told = program.post(INIT, body, status=400)
    assert told["field"] == field and words in told["error"]


def test_a_network_that_is_not_set_up_says_how_else(program: Api) -> None:
    x: Any = networks.get(X)
    x.settings = replace(x.settings, client_id="")
    told = program.post(INIT, {"platform": X, "returnUrl": RETURN}, status=400)
    assert told["field"] == "platform" and "POST /api/auth/twitter/" in told["error"]


def test_only_who_may_connect_accounts_begins(
    program: Api, brand: Profile, client: Browser, app: Flask
) -> None:
    theirs, body = make_profile(), {"platform": X, "returnUrl": RETURN}
    register(theirs)
    told = [
        program.post(INIT, {**body, "profileId": str(one)}, status=403)
        for one in (theirs.id, ids.uuid7())
    ]
    assert told[0]["error"] == told[1]["error"]
    colleague = make_user()
    db.session.add(Membership(profile_id=brand.id, user_id=colleague.id, role=Role.MEMBER))
    db.session.commit()
    key = keys.create(actor_of(colleague), KeyKind.ACCOUNT)[1]
    assert Api(client, key).post(INIT, body, status=403)["code"] == "FORBIDDEN"
    assert Api(client).post(INIT, body, status=401)["code"] == "UNAUTHORIZED"
    assert db.session.scalars(select(OAuthState)).all() == []


def test_the_same_request_twice_begins_once_and_an_hour_has_its_limit(
    program: Api, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        app.config, "CARILLON", replace(app.config["CARILLON"], API_CONNECTS_PER_HOUR=1)
    )
    body, once = {"platform": X, "returnUrl": RETURN}, {"Idempotency-Key": "one"}
    first = program.post(INIT, body, headers=once)
    assert program.post(INIT, body, headers=once) == first
    assert program.headers["Idempotency-Replayed"] == "true"
    assert len(db.session.scalars(select(OAuthState)).all()) == 1
    told = program.post(INIT, body, status=429)
    assert (told["code"], told["operation"]) == ("RATE_LIMITED", "connectPlatform")
    assert int(program.headers["Retry-After"]) >= 1


# The profile's addresses -----------------------------------------------------------------------


def test_a_program_reads_and_sets_the_addresses(amplify: Api, brand: Profile) -> None:
    path = f"/api/v1/profiles/{brand.id}"
    assert amplify.get(path)["profile"]["return_urls"] == []
    given = [RETURN, " http://localhost:3000/a ", RETURN, "http://[::1]/b", "https://a.example?x=1"]
    told = amplify.patch(path, {"returnUrls": given})["profile"]["return_urls"]
    assert told == [RETURN, "http://localhost:3000/a", "http://[::1]/b", "https://a.example?x=1"]
    assert amplify.patch(path, {"name": "Marram"})["profile"]["return_urls"] == told
    row = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "profile.changed"))
    assert row.first().detail["changed"]["return_urls"] == [[], told]  # type: ignore[union-attr]
    assert amplify.patch(path, {"returnUrls": []})["profile"]["return_urls"] == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "Type the whole address"), ("http://your-app.com/", "Begin with https://"),
        ("http://127.0.0.1.evil.example/", "Begin with https://"), ("your-app.com", "https://"),
        ("javascript:alert(1)", "no address"), ("https://", "no address"),
        ("https://a:b@your-app.com/", "name and password"), ("https://your-app.com/#x", "the #"),
        ("https://your-app.com:99999/", "no address"), ("https://[::1/", "no address"),
        ("https://your-app.com/a b", "without spaces"), ("https://yοur-app.com/", "xn--"),
        ("https://your-app.com\\@evil.example/", "without spaces"), ("https://.../", "no address"),
        ("https://your-app.com/?status=success", "status"), ("https://x.com/" + "x" * 1000, "1000"),
    ],
)  # fmt: skip
def test_what_is_no_address_to_send_people_to_is_refused(
    amplify: Api, brand: Profile, signed_in: Callable[[User], Browser], url: str, words: str
) -> None:
    told = amplify.patch(f"/api/v1/profiles/{brand.id}", {"returnUrls": [RETURN, url]}, status=400)
    assert told["field"] == "returnUrls.1" and words in told["error"]
    web, here = signed_in(db.session.query(User).one()), f"/p/{brand.slug}/settings"
    page = web.post(f"{here}/addresses", data={"return_url": url})
    assert page.status_code == 422
    assert words in page.text.split('id="return_url-error"')[1].split("</div>")[0]
    db.session.expire_all()
    assert brand.return_urls == []


def test_an_owner_keeps_the_list_on_the_settings_page(
    brand: Profile, signed_in: Callable[[User], Browser]
) -> None:
    web, here = signed_in(db.session.query(User).one()), f"/p/{brand.slug}/settings"
    assert web.post(f"{here}/addresses", data={"return_url": f" {RETURN} "}).status_code == 303
    page = web.get(here).text
    assert "The address is on the list." in page and f'<code class="grow">{RETURN}</code>' in page
    wrong = web.post(f"{here}/addresses", data={"return_url": "http://typed.example"})
    assert wrong.status_code == 422 and 'value="http://typed.example"' in wrong.text
    colleague = make_user()
    db.session.add(Membership(profile_id=brand.id, user_id=colleague.id, role=Role.MEMBER))
    db.session.commit()
    member = signed_in(colleague)
    assert RETURN in member.get(here).text and "Add the address" not in member.get(here).text
    for path in ("/addresses", "/addresses/remove"):
        assert member.post(here + path, data={"address": RETURN}).status_code == 403
    register(brand, RETURN, *(f"https://a.example/{number}" for number in range(19)))
    full = web.post(f"{here}/addresses", data={"return_url": "https://b.example/"})
    assert full.status_code == 422 and "20 addresses" in full.text
    assert web.post(f"{here}/addresses/remove", data={"address": RETURN}).status_code == 303
    db.session.expire_all()
    assert len(brand.return_urls) == 19 and RETURN not in brand.return_urls
