"""What every form shares: clean text, and a service's words under the right field.

Text with NUL or a lone surrogate cannot be stored and is refused before any view sees it
(reliability §1.16).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import NotFound
from wtforms import Field, StringField
from wtforms.validators import ValidationError

from app.errors import AppError, ValidationFailed

FORM = "application/x-www-form-urlencoded"
TOLD = "This holds characters that cannot be stored. Type it again, or paste it as plain text."


class Form(FlaskForm):
    """A form of a page, whose errors can come from a service as well (``take``)."""

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Forms are read from forms alone: any JSON would be taken for fields."""
            return (
                ImmutableMultiDict() if request.is_json else super().wrap_formdata(form, formdata)
            )

    def take(self, error: AppError) -> bool:
        """Put a service's refusal under the field it names; False where there is none."""
        field = self._fields.get((error.field or "").removeprefix(self._prefix))
        if field is None:
            return False
        field.errors = [*field.errors, error.message]
        return True


class TrimmedField(StringField):
    """One line of text without the spaces around it."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = valuelist[0].strip()


def says(check: Callable[[str], Any]) -> Callable[[Form, Field], None]:
    """A validator made of a service's check, which raises ``ValidationFailed``."""

    def validate(form: Form, field: Field) -> None:
        try:
            check(field.data or "")
        except ValidationFailed as error:
            raise ValidationError(error.message) from error

    return validate


def clean_text(form: Form, field: Field) -> None:
    """A validator for text that did not come through ``check_request`` (JSON, files)."""
    if isinstance(field.data, str) and not is_clean(field.data):
        raise ValidationError(TOLD)


def is_clean(text: str) -> bool:
    """Whether a text can be stored and sent: no NUL, no lone surrogate."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def check_request() -> None:
    """Refuse a request whose address, query or form holds such text.

    Raises ``ValidationFailed`` naming the field, or ``NotFound`` for an address.
    """
    if not is_clean(request.path) or "\ufffd" in request.path:
        raise NotFound()
    _check_encoded(request.query_string)
    if request.mimetype == FORM:
        _check_encoded(request.get_data(cache=True, parse_form_data=False))
    elif request.mimetype == "multipart/form-data" and "\x00" in "".join(request.form.values()):
        name = next(key for key, value in request.form.items(multi=True) if "\x00" in value)
        raise _refusal(name)


def _check_encoded(raw: bytes) -> None:
    """A query or a form before it is decoded, since decoding hides what was wrong."""
    if b"%" not in raw and raw.isascii() and b"\x00" not in raw:
        return
    for pair in raw.replace(b"+", b" ").split(b"&"):
        found = unquote_to_bytes(pair)
        try:
            bad = "\x00" in found.decode()
        except UnicodeDecodeError:
            bad = True
        if bad:
            raise _refusal(found.partition(b"=")[0].decode(errors="replace"))


def _refusal(name: str) -> ValidationFailed:
    name = "".join(char for char in name[:60] if char.isprintable())
    return ValidationFailed(f"“{name}”: {TOLD}", field=name)
