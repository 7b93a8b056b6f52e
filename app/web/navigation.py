"""What the signed-in shell shows: brand, brands, person, counts, alerts and ways to go.

The shell knows only this plain data. A builder, given to ``use``, fills it from services
once a request, and only when a template looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from flask import Flask, current_app, g, request, url_for
from werkzeug.local import LocalProxy

THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class Brand:
    """A profile as the shell and the switcher show it; ``place`` is the zone's city."""

    name: str
    slug: str
    time_zone: str
    accounts: int = 0
    failing: bool = False  # something did not go out: a red dot in the switcher
    picture: str = ""
    hue: int = 5

    @property
    def place(self) -> str:
        return self.time_zone.rsplit("/", 1)[-1].replace("_", " ")


@dataclass(frozen=True)
class Person:
    """Who is signed in. ``theme`` is auto, light or dark, empty to follow the browser's cookie."""

    name: str
    email: str
    theme: str = ""
    shortcuts: bool = True  # single-letter shortcuts (WCAG 2.1.4)
    operator: bool = False
    hue: int = 2


@dataclass(frozen=True)
class Count:
    """Something that needs a person, beside a way to go; ``tone`` is empty or alarm."""

    number: int
    tone: str = ""


@dataclass(frozen=True)
class Alert:
    """A bar on every page: overdue posts, a paused engine, practice accounts.

    With ``action`` (words) and ``href`` it has a button; ``post`` makes that a POST.
    """

    title: str
    text: str = ""
    tone: str = "alarm"
    action: str = ""
    href: str = ""
    post: bool = False


@dataclass(frozen=True)
class Shell:
    """Everything the layout needs. Empty for somebody who is not signed in."""

    user: Person | None = None
    profile: Brand | None = None
    profiles: Sequence[Brand] = ()
    counts: Mapping[str, Count] = field(default_factory=dict)  # by Entry.key
    alerts: Sequence[Alert] = ()


@dataclass(frozen=True)
class Entry:
    """One way to go. Shown only while its endpoint exists."""

    key: str
    label: str
    icon: str
    endpoint: str
    section: str = ""
    shortcut: str = ""
    short: str = ""  # the word in the tab bar; without one it is not there
    operator: bool = False  # only for those who run the installation


@dataclass(frozen=True)
class Way:
    """An entry that can be gone to now, with its address."""

    entry: Entry
    href: str
    current: bool
    count: Count | None


# The order of the rail (DESIGN §4). A page that does not exist yet is simply not shown.
ENTRIES = (
    Entry("calendar", "Calendar", icon="calendar", endpoint="calendar.index",
          shortcut="g c", short="Calendar"),
    Entry("drafts", "Drafts", icon="file-text", endpoint="drafts.index",
          shortcut="g d", short="Drafts"),
    Entry("media", "Media", icon="image", endpoint="media.index", shortcut="g m"),
    Entry("templates", "Templates", icon="layout-template", endpoint="content_templates.index",
          shortcut="g t"),
    Entry("recurring", "Recurring", icon="repeat", endpoint="recurring.index", shortcut="g r"),
    Entry("analytics", "Analytics", icon="chart-no-axes-column", endpoint="analytics.index",
          shortcut="g a", short="Results"),
    Entry("connections", "Connections", icon="plug", endpoint="connections.index",
          section="Workspace", shortcut="g n", short="Accounts"),
    Entry("team", "Team", icon="users", endpoint="team.index", section="Workspace"),
    Entry("developer", "Developer", icon="code", endpoint="developer.index",
          section="Workspace"),
    Entry("billing", "Billing", icon="credit-card", endpoint="billing.index",
          section="Workspace"),
    Entry("settings", "Settings", icon="settings", endpoint="settings.index",
          section="Workspace"),
    Entry("networks", "Networks", icon="network", endpoint="networks.index",
          section="Installation", operator=True),
    Entry("admin", "Admin", icon="shield", endpoint="admin.index", section="Installation",
          operator=True),
)  # fmt: skip

