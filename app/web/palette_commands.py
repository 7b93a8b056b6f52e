"""What the command palette can do beside going to a page of the rail."""

from __future__ import annotations

from dataclasses import dataclass

from app.services import palette
from app.web import navigation


@dataclass(frozen=True)
class Command:
    """A line of the palette. ``also`` are words people use for it; ``keys`` its shortcut."""

    label: str
    icon: str
    href: str
    also: str = ""
    keys: str = ""


# Endpoint, label, icon, other words for it, shortcut. Shown only while its endpoint exists.
ACTIONS = (
    ("drafts.new", "New post", "pen-line", "write compose draft create", "c"),
    ("find_replace.index", "Find and replace in planned posts", "search", "change text all", ""),
    ("posting_times.index", "Posting times", "clock", "slots queue schedule", ""),
    ("imports.index", "Import posts from a file", "upload", "csv spreadsheet folder", ""),
    ("exports.index", "Export posts", "download", "csv backup download", ""),
    ("feeds.index", "Calendar links", "link", "ical feed subscribe google outlook", ""),
    ("pausing.index", "Pause posting", "pause", "stop hold resume go on everything", ""),
    ("settings.new_profile", "New brand", "plus", "profile workspace create", ""),
    ("me.index", "Your settings", "user-round", "theme password profile dark light", ""),
    ("docs.index", "Help", "circle-question-mark", "docs guide documentation", ""),
)  # fmt: skip
ALSO = {
    "calendar": "plan schedule month week", "drafts": "approvals review waiting",
    "media": "pictures videos library files", "templates": "snippets", "recurring": "series repeat",
    "connections": "accounts networks connect reconnect", "developer": "api keys mcp",
    "analytics": "results statistics", "team": "people invite members",
    "billing": "plan invoices pay", "settings": "brand time zone name",
}  # fmt: skip
MOST = 7


def pages(text: str) -> list[Command]:
    """Sections and actions with all the words, what starts with them first; all without any."""
    wanted = palette.words_of(text)
    found = [one for one in _all() if palette.matches(wanted, one.label, one.also)]
    if wanted:
        found.sort(key=lambda one: not one.label.casefold().startswith(wanted[0]))
        return found[:MOST]
    return found


def brands(text: str) -> list[Command]:
    """The person's other brands with all the words; each leads to the same section."""
    wanted, shell = palette.words_of(text), navigation.current()
    here = shell.profile.slug if shell.profile else ""
    return [
        Command(one.name, "arrow-right", navigation.place("calendar.index", one.slug), "brand")
        for one in shell.profiles
        if wanted and one.slug != here and palette.matches(wanted, one.name, "brand")
    ][:MOST]


def _all() -> list[Command]:
    actions = [
        Command(label, icon, href, also, keys)
        for endpoint, label, icon, also, keys in ACTIONS
        if (href := navigation.place(endpoint))
    ]
    ways = [
        Command(
            way.entry.label, way.entry.icon, way.href, ALSO.get(way.entry.key, ""),
            way.entry.shortcut,
        )
        for way in navigation.ways()
    ]  # fmt: skip
    return actions[:1] + ways + actions[1:]
