"""Open slots on the calendar, and the composer that takes the next one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import time_machine

from app.extensions import db
from app.models.people import User
from app.models.posts import TargetState
from app.services import posting_times
from app.services.posting_times import Weekly
from tests.conftest import Browser
from tests.factories import actor_of, make_post
from tests.web.desk import HX, begun, desk, form, opened, save, stored

__all__ = ["desk"]

NOW = datetime(2031, 5, 12, 6, 0, tzinfo=UTC)  # a Monday, 07:00 in London
WEDNESDAY = date(2031, 5, 14)


@pytest.fixture(autouse=True)
def monday(desk: SimpleNamespace, signed_in: Callable[[User], Browser]) -> Iterator[None]:
    """X and Mastodon post on Mondays and Wednesdays, X also on Fridays; Bluesky has no times."""
    actor = actor_of(desk.maya)
    for name in ("twitter", "mastodon"):
        times = [Weekly(0, 570), Weekly(2, 750)] + [Weekly(4, 1050)] * (name == "twitter")
        posting_times.add(actor, desk.accounts[name].id, times)
    desk.brand.named_at = NOW
    db.session.commit()
    with time_machine.travel(NOW):
        desk.browser = signed_in(desk.maya)  # whose session is of that day
        yield


def cell(html: str, on: str) -> str:
    found = re.search(rf'id="d-{on}".*?</(?:li|ol)>\n(?=<li class="day"|<ol|</|$)', html, re.S)
    assert found
    return found[0]


def slots(html: str) -> list[str]:
    """When and for how many each slot is open, by its own words."""
    found = re.findall(r'class="slot"[^>]*data-at="([^"]+)"><time>[^<]+</time>(open[^<]*)<', html)
    return [f"{at} {words}" for at, words in found]


def month(desk: SimpleNamespace, query: str = "") -> str:
    return str(desk.browser.get(f"{desk.base}/calendar/month/2031-05{query}").text)


def test_a_month_shows_what_is_open_and_leaves_the_rest_out(desk: SimpleNamespace) -> None:
    make_post(
        desk.brand,
        "Taken",
        [desk.accounts["twitter"]],
        at=datetime(2031, 5, 14, 11, 30, tzinfo=UTC),
    )
    found = slots(month(desk))
    assert found[:4] == [
        "2031-05-12T09:30 open", "2031-05-14T12:30 open for 1", "2031-05-16T17:30 open",
        "2031-05-19T09:30 open",
    ]  # fmt: skip
    page = month(desk)
    assert f'href="{desk.base}/compose?slot=2031-05-14T12:30"' in page
    assert 'name="slots" value="0" aria-pressed="true"' in page
    hidden = month(desk, "?slots=0")
    assert slots(hidden) == [] and 'aria-pressed="false">' in hidden
    assert f"{desk.base}/calendar/list/2031-05?slots=0" in hidden  # other views keep it
    assert slots(month(desk, "?status=failed")) == []
    only = month(desk, "?net=mastodon")
    assert slots(only)[0] == "2031-05-12T09:30 open" and "T17:30" not in "".join(slots(only))
    assert "compose?slot=2031-05-12T09:30&amp;net=mastodon" in only


def test_a_day_and_a_week_show_them_too(desk: SimpleNamespace) -> None:
    day = desk.browser.get(f"{desk.base}/calendar/day/2031-05-14").text
    assert slots(day) == ["2031-05-14T12:30 open"] and "Open slots" in day
    week = desk.browser.get(f"{desk.base}/calendar/week/2031-05-14").text
    assert len(slots(week)) == 3 and 'data-at="50" data-len="4" data-slot="12:30"' in week
    make_post(
        desk.brand, "Near", [desk.accounts["bluesky"]], at=datetime(2031, 5, 14, 11, 15, tzinfo=UTC)
    )
    week = desk.browser.get(f"{desk.base}/calendar/week/2031-05-14").text
    assert len(slots(week)) == 2  # a card lies over it


def test_a_brand_without_posting_times_is_led_to_them(desk: SimpleNamespace) -> None:
    actor = actor_of(desk.maya)
    for one in desk.accounts.values():
        posting_times.remove(actor, one.id)
    page = month(desk)
    assert (
        "Set posting times" in page
        and "aria-pressed" not in page.split("Set posting times")[0][-400:]
    )


def test_a_new_brand_sees_typical_hours_as_a_first_rhythm(desk: SimpleNamespace) -> None:
    actor = actor_of(desk.maya)
    for one in desk.accounts.values():
        posting_times.remove(actor, one.id)
    page = month(desk)
    found = re.findall(r'data-at="(2031-05-1[^"]+)"><time>[^<]+</time>(\w+)<', page)
    assert [at for at, word in found if word == "typical"] == [
        "2031-05-13T09:00", "2031-05-13T12:00", "2031-05-14T12:00", "2031-05-15T09:00",
        "2031-05-15T17:00",
    ]  # fmt: skip
    assert 'class="slot"' not in month(desk, "?slots=0")
    make_post(desk.brand, "First", list(desk.accounts.values()), at=NOW)  # the steps are done
    assert 'class="slot"' not in month(desk)


def test_a_slot_opens_the_composer_with_its_time_and_accounts(desk: SimpleNamespace) -> None:
    def chosen(query: str) -> set[str]:
        page = desk.browser.get(f"{desk.base}/compose?{query}").text
        assert 'value="2031-05-14"' in page and 'value="12:30"' in page
        found = re.findall(r'name="account" value="([^"]+)"[^>]* checked', page)
        return {name for name, one in desk.accounts.items() if str(one.id) in found}

    assert chosen("slot=2031-05-14T12:30") == {"twitter", "mastodon"}
    assert chosen("slot=2031-05-14T12:30&net=mastodon") == {"mastodon"}
    assert chosen("at=2031-05-14T12:30") == set(desk.accounts)
    db.session.rollback()
    make_post(
        desk.brand,
        "Taken",
        [desk.accounts["twitter"]],
        at=datetime(2031, 5, 14, 11, 30, tzinfo=UTC),
    )
    assert chosen("slot=2031-05-14T12:30") == {"mastodon"}


def seen(text: str) -> str:
    found = re.search(r'name="slot_seen" value="([^"]+)"', text)
    return found[1] if found else ""


def test_the_next_open_slot_is_named_and_taken(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Bells")
    page = desk.browser.get(f"{desk.base}/drafts/{post.id}").text
    assert "Next open slot: <b>Mon 12 May, 09:30</b>, London" in page
    answer = save(desk, post, text="Bells", when="slot")
    assert "A posting time of X, Mastodon. Bluesky goes along." in answer.text
    assert "next open slot, to 3 accounts" in answer.text
    shown = seen(answer.text)
    assert shown == "2031-05-12T09:30:00+01:00"
    data = form(desk, stored(post.id).rev, "Bells", when="slot", slot_seen=shown)
    done = desk.browser.post(f"{desk.base}/drafts/{post.id}/schedule", data=data, headers=HX)
    assert done.status_code == 204
    assert {t.due_at for t in stored(post.id).targets} == {datetime(2031, 5, 12, 8, 30, tzinfo=UTC)}
    assert "3 posts set for Mon 12 May, 09:30." in desk.browser.get(f"{desk.base}/drafts").text


@pytest.mark.parametrize("headers", [{}, HX], ids=["page", "part"])
def test_a_slot_that_is_gone_is_said_and_the_next_one_is_shown(
    desk: SimpleNamespace,
    headers: dict[str, str],
) -> None:
    post = opened(desk, text="Bells")
    make_post(
        desk.brand,
        "First",
        [desk.accounts["mastodon"]],
        at=datetime(2031, 5, 12, 8, 31, tzinfo=UTC),
    )
    data = form(desk, post.rev, "Bells", when="slot", slot_seen="2031-05-12T09:30:00+01:00")
    here = f"{desk.base}/drafts/{post.id}"
    answer = desk.browser.post(f"{here}/schedule", data=data, headers=headers)
    assert answer.status_code == 422
    assert "That slot is no longer open. The next one is Wed 14 May, 12:30." in answer.text
    assert seen(answer.text) == "2031-05-14T12:30:00+01:00"
    assert re.search(r'name="when" value="slot" checked', answer.text)
    assert stored(post.id).targets[0].state is TargetState.DRAFT
    data |= {"slot_seen": seen(answer.text), "rev": str(stored(post.id).rev)}
    again = desk.browser.post(f"{here}/schedule", data=data, headers=headers)
    assert again.status_code in (204, 303)
    assert stored(post.id).due_at == datetime(2031, 5, 14, 11, 30, tzinfo=UTC)


def test_without_scripts_a_new_post_goes_into_the_next_slot(desk: SimpleNamespace) -> None:
    here, new = begun(desk)
    data = form(desk, 0, "Bells", when="slot", account=[desk.ids[0]], **new)
    answer = desk.browser.post(f"{here}/schedule", data=data)
    assert answer.status_code == 303
    post = stored(UUID(here.rpartition("/")[2]))
    assert post.due_at == datetime(2031, 5, 12, 8, 30, tzinfo=UTC) and len(post.targets) == 1


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ((), "Choose an account first."),
        (("bluesky",), "This account has no posting times yet."),
    ],
)
def test_where_there_is_no_slot_it_says_why(
    desk: SimpleNamespace,
    names: tuple[str, ...],
    told: str,
) -> None:
    post = opened(desk, text="Bells")
    ids = [str(desk.accounts[name].id) for name in names]
    answer = save(desk, post, text="Bells", when="slot", account=ids)
    assert told in answer.text and "No open slot" in answer.text
    data = form(desk, stored(post.id).rev, "Bells", when="slot", account=ids)
    refused = desk.browser.post(f"{desk.base}/drafts/{post.id}/schedule", data=data, headers=HX)
    assert refused.status_code == 422 and not stored(post.id).armed


def test_good_hours_are_called_typical_until_they_are_measured(desk: SimpleNamespace) -> None:
    page = desk.browser.get(f"{desk.base}/compose").text
    pills: list[Any] = re.findall(r'value="at:([^"]+)"[^>]*title="([^"]+)"', page)
    assert pills == [
        ("2031-05-13T09:00", "Weekday morning engagement"), ("2031-05-13T12:00", "Lunch break"),
        ("2031-05-14T12:00", "Midweek lunch break"),
    ]  # fmt: skip
    assert "they know nothing of your readers yet" in page
    assert (
        "<b>Tomorrow 09:00</b>typical" in page
        and 'data-tone="time"' not in page.split("typical")[0][-600:]
    )
