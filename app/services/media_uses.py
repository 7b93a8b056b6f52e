"""What keeps a picture beside posts: templates and recurring schedules."""

from __future__ import annotations

from sqlalchemy import select

from app.errors import Conflict
from app.extensions import db
from app.models.content_templates import ContentTemplate, TemplateMedia
from app.models.media import Media
from app.models.recurring import RecurringMedia, RecurringSchedule
from app.permissions import Actor
from app.services.access import reach

NAMED = 3  # told by name


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
