"""The page of posting times: what it shows, changes, refuses, and who may."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from app.clock import now
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.people import User
from app.models.posting_times import PostingTime
from app.models.profiles import Profile
from app.permissions import Role
from tests import factories as make
from tests.conftest import Browser
from tests.statements import counted
from tests.web.desk import HX


@pytest.fixture
def maya(app: Flask) -> User:
    return make.make_user()


@pytest.fixture
def brand(maya: User) -> Profile:
    return make.make_profile(maya, named_at=now())


@pytest.fixture
def accounts(brand: Profile) -> list[SocialAccount]:
    return [make.make_account(brand, name) for name in ("twitter", "mastodon", "bluesky")]


@pytest.fixture
def web(maya: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(maya)


def here(brand: Profile, account: SocialAccount | None = None, more: str = "") -> str:
    tail = f"/{account.id}" if account else ""
    return f"/p/{brand.slug}/posting-times{tail}{more}"


def stored(account: SocialAccount) -> list[tuple[int, int]]:
    db.session.rollback()
    rows = db.session.query(PostingTime).filter_by(account_id=account.id).all()
    return sorted((row.weekday, row.minute) for row in rows)


def card(html: str, account: SocialAccount) -> str:
    found = re.search(rf'<section[^>]*id="times-{account.id}".*?</section>', html, re.S)
    assert found
    return found[0]


def test_a_time_is_added_on_its_days_and_taken_off_with_a_way_back(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    at, account = here(brand, accounts[0]), accounts[0]
    answer = web.post(at, data={"time": "09:30", "day": ["0", "2"]}, headers=HX)
    assert answer.status_code == 200 and answer.text.lstrip().startswith("<section")
    assert stored(account) == [(0, 570), (2, 570)]
    assert "2 times a week" in answer.text and "2 times added." in answer.headers["HX-Trigger"]
    assert answer.text.count("autofocus") == 1  # the field, for the next one
    answer = web.post(at, data={"remove": "0-570"}, headers=HX)
    assert stored(account) == [(2, 570)]
    assert 'value="2-570"' in answer.text and answer.text.count("autofocus") == 1
    back = re.search(r'"undo": "([^"]+)"', answer.headers["HX-Trigger"])
    assert back
    again = web.post(back[1], headers=HX)
    assert f'hx-target="#times-{account.id}"' in again.text
    assert stored(account) == [(0, 570), (2, 570)]


def test_without_scripts_it_leads_back_to_the_account(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    at = here(brand, accounts[0])
    answer = web.post(at, data={"time": "9:05", "day": "6"})
    assert answer.status_code == 303 and answer.location == here(brand) + f"#times-{accounts[0].id}"
    assert stored(accounts[0]) == [(6, 545)]
    page = web.get(here(brand)).text
    assert "Sunday 09:05 added." in page and "09:05" in card(page, accounts[0])
    assert "09:05" not in card(page, accounts[1])
    assert web.post(f"{at}/clear").status_code == 303 and stored(accounts[0]) == []
    undo = re.search(r'action="([^"]+/restore[^"]*)"', web.get(here(brand)).text)
    assert undo and web.post(undo[1].replace("&amp;", "&")).status_code == 303
    assert stored(accounts[0]) == [(6, 545)]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"time": "25:00", "day": "1"}, "Write the time as 09:30."),
        ({"time": "", "day": "1"}, "Write the time as 09:30."),
        ({"time": "soon", "day": "1"}, "Write the time as 09:30."),
        ({"time": "12:30"}, "Choose at least one day."),
        ({"time": "12:30", "day": ["9", "x"]}, "Choose at least one day."),
    ],
)
@pytest.mark.parametrize("headers", [{}, HX], ids=["page", "part"])
def test_what_is_refused_keeps_what_was_typed(
    web: Browser, brand: Profile, accounts: list[SocialAccount],
    data: dict[str, str], told: str, headers: dict[str, str],
) -> None:  # fmt: skip
    answer = web.post(here(brand, accounts[1]), data=data, headers=headers)
    assert answer.status_code == 422
    mine = card(answer.text, accounts[1])
    assert told in mine and f'value="{data["time"]}"' in mine
    assert stored(accounts[1]) == []


def test_typical_times_are_called_that_and_copied_to_others(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    first, second, third = accounts
    page = web.get(here(brand)).text
    assert "Fill all with typical times" in page and "they know nothing of yours yet" in page
    answer = web.post(here(brand, first, "/typical"), headers=HX)
    assert "5 typical times added." in answer.headers["HX-Trigger"] and len(stored(first)) == 5
    web.post(here(brand, second), data={"time": "20:00", "day": "5"})
    asked = web.get(here(brand, first, "/copy"), headers=HX).text
    assert str(second.id) in asked and "1 time now" in asked and "none yet" in asked
    assert str(first.id) not in asked.replace(f"{first.id}/copy", "")
    empty = web.post(here(brand, first, "/copy"), headers=HX)
    assert empty.status_code == 422 and "Choose at least one account" in empty.text
    done = web.post(here(brand, first, "/copy"), data={"to": [second.id, third.id]}, headers=HX)
    assert done.status_code == 204 and "HX-Location" in done.headers
    assert stored(first) == stored(second) == stored(third)
    web.post(here(brand, third, "/clear"))
    assert web.post(here(brand) + "/typical").status_code == 303 and len(stored(third)) == 5


def test_members_see_the_times_and_change_none(
    brand: Profile, accounts: list[SocialAccount], web: Browser,
    signed_in: Callable[[User], Browser],
) -> None:  # fmt: skip
    web.post(here(brand, accounts[0]), data={"time": "09:30", "day": "0"})
    luca = make.make_user()
    make.join(brand, luca, Role.MEMBER)
    member = signed_in(luca)
    page = member.get(here(brand)).text
    assert "09:30" in page and "An owner or admin of the brand sets them." in page
    assert 'name="remove"' not in page and "typical times</button>" not in page
    for more in ("", "/typical", "/clear", "/restore?times=0-60", "/copy"):
        assert member.post(here(brand, accounts[0], more)).status_code == 403
    assert member.post(here(brand) + "/typical").status_code == 403
    assert stored(accounts[0]) == [(0, 570)]


def test_an_account_of_another_of_ones_own_brands_is_not_found_here(
    web: Browser, maya: User, brand: Profile, accounts: list[SocialAccount]
) -> None:
    other = make.make_account(make.make_profile(maya, "Quay Bakery"), "mastodon")
    for more in ("", "/typical", "/clear", "/restore?times=0-60", "/copy"):
        assert web.post(here(brand, other, more), data={"remove": "0-60"}).status_code == 404
    refused = web.post(here(brand, accounts[0], "/copy"), data={"to": [str(other.id)]})
    assert refused.status_code in (404, 422) and stored(other) == []


def test_no_account_leads_to_connections_and_many_cost_no_more(
    web: Browser, brand: Profile
) -> None:
    assert "No accounts yet" in web.get(here(brand)).text

    def cost() -> int:
        counts = []
        for _ in range(3):
            with counted() as told:
                assert web.get(here(brand)).status_code == 200
            counts.append(len(told))
        return min(counts)

    web.post(here(brand, make.make_account(brand, "twitter"), "/typical"))
    few = cost()
    for _ in range(6):
        web.post(here(brand, make.make_account(brand, "mastodon"), "/typical"))
    assert cost() <= few


def test_connections_lead_here(web: Browser, brand: Profile, accounts: list[SocialAccount]) -> None:
    at = f"/p/{brand.slug}/connections"
    page = web.get(at).text
    assert f'href="{here(brand)}"' in page and f'{here(brand)}#times-{accounts[0].id}"' in page
    assert f"{here(brand)}#times-{accounts[0].id}" in web.get(f"{at}/{accounts[0].id}").text
