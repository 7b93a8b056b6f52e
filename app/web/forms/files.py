"""What to export, and which file to import."""

from __future__ import annotations

from wtforms import BooleanField, RadioField, SelectField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired

from app.models.files import FileKind
from app.services.calendar import STATUSES
from app.web.forms.base import Form
from app.web.forms.recurring import DayField

ALL = "all"
KINDS = (
    (FileKind.EXPORT_TABLE.value, "A table (CSV)"),
    (FileKind.EXPORT_FOLDER.value, "A folder (zip)"),
)


class ExportForm(Form):
    """The view sets ``account.choices``."""

    kind = RadioField(
        "What for?", choices=[SelectChoice(*one) for one in KINDS],
        default=FileKind.EXPORT_TABLE.value,
    )  # fmt: skip
    first = DayField("First day", [DataRequired("Choose the first day, such as 2026-05-01.")])
    last = DayField("Last day", [DataRequired("Choose the last day, such as 2026-05-31.")])
    status = SelectField(
        "Which posts",
        choices=[
            SelectChoice("", "All of them"),
            *(SelectChoice(key, words) for key, (words, _) in STATUSES.items()),
        ],
        default="",
    )
    account = SelectField("Account", default=ALL)
    undated = BooleanField("Also drafts without a time")
