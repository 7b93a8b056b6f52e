"""Log-ins that live in the database, so that they can be seen and ended (reliability §13)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from app import events
from app.clock import now
from app.config import settings
from app.errors import NotFound, Unauthorized
from app.extensions import db
from app.ids import digest, token
from app.models.people import UserSession
from app.permissions import Actor

SEEN_EVERY = timedelta(minutes=1)


def begin(user_id: UUID, *, address: str = "", agent: str = "") -> str:
    """Open a session in the caller's transaction; returns its token, which is stored nowhere.

    The person's sessions that nobody can use any more are swept on the way.
    """
    at = now()
    db.session.execute(
        delete(UserSession).where(
            UserSession.user_id == user_id,
            or_(UserSession.created_at <= at - _longest(), UserSession.seen_at <= at - _idle()),
        )
    )
    made = token()
    db.session.add(
        UserSession(
            token_hash=digest(made), user_id=user_id, created_at=at, seen_at=at, password_at=at,
            address=address[:64], agent=agent[:255],
        )
    )  # fmt: skip
    return made


def find(given: str) -> UserSession | None:
    """The living session of a token, its user loaded; ``None`` for any other token."""
    found = db.session.scalars(
        select(UserSession).where(UserSession.token_hash == digest(given))
    ).one_or_none()
    if found is None or found.ended_at or found.user.suspended_at:
        return None
    at = now()
    if found.created_at <= at - _longest() or found.seen_at <= at - _idle():
        return None
    return found


def seen(session_id: UUID) -> None:
    """Note that the session is in use. Commits."""
    db.session.execute(
        update(UserSession).where(UserSession.id == session_id).values(seen_at=now())
    )
    db.session.commit()


def renew(actor: Actor) -> str:
    """A new token for the actor's session, whose password was just given; no commit."""
    made = token()
    db.session.execute(
        update(UserSession)
        .where(UserSession.id == actor.session_id, UserSession.ended_at.is_(None))
        .values(token_hash=digest(made), password_at=now())
    )
    return made


def fresh(session_id: UUID) -> bool:
    """Whether its person gave the password lately (reliability §13: 15 minutes)."""
    at = db.session.scalar(select(UserSession.password_at).where(UserSession.id == session_id))
    return at is not None and at > now() - timedelta(seconds=settings().FRESH_PASSWORD_SECONDS)


def living(actor: Actor) -> list[UserSession]:
    """The person's sessions that are still good, the one used last first."""
    at = now()
    rows = db.session.scalars(
        select(UserSession)
        .where(
            UserSession.user_id == _person(actor),
            UserSession.ended_at.is_(None),
            UserSession.created_at > at - _longest(),
            UserSession.seen_at > at - _idle(),
        )
        .order_by(UserSession.seen_at.desc(), UserSession.id.desc())
    )
    return list(rows)


def end(actor: Actor, session_id: UUID) -> None:
    """End one of the person's own sessions; ``NotFound`` for anybody else's."""
    ended = db.session.execute(
        update(UserSession)
        .where(
            UserSession.id == session_id,
            UserSession.user_id == _person(actor),
            UserSession.ended_at.is_(None),
        )
        .values(ended_at=now())
        .returning(UserSession.id)
    ).one_or_none()
    if ended is None:
        db.session.rollback()
        raise NotFound("That session has ended already.")
    own = session_id == actor.session_id
    events.audit(
        db.session(), actor, "sign_out" if own else "session.ended",
        subject="session", subject_id=session_id,
    )  # fmt: skip
    db.session.commit()


def end_others(actor: Actor) -> int:
    """End every session of the person but this one; how many there were."""
    count = close_others(actor)
    events.audit(db.session(), actor, "session.others_ended", count=count)
    db.session.commit()
    return count


def close_others(actor: Actor) -> int:
    """The same inside the caller's transaction, without a line in the record."""
    ended = db.session.scalars(
        update(UserSession)
        .where(
            UserSession.user_id == _person(actor),
            UserSession.id != actor.session_id,
            UserSession.ended_at.is_(None),
        )
        .values(ended_at=now())
        .returning(UserSession.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())


def _person(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise Unauthorized("Please sign in.")
    return actor.user_id


def _longest() -> timedelta:
    return timedelta(days=settings().SESSION_MAX_DAYS)


def _idle() -> timedelta:
    return timedelta(days=settings().SESSION_IDLE_DAYS)
