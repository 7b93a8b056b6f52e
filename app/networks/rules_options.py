"""Options of a post on one network, checked and completed from their description alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.networks.base import Capabilities, Option, Placement, Problem

READ_OUT = 30  # choices that a sentence still names; of languages there are some 180


def completed(
    caps: Capabilities, options: Mapping[str, Any], images: int = 0, videos: int = 0
) -> dict[str, Any]:
    """The options of the placement, defaults filled in; what is unknown is left out.

    The placement is the chosen one, or the one that holds so many pictures and videos.
    ``placement`` and ``firstComment`` stay beside them.
    """
    placement = caps.placement(options, images, videos)
    full = {
        one.name: options[one.name] if given(options.get(one.name)) else one.default
        for one in options_of(caps, placement)
    }
    if placement is not None:
        full["placement"] = placement.name
    if given(options.get("firstComment")) and caps.comment_limit:
        full["firstComment"] = options["firstComment"]
    return {name: value for name, value in full.items() if value is not None}


def options_of(caps: Capabilities, placement: Placement | None) -> list[Option]:
    """The options of a placement."""
    return [
        one
        for one in caps.options
        if not one.placements or (placement is not None and placement.name in one.placements)
    ]


def given(value: Any) -> bool:
    """Whether anything was chosen or written."""
    return value is not None and value != "" and value != []


def wrong_options(
    caps: Capabilities, placement: Placement | None, options: Mapping[str, Any], here: str
) -> list[Problem]:
    """What is missing or does not fit; ``here`` is the network as people say it."""
    found: list[Problem] = []
    for one in options_of(caps, placement):
        value = options.get(one.name)
        field = f"options.{one.name}"
        if not given(value):
            if one.required and one.default is None:
                found.append(Problem(field, f"Choose for {here}: {one.label}.", fix="choose"))
            continue
        says = _wrong(one, value)
        if says:
            found.append(Problem(field, f"{one.label}: {says}", fix="choose"))
    return found


def _wrong(one: Option, value: Any) -> str:
    """What is wrong with a value, in words; empty where nothing is."""
    if one.kind == "choice":
        values = [known for known, _ in one.choices]
        if value in values:
            return ""
        few = len(values) <= READ_OUT
        return f"choose one of {', '.join(values) if few else 'the list'}."
    if one.kind == "flag":
        return "" if isinstance(value, bool) else "this is yes or no."
    if one.kind == "number":
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if plain else "this is a number."
    if one.kind == "tags":
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            return "this is a list of words."
        return f"at most {one.limit}." if one.limit and len(value) > one.limit else ""
    if one.kind == "texts":
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            return "this is text, or a list of texts."
        return next((wrong for text in texts if (wrong := _too_long(one, text))), "")
    if not isinstance(value, str):
        return "this is text."
    if one.kind == "time":
        return "" if _moment(value) else "this is a time with its zone: 2026-05-01T09:00:00Z."
    return _too_long(one, value)


def _too_long(one: Option, text: str) -> str:
    if one.limit and len(text) > one.limit:
        return f"at most {one.limit:,} characters, these are {len(text):,}."
    return ""


def _moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def named(name: str) -> str:
    """The name with its article, at a sentence's beginning."""
    return f"{'An' if name[:1] in 'AEIOUX' else 'A'} {name}"


def wrong_comment(
    caps: Capabilities, placement: Placement | None, options: Mapping[str, Any], here: str
) -> list[Problem]:
    """Whether the first comment can be made, and how long it may be."""
    text = options.get("firstComment")
    if not given(text):
        return []
    says, fix = "", "remove"
    if not caps.comment_limit:
        says = f"{here} takes no first comment from us."
    elif placement is not None and not placement.comment:
        says = f"{named(here)} {placement.title.lower()} takes no comment."
    elif not isinstance(text, str):
        says = "The first comment is text."
    elif len(text) > caps.comment_limit:
        says, fix = (
            f"{here} takes comments up to {caps.comment_limit:,} characters, this one has "
            f"{len(text):,}.",
            "shorten",
        )
    return [Problem("comment", says, fix=fix)] if says else []
