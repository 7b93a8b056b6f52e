"""A plan's quotas are exact: twenty at once get what the plan includes, and no more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from app import ids
from app.clock import now
from app.errors import AppError
from app.extensions import db
from app.models.billing import Subscription
from app.models.media import Media
from app.models.posts import Post, PostStatus
from app.models.profiles import Membership, Profile
from app.permissions import Role
from app.services import drafts, plans, posts, profile_ends, profiles, submissions, usage
from app.services.submissions import Submission
from tests.conftest import Browser
from tests.factories import actor_of, join, make_account, make_post, make_profile, make_user
from tests.web.desk import HX

MONTH = usage.month_of


@pytest.fixture
def plan(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``plan(profiles=3)`` makes Starter that plan; the installation bills."""
    stripe = replace(app.config["CARILLON"], STRIPE_SECRET_KEY="sk_test_1")
    monkeypatch.setitem(app.config, "CARILLON", stripe)

    def make(**limits: int | None) -> None:
        open_ = dict.fromkeys(("posts_per_month", "max_scheduled_posts"))
        monkeypatch.setitem(
            plans.PLANS, "starter", replace(plans.PLANS["starter"], **(open_ | limits))
        )

    return make


@pytest.fixture
def maya(app: Flask, plan: Callable[..., None]) -> SimpleNamespace:
    """Maya on Starter, with a brand and an account."""
    plan()
    user = make_user()
    brand = make_profile(user)
    account = make_account(brand, "mastodon")
    db.session.add(Subscription(user_id=user.id, plan="starter", status="active"))
    db.session.commit()
    found = SimpleNamespace(
        user=user, actor=actor_of(user), brand=brand, brand_id=brand.id, account=account,
        account_id=account.id, id=user.id,
    )  # fmt: skip
    db.session.rollback()
    return found


def at_once(app: Flask, work: Callable[[int], Any], times: int = 40) -> int:
    """How many of so many went through, twenty at a time; the others were told why."""

    def one(number: int) -> bool:
        with app.app_context():
            try:
                work(number)
            except AppError as error:
                assert (error.status, error.code) == (429, "QUOTA_EXCEEDED"), error.message
                assert error.retry_after and error.retry_after > 0
                return False
            finally:
                db.session.rollback()
                db.session.remove()
        return True

    with ThreadPoolExecutor(20) as pool:
        return sum(pool.map(one, range(times)))


def test_brands_are_as_many_as_the_plan_includes(
    app: Flask, maya: SimpleNamespace, plan: Callable[..., None]
) -> None:
    plan(profiles=5)
    other = make_profile()  # a guest there: it is paid for by somebody else
    join(other, maya.user, Role.OWNER)
    actor = actor_of(maya.user)
    db.session.rollback()
    ways = (profiles.create, profile_ends.make)
    assert at_once(app, lambda n: ways[n % 2](actor, f"Brand {n}", "UTC")) == 4
    assert db.session.query(Profile).count() == 6 and db.session.query(Membership).count() == 7


