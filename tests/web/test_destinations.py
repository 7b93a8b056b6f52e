"""Boards and subreddits on the connections page."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.accounts import Destination
from app.sandbox.store import Store
from app.services import lookups
from tests.conftest import Browser
from tests.factories import make_account
from tests.playing import order, sandbox  # noqa: F401
from tests.web.test_connections import HTMX, here, maya, play, profile, web  # noqa: F401

__all__ = ["here", "maya", "play", "profile", "sandbox", "web"]


@pytest.fixture
def row(here: str, profile, play: Store) -> str:  # type: ignore[no-untyped-def]  # noqa: F811
    return f"{here}/{make_account(profile, 'reddit', 'maya').id}"


def rows() -> dict[str, Destination]:
    db.session.rollback()
    db.session.expire_all()
    return {one.name: one for one in db.session.scalars(select(Destination))}


def test_looking_up_gives_the_row_back_with_a_choice(web: Browser, row: str) -> None:  # noqa: F811
    page = web.get(row.rpartition("/")[0]).text
    assert "No subreddit is known yet" in page and "Look up subreddits" in page
    found = web.post(f"{row}/destinations", headers=HTMX)
    assert found.status_code == 200 and "u/maya" in found.text and "<html" not in found.text
    assert "u/maya" in rows()


def test_a_default_is_chosen_by_list_and_by_name(web: Browser, row: str) -> None:  # noqa: F811
    web.post(f"{row}/destinations")
    own = rows()["u/maya"].id
    answer = web.post(f"{row}/destination", data={"destination": str(own)}, headers=HTMX)
    assert f'value="{own}" selected' in answer.text
    web.post(f"{row}/destination", data={"name": "r/strict"})
    assert [one.name for one in rows().values() if one.is_default] == ["r/strict"]
    answer = web.post(f"{row}/destination", data={"name": "not a name"}, headers=HTMX)
    assert answer.status_code == 200 and "no name of a subreddit" in answer.headers["HX-Trigger"]
    web.post(f"{row}/destination", data={"destination": ""})
    assert not any(one.is_default for one in rows().values())


def test_connecting_has_them_looked_up_by_a_job(web: Browser, here: str) -> None:  # noqa: F811
    form = {"network": "pinterest", "server": "", "token": "sandbox-maya"}
    assert web.post(f"{here}/token", data=form).status_code == 303
    assert rows() == {}  # nobody waits for the network
    page = web.get(here).text
    assert "Looking up the boards at Pinterest" in page
    waits = re.search(r'hx-get="([^"]+/places)"', page)
    assert waits is not None
    assert web.get(waits[1], headers=HTMX).status_code == 204
    db.session.rollback()
    lookups.run()
    told = web.get(waits[1], headers=HTMX)
    assert told.status_code == 200 and "the board each post names" in told.text
    assert len(rows()) >= 2 and "Looking up" not in web.get(here).text


def test_a_network_that_refuses_the_look_up_is_told_of(
    web: Browser,
    here: str,
    play: Store,  # noqa: F811
) -> None:
    form = {"network": "pinterest", "server": "", "token": "sandbox-maya"}
    web.post(f"{here}/token", data=form)
    order(play, network="pinterest", operation="account", fault="http_500", times=9)
    db.session.rollback()
    lookups.run()
    page = web.get(here).text
    assert "The boards are not known:" in page and "Look up boards" in page
    db.session.rollback()
    assert lookups.run() == 0


def test_the_accounts_own_page_chooses_too(web: Browser, row: str) -> None:  # noqa: F811
    web.post(f"{row}/destinations")
    page = web.get(row).text
    assert 'id="places"' in page and "u/maya" in page
    answer = web.post(f"{row}/destination", data={"name": "r/test", "from": "account"})
    assert answer.location == row and rows()["r/test"].is_default
