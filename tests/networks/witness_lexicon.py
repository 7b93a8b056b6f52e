"""Values held against Bluesky's lexicons, which lexrpc carries unchanged, by lexrpc's own
validator. What that leaves to others is held here: that nothing is sent that no lexicon names,
and the kinds and sizes of files. (The npm package of the same lexicons, @atproto/api, is 16 MB.)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import cache
from typing import Any

import httpx2 as httpx
from lexrpc.base import Base
from multiformats import CID

from tests.networks.witness_wire import Exchange

Schema = Mapping[str, Any]

# What the written documentation asks for and the lexicon leaves out (networks/bluesky.md §2).
UNWRITTEN: Mapping[str, Schema] = {
    "app.bsky.video.uploadVideo": {
        "type": "params", "required": ["did", "name"],
        "properties": {"did": {"type": "string", "format": "did"}, "name": {"type": "string"}},
    },
}  # fmt: skip


@cache
def lexicons() -> Base:
    return Base()


def definition(name: str, inside: str = "") -> Schema:
    """What a lexicon defines: ``app.bsky.embed.images``, ``…#image``, or ``#image`` inside."""
    full = inside.partition("#")[0] + name if name.startswith("#") else name
    found = lexicons().defs.get(full.removesuffix("#main"))
    assert found is not None, f"no lexicon has {full}"
    return found["record"] if found["type"] == "record" else found


def native(value: Any) -> Any:
    """JSON in the data model: ``{"$link": …}`` is a content id."""
    if isinstance(value, dict):
        if set(value) == {"$link"}:
            return CID.decode(value["$link"])
        return {name: native(inner) for name, inner in value.items()}
    return [native(one) for one in value] if isinstance(value, list) else value


def strays(value: Any, schema: Schema, inside: str, where: str) -> Iterator[str]:
    """Names that no lexicon knows, and files of a wrong kind or size."""
    kind = schema["type"]
    if kind == "ref":
        yield from strays(value, definition(schema["ref"], inside), _of(schema, inside), where)
    elif kind in ("union", "unknown") and isinstance(value, dict) and "$type" in value:
        name = str(value["$type"])
        yield from strays(value, definition(name), name, where)
    elif kind == "array":
        for place, one in enumerate(value):
            yield from strays(one, schema["items"], inside, f"{where}[{place}]")
    elif kind == "blob":
        yield from _file(value, schema, where)
    elif kind in ("object", "params"):
        known = schema["properties"]
        for name, inner in value.items():
            if name not in known and name != "$type":
                yield f"{where}.{name} is not in the lexicon"
            elif name in known and inner is not None:
                yield from strays(inner, known[name], inside, f"{where}.{name}")


def _of(schema: Schema, inside: str) -> str:
    name = str(schema["ref"])
    return inside if name.startswith("#") else name.partition("#")[0]


def _file(value: Any, schema: Schema, where: str) -> Iterator[str]:
    if set(value) != {"$type", "ref", "mimeType", "size"} or value["$type"] != "blob":
        yield f"{where} is no file: {value}"
        return
    if not any(fnmatch(value["mimeType"], taken) for taken in schema.get("accept", ["*/*"])):
        yield f"{where} is {value['mimeType']}"
    if value["size"] > schema.get("maxSize", value["size"]):
        yield f"{where} is too large"


def _fits(nsid: str, part: str, value: Any, schema: Schema, *, closed: bool) -> None:
    found = list(strays(value, schema, nsid, part)) if closed else []
    assert not found, f"{nsid}: {found}"
    lexicons().validate(nsid, part, native(value))


def typed(params: httpx.QueryParams, schema: Schema) -> dict[str, Any]:
    """A query in the types of its lexicon."""
    found: dict[str, Any] = {}
    for name in params:
        told, values = schema["properties"].get(name), params.get_list(name)
        if told is not None and told["type"] == "array":
            found[name] = values
            continue
        assert len(values) == 1, name
        kind = told["type"] if told is not None else "string"
        read = {"integer": int, "boolean": {"true": True, "false": False}.__getitem__}
        found[name] = read.get(kind, str)(values[0])
    return found


def _query(nsid: str, params: httpx.QueryParams, method: Schema) -> None:
    schema = method.get("parameters") or {"type": "params", "properties": {}}
    schema = UNWRITTEN.get(nsid, schema)
    value = typed(params, schema)
    missing = set(schema.get("required", ())) - set(value)
    assert not missing, f"{nsid} needs {missing}"
    if nsid in UNWRITTEN:
        assert not list(strays(value, schema, nsid, "parameters")), nsid
    else:
        _fits(nsid, "parameters", value, schema, closed=True)


def asked(found: Exchange) -> str:
    """Assert that a request is as its lexicon says; its name."""
    request = found.request
    nsid = request.url.path.rpartition("/xrpc/")[2]
    method = definition(nsid)
    assert method["type"] == {"GET": "query", "POST": "procedure"}[request.method], nsid
    _query(nsid, request.url.params, method)
    told = method.get("input")
    if told is None:
        assert not request.content, f"{nsid} takes no body"
    elif told["encoding"] == "application/json":
        assert found.kind == "application/json", f"{nsid}: {found.kind}"
        value, schema = json.loads(request.content), told["schema"]
        _fits(nsid, "input", value, schema, closed=True)
    else:
        assert request.content and fnmatch(found.kind, told["encoding"]), f"{nsid}: {found.kind}"
    return nsid


def answered(found: Exchange) -> None:
    """Assert that an answer is as its lexicon says, or a refusal in the protocol's form.

    Answers are open: servers may tell more than a lexicon names.
    """
    nsid = found.request.url.path.rpartition("/xrpc/")[2]
    told, method = found.response, definition(nsid)
    if told.status_code != 200:
        error = told.json()
        assert isinstance(error["error"], str) and " " not in error["error"], nsid
        assert isinstance(error.get("message", ""), str), nsid
        return
    output = method.get("output")
    if output is None:
        assert not told.content or told.json() == {}, f"{nsid} answers nothing"
        return
    assert told.headers["content-type"].partition(";")[0] == output["encoding"], nsid
    _fits(nsid, "output", told.json(), output["schema"], closed=False)
