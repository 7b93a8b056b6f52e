"""After an outage: what was too late to be sent, and a new time for each (promises.md 1).

Posts held as late go out only when a person says so. The plan spreads them over the brand's
day, in their order, with room between posts of one account; nothing is written until it is
applied, and what somebody else has decided meanwhile stays as they decided it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from app import events, holds
from app.clock import now, to_utc
from app.errors import ValidationFailed
from app.extensions import db
from app.models.posts import HoldReason, Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.services import cards
from app.services.access import reach
from app.services.cards import Card, Line
from app.services.starting import GRACE, HORIZON
from app.settle import settle

SPACING = timedelta(minutes=30)  # between two posts of one account
NOTICE = timedelta(minutes=10)  # the first goes out no sooner than that
STEP = timedelta(minutes=5)
MORNING, EVENING = time(8), time(21)  # nobody wants forty posts at night
AHEAD = timedelta(days=60)  # planned posts that the plan keeps clear of
S = TargetState


@dataclass(frozen=True)
class Late:
    """One post and the accounts of it that are late. ``proposed`` is UTC, ``until`` when the
    first of them is given up."""

    card: Card
    lines: tuple[Line, ...]
    was: datetime
    until: datetime | None
    proposed: datetime


def plan(actor: Actor, profile: Profile) -> list[Late]:
    """Every late post of the brand with the next time that is free on all its accounts.

    In the order of their old times. Four statements, however many there are.
    """
    actor.require(Permission.POST_READ, profile.id)
    found = cards.load(actor, profile, Post.id.in_(_late_ids(actor, profile)))
    found = cards.with_pictures(found)
    ends = _ends(actor, profile)
    taken = _taken(actor, profile)
    begin: dict[UUID, datetime] = defaultdict(lambda: now() + NOTICE)
    made = []
    for card in sorted(found, key=lambda one: (_was(one), one.id)):
        lines = _late_lines(card)
        ids = [line.account_id for line in lines]
        at = _free(max(begin[one] for one in ids), [taken[one] for one in ids], profile.zone)
        for one in ids:
            insort(taken[one], at)
            begin[one] = at + SPACING  # on each account in their order
        until = min((ends[line.id] for line in lines if line.id in ends), default=None)
        made.append(Late(card, lines, _was(card), until, at))
    return made


def apply(actor: Actor, profile: Profile, times: Mapping[UUID, datetime]) -> int:
    """Give late posts their new times (UTC), by post; how many got one.

    A post that is no longer late is left alone. Raises ``ValidationFailed`` with an error for
    each time that has passed, its field ``at-<post>``; nothing is written then.
    """
    actor.require(Permission.POST_WRITE, profile.id)
    _check(times)
    moment = now()
    targets = _locked(actor, profile, times)
    for target in targets:
        at = max(times[target.post_id], moment)
        target.due_at = target.scheduled_for = at
        target.hold_reason = holds.reason_for(target.account)
        target.hold_until = holds.deadline(at, moment) if target.hold_reason else None
    posts = _posts(targets)
    for post in posts:
        post.due_at = max(times[post.id], moment)
        post.rev += 1
        _note(actor, post, "post.caught_up", after=post.due_at.isoformat())
    _done(posts)
    return len(posts)


def skip(actor: Actor, profile: Profile, post_ids: Collection[UUID]) -> int:
    """Take the late accounts off these posts for good; how many posts that were."""
    actor.require(Permission.POST_WRITE, profile.id)
    targets = _locked(actor, profile, post_ids)
    for target in targets:
        target.state, target.hold_reason, target.hold_until = S.CANCELLED, None, None
        target.error_code, target.error = holds.SKIPPED, "Left out: its time had passed."
    posts = _posts(targets)
    for post in posts:
        post.rev += 1
        _note(actor, post, "post.skipped")
    _done(posts)
    return len(posts)


def _late_ids(actor: Actor, profile: Profile) -> Sequence[UUID]:
    return db.session.scalars(
        reach(actor)
        .query(PostTarget)
        .with_only_columns(PostTarget.post_id)
        .where(*_is_late(profile))
        .distinct()
    ).all()


def _is_late(profile: Profile) -> tuple[ColumnElement[bool], ...]:
    return (
        PostTarget.profile_id == profile.id,
        PostTarget.state == S.SCHEDULED,
        PostTarget.hold_reason == HoldReason.LATE,
    )


def _late_lines(card: Card) -> tuple[Line, ...]:
    return tuple(x for x in card.lines if x.state is S.SCHEDULED and x.hold is HoldReason.LATE)


def _was(card: Card) -> datetime:
    """The time a person gave it, as far as it is still known."""
    known = [line.due_at for line in _late_lines(card) if line.due_at]
    return card.at or min(known, default=now())


def _ends(actor: Actor, profile: Profile) -> dict[UUID, datetime]:
    rows = db.session.execute(
        reach(actor)
        .query(PostTarget)
        .with_only_columns(PostTarget.id, PostTarget.hold_until)
        .where(*_is_late(profile), PostTarget.hold_until.is_not(None))
    )
    return {row.id: row.hold_until for row in rows}


def _taken(actor: Actor, profile: Profile) -> dict[UUID, list[datetime]]:
    """When each account has something to send already, in order."""
    moment = now()
    taken: dict[UUID, list[datetime]] = defaultdict(list)
    rows = db.session.execute(
        reach(actor)
        .query(PostTarget)
        .with_only_columns(PostTarget.account_id, PostTarget.due_at)
        .where(
            PostTarget.profile_id == profile.id,
            PostTarget.state == S.SCHEDULED,
            PostTarget.hold_reason.is_distinct_from(HoldReason.LATE),
            PostTarget.due_at > moment - SPACING,
            PostTarget.due_at < moment + AHEAD,
        )
        .order_by(PostTarget.due_at)
    )
    for row in rows:
        taken[row.account_id].append(row.due_at)
    return taken


def _free(at: datetime, taken: Sequence[list[datetime]], zone: ZoneInfo) -> datetime:
    """The next whole five minutes of a day on which no account has another post nearby."""
    while True:
        at = _daytime(_rounded(at), zone)
        clash = max(
            (times[place] for times in taken
             if (place := bisect_left(times, at - SPACING + timedelta(seconds=1))) < len(times)
             and times[place] < at + SPACING),
            default=None,
        )  # fmt: skip
        if clash is None:
            return at
        at = clash + SPACING


def _rounded(at: datetime) -> datetime:
    over = timedelta(minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond)
    return at if not over else at - over + STEP


def _daytime(at: datetime, zone: ZoneInfo) -> datetime:
    """Between morning and evening of the brand's day."""
    local = at.astimezone(zone)
    if local.time() < MORNING:
        return to_utc(datetime.combine(local.date(), MORNING), zone)
    if local.time() > EVENING:
        return to_utc(datetime.combine(local.date() + timedelta(days=1), MORNING), zone)
    return at


