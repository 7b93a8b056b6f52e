"""The catalogue in words for people: every cell is made from an entry's data, none is typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.networks.base import Capabilities, Option
from app.networks.figures import duration, file_size, kinds, some
from app.services.catalogue import Entry, alt_limit, max_videos

YES, NO = "yes", "no"
FEW = 30  # choices that a cell lists by name
WAYS = {"oauth": "sign-in", "app_password": "app password", "token": "pasted token"}
TAKES = {
    "flag": "yes or no", "text": "text", "lines": "text", "tags": "words",
    "texts": "text, or a list of texts", "number": "a number",
    "time": "a time", "destination": "a place of the account",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One network's line of the matrix: a cell a column, or none where we cannot publish."""

    entry: Entry
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """One option of a post in words."""

    name: str
    label: str
    takes: str
    default: str
    forms: str
    help: str


def matrix(entries: list[Entry]) -> tuple[tuple[str, ...], list[Line]]:
    """Headings, and a line a network."""
    lines = [Line(one, tuple(cell for _, cell in facts(one))) for one in entries]
    return tuple(COLUMNS), lines


def facts(one: Entry) -> list[tuple[str, str]]:
    """One network's line as pairs of heading and cell; empty where we cannot publish."""
    if one.caps is None:
        return []
    return [(heading, cell(one, one.caps)) for heading, cell in COLUMNS.items()]


def settings_of(one: Entry) -> list[Setting]:
    """Its options in words."""
    caps = one.caps
    if caps is None:
        return []
    titles = {form.name: form.title for form in caps.placements}
    return [
        Setting(
            option.name, option.label, _takes(option), _default(option),
            ", ".join(titles.get(name, name) for name in option.placements), option.help,
        )
        for option in caps.options
    ]  # fmt: skip


def _count(one: Entry, caps: Capabilities) -> str:
    return f"up to {caps.text_limit:,} {caps.text_unit}"


def _pictures(one: Entry, caps: Capabilities) -> str:
    if not caps.max_images:
        return NO
    return f"{kinds(caps.image_mimes)}, each up to {file_size(caps.max_image_bytes)}"


def _several(one: Entry, caps: Capabilities) -> str:
    carousel = next((form for form in caps.placements if form.name == "carousel"), None)
    if carousel is not None and carousel.max_files:
        return f"{carousel.min_files} to {carousel.max_files} pictures and videos, mixed"
    if carousel is not None:
        return f"{carousel.min_images} to {carousel.max_images} pictures"
    if caps.max_images < 2:
        return NO
    also = " and videos, mixed" if caps.mixes_media and max_videos(caps) > 1 else ""
    return f"up to {some(caps.max_images, 'picture')}{also}"


def _video(one: Entry, caps: Capabilities) -> str:
    if not caps.video_mimes:
        return NO
    words = [kinds(caps.video_mimes)]
    if caps.max_video_bytes:
        words.append(f"up to {file_size(caps.max_video_bytes)}")
    if caps.max_video_seconds:
        least = f"{duration(caps.min_video_seconds)} to " if caps.min_video_seconds else "up to "
        words.append(least + duration(caps.max_video_seconds))
    return ", ".join(words)


def _forms(one: Entry, caps: Capabilities) -> str:
    return ", ".join(form.title for form in caps.placements) or "one form"


def _card(one: Entry, caps: Capabilities) -> str:
    if caps.link_card:
        return "made by Carillon"
    return NO if caps.needs_media else f"left to {one.title}"


def _needs(one: Entry, caps: Capabilities) -> str:
    words = []
    if caps.needs_media:
        both = caps.max_images and caps.video_mimes
        words.append("a picture or a video" if both else "a picture" if caps.max_images
                     else "a video")  # fmt: skip
    if caps.destination:
        words.append(f"a {caps.destination}")
    words += [
        f"“{option.label}”"
        for option in caps.options
        if option.required and option.default is None and option.kind != "destination"
    ]
    return ", ".join(words) or "text or media"


def _chars(limit: int) -> str:
    return f"up to {limit:,} characters" if limit else NO


# Heading → what stands under it.
COLUMNS: dict[str, Callable[[Entry, Capabilities], str]] = {
    "Text": _count,
    "A post needs": _needs,
    "Pictures": _pictures,
    "Carousel, or several": _several,
    "Video": _video,
    "Forms": _forms,
    "Link card": _card,
    "Thread": lambda one, caps: YES if caps.threads else NO,
    "First comment": lambda one, caps: _chars(caps.comment_limit),
    "Picture descriptions": lambda one, caps: _chars(alt_limit(caps)),
    "Delete": lambda one, caps: YES if caps.deletes else NO,
    "Numbers": lambda one, caps: ", ".join(caps.metrics) or NO,
    "Posts a day": lambda one, caps: f"{caps.posts_a_day:,}" if caps.posts_a_day else "not told",
    "Ways in": lambda one, caps: ", ".join(WAYS.get(way, way) for way in one.ways),
}


def _takes(option: Option) -> str:
    if len(option.choices) > FEW:
        return f"one of {len(option.choices)}"
    if option.choices:
        return ", ".join(label for _, label in option.choices)
    limit = ""
    if option.limit:
        limit = f" up to {option.limit:,}" + (" characters" if option.kind != "tags" else "")
    return TAKES.get(option.kind, option.kind) + limit


def _default(option: Option) -> str:
    if option.default is None:
        return "has to be chosen" if option.required else "none"
    if isinstance(option.default, bool):
        return YES if option.default else NO
    return dict(option.choices).get(option.default, str(option.default))
