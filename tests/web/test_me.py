"""One's own settings through the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models.people import User, UserSession
from app.services import passwords
from app.web.words import device
from tests.conftest import Browser
from tests.factories import PASSWORD, make_profile, make_user

NEW = "eleven iron bells at dawn"
SignedIn = Callable[[User], Browser]


@pytest.fixture
def maya(app: Flask) -> User:
    user = make_user("maya@marram.example")
    make_profile(user)
    return user


def test_nobody_sees_the_page_signed_out(client: Browser) -> None:
    assert client.get("/me").location == "/login?next=/me"
    assert client.post("/me/name", data={"name": "Eve"}).location == "/login"


def test_the_name_is_saved_and_shown(signed_in: SignedIn, maya: User) -> None:
    client = signed_in(maya)
    assert client.post("/me/name", data={"name": " Maya O. "}).location == "/me"
    page = client.get("/me").text
    assert 'value="Maya O."' in page and "Your name is saved." in page


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_an_impossible_name_is_refused_under_its_field(
    signed_in: SignedIn, maya: User, name: str
) -> None:
    answer = signed_in(maya).post("/me/name", data={"name": name})
    assert answer.status_code == 422 and 'id="name-error"' in answer.text


def test_looks_follow_the_person_and_tell_the_browser(signed_in: SignedIn, maya: User) -> None:
    client = signed_in(maya)
    answer = client.post("/me/looks", data={"theme": "dark"})
    assert "theme=dark" in "".join(answer.headers.getlist("Set-Cookie"))
    page = signed_in(maya).get("/me").text  # another browser
    assert 'data-theme="dark"' in page and 'data-keys="off"' in page
    assert client.post("/me/looks", data={"theme": "pink"}).status_code == 422


def test_the_menu_changes_the_theme_alone(signed_in: SignedIn, maya: User) -> None:
    client = signed_in(maya)
    assert client.post("/me/theme", data={"theme": "light"}).status_code == 204
    page = client.get("/me").text
    assert 'data-theme="light"' in page and 'data-keys="off"' not in page
    refused = client.post("/me/theme", data={"theme": "pink"}, headers={"HX-Request": "true"})
    assert refused.status_code == 400 and "Choose auto, light or dark." in refused.text


def test_a_new_password_keeps_this_browser_and_ends_the_others(
    signed_in: SignedIn, maya: User
) -> None:
    here, there = signed_in(maya), signed_in(maya)
    answer = here.post("/me/password", data={"present": PASSWORD, "new": NEW})
    assert answer.location == "/me"
    assert "Your password is changed" in here.get("/me").text
    assert there.get("/me").status_code == 303
    db.session.refresh(maya)
    assert passwords.matches(maya.password_hash, NEW)


@pytest.mark.parametrize(
    ("present", "new", "field", "words"),
    [
        ("wrong horse battery", NEW, "present", "4 tries left."),
        (PASSWORD, "too short 1", "new", "at least 12"),
        (PASSWORD, "maya@marram.example", "new", "your email"),
        (PASSWORD, "password1234", "new", "Many people"),
        ("", NEW, "present", "present password"),
    ],
)
def test_a_password_that_cannot_be_changed_says_why(
    signed_in: SignedIn, maya: User, present: str, new: str, field: str, words: str
) -> None:
    client = signed_in(maya)
    answer = client.post("/me/password", data={"present": present, "new": new})
    assert answer.status_code == 422
    error = answer.text.split(f'id="{field}-error"')[1].split("</div>")[0]
    assert words in error
    assert new not in answer.text.replace("maya@marram.example", "")
    db.session.refresh(maya)
    assert passwords.matches(maya.password_hash, PASSWORD)


def test_too_many_guesses_at_the_present_password_have_to_wait(
    signed_in: SignedIn, maya: User
) -> None:
    client = signed_in(maya)
    for _ in range(5):
        client.post("/me/password", data={"present": "wrong horse battery", "new": NEW})
    answer = client.post("/me/password", data={"present": PASSWORD, "new": NEW})
    assert answer.status_code == 429 and "Retry-After" in answer.headers
    assert "Too many tries. Wait 15 minutes." in answer.text


def test_every_browser_is_listed_and_another_can_be_ended(signed_in: SignedIn, maya: User) -> None:
    here, there = signed_in(maya), signed_in(maya)
    page = here.get("/me", headers={"User-Agent": "Mozilla/5.0"}).text
    assert page.count('data-session="') == 2 and page.count("This one") == 1
    other = db.session.scalars(select(UserSession).order_by(UserSession.id.desc())).first()
    assert other is not None
    assert here.post(f"/me/sessions/{other.id}/end").location == "/me"
    assert there.get("/me").status_code == 303
    assert here.get("/me").text.count('data-session="') == 1


def test_ending_this_browsers_session_leads_out(signed_in: SignedIn, maya: User) -> None:
    client = signed_in(maya)
    own = db.session.scalars(select(UserSession)).one()
    assert client.post(f"/me/sessions/{own.id}/end").location == "/"
    assert client.get("/me").status_code == 303


def test_all_others_are_ended_at_once(signed_in: SignedIn, maya: User) -> None:
    here = signed_in(maya)
    others = [signed_in(maya) for _ in range(3)]
    assert here.post("/me/sessions/end-others").location == "/me"
    assert "3 other browsers are signed out." in here.get("/me").text
    assert [one.get("/me").status_code for one in others] == [303] * 3


def test_a_strangers_session_cannot_be_ended_or_told_from_none(
    signed_in: SignedIn, maya: User
) -> None:
    signed_in(maya)
    session_id = db.session.scalars(select(UserSession.id)).one()
    eve = signed_in(make_user())
    answers = [
        eve.post(f"/me/sessions/{one}/end")
        for one in (session_id, "01a1b6f0-0000-7000-8000-000000000000")
    ]
    assert [a.status_code for a in answers] == [404, 404]
    kept = [a.text.split("<main")[1].split("<code>req_")[0] for a in answers]
    assert kept[0] == kept[1]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120 Safari/537.36 Edg/120",
         "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17 Safari/605.1.15",
         "Safari on Mac"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
         "Firefox on Linux"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/120 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) CriOS/120 Safari",
         "Chrome on iPhone"),
        ("curl/8.4.0", "curl"),
        ("", "A browser we do not know"),
    ],
)  # fmt: skip
def test_a_browser_is_named_in_words(agent: str, words: str) -> None:
    assert device(agent) == words
