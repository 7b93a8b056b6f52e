"""Tags: the words by which files of a library are found again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select

from app.errors import ValidationFailed
from app.extensions import db
from app.models.base import table
from app.models.media import Media, MediaTag
from app.permissions import Actor
from app.services.access import reach

MAX_TAG = 40  # characters
MOST = 20  # a file
LISTED = 200  # of a brand, to choose from


def read(text: str) -> list[str]:
    """The tags of a line, between its commas: in small letters, each once.

    Raises ``ValidationFailed`` with ``field="tags"`` for too many, or too long a one.
    """
    found = [" ".join(one.split()).lstrip("#").strip().lower() for one in text.split(",")]
    tags = [one for one in dict.fromkeys(found) if one]
    if any("\x00" in one or any("\ud800" <= char <= "\udfff" for char in one) for one in tags):
        raise ValidationFailed("A tag holds a character that cannot be stored.", field="tags")
    long = next((one for one in tags if len(one) > MAX_TAG), None)
    if long is not None:
        raise ValidationFailed(
            f"Keep a tag under {MAX_TAG} characters: “{long[:20]}…” is longer.", field="tags"
        )
    if len(tags) > MOST:
        raise ValidationFailed(f"A file has at most {MOST} tags.", field="tags")
    return tags


def listed(actor: Actor, profile_id: UUID) -> list[str]:
    """The tags of a brand's files, each once, the most used first; at most ``LISTED``."""
    mine = (
        reach(actor)
        .query(MediaTag)
        .join(Media, Media.id == MediaTag.media_id)
        .where(MediaTag.profile_id == profile_id, Media.deleted_at.is_(None))
        .with_only_columns(MediaTag.tag)
        .group_by(MediaTag.tag)
        .order_by(func.count().desc(), MediaTag.tag)
        .limit(LISTED)
    )
    return list(db.session.scalars(mine))


def of(media_id: UUID) -> list[str]:
    """The tags of a file that is within reach, by the alphabet."""
    return list(
        db.session.scalars(
            select(MediaTag.tag).where(MediaTag.media_id == media_id).order_by(MediaTag.tag)
        )
    )


def put(media: Media, tags: Sequence[str]) -> None:
    """Let a file that is held for a change have just these; the caller commits."""
    mine = table(MediaTag)
    db.session.execute(delete(mine).where(mine.c.media_id == media.id))
    db.session.add_all(
        MediaTag(profile_id=media.profile_id, media_id=media.id, tag=tag) for tag in tags
    )
