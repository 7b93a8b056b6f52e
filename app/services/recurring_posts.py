"""The posts of a recurring schedule: making one, and unmaking those that have not begun.

One occurrence, one post: its row, unique by schedule and wall-clock time, the post and the
schedule's own mark are written in one transaction (reliability §1.7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from app import events, ids
from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.attempts import Attempt
from app.models.posts import Post, PostTarget, TargetState
from app.models.profiles import LatePolicy
from app.models.recurring import OccurrenceState, RecurringOccurrence, RecurringSchedule
from app.permissions import Actor, Role
from app.services import catalogue, recurrence_rules, starting, submissions, usage
from app.services.recurrence import Occurrence, Recurrence
from app.services.submissions import Submission
from app.services.writing import refuse_problems
from app.settle import settle

DAY = timedelta(days=1)
LATE = timedelta(minutes=60)  # later than that an occurrence is left out (reliability §6)
WAITING = (TargetState.SCHEDULED, TargetState.QUEUED)
GONE = "PAUSED_SERIES"
MOST_PLANNED = 50


class NobodyLeft(Exception):
    """No account is left that a schedule could post to."""


@dataclass(frozen=True)
class Planned:
    """A post of a schedule that is made and has not begun to go out; ``theirs``: a person has
    changed it, so the schedule leaves it alone."""

    post_id: UUID
    due_at: datetime
    theirs: bool


def series(row: RecurringSchedule) -> Recurrence:
    """When the schedule comes."""
    rule, _ = recurrence_rules.of(row.pattern, row.config)
    at = time.fromisoformat(row.time_of_day)
    return Recurrence(rule, row.starts_on, at, ZoneInfo(row.time_zone))


def maker(profile_id: UUID) -> Actor:
    """The engine, allowed what a member of that profile is: people come and go, a series stays."""
    return replace(events.ENGINE, roles={profile_id: Role.MEMBER})


def submission(row: RecurringSchedule) -> Submission:
    """What the schedule posts."""
    own = row.overrides.items()
    return Submission(
        row.content, source="recurring", media=[(one.media_id, one.alt) for one in row.media],
        texts={name: (one["text"],) for name, one in own if one.get("text") is not None},
        options={name: one["settings"] for name, one in own if one.get("settings")},
    )  # fmt: skip


def accounts(actor: Actor, row: RecurringSchedule) -> tuple[list[SocialAccount], list[str]]:
    """The accounts it goes to now, and the networks of which none is connected any more.

    One that has to sign in again is among them: its posts wait for it (promises.md 2).
    """
    named = [one.account for one in row.accounts]
    found = [one for one in named if one.status is not AccountStatus.DISCONNECTED]
    have = {one.id for one in found}
    rest = submissions.in_set(actor, row.profile_id, row.platforms) if row.platforms else []
    found += [one for one in rest if one.id not in have]
    there = {one.network for one in found}
    return found, [name for name in row.platforms if name not in there]


def refuse_unfit(actor: Actor, row: RecurringSchedule, found: Sequence[SocialAccount]) -> None:
    """Raise ``ValidationFailed`` with one error for each thing a network would refuse."""
    sent = submission(row)
    post = submissions.blank(actor, row.profile_id, sent)  # never stored
    submissions.write(actor, post, sent, [one.id for one in found])
    refuse_problems(post, post.targets, waits=True)


def enter(
    row: RecurringSchedule, one: Occurrence, state: OccurrenceState, note: str = ""
) -> UUID | None:
    """The occurrence's row, in the session's transaction; ``None`` where it has one already."""
    postgres = db.session.get_bind().dialect.name == "postgresql"
    insert = (postgresql.insert if postgres else sqlite.insert)(RecurringOccurrence)
    at = now()
    values: dict[str, Any] = {
        "id": ids.uuid7(), "schedule_id": row.id, "profile_id": row.profile_id,
        "occurrence_local": one.key, "at": one.at, "state": state, "note": note[:400],
        "post_rev": 0, "by_hand": False, "created_at": at, "updated_at": at,
    }  # fmt: skip
    made = insert.values(**values).on_conflict_do_nothing(
        index_elements=["schedule_id", "occurrence_local"]
    )
    found: UUID | None = db.session.execute(made.returning(RecurringOccurrence.id)).scalar()
    return found


def make(row: RecurringSchedule, one: Occurrence, *, by_hand: bool = False) -> Post | None:
    """The post of an occurrence, on the clock; commits. ``None`` where it has been made already.

    Raises ``NobodyLeft``, and ``AppError`` where no network would take it or a quota is used
    up: nothing is stored then, and the transaction is over.
    """
    actor, profile_id = maker(row.profile_id), row.profile_id
    found, missing = accounts(actor, row)
    if not found:
        raise NobodyLeft
    entered = enter(row, one, OccurrenceState.MADE, _left_out(missing))
    if entered is None:
        return None
    at = now()
    try:
        usage.spend(usage.POSTS, profile_id, by_api=False)
        sent = submission(row)
        post = submissions.blank(actor, profile_id, sent)
        post.author_id, post.late_policy = row.author_id, LatePolicy.SKIP
        post.late_limit_minutes = int((LATE - max(at - one.at, timedelta())) / timedelta(minutes=1))
        submissions.write(actor, post, sent, [account.id for account in found])
        occurrence = db.session.get_one(RecurringOccurrence, entered)
        occurrence.post, occurrence.post_rev, occurrence.by_hand = post, post.rev, by_hand
        starting.start_new(actor, post, max(one.at, at), quick=False)
        return post
    except BaseException:
        db.session.rollback()
        raise


def planned(row: RecurringSchedule) -> list[Planned]:
    """What a change of the schedule could reach, by their times; at most ``MOST_PLANNED``."""
    copy, mine = aliased(Post), PostTarget.post_id == Post.id
    found = db.session.execute(
        select(
            Post.id, Post.due_at, Post.rev, RecurringOccurrence.post_rev,
            RecurringOccurrence.by_hand, exists().where(copy.edits_id == Post.id),
        )
        .join(RecurringOccurrence, RecurringOccurrence.post_id == Post.id)
        .where(
            RecurringOccurrence.schedule_id == row.id,
            RecurringOccurrence.state == OccurrenceState.MADE,
            RecurringOccurrence.at > now(),
            Post.discarded_at.is_(None), Post.due_at.is_not(None),
            exists().where(mine, PostTarget.state.in_(WAITING)),
            ~exists().where(mine, PostTarget.state.not_in(WAITING)),
        )
        .order_by(Post.due_at, Post.id)
        .limit(MOST_PLANNED)
    )  # fmt: skip
    return [
        Planned(post_id, due_at, by_hand or rev != made or copied)
        for post_id, due_at, rev, made, by_hand, copied in found
        if due_at is not None
    ]


def withdraw(row: RecurringSchedule, *, ending: bool, keep: bool = False) -> None:
    """Unmake the posts of a schedule that have not begun to go out; the caller commits.

    They are deleted with their rows, so that they can be made anew. What a person has changed
    by hand is theirs: it stays, or where the schedule is ``ending`` (paused, deleted) becomes a
    draft. What is due or has begun goes on, but for what still waits when it is ending. To
    ``keep`` leaves every post that was made; what was refused is tried again all the same.
    """
    session = db.session()
    if not ending:  # what was refused may be taken now
        session.execute(
            delete(RecurringOccurrence).where(
                RecurringOccurrence.schedule_id == row.id, RecurringOccurrence.at > now(),
                RecurringOccurrence.state == OccurrenceState.FAILED,
            )
        )  # fmt: skip
    if keep:
        return
    touched = []
    for occurrence, post in _waiting(row, now() - 2 * DAY if ending else now()):
        states = {target.state for target in post.targets}
        begun = not states <= set(WAITING) or _attempted(post)
        if _theirs(occurrence, post):
            if ending:
                _set_aside(post, begun)
        elif begun:
            if ending:
                _cancel(post)
        else:
            _unmake(occurrence, post)
            continue
        touched.append(post.id)
    settle(session, touched)


def _waiting(row: RecurringSchedule, after: datetime) -> list[tuple[RecurringOccurrence, Post]]:
    """Occurrences whose posts have targets that wait, locked in the order of every writer."""
    mine = (
        select(RecurringOccurrence.post_id)
        .where(
            RecurringOccurrence.schedule_id == row.id,
            RecurringOccurrence.state == OccurrenceState.MADE,
            RecurringOccurrence.at > after,
        )
        .scalar_subquery()
    )
    waits = select(PostTarget.post_id).where(
        PostTarget.post_id.in_(mine), PostTarget.state.in_(WAITING)
    )
    locked = (
        select(PostTarget)
        .where(PostTarget.post_id.in_(waits.scalar_subquery()))
        .order_by(PostTarget.id)
        .with_for_update(of=PostTarget)
        .execution_options(populate_existing=True)
    )
    found = {one.post_id for one in db.session.scalars(locked) if one.state in WAITING}
    held = (
        select(RecurringOccurrence, Post)
        .join(Post, Post.id == RecurringOccurrence.post_id)
        .where(Post.id.in_(found), Post.discarded_at.is_(None))
        .order_by(Post.id)
        .with_for_update(of=Post)
        .execution_options(populate_existing=True)
    )
    return [(one[0], one[1]) for one in db.session.execute(held)]


def _theirs(occurrence: RecurringOccurrence, post: Post) -> bool:
    """Whether a person has changed the post, or is about to."""
    copy = select(Post.id).where(Post.edits_id == post.id).limit(1)
    changed = occurrence.by_hand or post.rev != occurrence.post_rev
    return changed or db.session.scalar(copy) is not None


def _attempted(post: Post) -> bool:
    mine = [target.id for target in post.targets]
    return (
        db.session.scalar(select(Attempt.id).where(Attempt.target_id.in_(mine)).limit(1))
        is not None
    )


def _set_aside(post: Post, begun: bool) -> None:
    """A draft again; of one that is partly out, what still waits is taken off."""
    if begun:
        _cancel(post)
        return
    for target in post.targets:
        target.state, target.lease_until = TargetState.DRAFT, None
        target.hold_reason = target.hold_until = None
    post.armed, post.rev = False, post.rev + 1


def _cancel(post: Post) -> None:
    for target in post.targets:
        if target.state in WAITING:
            target.state, target.lease_until = TargetState.CANCELLED, None
            target.hold_reason = target.hold_until = None
            target.error_code, target.error = GONE, "Taken off: its recurring schedule was ended."


def _unmake(occurrence: RecurringOccurrence, post: Post) -> None:
    usage.give_back(usage.POSTS, post.profile_id, post.created_at)
    db.session.delete(occurrence)
    db.session.flush()
    db.session.delete(post)


def _left_out(missing: Sequence[str]) -> str:
    if not missing:
        return ""
    names = ", ".join(catalogue.entry(name).title for name in missing)
    return f"Made without {names}: no account is connected there."
