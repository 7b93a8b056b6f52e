"""The times of an account's week: added, taken off, copied, filled, and by whom."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from flask import Flask

from app.errors import Forbidden, NotFound, ValidationFailed
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.events import AuditEvent
from app.models.profiles import Profile
from app.permissions import Actor, Role
from app.services import posting_times
from app.services.posting_times import MOST, Weekly
from tests.factories import actor_of, join, make_account, make_profile, make_user

MON, TUE = Weekly(0, 570), Weekly(1, 750)


@pytest.fixture
def account(profile: Profile) -> SocialAccount:
    found = make_account(profile, "mastodon")
    db.session.commit()
    return found


def times(actor: Actor, account_id: UUID) -> tuple[Weekly, ...]:
    return posting_times.week(actor, account_id).times


def test_times_are_kept_once_and_in_their_order(owner: Actor, account: SocialAccount) -> None:
    assert posting_times.add(owner, account.id, [TUE, MON, MON]) == [MON, TUE]
    assert posting_times.add(owner, account.id, [MON]) == []
    week = posting_times.week(owner, account.id)
    assert week.times == (MON, TUE)
    assert [len(day) for day in week.days] == [1, 1, 0, 0, 0, 0, 0]
    assert (MON.clock, MON.words, MON.key) == ("09:30", "Monday 09:30", "0-570")
    assert posting_times.remove(owner, account.id, [MON, Weekly(4, 0)]) == [MON]
    assert posting_times.remove(owner, account.id) == [TUE]
    told = db.session.query(AuditEvent).filter_by(action="posting_times.changed").all()
    assert [one.detail for one in told] == [{"added": 2}, {"removed": 1}, {"removed": 1}]


@pytest.mark.parametrize("key", ["", "7-0", "0-1440", "0", "0--5", "x-5", "0-5x", "0-570-1", "٣-5"])
def test_what_is_no_time_of_a_week_is_refused(key: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        Weekly.of(key)
    assert refused.value.field == "time"


def test_a_day_has_only_so_many(owner: Actor, account: SocialAccount) -> None:
    posting_times.add(owner, account.id, [Weekly(3, n) for n in range(MOST)])
    with pytest.raises(ValidationFailed, match="Thursday has 24 times"):
        posting_times.add(owner, account.id, [MON, Weekly(3, 1000)])
    assert len(times(owner, account.id)) == MOST


def test_two_who_add_the_same_at_once_both_have_it(
    app: Flask, owner: Actor, account: SocialAccount
) -> None:
    account_id = account.id
    db.session.rollback()

    def add(_: int) -> None:
        with app.app_context():
            posting_times.add(owner, account_id, [MON, TUE])
            db.session.remove()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(4)))
    assert times(owner, account_id) == (MON, TUE)


def test_copying_puts_the_same_times_in_the_place_of_others(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    other, third = make_account(profile, "twitter"), make_account(profile, "bluesky")
    posting_times.add(owner, account.id, [MON, TUE])
    posting_times.add(owner, other.id, [TUE, Weekly(5, 0)])
    done = posting_times.copy(owner, account.id, [other.id, third.id, account.id])
    assert [one.id for one in done] == [other.id, third.id]
    assert times(owner, other.id) == times(owner, third.id) == (MON, TUE)
    with pytest.raises(ValidationFailed, match="at least one account"):
        posting_times.copy(owner, account.id, [])
    posting_times.remove(owner, account.id)
    with pytest.raises(ValidationFailed, match="no posting times"):
        posting_times.copy(owner, account.id, [other.id])


def test_typical_times_are_those_of_the_best_hours(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    other = make_account(profile, "twitter")
    posting_times.add(owner, account.id, [TUE])
    new = posting_times.fill(owner, account.id)
    assert [one.words for one in new] == [
        "Tuesday 09:00", "Tuesday 12:00", "Wednesday 12:00", "Thursday 09:00", "Thursday 17:00",
    ]  # fmt: skip
    assert posting_times.fill(owner, account.id) == []
    assert posting_times.fill_empty(owner, profile) == 1  # the other one alone
    assert times(owner, other.id) == tuple(new)


def test_an_account_that_is_taken_off_has_no_week(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    posting_times.add(owner, account.id, [MON])
    assert posting_times.any_set(owner, profile)
    account.status = AccountStatus.DISCONNECTED
    db.session.commit()
    with pytest.raises(NotFound):
        posting_times.week(owner, account.id)
    assert posting_times.weeks(owner, profile) == []


def test_members_look_and_strangers_see_nothing(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    posting_times.add(owner, account.id, [MON])
    luca = make_user()
    join(profile, luca, Role.MEMBER)
    member, stranger = actor_of(luca), actor_of(make_user())
    assert times(member, account.id) == (MON,)
    for act in (
        lambda who: posting_times.add(who, account.id, [TUE]),
        lambda who: posting_times.remove(who, account.id),
        lambda who: posting_times.fill(who, account.id),
        lambda who: posting_times.copy(who, account.id, [account.id]),
    ):
        with pytest.raises(Forbidden):
            act(member)
        with pytest.raises(NotFound):
            act(stranger)
    foreign = make_account(make_profile(), "twitter")
    with pytest.raises(NotFound):
        posting_times.copy(owner, account.id, [foreign.id])
    assert times(owner, account.id) == (MON,)