def _check(times: Mapping[UUID, datetime]) -> None:
    moment = now()
    errors = [
        ValidationFailed(said, field=f"at-{post_id}")
        for post_id, at in times.items()
        for said in [_refusal(at, moment)]
        if said
    ]
    if errors:
        raise ValidationFailed(errors[0].message, field=errors[0].field, errors=list(errors))


def _refusal(at: datetime, moment: datetime) -> str:
    if at < moment - GRACE:
        return "That time has passed. Choose a later one."
    return "Choose a time within the next five years." if at > moment + HORIZON else ""


def _locked(actor: Actor, profile: Profile, post_ids: Collection[UUID]) -> list[PostTarget]:
    """The late targets of these posts, locked in the order of every writer, as they are now."""
    return list(
        db.session.scalars(
            reach(actor)
            .query(PostTarget)
            .where(PostTarget.post_id.in_(list(post_ids)), *_is_late(profile))
            .options(joinedload(PostTarget.account))
            .order_by(PostTarget.id)
            .with_for_update(of=PostTarget)
            .execution_options(populate_existing=True)
        )
    )


def _posts(targets: Sequence[PostTarget]) -> list[Post]:
    """Their posts, locked after the targets."""
    ids = sorted({target.post_id for target in targets})
    return list(
        db.session.scalars(
            select(Post)
            .where(Post.id.in_(ids), Post.discarded_at.is_(None))
            .order_by(Post.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _note(actor: Actor, post: Post, action: str, **detail: str) -> None:
    events.audit(
        db.session(), actor, action, profile_id=post.profile_id, subject="post",
        subject_id=post.id, **detail,
    )  # fmt: skip


def _done(posts: Sequence[Post]) -> None:
    settle(db.session(), [post.id for post in posts])
    db.session.commit()
