"""The page of a post: what happened in words, and every button that mends it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.clock import now
from app.extensions import db
from app.ids import uuid7
from app.models.accounts import AccountStatus, SocialAccount
from app.models.attempts import Attempt, AttemptState, Phase
from app.models.people import User
from app.models.posts import HoldReason, Post, PostTarget, TargetState
from app.models.profiles import Profile
from tests import factories as make
from tests.conftest import Browser

LONDON = ZoneInfo("Europe/London")
PART = {"HX-Request": "true"}


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


def local(days: int = 1, hour: int = 12, minute: int = 30) -> datetime:
    here = now().astimezone(LONDON) + timedelta(days=days)
    return here.replace(hour=hour, minute=minute, second=0, microsecond=0)


def attempt(target: PostTarget, **columns: Any) -> Attempt:
    """A row of the job log."""
    values: dict[str, Any] = {
        "target_id": target.id, "account_id": target.account_id, "number": 1,
        "state": AttemptState.REFUSED, "phase": Phase.COMMIT, "marker": uuid7().hex,
        "claim_token": 1, "content_hash": "0" * 64, "content": {"text": "", "media": []},
        "started_at": now() - timedelta(seconds=3), "finished_at": now(),
    }  # fmt: skip
    row = Attempt(**(values | columns))
    db.session.add(row)
    db.session.commit()
    return row


def again(target: PostTarget) -> PostTarget:
    """The row as it is stored now."""
    db.session.expire_all()
    return db.session.get_one(PostTarget, target.id)


def url(brand: Profile, post: Post, tail: str = "") -> str:
    return f"/p/{brand.slug}/posts/{post.id}{tail}"


def test_a_partly_sent_post_says_so_and_links_to_what_is_public(
    web: Browser, brand: Profile, maya: User, accounts: list[SocialAccount]
) -> None:
    at = local(-1)
    post = make.make_post(brand, "Two seats left", accounts, at=at, author=maya,
                          state=TargetState.PUBLISHED)  # fmt: skip
    bad, good, _ = post.targets
    good.permalink, good.published_at = "https://bells.example/@marram/1", at + timedelta(seconds=3)
    bad.state, bad.category = TargetState.FAILED, "duplicate"
    attempt(bad, http_status=403, raw='{"detail":"duplicate <b>content</b>"}', message="Duplicate")
    post.settle()
    db.session.commit()
    html = web.get(url(brand, post)).text
    assert "2 of 3 went out" in html and "Written by Maya Okafor" in html
    assert "X already has this exact text from you" in html and "Change the text" in html
    assert 'href="https://bells.example/@marram/1" rel="noopener nofollow"' in html
    assert "HTTP 403" in html and "&lt;b&gt;content" in html  # the raw answer, escaped
    assert "X, first try." in html and "Refused: Duplicate." in html
    assert "hx-trigger" not in html.split('id="delivery"')[1].split(">")[0]


def test_a_post_on_its_way_asks_for_itself_until_it_is_there(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    post = make.make_post(brand, "Now", accounts[:1], at=now(), state=TargetState.POSTING)
    html = web.get(url(brand, post)).text
    assert f'hx-get="{url(brand, post, "/delivery")}" hx-trigger="every 3s"' in html
    target = db.session.get_one(PostTarget, post.targets[0].id)
    target.state, target.published_at = TargetState.PUBLISHED, now()
    target.post.settle()
    db.session.commit()
    answer = web.get(url(brand, post, "/delivery"), headers=PART).text
    assert answer.lstrip().startswith('<section class="card" id="delivery"')
    assert "hx-trigger" not in answer and "Published" in answer
    for place in ("#problems", "#result", "#actions", "#history"):
        assert f'hx-target="{place}"' in answer


def test_a_signed_out_account_is_mended_before_sending_again(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    accounts[2].status = AccountStatus.NEEDS_RECONNECT
    post = make.make_post(brand, "Cold brew", accounts[2:], at=local(),
                          target={"hold_reason": HoldReason.RECONNECT,
                                  "hold_until": local(2)})  # fmt: skip
    html = web.get(url(brand, post)).text
    assert "Bluesky signed you out" in html and "Reconnect Bluesky" in html
    assert "it is given up" in html and "Held" in html


def test_retry_sends_a_failed_target_again(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    post = make.make_post(brand, "Again", accounts[:1], at=local(-1), state=TargetState.FAILED,
                          target={"category": "network_error", "failures": 3})  # fmt: skip
    target = post.targets[0]
    answer = web.post(url(brand, post, f"/targets/{target.id}/retry"), follow_redirects=True)
    assert "Going out to X now." in answer.text
    assert (again(target).state, target.failures) == (TargetState.SCHEDULED, 0)


def test_an_unsure_post_takes_a_persons_verdict_with_its_link(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    post = make.make_post(brand, "Perhaps", accounts[:1], at=local(-1),
                          state=TargetState.NEEDS_REVIEW)  # fmt: skip
    target = post.targets[0]
    attempt(target, state=AttemptState.UNKNOWN, probes=4, finished_at=None)
    html = web.get(url(brand, post)).text
    assert "We cannot tell whether this went out on X" in html and "asked X 4 times" in html
    at = url(brand, post, f"/targets/{target.id}")
    refused = web.post(f"{at}/published", data={"url": "javascript:alert(1)"})
    assert refused.status_code == 422 and "Paste the whole link" in refused.text
    assert 'value="javascript:alert(1)"' in refused.text
    assert again(target).state is TargetState.NEEDS_REVIEW
    web.post(f"{at}/published", data={"url": "https://x.com/marram/status/1"})
    assert again(target).state is TargetState.PUBLISHED
    assert target.permalink == "https://x.com/marram/status/1"


@pytest.mark.parametrize(("what", "state"), [
    ("again", TargetState.SCHEDULED), ("failed", TargetState.FAILED),
])  # fmt: skip
def test_an_unsure_post_that_is_not_there_is_sent_again_or_left(
    web: Browser, brand: Profile, accounts: list[SocialAccount], what: str, state: TargetState
) -> None:
    post = make.make_post(brand, "Perhaps", accounts[:1], at=local(-1),
                          state=TargetState.NEEDS_REVIEW)  # fmt: skip
    attempt(post.targets[0], state=AttemptState.UNKNOWN, finished_at=None)
    plain = web.post(url(brand, post, f"/targets/{post.targets[0].id}/retry"))
    assert plain.status_code == 303  # told to look first
    assert again(post.targets[0]).state is TargetState.NEEDS_REVIEW
    web.post(url(brand, post, f"/targets/{post.targets[0].id}/{what}"))
    assert again(post.targets[0]).state is state


def test_leaving_one_account_out_keeps_the_others(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    post = make.make_post(brand, "Three", accounts, at=local())
    web.post(url(brand, post, f"/targets/{post.targets[0].id}/leave"))
    assert again(post.targets[0]).state is TargetState.CANCELLED
    assert again(post.targets[1]).state is TargetState.SCHEDULED
    assert '<div class="stack" id="problems"></div>' in web.get(url(brand, post)).text
    other = make.make_post(brand, "Foreign", accounts[:1], at=local())
    crossed = web.post(url(brand, post, f"/targets/{other.targets[0].id}/leave"))
    assert crossed.status_code == 404


def test_delete_says_what_stays_public_and_unschedule_makes_a_draft(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    out = make.make_post(brand, "Out", accounts[:2], at=local(-1), state=TargetState.PUBLISHED,
                         target={"published_at": local(-1)})  # fmt: skip
    asked = web.get(url(brand, out, "/delete"), headers=PART).text
    assert "What is public stays on X and Mastodon" in asked and "<html" not in asked
    assert "<html" in web.get(url(brand, out, "/delete")).text
    web.post(url(brand, out, "/delete"))
    assert web.get(url(brand, out)).status_code == 404
    planned = make.make_post(brand, "Planned", accounts[:1], at=local())
    answer = web.post(url(brand, planned, "/unschedule"))
    assert answer.headers["Location"].endswith(f"/drafts/{planned.id}")
    assert again(planned.targets[0]).state is TargetState.DRAFT


def test_a_member_of_nothing_and_a_stranger_can_do_nothing(
    brand: Profile, accounts: list[SocialAccount], signed_in: Callable[[User], Browser],
    client: Browser,
) -> None:  # fmt: skip
    post = make.make_post(brand, "Ours", accounts[:1], at=local())
    stranger = signed_in(make.make_user())
    for tail in ("", "/peek", "/delivery", "/move", "/delete"):
        assert stranger.get(url(brand, post, tail)).status_code == 404
    for tail in ("/delete", "/edit", "/duplicate", "/unschedule", "/schedule"):
        assert stranger.post(url(brand, post, tail)).status_code == 404
    assert client.get(url(brand, post)).status_code == 303
    assert again(post.targets[0]).state is TargetState.SCHEDULED


# Moving ------------------------------------------------------------------------------------------


def drop(web: Browser, brand: Profile, post: Post, at: str, month: str = "", **more: str) -> Any:
    """What the calendar's script sends."""
    data = {"at": at, "month": month or at[:7], "rev": str(post.rev), **more}
    return web.patch(url(brand, post, "/schedule"), data=data, headers=PART)


