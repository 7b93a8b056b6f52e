"""Signing up and in."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, PasswordField
from wtforms.validators import InputRequired

from app.services import passwords, people
from app.web.forms.base import Form, TrimmedField, says


class SignUpForm(Form):
    """``time_zone`` is what the browser says; the service takes UTC for nonsense."""

    name = TrimmedField(
        "Your name",
        [InputRequired("Tell us what to call you."), says(people.check_name)],
        render_kw={"autocomplete": "name"},
    )
    email = TrimmedField(
        "Email",
        [InputRequired("We need your email: you sign in with it."), says(people.check_email)],
        render_kw={"autocomplete": "username", "type": "email", "inputmode": "email"},
    )
    password = PasswordField(
        "Password",
        [InputRequired("Choose a password.")],
        render_kw={"autocomplete": "new-password", "minlength": passwords.SHORTEST},
    )
    time_zone = HiddenField("Time zone", render_kw={"data-zone": ""})
    next = HiddenField()


class SignInForm(Form):
    """``keep`` lets the cookie outlive the browser's window."""

    email = TrimmedField(
        "Email",
        [InputRequired("Type the email you signed up with.")],
        render_kw={"autocomplete": "username", "type": "email", "inputmode": "email"},
    )
    password = PasswordField(
        "Password",
        [InputRequired("Type your password.")],
        render_kw={"autocomplete": "current-password"},
    )
    keep = BooleanField("Keep me signed in on this computer", default=True)
    next = HiddenField()
