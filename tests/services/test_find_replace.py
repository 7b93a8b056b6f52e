"""Find and replace over posts that have yet to go out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from app import ids
from app.errors import ValidationFailed
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.bulk import BulkKind
from app.models.keys import KeyMode
from app.models.posts import HoldReason, Post, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import (
    bulk,
    drafts,
    find_replace,
    keys,
    posts,
    seat_belt,
    submissions,
    versions,
)
from app.services.bulk import Pick
from app.services.bulk_orders import Order
from app.services.find_replace import Found, Where
from app.services.keys import KeyKind
from app.services.seat_belt import Belt
from app.services.submissions import Submission
from tests.factories import make_account, make_post, make_profile
from tests.statements import counted

S = TargetState
NOW = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)
DUE = datetime(2026, 10, 23, 11, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def account(profile: Profile) -> SocialAccount:
    return make_account(profile, "mastodon")


def words(find: str = "Roast", swap: str = "Blend", *, case: bool = False) -> Order:
    return Order(BulkKind.REPLACE, find=find, swap=swap, case=case)


def look(owner: Actor, profile: Profile, order: Order | None = None, **where: Any) -> Found:
    found = find_replace.search(owner, profile, order or words(), Where(**where))
    db.session.rollback()
    return found


def titles(found: Found) -> list[str]:
    return [one.post.parts[0] for one in found.matches]


def go(owner: Actor, profile: Profile, order: Order, *found: Post) -> Any:
    picks = [Pick(one.id, one.rev) for one in found]
    batch = bulk.start(owner, profile, ids.uuid7(), order, picks)
    db.session.expire_all()
    return batch.id


def test_every_text_people_read_is_changed_and_comes_back(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    thread = make_post(
        profile, ["The roast is in.", "No such word", "ROAST again"], [account], at=DUE,
        own={"mastodon": ["Own roast"], "bluesky": ["A roast for later"]},
    )  # fmt: skip
    linked = make_account(profile, "linkedin")
    said = make_post(
        profile, "Out now", [linked], at=DUE + HOUR,
        options={"linkedin": {"firstComment": "Which roast?", "visibility": "PUBLIC"}},
    )  # fmt: skip
    draft = make_post(profile, "A roast in a draft", [account])
    found = look(owner, profile)
    assert [[place.words for place in one.places] for one in found.matches] == [
        ["Text, part 1", "Text, part 3", "Own text", "Own text"], ["First comment"], ["Text"],
    ]  # fmt: skip
    assert [one.why for one in found.matches] == ["", "", ""]
    before, after = found.matches[2].places[0].before, found.matches[2].places[0].after
    assert [(bit.text, bit.hit) for bit in before] == [
        ("A ", False), ("roast", True), (" in a draft", False),
    ]  # fmt: skip
    assert after[1].text == "Blend" and after[1].hit
    batch = go(owner, profile, words(), thread, said, draft)
    assert thread.parts == ["The Blend is in.", "No such word", "Blend again"]
    assert thread.texts("mastodon") == ["Own Blend"]
    assert thread.texts("bluesky") == ["A Blend for later"]
    assert said.options["linkedin"] == {"firstComment": "Which Blend?", "visibility": "PUBLIC"}
    assert [one.text.parts[0] for one in versions.listed(owner, draft)] == [
        "A Blend in a draft", "A roast in a draft",
    ]  # fmt: skip
    assert draft.parts == ["A Blend in a draft"] and thread.targets[0].state is S.SCHEDULED
    bulk.undo(owner, profile, batch)
    db.session.expire_all()
    assert thread.parts == ["The roast is in.", "No such word", "ROAST again"]
    assert thread.texts("bluesky") == ["A roast for later"] and thread.due_at == DUE
    assert said.options["linkedin"]["firstComment"] == "Which roast?"
    assert draft.parts == ["A roast in a draft"]


@pytest.mark.parametrize(
    ("order", "text", "after"),
    [
        (words("roast", "blend"), "Roast, roast", "blend, blend"),
        (words("roast", "blend", case=True), "Roast, roast", "Roast, blend"),
        (words(".*", r"\1"), "All .* of it", r"All \1 of it"),
        (words(" now", ""), "Come now", "Come"),
        (words("ä", "o"), "Ä wie ä", "o wie o"),
    ],
)
def test_the_text_is_taken_as_it_is(
    owner: Actor, profile: Profile, account: SocialAccount, order: Order, text: str, after: str
) -> None:
    post = make_post(profile, text, [account], at=DUE)
    go(owner, profile, order, post)
    assert post.parts == [after]


def test_where_it_looks(owner: Actor, profile: Profile, account: SocialAccount) -> None:
    other = make_account(profile, "bluesky")
    make_post(profile, "Roast on Friday", [account], at=DUE)
    make_post(profile, "Roast next week", [other], at=DUE + 7 * DAY)
    make_post(profile, "Roast without a time", [account])
    make_post(profile, "Roast planned", [account], at=DUE + DAY, state=S.DRAFT)
    make_post(
        profile, "Roast held", [account], at=DUE + 2 * DAY,
        target={"hold_reason": HoldReason.RECONNECT},
    )  # fmt: skip
    make_post(profile, "Roast of yesterday", [account], at=NOW - DAY, state=S.PUBLISHED)
    make_post(profile, "Roast that failed", [account], at=NOW - DAY, state=S.FAILED)
    make_post(profile, "Tea", [account], at=DUE)
    make_post(make_profile(), "Roast elsewhere", [], at=DUE)
    friday, planned, held, week, timeless = (
        "Roast on Friday", "Roast planned", "Roast held", "Roast next week", "Roast without a time",
    )  # fmt: skip
    assert titles(look(owner, profile)) == [friday, planned, held, week, timeless]
    assert titles(look(owner, profile, account=other.id)) == [week]
    assert titles(look(owner, profile, status="draft")) == [planned, timeless]
    assert titles(look(owner, profile, status="held")) == [held]
    assert titles(look(owner, profile, status="scheduled")) == [friday, held, week]
    assert titles(look(owner, profile, first=date(2026, 10, 24))) == [planned, held, week]
    assert titles(look(owner, profile, last=date(2026, 10, 23))) == [friday]


def test_what_a_network_would_refuse_is_left_out_and_the_others_change(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    twitter = make_account(profile, "twitter")
    short = make_post(profile, "Roast", [twitter, account], at=DUE)
    long = make_post(profile, "Roast " + "x" * 270, [twitter, account], at=DUE + HOUR)
    draft = make_post(profile, "Roast " + "y" * 270, [twitter])
    over = make_post(profile, "Roast " + "z" * 290, [twitter])
    order = words(swap="Roastings of the day")
    found = look(owner, profile, order)
    assert [bool(one.why) for one in found.matches] == [False, True, True, True]
    assert {c.network: c.left < 0 for c in found.matches[1].counts} == {
        "twitter": True, "mastodon": False,
    }  # fmt: skip
    assert "X" in found.matches[1].why and "too long for X" in found.matches[2].why
    batch = go(owner, profile, order, short, long, draft, over)
    assert [one.state.value for one in bulk.get(owner, profile, batch).items] == [
        "done", "refused", "refused", "refused",
    ]  # fmt: skip
    assert short.parts == ["Roastings of the day"] and long.parts[0].startswith("Roast x")
    # What is too long already may become shorter.
    go(owner, profile, words(swap="R"), over)
    assert over.parts[0].startswith("R z")


def test_claimed_posts_and_those_being_written_stay(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    claimed = make_post(profile, "Roast one", [account], at=DUE, state=S.QUEUED)
    written = make_post(profile, "Roast two", [account], at=DUE + HOUR)
    drafts.edit(owner, written.id)
    found = look(owner, profile)
    assert [one.why for one in found.matches] == ["It is going out now.", find_replace.WRITING]
    go(owner, profile, words(), claimed, written)
    assert claimed.parts == ["Roast one"] and written.parts == ["Roast two"]


def test_a_post_saved_since_it_was_listed_stays(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    post = make_post(profile, "Roast", [account], at=DUE)
    pick = Pick(post.id, post.rev)
    posts.move(owner, post.id, DUE + HOUR)
    batch = bulk.start(owner, profile, ids.uuid7(), words(), [pick])
    assert [one.reason for one in bulk.get(owner, profile, batch.id).items] == [bulk.CHANGED]


def test_new_words_need_a_new_approval(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    belt = Belt(mode=KeyMode.CONFIRM)
    agent = keys.resolve(keys.create(owner, KeyKind.PROFILE, profile.id, "Agent", belt)[1])
    sent = submissions.submit(agent, profile.id, Submission("Roast", due_at=DUE), [account])
    asked = seat_belt.pending(sent.id)
    assert asked is not None
    was = asked.id
    go(owner, profile, words(), sent)
    asked = seat_belt.pending(sent.id)
    assert asked is not None and asked.id != was and asked.digest == seat_belt.digest(sent)
    assert sent.targets[0].hold_reason is HoldReason.APPROVAL and sent.parts == ["Blend"]


def test_the_cost_does_not_grow_with_the_posts(
    owner: Actor, profile: Profile, account: SocialAccount
) -> None:
    def cost() -> int:
        with counted() as told:
            look(owner, profile)
        return len(told)

    make_post(profile, "Roast", [account], at=DUE, own={"mastodon": ["Own roast"]})
    few = cost()
    for n in range(12):
        make_post(profile, f"Roast {n}", [account], at=DUE, own={"mastodon": ["Own roast"]})
    assert cost() <= few


@pytest.mark.parametrize(
    ("order", "field"),
    [(words(""), "find"), (words("  "), "find"), (words("a", "a"), "swap"),
     (words("x" * 501), "find"), (words("x", "y" * 501), "swap")],
)  # fmt: skip
def test_words_that_say_nothing_are_refused(
    owner: Actor, profile: Profile, order: Order, field: str
) -> None:
    with pytest.raises(ValidationFailed) as told:
        find_replace.search(owner, profile, order, Where())
    assert told.value.field == field
