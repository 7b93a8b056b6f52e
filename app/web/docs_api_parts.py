"""The API's document as a page reads it: operations with rows, examples and snippets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.web.docs_api_snippets import Call, snippets

DEPTH = 4
PARTS = {"path": "path", "query": "query", "header": "header"}
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Row:
    """A parameter or a member of a body: ``name`` is its path, ``where`` the request's part."""

    name: str
    takes: str
    needed: bool = False
    about: str = ""
    where: str = ""
    example: str = ""


@dataclass(frozen=True)
class Reply:
    """One status an operation answers with. ``example`` is JSON, or nothing."""

    status: str
    about: str
    example: str = ""


@dataclass(frozen=True)
class Told:
    """One operation. ``body`` is the example as it is written into the console; ``file``: it
    is a file's bytes; ``keyless``: no
    key is asked for; ``people``: it takes a signed-in person, so there is no console."""

    id: str
    method: str
    path: str
    summary: str
    about: list[str]
    parameters: list[Row]
    kinds: list[str]
    file: bool
    members: list[Row]
    body: str
    good: list[Reply]
    refused: list[Reply]
    snippets: dict[str, str]
    keyless: bool
    people: bool


@dataclass(frozen=True)
class Section:
    """A tag of the document: a page. ``contract`` is the name of the API it belongs to."""

    tag: str
    slug: str
    contract: str
    about: str


def sections(document: dict[str, Any]) -> list[Section]:
    """The pages, contract after contract."""
    about = {one["name"]: one["description"] for one in document["tags"]}
    return [
        Section(tag, slug(tag), group["name"], about[tag])
        for group in document["x-tagGroups"]
        for tag in group["tags"]
    ]


def slug(tag: str) -> str:
    """``AMP: integrations`` as it stands in an address."""
    return "-".join(re.findall(r"[a-z0-9]+", tag.lower()))


def operations(document: dict[str, Any], tag: str) -> list[Told]:
    """Every operation with that tag, those of ``/api/v1`` before older ways to the same."""
    paths = sorted(document["paths"].items(), key=lambda one: not one[0].startswith("/api/v1"))
    return [
        _told(document, method.upper(), path, one)
        for path, entry in paths
        for method, one in entry.items()
        if tag in one["tags"]
    ]


def _told(document: dict[str, Any], method: str, path: str, one: dict[str, Any]) -> Told:
    contents = one.get("requestBody", {}).get("content", {})
    kind = next(iter(contents), "")
    example = contents[kind].get("example") if kind else None
    replies = [_reply(status, given) for status, given in one["responses"].items()]
    schemes = [name for given in one["security"] for name in given]
    call = Call(
        document["servers"][0]["url"], method, path, kind, example,
        basic=path.startswith("/v2/"), keyless=not schemes,
    )  # fmt: skip
    return Told(
        id=one["operationId"], method=method, path=path, summary=one["summary"],
        about=one.get("description", "").split("\n\n"),
        parameters=[_parameter(document, given) for given in one.get("parameters", [])],
        kinds=list(contents), file=call.file, body=call.written(),
        members=list(_members(document, contents[kind].get("schema", {}))) if kind else [],
        good=[one for one in replies if one.status < "300"],
        refused=[one for one in replies if one.status >= "300"], snippets=snippets(call),
        keyless=not schemes, people=schemes == ["session"],
    )  # fmt: skip


def _reply(status: str, given: dict[str, Any]) -> Reply:
    contents: dict[str, Any] = given.get("content", {})
    content: dict[str, Any] = next(iter(contents.values()), {})
    example = _pretty(content["example"]) if "example" in content else ""
    return Reply(status, given["description"], example)


def _parameter(document: dict[str, Any], given: dict[str, Any]) -> Row:
    schema = _whole(document, given["schema"])
    return Row(
        given["name"], _takes(document, schema), given.get("required", False),
        _about(given.get("description", ""), schema), PARTS[given["in"]],
    )  # fmt: skip


def _members(
    document: dict[str, Any], schema: dict[str, Any], under: str = "", depth: int = 0
) -> Iterator[Row]:
    """Every member of a body, those of its members after it."""
    schema = _whole(document, schema)
    needed = schema.get("required", [])
    for name, given in schema.get("properties", {}).items():
        path = f"{under}{name}"
        inner = _whole(document, given)
        about = _about(given.get("description", ""), inner)
        yield Row(path, _takes(document, inner), name in needed, about)
        item = _whole(document, inner.get("items", {}))
        if depth < DEPTH:
            yield from _members(document, inner, f"{path}.", depth + 1)
            yield from _members(document, item, f"{path}[].", depth + 1)


def _whole(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema itself: what it refers to, and the first of several that is not null."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _whole(document, document["components"]["schemas"][name])
    several = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    if several:
        return {"nullable": len(several) < len(schema["anyOf"]), **_whole(document, several[0])}
    return schema


def _takes(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """What a value may be, in words."""
    if "enum" in schema or "const" in schema:
        found = " · ".join(str(one) for one in schema.get("enum", [schema.get("const")]))
    elif schema.get("type") == "array":
        inner = _whole(document, schema.get("items", {}))
        found = f"list of {_takes(document, {**inner, 'nullable': False})}"
    else:
        found = schema.get("format") or schema.get("type") or "anything"
    return f"{found} or null" if schema.get("nullable") else str(found)


def _about(words: str, schema: dict[str, Any]) -> str:
    """The description, the limits and what stands where nothing is given."""
    limits = [
        f"{word} {schema[name]:,}{unit}."
        for name, word, unit in (
            ("minLength", "At least", " characters"), ("maxLength", "At most", " characters"),
            ("maxItems", "At most", " items"), ("minimum", "From", ""), ("maximum", "Up to", ""),
        )
        if name in schema and (name, schema[name]) != ("minLength", 1)
    ]  # fmt: skip
    if schema.get("default") not in (None, "", [], {}, False):
        limits.append(f"Default: {schema['default']}.")
    return " ".join([words, *limits]).strip()


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
