"""The times a person gives on the catch-up page: one field a post, ``at-<post>``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.errors import ValidationFailed
from app.web.forms.posts import moment


def times_of(
    form: Mapping[str, str], wanted: Iterable[UUID], zone: ZoneInfo
) -> dict[UUID, datetime]:
    """The time given for each post of ``wanted`` that the form names.

    Raises ``ValidationFailed`` whose ``errors`` name the fields that hold no time.
    """
    found, errors = {}, []
    for post_id in wanted:
        name = f"at-{post_id}"
        if name not in form:
            continue
        try:
            found[post_id] = moment(form[name].strip(), zone, None)
        except ValidationFailed as error:
            errors.append(ValidationFailed(error.message, field=name))
    if errors:
        raise ValidationFailed(errors[0].message, field=errors[0].field, errors=list(errors))
    return found
