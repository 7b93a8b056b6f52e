"""The operator's pages of networks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.extensions import db
from app.models.people import User
from app.networks import NETWORKS
from app.sandbox.store import Store
from tests.conftest import Browser
from tests.factories import make_account, make_profile, make_user
from tests.playing import sandbox  # noqa: F401
from tests.web.desk import HX


@pytest.fixture
def operator(sandbox: Store, signed_in: Callable[[User], Browser]) -> Browser:  # noqa: F811
    maya = make_user(is_operator=True)
    make_profile(maya)
    return signed_in(maya)


def test_only_operators_know_that_the_pages_are_there(
    client: Browser, signed_in: Callable[[User], Browser]
) -> None:
    maya = make_user()
    make_profile(maya)
    web = signed_in(maya)
    assert web.get("/admin/networks").status_code == 404
    assert web.get("/admin/networks/twitter").status_code == 404
    assert web.post("/admin/networks/twitter/ask").status_code == 404
    assert client.get("/admin/networks").status_code in (302, 303)
    assert "/admin/networks" not in web.get("/me").text


def test_the_list_names_every_network_and_is_in_the_menu(operator: Browser) -> None:
    page = operator.get("/admin/networks").text
    for name in NETWORKS:
        assert f'href="/admin/networks/{name}"' in page
    assert "Played here" in page and 'aria-current="page"' in page


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_each_network_shows_its_address_keys_steps_and_refusals(
    operator: Browser, name: str
) -> None:
    page = operator.get(f"/admin/networks/{name}")
    assert page.status_code == 200
    assert f"/oauth/{name}/callback" in page.text and 'data-copy="#redirect"' in page.text
    assert "Setting it up" in page.text and page.text.count("<dt><code>") >= 10
    assert f"sandbox-{name}-secret" not in page.text


def test_asking_answers_the_card_of_the_keys(operator: Browser) -> None:
    part = operator.post("/admin/networks/tiktok/ask", headers=HX)
    assert part.status_code == 200 and 'id="keys"' in part.text and "<h1" not in part.text
    assert "TikTok knows this app" in part.text
    whole = operator.post("/admin/networks/tiktok/ask")
    assert "<h1" in whole.text and "TikTok knows this app" in whole.text


def test_connected_accounts_of_every_brand_are_listed(operator: Browser) -> None:
    make_account(make_profile(), "twitter", "half", scopes=["tweet.read"])
    page = operator.get("/admin/networks/twitter").text
    assert "half" in page and "it cannot post" in page
    assert "1 account connected" in page
    db.session.rollback()


def test_a_network_we_do_not_speak_is_not_there(operator: Browser) -> None:
    assert operator.get("/admin/networks/myspace").status_code == 404
    assert operator.post("/admin/networks/myspace/ask").status_code == 404
