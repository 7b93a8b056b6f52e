"""Calendar feeds: secret addresses under which calendar programs read the plan (promises.md 15).

A token of 256 random bits is the whole right to read, so it is shown once and only its SHA-256
is kept. A feed never shows more than its maker may see when it is read: it ends with the
membership.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session, joinedload

from app import events, ids
from app.clock import now
from app.errors import Conflict, NotFound, ValidationFailed
from app.extensions import db, write_mode
from app.models.accounts import SocialAccount
from app.models.files import CalendarFeed
from app.permissions import Actor, Permission
from app.services import access
from app.services.access import reach

NAME_LIMIT = 80
MOST = 50  # feeds of a brand that work
KEPT = timedelta(days=90)  # a revoked one stays in the list
NOTED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class Opened:
    """A feed that was asked for with its token, and its maker as an actor."""

    feed: CalendarFeed
    actor: Actor


def listed(actor: Actor, profile_id: UUID) -> list[CalendarFeed]:
    """The brand's feeds, those that work first, then the newest: one's own, and everybody's for
    whom looks after the brand."""
    rows = _mine(actor, profile_id).options(
        joinedload(CalendarFeed.account), joinedload(CalendarFeed.user)
    )
    rows = rows.where(
        CalendarFeed.revoked_at.is_(None) | (CalendarFeed.revoked_at > now() - KEPT)
    ).order_by(CalendarFeed.revoked_at.is_not(None), CalendarFeed.id.desc())
    return list(db.session.scalars(rows.limit(4 * MOST)))


def create(
    actor: Actor, profile_id: UUID, *, account_id: UUID | None = None, name: str = ""
) -> tuple[CalendarFeed, str]:
    """A new feed and its token, which nobody sees again."""
    reach(actor).profile(profile_id, need=Permission.POST_READ)
    if actor.user_id is None:
        raise NotFound()
    name = " ".join(name.split())
    if len(name) > NAME_LIMIT:
        raise ValidationFailed(f"Use at most {NAME_LIMIT} characters.", field="name")
    if account_id is not None:
        _account(actor, profile_id, account_id)
    working = select(func.count()).where(
        CalendarFeed.profile_id == profile_id, CalendarFeed.revoked_at.is_(None)
    )
    if (db.session.scalar(working) or 0) >= MOST:
        raise Conflict(f"A brand has at most {MOST} calendar links. Revoke one you do not need.")
    token = ids.token()
    row = CalendarFeed(
        id=ids.uuid7(), profile_id=profile_id, account_id=account_id, user_id=actor.user_id,
        name=name, token_hash=ids.digest(token), created_at=now(),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    events.audit(
        db.session(), actor, "feed.created", profile_id=profile_id, subject="calendar_feed",
        subject_id=row.id, name=name,
    )  # fmt: skip
    db.session.commit()
    return row, token


def get(actor: Actor, profile_id: UUID, feed_id: UUID) -> CalendarFeed:
    """One feed that the actor may revoke; ``NotFound`` for any other."""
    row = db.session.scalars(
        _mine(actor, profile_id).where(CalendarFeed.id == feed_id)
    ).one_or_none()
    if row is None:
        raise NotFound()
    return row


def revoke(actor: Actor, profile_id: UUID, feed_id: UUID) -> CalendarFeed:
    """End a feed: the next look at its address finds nothing."""
    row = get(actor, profile_id, feed_id)
    if row.revoked_at is None:
        row.revoked_at = now()
        events.audit(
            db.session(), actor, "feed.revoked", profile_id=profile_id, subject="calendar_feed",
            subject_id=row.id, name=row.name,
        )  # fmt: skip
    db.session.commit()
    return row


def resolve(token: str) -> Opened:
    """The feed of that token. ``NotFound`` alike for one that never was, one that was revoked,
    and one whose maker may no longer see the brand."""
    digest = ids.digest(token)
    row = db.session.scalars(
        select(CalendarFeed)
        .where(CalendarFeed.token_hash == digest, CalendarFeed.revoked_at.is_(None))
        .options(
            joinedload(CalendarFeed.profile), joinedload(CalendarFeed.account),
            joinedload(CalendarFeed.user),
        )
    ).one_or_none()  # fmt: skip
    if row is None or not hmac.compare_digest(row.token_hash, digest):
        raise NotFound()
    if row.user.suspended_at is not None:
        raise NotFound()
    actor = access.person(row.user)
    if not actor.may(Permission.POST_READ, row.profile_id):
        raise NotFound()
    return Opened(row, actor.within(row.profile_id))


def note_read(feed: CalendarFeed) -> None:
    """When it was last read, to five minutes. Ends the session's transaction."""
    at, last, feed_id = now(), feed.last_read_at, feed.id
    db.session.rollback()
    if last is None or at - last > NOTED_EVERY:
        with _own_transaction() as session:
            session.execute(
                update(CalendarFeed).where(CalendarFeed.id == feed_id).values(last_read_at=at)
            )


def manages(actor: Actor, profile_id: UUID) -> bool:
    """Whether the actor sees and revokes everybody's feeds here."""
    return actor.may(Permission.PROFILE_WRITE, profile_id)


def _mine(actor: Actor, profile_id: UUID) -> Select[CalendarFeed]:
    rows = reach(actor).query(CalendarFeed).where(CalendarFeed.profile_id == profile_id)
    if not manages(actor, profile_id):
        rows = rows.where(CalendarFeed.user_id == actor.user_id)
    return rows


def _account(actor: Actor, profile_id: UUID, account_id: UUID) -> None:
    found = db.session.scalar(
        reach(actor)
        .query(SocialAccount)
        .with_only_columns(SocialAccount.id)
        .where(SocialAccount.id == account_id, SocialAccount.profile_id == profile_id)
    )
    if found is None:
        raise ValidationFailed("Choose one of this brand’s accounts.", field="what")


@contextmanager
def _own_transaction() -> Iterator[Session]:
    mark = write_mode.set(True)
    try:
        with Session(db.engine) as session, session.begin():
            yield session
    finally:
        write_mode.reset(mark)
