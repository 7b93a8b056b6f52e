"""A recurring schedule: what is posted, where, and when it comes again."""

from __future__ import annotations

from wtforms import DateField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from app.errors import AppError
from app.models.recurring import Pattern
from app.services import recurrence_rules, recurring
from app.services.recurring_words import DAYS
from app.web.forms.base import Form, TrimmedField, says
from app.web.forms.posts import ASK
from app.web.forms.profile import MinutesField

PATTERNS = (
    (Pattern.DAILY, "Every day"), (Pattern.WEEKLY, "On days of the week"),
    (Pattern.MONTHLY, "Once a month"), (Pattern.CUSTOM, "By a rule of your own"),
)  # fmt: skip
# The seed counts days from Sunday; the list begins on Monday.
WEEKDAYS = tuple((str((day + 1) % 7), name) for day, name in enumerate(DAYS))
# Which field a service's refusal belongs under; what stands in none is about the text.
UNDER = (
    ("name", "name"), ("content", "content"), ("recurrencePattern", "pattern"),
    (f"{recurrence_rules.CONFIG}.day_of_week", "weekdays"),
    (f"{recurrence_rules.CONFIG}.day_of_month", "month_day"), (recurrence_rules.RRULE, "rrule"),
    (recurrence_rules.ENDS_ON, "ends_on"), ("startsOn", "starts_on"), ("timeOfDay", "time"),
    ("platforms", "accounts"), ("accounts", "accounts"),
)  # fmt: skip


# What a change does with posts that are made and still planned.
REACHES = (
    ("all", "Change them too"), ("next", "Leave them: the change holds from the next one on"),
)  # fmt: skip


class DayField(DateField):
    """A day as a browser sends it, or nothing."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError("Choose a day, such as 2026-12-31.") from error


class ScheduleForm(Form):
    """The view sets ``accounts.choices`` and ``platforms.choices``."""

    name = TrimmedField(
        "Name",
        [
            DataRequired("Give it a name, so that you can tell it from others."),
            Length(max=recurring.MAX_NAME, message=f"Use at most {recurring.MAX_NAME} characters."),
        ],
        render_kw={"autocomplete": "off"},
    )
    content = TextAreaField("Text", render_kw={"rows": "6"})
    accounts = SelectMultipleField("Accounts")
    platforms = SelectMultipleField("Networks")
    pattern = RadioField(
        "How often?", choices=[SelectChoice(*one) for one in PATTERNS],
        default=Pattern.WEEKLY.value,
    )  # fmt: skip
    weekdays = SelectMultipleField("Days", choices=[SelectChoice(*one) for one in WEEKDAYS])
    month_day = MinutesField(
        "Day of the month", render_kw={"inputmode": "numeric", "autocomplete": "off"}
    )
    rrule = TrimmedField("Rule", render_kw={"autocomplete": "off", "spellcheck": "false"})
    time = StringField(
        "Time", [DataRequired("Choose a time."), says(recurrence_rules.time_of)],
        default="09:00", render_kw={"type": "time"},
    )  # fmt: skip
    starts_on = DayField("First day", [Optional()])
    ends_on = DayField("Last day", [Optional()])
    made = RadioField(
        "Posts that are made already", choices=[SelectChoice(*one) for one in REACHES],
        default="all", validate_choice=True,
    )  # fmt: skip

    def validate_weekdays(self, field: SelectMultipleField) -> None:
        if self.pattern.data == Pattern.WEEKLY and not field.data:
            raise ValidationError("Choose at least one day.")

    def validate_month_day(self, field: MinutesField) -> None:
        if self.pattern.data == Pattern.MONTHLY and not 1 <= (field.data or 0) <= 31:
            raise ValidationError("Choose a day from 1 to 31.")

    def validate_accounts(self, field: SelectMultipleField) -> None:
        if not field.data and not self.platforms.data:
            raise ValidationError("Choose at least one account or network.")

    def refuse(self, error: AppError) -> None:
        """Put everything a service refuses where it belongs, each sentence once."""
        for one in error.errors or [error]:
            path = one.field or ""
            name = next(
                (name for begin, name in UNDER if path == begin or path.startswith(f"{begin}.")),
                "content",
            )
            field = self._fields[name]
            if one.message not in field.errors:
                field.errors = [*field.errors, one.message]


class OneDateForm(Form):
    """What one date says, where and when, in the brand's zone; the view sets the choices."""

    content = TextAreaField("Text", render_kw={"rows": "6"})
    accounts = SelectMultipleField("Accounts")
    at = TrimmedField("Time", [DataRequired(ASK)], render_kw={"type": "datetime-local"})

    def validate_accounts(self, field: SelectMultipleField) -> None:
        if not field.data:
            raise ValidationError("Choose at least one account, or leave this date out.")

    def refuse(self, error: AppError) -> None:
        """Put everything a service refuses where it belongs; what stands in none is the text."""
        places = {
            "at": "at", "due_at": "at", "date": "at", "accounts": "accounts",
            "platforms": "accounts",
        }  # fmt: skip
        for one in error.errors or [error]:
            field = self._fields[places.get(one.field or "", "content")]
            field.errors = [*field.errors, one.message]
