"""Audit rows, outbox rows and mails, written inside the action's transaction (§7, §12)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.clock import now
from app.ids import uuid7
from app.models.events import AuditEvent, WebhookEvent
from app.models.people import Mail, User
from app.models.profiles import Membership
from app.permissions import Actor, Role

ENGINE = Actor(user_id=None, name="engine")


def audit(
    session: Session,
    actor: Actor,
    action: str,
    *,
    profile_id: UUID | None = None,
    subject: str = "",
    subject_id: UUID | None = None,
    **detail: Any,
) -> None:
    """One line of the record: who did what, from where; ``detail`` never holds a secret."""
    session.add(
        AuditEvent(
            at=now(), profile_id=profile_id, actor_id=actor.user_id, actor=actor.name[:300],
            action=action, subject=subject, subject_id=subject_id, address=actor.address,
            request_id=actor.request_id, detail=detail,
        )
    )  # fmt: skip


def emit(session: Session, profile_id: UUID, type_: str, data: dict[str, Any]) -> None:
    """An event for the profile's webhooks; ``data`` is plain JSON (reliability §7)."""
    session.add(WebhookEvent(profile_id=profile_id, type=type_, data=data, at=now()))


def tell_owners(
    session: Session, profile_id: UUID, kind: str, data: dict[str, Any], *, once: str
) -> None:
    """A mail to each owner of the profile, once for the same ``once``."""
    owners = session.execute(
        select(User.id, User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.profile_id == profile_id, Membership.role == Role.OWNER)
    ).all()
    _mail(session, [(row.id, row.email) for row in owners], kind, data, once)


def tell_author(
    session: Session, profile_id: UUID, author_id: UUID | None, kind: str, data: dict[str, Any],
    *, once: str,
) -> None:  # fmt: skip
    """A mail to whoever wrote it, while they belong to the profile; else to its owners."""
    row = session.execute(
        select(User.id, User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.profile_id == profile_id, User.id == author_id)
    ).one_or_none()
    if row is None:
        tell_owners(session, profile_id, kind, data, once=once)
    else:
        _mail(session, [(row.id, row.email)], kind, data, once)


def _mail(
    session: Session, people: Iterable[tuple[UUID, str]], kind: str, data: dict[str, Any], once: str
) -> None:
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    at = now()
    for user_id, email in people:
        session.execute(
            make(Mail)
            .values(
                id=uuid7(), to=email, kind=kind, data=data, once=f"{once}:{user_id}",
                created_at=at, next_try_at=at, tries=0,
            )
            .on_conflict_do_nothing(index_elements=["once"])
        )  # fmt: skip
