"""What the composer's pickers are drawn from: files of the library, templates, and keeping one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import request, url_for

from app.errors import NotFound, ValidationFailed
from app.models.posts import Post
from app.services import content_templates, drafts, gaps, media_library
from app.web import composer_storing, content_templates_parts, media_parts
from app.web.actor import current_actor, current_profile

PICKERS = ("library", "templates", "keep")  # orders of the composer, and the pages' names
FILES = 24
TEMPLATES = 30
MOST = 40  # files taken at once
HEAD = 60  # characters of a name that is proposed


def shown(picker: str, post: Post, **more: Any) -> dict[str, Any]:
    """What one of the pickers shows for a draft."""
    profile = current_profile()
    here = url_for("drafts.show", profile=profile.slug, draft_id=post.id)
    around = {
        "post": post, "profile": profile, "composer": here, "here": f"{here}/{picker}",
        "problem": "",
    }  # fmt: skip
    build = {"library": _library, "templates": _templates, "keep": _keep}[picker]
    return {**around, **build(post), **more}


def ours(draft_id: UUID) -> Post:
    """The draft, where it is one of this brand's; else ``NotFound``."""
    post = composer_storing.ours(draft_id)
    if post.armed:
        raise NotFound("We could not find that draft.")
    return post


def chosen() -> list[UUID]:
    """The files that were chosen, in their order, each once."""
    given = [one for text in request.form.getlist("media") for one in text.split(",") if one]
    try:
        return list(dict.fromkeys(UUID(one) for one in given[:MOST]))
    except ValueError as error:
        raise ValidationFailed("That file is not known. Choose it again.", field="media") from error


def attach(post: Post, files: Sequence[UUID], part: int) -> dict[str, str]:
    """Put files under a part, one after the other; what stood in the way, by field."""
    post_id = post.id
    for one in files:
        try:
            drafts.attach(current_actor(), post_id, one, part=part)
        except ValidationFailed as error:
            return {"file": error.message}
    return {}


def _library(post: Post) -> dict[str, Any]:
    want = media_parts.wanted()
    after = request.args.get("after", "")[:80]
    found = media_library.page(
        current_actor(), current_profile().id, want, after=after, limit=FILES
    )
    asked = {name: one for name, one in media_parts.asked(want).items() if name in ("q", "kind")}
    return {"found": found, "asked": asked, "after": after, "shape": media_parts.shape}


def _templates(post: Post) -> dict[str, Any]:
    text = " ".join(request.args.get("q", "").split())[:120]
    category = " ".join(request.args.get("category", "").split())[:60]
    rows, count = content_templates.listed(
        current_actor(), current_profile().id, text=text, category=category, limit=TEMPLATES
    )
    return {
        "rows": rows, "count": count, "asked": {"q": text, "category": category},
        "categories": content_templates.categories(current_actor(), current_profile().id),
        "beginning": content_templates.beginning, "first": content_templates_parts.FIRST,
        "gaps_of": gaps.names, "written": bool((post.parts or [""])[0].strip()),
    }  # fmt: skip


def _keep(post: Post) -> dict[str, Any]:
    words = " ".join((post.parts or [""])[0].split())
    return {
        "name": words[:HEAD].rsplit(" ", 1)[0] if len(words) > HEAD else words, "category": "",
        "wrong": {}, "kept": None,
        "categories": content_templates.categories(current_actor(), current_profile().id),
    }  # fmt: skip
