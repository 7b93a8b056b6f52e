"""The posts of an export: those of a range of days that pass a filter, in steps of a fixed size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_
from sqlalchemy.orm import joinedload, selectinload

from app.clock import clock_change
from app.extensions import db
from app.models.accounts import AccountStatus
from app.models.posts import Post, PostTarget
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import calendar, cards
from app.services.access import reach
from app.services.cards import Line

STEP = 100  # posts held in memory together


@dataclass(frozen=True)
class Choice:
    """What is exported: days of the brand, both included; ``status`` is a key of the calendar's
    menu, empty for all. ``undated``: drafts without a time too."""

    first: date
    last: date
    status: str = ""
    account_id: UUID | None = None
    undated: bool = False

    def stored(self) -> dict[str, Any]:
        """As a job keeps it."""
        return {
            "first": self.first.isoformat(), "last": self.last.isoformat(), "status": self.status,
            "account": str(self.account_id or ""), "undated": self.undated,
        }  # fmt: skip

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Choice:
        """From what a job kept."""
        account = asked["account"]
        return cls(
            date.fromisoformat(asked["first"]), date.fromisoformat(asked["last"]),
            asked["status"], UUID(account) if account else None, asked["undated"],
        )  # fmt: skip


def count(actor: Actor, profile: Profile, choice: Choice) -> int:
    """How many posts there are at most: a status is looked at later, post by post."""
    rows = reach(actor).query(Post).with_only_columns(func.count())
    return db.session.scalar(_where(actor, profile, choice, rows)) or 0


def batches(actor: Actor, profile: Profile, choice: Choice) -> Iterator[list[Post]]:
    """The posts with all that is theirs, by their time, those without one last.

    Between two steps the session is free: the caller may commit, and nothing is held in it.
    """
    wanted = calendar.STATUSES[choice.status][1] if choice.status else ()
    profile_id = profile.id
    at: tuple[Any, UUID] | None = None
    while True:
        profile = reach(actor).get(Profile, profile_id)
        rows = _where(actor, profile, choice, reach(actor).query(Post))
        if at is not None:
            rows = rows.where(_after(*at))
        found = list(
            db.session.scalars(
                rows.options(
                    selectinload(Post.targets).joinedload(PostTarget.account),
                    selectinload(Post.variants), selectinload(Post.media),
                    joinedload(Post.profile),
                )
                .order_by(Post.due_at.is_(None), Post.due_at, Post.id)
                .limit(STEP)
            ).unique()
        )  # fmt: skip
        if not found:
            return
        at = (found[-1].due_at, found[-1].id)
        last = len(found) < STEP
        yield [post for post in found if not wanted or state_of(post) in wanted]
        if last:
            return


def state_of(post: Post) -> str:
    """The post's one word, as the calendar has it."""
    return cards.state_of(post.armed, [line_of(one) for one in post.targets])


def time_of(post: Post) -> str:
    """The post's time as files write it: ``2026-05-14 09:30`` in the brand's zone, with its offset
    in the hour that comes twice; empty for none."""
    if post.due_at is None:
        return ""
    zone = post.profile.zone
    local = post.due_at.astimezone(zone)
    if clock_change(local.replace(tzinfo=None), zone) == "twice":
        return local.isoformat(sep=" ", timespec="minutes")
    return f"{local:%Y-%m-%d %H:%M}"


def line_of(target: PostTarget) -> Line:
    """A target as the calendar's cards hold it."""
    account = target.account
    return Line(
        target.id, target.account_id, account.network, target.state, target.hold_reason,
        target.due_at, target.failures, account.status is AccountStatus.ACTIVE,
    )  # fmt: skip


def _where(actor: Actor, profile: Profile, choice: Choice, rows: Select[Any]) -> Select[Any]:
    within: ColumnElement[bool] = and_(
        *calendar.span(profile, choice.first, choice.last + timedelta(days=1))
    )
    if choice.undated:
        within = or_(within, and_(Post.due_at.is_(None), Post.armed.is_(False)))
    rows = rows.where(Post.profile_id == profile.id, *cards.OURS, within)
    if choice.account_id is not None:
        on_it = (
            reach(actor)
            .query(PostTarget)
            .with_only_columns(PostTarget.post_id)
            .where(PostTarget.account_id == choice.account_id)
        )
        rows = rows.where(Post.id.in_(on_it))
    return rows


def _after(due_at: Any, post_id: UUID) -> ColumnElement[bool]:
    if due_at is None:
        return and_(Post.due_at.is_(None), Post.id > post_id)
    return or_(
        Post.due_at.is_(None),
        Post.due_at > due_at,
        and_(Post.due_at == due_at, Post.id > post_id),
    )
