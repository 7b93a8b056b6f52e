"""Pause everything a brand posts, and go on again (promises.md 4).

While ``Profile.paused_at`` is set the engine claims nothing of the brand and commits nothing it
has begun. Going on keeps all times, and what has become late falls under the late policy
(promises.md 1); or the posts are moved first, which is ordinary work on many posts with its undo.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from app import events
from app.clock import now
from app.errors import Conflict, ValidationFailed
from app.extensions import db, write_mode
from app.models.bulk import BulkBatch, BulkKind
from app.models.events import AuditEvent
from app.models.people import User
from app.models.posts import Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.services import bulk
from app.services.access import reach
from app.services.bulk import Pick
from app.services.bulk_orders import MOST, Order

LONGEST = timedelta(days=366)
REASON = 200  # characters


@dataclass(frozen=True)
class Waiting:
    """What the pause holds up: posts on the clock, of them those whose time has passed, and the
    whole days by which moving all of them brings every time back into the future."""

    posts: int
    missed: int
    days: int

    @property
    def too_many(self) -> bool:
        """Whether they are more than one order may name."""
        return self.posts > MOST

    @property
    def in_turns(self) -> bool:
        """Whether moving them takes longer than a request."""
        return self.posts > bulk.AT_ONCE


def pause(
    actor: Actor, profile_id: UUID, *, reason: str = "", until: datetime | None = None
) -> Profile:
    """From now on nothing of the brand goes out, until ``until`` (UTC) or somebody resumes.

    Raises ``ValidationFailed`` naming ``until`` or ``reason``, ``Conflict`` where it is paused.
    """
    profile = reach(actor).get(Profile, profile_id, need=Permission.POST_WRITE)
    at, reason = now(), " ".join(reason.split())
    if len(reason) > REASON:
        raise ValidationFailed(f"Keep the reason under {REASON} characters.", field="reason")
    if until is not None and not at < until <= at + LONGEST:
        raise ValidationFailed(
            "Choose a time in the coming twelve months, or leave it empty.", field="until"
        )
    taken = db.session.execute(
        update(Profile)
        .where(Profile.id == profile.id, Profile.paused_at.is_(None))
        .values(paused_at=at, paused_until=until, pause_reason=reason)
        .execution_options(synchronize_session="fetch")
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("Posting is paused already.")
    events.audit(
        db.session(), actor, "profile.paused", profile_id=profile.id, subject="profile",
        subject_id=profile.id, reason=reason, until=until.isoformat() if until else None,
    )  # fmt: skip
    db.session.commit()
    return profile


def resume(actor: Actor, profile_id: UUID) -> Profile:
    """Go on, with all times as they are. Raises ``Conflict`` where it is not paused."""
    profile = reach(actor).get(Profile, profile_id, need=Permission.POST_WRITE)
    if not _go_on(actor, profile.id):
        db.session.rollback()
        raise Conflict("Posting is not paused.")
    db.session.commit()
    return profile


def resume_moved(actor: Actor, profile: Profile, batch_id: UUID, days: int) -> BulkBatch:
    """Move every waiting post by whole days of the brand's calendar, then go on.

    Where the move takes longer than this request, posting stays paused: going on in the middle of
    it would send what has not been moved yet. ``batch_id`` as for ``bulk.start``.
    """
    actor.require(Permission.POST_WRITE, profile.id)
    if profile.paused_at is None:
        raise Conflict("Posting is not paused.")
    found = waiting(actor, profile)
    if found.too_many:
        raise ValidationFailed(
            f"More than {MOST} posts wait. Move them from the calendar’s list, a part at a time.",
            field="days",
        )
    order = Order(BulkKind.MOVE, days=days, back=f"/p/{profile.slug}/calendar")
    batch = bulk.start(actor, profile, batch_id, order, _picks(profile))
    if not found.in_turns and _go_on(actor, profile.id):
        db.session.commit()
    return batch


def waiting(actor: Actor, profile: Profile) -> Waiting:
    """What a pause that began at ``Profile.paused_at``, or begins now, holds up."""
    at = now()
    since = profile.paused_at or at
    posts, missed = db.session.execute(
        reach(actor)
        .query(PostTarget)
        .where(*_held_up(profile, since))
        .with_only_columns(
            func.count(PostTarget.post_id.distinct()),
            func.count(PostTarget.post_id.distinct()).filter(PostTarget.due_at <= at),
        )
    ).one()
    # A day more than the whole ones that are over: the earliest time then lies ahead.
    days = max(1, math.ceil((at - since) / timedelta(days=1)))
    return Waiting(posts, missed, days)


def paused_by(profile: Profile) -> str:
    """The name of who paused it; empty where that person is gone."""
    found: str | None = db.session.scalar(
        select(func.coalesce(func.nullif(User.name, ""), User.email))
        .join(AuditEvent, AuditEvent.actor_id == User.id)
        .where(
            AuditEvent.subject_id == profile.id,
            AuditEvent.profile_id == profile.id,
            AuditEvent.action == "profile.paused",
        )
        .order_by(AuditEvent.at.desc())
        .limit(1)
    )
    return found or ""


def end_due() -> int:
    """Go on where a pause was to last until now; how many brands."""
    mark = write_mode.set(False)
    try:
        due = db.session.scalars(select(Profile.id).where(Profile.paused_until <= now())).all()
        db.session.rollback()
    finally:
        write_mode.reset(mark)
    ended = sum(_go_on(events.ENGINE, profile_id, due=True) for profile_id in due)
    if due:
        db.session.commit()
    return ended


def _go_on(actor: Actor, profile_id: UUID, *, due: bool = False) -> bool:
    still = Profile.paused_until <= now() if due else Profile.paused_at.is_not(None)
    ended = db.session.execute(
        update(Profile)
        .where(Profile.id == profile_id, still)
        .values(paused_at=None, paused_until=None, pause_reason="")
        .execution_options(synchronize_session="fetch")
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        return False
    events.audit(
        db.session(), actor, "profile.resumed", profile_id=profile_id, subject="profile",
        subject_id=profile_id,
    )  # fmt: skip
    return True


def _held_up(profile: Profile, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        PostTarget.profile_id == profile.id,
        PostTarget.state == TargetState.SCHEDULED,
        PostTarget.due_at >= since,
    )


def _picks(profile: Profile) -> list[Pick]:
    since = profile.paused_at or now()
    rows = db.session.execute(
        select(Post.id, Post.rev)
        .where(Post.id.in_(select(PostTarget.post_id).where(*_held_up(profile, since))))
        .order_by(Post.due_at.desc())  # the last first: none lands beside one not moved yet
    )
    return [Pick(row.id, row.rev) for row in rows]
