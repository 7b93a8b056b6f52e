"""The pages for many posts, as a browser without scripts sends them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from flask import Flask
from markupsafe import escape

from app.extensions import db
from app.models.posts import Post, TargetState
from app.permissions import GRANTS, Permission, Role
from app.services import bulk
from tests.conftest import Browser
from tests.factories import make_account, make_post, make_profile, make_user
from tests.statements import counted

HX = {"HX-Request": "true", "HX-Request-Type": "partial"}
DUE = datetime(2026, 10, 21, 11, 30, tzinfo=UTC)  # 12:30 in London
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 10, 20, 9, 0, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def room(app: Flask, signed_in: Callable[..., Browser]) -> SimpleNamespace:
    """Maya at her brand, with two posts on the clock and one that is out."""
    maya = make_user()
    brand = make_profile(maya)
    account = make_account(brand, "mastodon")
    found = [make_post(brand, f"Roast log {n}", [account], at=DUE) for n in (1, 2)]
    out = make_post(brand, "Out", [account], at=DUE - 2 * DAY, state=TargetState.PUBLISHED)
    return SimpleNamespace(
        maya=maya, brand=brand, web=signed_in(maya), account=account, posts=found, out=out,
        url=f"/p/{brand.slug}/bulk", list=f"/p/{brand.slug}/calendar/list/2026-10",
    )  # fmt: skip


def ticked(found: Sequence[Post], **fields: Any) -> dict[str, Any]:
    return {"post": [f"{one.id}.{one.rev}" for one in found]} | fields


def fields(html: str) -> dict[str, Any]:
    """The hidden fields of the order, as its form would send them."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', html):
        found.setdefault(name, []).append(value.replace("&#39;", "'").replace("&#34;", '"'))
    return {key: values if key == "post" else values[0] for key, values in found.items()}


def due(post: Post) -> datetime | None:
    db.session.expire_all()
    return db.session.get_one(Post, post.id).due_at


def test_the_list_has_a_box_a_post_and_a_bar(room: SimpleNamespace) -> None:
    html = room.web.get(room.list).text
    assert html.count('class="bulk__pick"') == 3
    assert f'value="{room.posts[0].id}.1"' in html and 'value="move"' in html
    assert 'aria-label="Select Roast log 1, 12:30"' in html


def test_who_may_only_read_gets_no_boxes(
    room: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        GRANTS, Role.OWNER, frozenset({Permission.POST_READ, Permission.PROFILE_READ})
    )
    assert "bulk__pick" not in room.web.get(room.list).text
    assert room.web.post(room.url, data=ticked(room.posts, kind="move")).status_code == 403


def test_move_look_go_and_undo(room: SimpleNamespace) -> None:
    first = room.web.post(
        room.url, data=ticked([*room.posts, room.out], kind="move", back=room.list)
    )
    assert "Move 2 posts by 1 day<" in first.text and "It has gone out." in first.text
    assert "London" in first.text and "Thu 22 Oct, 12:30" in first.text
    assert due(room.posts[0]) == DUE
    # Another number than the button was shown for: a look first.
    sent = fields(first.text) | {"days": "2", "hours": "0", "do": "go"}
    second = room.web.post(room.url, data=sent)
    assert "Look at it once more" in second.text and "Move 2 posts by 2 days<" in second.text
    assert due(room.posts[0]) == DUE
    sent = fields(second.text) | {"days": "2", "hours": "0", "do": "go"}
    answers = [room.web.post(room.url, data=sent) for _ in range(2)]
    assert len({one.headers["Location"] for one in answers}) == 1  # sent twice, done once
    assert [due(one) for one in room.posts] == [DUE + 2 * DAY] * 2
    where = answers[0].headers["Location"]
    done = room.web.get(where).text
    assert "2 posts moved by 2 days." in done and "1 left as it was." in done
    assert "Undo all of it" in done and room.list in done
    assert "2 posts moved by 2 days" in room.web.get(room.list).text
    assert room.web.post(f"{where}/undo").headers["Location"] == where
    assert [due(one) for one in room.posts] == [DUE] * 2
    html = room.web.get(where).text
    assert "2 posts put back." in html and "Undo all of it" not in html


