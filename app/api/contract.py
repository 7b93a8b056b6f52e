"""What a view of a contract takes and gives: one declaration checks it and documents it.

``@operation`` reads query and body into models, hands them to the view as ``query`` and ``body``,
and writes what comes back: a model, or a model and a status. ``app/api/openapi.py`` makes the
document from the same declarations.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import Response, request
from pydantic import AliasGenerator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from app.api import reading
from app.errors import ValidationFailed

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


class Model(BaseModel):
    """A shape with the names it has on the wire. Unknown members are left out (reliability §8)."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Camel(Model):
    """A shape whose names are ours here and ``camelCase`` on the wire."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(alias=to_camel), extra="ignore", populate_by_name=True
    )


@dataclass(frozen=True)
class Operation:
    """One method of one address, as the document tells it.

    ``answers`` maps statuses to their models (``None``: no body); ``refuses`` lists the statuses
    of refusals that only this operation has. ``takes`` are the body's content types, the first
    one the usual. ``bare``: the body is a file, of one of these types. ``file_part``: the part of
    a multipart body with the operation's one file. ``again`` renders what an earlier request with
    the same idempotency key made, a file only where ``file_part`` says that it is about one.
    """

    summary: str
    tag: str
    description: str = ""
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answers: Mapping[int, type[BaseModel] | None] = field(default_factory=dict)
    refuses: tuple[int, ...] = ()
    takes: tuple[str, ...] = (JSON,)
    optional: bool = False  # the body may be left out
    bare: tuple[str, ...] = ()
    file_part: str = ""
    again: Callable[[Any], Any] | None = None


def operation(
    summary: str, *, tag: str, **rest: Any
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Declare a view; ``rest`` are the fields of ``Operation``."""

    def mark(view: Callable[..., Any]) -> Callable[..., Response]:
        told = Operation(summary, tag, description=_prose(view), **rest)

        @wraps(view)
        def run(**given: Any) -> Response:
            if told.query is not None:
                given["query"] = told.query.model_validate(reading.query())
            if told.body is not None:
                given["body"] = _checked(told.body, reading.body(told.takes, told.optional))
            return reply(view(**given))

        run.operation = told  # type: ignore[attr-defined]
        return run

    return mark


def _checked(model: type[BaseModel], found: dict[str, Any]) -> BaseModel:
    """The body as its model. JSON has types, so they have to be those of the document: a time is
    no number, and ``"yes"`` is no boolean. A form's fields are all text and are read."""
    if (request.mimetype or "").lower() in reading.FORMS and reading.DATA not in request.form:
        return model.model_validate(found)
    return model.model_validate_json(json.dumps(found), strict=True)


def reply(made: Any) -> Response:
    """What a view gave, as it travels."""
    status = 200
    if isinstance(made, tuple):
        made, status = made
    if isinstance(made, Response):
        return made
    if made is None:
        return Response(status=204)
    return Response(made.model_dump_json(by_alias=True), status, mimetype=JSON)


def declared(view: Any) -> Operation | None:
    """The declaration of a view function, where it has one."""
    found = getattr(view, "operation", None)
    return found if isinstance(found, Operation) else None


def _prose(view: Any) -> str:
    """A view's docstring as one paragraph after another."""
    parts = (view.__doc__ or "").strip().split("\n\n")
    return "\n\n".join(" ".join(part.split()) for part in parts)


def need(value: Any, name: str, words: str = "This field is required.") -> Any:
    """A value that a model leaves optional and this operation needs."""
    if value in (None, "", [], {}):
        raise ValidationFailed(words, field=name)
    return value
