"""The week's page: what it shows and refuses, how a post is moved on it, and what it costs."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask

from app.clock import now
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.people import User
from app.models.posts import Post, TargetState
from app.models.profiles import Profile
from app.permissions import GRANTS, Permission, Role
from tests import factories as make
from tests.conftest import Browser
from tests.statements import counted

LONDON = ZoneInfo("Europe/London")
WEDNESDAY = datetime(2026, 3, 25, 9, 41, tzinfo=UTC)  # the clocks go forward that Sunday
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(autouse=True)
def moment() -> Iterator[None]:
    with time_machine.travel(WEDNESDAY):
        yield


@pytest.fixture
def brand(app: Flask, moment: None) -> Profile:
    return make.make_profile(make.make_user(), named_at=now(), time_zone="Europe/London")


@pytest.fixture
def accounts(brand: Profile) -> list[SocialAccount]:
    return [make.make_account(brand, name) for name in ("twitter", "mastodon", "bluesky")]


@pytest.fixture
def web(brand: Profile, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(db.session.query(User).one())


def at(day: int, hour: int = 12, minute: int = 30) -> datetime:
    """A time in London in March 2026."""
    return datetime(2026, 3, day, hour, minute, tzinfo=LONDON)


def place(brand: Profile, *rest: object) -> str:
    return "/".join(map(str, (f"/p/{brand.slug}", *rest)))


def column(html: str, day: int) -> str:
    """The column of that day."""
    found = re.search(rf'<ol role="list" class="wg__col" id="d-2026-03-{day}".*?</ol>', html, re.S)
    assert found is not None
    return found[0]


def moved(web: Browser, brand: Profile, post: Post, to: str, **more: Any) -> Any:
    data = {"at": to, "week": "2026-03-23", "rev": str(post.rev), **more}
    return web.patch(place(brand, "posts", post.id, "schedule"), data=data, headers=PART)


def test_a_post_lies_at_its_quarter_of_an_hour(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    post = make.make_post(
        brand, "Roast log 43", accounts, at=at(26), media=[make.make_media(brand)]
    )
    for path in ("week", "week/2026-03-23", "week/2026-03-29"):
        html = web.get(place(brand, "calendar", path)).text
        cell = column(html, 26)
        assert (
            f'<li data-at="50" data-len="10"><a class="chip" href="/p/{brand.slug}/posts/' in cell
        )
        assert f'id="post-{post.id}"' in cell and "Scheduled: X, Mastodon, Bluesky" in cell
        assert "23 to 29 March 2026" in html and "21:00 to 24:00, nothing planned" in html
    today = column(html, 25)
    assert 'class="wg__now" data-at="38" data-part="2" aria-label="Now, 09:41"' in today
    axis = html.split('class="wg__axis"')[1].split("</div>")[0]
    assert re.findall(r'data-hour="(\d+)" hidden', axis) == ["10"]  # the line's label is there
    assert "<b>1 post this week</b>" in html


def test_a_day_of_23_hours_marks_the_missing_one_and_a_move_keeps_local_time(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    html = web.get(place(brand, "calendar/week/2026-03-29")).text
    assert 'data-at="4" data-len="4" data-skipped' in column(html, 29)
    assert "No 01:00 to 02:00: the clocks go forward" in column(html, 29)
    assert "GMT→ BST" in html and "23 h" in html
    post = make.make_post(brand, "Sunday roast", accounts[:1], at=at(27, 9, 0))
    answer = moved(web, brand, post, "2026-03-29T09:00")
    assert answer.status_code == 200 and "09:00" in column(answer.text, 29)
    for part in ("#d-2026-03-27", "#h-2026-03-27", "#d-2026-03-29", "#cadence", "#attention"):
        assert f'hx-target="{part}"' in answer.text
    assert answer.text.count('hx-target="#d-') == 2 and "<html" not in answer.text
    db.session.expire_all()
    due = db.session.get_one(Post, post.id).due_at
    assert due == datetime(2026, 3, 29, 8, 0, tzinfo=UTC)  # 09:00 in summer time
    post = db.session.get_one(Post, post.id)
    refused = moved(web, brand, post, "2026-03-29T01:30")
    assert refused.status_code == 422 and "01:30 does not exist" in refused.headers["HX-Trigger"]
    assert "09:00" in column(refused.text, 29)


def test_a_day_of_25_hours_shows_its_hour_twice(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    post = make.make_post(
        brand, "The second time", accounts[:1], at=datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    )
    html = web.get(place(brand, "calendar/week/2026-10-25")).text
    assert "01:00 to 02:00, </span>BST" in html and "01:00 to 02:00 </span>again, GMT" in html
    assert f'id="post-{post.id}"' in html and ">01:30 GMT</time>" in html
    assert '<li data-at="6" data-len="6" data-col="2/2">' in html
    answer = web.patch(
        place(brand, "posts", post.id, "schedule"), headers=PART,
        data={"at": "2026-10-25T01:30", "week": "2026-10-19", "rev": str(post.rev)},
    )  # fmt: skip
    assert answer.status_code == 200 and ">01:30 BST</time>" in answer.text  # means the first
    assert '<li data-at="6" data-len="6" data-col="1/2">' in answer.text


def test_a_move_can_be_undone_and_the_past_refuses(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    draft = make.make_post(brand, "Grinder guide", accounts[:1])
    answer = moved(web, brand, draft, "2026-03-26T10:15")
    assert 'hx-target="#tray-list"' in answer.text and 'hx-target="#tray-count"' in answer.text
    told = re.search(r'"undo": "([^"]+)"', answer.headers["HX-Trigger"])
    assert told is not None
    back = web.post(told[1], headers=PART)
    assert "Put back." in back.headers["HX-Trigger"]
    assert "Grinder guide" not in column(back.text, 26) and "Grinder guide" in back.text
    db.session.expire_all()
    draft = db.session.get_one(Post, draft.id)
    assert draft.due_at is None
    late = moved(web, brand, draft, "2026-03-24T10:15")
    assert late.status_code == 422 and "has passed" in late.headers["HX-Trigger"]
    stale = moved(web, brand, draft, "2026-03-27T10:15", rev="99")
    assert stale.status_code == 409 and 'hx-target="#d-2026-03-27"' in stale.text


def test_a_drop_close_to_another_post_of_the_account_asks_once(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    make.make_post(brand, "Already there", accounts[1:2], at=at(26, 12, 20))
    post = make.make_post(brand, "On its way", accounts[:2], at=at(27, 9, 0))
    asked = moved(web, brand, post, "2026-03-26T12:30")
    assert asked.status_code == 409 and 'hx-target="#dialog"' in asked.text
    assert "Mastodon: “Already there” at 12:20, 10 minutes before." in asked.text
    assert "On its way" in column(asked.text, 27) and "On its way" not in column(asked.text, 26)
    free = re.search(r'data-place="([^"]+)"[^>]*>Move to ([\d:]+) instead', asked.text)
    assert free is not None and free[1] == f"2026-03-26T{free[2]}"
    assert moved(web, brand, post, free[1]).status_code == 200  # nothing is close there
    db.session.expire_all()
    post = db.session.get_one(Post, post.id)
    assert moved(web, brand, post, "2026-03-26T12:30", sure="1").status_code == 200
    alone = make.make_post(brand, "Elsewhere", accounts[2:], at=at(27, 9, 0))
    assert moved(web, brand, alone, "2026-03-26T12:30").status_code == 200  # another account


def test_live_brings_the_changed_column_with_its_head(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    post = make.make_post(brand, "Any minute", accounts[:1], at=now() + timedelta(minutes=2))
    html = web.get(place(brand, "calendar/week")).text
    found = re.search(r'id="live" hidden hx-get="([^"]+)" hx-trigger="every 4s"', html)
    assert found is not None and "week=2026-03-23" in found[1]
    ask = found[1].replace("&amp;", "&")
    assert web.get(ask, headers=PART).status_code == 204
    row = db.session.get_one(Post, post.id)
    row.targets[0].state, row.targets[0].published_at = TargetState.PUBLISHED, now()
    row.settle()
    db.session.commit()
    answer = web.get(ask, headers=PART).text
    assert answer.count('hx-target="#d-') == answer.count('hx-target="#h-') == 1
    assert "Published: X" in column(answer, 25) and 'hx-target="#upnext"' in answer


@pytest.mark.parametrize(("path", "status"), [
    ("week/2026-02-30", 404), ("week/2026-13", 404), ("week/0001-01-01", 404), ("week/x", 404),
    ("live?week=2026-02-30", 404), ("week/2199-12-31", 200), ("week/1970-01-01", 200),
    ("week/2026-03-25?net=nonsense&status=x&author=y&hours=z", 200),
])  # fmt: skip
def test_an_address_is_a_day_or_not_found(
    web: Browser, brand: Profile, path: str, status: int
) -> None:
    assert web.get(place(brand, "calendar", path)).status_code == status


def test_filters_and_folded_hours_stay_in_the_address(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    make.make_post(brand, "On the bird", accounts[:1], at=at(26))
    make.make_post(brand, "In the herd", accounts[1:2], at=at(26, 17))
    html = web.get(place(brand, "calendar/week/2026-03-26?net=mastodon")).text
    assert "In the herd" in column(html, 26) and "On the bird" not in column(html, 26)
    assert 'href="?net=mastodon&amp;hours=all"' in html
    whole = web.get(place(brand, "calendar/week/2026-03-26?net=mastodon&hours=all")).text
    assert 'data-first="0" data-last="24"' in whole and "wg__fold" not in whole


def test_who_only_reads_can_move_nothing(
    brand: Profile, accounts: list[SocialAccount], signed_in: Callable[[User], Browser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    reader, stranger = make.make_user(), make.make_user()
    make.join(brand, reader, Role.MEMBER)
    monkeypatch.setitem(GRANTS, Role.MEMBER, GRANTS[Role.MEMBER] - {Permission.POST_WRITE})
    post = make.make_post(brand, "Look", accounts, at=at(26))
    html = signed_in(reader).get(place(brand, "calendar/week")).text
    assert "Look" in html and "data-rev" not in html and "day__add" not in html
    assert moved(signed_in(reader), brand, post, "2026-03-27T10:00").status_code == 403
    assert signed_in(stranger).get(place(brand, "calendar/week")).status_code == 404


def test_500_posts_cost_no_more_statements_and_stay_light(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    def cost() -> tuple[int, bytes]:
        """Statements of the cheapest of three, and the page."""
        counts = []
        for _ in range(3):
            db.session.rollback()
            where = place(brand, "calendar/week")  # reads the brand again
            with counted() as told:
                answer = web.get(where)
            assert answer.status_code == 200
            counts.append(sum(one.lstrip().startswith("SELECT") for one in told))
        return min(counts), answer.data

    picture = make.make_media(brand)
    make.make_post(brand, "One", accounts, at=at(27), media=[picture])
    few, html = cost()
    assert b"/thumb" in html
    for n in range(100):
        make.make_post(
            brand, f"Post number {n} about coffee", accounts[: 1 + n % 3], media=[picture],
            at=at(23 + n % 7, 7) + timedelta(minutes=n // 7 * 55),
        )  # fmt: skip
    many, html = cost()
    assert many <= few <= 12
    assert b"/thumb" not in html  # no pictures any more
    assert len(gzip.compress(html)) <= 30_000
