"""The OpenAPI 3.1 document of every contract, made from what the views declare."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from werkzeug.routing import Rule

from app.api import answers, contracts
from app.api.contract import FORM, JSON, MULTIPART, Operation, declared
from app.api.errors import Problem, family_of
from app.api.examples import Maker

VERSION = "1.0.0"
REF = "#/components/schemas/{model}"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What a path's converters take.
CONVERTERS: dict[str, dict[str, Any]] = {
    "UUIDConverter": {"type": "string", "format": "uuid"},
    "IntegerConverter": {"type": "integer", "minimum": 0},
    "UnicodeConverter": {"type": "string"},
}
SCHEMES: dict[str, dict[str, Any]] = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "session": {"type": "apiKey", "in": "cookie", "name": "session"},
}
_ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
INTRODUCTION = (
    "Five published contracts and our own additions, served as they stand. A client of any of"
    " them works after its base URL and its key are changed."
)


def init_app(app: Flask) -> None:
    """Let the pages read the document (``carillon_described()``): no room imports another."""
    app.extensions["carillon_described"] = lambda: document(app)


def document(app: Flask) -> dict[str, Any]:
    """The whole document; made once a process."""
    found: dict[str, Any] | None = app.extensions.get("carillon_openapi")
    if found is None:
        found = app.extensions["carillon_openapi"] = _document(app)
    return found


def _document(app: Flask) -> dict[str, Any]:
    rules = list(operations(app))
    shapes, schemas = _schemas(rules)
    maker = Maker(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, view, told in rules:
        entry = paths.setdefault(braced(rule.rule), {})
        entry[method.lower()] = _operation(rule, method, view, told, shapes, maker)
    groups, tags = _tags(rules)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Carillon", "version": VERSION, "description": INTRODUCTION},
        "servers": [{"url": app.config["CARILLON"].APP_URL}],
        "tags": tags,
        "x-tagGroups": groups,
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas, "securitySchemes": SCHEMES, "headers": answers.headers(),
            "examples": answers.refusals(),
        },
    }  # fmt: skip


def _tags(
    rules: list[tuple[Rule, str, Any, Operation]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The contracts with the names of their tags, and each tag with what it is about."""
    first: dict[str, str] = {}
    for rule, _, _, told in rules:
        first.setdefault(told.tag, rule.rule)
    groups: dict[str, list[str]] = {one.name: [] for one in reversed(contracts.CONTRACTS)}
    for tag in sorted(first):
        groups[contracts.of(first[tag]).name].append(tag)
    return (
        [{"name": name, "tags": tags} for name, tags in groups.items() if tags],
        [{"name": tag, "description": contracts.about(tag, first[tag])} for tag in sorted(first)],
    )


def braced(rule: str) -> str:
    """A rule as the document writes its path."""
    return _ARGUMENT.sub(r"{\1}", rule)


def operations(app: Flask) -> Iterator[tuple[Rule, str, Any, Operation]]:
    """Every declared method of every address: rule, method, view function, declaration."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
        view = app.view_functions[rule.endpoint]
        told = declared(view)
        if told is None:
            continue
        for method in METHODS:
            if method in (rule.methods or ()):
                yield rule, method, view, told


def _schemas(
    rules: list[tuple[Rule, str, Any, Operation]],
) -> tuple[dict[tuple[type[BaseModel], str], dict[str, Any]], dict[str, Any]]:
    """Each model's reference by how it is used, and the schemas referred to."""
    wanted: dict[tuple[type[BaseModel], Any], None] = {(Problem, "serialization"): None}
    for _, _, _, told in rules:
        if told.body is not None:
            wanted[told.body, "validation"] = None
        for answer in told.answers.values():
            if answer is not None:
                wanted[answer, "serialization"] = None
    shapes, found = models_json_schema(
        list(wanted), ref_template=REF, schema_generator=GenerateJsonSchema, by_alias=True
    )
    return shapes, found.get("$defs", {})  # type: ignore[return-value]


def _operation(
    rule: Rule, method: str, view: Any, told: Operation, shapes: dict[Any, Any], maker: Maker
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": f"{method.lower()}_{_slug(rule.rule)}",
        "summary": told.summary, "tags": [told.tag], "security": _security(rule, view),
        "responses": _responses(rule, method, view, told, shapes, maker),
    }  # fmt: skip
    if told.description:
        found["description"] = told.description
    parameters = [*_path(rule), *_query(told)]
    if method == "POST" and view.guard != "public":
        parameters.append(_idempotency())
    if parameters:
        found["parameters"] = parameters
    if told.body is not None:
        shape = shapes[told.body, "validation"]
        found["requestBody"] = {
            "required": not told.optional,
            "content": {
                kind: _body(kind, shape, maker.body(f"{method} {braced(rule.rule)}", shape), told)
                for kind in told.takes
            },
        }
    if told.bare:
        found["requestBody"] = {"required": True, "content": {kind: {} for kind in told.bare}}
    return found


