"""Holding posts and letting them go: one definition for engine and services.

A held target is ``scheduled`` with a ``hold_reason`` and a deadline, ``hold_until``, after
which it fails with ``MISSED_WINDOW`` (promises.md 1 and 2, reliability §6). Everything here
is SQL on the caller's session, inside the caller's transaction: nothing commits, nothing
speaks to a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select, update
from sqlalchemy.orm import Session

from app import events
from app.clock import seconds
from app.config import Config, settings
from app.models.accounts import AccountStatus, SocialAccount
from app.models.posts import HoldReason, Post, PostTarget, TargetState
from app.models.profiles import LatePolicy, Profile
from app.permissions import Actor
from app.settle import settle

LateVerdict = Literal["send", "hold", "skip"]

# Reasons that end when the account can speak again.
BY_ACCOUNT = (HoldReason.RECONNECT, HoldReason.DISCONNECTED)
SKIPPED = "SKIPPED_LATE"
FOLLOWERS = 1000  # looked at for a moved place: more never fall into one row of sendings
SCHEDULED = PostTarget.state == literal_column("'scheduled'")
FREE = PostTarget.hold_reason.is_(None)
OURS = FREE | PostTarget.hold_reason.in_(BY_ACCOUNT)


@dataclass(frozen=True)
class Released:
    """What became of the targets that waited for an account."""

    going: int = 0  # at their time, or at once where that has passed
    held: int = 0  # too late: the catch-up page asks a person
    skipped: int = 0  # too late, and the late policy says skip


def late_verdict(profile: Profile, post: Post, due_at: datetime, now: datetime) -> LateVerdict:
    """What the late policy says of a target that is due at ``due_at`` and looked at ``now``.

    The post's own policy and limit come before the profile's (promises.md 1). Within the
    limit, and always under ``LatePolicy.SEND``, it is sent.
    """
    policy = post.late_policy or profile.late_policy
    minutes = post.late_limit_minutes
    if minutes is None:
        minutes = profile.late_limit_minutes
    if policy is LatePolicy.SEND or now - due_at <= timedelta(minutes=minutes):
        return "send"
    return "skip" if policy is LatePolicy.SKIP else "hold"


def reason_for(account: SocialAccount) -> HoldReason | None:
    """Why a target of this account has to wait; ``None`` where the account can be used."""
    if account.status is AccountStatus.NEEDS_RECONNECT:
        return HoldReason.RECONNECT
    if account.status is AccountStatus.DISCONNECTED:
        return HoldReason.DISCONNECTED
    return None


def scheduled(
    profile_id: UUID, account: SocialAccount, due_at: datetime | None, now: datetime
) -> PostTarget:
    """A new target on the clock; held from the start where its account cannot be used."""
    reason = reason_for(account)
    return PostTarget(
        account_id=account.id, profile_id=profile_id, due_at=due_at, scheduled_for=due_at,
        state=TargetState.SCHEDULED, hold_reason=reason,
        hold_until=deadline(due_at, now) if reason else None,
    )  # fmt: skip


def moved(target: PostTarget, now: datetime) -> None:
    """A person gave the target another time: it is not late, and a hold lasts accordingly.

    The caller has locked the target and commits.
    """
    if target.hold_reason is HoldReason.LATE:
        target.hold_reason = reason_for(target.account)
    target.hold_until = deadline(target.due_at, now) if target.hold_reason else None


def deadline(due_at: datetime | None, now: datetime, config: Config | None = None) -> datetime:
    """``hold_until`` of a target held ``now``: LATE_LIMIT_HOURS after its time, or after now."""
    hours = (config or settings()).LATE_LIMIT_HOURS
    return max(now, due_at or now) + timedelta(hours=hours)


def hold_account(session: Session, account_id: UUID, reason: HoldReason, now: datetime) -> int:
    """Hold everything scheduled on an account; how many targets that concerns.

    Targets already held for another reason keep it: when that ends, the claim finds the
    account as it is then.
    """
    table = PostTarget.__table__
    rows = session.execute(
        update(PostTarget)
        .where(
            PostTarget.account_id == account_id,
            SCHEDULED,
            OURS,
            PostTarget.hold_reason.is_distinct_from(reason),
        )
        .values(
            hold_reason=reason,
            hold_until=func.coalesce(PostTarget.hold_until, deadline(None, now)),
        )
        .returning(PostTarget.id, PostTarget.due_at)
        .execution_options(synchronize_session=False)
    ).all()
    # What is still to come has its deadline counted from its own time.
    later = [
        {"row": r.id, "until": deadline(r.due_at, now)} for r in rows if r.due_at and r.due_at > now
    ]
    if later:
        session.connection().execute(
            update(table)  # type: ignore[arg-type]
            .where(table.c.id == bindparam("row"))
            .values(hold_until=bindparam("until")),
            later,
        )
    _forget(session, account_id)
    return len(rows)


def release_account(
    session: Session, account: SocialAccount, now: datetime, actor: Actor = events.ENGINE
) -> Released:
    """Let go of what waited for this account, under the late policy (reliability §5).

    What is still to come keeps its time. What is overdue goes out in its order, the first
    at once and each next one RESUME_SPACING_SECONDS later; posts whose time falls into that
    row of sendings move behind it. What is too late is held as ``LATE`` (a person decides on
    the catch-up page) or cancelled, as its policy says.
    """
    going: list[PostTarget] = []
    skipped: list[UUID] = []
    held = 0
    for target, post, profile in session.execute(
        select(PostTarget, Post, Profile)
        .join(Post, Post.id == PostTarget.post_id)
        .join(Profile, Profile.id == PostTarget.profile_id)
        .where(*_waiting(account.id), PostTarget.due_at <= now)
        .order_by(PostTarget.due_at, PostTarget.id)
        .execution_options(populate_existing=True)
    ).all():
        verdict = late_verdict(profile, post, target.due_at or now, now)
        if verdict == "send":
            going.append(target)
        elif verdict == "hold":
            held += _move(session, target.id, hold_reason=HoldReason.LATE,
                          hold_until=deadline(None, now))  # fmt: skip
        elif _skip(session, target, now, actor):
            skipped.append(post.id)
    free = _space(session, [t.id for t in going], now)
    if going:
        _push_back(session, account.id, now, free, {t.id for t in going})
    later = session.execute(
        update(PostTarget)
        .where(*_waiting(account.id))
        .values(hold_reason=None, hold_until=None)
        .execution_options(synchronize_session=False)
    )
    _forget(session, account.id)
    settle(session, skipped)
    return Released(len(going) + int(later.rowcount), held, len(skipped))  # type: ignore[attr-defined]


def _waiting(account_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        PostTarget.account_id == account_id,
        SCHEDULED,
        PostTarget.hold_reason.in_(BY_ACCOUNT),
    )


def _space(session: Session, ids: Sequence[UUID], now: datetime) -> datetime:
    """Put these targets one after the other from ``now`` on; the next free moment."""
    gap = seconds(settings().RESUME_SPACING_SECONDS)
    for place, target_id in enumerate(ids):
        _move(session, target_id, hold_reason=None, hold_until=None, due_at=now + place * gap)
    return now + len(ids) * gap


def _push_back(
    session: Session, account_id: UUID, now: datetime, free: datetime, placed: set[UUID]
) -> None:
    """Move what would fall into the row of sendings behind it, so that the order holds."""
    gap = seconds(settings().RESUME_SPACING_SECONDS)
    followers = session.execute(
        select(PostTarget.id, PostTarget.due_at)
        .where(PostTarget.account_id == account_id, SCHEDULED, OURS, PostTarget.due_at > now)
        .order_by(PostTarget.due_at, PostTarget.id)
        .limit(FOLLOWERS)
    ).all()
    for target_id, due_at in followers:
        if target_id in placed:
            continue
        if due_at is None or due_at >= free:
            return
        if _move(session, target_id, hold_reason=None, hold_until=None, due_at=free):
            free += gap


def _skip(session: Session, target: PostTarget, now: datetime, actor: Actor) -> bool:
    """Take a target off its post because its time has passed, and say so in the record."""
    due_at = target.due_at or now
    gone = _move(
        session, target.id, state=TargetState.CANCELLED, hold_reason=None, hold_until=None,
        error_code=SKIPPED, error="Taken off: its time had passed before the account was back.",
    )  # fmt: skip
    if gone:
        events.audit(
            session, actor, "target.skipped_late", profile_id=target.profile_id,
            subject="post_target", subject_id=target.id, due_at=due_at.isoformat(),
        )  # fmt: skip
    return bool(gone)


def _move(session: Session, target_id: UUID, **values: object) -> int:
    """One conditional update: a target that has moved on in the meantime stays as it is."""
    changed = session.execute(
        update(PostTarget)
        .where(PostTarget.id == target_id, SCHEDULED, OURS)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return int(changed.rowcount)  # type: ignore[attr-defined]


def _forget(session: Session, account_id: UUID) -> None:
    """Rows already read show what the statements above wrote."""
    for row in list(session.identity_map.values()):
        if isinstance(row, PostTarget) and row.__dict__.get("account_id") == account_id:
            session.expire(row)
