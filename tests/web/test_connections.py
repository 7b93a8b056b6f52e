"""The connections page: looking, connecting, bringing back, letting go."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import credentials
from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus, OAuthState, PendingConnection, SocialAccount
from app.models.people import User
from app.models.posts import HoldReason, PostTarget
from app.models.profiles import Profile
from app.networks.base import Tokens
from app.permissions import Role
from app.sandbox.store import Store
from tests.conftest import Browser
from tests.factories import join, make_account, make_post, make_profile, make_user
from tests.playing import order, sandbox, walk  # noqa: F401

X = "twitter"
HTMX = {"HX-Request": "true"}
BOOSTED = {**HTMX, "HX-Boosted": "true"}


@pytest.fixture
def play(sandbox: Store) -> Store:  # noqa: F811
    return sandbox


@pytest.fixture
def maya(play: Store) -> User:
    return make_user()


@pytest.fixture
def profile(maya: User) -> Profile:
    return make_profile(maya)


@pytest.fixture
def web(maya: User, profile: Profile, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(maya)


@pytest.fixture
def here(profile: Profile) -> str:
    """The page's address."""
    return f"/p/{profile.slug}/connections"


def consent_url(response: TestResponse) -> str:
    """Where the answer sends a browser that posted a form."""
    assert response.status_code == 200, response.text
    found = re.search(r'content="0; url=([^"]+)"', response.text)
    assert found is not None
    return found[1].replace("&amp;", "&")


def come_back(web: Browser, answer: dict[str, str], network: str = X) -> TestResponse:
    return web.get(f"/oauth/{network}/callback", query_string=answer)


def only_account() -> SocialAccount:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(SocialAccount)).one()


