"""API keys: a new one, and how far one may go."""

from __future__ import annotations

from wtforms import PasswordField, RadioField, SelectMultipleField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length, NumberRange, Optional, ValidationError

from app.models.keys import KeyKind, KeyMode
from app.services import keys, seat_belt
from app.web.forms.base import Form, TrimmedField
from app.web.forms.profile import MinutesField

NOTICE = f"Choose 0 to {seat_belt.MOST_NOTICE:,} minutes (30 days)."
A_DAY = f"Choose 1 to {seat_belt.MOST_A_DAY:,} posts a day, or leave it empty."
MODES = (
    (KeyMode.DRAFT, "Write drafts only"),
    (KeyMode.CONFIRM, "Plan posts, and ask a person first"),
    (KeyMode.PUBLISH, "Plan and publish by itself"),
)
KINDS = ((KeyKind.PROFILE, "This brand"), (KeyKind.ACCOUNT, "Every brand I can use"))
EVERY, SOME = "every", "some"


def _count(label: str, least: int, most: int, told: str) -> MinutesField:
    """A number, or nothing."""
    return MinutesField(
        label, [Optional(), NumberRange(least, most, told)],
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )  # fmt: skip


class BeltForm(Form):
    """The seat belt (promises.md 12). The view sets ``accounts.choices``; ``password`` is asked
    for where the person's has not been given lately."""

    mode = RadioField(
        "What may it do?", choices=[SelectChoice(*one) for one in MODES],
        default=KeyMode.CONFIRM.value,
    )  # fmt: skip
    notice = _count("Minutes’ notice", 0, seat_belt.MOST_NOTICE, NOTICE)
    a_day = _count("Posts a day", 1, seat_belt.MOST_A_DAY, A_DAY)
    which = RadioField(
        "Which accounts may it use?",
        choices=[SelectChoice(EVERY, "Every account"), SelectChoice(SOME, "Only these")],
        default=EVERY,
    )
    accounts = SelectMultipleField("Accounts")
    password = PasswordField("Your password", render_kw={"autocomplete": "current-password"})

    def validate_accounts(self, field: SelectMultipleField) -> None:
        if self.which.data == SOME and not field.data:
            raise ValidationError("Choose at least one account, or let it use every account.")


class KeyForm(BeltForm):
    """A new key."""

    name = TrimmedField(
        "Name",
        [
            DataRequired("Give it a name, so that you can tell it from others."),
            Length(max=keys.NAME_LIMIT, message=f"Use at most {keys.NAME_LIMIT} characters."),
        ],
        render_kw={"autocomplete": "off"},
    )
    kind = RadioField(
        "Where does it work?", choices=[SelectChoice(*one) for one in KINDS],
        default=KeyKind.PROFILE.value,
    )  # fmt: skip
