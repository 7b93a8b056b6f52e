"""Texts kept for use again, with ``{{variables}}`` to fill (the Amplify seed, "Content Templates").

What a variable is, ``gaps`` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import selectinload

from app import events
from app.clock import now
from app.errors import AppError, NotFound, ValidationFailed
from app.extensions import db
from app.models.base import table
from app.models.content_templates import ContentTemplate, TemplateMedia
from app.permissions import Actor, Permission
from app.services import gaps
from app.services.access import reach
from app.services.reused import Files, line, networks_named, text_of, usable

MAX_NAME, MAX_DESCRIPTION, MAX_CATEGORY = 120, 1_000, 60
MOST = 1_000  # a profile


@dataclass(frozen=True)
class Changes:
    """What a save brings; ``None`` leaves a thing as it is. ``media`` are of the library, with
    their alt texts (``None``: the library's own); ``used`` counts one more use."""

    name: str | None = None
    description: str | None = None
    content: str | None = None
    platforms: Sequence[str] | None = None
    category: str | None = None
    is_favorite: bool | None = None
    media: Files | None = None
    used: bool = False


@dataclass(frozen=True)
class Filled:
    """A template with its variables replaced: what a post begins with."""

    id: UUID
    text: str
    platforms: tuple[str, ...]
    media: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True)
class Piece:
    """A run of a template's text; ``gap``: a variable, in its braces."""

    text: str
    gap: bool = False


def get(actor: Actor, template_id: UUID) -> ContentTemplate:
    """One template with its pictures; ``NotFound`` for none in reach."""
    found = db.session.scalars(
        reach(actor)
        .query(ContentTemplate)
        .where(ContentTemplate.id == template_id)
        .options(selectinload(ContentTemplate.media))
    ).one_or_none()
    if found is None:
        raise NotFound("We could not find that template.")
    return found


