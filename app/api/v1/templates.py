"""Content templates, in Amplify's words."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint
from pydantic import AliasChoices, ConfigDict, Field

from app.api import doors
from app.api.auth import current_actor, current_profile_id, named_profile_id, requires
from app.api.contract import Camel, Model, need, operation
from app.api.v1 import asking, posts_told
from app.api.v1.posts_schemas import TEXT_LIMIT, AmplifyMedia, MediaItem, Platforms
from app.models.content_templates import ContentTemplate
from app.services import content_templates, gaps

TAG = "Templates"

bp = Blueprint("api_templates", __name__, url_prefix="/api/v1")
doors.build(bp)


class TemplatesQuery(Camel):
    """Filters of the list; ``favorites`` true leaves the others out."""

    profile_id: str | None = None
    category: str | None = Field(default=None, max_length=200)
    favorites: bool = False
    limit: int = Field(default=100, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=10_000_000)


class NewTemplate(Camel):
    """Body of ``POST /api/v1/templates``. Variables stand in the text as ``{{name}}``."""

    profile_id: str | None = None
    name: str = Field(default="", max_length=1000)
    description: str = Field(default="", max_length=10_000)
    content: str = Field(default="", max_length=TEXT_LIMIT)
    platforms: Platforms = []
    category: str = Field(default="", max_length=1000)
    is_favorite: bool = Field(
        default=False, validation_alias=AliasChoices("is_favorite", "isFavorite")
    )
    media: list[AmplifyMedia] = Field(default=[], max_length=40)

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Weekly Update",
                    "description": "Weekly team update template",
                    "content": "📊 This week's highlights:\n\n✅ {{achievement}}",
                    "platforms": ["twitter", "linkedin"],
                    "category": "internal",
                }
            ]
        }
    )


class TemplateChange(Model):
    """Body of ``PATCH``: any of these. ``increment_usage`` true counts one more use."""

    name: str | None = Field(default=None, max_length=1000)
    description: str | None = Field(default=None, max_length=10_000)
    content: str | None = Field(default=None, max_length=TEXT_LIMIT)
    platforms: Platforms | None = None
    category: str | None = Field(default=None, max_length=1000)
    is_favorite: bool | None = Field(
        default=None, validation_alias=AliasChoices("is_favorite", "isFavorite")
    )
    increment_usage: bool = Field(
        default=False, validation_alias=AliasChoices("increment_usage", "incrementUsage")
    )
    media: list[AmplifyMedia] | None = Field(default=None, max_length=40)


class TemplateItem(Model):
    """One template. ``variables`` are the names that its text asks for."""

    id: UUID
    profile_id: UUID
    name: str
    description: str
    content: str
    variables: list[str]
    platforms: list[str]
    category: str
    is_favorite: bool
    usage_count: int
    media: list[MediaItem]
    created_at: str | None
    updated_at: str | None


class TemplateList(Model):
    templates: list[TemplateItem]
    total: int


class TemplateOut(Model):
    template: TemplateItem


class TemplateSaved(Model):
    success: bool = True
    template: TemplateItem


class Done(Model):
    success: bool = True


def again(template_id: UUID) -> Any:
    """What a request that died had made, as it is now."""
    return TemplateSaved(template=told(content_templates.get(current_actor(), template_id)))


@bp.get("/templates")
@requires("post.read")
@operation("List templates", tag=TAG, query=TemplatesQuery, answers={200: TemplateList})
def index(query: TemplatesQuery) -> Any:
    """The newest first. Without ``profileId`` an account key lists every profile it reaches."""
    found, total = content_templates.listed(
        current_actor(), named_profile_id(query.profile_id), category=query.category or "",
        favorites=query.favorites, limit=query.limit, offset=query.offset,
    )  # fmt: skip
    return TemplateList(templates=[told(one) for one in found], total=total)


@bp.post("/templates")
@requires("post.write")
@operation(
    "Save a template", tag=TAG, body=NewTemplate, answers={200: TemplateSaved}, refuses=(404,),
    again=again,
)  # fmt: skip
def create(body: NewTemplate) -> Any:
    """Files are named by ``id`` or ``file_path``, or fetched from ``public_url``."""
    actor, profile_id = current_actor(), current_profile_id(body.profile_id)
    need(body.name.strip(), "name")
    changes = content_templates.Changes(
        name=body.name, description=body.description, content=body.content,
        platforms=body.platforms, category=body.category, is_favorite=body.is_favorite,
        media=asking.files(actor, profile_id, body.media),
    )  # fmt: skip
    return TemplateSaved(template=told(content_templates.create(actor, profile_id, changes)))


@bp.get("/templates/<uuid:template_id>")
@requires("post.read")
@operation("Get a template", tag=TAG, answers={200: TemplateOut})
def show(template_id: UUID) -> Any:
    """The template with its files and the names of its variables."""
    return TemplateOut(template=told(content_templates.get(current_actor(), template_id)))


@bp.patch("/templates/<uuid:template_id>")
@requires("post.write")
@operation("Change a template", tag=TAG, body=TemplateChange, answers={200: TemplateSaved})
def change(template_id: UUID, body: TemplateChange) -> Any:
    """What is not named stays as it is."""
    actor = current_actor()
    media = None
    if body.media is not None:
        profile_id = content_templates.get(actor, template_id).profile_id
        media = asking.files(actor, profile_id, body.media)
    changes = content_templates.Changes(
        name=body.name, description=body.description, content=body.content,
        platforms=body.platforms, category=body.category, is_favorite=body.is_favorite,
        media=media, used=body.increment_usage,
    )  # fmt: skip
    return TemplateSaved(template=told(content_templates.change(actor, template_id, changes)))


@bp.delete("/templates/<uuid:template_id>")
@requires("post.write")
@operation("Delete a template", tag=TAG, answers={200: Done})
def delete(template_id: UUID) -> Any:
    """Its files stay in the library."""
    content_templates.delete(current_actor(), template_id)
    return Done()


def told(row: ContentTemplate) -> TemplateItem:
    return TemplateItem(
        id=row.id, profile_id=row.profile_id, name=row.name, description=row.description,
        content=row.content, variables=gaps.names(row.content),
        platforms=row.platforms, category=row.category, is_favorite=row.is_favorite,
        usage_count=row.usage_count, created_at=posts_told.stamp(row.created_at),
        updated_at=posts_told.stamp(row.updated_at),
        media=[posts_told.media_item(one, index) for index, one in enumerate(row.media)],
    )  # fmt: skip
