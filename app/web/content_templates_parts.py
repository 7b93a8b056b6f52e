"""What the page of templates and its form are drawn from."""

from __future__ import annotations

from typing import Any

from flask import request
from wtforms.fields import SelectChoice

from app.errors import AppError
from app.models.content_templates import ContentTemplate
from app.models.media import Media
from app.services import cards, catalogue, content_templates, gaps, media, media_lists
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.forms.content_templates import TemplateForm

SIZE = 12
FIRST = 220  # characters of the text on a card
NEWEST = 12  # pictures of the library to choose from
MOST_FILES = 10


def shown() -> dict[str, Any]:
    """What the list is drawn from: the filters are in the address."""
    actor, profile = current_actor(), current_profile()
    at = max(1, min(request.args.get("page", 1, type=int), 1_000))
    asked = {
        "q": " ".join(request.args.get("q", "").split())[:120],
        "category": " ".join(request.args.get("category", "").split())[:60],
        "favourites": "1" if request.args.get("favourites") else "",
    }
    rows, count = content_templates.listed(
        actor, profile.id, category=asked["category"], favorites=bool(asked["favourites"]),
        text=asked["q"], limit=SIZE, offset=(at - 1) * SIZE,
    )  # fmt: skip
    return {
        **around(), "rows": rows, "count": count, "at": at, "size": SIZE,
        "asked": {name: one for name, one in asked.items() if one},
        "categories": content_templates.categories(actor, profile.id),
    }  # fmt: skip


def around() -> dict[str, Any]:
    """What a card and the forms are drawn from besides themselves."""
    return {
        "profile": current_profile(), "title_of": cards.network_title, "first": FIRST,
        "inside": htmx.wants_part(),  # a dialog closes where a page leads back
        "beginning": content_templates.beginning, "variables": gaps.names,
    }  # fmt: skip


def form(row: ContentTemplate | None = None, **given: Any) -> TemplateForm:
    """The form as it was typed, or empty; ``row`` is what it changes."""
    found = TemplateForm(**given)
    if found.is_submitted():
        _take_files(found)
    return _chosen_from(found, row)


def filled(row: ContentTemplate) -> TemplateForm:
    """The form as the template is."""
    return _chosen_from(TemplateForm.of(row), row)


def _take_files(form: TemplateForm) -> None:
    """Put pictures sent along into the library, and tick them; what else is wrong, they stay."""
    files = [one for one in form.file.data or () if one.filename]
    if len(files) > MOST_FILES:
        form.file.process_errors.append(f"Add at most {MOST_FILES} at a time.")
        return
    for one in files:
        try:
            made = media.upload(
                current_actor(), current_profile().id, one.stream, one.filename or "",
                one.mimetype or None,
            )  # fmt: skip
        except AppError as error:
            words = f"{media.shown(one.filename or '')}: {error.message}"
            form.file.process_errors.append(words)
        else:
            form.media.data = [*(form.media.data or ()), str(made.id)]


def _chosen_from(found: TemplateForm, row: ContentTemplate | None) -> TemplateForm:
    """Every network one can publish to, and the template's own pictures before the newest."""
    kept = list(row.platforms) if row else []
    found.platforms.choices = [
        SelectChoice(one.name, one.title)
        for one in catalogue.entries()
        if one.caps is not None or one.name in kept
    ]
    mine: list[Media] = [one.media for one in row.media] if row else []
    newest, _ = media_lists.page(current_actor(), current_profile().id, limit=NEWEST, offset=0)
    have = {one.id for one in mine}
    found.media.choices = [
        SelectChoice(str(one.id), one.alt or one.name)
        for one in (*mine, *(one for one in newest if one.id not in have))
    ]
    return found
