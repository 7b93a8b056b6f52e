"""The calendar's pages: what they show, what they refuse, and what they cost."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app import holds
from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.people import User
from app.models.posts import HoldReason, Post, TargetState
from app.models.profiles import Profile
from app.permissions import GRANTS, Permission, Role
from tests import factories as make
from tests.conftest import Browser
from tests.statements import counted

LONDON = ZoneInfo("Europe/London")


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


def tomorrow(hour: int = 12, minute: int = 30) -> datetime:
    local = now().astimezone(LONDON) + timedelta(days=1)
    return local.replace(hour=hour, minute=minute, second=0, microsecond=0)


def month(at: datetime) -> str:
    return f"{at.astimezone(LONDON):%Y-%m}"


def day(html: str, at: datetime) -> str:
    """The cell of that day."""
    found = re.search(rf'id="d-{at:%Y-%m-%d}".*?</li>', html, re.S)
    assert found is not None
    return found[0]


def test_a_post_stands_once_on_its_day_with_all_its_networks(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    at = tomorrow()
    post = make.make_post(brand, "Roast log 43\nwith a surprise", accounts, at=at)
    html = web.get(f"/p/{brand.slug}/calendar/month/{month(at)}").text
    cell = day(html, at)
    assert cell.count('class="chip"') == 1 and f'id="post-{post.id}"' in cell
    assert "12:30" in cell and "Roast log 43" in cell and 'data-status="scheduled"' in cell
    assert "Scheduled: X, Mastodon, Bluesky" in cell


def test_a_working_copy_is_no_post_of_its_own(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    at = tomorrow()
    post = make.make_post(brand, "As planned", accounts[:1], at=at)
    make.make_post(brand, "Half a new sente", accounts[:1], edits_id=post.id)
    html = web.get(f"/p/{brand.slug}/calendar/month/{month(at)}").text
    assert "Half a new sente" not in html and "unsaved changes" in day(html, at)


def test_what_did_not_go_out_heads_every_view(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    long_ago = now() - timedelta(days=90)
    failed = make.make_post(
        brand, "Old news", accounts[:1], at=long_ago, state=TargetState.FAILED,
        target={"error": "X already has this exact text from you."},
    )  # fmt: skip
    for view in ("calendar", "calendar/list", f"calendar/day/{now():%Y-%m-%d}"):
        html = web.get(f"/p/{brand.slug}/{view}").text
        assert "One post did not go out." in html
        assert "X already has this exact text from you." in html
        assert f'href="/p/{brand.slug}/posts/{failed.id}"' in html
    web.post(f"/p/{brand.slug}/posts/{failed.id}/targets/{failed.targets[0].id}/leave")
    assert "did not go out" not in web.get(f"/p/{brand.slug}/calendar").text


def test_a_broken_account_rings_its_planned_posts_and_offers_the_way_back(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    at = tomorrow()
    make.make_post(brand, "Cold brew", accounts, at=at)
    account = accounts[2]
    account.status, account.status_at = AccountStatus.NEEDS_RECONNECT, now()
    db.session.commit()
    holds.hold_account(db.session(), account.id, HoldReason.RECONNECT, now())
    db.session.commit()
    html = web.get(f"/p/{brand.slug}/calendar/month/{month(at)}").text
    assert 'data-net="bluesky" data-risk' in day(html, at)
    assert 'data-net="twitter" data-risk' not in day(html, at)
    assert "Reconnect Bluesky" in html and "One post that you planned cannot go out." in html


def test_late_posts_lead_to_the_decision(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    for n in range(3):
        make.make_post(
            brand, f"Late {n}", accounts[:1], at=now() - timedelta(hours=5 + n),
            target={"hold_reason": HoldReason.LATE},
        )  # fmt: skip
    html = web.get(f"/p/{brand.slug}/calendar").text
    assert "3 posts are late." in html and f"/p/{brand.slug}/catch-up" in html


def test_everything_that_needs_a_person_stands_on_one_page(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    where = f"/p/{brand.slug}/calendar/attention"
    assert "Nothing needs you" in web.get(where).text
    old = now() - timedelta(days=70)
    make.make_post(brand, "Fine", accounts[:1], at=tomorrow())
    make.make_post(brand, "Failed", accounts[:1], at=old, state=TargetState.FAILED)
    make.make_post(brand, "Unsure", accounts[:1], at=old, state=TargetState.NEEDS_REVIEW)
    make.make_post(
        brand, "On hold", accounts[:1], at=tomorrow(), target={"hold_reason": HoldReason.QUOTA}
    )
    html = web.get(where).text
    assert f'href="{where}"' in web.get(f"/p/{brand.slug}/calendar").text
    listed = html.split('aria-label="Posts that need you"')[1].split("</section>")[0]
    assert all(word in listed for word in ("Failed", "Unsure", "On hold"))
    assert "Fine" not in listed


def test_filters_narrow_the_month_and_the_list_searches_every_text(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    at = tomorrow()
    make.make_post(brand, "Only on the bird", accounts[:1], at=at)
    make.make_post(brand, "Harbour", accounts[1:2], at=at, own={"mastodon": ["Ein Größerer"]})
    where = f"/p/{brand.slug}/calendar/month/{month(at)}"
    cell = day(web.get(f"{where}?net=mastodon").text, at)
    assert "Harbour" in cell and "Only on the bird" not in cell
    assert "Harbour" not in day(web.get(f"{where}?status=draft").text, at)
    assert "Harbour" in day(web.get(f"{where}?net=nonsense&author=x&status=y").text, at)
    found = web.get(f"/p/{brand.slug}/calendar/list/{month(at)}?q=tea").text
    assert "Harbour" not in found
    found = web.get(f"/p/{brand.slug}/calendar/list/{month(at)}?q=GRÖSSERER").text
    assert "Harbour" in found and "Only on the bird" not in found


@pytest.mark.parametrize("path", [
    "month/2026-13", "month/26-05", "month/9999-01", "month/0000-01", "day/2026-02-30",
    "day/20260514", "list/may", "live", "live?month=2026-00",
])  # fmt: skip
def test_an_address_that_is_no_date_is_not_found(web: Browser, brand: Profile, path: str) -> None:
    assert web.get(f"/p/{brand.slug}/calendar/{path}").status_code == 404


def test_another_brands_calendar_is_not_found(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    other = make.make_profile(make.make_user())
    post = make.make_post(other, "Theirs", [make.make_account(other)], at=tomorrow())
    assert web.get(f"/p/{other.slug}/calendar").status_code == 404
    assert web.get(f"/p/{brand.slug}/posts/{post.id}").status_code == 404
    assert web.get(f"/p/{other.slug}/posts/{post.id}").status_code == 404


def test_a_day_with_many_posts_hides_some_but_never_a_failed_one(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    at = tomorrow(8)
    for n in range(9):
        make.make_post(brand, f"Post {n}", accounts[:1], at=at + timedelta(minutes=n))
    make.make_post(
        brand, "The bad one", accounts[:1], at=at + timedelta(hours=3), state=TargetState.FAILED
    )
    html = web.get(f"/p/{brand.slug}/calendar/month/{month(at)}").text
    cell = day(html, at)
    assert cell.count('class="chip"') == 6 and "4 more" in cell and "The bad one" in cell
    whole = web.get(f"/p/{brand.slug}/calendar/day/{at:%Y-%m-%d}").text
    assert all(f"Post {n}" in whole for n in range(9))


def test_live_says_nothing_until_something_changes_then_brings_that_day(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    at = now() + timedelta(minutes=2)
    post = make.make_post(brand, "Any minute", accounts[:1], at=at)
    html = web.get(f"/p/{brand.slug}/calendar/month/{month(at)}").text
    found = re.search(r'id="live" hidden hx-get="([^"]+)" hx-trigger="every 4s"', html)
    assert found is not None
    ask = found[1].replace("&amp;", "&")
    part = {"HX-Request": "true"}
    assert web.get(ask, headers=part).status_code == 204
    row = db.session.get_one(Post, post.id)
    row.targets[0].state, row.targets[0].published_at = TargetState.PUBLISHED, now()
    row.settle()
    db.session.commit()
    answer = web.get(ask, headers=part).text
    assert answer.count('hx-target="#d-') == 1
    assert 'hx-target="#attention"' in answer and "Published: X" in answer
    assert 'hx-target=".brand &gt; .i"' in answer
    assert "hx-trigger" not in answer.partition("<hx-partial")[0]  # nothing moves any more


def test_a_calendar_on_which_nothing_moves_does_not_ask(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    make.make_post(brand, "Done", accounts[:1], at=now(), state=TargetState.PUBLISHED)
    assert "hx-trigger" not in web.get(f"/p/{brand.slug}/calendar").text.split('id="live"')[1]


def test_a_month_costs_as_many_statements_with_many_posts_as_with_few(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    def cost() -> int:
        """Of the cheapest of three: now and then a request also notes that one was here."""
        counts = []
        where = f"/p/{brand.slug}/calendar"
        for _ in range(3):
            with counted() as told:
                assert web.get(where).status_code == 200
            counts.append(sum(one.lstrip().startswith("SELECT") for one in told))
        return min(counts)

    at = now().astimezone(LONDON).replace(day=15)
    make.make_post(brand, "One", accounts, at=at, media=[make.make_media(brand)])
    make.make_post(brand, "Next", accounts, at=tomorrow(), media=[make.make_media(brand)])
    make.make_post(brand, "An idea", accounts)
    few = cost()
    for n in range(30):
        make.make_post(brand, f"More {n}", accounts, at=at + timedelta(days=n % 9))
        make.make_post(brand, f"Idea {n}", accounts)
    assert cost() <= few <= 12


def test_500_posts_stay_light(web: Browser, brand: Profile, accounts: list[SocialAccount]) -> None:
    first = now().astimezone(LONDON).replace(day=1, hour=6, minute=0)
    for n in range(500):
        make.make_post(
            brand, f"Post number {n} about coffee", accounts[: 1 + n % 3],
            at=first + timedelta(days=n % 28, minutes=11 * (n // 28)),
        )  # fmt: skip
    web.get(f"/p/{brand.slug}/calendar")
    answer = web.get(f"/p/{brand.slug}/calendar")
    assert len(gzip.compress(answer.data)) <= 30_000


def test_a_new_brand_sees_its_first_steps_beside_an_empty_month(
    signed_in: Callable[[User], Browser],
) -> None:
    user = make.make_user()
    fresh = make.make_profile(user, "Quay Bakery")
    html = signed_in(user).get(f"/p/{fresh.slug}/calendar").text
    assert 'id="setup"' in html and "Set up Quay Bakery" in html
    assert html.count('class="day"') in (28, 35, 42)


def test_an_empty_attention_bar_takes_no_room(web: Browser, brand: Profile) -> None:
    assert '<div id="attention"></div>' in web.get(f"/p/{brand.slug}/calendar").text


def test_a_new_brand_is_told_the_next_step_on_its_empty_month(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    url = f"/p/{brand.slug}/calendar"
    assert "Write the first post" in web.get(url).text
    make.make_post(brand, "First", accounts[:1], at=now() + timedelta(hours=1))
    assert "Nothing to ring yet" not in web.get(url).text


def test_somebody_who_only_reads_is_offered_nothing_to_change(
    brand: Profile, accounts: list[SocialAccount], signed_in: Callable[[User], Browser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    reader = make.make_user()
    make.join(brand, reader, Role.MEMBER)
    only = GRANTS[Role.MEMBER] - {Permission.POST_WRITE}
    monkeypatch.setitem(GRANTS, Role.MEMBER, only)  # a role of a later issue
    post = make.make_post(brand, "Look", accounts, at=tomorrow(), target={"error": ""})
    browser = signed_in(reader)
    html = browser.get(f"/p/{brand.slug}/calendar/month/{month(tomorrow())}").text
    assert "data-rev" not in html and "day__add" not in html
    page = browser.get(f"/p/{brand.slug}/posts/{post.id}").text
    assert "/delete" not in page and "/edit" not in page
    for tail in ("schedule", "edit", "delete", "duplicate", "unschedule", "now"):
        assert browser.post(f"/p/{brand.slug}/posts/{post.id}/{tail}").status_code == 403
    assert browser.post(f"/p/{brand.slug}/catch-up", data={"do": "apply"}).status_code == 403
