"""The guard against duplicates: what counts as the same, and what a look reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.posts import Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.models.recurring import Pattern
from app.services import (
    drafts,
    duplicates,
    likeness,
    posts,
    recurring,
    recurring_board,
    recurring_maker,
)
from app.services.drafts import Changes
from tests.factories import actor_of, join, make_account, make_post, make_profile, make_user
from tests.statements import counted

NOON = datetime(2027, 5, 14, 12, tzinfo=UTC)
ROAST = "The new roast is in: a light Ethiopian with notes of apricot, on the shelf from Friday."
MIN, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def the_day_before() -> Iterator[None]:
    """What is planned for ``NOON`` is still to come."""
    with time_machine.travel(NOON - timedelta(days=1), tick=False):
        yield


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("The new roast is in!", "the NEW  roast is in", True),
        ("Read it: https://x.example/a?utm_source=x", "Read it: https://x.example/a", True),
        ("https://v.example/w?v=1", "https://v.example/w?v=2", False),
        ("ﬁne", "fine", True),
        ("🔔🔔", "🔔 🔔", True),
        ("🔔", "🔕", False),
        ("今日は新しい豆", "今日は新しい 豆", False),
    ],
)
def test_texts_are_the_same_when_their_words_are(one: str, other: str, same: bool) -> None:
    assert (likeness.digest(one) == likeness.digest(other)) is same


def test_no_text_is_like_no_other() -> None:
    assert likeness.digest(" \n") == "" and likeness.sketch("Short") == b""
    assert likeness.alike(b"", b"") == 0.0


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (ROAST.replace("Friday", "Saturday"), True),
        ("Good morning! " + ROAST, True),
        ("We are closed on Monday. The bells ring again on Tuesday from eight o’clock.", False),
        (" ".join(reversed(ROAST.split())), False),
    ],
)  # fmt: skip
def test_nearly_the_same_is_told_from_another_text(other: str, alike: bool) -> None:
    found = likeness.alike(likeness.sketch(ROAST), likeness.sketch(other))
    assert (found >= likeness.ALIKE) is alike


def test_a_sketch_is_small_and_a_long_text_is_no_trouble() -> None:
    assert len(likeness.sketch(ROAST * 10_000)) <= 256
    assert likeness.alike(likeness.sketch(ROAST), likeness.sketch(ROAST)) == 1.0


@pytest.fixture
def brand(app: Flask) -> Profile:
    return make_profile(make_user())


@pytest.fixture
def bells(brand: Profile) -> SocialAccount:
    return make_account(brand, "mastodon")


def looked(brand: Profile, account: SocialAccount, text: str = ROAST, **more: Any) -> Any:
    return duplicates.look(brand, {account: text}, NOON, **more)


@pytest.mark.parametrize(
    ("away", "state", "found"),
    [
        (-29 * DAY, TargetState.PUBLISHED, True),
        (-31 * DAY, TargetState.PUBLISHED, False),
        (29 * DAY, TargetState.SCHEDULED, True),
        (-2 * DAY, TargetState.FAILED, False),
        (-2 * DAY, TargetState.CANCELLED, False),
        (-2 * DAY, TargetState.NEEDS_REVIEW, True),
    ],
)
@pytest.mark.parametrize("stamped", [True, False])
def test_a_twin_counts_within_the_window_and_where_it_went_out_or_will(
    brand: Profile, bells: SocialAccount, away: timedelta, state: TargetState, found: bool,
    stamped: bool,
) -> None:  # fmt: skip
    post = make_post(brand, ROAST, [bells], at=NOON + away, state=state)
    if stamped:
        duplicates.stamp(post, post.targets)
        db.session.commit()
    twins = looked(brand, bells).twins
    assert [one.post_id for one in twins] == ([post.id] if found else [])


def test_the_same_comes_before_the_nearly_same_and_another_account_has_none(
    brand: Profile, bells: SocialAccount
) -> None:
    near = make_post(brand, ROAST.replace("Friday", "Sunday"), [bells], at=NOON - DAY)
    same = make_post(brand, "Else", [bells], at=NOON - 9 * DAY, own={"mastodon": [ROAST.upper()]})
    make_post(brand, ROAST, [make_account(brand, "bluesky")], at=NOON - DAY)
    twins = looked(brand, bells).twins
    assert [(one.post_id, one.same) for one in twins] == [(same.id, True), (near.id, False)]
    brand.duplicate_days = 0
    assert looked(brand, bells).twins == ()


@pytest.mark.parametrize(
    ("away", "minutes"), [(0, 0), (-12, 12), (59, 59), (60, None), (-60, None)]
)
def test_two_posts_of_an_account_within_the_hour_are_close(
    brand: Profile, bells: SocialAccount, away: int, minutes: int | None
) -> None:
    make_post(brand, "Something else", [bells], at=NOON + away * MIN)
    found = [one.minutes for one in looked(brand, bells).close]
    assert found == ([] if minutes is None else [minutes])


def test_a_free_time_has_room_on_both_sides(brand: Profile, bells: SocialAccount) -> None:
    for minutes in (10, 95):
        make_post(brand, "Something else", [bells], at=NOON + minutes * MIN)
    found = looked(brand, bells)
    free = duplicates.free_time(found, NOON, 60 * MIN)
    assert free == NOON + timedelta(hours=2, minutes=45)


def test_a_post_is_no_twin_of_itself_and_what_was_accepted_is_not_told_again(
    brand: Profile, bells: SocialAccount
) -> None:
    twin = make_post(brand, ROAST, [bells], at=NOON - DAY)
    mine = make_post(brand, ROAST, [bells], at=NOON)
    assert [one.post_id for one in duplicates.of_post(mine, NOON).twins] == [twin.id]
    duplicates.accept(mine, twin.id)
    assert duplicates.of_post(mine, NOON).twins == ()


def test_what_goes_on_the_clock_or_is_changed_there_is_stamped(
    brand: Profile, bells: SocialAccount
) -> None:
    maya = make_user()
    join(brand, maya)
    actor = actor_of(maya)
    draft = make_post(brand, ROAST, [bells], author=maya)
    posts.schedule(actor, draft.id, NOON)
    target = db.session.query(PostTarget).where(PostTarget.post_id == draft.id).one()
    assert target.text_hash == likeness.digest(ROAST)
    copy = drafts.edit(actor, draft.id)
    copy = drafts.save(actor, copy.id, copy.rev, Changes(parts=["Something new entirely"]))
    drafts.apply(actor, copy.id, copy.rev)
    db.session.expire_all()
    assert db.session.get_one(PostTarget, target.id).text_hash == likeness.digest(
        "Something new entirely"
    )


def test_a_look_reads_as_many_statements_however_much_there_is(
    brand: Profile, bells: SocialAccount
) -> None:
    def ask() -> int:
        db.session.expire_all()
        brand.duplicate_days, bells.handle, bells.id  # noqa: B018  (loaded beforehand)
        with counted() as seen:
            looked(brand, bells)
        return len(seen)

    for days in range(4):
        make_post(brand, ROAST, [bells], at=NOON - days * DAY)
    few = ask()
    for hours in range(40):
        duplicates.stamp(one := make_post(brand, ROAST, [bells], at=NOON - hours * DAY / 2),
                         one.targets)  # fmt: skip
    db.session.commit()
    assert ask() <= few <= 3
    assert db.session.query(Post).count() == 44


def test_a_series_is_no_twin_of_itself_and_is_told_of_others(
    brand: Profile, bells: SocialAccount
) -> None:
    maya = make_user()
    join(brand, maya)
    actor = actor_of(maya)
    row = recurring.create(
        actor, brand.id,
        recurring.Changes(name="Roast", content=ROAST, platforms=["mastodon"],
                          pattern=Pattern.DAILY, time_of_day="09:00:00"),
    )  # fmt: skip
    while recurring_maker.step(row.id):
        pass
    made = db.session.query(Post).all()
    assert made and duplicates.of_post(made[0], made[0].due_at or NOON).twins == ()
    entry = recurring_board.entry(actor, brand, row.id)
    assert recurring_board.twins(actor, brand, entry) == ()
    other = make_post(brand, ROAST, [bells], at=(entry.next_at or NOON) + DAY)
    entry = recurring_board.entry(actor, brand, row.id)
    assert [one.post_id for one in recurring_board.twins(actor, brand, entry)] == [other.id]
