"""What a post's page asks for: a time, and the link of a post that did go out."""

from __future__ import annotations

from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from wtforms import HiddenField
from wtforms.validators import InputRequired, Length

from app.clock import clock_change, to_utc
from app.errors import ValidationFailed
from app.web.forms.base import Form, TrimmedField

ASK = "Choose a day and a time, such as 14 May 2026, 12:30."


class MoveForm(Form):
    """A new time in the brand's zone. ``rev`` is the post as it was seen."""

    at = TrimmedField(
        "New time",
        [InputRequired(ASK), Length(max=40, message=ASK)],
    )
    rev = HiddenField()
    month = HiddenField()  # the month on view, where the calendar asks
    week = HiddenField()  # or the first day of the week
    sure = HiddenField()  # another post is close, and that is well

    def shown(self) -> str:
        """What the calendar has on view; empty where it does not ask."""
        return str(self.month.data or self.week.data or "")

    def number(self) -> int | None:
        """The ``rev`` that was seen, or ``None``."""
        text = str(self.rev.data or "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


class LinkForm(Form):
    """Where the post is, when a person says that it went out. May stay empty."""

    url = TrimmedField(
        "Its link, if you have it",
        [Length(max=2000, message="That is too long for a link.")],
        render_kw={"type": "url", "placeholder": "https://", "autocomplete": "off"},
    )


class ConfirmForm(Form):
    """A person's word on what a key asks: the request, and the post as it was seen."""

    request_id = HiddenField()
    seen = HiddenField()

    def id(self) -> UUID:
        """The request; an id that is none leads to none."""
        try:
            return UUID(str(self.request_id.data))
        except ValueError:
            return UUID(int=0)


def first_error(form: Form) -> str:
    """What is wrong with the form, in one sentence."""
    return next((str(told) for field in form for told in field.errors), ASK)


def moment(text: str, zone: ZoneInfo, clock: time | None) -> datetime:
    """A local time, or a day that keeps the ``clock`` time, as an instant.

    Raises ``ValidationFailed`` (field ``at``) for anything else, and for a time the clocks
    skip on that day.
    """
    try:
        if len(text) == 10:
            local = datetime.combine(date.fromisoformat(text), clock or time(9))
        else:
            local = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValidationFailed(ASK, field="at") from error
    if local.tzinfo is not None:
        raise ValidationFailed(ASK, field="at")
    if not 1970 <= local.year < 2200:
        raise ValidationFailed("Choose a time within the next five years.", field="at")
    if len(text) > 10 and clock_change(local, zone) == "skipped":
        raise ValidationFailed(
            f"The clocks go forward then: {local:%H:%M} does not exist on that day.", field="at"
        )
    return to_utc(local, zone)
