"""A brand's settings."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, NumberRange, ValidationError

from app.errors import ValidationFailed
from app.models.profiles import LatePolicy
from app.services import duplicates, profiles, return_urls
from app.web.forms import zones
from app.web.forms.base import Form, TrimmedField, says

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LATE = (
    (LatePolicy.HOLD, "Hold it for me"),
    (LatePolicy.SEND, "Send it all the same"),
    (LatePolicy.SKIP, "Leave it out"),
)
MINUTES = profiles.LATE_MINUTES
DAYS_LIMIT = f"Choose from 0 to {duplicates.DAYS.stop - 1} days."
SPACE_LIMIT = f"Choose from 0 to {duplicates.MINUTES.stop - 1} minutes."
LIMIT = f"Choose from {MINUTES.start} to {MINUTES.stop - 1} minutes."


class ZoneField(StringField):
    """A zone as it is typed or picked; its data is the IANA name once it is valid."""

    data: Any

    def pre_validate(self, form: Form) -> None:
        try:
            self.data = zones.resolve(self.data or "")
        except ValidationFailed as error:
            raise ValidationError(error.message) from error


class MinutesField(IntegerField):
    """A number; anything else is ``None`` for the validators, which then say what they want."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            self.data = int(valuelist[0]) if valuelist else None
        except ValueError:
            self.data = None


class BrandForm(Form):
    """What a new brand needs."""

    name = TrimmedField(
        "Name of the brand",
        [InputRequired("Give the brand a name."), says(profiles.check_name)],
        render_kw={"autocomplete": "organization"},
    )
    time_zone = ZoneField(
        "Time zone",
        [InputRequired("Choose a time zone.")],
        render_kw={"list": "zones", "autocomplete": "off", "spellcheck": "false"},
    )


class SettingsForm(BrandForm):
    """All of a brand's settings."""

    late_policy = RadioField(
        "What happens to a late post", choices=[SelectChoice(*one) for one in LATE], coerce=str
    )
    late_limit_minutes = MinutesField(
        "Late means more than",
        [InputRequired(LIMIT), NumberRange(MINUTES.start, MINUTES.stop - 1, LIMIT)],
        render_kw={"inputmode": "numeric"},
    )
    duplicate_days = MinutesField(
        "The same words within",
        [InputRequired(DAYS_LIMIT), NumberRange(0, duplicates.DAYS.stop - 1, DAYS_LIMIT)],
        default=30,
        render_kw={"inputmode": "numeric"},
    )
    spacing_minutes = MinutesField(
        "Two posts of an account within",
        [InputRequired(SPACE_LIMIT), NumberRange(0, duplicates.MINUTES.stop - 1, SPACE_LIMIT)],
        default=60,
        render_kw={"inputmode": "numeric"},
    )
    duplicates_refused = BooleanField("Refuse apps and agents that post the same words again")
    week_start = SelectField(
        "The week begins on",
        choices=[SelectChoice(str(n), day) for n, day in enumerate(DAYS)],
        coerce=int,
    )


class AddressForm(Form):
    """An address that apps with a key may send people on to."""

    return_url = TrimmedField(
        "Address of your app",
        [says(return_urls.checked)],
        render_kw={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"},
    )
