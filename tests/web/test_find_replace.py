"""The page of find and replace, as a browser without scripts uses it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from flask import Flask

from app.extensions import db
from app.models.posts import Post
from app.permissions import GRANTS, Permission, Role
from tests.conftest import Browser
from tests.factories import make_account, make_post, make_profile, make_user

DUE = datetime(2026, 10, 21, 11, 30, tzinfo=UTC)  # 12:30 in London


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 10, 20, 9, 0, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def room(app: Flask, signed_in: Callable[..., Browser]) -> SimpleNamespace:
    maya = make_user()
    brand = make_profile(maya)
    account = make_account(brand, "twitter", "marram")
    found = [
        make_post(brand, "The roast is in", [account], at=DUE),
        make_post(brand, "A roast & more", [account], at=DUE + timedelta(days=1)),
        make_post(brand, "roast " + "x" * 272, [account], at=DUE + timedelta(days=2)),
    ]
    return SimpleNamespace(
        brand=brand, web=signed_in(maya), posts=found, account=account,
        url=f"/p/{brand.slug}/find-replace",
    )  # fmt: skip


def hidden(html: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="([a-z]+)" value="([^"]*)"', html))


def texts(room: SimpleNamespace) -> list[str]:
    db.session.expire_all()
    return [db.session.get_one(Post, one.id).parts[0] for one in room.posts]


def test_look_tick_change_and_undo(room: SimpleNamespace) -> None:
    first = room.web.get(room.url).text
    assert "Show what would change" in first and "find__post" not in first
    html = room.web.get(f"{room.url}?find=Roast&swap=new+blend").text
    assert "3 posts say “Roast”" in html and "2 can be changed" in html
    assert "The <del>roast</del> is in" in html and "The <ins>new blend</ins> is in" in html
    assert "A <del>roast</del> &amp; more" in html
    assert "Left out." in html and html.count("disabled>") == 1 and "over</span>" in html
    ticks = re.findall(r'name="post" value="([^"]+)"[^>]* checked', html)
    assert len(ticks) == 2
    sent: dict[str, Any] = hidden(html) | {"post": ticks[:1]}
    where = room.web.post(room.url, data=sent).headers["Location"]
    assert texts(room)[:2] == ["The new blend is in", "A roast & more"]
    done = room.web.get(where).text
    assert "1 post changed." in done and "Undo all of it" in done
    room.web.post(f"{where}/undo")
    assert texts(room)[0] == "The roast is in"


def test_the_filters_stay_in_the_address(room: SimpleNamespace) -> None:
    query = f"find=roast&swap=x&case=1&account={room.account.id}&status=scheduled&last=2026-10-21"
    html = room.web.get(f"{room.url}?{query}").text
    assert "1 post says “roast”" in html and 'value="2026-10-21"' in html
    assert f'value="{room.account.id}" selected' in html and "@marram" in html


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("find=&swap=x", 422, "Type the text to look for."),
        ("find=roast&swap=roast", 422, "Type something else to put in its place."),
        ("find=" + "x" * 501, 422, "Keep it under 500 characters."),
        ("find=tea&swap=x", 200, "Nothing to come says “tea”"),
        ("find=roast&swap=x&account=nonsense&first=never&status=odd", 200, "3 posts say"),
    ],
)
def test_what_makes_no_sense_is_said(
    room: SimpleNamespace, query: str, status: int, says: str
) -> None:
    answer = room.web.get(f"{room.url}?{query}")
    assert answer.status_code == status and says in answer.text


def test_nothing_ticked_is_said_with_the_list(room: SimpleNamespace) -> None:
    answer = room.web.post(room.url, data={"find": "roast", "swap": "blend"})
    assert answer.status_code == 422 and "Tick at least one post." in answer.text
    assert "3 posts say" in answer.text and texts(room)[0] == "The roast is in"


def test_it_is_for_those_who_write(room: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    html = room.web.get(f"/p/{room.brand.slug}/calendar/list").text
    assert f'href="{room.url}"' in html
    read = frozenset({Permission.POST_READ, Permission.PROFILE_READ})
    monkeypatch.setitem(GRANTS, Role.OWNER, read)
    assert room.web.get(room.url).status_code == 403
    assert room.url not in room.web.get(f"/p/{room.brand.slug}/calendar/list").text
