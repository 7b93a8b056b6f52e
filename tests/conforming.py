"""Every answer of a declared address is what the OpenAPI document says of it."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, request
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from app.api import openapi
from app.api.contract import declared

ROOT = "urn:carillon:openapi"


class Conforming:
    """Watches an application; ``faults`` are the answers that are off their schema."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.faults: list[str] = []
        self._validators: dict[str, Draft202012Validator] = {}
        app.after_request(self._look)

    def _look(self, response: Response) -> Response:
        rule = request.url_rule
        if rule is None or declared(self.app.view_functions[rule.endpoint]) is None:
            return response
        if request.method in ("HEAD", "OPTIONS"):
            return response
        fault = self._fault(rule.rule, response)
        if fault:
            self.faults.append(f"{request.method} {request.path} -> {response.status}: {fault}")
        return response

    def _fault(self, rule: str, response: Response) -> str:
        path = openapi.braced(rule)
        document = openapi.document(self.app)
        told = document["paths"][path][request.method.lower()]["responses"]
        status = str(response.status_code)
        if status not in told:
            return "a status that is not documented"
        content = told[status].get("content")
        if content is None:
            return "a body that is not documented" if response.get_data() else ""
        if response.mimetype not in content and response.mimetype != "application/problem+json":
            return f"the content type {response.mimetype}"
        kind = response.mimetype if response.mimetype in content else "application/json"
        schema = content[kind]["schema"]
        if response.is_streamed or not kind.endswith("json"):
            return ""
        error = next(self._validator(schema).iter_errors(json.loads(response.get_data())), None)
        return "" if error is None else f"{error.json_path}: {error.message[:300]}"

    def _validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        name = json.dumps(schema, sort_keys=True)
        if name not in self._validators:
            whole = Resource.from_contents(openapi.document(self.app), DRAFT202012)
            registry = Registry().with_resource(ROOT, whole)
            absolute = json.loads(name.replace('"#/', f'"{ROOT}#/'))
            self._validators[name] = Draft202012Validator(absolute, registry=registry)
        return self._validators[name]


def conforming(app: Flask) -> Flask:
    """The application, watched."""
    app.extensions["conforming"] = Conforming(app)
    return app


def conformed(app: Flask) -> None:
    """Fail the test in which an answer was off its schema."""
    watch: Conforming = app.extensions["conforming"]
    faults, watch.faults = watch.faults, []
    assert not faults, "\n".join(faults)
