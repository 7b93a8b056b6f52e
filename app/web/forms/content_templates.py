"""A template: its text and what it is kept with. What each must be is the service's to say."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask_wtf.file import MultipleFileField
from wtforms import BooleanField, SelectMultipleField, TextAreaField

from app.errors import AppError
from app.models.content_templates import ContentTemplate
from app.services.content_templates import MAX_CATEGORY, MAX_DESCRIPTION, MAX_NAME, Changes
from app.web.forms.base import Form, TrimmedField

GAP = "variables."  # before the name of a gap, as in the fields a service names


class TemplateForm(Form):
    """A template. The view sets ``platforms.choices``, and ``media.choices`` (ids) of the library;
    pictures are put in the order of the choices."""

    name = TrimmedField("Name", render_kw={"autocomplete": "off", "maxlength": MAX_NAME})
    category = TrimmedField(
        "Category", render_kw={"autocomplete": "off", "maxlength": MAX_CATEGORY}
    )
    description = TrimmedField(
        "What it is for", render_kw={"autocomplete": "off", "maxlength": MAX_DESCRIPTION}
    )
    content = TextAreaField("Text", render_kw={"rows": 8})
    platforms = SelectMultipleField("Networks")
    media = SelectMultipleField("Pictures")
    file = MultipleFileField(
        "Add pictures or a video",
        render_kw={"accept": "image/jpeg,image/png,image/webp,image/gif,video/mp4,video/quicktime"},
    )
    favorite = BooleanField("A favourite")

    @classmethod
    def of(cls, row: ContentTemplate) -> TemplateForm:
        """The form as the template is."""
        return cls(
            formdata=None, name=row.name, category=row.category, description=row.description,
            content=row.content, platforms=list(row.platforms), favorite=row.is_favorite,
            media=[str(one.media_id) for one in row.media],
        )  # fmt: skip

    def changes(self, kept: ContentTemplate | None = None) -> Changes:
        """What was sent. Pictures that were there keep their own alt texts."""
        alts = {one.media_id: one.alt for one in kept.media} if kept else {}
        chosen = [UUID(value) for value, _, ticked, _ in self.media.iter_choices() if ticked]
        return Changes(
            name=self.name.data or "", category=self.category.data or "",
            description=self.description.data or "", content=self.content.data or "",
            platforms=list(self.platforms.data or ()), is_favorite=bool(self.favorite.data),
            media=[(one, alts.get(one)) for one in chosen],
        )  # fmt: skip

    def take(self, error: AppError) -> bool:
        """As every form does; what is wrong with one network is told under all."""
        name = (error.field or "").partition(".")[0]
        return super().take(AppError(error.message, field=name))


def values(sent: Mapping[str, str]) -> dict[str, str]:
    """What was typed into each gap; a gap left empty has no value."""
    typed = {
        name.removeprefix(GAP): text.strip()
        for name, text in sent.items()
        if name.startswith(GAP)
    }  # fmt: skip
    return {name: text for name, text in typed.items() if text}