def test_posts_on_the_clock_and_of_the_month_are_as_many_as_the_plan_includes(
    app: Flask, maya: SimpleNamespace, plan: Callable[..., None]
) -> None:
    plan(max_scheduled_posts=7, posts_per_month=12)
    later = now() + timedelta(days=1)
    made = [make_post(maya.brand, f"Six bells {n}", [maya.account]).id for n in range(20)]
    db.session.rollback()

    def work(number: int) -> None:
        if number % 2:
            posts.schedule(maya.actor, made[number // 2], later)
        else:
            named = submissions.accounts_of(maya.actor, maya.brand_id, ["mastodon"])
            sent = Submission(text=f"Seven bells {number}", due_at=later)
            submissions.submit(maya.actor, maya.brand_id, sent, named)

    assert at_once(app, work) == 7

    def waiting() -> int:
        db.session.rollback()
        return db.session.query(Post).filter(Post.status == PostStatus.SCHEDULED).count()

    def counted() -> int:
        db.session.rollback()
        found = usage.used(f"user:{maya.id}", "posts_month", MONTH(now()))
        db.session.rollback()
        return found

    assert waiting() == 7 and counted() == 7
    plan(posts_per_month=12)
    at_once(app, work)  # some are on the clock already, and stay there
    assert waiting() == 12 == counted()


def test_a_draft_costs_nothing_and_a_post_counts_once(
    app: Flask, maya: SimpleNamespace, plan: Callable[..., None]
) -> None:
    plan(posts_per_month=2, max_scheduled_posts=1)
    later = now() + timedelta(days=1)
    for _ in range(3):
        drafts.create(maya.actor, maya.brand_id, text="Nothing yet")
    first, second, third = (make_post(maya.brand, f"Bell {n}", [maya.account]).id for n in range(3))
    posts.schedule(maya.actor, first, later)
    posts.move(maya.actor, first, later + timedelta(hours=1))
    posts.schedule(maya.actor, first, later)  # still one
    with pytest.raises(usage.QuotaExceeded, match="1 post on the clock"):
        posts.schedule(maya.actor, second, later)
    db.session.rollback()
    posts.unschedule(maya.actor, first)
    posts.schedule(maya.actor, second, later)
    posts.unschedule(maya.actor, second)
    posts.schedule(maya.actor, first, later)  # counted already
    with pytest.raises(usage.QuotaExceeded, match="2 posts a month"):
        posts.publish_now(maya.actor, third)
    db.session.rollback()
    posts.publish_now(maya.actor, second)  # waits for nothing, so it needs no place
    assert usage.used(f"user:{maya.id}", "posts_month", MONTH(now())) == 2


def test_uploads_and_bytes_are_as_many_as_the_plan_includes(
    app: Flask, maya: SimpleNamespace, plan: Callable[..., None]
) -> None:
    plan(media_uploads_per_month=9, max_storage_bytes=5 * 1000)

    def work(number: int) -> None:
        usage.spend(usage.UPLOADS, maya.brand_id, by_api=False)
        usage.require_room(maya.brand_id, 1000)
        db.session.add(Media(
            profile_id=maya.brand_id, key=f"00/{ids.uuid7().hex}", name="a.png", mime="image/png",
            size=1000, sha256="0" * 64, width=1, height=1, alt="",
        ))  # fmt: skip
        db.session.commit()

    assert at_once(app, work) == 5 == db.session.query(Media).count()
    db.session.rollback()
    plan(media_uploads_per_month=9, max_storage_bytes=None)
    assert at_once(app, work) == 4 == db.session.query(Media).count() - 5


def test_a_person_is_told_on_the_page_and_keeps_what_was_typed(
    app: Flask, maya: SimpleNamespace, plan: Callable[..., None],
    signed_in: Callable[..., Browser],
) -> None:  # fmt: skip
    plan(profiles=1, posts_per_month=0)
    web = signed_in(maya.user)
    told = web.post("/brands/new", data={"name": "A second", "time_zone": "Europe/Rome"})
    assert told.status_code == 402 and "includes 1 brand; you" in told.text
    assert 'value="A second"' in told.text and 'value="Europe/Rome"' in told.text
    page = web.get(f"/p/{maya.brand.slug}/developer").text
    assert "Of the Starter plan" in page and "0 Bytes of 10.0 GB" in page
    draft = make_post(maya.brand, "Six bells", [maya.account])
    at = (now() + timedelta(days=1)).astimezone(maya.brand.zone)
    sent = {
        "rev": "1", "accounts": "1", "options": "1", "tab": "", "text": "Seven bells",
        "account": [str(maya.account_id)], "date": f"{at:%Y-%m-%d}", "time": f"{at:%H:%M}",
    }  # fmt: skip
    path, draft_id = f"/p/{maya.brand.slug}/drafts/{draft.id}/schedule", draft.id
    told = web.post(path, data=sent, headers=HX)
    assert told.status_code == 402 and told.headers["HX-Retarget"] == "#notice"
    assert "Your plan has no more of this" in told.text and "0 posts a month" in told.text
    db.session.rollback()
    db.session.expire_all()
    kept = db.session.get_one(Post, draft_id)
    assert kept.parts == ["Seven bells"] and not kept.armed


def test_counts_nobody_looks_at_any_more_are_forgotten(app: Flask) -> None:
    from app.models.usage import UsageCount

    for days in (1, 399, 401):
        at = now() - timedelta(days=days)
        db.session.add(UsageCount(owner="user:1", kind="posts_month", starts_at=at, count=1))
    db.session.commit()
    assert usage.sweep() == 1 and db.session.query(UsageCount).count() == 2
