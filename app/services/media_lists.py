"""The files of a library, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from app.errors import NotFound
from app.extensions import db
from app.models.media import Media
from app.permissions import Actor
from app.services.access import reach


def page(
    actor: Actor, profile_id: UUID | None, *, kind: str | None = None, limit: int, offset: int
) -> tuple[Sequence[Media], int]:
    """The newest files first, and how many there are in all.

    ``profile_id`` ``None``: of every profile in reach. ``kind``: ``image`` or ``video``.
    """
    wanted = reach(actor).query(Media).where(Media.deleted_at.is_(None))
    if profile_id is not None:
        wanted = wanted.where(Media.profile_id == profile_id)
    if kind is not None:
        wanted = wanted.where(Media.mime.startswith(f"{kind}/"))
    total = db.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    newest = wanted.order_by(Media.created_at.desc(), Media.id.desc())
    return db.session.scalars(newest.limit(limit).offset(offset)).all(), total


def one(actor: Actor, media_id: UUID) -> Media:
    """A file of any profile in reach; ``NotFound`` for others and for deleted ones."""
    found = reach(actor).get(Media, media_id)
    if found.deleted_at is not None:
        raise NotFound()
    return found


def moves(actor: Actor, profile_id: UUID, media_id: UUID) -> bool:
    """Whether that file of the brand is a video; ``NotFound`` where there is none."""
    found = one(actor, media_id)
    if found.profile_id != profile_id:
        raise NotFound()
    return found.mime.startswith("video/")