def _body(kind: str, shape: dict[str, Any], example: Any, told: Operation) -> dict[str, Any]:
    """One content type of a body, with its example."""
    if kind == MULTIPART:
        example = {"data": json.dumps(example, ensure_ascii=False)}
        if told.file_part:
            example[told.file_part] = "the bytes of the file"
    return {"schema": _sent(kind, shape, told), "example": example}


def _sent(kind: str, shape: dict[str, Any], told: Operation) -> dict[str, Any]:
    """A body as it travels: multipart holds the JSON in ``data``, beside ``files``."""
    if kind != MULTIPART:
        return shape
    blob = {"type": "string", "contentMediaType": "application/octet-stream"}
    if told.file_part:
        return {
            "type": "object", "required": [told.file_part],
            "properties": {"data": {"type": "string"}, told.file_part: blob},
        }  # fmt: skip
    return {
        "type": "object", "required": ["data"],
        "properties": {"data": {"type": "string"}, "files": {"type": "array", "items": blob}},
    }  # fmt: skip


def _path(rule: Rule) -> Iterator[dict[str, Any]]:
    for name, converter in rule._converters.items():
        schema = CONVERTERS[type(converter).__name__]
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query(told: Operation) -> Iterator[dict[str, Any]]:
    if told.query is None:
        return
    schema = told.query.model_json_schema(by_alias=True, ref_template=REF)
    needed = schema.get("required", [])
    for name, one in schema.get("properties", {}).items():
        found = {"name": name, "in": "query", "required": name in needed, "schema": one}
        if "description" in one:
            found["description"] = one["description"]
        yield found


def _idempotency() -> dict[str, Any]:
    return {
        "name": "Idempotency-Key", "in": "header", "required": False,
        "description": "The same key and body within 24 hours do the work once.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    }  # fmt: skip


def _security(rule: Rule, view: Any) -> list[dict[str, list[str]]]:
    if view.guard == "public":
        return []
    by_session = rule.rule.startswith("/api/") and not rule.rule.startswith("/api/v1")
    if by_session and getattr(view, "people_only", False):
        return [{"session": []}]
    found: list[dict[str, list[str]]] = [{"apiKey": []}, {"bearer": []}]
    family = family_of(rule.rule)
    if family in ("oktopost", "connect"):
        found.append({"basic": []})
    elif by_session:
        found.append({"session": []})
    return found


def _responses(
    rule: Rule, method: str, view: Any, told: Operation, shapes: dict[Any, Any], maker: Maker
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    counted = view.guard != "public"
    for status, model in told.answers.items():
        found[str(status)] = _answer(status, counted)
        if model is not None:
            shape = shapes[model, "serialization"]
            found[str(status)]["content"] = {JSON: answers.made(maker, shape)}
    family = family_of(rule.rule) or "core"
    for status in sorted(_refusals(rule, method, view, told) - set(told.answers)):
        problem = {
            "schema": shapes[Problem, "serialization"],
            "examples": answers.example(family, status),
        }
        found[str(status)] = {**_answer(status, counted), "content": {JSON: problem}}
    return found


def _answer(status: int, counted: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"description": answers.phrase(status)}
    named = answers.referred(status, counted and status != 401)
    return {**found, "headers": named} if named else found


def _refusals(rule: Rule, method: str, view: Any, told: Operation) -> set[int]:
    """The statuses of errors an operation can answer with."""
    found = {500, 503, *told.refuses}
    if view.guard != "public":
        found |= {401, 402, 403, 429}
    if told.query is not None or told.body is not None or method == "POST":
        found.add(400)
    if rule.arguments:
        found.add(404)
    if told.body is not None:
        found |= {413, 415} if JSON in told.takes or FORM in told.takes else {413}
    if told.bare:
        found |= {400, 413}
    if method == "POST" and view.guard != "public":
        found |= {409}
    if view.guard != "public":
        found.add(400)  # a profileId that is none
    return found


@cache
def _slug(path: str) -> str:
    return "_".join(re.findall(r"[A-Za-z0-9]+", _ARGUMENT.sub(r"\1", path)))