def text(response: TestResponse) -> str:
    """What a person reads, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))


# Looking


def test_an_empty_page_says_what_to_do(web: Browser, here: str) -> None:
    page = web.get(here)
    assert page.status_code == 200 and "No accounts yet" in page.text
    assert all(name in page.text for name in ("Bluesky", "Mastodon", "X sign-in"))


def test_a_row_tells_health_and_marks_practice(web: Browser, here: str, profile: Profile) -> None:
    make_account(profile, "mastodon", "maya", name="Maya of the Bells")
    page = text(web.get(here))
    assert "Maya of the Bells" in page and "Works" in page and "Practice" in page
    assert "all" not in page.split("Marram Coffee, ")[1][:3] and "1 ready to post" in page


def test_a_broken_account_heads_the_page_with_its_posts_and_the_fix(
    web: Browser, here: str, profile: Profile
) -> None:
    account = make_account(profile, X, "maya", way="oauth")
    for _ in range(2):
        make_post(profile, "Bells", [account], at=now() + timedelta(hours=1))
    credentials.signed_out(db.session(), account, "Revoked.")
    db.session.commit()
    page = web.get(here)
    assert "X signed Maya out" in text(page) and "2 posts wait for this account." in text(page)
    assert f'name="account" value="{account.id}"' in page.text


def test_members_see_the_page_but_no_way_to_change_it(
    here: str, profile: Profile, signed_in: Callable[[User], Browser]
) -> None:
    colleague = make_user()
    join(profile, colleague, Role.MEMBER)
    account = make_account(profile, X, "maya", status=AccountStatus.NEEDS_RECONNECT)
    web = signed_in(colleague)
    page = web.get(here)
    assert page.status_code == 200 and "Ask an owner or admin" in page.text
    assert "Disconnect" not in page.text and 'id="add"' not in page.text
    for method, path in (
        ("GET", "/new/twitter"), ("POST", "/twitter/start"), ("POST", "/bluesky"),
        ("POST", "/token"), ("POST", "/check"), ("POST", f"/{account.id}/sync"),
        ("POST", f"/{account.id}/disconnect"), ("DELETE", f"/{account.id}"),
    ):  # fmt: skip
        assert web.open(here + path, method=method).status_code == 403, path


def test_strangers_and_their_accounts_are_not_found(
    web: Browser, here: str, signed_in: Callable[[User], Browser]
) -> None:
    theirs = make_account(make_profile(), X)
    for path in ("/sync", "/disconnect"):
        assert web.post(f"{here}/{theirs.id}{path}").status_code == 404
    assert web.get(f"{here}/{theirs.id}/avatar").status_code == 404
    assert signed_in(make_user()).get(here).status_code == 404


def test_signed_out_people_are_sent_to_sign_in(client: Browser, here: str) -> None:
    response = client.get(here)
    assert response.status_code == 303 and "/login" in response.headers["Location"]


# Through the consent page


@pytest.mark.parametrize("network", [X, "mastodon", "bluesky"])
def test_connecting_goes_there_and_comes_back_to_the_page(
    web: Browser, here: str, network: str
) -> None:
    url = consent_url(web.post(f"{here}/{network}/start"))
    assert url.startswith("http://127.0.0.1:1/")
    back = come_back(web, walk(url, "maya"), network)
    assert (back.status_code, back.headers["Location"]) == (303, here)
    page = text(web.get(here))
    assert "is connected to" in page and "maya" in page
    assert "is connected to" not in text(web.get(here))  # told once
    assert only_account().status is AccountStatus.ACTIVE


def test_htmx_is_sent_off_site_by_a_header(web: Browser, here: str) -> None:
    response = web.post(f"{here}/twitter/start", headers=BOOSTED)
    assert response.status_code == 204
    assert response.headers["HX-Redirect"].startswith("http://127.0.0.1:1/x/i/oauth2/authorize")


def test_the_way_back_works_in_the_browser_that_left_and_once(
    web: Browser, here: str, maya: User, signed_in: Callable[[User], Browser]
) -> None:
    answer = walk(consent_url(web.post(f"{here}/twitter/start")), "maya")
    another = signed_in(maya)
    assert come_back(another, answer).headers["Location"] == "/connections"
    assert come_back(web, answer).headers["Location"] == "/connections"
    page = text(web.get(here))
    assert "start again" in page and "No accounts yet" in page


def test_somebody_signed_out_comes_back_to_the_sign_in_page_without_the_code(
    web: Browser, client: Browser, here: str
) -> None:
    answer = walk(consent_url(web.post(f"{here}/twitter/start")), "maya")
    back = come_back(client, answer)
    assert back.status_code == 303 and answer["code"] not in back.headers["Location"]
    assert back.headers["Location"].startswith("/login")


def test_refusing_is_told_on_the_page(web: Browser, here: str) -> None:
    answer = walk(consent_url(web.post(f"{here}/twitter/start")), "maya", allow=False)
    assert come_back(web, answer).headers["Location"] == here
    assert "X is not connected. You did not allow access" in text(web.get(here))


def test_the_networks_own_words_are_escaped(web: Browser, here: str) -> None:
    answer = walk(consent_url(web.post(f"{here}/twitter/start")), "maya", allow=False)
    answer["error"] = answer["error_description"] = "<script>alert(1)</script>"
    come_back(web, answer)
    assert "<script>alert" not in web.get(here).text


def test_an_unknown_networks_callback_is_not_found(web: Browser) -> None:
    assert come_back(web, {"state": "x", "code": "y"}, "friendster").status_code == 404


def test_a_wrong_server_keeps_what_was_typed_and_says_so(web: Browser, here: str) -> None:
    response = web.post(f"{here}/mastodon/start", data={"server": "no such server"})
    assert response.status_code == 422
    assert 'value="no such server"' in response.text
    assert "Type the name of your server" in response.text
    assert db.session.scalars(select(OAuthState)).all() == []


def test_text_that_cannot_be_stored_is_refused_by_name(web: Browser, here: str) -> None:
    response = web.post(f"{here}/mastodon/start", data={"server": "a\0b"})
    assert response.status_code == 400 and "server" in response.text


def test_too_long_a_server_is_refused(web: Browser, here: str) -> None:
    response = web.post(f"{here}/mastodon/start", data={"server": "m" * 301})
    assert response.status_code == 422 and "too long" in response.text


def test_starting_needs_the_csrf_token(web: Browser, here: str) -> None:
    assert web.post(f"{here}/twitter/start", csrf=False).status_code == 400


def test_a_network_away_is_told_without_losing_the_page(
    web: Browser, here: str, play: Store
) -> None:
    order(play, network="bluesky", operation="*", fault="http_500")
    data = {"identifier": "maya", "password": "sandbox-maya"}
    response = web.post(f"{here}/bluesky", data=data)
    assert response.status_code == 422 and 'value="maya"' in response.text
    assert "sandbox-maya" not in response.text  # a secret is never sent back


# App passwords and tokens


def test_an_app_password_connects(web: Browser, here: str) -> None:
    data = {"identifier": "maya", "password": "sandbox-maya"}
    response = web.post(f"{here}/bluesky", data=data)
    assert (response.status_code, response.headers["Location"]) == (303, here)
    assert only_account().way == "app_password"


def test_a_wrong_app_password_is_said_under_its_field(web: Browser, here: str) -> None:
    data = {"identifier": "maya", "password": "wrong"}
    response = web.post(f"{here}/bluesky", data=data)
    assert response.status_code == 422 and 'id="password-error"' in response.text


def test_a_network_without_app_passwords_has_no_such_form(web: Browser, here: str) -> None:
    data = {"identifier": "maya", "password": "x"}
    assert web.post(f"{here}/twitter", data=data).status_code == 404
    assert "App password" not in web.get(f"{here}/new/twitter").text


def test_a_pasted_token_connects(web: Browser, here: str) -> None:
    assert 'selected value="twitter"' in web.get(f"{here}/token?network=twitter").text
    response = web.post(f"{here}/token", data={"network": X, "token": "sandbox-maya"})
    assert response.headers["Location"] == here
    assert only_account().way == "token"


def test_a_token_to_paste_again_is_asked_for_with_its_server(
    web: Browser, here: str, profile: Profile
) -> None:
    account = make_account(profile, "mastodon", status=AccountStatus.NEEDS_RECONNECT)
    server = account.server
    link = re.search(r'href="([^"]+/token\?[^"]+)"', web.get(here).text)
    assert link is not None
    assert f'value="{server}"' in web.get(link[1].replace("&amp;", "&")).text


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"network": X, "token": ""}, "token"),
        ({"network": X, "token": "made-up"}, "token"),
        ({"network": "friendster", "token": "x"}, "network"),
        ({"network": "bluesky", "token": "x"}, "network"),
    ],
)
def test_a_token_that_does_not_work_is_said_under_its_field(
    web: Browser, here: str, data: dict[str, str], field: str
) -> None:
    response = web.post(f"{here}/token", data=data)
    assert response.status_code == 422 and f'id="{field}-error"' in response.text
    assert "made-up" not in response.text


# Coming back


def test_after_a_reconnect_the_page_tells_what_became_of_the_posts(
    web: Browser, here: str, profile: Profile
) -> None:
    come_back(web, walk(consent_url(web.post(f"{here}/twitter/start")), "maya"))
    web.get(here)
    account = only_account()
    for minutes in (-5, 60, -90):
        at = now() + timedelta(minutes=minutes)
        make_post(profile, "Bells", [account], at=at)
    credentials.signed_out(db.session(), account, "Revoked.")
    db.session.commit()
    again = web.post(f"{here}/twitter/start", data={"account": str(account.id)})
    come_back(web, walk(consent_url(again), "maya"))
    page = text(web.get(here))
    assert "is back on X" in page and "2 posts that waited go out" in page
    assert "One post is too late to go out unasked" in page


def test_another_account_that_comes_back_has_to_be_chosen(
    web: Browser, here: str, profile: Profile
) -> None:
    account = make_account(profile, X, "maya", status=AccountStatus.NEEDS_RECONNECT)
    url = consent_url(web.post(f"{here}/twitter/start", data={"account": str(account.id)}))
    back = come_back(web, walk(url, "noor"))
    assert "/choose/" in back.headers["Location"]
    page = web.get(back.headers["Location"])
    assert "You signed in as somebody else" in page.text and "@noor" in page.text
    empty = web.post(back.headers["Location"])
    assert empty.status_code == 422 and "Choose at least one account" in empty.text
    nothing = web.post(back.headers["Location"], data={"cancel": "1"})
    assert nothing.headers["Location"] == here
    assert db.session.scalars(select(PendingConnection)).all() == []


def test_a_chosen_account_is_connected(web: Browser, here: str, profile: Profile) -> None:
    account = make_account(profile, X, "maya", status=AccountStatus.NEEDS_RECONNECT)
    url = consent_url(web.post(f"{here}/twitter/start", data={"account": str(account.id)}))
    choice = come_back(web, walk(url, "noor")).headers["Location"]
    value = re.search(r'name="accounts" value="([^"]+)"', web.get(choice).text)
    assert value is not None
    done = web.post(choice, data={"accounts": [value[1]]})
    assert done.headers["Location"] == here
    assert web.post(choice, data={"accounts": [value[1]]}).status_code == 404
    assert "noor" in text(web.get(here))


def test_an_id_that_is_none_is_not_found(web: Browser, here: str) -> None:
    response = web.post(f"{here}/twitter/start", data={"account": "not-an-id"})
    assert response.status_code == 404
    assert web.get(f"{here}/new/twitter?account=not-an-id").status_code == 404


# Checking and letting go


def test_checking_answers_htmx_with_the_row_and_what_changes_along(
    web: Browser, here: str, profile: Profile, play: Store
) -> None:
    account = make_account(profile, X, "maya", external_id=play.accounts.get(X, "maya").id)
    account_id = account.id
    response = web.post(f"{here}/{account_id}/sync", headers=HTMX)
    assert response.text.lstrip().startswith("<li")
    assert f'id="conn-{account_id}"' in response.text
    assert "#conn-callouts" in response.text and "<h1>" in response.text  # the head, along
    assert "works." in response.headers["HX-Trigger"]


def test_checking_an_account_that_was_signed_out_brings_the_callout(
    web: Browser, here: str, profile: Profile
) -> None:
    account_id = make_account(profile, X, "maya", tokens=Tokens("revoked")).id
    response = web.post(f"{here}/{account_id}/sync", headers=HTMX)
    assert 'data-health="bad"' in response.text and "X signed Maya out" in text(response)


def test_checking_without_scripts_comes_back_to_the_page(
    web: Browser, here: str, profile: Profile
) -> None:
    account_id = make_account(profile, X, "maya", external_id="7").id
    assert web.post(f"{here}/{account_id}/sync").headers["Location"] == here
    assert web.post(f"{here}/check").headers["Location"] == here


def test_disconnecting_asks_with_the_posts_it_would_hold(
    web: Browser, here: str, profile: Profile
) -> None:
    account = make_account(profile, X, "maya")
    make_post(profile, "Bells", [account], at=now() + timedelta(hours=1))
    dialog = web.get(f"{here}/{account.id}/disconnect", headers=HTMX)
    assert "<html" not in dialog.text and "One planned post is on it" in text(dialog)
    assert "Disconnect and hold 1 post" in dialog.text
    page = web.get(f"{here}/{account.id}/disconnect")
    assert "<html" in page.text and "Disconnect and hold 1 post" in page.text
    assert only_account().status is AccountStatus.ACTIVE


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_disconnecting_holds_the_posts_and_shows_them(
    web: Browser, here: str, profile: Profile, method: str
) -> None:
    account = make_account(profile, X, "maya")
    target_id = make_post(profile, "Bells", [account], at=now() + timedelta(hours=1)).targets[0].id
    path = f"{here}/{account.id}" + ("/disconnect" if method == "POST" else "")
    assert web.open(path, method=method).headers["Location"] == here
    page = text(web.get(here))
    assert "Disconnected" in page and "1 waiting" in page and "Connect again" in page
    assert "Maya is disconnected. 1 post waits until it is back." in page
    target = db.session.get_one(PostTarget, target_id)
    assert target.hold_reason is HoldReason.DISCONNECTED
    assert only_account().tokens is None


# Pictures and documents


def test_pictures_come_from_us_and_can_do_nothing(web: Browser, here: str) -> None:
    come_back(web, walk(consent_url(web.post(f"{here}/mastodon/start")), "maya"), "mastodon")
    account_id: UUID = only_account().id
    assert f"{here}/{account_id}/avatar" in web.get(here).text
    picture = web.get(f"{here}/{account_id}/avatar")
    assert picture.status_code == 200 and picture.mimetype == "image/webp"
    assert picture.headers["Content-Security-Policy"].startswith("sandbox")
    assert picture.headers["X-Content-Type-Options"] == "nosniff"


def test_no_remote_address_is_loaded_by_the_page(web: Browser, here: str) -> None:
    come_back(web, walk(consent_url(web.post(f"{here}/mastodon/start")), "maya"), "mastodon")
    sources = re.findall(r'<img[^>]+src="([^"]+)"', web.get(here).text)
    assert sources and all(one.startswith("/") for one in sources)


def test_blueskys_servers_can_read_who_we_are(client: Browser) -> None:
    document = client.get("/oauth/bluesky/client-metadata.json")
    found = document.get_json()
    assert document.mimetype == "application/json"
    assert found["client_id"].endswith("/oauth/bluesky/client-metadata.json")
    assert found["redirect_uris"][0].endswith("/oauth/bluesky/callback")
    for key in client.get("/oauth/bluesky/jwks.json").get_json()["keys"]:
        assert key["kty"] == "EC" and "d" not in key  # the public half alone


def test_a_network_without_a_way_in_says_why(web: Browser, here: str) -> None:
    page = web.get(here).text
    assert "Snapchat" in page and "Not possible: why" in page
    assert web.get("/docs/networks/snapchat").status_code == 200


def test_a_name_with_spaces_is_not_shown_as_a_handle(
    web: Browser, profile: Profile, here: str
) -> None:
    make_account(profile, "linkedin", "Marram Coffee Ltd", name="Marram")
    make_account(profile, "facebook", "Marram", name="Marram")
    page = web.get(here).text
    assert "LinkedIn, Marram Coffee Ltd" in page and ", @Marram" not in page
