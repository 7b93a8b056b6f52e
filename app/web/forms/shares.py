"""What a visitor says of a preview."""

from __future__ import annotations

from wtforms import TextAreaField

from app.services import shares
from app.web.forms.base import Form, TrimmedField, says


class CommentForm(Form):
    """A name and a comment."""

    name = TrimmedField(
        "Your name",
        [says(shares.checked_name)],
        render_kw={"autocomplete": "name", "maxlength": shares.NAME_LIMIT},
    )
    text = TextAreaField(
        "Your comment",
        [says(shares.checked_text)],
        render_kw={"rows": 4, "maxlength": shares.TEXT_LIMIT},
    )
