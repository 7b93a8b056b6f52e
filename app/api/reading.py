"""The request as plain values: query, JSON, forms with ``a[b]`` keys, multipart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict

from app.errors import AppError, ValidationFailed

JSON = "application/json"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
DATA = "data"  # the part of a multipart body that holds the JSON
_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
DEPTH = 32


class UnsupportedType(AppError):
    """The body's content type is none of those the operation takes."""

    status, code = 415, "UNSUPPORTED_MEDIA_TYPE"


def query() -> dict[str, Any]:
    """The query's parameters. Raises ``ValidationFailed`` where one is given twice, too: which of
    the two is meant, nobody could tell."""
    for name, values in request.args.lists():
        if len(values) > 1:
            raise ValidationFailed("Give this once.", field=name[:100])
    found = dict(request.args.items())
    _storable(found)
    return found


def body(takes: tuple[str, ...], optional: bool = False) -> dict[str, Any]:
    """The body as an object. Raises ``ValidationFailed`` or ``UnsupportedType``."""
    kind = (request.mimetype or "").lower()
    empty = request.content_length in (None, 0) and not request.headers.get("Transfer-Encoding")
    if empty and (optional or not kind):
        return {}
    if kind not in takes and not _alike(kind, takes):
        raise UnsupportedType(f"Send the body as {' or '.join(takes)}, and say so in Content-Type.")
    if kind in FORMS:
        named()
    if kind not in FORMS:
        found = _parsed(request.get_data())
    elif DATA in request.form and kind == "multipart/form-data":
        found = _parsed(request.form[DATA].encode("utf-8", "surrogatepass"))
    else:
        found = unfolded(request.form)
    _storable(found)
    return found


def named() -> None:
    """Raise ``ValidationFailed`` for a part of the body whose name cannot be read (RFC 7578 §4.2:
    every part has one)."""
    if None in request.form or None in request.files:
        raise ValidationFailed("A part of the body has no name that can be read.")


def _alike(kind: str, takes: tuple[str, ...]) -> bool:
    """Whether a type is another way of writing one that is taken: a form may be sent in parts."""
    return (kind.endswith("+json") and JSON in takes) or (kind in FORMS and FORMS[0] in takes)


def unfolded(form: MultiDict[str, str]) -> dict[str, Any]:
    """A form's fields with ``a[b]=c`` as ``{"a": {"b": "c"}}`` and ``a[]=x`` as a list."""
    found: dict[str, Any] = {}
    for name, values in form.lists():
        shape = _KEY.match(name)
        if shape is None:
            found[name] = values[0]
            continue
        path = [shape[1], *re.findall(r"\[([^\[\]]*)\]", shape[2])]
        if len(path) > DEPTH:
            raise ValidationFailed("This name is nested too deeply.", field=shape[1])
        _put(found, path, values)
    return found


def _put(found: dict[str, Any], path: list[str], values: list[str]) -> None:
    here = found
    for index, step in enumerate(path[:-1]):
        if path[index + 1] == "" and index + 2 == len(path):
            here[step] = values
            return
        inner = here.setdefault(step, {})
        if not isinstance(inner, dict):
            raise ValidationFailed("This field is given twice, in two shapes.", field=path[0])
        here = inner
    here[path[-1]] = values[0]


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ValidationFailed("The body is not valid JSON in UTF-8.") from error
    if not isinstance(found, dict):
        raise ValidationFailed("The body has to be a JSON object.")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _storable(found: dict[str, Any]) -> None:
    """No NUL and no half of a character: neither can be kept by a database."""
    for path, text in _texts(found, (), 0):
        if "\0" in text or any("\ud800" <= one <= "\udfff" for one in text):
            raise ValidationFailed(
                "This holds a character that cannot be stored.", field=".".join(path) or None
            )


def _texts(value: Any, path: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], str]]:
    if depth > DEPTH:
        raise ValidationFailed("The body is nested too deeply.", field=path[0] if path else None)
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield path, name
            yield from _texts(inner, (*path, name), depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, str(index)), depth + 1)
