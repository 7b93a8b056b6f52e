"""Fills the shell (``navigation.Shell``): who is here, their brands, what needs them."""

from __future__ import annotations

from flask import Flask, g, request
from flask_login import current_user

from app.extensions import db
from app.models.engine import EngineState
from app.models.people import User
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.publishing import alarm
from app.publishing.alarm import Alarm
from app.services import profiles
from app.services.profiles import Listed
from app.web import navigation
from app.web.actor import current_actor, current_person
from app.web.navigation import Brand, Count, Person, Shell
from app.web.when import When

READS = frozenset({"GET", "HEAD"})


def init_app(app: Flask) -> None:
    """Give the layout its builder."""
    navigation.use(app, build)


def build() -> Shell:
    """The shell of whoever is signed in; the brand is the address's, else the last used."""
    if not current_user.is_authenticated:
        return Shell()
    actor, user = current_actor(), current_person()
    profile: Profile | None = g.get("profile") or profiles.current(actor)
    listed = profiles.listed(actor)
    brands = {row.slug: _brand(row) for row in listed}
    return Shell(
        user=_person(user),
        profile=brands.get(profile.slug) if profile else None,
        profiles=tuple(brands.values()),
        counts=_counts(next((one for one in listed if profile and one.id == profile.id), None)),
        alerts=_alerts(actor, profile) if profile else (),
    )


def _person(user: User) -> Person:
    return Person(
        name=user.name or user.email,
        email=user.email,
        theme=user.theme,
        shortcuts=bool(user.settings.get("shortcuts", True)),
        operator=user.is_operator,
        hue=user.id.int % 6,
    )


def _brand(row: Listed) -> Brand:
    return Brand(
        name=row.name, slug=row.slug, time_zone=row.time_zone, accounts=row.accounts,
        failing=row.failing, hue=row.id.int % 6,
    )  # fmt: skip


def _counts(brand: Listed | None) -> dict[str, Count]:
    """Accounts that cannot post until somebody signs them in again."""
    broken = brand.signed_out if brand else 0
    return {"connections": Count(broken, tone="alarm")} if broken else {}


def _alerts(actor: Actor, profile: Profile) -> tuple[navigation.Alert, ...]:
    """Bars on every page (promises 3, and what is paused)."""
    found = []
    state = db.session.get(EngineState, 1)
    if state is not None and state.paused_at is not None:
        why = f"{state.pause_reason.rstrip('.')}. " if state.pause_reason else ""
        found.append(navigation.Alert(
            "Nothing goes out just now.",
            f"{why}Whoever runs this Carillon has paused it. Posts wait for it to go on.",
            tone="time",
        ))  # fmt: skip
    if profile.paused_at is not None:
        found.append(_paused(profile))
    # The check may have to write, which a request holding the write lock could not wait for.
    if request.method in READS and actor.may(Permission.POST_READ, profile.id):
        found += _overdue(alarm.current(), profile)
    return tuple(found)


def _paused(profile: Profile) -> navigation.Alert:
    when = When(profile)
    words = [f"{profile.pause_reason.rstrip('.')}."] if profile.pause_reason else []
    if profile.paused_until is not None:
        words.append(f"It goes on by itself {when.short(profile.paused_until)}, {when.place} time.")
    return navigation.Alert(
        f"Posting is paused since {when.short(profile.paused_at or when.now)}.", " ".join(words),
        tone="time", action="See what waits",
        href=f"/p/{profile.slug}/pause",
    )  # fmt: skip


def _overdue(found: Alarm, profile: Profile) -> list[navigation.Alert]:
    if profile.id not in found.profiles:
        return []
    count, oldest = found.profiles[profile.id]
    when = oldest.astimezone(profile.zone)
    title = "A post is overdue." if count == 1 else f"{count} posts are overdue."
    since = f"{'It was' if count == 1 else 'The oldest was'} due on {when:%a %-d %b, %H:%M}."
    why = (
        "Nothing that sends posts is running: tell whoever runs this Carillon."
        if not found.workers
        else "Whatever sends posts is behind; it goes on trying."
    )
    return [navigation.Alert(
        title, f"{since} {why}", tone="alarm", action="See the calendar",
        href=f"/p/{profile.slug}/calendar",
    )]  # fmt: skip
