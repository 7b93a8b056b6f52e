"""A post as one card of the calendar, however many networks it goes to (DESIGN §1.3).

Read-only, in a fixed number of statements whatever the number of posts. Times are in the
brand's zone: the browser never converts one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, null, select
from sqlalchemy.orm import aliased

from app.clock import now
from app.config import NETWORKS
from app.extensions import db, networks
from app.models.accounts import AccountStatus, SocialAccount
from app.models.people import User
from app.models.posts import HoldReason, Post, PostMedia, PostTarget, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services.access import reach

S = TargetState
GONE = (S.CANCELLED, S.DISCARDED)
SOON = timedelta(minutes=5)
TITLE = 120  # characters
HEAD = 60
TROUBLE = ("failed", "partial", "needs_review")
ORDER = {name: place for place, name in enumerate(NETWORKS)}
OURS = (Post.discarded_at.is_(None), Post.edits_id.is_(None))  # no working copies


@dataclass(frozen=True)
class Owned:
    """An account of a brand, also one that was taken off; ``since`` its state is that one."""

    id: UUID
    network: str
    handle: str
    status: AccountStatus
    since: datetime | None


@dataclass(frozen=True)
class Line:
    """One account of a post."""

    id: UUID
    account_id: UUID
    network: str
    state: TargetState
    hold: HoldReason | None
    due_at: datetime | None
    failures: int
    usable: bool
    light: str = ""  # of the flight check, empty until it has been looked at
    scheduled_for: datetime | None = None  # the time a person gave

    @property
    def alive(self) -> bool:
        return self.state not in GONE


@dataclass(frozen=True)
class Card:
    """One post. ``at`` is in the brand's zone, ``None`` for a draft without a time;
    ``state`` is a key of the table of looks; ``risk`` are networks that cannot post now."""

    id: UUID
    rev: int
    at: datetime | None
    state: str
    title: str
    lines: tuple[Line, ...]
    author: UUID | None = None
    edited: bool = False  # a change of it is being written
    changed: datetime | None = None
    picture: UUID | None = None
    by: str = ""
    labels: tuple[str, ...] = ()
    source: str = "web"  # or ``api``, ``mcp``: a program or an agent made it

    @property
    def networks(self) -> tuple[str, ...]:
        """Each network once, in the house's order."""
        found = {line.network for line in self.lines if line.alive or self.state == "cancelled"}
        return tuple(sorted(found, key=lambda name: ORDER.get(name, len(ORDER))))

    @property
    def maker(self) -> str:
        """``api`` or ``mcp`` where a program or an agent made it, else empty."""
        return self.source if self.source in ("api", "mcp") else ""

    @property
    def risk(self) -> tuple[str, ...]:
        waiting = (S.DRAFT, S.SCHEDULED, S.QUEUED)
        broken = {x.network for x in self.lines if not x.usable and x.state in waiting}
        return tuple(name for name in self.networks if name in broken)

    @property
    def light(self) -> str:
        """The worst light of what is still to go out; empty where a hold says more, or nothing
        has been looked at."""
        waiting = [x for x in self.lines if x.state is S.SCHEDULED and x.hold is None]
        found = {x.light for x in waiting}
        return next((one for one in ("red", "amber", "green") if one in found), "")

    @property
    def trouble(self) -> bool:
        return self.state in TROUBLE

    @property
    def movable(self) -> bool:
        """Whether it can be given another time: nothing of it has gone out or is going out."""
        return self.state == "draft" or (
            self.state in ("scheduled", "held", "retrying")
            and all(x.state in (S.SCHEDULED, *GONE) for x in self.lines)
        )

    def moving(self, moment: datetime) -> bool:
        """Whether its look may change within minutes."""
        if self.state in ("queued", "posting"):
            return True
        free = (x for x in self.lines if x.state is S.SCHEDULED and x.hold is None)
        return any(x.due_at is not None and x.due_at <= moment + SOON for x in free)


def state_of(armed: bool, lines: Iterable[Line]) -> str:
    """One word for a whole post. What needs a person comes before what goes on by itself."""
    if not armed:
        return "draft"
    live = [line for line in lines if line.alive]
    states = {line.state for line in live}
    waiting = [line for line in live if line.state is S.SCHEDULED]
    if not live:
        return "cancelled"
    if S.POSTING in states:
        return "posting"
    if S.QUEUED in states:
        return "queued"
    if S.NEEDS_REVIEW in states:
        return "needs_review"
    if S.FAILED in states:
        return "partial" if S.PUBLISHED in states else "failed"
    if not waiting:
        return "published"
    if all(line.hold is not None for line in waiting):
        return "held"
    if any(line.failures for line in waiting) or S.PUBLISHED in states:
        return "retrying"
    return "scheduled"


