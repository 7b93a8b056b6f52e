"""The library as a page shows it: narrowed, newest first, a screenful at a time (DESIGN §6.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from app.errors import NotFound
from app.extensions import db
from app.models.media import Media, MediaTag
from app.permissions import Actor
from app.services import media, media_lists, media_tags, media_uses
from app.services.access import reach

KINDS = ("image", "video")
STAMP = "%Y%m%dT%H%M%S%f"


@dataclass(frozen=True)
class Wanted:
    """What is looked for. ``bare``: without an alt text; ``unused``: in nothing at all."""

    text: str = ""
    kind: str = ""
    tag: str = ""
    unused: bool = False
    bare: bool = False

    def __bool__(self) -> bool:
        """Whether anything is left out."""
        return self != Wanted()


@dataclass(frozen=True)
class Shown:
    """A file as a card shows it."""

    media: Media
    used: bool


@dataclass(frozen=True)
class Found:
    """Some files; ``after`` asks for those behind them, empty where there are none."""

    rows: tuple[Shown, ...]
    after: str


def page(
    actor: Actor, profile_id: UUID, wanted: Wanted, *, after: str = "", limit: int = 40
) -> Found:
    """The brand's files that are wanted, newest first, from behind ``after`` on."""
    asked = _asked(actor, profile_id, wanted)
    place = _place(after)
    if place is not None:
        at, last = place
        asked = asked.where(
            or_(Media.created_at < at, and_(Media.created_at == at, Media.id < last))
        )
    newest = asked.order_by(Media.created_at.desc(), Media.id.desc()).limit(limit + 1)
    rows = db.session.execute(newest.add_columns(media_uses.used().label("used"))).all()
    found = tuple(Shown(row[0], bool(row.used)) for row in rows[:limit])
    return Found(found, _after(found[-1].media) if len(rows) > limit else "")


def one(actor: Actor, profile_id: UUID, media_id: UUID) -> Media:
    """A file of that brand's library; ``NotFound`` for any other and for a deleted one."""
    found = media_lists.one(actor, media_id)
    if found.profile_id != profile_id:
        raise NotFound()
    return found


def card(row: Media) -> Shown:
    """One file as its card shows it."""
    used = db.session.scalar(select(media_uses.used()).where(Media.id == row.id))
    return Shown(row, bool(used))


def describe(actor: Actor, media_id: UUID, alt: str, tags: str) -> Media:
    """Set a file's alt text, which posts made from now on begin with, and its tags.

    Raises ``ValidationFailed`` with ``field`` ``alt`` or ``tags``; nothing is changed then.
    """
    wanted = media_tags.read(tags)
    text = media.alt_text(alt)
    row = media.held(actor, media_id)
    row.alt = text
    media_tags.put(row, wanted)
    db.session.commit()
    return row


def _asked(actor: Actor, profile_id: UUID, wanted: Wanted) -> Select[Media]:
    found = (
        reach(actor).query(Media).where(Media.profile_id == profile_id, Media.deleted_at.is_(None))
    )
    if wanted.kind in KINDS:
        found = found.where(Media.mime.startswith(f"{wanted.kind}/"))
    if wanted.tag:
        found = found.where(_tagged(MediaTag.tag == wanted.tag.lower()))
    if wanted.bare:
        found = found.where(Media.alt == "")
    if wanted.unused:
        found = found.where(~media_uses.used())
    for word in wanted.text.split():
        found = found.where(
            or_(
                Media.name.icontains(word, autoescape=True),
                Media.alt.icontains(word, autoescape=True),
                _tagged(MediaTag.tag.icontains(word.lower(), autoescape=True)),
            )
        )
    return found


def _tagged(alike: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(MediaTag.media_id == Media.id, alike)


def _after(row: Media) -> str:
    return f"{row.created_at.astimezone(UTC):{STAMP}}-{row.id.hex}"


def _place(after: str) -> tuple[datetime, UUID] | None:
    """The place that ``_after`` names; ``None`` for anything else."""
    at, _, last = after.partition("-")
    try:
        return datetime.strptime(at, STAMP).replace(tzinfo=UTC), UUID(hex=last)
    except ValueError:
        return None
