"""Ways to connect an account."""

from __future__ import annotations

from wtforms import HiddenField, PasswordField, SelectField
from wtforms.validators import InputRequired, Length

from app.web.forms.base import Form, TrimmedField

# Secrets are typed into a field that shows dots and is never filled in again by us.
SECRET = {"autocomplete": "off", "spellcheck": "false"}
PLAIN = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false"}


class StartForm(Form):
    """Signing in on a network's own page. ``account`` is the one to bring back."""

    server = TrimmedField(
        "Your server",
        [Length(max=300, message="That is too long for a server's name.")],
        render_kw={**PLAIN, "inputmode": "url"},
    )
    hint = TrimmedField(
        "Your handle",
        [Length(max=300, message="That is too long for a handle.")],
        render_kw=PLAIN,
    )
    account = HiddenField()


class AppPasswordForm(Form):
    """An app password, made in the account's own settings."""

    identifier = TrimmedField(
        "Your handle",
        [InputRequired("Type the account's handle."), Length(max=300, message="That is too long.")],
        render_kw={**PLAIN, "autocomplete": "off"},
    )
    password = PasswordField(
        "App password",
        [InputRequired("Paste the app password."), Length(max=300, message="That is too long.")],
        render_kw=SECRET,
    )
    server = TrimmedField(
        "Server, if it is not the usual one",
        [Length(max=300, message="That is too long for a server's name.")],
        render_kw={**PLAIN, "inputmode": "url"},
    )


class TokenForm(Form):
    """A token of the person's own developer app. The view sets ``network.choices``."""

    network = SelectField("Network")
    server = TrimmedField(
        "Server, for Mastodon",
        [Length(max=300, message="That is too long for a server's name.")],
        render_kw={**PLAIN, "inputmode": "url"},
    )
    token = PasswordField(
        "Token",
        [InputRequired("Paste the token."), Length(max=8000, message="That is too long.")],
        render_kw=SECRET,
    )
