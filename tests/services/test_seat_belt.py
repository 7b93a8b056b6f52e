"""How far a key may go by itself, and a person's word on the rest (promises.md 12)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.clock import now
from app.errors import AppError, Conflict, Forbidden, NotFound, RateLimited, Stale, ValidationFailed
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.keys import ApiKey, Confirmation, ConfirmationState, KeyMode
from app.models.posts import HoldReason, Post, TargetState
from app.models.profiles import Profile
from app.models.recurring import Pattern
from app.permissions import Actor
from app.services import confirmations, drafts, keys, posts, recurring, seat_belt, submissions
from app.services.keys import KeyKind
from app.services.seat_belt import Belt
from app.services.submissions import Submission
from tests.factories import actor_of, make_account, make_post, make_profile, make_user

HOUR = timedelta(hours=1)


@pytest.fixture
def maya(app: Flask) -> Actor:
    user = make_user()
    make_profile(user)
    return actor_of(user)


@pytest.fixture
def brand(maya: Actor) -> Profile:
    return db.session.query(Profile).one()


@pytest.fixture
def account(brand: Profile) -> SocialAccount:
    return make_account(brand, "mastodon")


@pytest.fixture
def key(maya: Actor, brand: Profile) -> Callable[..., Actor]:
    """``key(mode=…)`` is the actor of a new key with that belt."""

    def make(**belt: Any) -> Actor:
        whole = keys.create(maya, KeyKind.PROFILE, brand.id, "Agent", Belt(**belt))[1]
        return keys.resolve(whole)

    return make


def submit(actor: Actor, account: SocialAccount, text: str = "Hello", **more: Any) -> Post:
    sent = Submission(text, due_at=more.pop("at", None))
    return submissions.submit(actor, account.profile_id, sent, [account], **more)


def held(post: Post) -> list[HoldReason | None]:
    db.session.expire_all()
    return [t.hold_reason for t in post.targets]


def request_of(post: Post) -> Confirmation:
    found = seat_belt.pending(post.id)
    assert found is not None
    return found


def test_a_key_that_only_writes_drafts(
    key: Callable[..., Actor], maya: Actor, account: SocialAccount
) -> None:
    agent = key(mode=KeyMode.DRAFT)
    draft = submit(agent, account)
    at = now() + HOUR
    for act in (
        lambda: submit(agent, account, at=at),
        lambda: submit(agent, account, publish=True),
        lambda: posts.schedule(agent, draft.id, at),
        lambda: posts.publish_now(agent, draft.id),
    ):
        with pytest.raises(Forbidden, match="only write drafts"):
            act()
        db.session.rollback()
    assert db.session.query(Post).count() == 1
    submissions.change(agent, draft.id, Submission("Hi"), None, due_at=None, timed=False)
    posts.schedule(maya, draft.id, at)
    for act in (
        lambda: submissions.change(
            agent, draft.id, Submission("No"), None, due_at=None, timed=False
        ),
        lambda: posts.move(agent, draft.id, at + HOUR),
        lambda: submissions.cancel(agent, draft.id),
        lambda: posts.unschedule(agent, draft.id),
    ):
        with pytest.raises(Forbidden, match="only write drafts"):
            act()
        db.session.rollback()
    post = posts.get(maya, draft.id)
    assert (post.parts, post.armed, post.due_at) == (["Hi"], True, at)


@pytest.mark.parametrize("publish", [False, True])
def test_what_waits_goes_out_once_a_person_confirms_it(
    key: Callable[..., Actor], maya: Actor, account: SocialAccount, publish: bool
) -> None:
    agent = key(mode=KeyMode.CONFIRM)
    at = None if publish else now() + HOUR
    post = submit(agent, account, at=at, publish=publish)
    assert held(post) == [HoldReason.APPROVAL]
    asked = request_of(post)
    row_id, seen = asked.id, seat_belt.digest(post)
    assert asked.digest == seen
    with pytest.raises(Forbidden, match="person"):
        confirmations.confirm(agent, post.id, row_id, seen)
    confirmations.confirm(maya, post.id, row_id, seen)
    assert held(post) == [None] and post.targets[0].state is TargetState.SCHEDULED
    assert post.targets[0].quick is publish
    row = db.session.get_one(Confirmation, row_id)
    assert (row.state, row.decided_by) == (ConfirmationState.CONFIRMED, maya.user_id)
    with pytest.raises(Conflict):  # once
        confirmations.confirm(maya, post.id, row_id, seen)


def test_any_edit_voids_it(
    key: Callable[..., Actor], maya: Actor, account: SocialAccount, brand: Profile
) -> None:
    agent = key(mode=KeyMode.CONFIRM)
    post = submit(agent, account, at=now() + HOUR)
    other = make_account(brand, "bluesky")
    edits: list[Callable[[], Any]] = [
        lambda: submissions.change(
            agent, post.id, Submission("Other"), None, due_at=None, timed=False
        ),
        lambda: submissions.change(agent, post.id, None, [other.id], due_at=None, timed=False),
        lambda: posts.move(agent, post.id, now() + 2 * HOUR),
        lambda: posts.move(maya, post.id, now() + 3 * HOUR),
        lambda: _typed(maya, post),
    ]
    for edit in edits:
        before, seen = request_of(post).id, seat_belt.digest(post)
        edit()
        db.session.expire_all()
        for wanted in ((before, seen), (before, seat_belt.digest(post))):
            with pytest.raises((Stale, Conflict)):
                confirmations.confirm(maya, post.id, *wanted)
            db.session.rollback()
        assert db.session.get_one(Confirmation, before).state is ConfirmationState.VOID
        assert set(held(post)) == {HoldReason.APPROVAL}
        assert request_of(post).id != before
    confirmations.confirm(maya, post.id, request_of(post).id, seat_belt.digest(post))
    assert held(post) == [None]
    # What was confirmed waits again as soon as the key changes it.
    submissions.change(agent, post.id, Submission("Later"), None, due_at=None, timed=False)
    assert held(post) == [HoldReason.APPROVAL]


def _typed(actor: Actor, post: Post) -> None:
    copy = drafts.edit(actor, post.id)
    drafts.save(actor, copy.id, copy.rev, drafts.Changes(parts=("A person's words",)))
    drafts.apply(actor, copy.id, drafts.get(actor, copy.id).rev)


def test_a_person_who_acts_on_it_needs_no_confirmation(
    key: Callable[..., Actor], maya: Actor, account: SocialAccount
) -> None:
    agent = key(mode=KeyMode.CONFIRM)
    post = submit(agent, account, at=now() + HOUR)
    posts.publish_now(maya, post.id)
    assert held(post) == [None] and seat_belt.pending(post.id) is None
    again = submit(agent, account, at=now() + HOUR)
    confirmations.decline(maya, again.id, request_of(again).id)
    assert not posts.get(maya, again.id).armed and seat_belt.pending(again.id) is None
    third = submit(agent, account, at=now() + HOUR)
    posts.discard(maya, third.id)
    assert seat_belt.pending(third.id) is None


def test_a_failed_one_is_sent_again_only_with_a_persons_word(
    key: Callable[..., Actor], maya: Actor, account: SocialAccount, brand: Profile
) -> None:
    post = make_post(brand, accounts=[account], at=now() - HOUR, state=TargetState.FAILED)
    agent = key(mode=KeyMode.CONFIRM)
    submissions.retry(agent, post.id, platforms=None, confirmed=False)
    assert held(post) == [HoldReason.APPROVAL]
    confirmations.confirm(maya, post.id, request_of(post).id, seat_belt.digest(post))
    assert held(post) == [None] and post.targets[0].due_at <= now()
    review = make_post(brand, accounts=[account], at=now(), state=TargetState.NEEDS_REVIEW)
    with pytest.raises(Forbidden):
        posts.confirm_published(agent, review.targets[0].id)


def test_notice(key: Callable[..., Actor], account: SocialAccount) -> None:
    agent = key(notice_minutes=30)
    with pytest.raises(Forbidden, match="30 minutes' notice"):
        submit(agent, account, at=now() + timedelta(minutes=20))
    with pytest.raises(Forbidden, match="notice"):
        submit(agent, account, publish=True)
    post = submit(agent, account, at=now() + timedelta(minutes=31))
    with pytest.raises(Forbidden, match="notice"):
        posts.move(agent, post.id, now() + timedelta(minutes=5))


def test_posts_a_day_count_what_goes_on_the_clock(
    key: Callable[..., Actor], account: SocialAccount
) -> None:
    agent = key(posts_a_day=2)
    first = submit(agent, account, at=now() + HOUR)
    posts.schedule(agent, first.id, now() + 2 * HOUR)  # the same post
    draft = submit(agent, account)  # drafts are free
    posts.schedule(agent, draft.id, now() + HOUR)
    with pytest.raises(RateLimited, match="2 posts"):
        submit(agent, account, at=now() + HOUR)
    assert submit(agent, account).status.value == "draft"
    submit(key(posts_a_day=1), account, at=now() + HOUR)  # each key has its own


def test_accounts(
    key: Callable[..., Actor], maya: Actor, account: SocialAccount, brand: Profile
) -> None:
    other = make_account(brand, "mastodon")
    agent = key(accounts=(account.id,))
    found = submissions.accounts_of(agent, brand.id, ["mastodon"])
    assert [one.id for one in found] == [account.id]
    with pytest.raises(Forbidden) as told:
        submit(agent, other)
    assert told.value.field == "accounts"
    foreign = submit(maya, other)
    for act in (posts.publish_now, submissions.cancel):
        with pytest.raises(Forbidden):
            act(agent, foreign.id)
        db.session.rollback()
    mine = submit(agent, account)
    with pytest.raises(Forbidden):
        submissions.change(agent, mine.id, None, [other.id], due_at=None, timed=False)
    assert submit(agent, account, publish=True).armed


def test_a_belt_is_a_persons_to_change_and_is_handed_on(
    key: Callable[..., Actor], maya: Actor, brand: Profile, account: SocialAccount
) -> None:
    agent = key(mode=KeyMode.DRAFT, notice_minutes=5)
    made = keys.create(agent, KeyKind.PROFILE, brand.id, "Child")[0]
    assert seat_belt.worn(made) == Belt(KeyMode.DRAFT, 5)
    assert agent.key_id is not None
    with pytest.raises(Forbidden):
        seat_belt.change(agent, agent.key_id, {})
    stranger = actor_of(make_user("s@example.org", "S"))
    for nobody in (stranger,):
        with pytest.raises(NotFound):
            seat_belt.change(nobody, agent.key_id, {})
    seat_belt.change(maya, agent.key_id, {"accounts": (account.id,)})
    db.session.expire_all()
    row = db.session.get_one(ApiKey, agent.key_id)
    assert seat_belt.worn(row) == Belt(KeyMode.DRAFT, 5, None, (account.id,))
    foreign = make_account(make_profile(make_user("o@example.org", "O")), "mastodon")
    wrong: list[tuple[dict[str, Any], type[AppError]]] = [
        ({"notice_minutes": -1}, ValidationFailed),
        ({"posts_a_day": 0}, ValidationFailed),
        ({"accounts": (foreign.id,)}, NotFound),
    ]
    for given, kind in wrong:
        with pytest.raises(kind):
            seat_belt.change(maya, agent.key_id, given)
        db.session.rollback()


@pytest.mark.parametrize(
    "belt", [{"mode": KeyMode.DRAFT}, {"mode": KeyMode.CONFIRM}, {"notice_minutes": 5},
             {"posts_a_day": 3}, {"accounts": ()}],
)  # fmt: skip
def test_a_series_goes_round_no_belt(
    key: Callable[..., Actor], maya: Actor, brand: Profile, account: SocialAccount,
    belt: dict[str, Any],
) -> None:  # fmt: skip
    changes = recurring.Changes(
        name="Weekly",
        content="Six bells.",
        platforms=["mastodon"],
        pattern=Pattern("daily"),
        time_of_day="09:00",
        accounts=[account.id],
    )
    agent = key(**belt)
    with pytest.raises(Forbidden, match="repeat by themselves"):
        recurring.create(agent, brand.id, changes)
    row = recurring.create(key(), brand.id, changes)
    with pytest.raises(Forbidden, match="repeat by themselves"):
        recurring.change(agent, row.id, recurring.Changes(content="Other."))
    db.session.rollback()
    with pytest.raises(Forbidden, match="repeat by themselves"):
        recurring.delete(agent, row.id)
