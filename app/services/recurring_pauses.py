"""Schedules that no account is left for: paused, with the reason (contracts, "AMP")."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app import events
from app.extensions import db
from app.models.recurring import RecurringSchedule
from app.services.recurring_posts import accounts, maker, withdraw

NOBODY = "No account is connected for it any more. Connect one, then switch it on again."


def lock(profile_id: UUID) -> Sequence[RecurringSchedule]:
    """The profile's running schedules, held by the session's transaction.

    Whoever is about to take accounts off holds them first: the maker holds a schedule, then
    looks at accounts, and two that wait for each other would wait for ever.
    """
    return db.session.scalars(
        select(RecurringSchedule)
        .where(RecurringSchedule.profile_id == profile_id, RecurringSchedule.is_active)
        .options(selectinload(RecurringSchedule.accounts))
        .order_by(RecurringSchedule.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def pause_left(held: Sequence[RecurringSchedule]) -> int:
    """Pause those of them that have no account left; how many. The caller commits."""
    db.session.flush()
    found = [row for row in held if not accounts(maker(row.profile_id), row)[0]]
    for row in found:
        _pause(row)
    return len(found)


def pause(schedule_id: UUID) -> None:
    """Pause one that was found without an account; commits."""
    row = db.session.scalars(
        select(RecurringSchedule)
        .where(RecurringSchedule.id == schedule_id, RecurringSchedule.is_active)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is not None and not accounts(maker(row.profile_id), row)[0]:
        _pause(row)
    db.session.commit()


def _pause(row: RecurringSchedule) -> None:
    withdraw(row, ending=True)
    row.is_active, row.pause_reason = False, NOBODY
    session = db.session()
    events.audit(
        session, events.ENGINE, "recurring.paused", profile_id=row.profile_id,
        subject="recurring_schedule", subject_id=row.id, name=row.name, reason=NOBODY,
    )  # fmt: skip
    events.tell_author(
        session, row.profile_id, row.author_id, "recurring_paused",
        {"name": row.name, "message": NOBODY},
        once=f"recurring:{row.id}:{row.updated_at.isoformat()}",
    )  # fmt: skip
