"""The OpenAPI document: valid, whole, and its examples as its schemas say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from app.api import openapi
from tests.conftest import Browser

ROOT = "urn:document"


@pytest.fixture(scope="module")
def document(installation: Flask) -> Any:
    return openapi.document(installation)


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    """Every operation with its method and path."""
    for path, entry in document["paths"].items():
        for method, told in entry.items():
            yield f"{method.upper()} {path}", told


def test_it_is_valid_openapi_3_1_and_served_as_it_is(client: Browser, document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    assert not list(OpenAPIV31SpecValidator(document).iter_errors())
    assert client.get("/api/v1/openapi.json").get_json() == document


def test_every_operation_says_what_it_does_and_how_it_refuses(document: Any) -> None:
    tags = {one["name"]: one["description"] for one in document["tags"]}
    assert all(tags.values())
    for place, told in operations(document):
        assert told["summary"] and told["description"] and told["description"][-1] in ".:", place
        assert set(told["tags"]) <= set(tags), place
        for status, answer in told["responses"].items():
            assert answer["description"] != "Something went wrong.", (place, status)
        if told["security"]:
            assert {"401", "402", "403", "429"} <= set(told["responses"]), place


def test_every_tag_stands_in_one_contract(document: Any) -> None:
    grouped = [tag for group in document["x-tagGroups"] for tag in group["tags"]]
    assert sorted(grouped) == [one["name"] for one in document["tags"]]


def test_operation_ids_are_unique_and_follow_from_the_address(document: Any) -> None:
    found = [(place, told["operationId"]) for place, told in operations(document)]
    assert len({one for _, one in found}) == len(found)
    for place, one in found:
        method, _, path = place.partition(" ")
        assert one == "_".join([method.lower(), *re.findall(r"[A-Za-z0-9]+", path)])


def test_every_body_and_every_answer_has_an_example_that_fits_its_schema(document: Any) -> None:
    registry = Registry().with_resource(ROOT, Resource.from_contents(document, DRAFT202012))
    for place, told in operations(document):
        for name, schema, example in examples(document, told):
            absolute = absolutely(schema)
            validator = Draft202012Validator(absolute, registry=registry)
            error = next(validator.iter_errors(example), None)
            assert error is None, f"{place} {name}: {error.json_path} {error.message[:200]}"


def examples(document: Any, told: Any) -> Iterator[tuple[str, Any, Any]]:
    """Every content of an operation: its place, schema and example."""
    contents = {"body": told.get("requestBody", {})} | told["responses"]
    for name, one in contents.items():
        for kind, content in one.get("content", {}).items():
            if "json" not in kind and "form" not in kind:
                continue
            found = content.get("example")
            if found is None:
                reference = next(iter(content["examples"].values()))["$ref"]
                found = document["components"]["examples"][reference.rpartition("/")[2]]["value"]
            yield f"{name} {kind}", content["schema"], found


def absolutely(schema: Any) -> Any:
    """The schema with references into the document."""
    if isinstance(schema, dict):
        return {
            name: f"{ROOT}{value}" if name == "$ref" else absolutely(value)
            for name, value in schema.items()
        }
    return [absolutely(one) for one in schema] if isinstance(schema, list) else schema


def test_an_answer_counted_by_the_hour_names_its_headers(document: Any) -> None:
    told = document["paths"]["/api/v1/posts"]["get"]["responses"]
    assert "X-RateLimit-Remaining" in told["200"]["headers"]
    assert "Retry-After" in told["429"]["headers"]
    assert "headers" not in document["paths"]["/api/v1"]["get"]["responses"]["200"]
