"""Operations and models that were generated from a network's OpenAPI description, read from the
packages that carry them: ``xdk`` (X's own) and ``pinterestsdk`` (Pinterest's description 5.28).

Only the modules that are wanted are loaded: the packages themselves load thousands of models.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

from tests.networks.witness_wire import Exchange


@dataclass(frozen=True)
class Operation:
    """One call of a description: its way, the types of its query and form, its bodies."""

    name: str
    method: str
    path: str
    query: Mapping[str, Any]
    needed: frozenset[str]
    body: Any = None
    answer: Any = None
    form: Mapping[str, Any] = field(default_factory=dict)

    def is_this(self, found: Exchange, base: str) -> bool:
        """Whether a request goes this way; parameters of the path are one segment."""
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(base + self.path))
        way = re.fullmatch(pattern, found.request.url.path)
        return way is not None and found.request.method == self.method


def bare(package: str, *rooms: str) -> None:
    """Let modules of a package be imported without what its ``__init__`` imports."""
    if package in sys.modules:
        (home,) = sys.modules[package].__path__
    else:
        found = find_spec(package)
        assert found is not None and found.submodule_search_locations is not None, package
        (home,) = found.submodule_search_locations
    for name in (package, *(f"{package}.{room}" for room in rooms)):
        if name not in sys.modules:
            made = ModuleType(name)
            made.__path__ = [home + name.removeprefix(package).replace(".", "/")]
            sys.modules[name] = made


def operations(
    module: str, owner: str, names: str, read: Callable[[str, Callable[..., Any]], Operation]
) -> Iterator[Operation]:
    """The calls of a generated client with these names (words of one text)."""
    found = getattr(import_module(module), owner)
    yield from (read(name, getattr(found, name)) for name in names.split())


def of_xdk(name: str, made: Callable[..., Any]) -> Operation:
    """A call of X's own client: its address and names are written in its body."""
    code, module = inspect.getsource(made), sys.modules[made.__module__]
    hints = get_type_hints(made, {"Literal": Literal, **vars(module)})  # left out there
    named = {
        parameter: wire
        for wire, parameter in re.findall(
            r'params\["([^"]+)"\]\s*=\s*(?:",".join\(\s*str\(item\) for item in )?(\w+)', code
        )
    }
    needed = {
        named[one.name]
        for one in inspect.signature(made).parameters.values()
        if one.name in named and one.default is inspect.Parameter.empty
    }
    address = re.search(r'url = self\.client\.base_url \+ "([^"]+)"', code)
    verb = re.search(r"self\.client\.session\.(get|post|put|delete|patch)\(", code)
    assert address is not None and verb is not None, name
    types = {wire: hints[parameter] for parameter, wire in named.items()}
    answer = hints["return"]  # of a list: its pages
    return Operation(
        name, verb[1].upper(), address[1], types, frozenset(needed), hints.get("body"),
        get_args(answer)[0] if get_origin(answer) is not None else answer,
    )  # fmt: skip


def of_generator(name: str, made: Callable[..., Any]) -> Operation:
    """A call of a client that openapi-generator wrote: its way lies in ``_…_serialize``."""
    module = sys.modules[made.__module__]
    owner = made.__qualname__.partition(".")[0]
    code = inspect.getsource(getattr(getattr(module, owner), f"_{name}_serialize"))
    hints = get_type_hints(made, vars(module), include_extras=True)
    queried, formed = (
        dict(re.findall(rf"_{place}_params\.append\(\('([^']+)', (\w+)", code))
        for place in ("query", "form")
    )
    needed = {
        wire
        for wire, parameter in (queried | formed).items()
        if inspect.signature(made).parameters[parameter].default is inspect.Parameter.empty
    }
    sent = re.search(r"_body_params = (\w+)\n", code)
    way = re.search(r"method='(\w+)',\s*resource_path='([^']+)'", code)
    assert way is not None, name
    body = next((arg for arg in _types(hints[sent[1]])), None) if sent is not None else None
    return Operation(
        name, way[1], way[2], {wire: hints[one] for wire, one in queried.items()},
        frozenset(needed), body, hints.get("return"),
        {wire: hints[one] for wire, one in formed.items()},
    )  # fmt: skip


