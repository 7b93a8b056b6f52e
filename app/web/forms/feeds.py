"""A calendar link: of the whole brand or of one account."""

from __future__ import annotations

from wtforms import SelectField
from wtforms.validators import Length

from app.services import feeds
from app.web.forms.base import Form, TrimmedField

ALL = "all"


class FeedForm(Form):
    """The view sets ``what.choices``."""

    what = SelectField("What it shows", default=ALL)
    name = TrimmedField(
        "Name",
        [Length(max=feeds.NAME_LIMIT, message=f"Use at most {feeds.NAME_LIMIT} characters.")],
        render_kw={"autocomplete": "off"},
    )
