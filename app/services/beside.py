"""What stands beside the days of a calendar: drafts without a date, and what goes out next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, union_all

from app.clock import now
from app.extensions import db
from app.models.posts import Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import ahead, calendar, cards
from app.services.access import reach
from app.services.calendar import Filters, Month
from app.services.cards import Card

TRAY = 8  # drafts that are listed
LAST_WRITTEN = (Post.updated_at.desc(), Post.id.desc())


@dataclass(frozen=True)
class Drafts:
    """Posts without a date, the last written first; ``more`` are not listed here."""

    cards: tuple[Card, ...]
    more: int


@dataclass(frozen=True)
class MonthPage:
    """A month with all that stands beside it; ``armed``: some post of it is on the clock or was."""

    month: Month
    drafts: Drafts
    next_up: Card | None
    armed: bool


def month(
    actor: Actor, profile: Profile, year: int, number: int, filters: Filters,
    names: Mapping[UUID, str],
) -> MonthPage:  # fmt: skip
    """The month, the tray and the next post from one reading of posts and one of their accounts.

    ``names`` are the people of the brand that are known already; others are looked up.
    """
    if filters.text or filters.label:  # what stands beside the days is not asked for those
        shown = calendar.month(actor, profile, year, number, filters)
        return MonthPage(
            shown, drafts(actor, profile), up_next(actor, profile),
            any(card.state != "draft" for day in shown.days for card in day.cards),
        )  # fmt: skip
    dates = calendar.grid(year, number, profile.week_start)
    days = calendar.span(profile, dates[0], date.fromordinal(dates[-1].toordinal() + 1))
    wanted = union_all(
        select(Post.id).where(Post.profile_id == profile.id, *cards.OURS, *days),
        select(_tray(profile).subquery().c.id),
        select(_next(actor, profile).subquery().c.post_id),
    )
    every = cards.load(actor, profile, Post.id.in_(wanted), pictures=True)
    inside = [card for card in every if card.at and dates[0] <= card.at.date() <= dates[-1]]
    found = calendar.month(actor, profile, year, number, filters, every=inside)
    tray = sorted(
        (card for card in every if card.at is None),
        key=lambda card: (card.changed, card.id), reverse=True,
    )  # fmt: skip
    listed = _named(tray, names)
    return MonthPage(
        found, Drafts(tuple(listed), max(0, found.ahead.drafts - len(listed))), _first(every),
        any(card.state != "draft" for card in every),
    )  # fmt: skip


def drafts(actor: Actor, profile: Profile, limit: int = TRAY) -> Drafts:
    """The tray: drafts that have no date yet."""
    found = cards.load(actor, profile, *ahead.DRAFT, order=LAST_WRITTEN, limit=limit, pictures=True)
    total = len(found)
    if total == limit:
        total = ahead.look(actor, profile).drafts
    listed = cards.with_authors(found)
    return Drafts(tuple(listed), total - len(listed))


def up_next(actor: Actor, profile: Profile) -> Card | None:
    """The post that goes out next, held ones left aside."""
    row = db.session.execute(_next(actor, profile)).one_or_none()
    return calendar.one(actor, profile, row.post_id) if row else None


def _tray(profile: Profile) -> Select[UUID]:
    mine = select(Post.id).where(Post.profile_id == profile.id, *cards.OURS, *ahead.DRAFT)
    return mine.order_by(*LAST_WRITTEN).limit(TRAY)


def _next(actor: Actor, profile: Profile) -> Select[Any]:
    return (
        reach(actor)
        .query(PostTarget)
        .with_only_columns(PostTarget.post_id)
        .where(
            PostTarget.profile_id == profile.id,
            PostTarget.state == TargetState.SCHEDULED,
            PostTarget.hold_reason.is_(None),
            PostTarget.due_at > now(),
        )
        .order_by(PostTarget.due_at, PostTarget.id)
        .limit(1)
    )


def _first(found: Sequence[Card]) -> Card | None:
    """The same answer as ``_next`` gives, of cards among which it is."""
    at = now()
    coming = [
        (line.due_at, line.id, card)
        for card in found
        for line in card.lines
        if line.state is TargetState.SCHEDULED and line.hold is None
        if line.due_at and line.due_at > at
    ]
    return min(coming, key=lambda one: one[:2])[2] if coming else None


def _named(found: Sequence[Card], names: Mapping[UUID, str]) -> list[Card]:
    if any(card.author and card.author not in names for card in found):
        return cards.with_authors(found)
    return [replace(card, by=names[card.author]) if card.author else card for card in found]