def undo_of(answer: Any) -> str:
    found = re.search(r'"undo": "([^"]+)"', answer.headers["HX-Trigger"])
    assert found is not None
    return found[1]


def test_dropped_on_a_day_a_post_keeps_its_time_of_day_and_both_days_come_back(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    was, to = local(1, 17, 15), local(3, 17, 15)
    post = make.make_post(brand, "Moved", accounts[:1], at=was)
    answer = drop(web, brand, post, f"{to:%Y-%m-%d}", f"{was:%Y-%m}")
    assert answer.status_code == 200
    assert f'hx-target="#d-{was:%Y-%m-%d}"' in answer.text
    assert "Moved to" in answer.headers["HX-Trigger"] and "17:15" in answer.headers["HX-Trigger"]
    assert again(post.targets[0]).due_at == to.astimezone(UTC)
    undone = web.post(undo_of(answer), headers=PART)
    assert undone.status_code == 200 and "Put back." in undone.headers["HX-Trigger"]
    assert again(post.targets[0]).due_at == was.astimezone(UTC)
    assert web.post(undo_of(answer), headers=PART).status_code == 409  # once only


def test_across_the_end_of_summer_time_the_clock_time_stays(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    year = now().year + 1
    sunday = datetime(year, 10, 31, tzinfo=LONDON)
    sunday -= timedelta(days=(sunday.weekday() + 1) % 7)
    before = (sunday - timedelta(days=2)).replace(hour=9)
    post = make.make_post(brand, "Nine", accounts[:1], at=before)
    drop(web, brand, post, f"{sunday + timedelta(days=1):%Y-%m-%d}")
    moved = again(post.targets[0]).due_at
    assert moved is not None and before.astimezone(UTC).hour == 8 and moved.hour == 9


@pytest.mark.parametrize(("at", "says"), [
    ("2020-01-01", "passed"), ("soon", "Choose a day"), ("", "Choose a day"),
    ("2027-03-28T01:30", "does not exist"), ("2026-05-14T12:30Z", "Choose a day"),
    ("9999-12-31", "five years"),
])  # fmt: skip
def test_a_time_that_cannot_be_is_refused_and_the_day_comes_back(
    web: Browser, brand: Profile, accounts: list[SocialAccount], at: str, says: str
) -> None:
    was = local()
    post = make.make_post(brand, "Stays", accounts[:1], at=was)
    answer = drop(web, brand, post, at, f"{was:%Y-%m}")
    assert answer.status_code == 422 and says in answer.headers["HX-Trigger"]
    assert f'hx-target="#d-{was:%Y-%m-%d}"' in answer.text
    form = web.post(url(brand, post, "/schedule"), data={"at": at, "rev": str(post.rev)})
    assert form.status_code == 422 and says in form.text and "field__error" in form.text
    assert again(post.targets[0]).due_at == was.astimezone(UTC)


def test_a_published_post_and_a_stale_one_stay_where_they_are(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    out = make.make_post(brand, "Out", accounts[:1], at=local(-1), state=TargetState.PUBLISHED)
    answer = drop(web, brand, out, f"{local(2):%Y-%m-%d}")
    assert answer.status_code == 409 and "has gone out" in answer.headers["HX-Trigger"]
    post = make.make_post(brand, "Stale", accounts[:1], at=local())
    answer = drop(web, brand, post, f"{local(2):%Y-%m-%d}", rev="77")
    assert answer.status_code == 409 and "Somebody else" in answer.headers["HX-Trigger"]


def test_a_draft_from_the_tray_gets_a_day_and_undo_takes_it_back(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    draft = make.make_post(brand, "Idea", accounts[:1])
    to = local(2)
    answer = drop(web, brand, draft, f"{to:%Y-%m-%d}")
    assert answer.status_code == 200 and 'hx-target="#tray-list"' in answer.text
    db.session.expire_all()
    assert db.session.get_one(Post, draft.id).due_at == local(2, 9, 0).astimezone(UTC)
    web.post(undo_of(answer), headers=PART)
    db.session.expire_all()
    assert db.session.get_one(Post, draft.id).due_at is None


def test_the_move_form_works_without_scripts(
    web: Browser, brand: Profile, accounts: list[SocialAccount]
) -> None:
    post = make.make_post(brand, "By hand", accounts[:1], at=local())
    html = web.get(url(brand, post, "/move")).text
    assert f'value="{local():%Y-%m-%dT%H:%M}"' in html and "London time" in html
    to = local(4, 18, 5)
    answer = web.post(
        url(brand, post, "/schedule"), data={"at": f"{to:%Y-%m-%dT%H:%M}", "rev": str(post.rev)}
    )
    assert answer.headers["Location"].endswith(f"/calendar/month/{to:%Y-%m}")
    assert "Undo" in web.get(answer.headers["Location"]).text
    assert again(post.targets[0]).due_at == to.astimezone(UTC)
