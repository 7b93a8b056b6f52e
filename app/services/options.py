"""Settings of a post on one network: read from a form, and kept typed (DESIGN §6.4).

They come from the network's ``Capabilities`` alone. Where a post goes to several accounts of
a network, they are those of all of them and a choice is one that every account has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app import content
from app.clock import to_utc
from app.errors import ValidationFailed
from app.extensions import networks
from app.models.posts import Post
from app.networks import NETWORKS
from app.networks.base import Capabilities, Notice, Option, Placement
from app.services.composing import of

COMMENT, PLACEMENT = "firstComment", "placement"
MAX_LENGTH = 30_000  # code points of one setting; what a network takes is its own check
MAX_WORDS = 200
YEARS = range(2000, 2101)
FLAG_ON = "1"


@dataclass(frozen=True)
class Known:
    """What can be set on a network for the accounts a post goes to there."""

    options: tuple[Option, ...]
    placements: tuple[Placement, ...]
    comment_limit: int
    named: bool
    notices: tuple[Notice, ...]

    def one(self, name: str) -> Option | None:
        """The option of that name, placement and first comment among them."""
        if name == COMMENT:
            return Option(COMMENT, "First comment", "lines", limit=self.comment_limit)
        if name == PLACEMENT and self.placements:
            return self.placement
        return next((one for one in self.options if one.name == name), None)

    @property
    def placement(self) -> Option:
        """The picker of placements; a network may have put words beside it."""
        given = next((one for one in self.options if one.name == PLACEMENT), None)
        choices = tuple((one.name, one.title) for one in self.placements)
        if given is not None:
            return replace(given, choices=choices)
        return Option(PLACEMENT, "Kind of post", "choice", choices, blank="By what you add")


def known(post: Post | None, network: str) -> Known:
    """What can be set there, for the post's accounts, else for any."""
    found: list[Capabilities] = []
    for target in of(post, network) if post is not None else []:
        _, place = content.options_of(post, target) if post is not None else ({}, None)
        module = networks.of(target.account)
        found.append(module.capabilities(content.extras_of(target, place)))
    found = found or [networks.get(network).capabilities({})]
    merged: dict[str, Option] = {}
    for caps in found:
        for one in caps.options:
            merged[one.name] = _both(merged[one.name], one) if one.name in merged else one
    first = found[0]
    return Known(
        tuple(merged.values()), first.placements, max(c.comment_limit for c in found), first.named,
        first.notices,
    )  # fmt: skip


def _both(one: Option, other: Option) -> Option:
    """A setting of two accounts: what both can choose."""
    shared = tuple(pair for pair in one.choices if pair in other.choices)
    return replace(one, choices=shared or one.choices, locked=one.locked or other.locked)


# Storing ----------------------------------------------------------------------------------------


def checked(network: str, given: Mapping[str, Any], post: Post | None = None) -> dict[str, Any]:
    """Settings fit to be stored; empty ones are left out.

    Raises ``ValidationFailed`` naming ``options.<network>.<name>`` for one that the network does
    not have, and for a value of another kind. Whether the network takes it is a check's to say.
    """
    if network not in NETWORKS:
        raise ValidationFailed("We do not speak to that network.", field=f"options.{network}")
    here, found = known(post, network), {}
    title = networks.get(network).title
    for name, value in given.items():
        field, option = f"options.{network}.{name}", here.one(name)
        if option is None:
            raise ValidationFailed(f"{title} has no setting “{name[:60]}”.", field=field)
        if value is None or value == "" or value == []:
            continue
        if wrong := _wrong_kind(option, value):
            raise ValidationFailed(f"{option.label}: {wrong}", field=field)
        found[name] = value
    return found


def _wrong_kind(option: Option, value: Any) -> str:
    if option.kind == "flag":
        return "" if isinstance(value, bool) else "this is yes or no."
    if option.kind == "number":
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if plain and abs(value) < 1e15 else "this is a number."
    if option.kind == "tags":
        words = isinstance(value, list) and len(value) <= MAX_WORDS
        if not words or any(_wrong_text(one) for one in value):
            return "this is a list of words."
        return ""
    if option.kind == "texts" and isinstance(value, list):
        if len(value) > MAX_WORDS:
            return "this list is too long."
        return next((wrong for one in value if (wrong := _wrong_text(one))), "")
    return _wrong_text(value)


def _wrong_text(value: Any) -> str:
    if not isinstance(value, str):
        return "this is text."
    if len(value) > MAX_LENGTH:
        return f"keep this under {MAX_LENGTH:,} characters."
    if "\x00" in value or any(0xD800 <= ord(one) <= 0xDFFF for one in value):
        return "this holds a character that cannot be stored."
    return ""


# From the form ----------------------------------------------------------------------------------


def read(
    post: Post, network: str, typed: Mapping[str, Sequence[str]], zone: ZoneInfo
) -> tuple[dict[str, Any], dict[str, str]]:
    """The network's settings with what was typed, and what of it makes no sense, by name.

    What the form did not show stays as it was: another placement's settings come back with it.
    """
    here = known(post, network)
    stored = post.options.get(network, {})
    full: dict[str, Any] = {name: value for name, value in stored.items() if here.one(name)}
    errors: dict[str, str] = {}
    for name, values in typed.items():
        option = here.one(name)
        if option is not None and (option.locked or not option.shown):
            continue
        try:
            value = _value(option, values, zone) if option is not None else values[-1]
        except ValueError as error:
            errors[name] = str(error)
            continue
        if value in (None, "", []) or (option is not None and value == option.default
                                       and option.kind == "flag"):  # fmt: skip
            full.pop(name, None)
        else:
            full[name] = value
    return full, errors


def _value(option: Option, values: Sequence[str], zone: ZoneInfo) -> Any:
    """A form's value as it is stored; ``ValueError`` with a sentence where it makes no sense."""
    text = values[-1].replace("\r\n", "\n").strip()
    if option.kind == "flag":
        return (FLAG_ON in values) is not bool(option.opposite)
    if not text:
        return None
    if len(text) > MAX_LENGTH:
        raise ValueError(f"Keep this under {MAX_LENGTH:,} characters.")
    if option.kind == "choice" and text not in [key for key, _ in option.choices]:
        raise ValueError("Choose one from the list.")
    if option.kind == "number":
        return _number(text)
    if option.kind == "tags":
        words = [one.strip() for one in text.replace("\n", ",").split(",")]
        return [one for one in dict.fromkeys(words) if one][:MAX_WORDS]
    if option.kind == "time":
        return _moment(text, zone)
    return text


def _number(text: str) -> int | float:
    try:
        found = float(text.replace(",", ""))
    except ValueError:
        raise ValueError("Write a number.") from None
    if not abs(found) < 1e15:
        raise ValueError("Write a smaller number.")
    return int(found) if found.is_integer() else found


def _moment(text: str, zone: ZoneInfo) -> str:
    """A local time of the brand as an instant with its zone."""
    try:
        found = datetime.fromisoformat(text)
        if found.year not in YEARS:
            raise ValueError(found.year)
        return f"{to_utc(found, zone):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError):
        raise ValueError("Write the time as 2026-05-14T12:30.") from None


def reshapes(post: Post, network: str, before: Mapping[str, Any]) -> bool:
    """Whether a change since ``before`` shows other settings: placement, destination, a notice."""
    here, after = known(post, network), post.options.get(network, {})
    telling = {PLACEMENT, *(one.option for one in here.notices)}
    telling |= {one.name for one in here.options if one.kind == "destination"}
    return any(before.get(name) != after.get(name) for name in telling)
