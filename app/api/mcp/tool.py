"""What a tool is: its words for the model, its arguments, what it may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import AliasChoices, BaseModel, Field

from app.api.contract import Camel
from app.permissions import Permission

KNOWN: dict[str, Tool] = {}


class Nothing(Camel):
    """No arguments."""


class Profile(Camel):
    """The brand that a tool is about."""

    profile_id: str | None = Field(
        default=None,
        description="The brand. Left out: the key's own, or every brand where the tool lists.",
    )


class Once(Profile):
    """Arguments of a tool that makes something."""

    idempotency_key: str | None = Field(
        default=None,
        description="Any text of yours. The same call with the same key within 24 hours makes"
        " nothing new and answers as the first time did.",
    )


@dataclass(frozen=True)
class Tool:
    """One tool. ``takes`` checks and describes its arguments, ``run`` does the work.

    ``makes`` is the table of what a call makes and ``again`` tells of it by its id, so that a
    call with an idempotency key can be answered after a crash.
    """

    name: str
    title: str
    description: str
    takes: type[BaseModel]
    run: Callable[[Any], BaseModel]
    need: Permission
    writes: bool = False
    destroys: bool = False
    repeatable: bool = False
    outward: bool = False
    makes: str = ""
    again: Callable[[UUID], BaseModel] | None = None

    def listed(self) -> dict[str, Any]:
        """The tool as ``tools/list`` tells it."""
        hints = {
            "title": self.title, "readOnlyHint": not self.writes,
            "openWorldHint": self.outward,
        }  # fmt: skip
        if self.writes:
            hints |= {"destructiveHint": self.destroys, "idempotentHint": self.repeatable}
        return {
            "name": self.name, "title": self.title, "description": self.description,
            "inputSchema": _schema(self.takes), "annotations": hints,
        }  # fmt: skip

    def knows(self, name: str) -> bool:
        """Whether it has an argument of that name, in either spelling."""
        for own, field in self.takes.model_fields.items():
            other = field.validation_alias
            names = other.choices if isinstance(other, AliasChoices) else [other]
            if name in (own, field.alias, *names):
                return True
        return False


def tool(
    title: str, *, need: str, takes: type[BaseModel] = Nothing, **rest: Any
) -> Callable[[Callable[[Any], BaseModel]], Callable[[Any], BaseModel]]:
    """Declare a tool; its name and description are those of the function."""

    def mark(run: Callable[[Any], BaseModel]) -> Callable[[Any], BaseModel]:
        words = " ".join((run.__doc__ or "").split())
        name = run.__name__
        KNOWN[name] = Tool(name, title, words, takes, run, Permission(need), **rest)
        return run

    return mark


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """The arguments as JSON Schema, without the titles pydantic makes of every name."""
    found = model.model_json_schema(by_alias=True)
    found.pop("description", None)
    untitled: dict[str, Any] = _untitled(found)
    untitled.setdefault("properties", {})
    return untitled


def _untitled(value: Any, names: bool = False) -> Any:
    """``names``: the members are names of fields, and one may be called title."""
    if isinstance(value, dict):
        return {
            name: _untitled(inner, name in ("properties", "$defs"))
            for name, inner in value.items()
            if names or name != "title" or not isinstance(inner, str)
        }
    if isinstance(value, list):
        return [_untitled(one) for one in value]
    return value
