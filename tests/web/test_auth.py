"""Signing up, in and out through the pages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask, url_for
from sqlalchemy import func, select

from app.extensions import db
from app.models.people import User, UserSession
from app.models.profiles import Profile
from tests.conftest import Browser
from tests.factories import PASSWORD, make_profile, make_user

GIVEN = {
    "name": "Maya Okafor",
    "email": "maya@marram.example",
    "password": PASSWORD,
    "time_zone": "Europe/Paris",
}
SIGN_IN = {"email": "maya@marram.example", "password": PASSWORD, "keep": "y"}


def cookie(client: Browser) -> str:
    found = client.get_cookie("session")
    assert found is not None
    return str(found.value)


def test_signing_up_asks_three_things_and_leads_to_the_calendar(client: Browser) -> None:
    page = client.get("/signup")
    assert len(re.findall(r'<input[^>]*type="(?:text|email|password)"', page.text)) == 3
    answer = client.post("/signup", data=GIVEN)
    assert (answer.status_code, answer.location) == (303, "/")
    brand = db.session.scalars(select(Profile)).one()
    assert brand.time_zone == "Europe/Paris"
    assert client.get("/").location == f"/p/{brand.slug}/calendar"


def test_signing_up_without_a_zone_makes_the_settings_say_so(client: Browser) -> None:
    client.post("/signup", data=GIVEN | {"time_zone": ""})
    slug = db.session.scalars(select(Profile.slug)).one()
    assert "We could not tell your time zone" in client.get(f"/p/{slug}/settings").text


def test_what_was_typed_stays_when_something_is_wrong_but_never_the_password(
    client: Browser,
) -> None:
    answer = client.post("/signup", data=GIVEN | {"password": "too short 1"})
    assert answer.status_code == 422
    assert "At least 12 characters" in answer.text and "Use at least 12 characters." in answer.text
    assert 'value="maya@marram.example"' in answer.text and "Maya Okafor" in answer.text
    assert "too short 1" not in answer.text
    assert db.session.scalar(select(func.count()).select_from(User)) == 0


def test_the_form_names_each_field_that_is_missing(client: Browser) -> None:
    answer = client.post("/signup", data={})
    assert answer.status_code == 422
    for field in ("name", "email", "password"):
        assert f'id="{field}-error"' in answer.text


def test_an_email_that_is_taken_is_not_confirmed_to_a_stranger(client: Browser) -> None:
    make_user("maya@marram.example")
    answer = client.post("/signup", data=GIVEN | {"password": "another brass bell"})
    assert answer.status_code == 422
    assert "could not make an account with that email and password" in answer.text
    assert "Four tries left." in answer.text


def test_unknown_fields_are_ignored_never_assigned(client: Browser) -> None:
    client.post("/signup", data=GIVEN | {"is_operator": "1", "id": "7", "email_verified_at": "x"})
    user = db.session.scalars(select(User)).one()
    assert not user.is_operator and user.email_verified_at is None


def test_a_wrong_password_keeps_the_email_and_counts_down(client: Browser) -> None:
    make_user("maya@marram.example")
    for left in ("Four tries", "Three tries", "Two tries", "One try", "No tries"):
        answer = client.post("/login", data=SIGN_IN | {"password": "wrong horse battery"})
        assert answer.status_code == 422
        assert f"That email and password do not match. {left} left" in answer.text
        assert 'value="maya@marram.example"' in answer.text
    answer = client.post("/login", data=SIGN_IN)
    assert answer.status_code == 429
    assert "Too many tries. You can try again in 15 minutes." in answer.text
    assert 800 < int(answer.headers["Retry-After"]) <= 901


def test_known_and_unknown_emails_get_the_same_page(client: Browser) -> None:
    make_user("maya@marram.example")
    pages = []
    for email in ("maya@marram.example", "nobo@marram.example"):
        answer = client.post("/login", data={"email": email, "password": "wrong horse battery"})
        text = re.sub(r"I[jm][\w.-]{20,}|[\w-]{60,}(\.[\w-]+)*", "TOKEN", answer.text)
        pages.append((answer.status_code, text.replace(email, "EMAIL")))
    assert pages[0] == pages[1]


def test_the_session_is_new_at_every_sign_in(client: Browser) -> None:
    make_user("maya@marram.example")
    client.get("/login")
    with client.session_transaction() as before:
        before["planted"] = "by somebody else"
        csrf = before.get("csrf_token")
    client.post("/login", data=SIGN_IN)
    with client.session_transaction() as first:
        assert "planted" not in first and first.get("csrf_token") != csrf
        token = first["_user_id"]
    client.post("/login", data=SIGN_IN)
    with client.session_transaction() as second:
        assert second["_user_id"] != token
    ended = db.session.scalars(select(UserSession.ended_at).order_by(UserSession.id)).all()
    assert ended[0] is not None and ended[1] is None  # the one before it is over


def test_the_cookie_lasts_only_where_it_is_wanted(client: Browser) -> None:
    make_user("maya@marram.example")
    kept = client.post("/login", data=SIGN_IN).headers["Set-Cookie"]
    assert "Expires=" in kept and "HttpOnly" in kept and "SameSite=Lax" in kept
    passing = client.post("/login", data={k: v for k, v in SIGN_IN.items() if k != "keep"})
    assert "Expires=" not in passing.headers["Set-Cookie"]


def test_on_https_the_cookie_is_bound_to_the_host(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(APP_URL="https://carillon.example.org")
    with app.app_context():
        make_user("maya@marram.example")
        page = app.test_client().get("/login")
    found = page.headers["Set-Cookie"]
    assert found.startswith("__Host-session=") and "Secure" in found and "Path=/" in found
    assert "Domain" not in found


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/p/x/calendar?view=list", "/p/x/calendar?view=list"), ("//evil.example", "/"),
        ("/\\evil.example", "/"), ("https://evil.example", "/"), ("", "/"),
        ("javascript:alert(1)", "/"), ("/\t/evil.example", "/"), ("/ok\r\nSet-Cookie: a=b", "/"),
    ],
)  # fmt: skip
def test_after_signing_in_one_goes_on_within_carillon_only(
    client: Browser, asked: str, goes: str
) -> None:
    make_user("maya@marram.example")
    assert client.post("/login", data=SIGN_IN | {"next": asked}).location == goes


def test_a_page_that_needs_somebody_leads_to_the_door_and_back(client: Browser) -> None:
    make_user("maya@marram.example")
    answer = client.get("/me?tab=1")
    assert answer.status_code == 303
    assert answer.location == "/login?next=/me?tab%3D1"
    page = client.get(answer.location)
    assert 'name="next" type="hidden" value="/me?tab=1"' in page.text
    part = client.get("/me", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/x"})
    assert (part.status_code, part.headers["HX-Redirect"]) == (204, "/login?next=/x")


def test_signing_out_ends_the_session_even_for_a_kept_cookie(
    app: Flask, signed_in: Callable[[User], Browser]
) -> None:
    maya = make_user()
    make_profile(maya)
    client = signed_in(maya)
    with client.session_transaction() as session:
        token = session["_user_id"]
    assert client.get("/logout").status_code == 200
    assert client.get("/me").status_code == 200  # opening the address ended nothing
    assert client.post("/logout").location == "/"
    thief = app.test_client()
    with thief.session_transaction() as session:
        session["_user_id"] = token
    assert thief.get("/me").status_code == 303


def test_a_form_without_its_token_changes_nothing(client: Browser) -> None:
    make_user("maya@marram.example")
    answer = client.post("/login", data=SIGN_IN, csrf=False)
    assert answer.status_code == 400 and "open for too long" in answer.text
    assert db.session.scalars(select(UserSession)).all() == []


def test_a_browser_on_another_site_cannot_sign_anybody_in(client: Browser) -> None:
    make_user("maya@marram.example")
    answer = client.post("/login", data=SIGN_IN, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_somebody_signed_in_does_not_see_the_door(signed_in: Callable[[User], Browser]) -> None:
    client = signed_in(make_user())
    assert client.get("/login").location == client.get("/signup").location == "/"


@pytest.mark.parametrize("page", ["/signup", "/login"])
def test_json_is_no_form(client: Browser, page: str) -> None:
    for body in ("[1]", '{"email": "maya@marram.example"}', "null", "not json"):
        answer = client.post(page, data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422


def test_a_body_beyond_a_megabyte_is_refused(client: Browser) -> None:
    answer = client.post("/login", data={"email": "x" * 1_100_000, "password": "y"})
    assert answer.status_code == 413 and "too large" in answer.text


def test_signing_in_is_never_boosted_and_its_page_never_kept(client: Browser) -> None:
    page = client.get("/login")
    assert "hx-boost:inherited" not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_the_addresses_are_the_ones_others_rely_on(app: Flask) -> None:
    with app.test_request_context():
        assert url_for("auth.signup") == "/signup" and url_for("auth.login") == "/login"
        assert url_for("auth.logout") == "/logout"
