"""Connecting Metricool."""

from __future__ import annotations

from wtforms import PasswordField, SelectField
from wtforms.validators import InputRequired, Length

from app.web.forms.base import Form, TrimmedField
from app.web.forms.connections import SECRET


class BridgeForm(Form):
    """A token and its brand; the view sets ``blog_id.choices`` once it knows them."""

    token = PasswordField(
        "Token",
        [InputRequired("Paste the token."), Length(max=2000, message="That is too long.")],
        render_kw=SECRET,
    )
    user_id = TrimmedField(
        "User id, if you know it",
        [Length(max=60, message="That is too long.")],
        render_kw={"autocomplete": "off", "inputmode": "numeric"},
    )
    blog_id = SelectField("Brand", choices=[("", "Find the brands first")], validate_choice=False)
