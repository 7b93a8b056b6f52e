"""Work on many posts at once: what is done, what is left with its reason, and one undo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import delete

from app import ids
from app.errors import Conflict, NotFound, ValidationFailed
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.bulk import BulkBatch, BulkKind, BulkState
from app.models.keys import KeyMode
from app.models.people import User
from app.models.posts import HoldReason, Post, TargetState
from app.models.profiles import Membership, Profile
from app.permissions import Actor, Role
from app.services import (
    bulk,
    bulk_steps,
    calendar,
    drafts,
    keys,
    labels,
    posts,
    seat_belt,
    submissions,
)
from app.services.bulk import Pick
from app.services.bulk_orders import Order
from app.services.keys import KeyKind
from app.services.seat_belt import Belt
from app.services.submissions import Submission
from tests.factories import actor_of, join, make_account, make_post, make_profile, make_user
from tests.statements import counted

S = TargetState
NOW = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)  # a Tuesday; London's clocks go back on the 25th
DUE = datetime(2026, 10, 23, 11, 30, tzinfo=UTC)  # 12:30 in London
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as held:
        yield held


@pytest.fixture
def account(profile: Profile) -> SocialAccount:
    return make_account(profile, "mastodon")


def order(
    owner: Actor, profile: Profile, kind: BulkKind, found: Sequence[Post], **given: Any
) -> BulkBatch:
    picks = [Pick(one.id, one.rev) for one in found]
    batch = bulk.start(owner, profile, ids.uuid7(), Order(kind, **given), picks)
    db.session.expire_all()
    return batch


def states(owner: Actor, profile: Profile, batch: BulkBatch) -> list[tuple[str, str]]:
    found = bulk.get(owner, profile, batch.id)
    return [(item.state.value, item.reason) for item in found.items]


def dues(found: Sequence[Post]) -> list[datetime | None]:
    db.session.expire_all()
    return [db.session.get_one(Post, one.id).due_at for one in found]


def undone(owner: Actor, profile: Profile, batch: BulkBatch) -> list[tuple[str, str]]:
    bulk.undo(owner, profile, batch.id)
    db.session.expire_all()
    return states(owner, profile, batch)


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"days": 2}, datetime(2026, 10, 25, 12, 30, tzinfo=UTC)),  # the same hour, in winter time
        ({"days": 2, "hours": 3}, datetime(2026, 10, 25, 15, 30, tzinfo=UTC)),
        ({"hours": 48 - 25}, DUE + timedelta(hours=23)),
        ({"days": -1}, DUE - DAY),
        ({"kind": BulkKind.DATE, "on": date(2026, 11, 1)},
         datetime(2026, 11, 1, 12, 30, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_days_keep_the_time_of_day_and_one_undo_puts_all_back(
    owner: Actor, profile: Profile, account: SocialAccount, given: dict[str, Any], at: datetime
) -> None:
    found = [
        make_post(profile, "On the clock", [account], at=DUE),
        make_post(profile, "A draft with a time", [account], at=DUE, state=S.DRAFT),
    ]
    batch = order(owner, profile, given.pop("kind", BulkKind.MOVE), found, **given)
    assert batch.state is BulkState.DONE and dues(found) == [at, at]
    assert found[0].targets[0].due_at == at
    assert undone(owner, profile, batch) == [("undone", ""), ("undone", "")]
    assert dues(found) == [DUE, DUE] and found[0].targets[0].due_at == DUE


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"at": DUE, "state": S.QUEUED}, "It is going out now."),
        ({"at": DUE, "state": S.POSTING}, "It is going out now."),
        ({"at": DUE, "state": S.PUBLISHED}, "It has gone out."),
        ({"at": DUE, "state": S.NEEDS_REVIEW}, "Nobody knows yet"),
        ({"at": DUE, "state": S.FAILED}, "It did not go out."),
        ({"at": NOW - 9 * DAY}, "That time has passed."),
        ({}, "It has no time yet."),
    ],
)
def test_what_cannot_be_moved_is_left_with_its_reason_and_the_others_move(
    owner: Actor, profile: Profile, account: SocialAccount, made: dict[str, Any], why: str
) -> None:
    stays = make_post(profile, "Stays", [account], **made)
    goes = make_post(profile, "Goes", [account], at=DUE)
    was = stays.due_at
    told = bulk.look(
        owner, profile, Order(BulkKind.MOVE, days=1),
        [Pick(stays.id, stays.rev), Pick(goes.id, goes.rev)],
    )  # fmt: skip
    assert told[0].plan is None and told[0].why.startswith(why)
    assert told[1].plan is not None and told[1].plan.to == DUE + DAY
    db.session.rollback()
    batch = order(owner, profile, BulkKind.MOVE, [stays, goes], days=1)
    assert dues([stays, goes]) == [was, DUE + DAY]
    left, done = states(owner, profile, batch)
    assert left[0] == "refused" and left[1].startswith(why) and done == ("done", "")


def test_a_post_changed_since_it_was_seen_or_since_it_was_moved_stays(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    found = [make_post(profile, f"Post {n}", [account], at=DUE) for n in range(3)]
    picks = [Pick(one.id, one.rev) for one in found]
    posts.move(owner, found[0].id, DUE + HOUR)
    batch = bulk.start(owner, profile, ids.uuid7(), Order(BulkKind.MOVE, days=1), picks)
    assert dues(found) == [DUE + HOUR, DUE + DAY, DUE + DAY]
    posts.move(owner, found[1].id, DUE + 2 * DAY)
    told = undone(owner, profile, batch)
    assert told == [("refused", bulk.CHANGED), ("kept", bulk.CHANGED), ("undone", "")]
    assert dues(found) == [DUE + HOUR, DUE + 2 * DAY, DUE]


def test_an_undo_is_for_once_for_an_hour_and_for_whoever_did_it(
    owner: Actor, profile: Profile, account: SocialAccount, clock: time_machine.Coordinates
) -> None:
    found = [make_post(profile, "Six bells", [account], at=DUE)]
    batch, late = (order(owner, profile, BulkKind.MOVE, found, days=1) for _ in range(2))
    other = make_user()
    join(profile, other, Role.OWNER)
    for stranger in (actor_of(other), actor_of(make_user())):
        with pytest.raises(NotFound):
            bulk.undo(stranger, profile, late.id)
    elsewhere = make_profile()
    with pytest.raises(NotFound):
        bulk.undo(owner, elsewhere, late.id)
    assert bulk.latest(owner, profile) is not None
    bulk.undo(owner, profile, late.id)
    with pytest.raises(Conflict):
        bulk.undo(owner, profile, late.id)
    db.session.rollback()
    clock.shift(timedelta(hours=1, seconds=1))
    with pytest.raises(Conflict, match="too late"):
        bulk.undo(owner, profile, batch.id)
    assert bulk.latest(owner, profile) is None
    assert dues(found) == [DUE + DAY]


def test_the_same_order_sent_twice_is_one(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    post, batch_id = make_post(profile, "Once", [account]), ids.uuid7()
    for _ in range(2):
        bulk.start(owner, profile, batch_id, Order(BulkKind.DUPLICATE), [Pick(post.id, post.rev)])
    assert drafts.listed(owner, profile.id)[1] == 2


def test_deleted_posts_come_back_as_new_ones(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    waits = make_post(profile, ["One", "Two"], [account], at=DUE, own={"mastodon": ["Own"]})
    draft = make_post(profile, "A draft", [account], at=DUE, state=S.DRAFT)
    failed = make_post(profile, "Failed", [account], at=NOW - HOUR, state=S.FAILED)
    out = make_post(profile, "Out", [account], at=NOW - HOUR, state=S.PUBLISHED)
    batch = order(owner, profile, BulkKind.DELETE, [waits, draft, failed, out])
    assert [one.discarded_at is not None for one in (waits, draft, failed, out)] == [
        True, True, True, False,
    ]  # fmt: skip
    told = undone(owner, profile, batch)
    assert [one for one, _ in told] == ["undone", "undone", "undone", "refused"]
    assert told[2][1].startswith("Its time has passed")
    assert waits.discarded_at is not None  # what is discarded stays so
    made = [
        db.session.get_one(Post, item.made_id)
        for item in bulk.get(owner, profile, batch.id).items
        if item.made_id
    ]
    assert [one.armed for one in made] == [True, False, False]
    assert made[0].due_at == DUE and made[0].targets[0].state is S.SCHEDULED
    assert made[0].texts("mastodon") == ["Own"] and made[0].parts == ["One", "Two"]
    assert made[1].due_at == DUE


def test_copies_some_days_later_are_on_the_clock_and_an_undo_deletes_them(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    out = make_post(profile, "Out", [account], at=NOW - HOUR, state=S.PUBLISHED)
    draft = make_post(profile, "A draft", [account], at=DUE, state=S.DRAFT)
    batch = order(owner, profile, BulkKind.DUPLICATE, [out, draft], drafts=False, days=7)
    made = [
        db.session.get_one(Post, item.made_id) for item in bulk.get(owner, profile, batch.id).items
    ]
    assert [one.due_at for one in made] == [NOW - HOUR + 7 * DAY + HOUR, DUE + 7 * DAY + HOUR]
    assert [one.armed for one in made] == [True, False]
    posts.move(owner, made[1].id, DUE)
    assert [one for one, _ in undone(owner, profile, batch)] == ["undone", "kept"]
    assert [one.discarded_at is None for one in made] == [False, True]
    assert out.discarded_at is None and draft.discarded_at is None


def test_accounts_are_added_and_taken_off_and_come_back(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    other, third = make_account(profile, "bluesky"), make_account(profile, "twitter")
    waits = make_post(profile, "On the clock", [account], at=DUE)
    draft = make_post(profile, "A draft", [account, third])
    long = make_post(profile, "x" * 400, [account], at=DUE)
    same = make_post(profile, "There already", [other], at=DUE)
    written = make_post(profile, "Being written", [account], at=DUE)
    drafts.edit(owner, written.id)
    given = {"add": (other.id,), "off": (account.id,)}
    batch = order(owner, profile, BulkKind.ACCOUNTS, [waits, draft, long, same, written], **given)

    def went(post: Post) -> set[UUID]:
        return {t.account_id for t in post.targets if t.state in (S.DRAFT, S.SCHEDULED)}

    assert went(waits) == {other.id} and went(draft) == {other.id, third.id}
    told = states(owner, profile, batch)
    assert [one for one, _ in told] == ["done", "done", "refused", "refused", "refused"]
    assert "300" in told[2][1] and "already" in told[3][1] and "writing a change" in told[4][1]
    undone(owner, profile, batch)
    assert went(waits) == {account.id} and went(draft) == {account.id, third.id}


def test_an_account_of_another_brand_is_not_found(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    post = make_post(profile, "Here", [account], at=DUE)
    theirs = make_account(make_profile(), "bluesky")
    with pytest.raises(NotFound):
        bulk.look(
            owner, profile, Order(BulkKind.ACCOUNTS, add=(theirs.id,)), [Pick(post.id, post.rev)]
        )


def test_posts_of_another_brand_are_left_out(owner: Actor, profile: Profile) -> None:
    other, maya = make_profile(), db.session.get_one(User, owner.user_id)
    join(other, maya, Role.OWNER)
    both = actor_of(maya)
    theirs = make_post(other, "Theirs", [make_account(other)], at=DUE)
    assert bulk.look(both, profile, Order(BulkKind.DELETE), [Pick(theirs.id, 1)]) == []
    with pytest.raises(ValidationFailed):
        order(both, profile, BulkKind.DELETE, [theirs])
    assert dues([theirs]) == [DUE]


def test_what_a_key_asks_for_is_approved_and_asked_again(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    belt = Belt(mode=KeyMode.CONFIRM)
    agent = keys.resolve(keys.create(owner, KeyKind.PROFILE, profile.id, "Agent", belt)[1])
    sent = [
        submissions.submit(agent, profile.id, Submission(f"By an agent {n}", due_at=DUE), [account])
        for n in range(2)
    ]
    plain = make_post(profile, "By a person", [account], at=DUE)
    rows = bulk.look(
        owner, profile, Order(BulkKind.APPROVE), [Pick(one.id, one.rev) for one in (*sent, plain)]
    )
    assert [row.plan is not None for row in rows] == [True, True, False]
    marks = [row.plan.mark for row in rows if row.plan]
    db.session.rollback()
    posts.move(owner, sent[1].id, DUE + HOUR)  # asks anew: what was seen is void
    picks = [Pick(one.id, one.rev, mark) for one, mark in zip(sent, marks, strict=True)]
    batch = bulk.start(owner, profile, ids.uuid7(), Order(BulkKind.APPROVE), picks)
    db.session.expire_all()
    assert [one.targets[0].hold_reason for one in sent] == [None, HoldReason.APPROVAL]
    assert states(owner, profile, batch)[1] == ("refused", "It was changed since you looked at it.")
    undone(owner, profile, batch)
    assert sent[0].targets[0].hold_reason is HoldReason.APPROVAL
    assert seat_belt.pending(sent[0].id) is not None


def test_a_long_order_goes_to_a_job_and_its_right_is_looked_at_there(
    owner: Actor, profile: Profile, account: SocialAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    monkeypatch.setattr(bulk, "TURN", 2)
    found = [make_post(profile, f"Post {n}", [account], at=DUE) for n in range(5)]
    batch = order(owner, profile, BulkKind.MOVE, found, days=1)
    assert batch.state is BulkState.RUNNING and dues(found) == [DUE] * 5 and bulk.waits()
    bulk.run()
    assert not bulk.waits() and dues(found) == [DUE + DAY] * 5
    bulk.undo(owner, profile, batch.id)
    db.session.execute(delete(Membership).where(Membership.user_id == owner.user_id))
    db.session.commit()
    bulk.run()
    assert {one for one, _ in states(owner, profile, batch)} == {"kept"}


def test_a_post_that_breaks_us_stops_no_other(
    owner: Actor, profile: Profile, account: SocialAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 0)
    found = [make_post(profile, f"Post {n}", [account], at=DUE) for n in range(3)]
    bad, whole = found[1].id, bulk_steps.Move.do
    told: list[Any] = []  # in place of a log that prints every frame

    def do(self: bulk_steps.Move, post: Post, mark: str) -> bulk_steps.Done:
        if post.id == bad:
            raise RuntimeError("a fault of ours")
        return whole(self, post, mark)

    batch = order(owner, profile, BulkKind.MOVE, found, days=1)
    with monkeypatch.context() as broken:
        broken.setattr(bulk_steps.Move, "do", do)
        broken.setattr(bulk.log, "exception", lambda *words, **facts: told.append(facts))
        bulk.run()
    assert dues(found) == [DUE + DAY, DUE, DUE + DAY]
    assert states(owner, profile, batch)[1] == ("refused", bulk.BROKEN) and told


def test_the_cost_does_not_grow_with_the_posts(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    def reads(count: int) -> int:
        found = [make_post(profile, f"Post {n}", [account], at=DUE) for n in range(count)]
        picks = [Pick(one.id, one.rev) for one in found]
        with counted() as told:
            bulk.start(owner, profile, ids.uuid7(), Order(BulkKind.MOVE, days=1), picks)
        return sum(one.startswith("SELECT") for one in told)

    assert reads(20) <= reads(2) + 2


def test_labels_are_put_on_and_taken_off_whatever_a_post_is(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    out = make_post(profile, "Out", [account], at=NOW - HOUR, state=S.PUBLISHED)
    waits = make_post(profile, "Waits", [account], at=DUE)

    def worn() -> list[list[str]]:
        db.session.expire_all()
        found = labels.of_posts([out.id, waits.id])
        return [found.get(one.id, []) for one in (out, waits)]

    order(owner, profile, BulkKind.LABELS, [waits], labels=("Spring sale",))
    batch = order(
        owner, profile, BulkKind.LABELS, [out, waits], labels=("spring SALE", "Huila"),
        unlabels=("nothing",),
    )  # fmt: skip
    assert worn() == [["Huila", "Spring sale"]] * 2
    assert [one.name for one in labels.of_brand(owner, profile.id)] == ["Huila", "Spring sale"]
    again = order(owner, profile, BulkKind.LABELS, [waits], labels=("huila",))
    assert states(owner, profile, again)[0][1] == "It is labelled like that already."
    gone = order(owner, profile, BulkKind.DELETE, [waits])
    bulk.undo(owner, profile, gone.id)
    made = bulk.get(owner, profile, gone.id).items[0].made_id
    assert made and labels.of_posts([made])[made] == ["Huila", "Spring sale"]
    bulk.undo(owner, profile, batch.id)
    assert worn()[0] == [] and out.rev == 1
    order(owner, profile, BulkKind.LABELS, [waits, out], unlabels=("Huila", "spring sale"))


def test_a_label_is_one_brands(owner: Actor, profile: Profile, account: SocialAccount) -> None:
    stranger = make_user()
    other = make_profile(stranger)
    theirs = make_post(other, "Theirs", at=DUE, state=S.DRAFT)
    order(actor_of(stranger), other, BulkKind.LABELS, [theirs], labels=("Secret",))
    label = labels.of_brand(actor_of(stranger), other.id)[0]
    assert labels.of_brand(owner, other.id) == [] and labels.of_brand(owner, profile.id) == []
    make_post(profile, "Ours", [account], at=DUE)
    found = calendar.listing(owner, profile, 2026, 10, calendar.Filters(label=label.id))
    assert found == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (Order(BulkKind.LABELS), "labels"),
        (Order(BulkKind.LABELS, labels=("a",), unlabels=("A",)), "unlabels"),
        (Order(BulkKind.MOVE), "days"),
        (Order(BulkKind.MOVE, days=400), "days"),
        (Order(BulkKind.MOVE, days=1, hours=24), "hours"),
        (Order(BulkKind.DATE), "on"),
        (Order(BulkKind.DUPLICATE, drafts=False), "days"),
        (Order(BulkKind.ACCOUNTS), "accounts"),
    ],
)
def test_an_order_that_says_nothing_is_refused(given: Order, field: str) -> None:
    with pytest.raises(ValidationFailed) as told:
        given.check()
    assert told.value.field == field


def test_a_batch_is_forgotten_after_a_week(
    owner: Actor, profile: Profile, account: SocialAccount, clock: time_machine.Coordinates
) -> None:
    order(owner, profile, BulkKind.DELETE, [make_post(profile, "Gone", [account], at=DUE)])
    assert bulk.sweep() == 0
    clock.shift(8 * DAY)
    assert bulk.sweep() == 1
