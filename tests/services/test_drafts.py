"""Writing a draft: texts, accounts, pictures, two people at once, and changes of planned posts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import ids
from app.clock import now
from app.errors import Forbidden, InvalidTransition, NotFound, Stale, ValidationFailed
from app.extensions import db
from app.models.accounts import AccountStatus
from app.models.attempts import Attempt, AttemptState
from app.models.posts import HoldReason, Post, TargetState
from app.models.profiles import LatePolicy
from app.permissions import Permission
from app.services import composing, drafts, media, posts
from app.services.drafts import Changes
from tests.factories import actor_of, make_account, make_media, make_post, make_profile, make_user

NOON = datetime(2031, 5, 14, 12, 0, tzinfo=UTC)


@pytest.fixture
def desk(app: Flask) -> SimpleNamespace:
    maya = make_user()
    brand = make_profile(maya)
    accounts = [make_account(brand, one) for one in ("mastodon", "bluesky", "twitter")]
    return SimpleNamespace(maya=maya, brand=brand, accounts=accounts, actor=actor_of(maya))


def names(desk: SimpleNamespace, post_id: UUID) -> str:
    return "".join(one.alt for one in drafts.get(desk.actor, post_id).media)


# Beginning ----------------------------------------------------------------------------------------


def test_a_first_draft_goes_to_every_account_that_can_post(desk: SimpleNamespace) -> None:
    desk.accounts[1].status = AccountStatus.NEEDS_RECONNECT
    db.session.commit()
    made = drafts.create(desk.actor, desk.brand.id)
    chosen = {t.account_id for t in made.targets}
    assert chosen == {desk.accounts[0].id, desk.accounts[2].id}


def test_later_ones_go_where_the_last_post_of_that_person_went(desk: SimpleNamespace) -> None:
    make_post(desk.brand, "Out", desk.accounts[:1], at=NOON, author=desk.maya)
    make_post(desk.brand, "Jonas", desk.accounts[1:], at=NOON, author=make_user())
    made = drafts.create(desk.actor, desk.brand.id)
    assert [t.account_id for t in made.targets] == [desk.accounts[0].id]


def test_an_empty_composer_stores_nothing(desk: SimpleNamespace) -> None:
    found = drafts.blank(desk.actor, desk.brand.id, due_at=NOON)
    assert (found.rev, found.due_at, len(found.targets)) == (0, NOON, 3)
    db.session.commit()
    assert db.session.scalar(select(func.count()).select_from(Post)) == 0


def test_a_draft_can_have_the_id_its_composer_was_opened_with(desk: SimpleNamespace) -> None:
    wanted = ids.uuid7()
    assert drafts.create(desk.actor, desk.brand.id, post_id=wanted).id == wanted


def test_a_stranger_can_neither_begin_nor_find_nor_save(desk: SimpleNamespace) -> None:
    stranger = actor_of(make_user())
    post = make_post(desk.brand, "Secret", desk.accounts)
    with pytest.raises(Forbidden):
        drafts.create(stranger, desk.brand.id)
    for call in (
        lambda: drafts.get(stranger, post.id),
        lambda: drafts.save(stranger, post.id, 1, Changes(parts=["Mine"])),
        lambda: drafts.edit(stranger, post.id),
        lambda: drafts.drop(stranger, post.id),
    ):
        with pytest.raises(NotFound):
            call()
    assert drafts.listed(stranger, desk.brand.id) == ([], 0)
    assert drafts.copy_of(stranger, post.id) is None


def test_who_may_only_read_writes_nothing(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, "Hello", desk.accounts)
    reader = actor_of(desk.maya)
    reader = type(reader)(**{**reader.__dict__, "allowed": frozenset({Permission.POST_READ})})
    assert drafts.get(reader, post.id).parts == ["Hello"]
    with pytest.raises(Forbidden):
        drafts.save(reader, post.id, 1, Changes(parts=["Mine"]))


# Saving -------------------------------------------------------------------------------------------


def test_a_save_keeps_what_it_names_and_nothing_else(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, "Hello", desk.accounts, own={"twitter": ["X"]})
    drafts.save(desk.actor, post.id, 1, Changes(due_at=NOON, late_policy=LatePolicy.SKIP))
    found = drafts.get(desk.actor, post.id)
    assert (found.parts, found.texts("twitter"), found.due_at) == (["Hello"], ["X"], NOON)
    drafts.save(
        desk.actor, post.id, 2, Changes(variants={"twitter": None}, clear_due=True, clear_late=True)
    )
    found = drafts.get(desk.actor, post.id)
    assert (found.texts("twitter"), found.due_at, found.late_policy) == (["Hello"], None, None)


def test_the_second_of_two_saves_of_one_version_is_stale(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, "Hello", desk.accounts)
    drafts.save(desk.actor, post.id, 1, Changes(parts=["First"]))
    with pytest.raises(Stale):
        drafts.save(desk.actor, post.id, 1, Changes(parts=["Second"]))
    db.session.rollback()
    assert drafts.get(desk.actor, post.id).parts == ["First"]


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_text_that_cannot_be_stored_is_refused_by_name(desk: SimpleNamespace, text: str) -> None:
    post = make_post(desk.brand, "Hello", desk.accounts)
    for changes, field in (
        (Changes(parts=[text]), "text"), (Changes(variants={"twitter": [text]}), "twitter.text"),
    ):  # fmt: skip
        with pytest.raises(ValidationFailed) as told:
            drafts.save(desk.actor, post.id, 1, changes)
        assert told.value.field == field
        db.session.rollback()


def test_foreign_accounts_are_refused_by_name(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, "Hello", desk.accounts)
    theirs, other = make_profile(), make_profile(desk.maya, "Larkfield")
    actor = actor_of(desk.maya)
    for account_id in (make_account(theirs).id, make_account(other).id, uuid4()):
        with pytest.raises(NotFound) as told:
            drafts.save(actor, post.id, 1, Changes(accounts=[account_id]))
        assert told.value.field == "account"
        db.session.rollback()
    assert len(drafts.get(actor, post.id).targets) == 3


def test_choosing_accounts_keeps_the_targets_that_stay(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, "Hello", desk.accounts[:2])
    stays = post.targets[0].id
    wanted = [desk.accounts[0].id, desk.accounts[2].id, desk.accounts[2].id]
    drafts.save(desk.actor, post.id, 1, Changes(accounts=wanted))
    found = {t.account_id: t.id for t in drafts.get(desk.actor, post.id).targets}
    assert set(found) == set(wanted) and found[desk.accounts[0].id] == stays


# Pictures -----------------------------------------------------------------------------------------


def test_pictures_keep_their_order_through_coming_and_going(desk: SimpleNamespace) -> None:
    rows = [make_media(desk.brand, alt=one) for one in "abcd"]
    post = make_post(desk.brand, "Hello", desk.accounts)
    for row in rows[:3]:
        drafts.attach(desk.actor, post.id, row.id)
    first = drafts.get(desk.actor, post.id).media[0].id
    drafts.detach(desk.actor, post.id, first)
    drafts.attach(desk.actor, post.id, rows[3].id)
    assert names(desk, post.id) == "bcd"
    last = drafts.get(desk.actor, post.id).media[2].id
    drafts.arrange(desk.actor, post.id, last, 0)
    assert names(desk, post.id) == "dbc"
    drafts.arrange(desk.actor, post.id, last, 99)
    assert names(desk, post.id) == "bcd"


def test_a_picture_does_not_make_what_is_being_typed_stale(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, "Hello", desk.accounts)
    item = drafts.attach(desk.actor, post.id, make_media(desk.brand).id)
    drafts.describe(desk.actor, post.id, item.id, "Six bells")
    drafts.save(desk.actor, post.id, 1, Changes(parts=["Typed meanwhile"]))
    assert drafts.get(desk.actor, post.id).parts == ["Typed meanwhile"]


def test_a_picture_moves_to_another_part_and_a_part_is_full_at_ten(desk: SimpleNamespace) -> None:
    rows = [make_media(desk.brand) for _ in range(10)]
    post = make_post(desk.brand, ["One", "Two"], desk.accounts, media=rows)
    more = make_media(desk.brand)
    with pytest.raises(ValidationFailed) as told:
        drafts.attach(desk.actor, post.id, more.id)
    assert told.value.field == "media"
    db.session.rollback()
    second = drafts.attach(desk.actor, post.id, more.id, part=1)
    with pytest.raises(ValidationFailed):
        drafts.arrange(desk.actor, post.id, second.id, 0, part=0)
    db.session.rollback()
    drafts.arrange(desk.actor, post.id, post.media[0].id, 0, part=1)
    assert sorted(one.part for one in drafts.get(desk.actor, post.id).media) == [0] * 9 + [1, 1]


def test_foreign_and_deleted_pictures_are_not_there(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, "Hello", desk.accounts)
    other = make_profile(desk.maya, "Larkfield")
    actor, gone = actor_of(desk.maya), make_media(desk.brand)
    media.delete(actor, gone.id)
    for media_id in (make_media(make_profile()).id, make_media(other).id, gone.id, uuid4()):
        with pytest.raises(NotFound):
            drafts.attach(actor, post.id, media_id)
        db.session.rollback()
    with pytest.raises(NotFound):
        drafts.detach(actor, post.id, uuid4())


def test_alt_texts_are_saved_with_the_rest_and_bounded(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, "Hello", desk.accounts, media=[make_media(desk.brand)])
    item = post.media[0].id
    drafts.save(desk.actor, post.id, 1, Changes(alts={item: " Six bells ", uuid4(): "gone"}))
    assert names(desk, post.id) == "Six bells"
    with pytest.raises(ValidationFailed) as told:
        drafts.save(desk.actor, post.id, 2, Changes(alts={item: "x" * 2001}))
    assert told.value.field == "alt"


# Planned posts ------------------------------------------------------------------------------------


def planned(desk: SimpleNamespace) -> Post:
    return make_post(
        desk.brand, "Planned", desk.accounts, at=now() + timedelta(days=1),
        own={"twitter": ["Planned for X"]}, media=[make_media(desk.brand)],
    )  # fmt: skip


def test_a_planned_post_is_written_in_one_copy(desk: SimpleNamespace) -> None:
    post = planned(desk)
    copy = drafts.edit(desk.actor, post.id)
    assert copy.edits_id == post.id and not copy.armed
    assert copy.texts("twitter") == ["Planned for X"] and len(copy.media) == 1
    again = drafts.edit(desk.actor, post.id)
    found = drafts.copy_of(desk.actor, post.id)
    assert again.id == copy.id and found is not None and found.id == copy.id
    with pytest.raises(InvalidTransition):
        drafts.save(desk.actor, post.id, 1, Changes(parts=["Half a sent"]))


def test_an_applied_copy_takes_the_posts_place_and_is_gone(desk: SimpleNamespace) -> None:
    post = planned(desk)
    copy = drafts.edit(desk.actor, post.id)
    later = now() + timedelta(days=2)
    changes = Changes(parts=["Changed"], accounts=[desk.accounts[0].id], due_at=later)
    drafts.save(desk.actor, copy.id, 1, changes)
    drafts.apply(desk.actor, copy.id, 2)
    found = drafts.get(desk.actor, post.id)
    states = {t.account_id: t.state for t in found.targets}
    assert found.parts == ["Changed"] and found.armed
    assert states[desk.accounts[0].id] is TargetState.SCHEDULED
    assert states[desk.accounts[1].id] is TargetState.CANCELLED
    assert next(t for t in found.targets if t.state is TargetState.SCHEDULED).due_at == later
    assert drafts.copy_of(desk.actor, post.id) is None


def left_out(desk: SimpleNamespace, **attempt: Any) -> tuple[Post, UUID]:
    """A planned post without its last account, and the target that was cancelled for that."""
    post = planned(desk)
    gone = next(t for t in post.targets if t.account_id == desk.accounts[2].id)
    gone_id = gone.id
    if attempt:
        db.session.add(
            Attempt(
                target_id=gone.id, account_id=gone.account_id, number=1, marker="m", claim_token=1,
                content_hash="h", content={"parts": 1}, started_at=now(), **attempt,
            )
        )  # fmt: skip
        db.session.commit()
    posts.cancel(desk.actor, gone_id)
    return drafts.get(desk.actor, post.id), gone_id


def wanted_again(desk: SimpleNamespace, post: Post) -> Post:
    """Its copy with every account, put in its place."""
    copy = drafts.edit(desk.actor, post.id)
    chosen = {one.id for one in composing.choices(desk.actor, copy) if one.chosen}
    assert chosen == {one.id for one in desk.accounts[:2]}
    drafts.save(desk.actor, copy.id, 1, Changes(accounts=[one.id for one in desk.accounts]))
    drafts.apply(desk.actor, copy.id, 2)
    return drafts.get(desk.actor, post.id)


def test_an_account_that_was_left_out_can_be_taken_in_again(desk: SimpleNamespace) -> None:
    post, gone_id = left_out(desk, state=AttemptState.REFUSED)
    desk.accounts[2].status = AccountStatus.NEEDS_RECONNECT
    db.session.commit()
    found = wanted_again(desk, post)
    [new] = [t for t in found.targets if t.account_id == desk.accounts[2].id]
    assert new.state is TargetState.SCHEDULED and new.due_at == found.due_at
    assert new.id != gone_id  # a cancelled target stays cancelled: this is another one
    assert new.hold_reason is HoldReason.RECONNECT and new.hold_until is not None


@pytest.mark.parametrize("attempt", [{"state": AttemptState.OK}, {"probes": 2}])
def test_what_a_network_has_heard_of_is_not_sent_there_again(
    desk: SimpleNamespace, attempt: dict[str, Any]
) -> None:
    post, gone_id = left_out(desk, **{"state": AttemptState.FAILED, **attempt})
    with pytest.raises(ValidationFailed) as told:
        wanted_again(desk, post)
    assert told.value.field == "accounts" and "Duplicate it" in told.value.message
    db.session.rollback()
    states = {t.id: t.state for t in drafts.get(desk.actor, post.id).targets}
    assert states[gone_id] is TargetState.CANCELLED


def test_a_post_off_the_clock_takes_a_left_out_account_in_again(desk: SimpleNamespace) -> None:
    post, _ = left_out(desk)
    posts.unschedule(desk.actor, post.id)
    draft = drafts.get(desk.actor, post.id)
    shown = {one.id for one in composing.choices(desk.actor, draft) if one.chosen}
    assert shown == {one.id for one in desk.accounts[:2]}
    every = [one.id for one in desk.accounts]
    drafts.save(desk.actor, post.id, draft.rev, Changes(accounts=every))
    found = drafts.get(desk.actor, post.id)
    assert [t.state for t in found.targets] == [TargetState.DRAFT] * 3


def test_a_copy_that_a_network_would_refuse_is_not_applied(desk: SimpleNamespace) -> None:
    copy = drafts.edit(desk.actor, planned(desk).id)
    drafts.save(desk.actor, copy.id, 1, Changes(variants={"twitter": ["x" * 281]}))
    with pytest.raises(ValidationFailed) as told:
        drafts.apply(desk.actor, copy.id, 2)
    assert told.value.field == "twitter.text"


def test_a_dropped_copy_leaves_the_post_alone(desk: SimpleNamespace) -> None:
    post = planned(desk)
    copy = drafts.edit(desk.actor, post.id)
    drafts.save(desk.actor, copy.id, 1, Changes(parts=["Changed"]))
    drafts.drop(desk.actor, copy.id)
    assert drafts.get(desk.actor, post.id).parts == ["Planned"]
    assert drafts.listed(desk.actor, desk.brand.id) == ([], 0)


def test_what_goes_out_in_part_leaves_the_rest_as_a_draft(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, "Hello", desk.accounts, media=[make_media(desk.brand)])
    sent = [post.targets[0].id]
    posts.schedule(desk.actor, post.id, now() + timedelta(days=1), only=sent)
    (aside,), count = drafts.listed(desk.actor, desk.brand.id)
    assert count == 1 and len(aside.targets) == 2 and len(aside.media) == 1
    assert [t.id for t in drafts.get(desk.actor, post.id).targets] == sent