def _types(hint: Any) -> Iterator[Any]:
    """The models in an annotation."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for inner in get_args(hint):
        yield from _types(inner)


def form_fits(operation: Operation, told: Mapping[str, str]) -> None:
    """Assert that a form is the description's."""
    _named(operation, told, operation.form)


def answer_fits(operation: Operation, told: Any) -> None:
    """Assert that a generated model can be made of an answer, and has each name in it."""
    (model,) = _types(operation.answer)
    rows = told.values() if str(operation.answer).startswith("typing.Dict") else [told]
    for one in rows:
        strays = list(invented(one, model.from_dict(one)))
        assert not strays, f"{operation.name}: {strays}"


def invented(told: Any, read: Any, where: str = "") -> Iterator[str]:
    """Names of an answer that the model read of it does not have."""
    read = getattr(read, "actual_instance", read)
    if isinstance(told, dict) and isinstance(read, BaseModel):
        named = {one.alias or name: name for name, one in type(read).model_fields.items()}
        for name, inner in told.items():
            if name not in named:
                yield f"{where}.{name}"
            else:
                yield from invented(inner, getattr(read, named[name]), f"{where}.{name}")
    elif isinstance(told, list) and isinstance(read, list):
        for one, two in zip(told, read, strict=True):
            yield from invented(one, two, f"{where}[]")


def query_fits(operation: Operation, told: Mapping[str, str]) -> None:
    """Assert that names, types and words of a query are the description's."""
    _named(operation, told, operation.query)


def _named(operation: Operation, told: Mapping[str, str], kinds: Mapping[str, Any]) -> None:
    for wire, text in told.items():
        assert wire in kinds, f"{operation.name} takes no {wire}"
        kind = TypeAdapter(kinds[wire])
        try:
            if "List[" in str(kinds[wire]):
                kind.validate_python(text.split(","))
            else:
                kind.validate_strings(text)
        except ValidationError as error:
            raise AssertionError(f"{operation.name}, {wire}={text}: {error}") from error
    missing = (operation.needed & set(kinds)) - set(told)
    assert not missing, f"{operation.name} needs {missing}"


def unknown(value: Any, where: str = "") -> Iterator[str]:
    """Names that a validated model kept although the description has none of them."""
    if isinstance(value, BaseModel):
        yield from (f"{where}.{name}" for name in value.model_extra or ())
        for name in value.model_fields_set - set(value.model_extra or ()):
            yield from unknown(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, list):
        for one in value:
            yield from unknown(one, f"{where}[]")


def lost(sent: Any, kept: Any, where: str = "") -> Iterator[str]:
    """What a generated model did not keep of the JSON it was made of."""
    kept = getattr(kept, "value", kept)
    if isinstance(sent, dict):
        for name, inner in sent.items():
            if not isinstance(kept, dict) or name not in kept:
                yield f"{where}.{name}"
            else:
                yield from lost(inner, kept[name], f"{where}.{name}")
    elif isinstance(sent, list):
        if not isinstance(kept, list) or len(kept) != len(sent):
            yield where
        else:
            for one, two in zip(sent, kept, strict=True):
                yield from lost(one, two, f"{where}[]")
    elif sent != kept:
        yield where


def asked(found: Exchange, known: list[Operation], base: str) -> Operation:
    """The one operation that a request is."""
    fitting = [one for one in known if one.is_this(found, base)]
    exact = [one for one in fitting if "{" not in one.path] or fitting
    assert len(exact) == 1, f"the description has no {found.call}: {[o.name for o in exact]}"
    return exact[0]