@pytest.mark.parametrize(
    ("kind", "given", "button", "done"),
    [
        ("date", {"on": "2026-11-02"}, "Move 2 posts to Monday 2 November",
         "2 posts moved to Monday 2 November"),
        ("duplicate", {"as": "drafts", "days": "7"}, "Copy 2 posts as drafts",
         "2 posts copied as drafts"),
        ("duplicate", {"as": "later", "days": "7"}, "Copy 2 posts to 7 days later",
         "2 posts copied to 7 days later"),
        ("delete", {}, "Delete 2 posts", "2 posts deleted"),
        ("move", {"days": "-1", "hours": "25"}, "", "Choose -23 to 23 hours."),
        ("move", {"days": "two"}, "", "Type a whole number"),
        ("date", {"on": "2026-02-30"}, "", "Choose a day"),
        ("approve", {}, "", "None of these posts can be changed like that."),
    ],
)  # fmt: skip
def test_each_order_says_what_it_will_do_and_what_it_did(
    room: SimpleNamespace, kind: str, given: dict[str, str], button: str, done: str
) -> None:
    first = room.web.post(room.url, data=ticked(room.posts, kind=kind))
    looked = room.web.post(room.url, data=fields(first.text) | given, headers=HX)
    assert "<h1" not in looked.text and 'id="order"' in looked.text
    if not button:
        assert looked.status_code == (200 if kind == "approve" else 422)
        assert str(escape(done)) in looked.text and 'value="go"' not in looked.text
        return
    assert f">{button}<" in re.sub(r"<svg.*?</svg>", "", looked.text)
    went = room.web.post(room.url, data=fields(looked.text) | given | {"do": "go"})
    assert done in room.web.get(went.headers["Location"]).text


def test_accounts_are_chosen_one_by_one(room: SimpleNamespace) -> None:
    other = make_account(room.brand, "bluesky", "marram")
    first = room.web.post(room.url, data=ticked(room.posts, kind="accounts"))
    assert first.status_code == 200 and "@marram" in first.text and 'value="go"' not in first.text
    given = {f"acc-{other.id}": "add", f"acc-{room.account.id}": ""}
    looked = room.web.post(room.url, data=fields(first.text) | given)
    assert "Change the accounts of 2 posts" in looked.text and "Goes to 2 accounts" in looked.text
    room.web.post(room.url, data=fields(looked.text) | given | {"do": "go"})
    db.session.expire_all()
    assert len(room.posts[0].targets) == 2


def test_labels_filter_the_calendar_and_stay_in_the_address(room: SimpleNamespace) -> None:
    assert "menu-label" not in room.web.get(room.list).text
    first = room.web.post(room.url, data=ticked(room.posts[:1], kind="labels"))
    given = {"labels": "Spring sale, #huila", "unlabels": ""}
    looked = room.web.post(room.url, data=fields(first.text) | given)
    assert "Label 1 post<" in looked.text and "huila" in looked.text
    room.web.post(room.url, data=fields(looked.text) | given | {"do": "go"})
    html = room.web.get(room.list).text
    assert '<span class="rowlabel">Spring sale</span>' in html and "Roast log 2" in html
    found = re.search(r"\?(label=[0-9a-f-]{36})", html)
    assert found is not None
    for view in ("list/2026-10", "month/2026-10", "week/2026-10-21", "day/2026-10-21"):
        html = room.web.get(f"/p/{room.brand.slug}/calendar/{view}?{found[1]}").text
        assert "Roast log 1" in html and "Roast log 2" not in html, view
        assert found[1] in html
    find = f"/p/{room.brand.slug}/find-replace?find=roast&swap=x&{found[1]}"
    assert "1 post says" in room.web.get(find).text


def test_a_long_order_shows_how_far_it_is(
    room: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    first = room.web.post(room.url, data=ticked(room.posts, kind="delete"))
    where = room.web.post(room.url, data=fields(first.text) | {"do": "go"}).headers["Location"]
    html = room.web.get(where, headers=HX).text
    assert "0 of 2 posts" in html and 'hx-trigger="every 1s"' in html and "<h1" not in html
    bulk.run()
    html = room.web.get(where, headers=HX).text
    assert "2 posts deleted." in html and "hx-trigger" not in html


@pytest.mark.parametrize(
    ("data", "status"),
    [({"kind": "move"}, 303), ({"kind": "move", "post": "nonsense"}, 303),
     ({"kind": "explode", "post": "x.1"}, 400), ({"kind": "replace", "post": "x.1"}, 400)],
)  # fmt: skip
def test_an_order_without_posts_or_sense_is_refused(
    room: SimpleNamespace, data: dict[str, str], status: int
) -> None:
    assert room.web.post(room.url, data=data).status_code == status
    assert room.web.get(room.url).headers["Location"].endswith("/calendar/list")


def test_the_way_back_is_a_page_of_the_calendar(room: SimpleNamespace) -> None:
    html = room.web.post(
        room.url, data=ticked(room.posts, kind="move", back="//evil.example/p/")
    ).text
    assert "evil.example" not in html and f"{room.list.rpartition('/')[0]}" in html


def test_pages_of_many_posts_cost_no_more_than_of_few(room: SimpleNamespace) -> None:
    more = [make_post(room.brand, f"Post {n}", [room.account], at=DUE) for n in range(30)]
    data = [ticked(room.posts, kind="move"), ticked([*room.posts, *more], kind="move")]
    told = []
    for one in data:
        with counted() as statements:
            assert room.web.post(room.url, data=one).status_code == 200
        told.append(len(statements))
    assert told[1] <= told[0] and told[0] <= 14
    with counted() as statements:
        room.web.get(room.list)
    assert len(statements) <= 26
