"""What a file of the library is part of: posts, templates and recurring schedules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, literal, or_, select, union_all

from app.errors import Conflict
from app.extensions import db
from app.models.attempts import Attempt, AttemptState
from app.models.content_templates import ContentTemplate, TemplateMedia
from app.models.media import Media
from app.models.posts import Post, PostMedia, PostStatus, PostTarget, TargetState
from app.models.recurring import RecurringMedia, RecurringSchedule
from app.permissions import Actor
from app.services.access import reach

NAMED = 3  # told by name
SENT = 5  # of those that went out, the last
WAITING = 200
SETTLED = (PostStatus.PUBLISHED, PostStatus.DISCARDED)
OUT = (TargetState.PUBLISHED, TargetState.NEEDS_REVIEW)
SAID = (AttemptState.OK, AttemptState.UNKNOWN)


@dataclass(frozen=True)
class Use:
    """A post that shows the file. ``sending``: it is going out this moment; ``out``: a part or
    an account of it may have gone out, with the file as it is."""

    id: UUID
    text: str
    status: PostStatus
    due_at: datetime | None
    armed: bool
    sending: bool = False
    out: bool = False


@dataclass(frozen=True)
class Kept:
    """A template, or a recurring schedule, that has the file. ``kind`` is one of these words."""

    kind: str
    id: UUID
    name: str


@dataclass(frozen=True)
class Uses:
    """All of it. ``waiting`` may still go out, the next first; ``sent`` are the last that did,
    ``more`` says that there were others before."""

    waiting: tuple[Use, ...] = ()
    sent: tuple[Use, ...] = ()
    more: bool = False
    kept: tuple[Kept, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.waiting or self.sent or self.kept)

    @property
    def changing(self) -> tuple[Use, ...]:
        """The posts that get a new file put in its place: nothing of them has gone out."""
        return tuple(one for one in self.waiting if not one.out)


def used() -> ColumnElement[bool]:
    """Whether the file of a ``Media`` row is part of anything that was not deleted."""
    shown = (
        select(PostMedia.id)
        .join(Post, Post.id == PostMedia.post_id)
        .where(PostMedia.media_id == Media.id, Post.discarded_at.is_(None))
    )
    return or_(
        exists(shown),
        exists().where(TemplateMedia.media_id == Media.id),
        exists().where(RecurringMedia.media_id == Media.id),
    )


def of(actor: Actor, media_id: UUID) -> Uses:
    """Where a file that is within reach is used."""
    rows = db.session.execute(
        waiting(actor, media_id)
        .with_only_columns(
            Post.id, Post.parts, Post.status, Post.due_at, Post.armed, Post.edits_id,
            sending().label("sending"), out().label("out"),
        )
        .order_by(Post.due_at.nulls_last(), Post.id)
        .limit(WAITING)
    ).all()  # fmt: skip
    ids = {row.id for row in rows}
    # A working copy stands for the post it edits, which is told already.
    told = [row for row in rows if row.edits_id not in ids]
    went = db.session.execute(
        _showing(actor, media_id)
        .where(Post.status == PostStatus.PUBLISHED)
        .with_only_columns(Post.id, Post.parts, Post.status, Post.due_at, Post.armed)
        .order_by(Post.due_at.desc(), Post.id.desc())
        .limit(SENT + 1)
    ).all()
    return Uses(
        tuple(
            Use(row.id, begins(row.parts), row.status, row.due_at, row.armed, row.sending, row.out)
            for row in told
        ),
        tuple(
            Use(row.id, begins(row.parts), row.status, row.due_at, row.armed, out=True)
            for row in went[:SENT]
        ),
        len(went) > SENT,
        _kept(actor, media_id),
    )


def waiting(actor: Actor, media_id: UUID) -> Select[Post]:
    """The posts that show the file and are not settled for good: a failed one can be sent again."""
    return _showing(actor, media_id).where(Post.status.not_in(SETTLED))


def sending() -> ColumnElement[bool]:
    """Whether some account of a ``Post`` row is being posted to at this moment."""
    return exists().where(
        PostTarget.post_id == Post.id, PostTarget.state == TargetState.POSTING
    )  # fmt: skip


def out() -> ColumnElement[bool]:
    """Whether anything of a ``Post`` row has gone out, or may have."""
    said = (
        select(Attempt.id)
        .join(PostTarget, PostTarget.id == Attempt.target_id)
        .where(PostTarget.post_id == Post.id, Attempt.state.in_(SAID))
    )
    gone = exists().where(PostTarget.post_id == Post.id, PostTarget.state.in_(OUT))
    return or_(gone, exists(said))


def begins(parts: Sequence[str]) -> str:
    """A post's first words."""
    words = " ".join((parts or [""])[0].split())
    return words if len(words) <= 40 else words[:39].rstrip() + "…"


def called(parts: Sequence[str], due_at: datetime | None, zone: tzinfo) -> str:
    """A post's first words and its day, as a person would name it."""
    short = begins(parts)
    name = f"“{short}”" if short else "a post without text"
    if due_at is None:
        return name
    day = due_at.astimezone(zone)
    return f"{name} on {day.day} {day:%B}"


def _showing(actor: Actor, media_id: UUID) -> Select[Post]:
    shown = select(PostMedia.post_id).where(PostMedia.media_id == media_id)
    return reach(actor).query(Post).where(Post.id.in_(shown), Post.discarded_at.is_(None))


def _kept(actor: Actor, media_id: UUID) -> tuple[Kept, ...]:
    parts = [
        reach(actor)
        .query(model)
        .where(model.id.in_(select(column).where(owner == media_id)))
        .with_only_columns(literal(kind).label("kind"), model.id, model.name)
        for kind, model, column, owner in (
            ("template", ContentTemplate, TemplateMedia.template_id, TemplateMedia.media_id),
            ("schedule", RecurringSchedule, RecurringMedia.schedule_id, RecurringMedia.media_id),
        )
    ]
    rows = db.session.execute(union_all(*parts)).all()
    found = [Kept(row.kind, row.id, row.name) for row in rows]
    return tuple(sorted(found, key=lambda one: (one.kind != "template", one.name.lower())))


def refuse_kept(actor: Actor, media: Media) -> None:
    """Raise ``Conflict`` naming the templates and schedules that the picture is part of."""
    rows, series = _templates(actor, media), _schedules(actor, media)
    found = [f"the template “{row.name}”" for row in rows]
    found += [f"the recurring schedule “{row.name}”" for row in series]
    if not found:
        return
    listed = ", ".join(found[:NAMED])
    more = len(found) - NAMED
    if more > 0:
        listed += f" and {more} more"
    raise Conflict(
        f"This picture is part of {listed}. Take it off there first.", field="media",
        facts={
            "templates": [str(row.id) for row in rows],
            "recurringSchedules": [str(row.id) for row in series],
        },
    )  # fmt: skip


def _templates(actor: Actor, media: Media) -> list[ContentTemplate]:
    used = select(TemplateMedia.template_id).where(TemplateMedia.media_id == media.id)
    mine = reach(actor).query(ContentTemplate).where(ContentTemplate.id.in_(used))
    return list(db.session.scalars(mine.order_by(ContentTemplate.id)))


def _schedules(actor: Actor, media: Media) -> list[RecurringSchedule]:
    used = select(RecurringMedia.schedule_id).where(RecurringMedia.media_id == media.id)
    mine = reach(actor).query(RecurringSchedule).where(RecurringSchedule.id.in_(used))
    return list(db.session.scalars(mine.order_by(RecurringSchedule.id)))