# Rooms without a way of their own, and the one they are reached from.
PART_OF = {
    "pickers": "drafts",
    "posts": "calendar", "catchup": "calendar", "feeds": "calendar", "exports": "calendar",
    "imports": "calendar", "pausing": "calendar", "versions": "calendar", "shares": "calendar",
    "posting_times": "connections",
}  # fmt: skip

Builder = Callable[[], Shell]


def nobody() -> Shell:
    """The builder until one is given: nobody is signed in."""
    return Shell()


def init_app(app: Flask) -> None:
    """Give every template ``shell`` (built when first looked at), ``ways`` and ``theme``."""
    app.extensions.setdefault("carillon_shell", nobody)
    app.jinja_env.globals.update(
        shell=LocalProxy(current),
        ways=ways,
        sections=sections,
        tab_bar=tab_bar,
        switch_to=switch_to,
        place=place,
        theme=theme,
    )


def use(app: Flask, build: Builder) -> None:
    """Let ``build`` fill the shell, once a request and only where a template looks at it."""
    app.extensions["carillon_shell"] = build


def current() -> Shell:
    """The shell of this request."""
    if "carillon_shell" not in g:
        build: Builder = current_app.extensions["carillon_shell"]
        g.carillon_shell = build()
    found: Shell = g.carillon_shell
    return found


def forget() -> None:
    """Build the shell anew at the next look: after a change that its counts or alerts show."""
    for name in ("carillon_shell", "carillon_ways"):
        g.pop(name, None)


def blank() -> None:
    """Show nobody's shell in this answer: the database that would fill it may be the trouble."""
    forget()
    g.carillon_shell = Shell()


def ways() -> list[Way]:
    """The entries that exist, in the order of the rail; worked out once a request."""
    if "carillon_ways" in g:
        return cast(list[Way], g.carillon_ways)
    shell = current()
    found = []
    for entry in ENTRIES:
        href = place(entry.endpoint)
        if href and (not entry.operator or (shell.user and shell.user.operator)):
            room = request.blueprint or ""
            here = PART_OF.get(room, room) == entry.endpoint.split(".")[0]
            found.append(Way(entry, href, here, shell.counts.get(entry.key)))
    g.carillon_ways = found
    return found


def sections() -> list[tuple[str, list[Way]]]:
    """The ways under their headings; the first heading is empty."""
    found: dict[str, list[Way]] = {}
    for way in ways():
        found.setdefault(way.entry.section, []).append(way)
    return list(found.items())


def tab_bar() -> list[Way]:
    """Up to three ways for the phone's bar, beside New post and More (DESIGN §4)."""
    return [way for way in ways() if way.entry.short][:3]


def switch_to(brand: Brand) -> str:
    """The same section in another brand; its calendar where one is not in a section."""
    for way in ways():
        if way.current:
            return place(way.entry.endpoint, brand.slug)
    return place(ENTRIES[0].endpoint, brand.slug) or f"/p/{brand.slug}/calendar"


def place(endpoint: str, slug: str = "") -> str:
    """The address of an endpoint in this brand, or in ``slug``'s; empty where there is none.

    Pages below ``/p/<slug>/`` take the slug as their only argument, whatever its name.
    """
    rules = current_app.url_map.iter_rules
    rule = next(rules(endpoint), None) if endpoint in current_app.view_functions else None
    if rule is None:
        return ""
    if rule.arguments and not slug:
        profile = current().profile
        slug = profile.slug if profile else ""
    if len(rule.arguments) > 1 or (rule.arguments and not slug):
        return ""
    values: dict[str, Any] = dict.fromkeys(rule.arguments, slug)
    return url_for(endpoint, **values)


def theme() -> str:
    """auto, light or dark, as the browser's cookie says."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else "auto"
