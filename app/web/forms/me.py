"""A person's own settings."""

from __future__ import annotations

from wtforms import BooleanField, PasswordField, RadioField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired

from app.services import passwords, people
from app.web.forms.base import Form, TrimmedField, says

LOOKS = (("auto", "As my device says"), ("light", "Light"), ("dark", "Dark"))


class NameForm(Form):
    name = TrimmedField(
        "Your name",
        [InputRequired("Tell us what to call you."), says(people.check_name)],
        render_kw={"autocomplete": "name"},
    )


class LooksForm(Form):
    """``shortcuts``: single letters act (WCAG 2.1.4)."""

    theme = RadioField("Theme", choices=[SelectChoice(*look) for look in LOOKS])
    shortcuts = BooleanField("Single letters are shortcuts (press ? on any page to see them)")


class PasswordForm(Form):
    present = PasswordField(
        "Your present password",
        [InputRequired("Type your present password.")],
        render_kw={"autocomplete": "current-password"},
    )
    new = PasswordField(
        "A new one",
        [InputRequired("Choose a new password.")],
        render_kw={"autocomplete": "new-password", "minlength": passwords.SHORTEST},
    )