def listed(
    actor: Actor,
    profile_id: UUID | None = None,
    *,
    category: str = "",
    favorites: bool = False,
    text: str = "",
    limit: int = 100,
    offset: int = 0,
) -> tuple[list[ContentTemplate], int]:
    """The templates in reach, newest first, and how many there are.

    ``category`` is compared in any case; ``text`` is looked for in the names.
    """
    asked = reach(actor).query(ContentTemplate)
    if profile_id is not None:
        asked = asked.where(ContentTemplate.profile_id == profile_id)
    if category:
        asked = asked.where(
            func.lower(ContentTemplate.category) == " ".join(category.split()).lower()
        )
    if favorites:
        asked = asked.where(ContentTemplate.is_favorite)
    if text.strip():
        wanted = " ".join(text.split())
        asked = asked.where(ContentTemplate.name.icontains(wanted, autoescape=True))
    total = db.session.scalar(select(func.count()).select_from(asked.subquery())) or 0
    rows = db.session.scalars(
        asked.options(selectinload(ContentTemplate.media))
        .order_by(ContentTemplate.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return list(rows), total


def categories(actor: Actor, profile_id: UUID) -> list[str]:
    """The categories of a profile's templates, each once in whatever case, by the alphabet."""
    plain = func.lower(ContentTemplate.category)
    mine = reach(actor).query(ContentTemplate).where(
        ContentTemplate.profile_id == profile_id, ContentTemplate.category != ""
    )  # fmt: skip
    found = mine.with_only_columns(func.min(ContentTemplate.category)).group_by(plain)
    return list(db.session.scalars(found.order_by(plain)))


def create(actor: Actor, profile_id: UUID, changes: Changes) -> ContentTemplate:
    """A new template; its name is needed, and a text or a picture."""
    reach(actor).profile(profile_id, need=Permission.POST_WRITE)
    row = ContentTemplate(
        profile_id=profile_id, author_id=actor.user_id, name="", description="", content="",
        platforms=[], category="", is_favorite=False, usage_count=0,
    )  # fmt: skip
    _refuse_too_many(profile_id)
    _put(actor, row, Changes(**{**changes.__dict__, "name": changes.name or ""}))
    db.session.add(row)
    db.session.flush()
    _note(actor, row, "template.created")
    db.session.commit()
    return row


def change(actor: Actor, template_id: UUID, changes: Changes) -> ContentTemplate:
    """Change what is given; uses are counted exactly, whoever else counts at that moment."""
    row = get(actor, template_id)
    actor.require(Permission.POST_WRITE, row.profile_id)
    try:
        _put(actor, row, changes)
    except AppError:
        db.session.rollback()  # what was put before the refusal must not be kept
        raise
    row.updated_at = now()
    db.session.flush()
    if changes.used:
        count_use(row.id)
    db.session.commit()
    return row


def delete(actor: Actor, template_id: UUID) -> None:
    """Delete a template; its pictures stay in the library, posts made from it stay as they are."""
    row = get(actor, template_id)
    actor.require(Permission.POST_WRITE, row.profile_id)
    _note(actor, row, "template.deleted")
    db.session.delete(row)
    db.session.commit()


def beginning(text: str, most: int) -> list[Piece]:
    """The first ``most`` characters or so, cut at no variable; ``…`` ends what goes on."""
    found: list[Piece] = []
    at = 0
    for one in gaps.GAP.finditer(text):
        if one.start() >= most:
            break
        found += [Piece(text[at : one.start()]), Piece(one[0], gap=True)]
        at = one.end()
    if at < most:
        found.append(Piece(text[at:most]))
    if len(text) > max(at, most):
        found.append(Piece("…"))
    return [one for one in found if one.text]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables replaced.

    Raises ``ValidationFailed`` with one error for each variable without a value, its field
    ``variables.<name>``.
    """
    missing = [
        ValidationFailed(f"Give a value for {{{{{name}}}}}.", field=f"variables.{name}")
        for name in gaps.names(text)
        if name not in values
    ]
    if missing:
        names = ", ".join("{{" + str(one.field).partition(".")[2] + "}}" for one in missing)
        raise ValidationFailed(
            f"This template needs a value for {names}.", field=missing[0].field,
            errors=list(missing),
        )  # fmt: skip
    return gaps.filled(text, values)


def filled(
    actor: Actor, template_id: UUID, values: Mapping[str, str], *, profile_id: UUID | None = None
) -> Filled:
    """A template ready for a post of its profile. Raises as ``get`` and ``fill`` do."""
    try:
        row = get(actor, template_id)
    except NotFound as error:
        raise NotFound("We could not find that template.", field="templateId") from error
    if profile_id is not None and row.profile_id != profile_id:
        raise NotFound("We could not find that template.", field="templateId")
    files = tuple((one.media_id, one.alt) for one in row.media)
    return Filled(row.id, fill(row.content, values), tuple(row.platforms), files)


def count_use(template_id: UUID) -> None:
    """One more use, in the session's transaction: one statement, so a race loses none."""
    mine = table(ContentTemplate)
    db.session.execute(
        update(mine).where(mine.c.id == template_id).values(usage_count=mine.c.usage_count + 1)
    )
    for one in db.session.identity_map.values():
        if isinstance(one, ContentTemplate) and one.id == template_id:
            db.session.expire(one, ["usage_count"])


def _put(actor: Actor, row: ContentTemplate, changes: Changes) -> None:
    if changes.name is not None:
        row.name = line(changes.name, "name", MAX_NAME, needed="A template needs a name.")
    if changes.description is not None:
        row.description = line(changes.description, "description", MAX_DESCRIPTION)
    if changes.category is not None:
        row.category = line(changes.category, "category", MAX_CATEGORY)
    if changes.content is not None:
        row.content = text_of(changes.content)
    if changes.platforms is not None:
        row.platforms = networks_named(changes.platforms)
    if changes.is_favorite is not None:
        row.is_favorite = changes.is_favorite
    if changes.media is not None:
        files = usable(actor, row.profile_id, changes.media)
        row.media = [
            TemplateMedia(media=file, media_id=file.id, position=index, alt=alt)
            for index, (file, alt) in enumerate(files)
        ]
    if not row.content.strip() and not row.media:
        raise ValidationFailed("Write the template's text, or add a picture.", field="content")


def _refuse_too_many(profile_id: UUID) -> None:
    count = select(func.count()).where(ContentTemplate.profile_id == profile_id)
    if (db.session.scalar(count) or 0) >= MOST:
        raise ValidationFailed(f"You have {MOST:,} templates, which is the limit.", field="name")


def _note(actor: Actor, row: ContentTemplate, action: str) -> None:
    events.audit(
        db.session(), actor, action, profile_id=row.profile_id, subject="content_template",
        subject_id=row.id, name=row.name,
    )  # fmt: skip
