"""Meta's own lists of nodes, fields, edges and parameters, as its ``facebook-business`` package
carries them, made from the specifications that networks/facebook.md §0 names.

The files are read, not imported: each call's parameters stand in its method. Known gaps (there
and here): bytes in a multipart body are not listed, nor what every read takes.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Of every call; of every read of a list (networks/facebook.md §6: Graph's own paging).
GENERAL = {"fields", "appsecret_proof"}
PAGING = {"limit", "after", "since", "until"}


@dataclass(frozen=True)
class Edge:
    """A call of a node: ``endpoint`` is ``/feed``, or ``/`` for the node itself."""

    name: str
    method: str
    endpoint: str
    params: Mapping[str, str]
    enums: Mapping[str, tuple[str, str]]
    target: str


@dataclass(frozen=True)
class Node:
    name: str
    fields: Mapping[str, str]
    edges: tuple[Edge, ...]
    words: Mapping[str, frozenset[str]]

    def edge(self, method: str, endpoint: str) -> Edge:
        """The one call; what does not exist is an assertion's failure."""
        found = [e for e in self.edges if (e.method, e.endpoint) == (method, endpoint)]
        assert found, f"{self.name} has no {method} {endpoint}"
        return found[0]


@cache
def node(name: str) -> Node | None:
    """A node by the name of its file, such as ``pagepost``; ``None`` for a type nobody lists."""
    found = find_spec("facebook_business")
    assert found is not None and found.origin is not None
    path = Path(found.origin).parent / "adobjects" / f"{name.lower()}.py"
    if not path.is_file() or path.stem.startswith("abstract"):
        return None
    made = next(n for n in ast.parse(path.read_text("utf-8")).body if isinstance(n, ast.ClassDef))
    inner = {one.name: one for one in made.body if isinstance(one, ast.ClassDef)}
    words = {
        one: frozenset(str(part.value.value) for part in body.body
                       if isinstance(part, ast.Assign) and isinstance(part.value, ast.Constant))
        for one, body in inner.items()
    }  # fmt: skip
    types: Mapping[str, str] = next(
        (
            ast.literal_eval(part.value)
            for part in made.body
            if isinstance(part, ast.Assign) and ast.unparse(part.targets[0]) == "_field_types"
        ),
        {},
    )
    edges = tuple(
        edge for part in made.body if isinstance(part, ast.FunctionDef) for edge in _edge(part)
    )
    fields = {field: types.get(field, "") for field in words.get("Field", frozenset())}
    return Node(name.lower(), fields, edges, words)


def _edge(made: ast.FunctionDef) -> Iterator[Edge]:
    found: dict[str, ast.expr] = {}
    for part in ast.walk(made):
        if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name):
            found.setdefault(part.targets[0].id, part.value)
        elif isinstance(part, ast.Call) and ast.unparse(part.func) == "FacebookRequest":
            found |= {word.arg: word.value for word in part.keywords if word.arg}
    if "endpoint" not in found or "param_types" not in found:
        return
    enums = found.get("enums")
    assert isinstance(enums, ast.Dict)
    lists = {
        str(ast.literal_eval(key)): ast.unparse(value)
        for key, value in zip(enums.keys, enums.values, strict=True)
        if key is not None
    }
    yield Edge(
        made.name, ast.literal_eval(found["method"]), ast.literal_eval(found["endpoint"]),
        ast.literal_eval(found["param_types"]),
        {one: (text.split(".")[0], text.split(".")[1]) for one, text in lists.items()
         if text.endswith("__dict__.values()")},
        ast.unparse(found["target_class"]),
    )  # fmt: skip


def params_fit(edge: Edge, told: Mapping[str, Any], *, gaps: frozenset[str]) -> None:
    """Assert that names and values of a call's parameters are listed; ``gaps`` are not."""
    taken = GENERAL | (PAGING if edge.method == "GET" else set()) | gaps
    for name, value in told.items():
        if name in edge.params:
            kind = edge.params[name]
            assert _fits(edge, kind, value), f"{edge.name}: {name} is no {kind}: {value!r}"
        else:
            assert name in taken, f"{edge.name} takes no {name}"


def _fits(edge: Edge, kind: str, value: Any) -> bool:
    listed = re.fullmatch(r"list(?:<(.+)>)?", kind)
    if listed is not None:
        return all(_fits(edge, listed[1] or "Object", one) for one in _items(value))
    if kind in ("int", "unsigned int", "float"):
        return not isinstance(value, bool) and str(value).lstrip("-").replace(".", "", 1).isdigit()
    if kind == "bool":
        return isinstance(value, bool) or value in ("true", "false")
    if kind in edge.enums:
        owner, word = edge.enums[kind]
        found = node(owner)
        return found is not None and value in found.words[word]
    if kind == "map":
        return isinstance(value, dict)
    if kind == "string":
        return isinstance(value, str | tuple)  # a file is listed as text
    return value is not None


def _items(value: Any) -> list[Any]:
    """A list, as it is or as text: JSON, or words between commas."""
    if isinstance(value, str):
        return list(json.loads(value)) if value.startswith("[") else value.split(",")
    return list(value) if isinstance(value, list) else [None]


def fields_fit(of: Node, text: str, *, gaps: frozenset[str] = frozenset()) -> None:
    """Assert that every field asked for is one of the node, or an edge of it that is read."""
    for name, inner in _fields(text):
        if name in gaps:
            continue
        kind = of.fields.get(name)
        if kind is None:
            kind = of.edge("GET", f"/{name}").target
        target = node(kind.removeprefix("list<").removesuffix(">"))
        if inner and target is not None:
            fields_fit(target, inner)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """``a,b{c,d},e.limit(0).summary(true)`` → ``("a", ""), ("b", "c,d"), ("e", "")``."""
    depth, start = 0, 0
    for place, letter in enumerate(f"{text},"):
        depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            one = text[start:place]
            name = re.match(r"\w+", one)
            assert name is not None, text
            inner = one[name.end() + 1 : -1] if one[name.end() : name.end() + 1] == "{" else ""
            yield name[0], inner
            start = place + 1
