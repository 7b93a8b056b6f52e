"""Tools about texts kept for use again."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from app.api.auth import current_actor, current_profile_id, named_profile_id
from app.api.contract import Camel
from app.api.mcp.tool import Once, tool
from app.api.v1 import templates as v1
from app.api.v1.posts_schemas import TEXT_LIMIT, Platforms
from app.services import content_templates


class NewTemplate(Once):
    name: str = Field(max_length=1000)
    content: str = Field(max_length=TEXT_LIMIT, description="Variables stand in it as {{name}}.")
    description: str = Field(default="", max_length=10_000)
    platforms: Platforms = []
    category: str = Field(default="", max_length=1000)
    is_favorite: bool = False


class Change(Camel):
    template_id: UUID
    name: str | None = Field(default=None, max_length=1000)
    content: str | None = Field(default=None, max_length=TEXT_LIMIT)
    description: str | None = Field(default=None, max_length=10_000)
    platforms: Platforms | None = None
    category: str | None = Field(default=None, max_length=1000)
    is_favorite: bool | None = None


class Asked(Camel):
    template_id: UUID


def _again(template_id: UUID) -> v1.TemplateOut:
    found = content_templates.get(current_actor(), template_id)
    return v1.TemplateOut(template=v1.told(found))


@tool("List templates", need="post.read", takes=v1.TemplatesQuery)
def list_templates(asked: v1.TemplatesQuery) -> v1.TemplateList:
    """Texts kept for use again, the newest first, with the names of their variables. Name one as
    templateId of create_post."""
    found, total = content_templates.listed(
        current_actor(), named_profile_id(asked.profile_id), category=asked.category or "",
        favorites=asked.favorites, limit=asked.limit, offset=asked.offset,
    )  # fmt: skip
    return v1.TemplateList(templates=[v1.told(one) for one in found], total=total)


@tool(
    "Save a template", need="post.write", takes=NewTemplate, writes=True,
    makes="content_templates", again=_again,
)  # fmt: skip
def create_template(asked: NewTemplate) -> v1.TemplateOut:
    """Keeps a text for use again."""
    profile_id = current_profile_id(asked.profile_id)
    changes = content_templates.Changes(
        name=asked.name, description=asked.description, content=asked.content,
        platforms=asked.platforms, category=asked.category, is_favorite=asked.is_favorite,
    )  # fmt: skip
    row = content_templates.create(current_actor(), profile_id, changes)
    return v1.TemplateOut(template=v1.told(row))


@tool(
    "Change a template", need="post.write", takes=Change, writes=True, destroys=True,
    repeatable=True,
)  # fmt: skip
def update_template(asked: Change) -> v1.TemplateOut:
    """Changes what you give; posts made from it stay as they are."""
    changes = content_templates.Changes(
        name=asked.name, description=asked.description, content=asked.content,
        platforms=asked.platforms, category=asked.category, is_favorite=asked.is_favorite,
    )  # fmt: skip
    row = content_templates.change(current_actor(), asked.template_id, changes)
    return v1.TemplateOut(template=v1.told(row))


@tool("Delete a template", need="post.write", takes=Asked, writes=True, destroys=True)
def delete_template(asked: Asked) -> v1.Done:
    """Deletes a template for good. Its files and the posts made from it stay."""
    content_templates.delete(current_actor(), asked.template_id)
    return v1.Done()