def owned(actor: Actor, profile: Profile) -> list[Owned]:
    """The brand's accounts, those taken off too, in the order in which they came."""
    rows = db.session.execute(
        reach(actor)
        .query(SocialAccount)
        .with_only_columns(
            SocialAccount.id, SocialAccount.network, SocialAccount.handle, SocialAccount.status,
            SocialAccount.status_at,
        )
        .where(SocialAccount.profile_id == profile.id)
        .order_by(SocialAccount.number)
    )  # fmt: skip
    return [Owned(*row) for row in rows]


def network_title(name: str) -> str:
    """The network's name as people say it."""
    try:
        return networks.get(name).title
    except (KeyError, ModuleNotFoundError):
        return name.title()


def title_of(parts: Sequence[str]) -> str:
    """The first line that says something."""
    for part in parts:
        for line in part.splitlines():
            if line.strip():
                return " ".join(line.split())[:TITLE]
    return ""


def headline(title: str) -> str:
    """A title short enough to head a page: its first sentence, or its first words."""
    first = title.split(". ")[0].rstrip(".")
    if len(first) <= HEAD:
        return first
    return first[: HEAD + 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def load(
    actor: Actor,
    profile: Profile,
    *where: ColumnElement[bool],
    order: Sequence[Any] = (Post.due_at, Post.id),
    limit: int | None = None,
    pictures: bool = False,
) -> list[Card]:
    """The brand's posts that fulfil ``where``, in two statements; pictures where asked for."""
    copy = aliased(Post)
    first = (
        select(PostMedia.media_id)
        .where(PostMedia.post_id == Post.id)
        .order_by(PostMedia.part, PostMedia.position)
        .limit(1)
        .scalar_subquery()
    )
    rows = db.session.execute(
        reach(actor)
        .query(Post)
        .with_only_columns(
            Post.id, Post.rev, Post.due_at, Post.armed, Post.parts, Post.author_id,
            Post.updated_at, Post.source, exists().where(copy.edits_id == Post.id).label("edited"),
            (first if pictures else null()).label("picture"),
        )
        .where(Post.profile_id == profile.id, *OURS, *where)
        .order_by(*order)
        .limit(limit)
    ).all()  # fmt: skip
    lines = _lines(actor, [row.id for row in rows])
    zone = profile.zone
    return [
        Card(
            id=row.id, rev=row.rev, at=row.due_at and row.due_at.astimezone(zone),
            state=state_of(row.armed, lines[row.id]), title=title_of(row.parts),
            lines=tuple(lines[row.id]), author=row.author_id, edited=bool(row.edited),
            changed=row.updated_at, source=row.source, picture=row.picture,
        )
        for row in rows
    ]  # fmt: skip


def _lines(actor: Actor, ids: Sequence[UUID]) -> dict[UUID, list[Line]]:
    found: dict[UUID, list[Line]] = defaultdict(list)
    if not ids:
        return found
    rows = db.session.execute(
        reach(actor)
        .query(PostTarget)
        .join(SocialAccount, SocialAccount.id == PostTarget.account_id)
        .with_only_columns(
            PostTarget.id, PostTarget.post_id, PostTarget.account_id, PostTarget.state,
            PostTarget.hold_reason, PostTarget.due_at, PostTarget.failures,
            PostTarget.flight_light, PostTarget.scheduled_for, SocialAccount.network,
            SocialAccount.status,
        )
        .where(PostTarget.post_id.in_(ids))
        .order_by(PostTarget.id)
    )  # fmt: skip
    for row in rows:
        found[row.post_id].append(
            Line(
                row.id, row.account_id, row.network, row.state, row.hold_reason, row.due_at,
                row.failures, row.status is AccountStatus.ACTIVE, row.flight_light or "",
                row.scheduled_for,
            )
        )  # fmt: skip
    return found


def with_pictures(cards: Sequence[Card], only: Iterable[UUID] | None = None) -> list[Card]:
    """The same cards with their first picture; of ``only`` these posts where given."""
    ids = [card.id for card in cards] if only is None else list(only)
    first: dict[UUID, UUID] = {}
    if ids:
        rows = db.session.execute(
            select(PostMedia.post_id, PostMedia.media_id)
            .where(PostMedia.post_id.in_(ids))
            .order_by(PostMedia.part, PostMedia.position)
        )
        for post_id, media_id in rows:
            first.setdefault(post_id, media_id)
    return [replace(c, picture=first[c.id]) if c.id in first else c for c in cards]


def with_authors(cards: Sequence[Card]) -> list[Card]:
    """The same cards with the name of who wrote them."""
    ids = {card.author for card in cards if card.author}
    if not ids:
        return list(cards)
    rows = db.session.execute(select(User.id, User.name, User.email).where(User.id.in_(ids)))
    names = {row.id: row.name or row.email for row in rows}
    return [replace(c, by=names.get(c.author, "")) if c.author else c for c in cards]


def moving(cards: Iterable[Card]) -> bool:
    """Whether anything of them changes by itself within minutes."""
    moment = now()
    return any(card.moving(moment) for card in cards)
