"""Slots: which are open, which is next, across clock changes, and one post each under races."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask

from app.errors import ValidationFailed
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.posts import HoldReason, Post, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import posting_times, posts, slots
from app.services.posting_times import Weekly
from app.services.slots import SlotTaken
from tests.factories import make_account, make_post
from tests.statements import counted

LONDON = ZoneInfo("Europe/London")
MONDAY = date(2031, 5, 12)  # summer time
EARLY = datetime(2031, 5, 11, 12, tzinfo=UTC)
HALF_PAST_NINE = 570


@pytest.fixture
def account(profile: Profile) -> SocialAccount:
    found = make_account(profile, "mastodon")
    db.session.commit()
    return found


@pytest.fixture
def other(profile: Profile) -> SocialAccount:
    found = make_account(profile, "twitter")
    db.session.commit()
    return found


@pytest.fixture
def early() -> Iterator[None]:
    """The clock of the process at ``EARLY``; it goes on from there."""
    with time_machine.travel(EARLY):
        yield


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, datetime.strptime(clock, "%H:%M").time(), LONDON)


def week(actor: Actor, account: SocialAccount, *times: tuple[int, str]) -> None:
    posting_times.add(
        actor, account.id, [Weekly(day, int(t[:2]) * 60 + int(t[3:])) for day, t in times]
    )


def shown(actor: Actor, profile: Profile, first: date, last: date, **more: Any) -> list[str]:
    found = slots.open_slots(actor, profile, first, last, after=EARLY, **more)
    return [f"{one.at:%a %H:%M}" for one in found]


def next_words(actor: Actor, profile: Profile, accounts: list[UUID], **more: Any) -> str:
    found = slots.next_open(actor, profile, accounts, **{"after": EARLY, **more})
    return found.words if found else ""


def test_the_slots_of_days_are_in_the_brands_zone_and_their_order(
    owner: Actor, profile: Profile, account: SocialAccount, other: SocialAccount
) -> None:
    week(owner, account, (0, "09:30"), (0, "00:00"), (6, "23:55"))
    week(owner, other, (0, "09:30"))
    found = slots.open_slots(owner, profile, MONDAY, MONDAY + timedelta(days=6), after=EARLY)
    assert [f"{one.at:%a %H:%M}" for one in found] == ["Mon 00:00", "Mon 09:30", "Sun 23:55"]
    assert found[1].accounts == (account.id, other.id) and found[1].taken == 0
    assert found[1].at.utcoffset() == timedelta(hours=1)
    assert shown(owner, profile, MONDAY, MONDAY, networks=["twitter"]) == ["Mon 09:30"]
    assert shown(owner, profile, MONDAY + timedelta(days=2), MONDAY + timedelta(days=2)) == []
    # What has passed is not open, and the account has to be able to post.
    assert slots.open_slots(owner, profile, MONDAY, MONDAY, after=at(MONDAY, "09:30")) == []
    account.status = AccountStatus.NEEDS_RECONNECT
    db.session.commit()
    assert shown(owner, profile, MONDAY, MONDAY) == ["Mon 09:30"]


@pytest.mark.parametrize(
    ("clock", "given", "free"),
    [
        ("09:30", {}, False),
        ("09:44", {}, False),
        ("09:45", {}, True),
        ("09:29", {}, True),
        ("09:30", {"state": TargetState.CANCELLED}, True),
        ("09:30", {"state": TargetState.DISCARDED}, True),
        ("09:30", {"state": TargetState.FAILED}, True),
        ("09:30", {"state": TargetState.PUBLISHED}, False),
        ("09:30", {"state": TargetState.NEEDS_REVIEW}, False),
        ("09:30", {"target": {"hold_reason": HoldReason.PAUSED}}, False),
        ("09:30", {"state": TargetState.DRAFT}, False),  # planned for then
        ("09:30", {"discarded_at": EARLY}, True),
    ],
)
def test_a_slot_is_open_while_no_post_of_the_account_stands_in_it(
    owner: Actor, profile: Profile, account: SocialAccount, other: SocialAccount,
    clock: str, given: dict[str, Any], free: bool,
) -> None:  # fmt: skip
    week(owner, account, (0, "09:30"))
    make_post(profile, "Bells", [account], at=at(MONDAY, clock), **given)
    make_post(profile, "Elsewhere", [other], at=at(MONDAY, "09:30"))
    assert shown(owner, profile, MONDAY, MONDAY) == ["Mon 09:30"] * free


def test_a_working_copy_takes_no_slot_and_half_a_slot_ends_at_the_next(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    week(owner, account, (0, "09:30"), (0, "09:40"), (0, "12:00"))
    post = make_post(profile, "Bells", [account], at=at(MONDAY, "09:41"))
    assert shown(owner, profile, MONDAY, MONDAY) == ["Mon 09:30", "Mon 12:00"]
    make_post(
        profile, "Half a sen", [account], edits_id=post.id, at=at(MONDAY, "12:00"),
        state=TargetState.DRAFT,
    )  # fmt: skip
    assert shown(owner, profile, MONDAY, MONDAY) == ["Mon 09:30", "Mon 12:00"]


def test_a_time_shared_by_several_counts_those_who_have_filled_it(
    owner: Actor, profile: Profile, account: SocialAccount, other: SocialAccount
) -> None:
    for one in (account, other):
        week(owner, one, (0, "09:30"))
    make_post(profile, "Bells", [other], at=at(MONDAY, "09:30"))
    (found,) = slots.open_slots(owner, profile, MONDAY, MONDAY, after=EARLY)
    assert (found.accounts, found.taken) == ((account.id,), 1)
    assert slots.open_at(owner, profile, at(MONDAY, "09:30")) == (account.id,)
    assert slots.open_at(owner, profile, at(MONDAY, "09:31")) == ()


@pytest.mark.parametrize(
    ("day", "clocks", "expected"),
    [
        # 30 March 2031: at 01:00 the clocks go to 02:00; what does not exist moves by the gap.
        (date(2031, 3, 30), ["01:30", "03:30"], ["02:30 BST", "03:30 BST"]),
        (date(2031, 3, 30), ["01:30", "02:30"], ["02:30 BST"]),  # two at one instant are one
        # 26 October 2031: 01:30 occurs twice, and the first is meant.
        (date(2031, 10, 26), ["00:30", "01:30", "02:30"], ["00:30 BST", "01:30 BST", "02:30 GMT"]),
    ],
)
def test_clock_changes_move_a_slot_as_they_move_every_time(
    owner: Actor, profile: Profile, account: SocialAccount, day: date, clocks: list[str],
    expected: list[str],
) -> None:  # fmt: skip
    week(owner, account, *((6, one) for one in clocks))
    after = datetime(2031, 1, 1, tzinfo=UTC)
    found = slots.open_slots(owner, profile, day, day, after=after)
    assert [f"{one.at:%H:%M %Z}" for one in found] == expected
    week_later = day + timedelta(days=7)
    later = slots.open_slots(owner, profile, week_later, week_later, after=after)
    assert [f"{one.at:%H:%M}" for one in later] == clocks


def test_the_next_open_slot_is_one_that_all_share_where_their_weeks_have_one(
    owner: Actor, profile: Profile, account: SocialAccount, other: SocialAccount
) -> None:
    along = make_account(profile, "bluesky")
    both, ids = [account.id, other.id], [account.id, other.id, along.id]
    assert next_words(owner, profile, both) == ""  # no times at all
    week(owner, account, (0, "09:30"), (2, "12:30"))
    week(owner, other, (1, "08:00"), (2, "12:30"))
    assert next_words(owner, profile, [account.id]) == "Mon 12 May, 09:30"
    assert next_words(owner, profile, both) == "Wed 14 May, 12:30"
    found = slots.next_open(owner, profile, ids, after=EARLY)
    assert found is not None and (found.whose, found.along) == ((both[0], both[1]), (along.id,))
    # Whoever goes along must be free as well; a post of one's own does not stand in one's way.
    post = make_post(profile, "Bells", [along], at=at(date(2031, 5, 14), "12:35"))
    assert next_words(owner, profile, ids) == "Wed 21 May, 12:30"
    assert next_words(owner, profile, ids, without=[post.id]) == "Wed 14 May, 12:30"
    # With nothing in common it is the first that any has.
    posting_times.remove(owner, other.id, [Weekly(2, 750)])
    assert next_words(owner, profile, both) == "Mon 12 May, 09:30"


def test_the_next_one_is_looked_for_eight_weeks_ahead(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    week(owner, account, (0, "09:30"))
    for n in range(7):
        make_post(profile, f"{n}", [account], at=at(MONDAY + timedelta(weeks=n), "09:30"))
    ids, zone = [account.id], profile.zone  # read beforehand
    with counted() as told:
        assert next_words(owner, profile, ids) == "Mon 30 Jun, 09:30"
    assert zone and len(told) <= 6
    for n in (7, 8, 9):
        make_post(profile, f"{n}", [account], at=at(MONDAY + timedelta(weeks=n), "09:30"))
    assert next_words(owner, profile, [account.id]) == ""


def test_looking_costs_as_much_with_many_posts_as_with_few(
    owner: Actor, profile: Profile, account: SocialAccount, other: SocialAccount
) -> None:
    for one in (account, other):
        week(owner, one, *((day, clock) for day in range(7) for clock in ("09:30", "17:30")))
    for n in range(20):
        make_post(profile, f"{n}", [account], at=at(MONDAY + timedelta(days=n // 2), "09:30"))
    assert profile.zone  # read beforehand
    with counted() as told:
        found = slots.open_slots(owner, profile, MONDAY, MONDAY + timedelta(days=41), after=EARLY)
    assert len([one for one in told if one.startswith("SELECT")]) == 2
    assert len(found) == 84 and sum(one.taken for one in found) == 10


def draft(profile: Profile, accounts: list[SocialAccount], text: str) -> UUID:
    found = make_post(profile, text, accounts)
    db.session.commit()
    return found.id


def test_scheduling_takes_the_slot_that_was_seen_or_says_which_is_next(
    early: None, owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    week(owner, account, *((day, "09:30") for day in range(7)))
    first, second, third = (draft(profile, [account], text) for text in ("a", "b", "c"))
    seen = slots.next_open(owner, profile, [account.id])
    assert seen is not None
    done = posts.schedule_next(owner, first, seen=seen.at)
    assert done.due_at == seen.at and done.targets[0].state is TargetState.SCHEDULED
    with pytest.raises(SlotTaken) as refused:
        posts.schedule_next(owner, second, seen=seen.at)
    following = refused.value.next
    assert following.at.date() == seen.at.date() + timedelta(days=1)
    assert refused.value.field == "slot" and following.words in refused.value.message
    db.session.rollback()
    # One further on, that somebody has seen, is as good; and without one it is the first.
    on = slots.next_open(owner, profile, [account.id], after=following.at)
    assert on is not None
    assert posts.schedule_next(owner, second, seen=on.at).due_at == on.at
    assert posts.schedule_next(owner, third).due_at == following.at
    # The same post again: its own place is open to itself.
    assert posts.schedule_next(owner, third).due_at == following.at


def test_without_posting_times_there_is_no_next_slot(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    post_id = draft(profile, [account], "Bells")
    with pytest.raises(ValidationFailed, match="no open slot") as refused:
        posts.schedule_next(owner, post_id)
    assert refused.value.field == "slot"
    db.session.rollback()
    assert posts.get(owner, post_id).targets[0].state is TargetState.DRAFT


def test_two_posts_never_take_the_same_slot_of_an_account(
    early: None, app: Flask, owner: Actor, profile: Profile, account: SocialAccount,
    other: SocialAccount,
) -> None:  # fmt: skip
    """Eight at once; half of them go to another account besides."""
    third = make_account(profile, "bluesky")
    for one in (account, other, third):
        week(owner, one, *((day, "09:30") for day in range(7)))
    wanted = [[account], [account, other], [account, third], [other, account]] * 2
    ids = [draft(profile, accounts, f"{n}") for n, accounts in enumerate(wanted)]
    db.session.rollback()

    def take(post_id: UUID) -> None:
        with app.app_context():
            posts.schedule_next(owner, post_id)
            db.session.remove()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, ids))
    db.session.expire_all()
    due = sorted(one.due_at for one in db.session.query(Post).all() if one.due_at)
    assert len(due) == len(set(due)) == 8
    days = [one.astimezone(LONDON).date() for one in due]
    assert days == [MONDAY + timedelta(days=n) for n in range(8)]
