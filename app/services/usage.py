"""Counts that must be exact: posts and uploads an hour, and a plan's months (reliability §7).

Each is one statement in the transaction that creates the thing, so a race cannot pass the limit
and a rolled-back creation does not count.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.clock import now
from app.config import settings
from app.errors import RateLimited
from app.extensions import db
from app.models.media import Media
from app.models.people import User
from app.models.posts import Post, PostStatus
from app.models.usage import UsageCount
from app.services import plans
from app.services.plans import Plan

POSTS, UPLOADS, CONNECTS, REQUESTS = "posts", "uploads", "connects", "requests"
WEB = "web"  # the source of a post that a person writes here
WAITING = (PostStatus.SCHEDULED, PostStatus.QUEUED)  # for its time
HOUR = timedelta(hours=1)
KEPT = timedelta(days=400)
LATER = 3600  # seconds: when to ask again for what only a person, or time, makes room for
WORDS = {POSTS: "posts", UPLOADS: "uploads", REQUESTS: "API requests"}
# What the Ampost seed calls them; a refusal says which it was.
OPERATIONS = {
    POSTS: "createPost", UPLOADS: "mediaUpload", CONNECTS: "connectPlatform", REQUESTS: "apiRead",
}  # fmt: skip


class QuotaExceeded(RateLimited):
    """What a plan includes is used up."""

    code = "QUOTA_EXCEEDED"


class Window(NamedTuple):
    starts: datetime
    ends: datetime


def hour_of(at: datetime) -> Window:
    """The full hour of a moment."""
    starts = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return Window(starts, starts + HOUR)


def month_of(at: datetime) -> Window:
    """The calendar month of a moment, in UTC."""
    starts = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Window(starts, (starts + timedelta(days=32)).replace(day=1))


def spend(kind: str, profile_id: UUID, *, by_api: bool, times: int = 1) -> None:
    """Count one creation in the session's transaction; the caller commits.

    Raises ``RateLimited`` past the hour's limit of the API, ``QuotaExceeded`` past the plan's.
    """
    at = now()
    if by_api:
        most = settings().API_POSTS_PER_HOUR if kind == POSTS else settings().API_UPLOADS_PER_HOUR
        words = f"This profile has made {most} {WORDS[kind]} this hour, which is the limit."
        refusal = RateLimited(words, facts={"operation": OPERATIONS[kind]})
        _take(f"profile:{profile_id}", f"{kind}_hour", hour_of(at), times, most, refusal)
    if not plans.billed():
        return  # no plan limits anything
    owner = plans.owner_of(profile_id)
    plan = plans.of(owner)
    limit = plan.posts_per_month if kind == POSTS else plan.media_uploads_per_month
    month = month_of(at)
    if not add(db.session(), f"user:{owner}", f"{kind}_month", month, times, limit):
        raise used_up(plan, limit or 0, kind, month)


def spend_connect(profile_id: UUID) -> None:
    """Count one sign-in that a key begins.

    The caller commits. Raises ``RateLimited`` past the hour's limit of the API.
    """
    most = settings().API_CONNECTS_PER_HOUR
    words = f"This profile has begun {most} sign-ins this hour, which is the limit."
    refusal = RateLimited(words, facts={"operation": OPERATIONS[CONNECTS]})
    _take(f"profile:{profile_id}", f"{CONNECTS}_hour", hour_of(now()), 1, most, refusal)


def give_back(kind: str, profile_id: UUID, made_at: datetime) -> None:
    """Take one creation off its month: what was made of itself was unmade before its time.

    The caller commits. The hour's limit of the API is not touched.
    """
    owner = f"user:{plans.owner_of(profile_id)}"
    db.session.execute(
        update(UsageCount)
        .where(
            UsageCount.owner == owner,
            UsageCount.kind == f"{kind}_month",
            UsageCount.starts_at == month_of(made_at).starts,
            UsageCount.count > 0,
        )
        .values(count=UsageCount.count - 1)
        .execution_options(synchronize_session=False)
    )


def charge(post: Post, *, waits: bool) -> None:
    """Count a post that is being put on the clock; where it ``waits`` there, see that it has room.

    One that a program made was counted when it was made, one written in the browser counts the
    first time it gets here: a draft that is thrown away costs nothing. The caller commits. Raises
    ``QuotaExceeded``.
    """
    if post.armed or not plans.billed():
        return
    if post.source == WEB and post.counted_at is None:
        spend(POSTS, post.profile_id, by_api=False)
        post.counted_at = now()
    if waits:
        require_slot(post.profile_id)


def require_slot(profile_id: UUID) -> None:
    """Raise ``QuotaExceeded`` where one post more waits for its time than the plan includes.

    Holds the owner's row until the transaction ends, so that no other post slips in between.
    """
    owner, plan = _owner_and_plan(profile_id)
    if owner is None or plan.max_scheduled_posts is None:
        return
    _hold(owner)
    waiting = select(func.count(Post.id)).where(
        Post.profile_id.in_(plans.paid_by(owner)), Post.status.in_(WAITING)
    )
    if (db.session.scalar(waiting) or 0) >= plan.max_scheduled_posts:
        raise QuotaExceeded(
            f"The {plan.title} plan includes {_many(plan.max_scheduled_posts, 'post')} on the clock"
            " at once. Wait until one has gone out, or choose a larger plan.",
            retry_after=LATER,
        )


def require_profile(user_id: UUID) -> None:
    """Raise ``QuotaExceeded`` where a person has all the profiles that the plan includes.

    Holds the person's row until the transaction ends, so that no other one slips in between.
    """
    plan = plans.of(user_id)
    if plan.profiles is None:
        return
    _hold(user_id)
    own = plans.paid_by(user_id).subquery()
    if (db.session.scalar(select(func.count()).select_from(own)) or 0) >= plan.profiles:
        raise QuotaExceeded(
            f"The {plan.title} plan includes {_many(plan.profiles, 'brand')}; you have as many.",
            retry_after=LATER,
        )


def require_room(profile_id: UUID, size: int) -> None:
    """Raise ``QuotaExceeded`` where ``size`` bytes more pass the storage of the owner's plan.

    Holds the owner's row until the transaction ends, so that no other file slips in between.
    """
    owner, plan = _owner_and_plan(profile_id)
    if owner is None or plan.max_storage_bytes is None:
        return
    _hold(owner)
    if stored_bytes(owner) + size > plan.max_storage_bytes:
        raise QuotaExceeded(
            f"The {plan.title} plan includes {plan.max_storage_bytes // plans.GIB} GB of files."
            " Delete some, or choose a larger plan.",
            retry_after=LATER,
        )


def stored_bytes(owner: UUID) -> int:
    """What the files of a person's profiles weigh; thumbnails count for nothing."""
    total = select(func.coalesce(func.sum(Media.size), 0)).where(
        Media.deleted_at.is_(None), Media.profile_id.in_(plans.paid_by(owner))
    )
    return int(db.session.scalar(total) or 0)


def spend_of_key(key_id: UUID, most: int) -> None:
    """Count one post that a key puts on the clock this day (UTC); the caller commits.

    Raises ``RateLimited`` past ``most``.
    """
    at = now().astimezone(UTC)
    starts = at.replace(hour=0, minute=0, second=0, microsecond=0)
    words = f"This key may put {most} posts on the clock a day. They are used up."
    day = Window(starts, starts + timedelta(days=1))
    _take(f"key:{key_id}", f"{POSTS}_day", day, 1, most, RateLimited(words))


def used(owner: str, kind: str, window: Window, session: Session | None = None) -> int:
    """How often it was done in that window."""
    return (session or db.session).scalar(
        select(UsageCount.count).where(
            UsageCount.owner == owner,
            UsageCount.kind == kind,
            UsageCount.starts_at == window.starts,
        )
    ) or 0


def used_by_many(owners: list[str], kind: str, window: Window) -> dict[str, int]:
    """The same of several at once; those without a count are left out."""
    rows = db.session.execute(
        select(UsageCount.owner, UsageCount.count).where(
            UsageCount.owner.in_(owners),
            UsageCount.kind == kind,
            UsageCount.starts_at == window.starts,
        )
    )
    return dict(rows.tuples().all())


def used_of(owner: str, kinds: list[str], window: Window) -> dict[str, int]:
    """Several counts of one owner; those without a count are left out."""
    rows = db.session.execute(
        select(UsageCount.kind, UsageCount.count).where(
            UsageCount.owner == owner,
            UsageCount.kind.in_(kinds),
            UsageCount.starts_at == window.starts,
        )
    )
    return dict(rows.tuples().all())


def sweep() -> int:
    """Forget counts nobody looks at any more; how many."""
    gone = db.session.execute(delete(UsageCount).where(UsageCount.starts_at < now() - KEPT))
    db.session.commit()
    return int(gone.rowcount)  # type: ignore[attr-defined]


def used_up(plan: Plan, most: int, kind: str, window: Window) -> QuotaExceeded:
    """The refusal of what a plan has no more of until the window ends."""
    return QuotaExceeded(
        f"The {plan.title} plan includes {most:,} {WORDS[kind]} a month. They are used up.",
        facts={"operation": OPERATIONS[kind]},
        retry_after=max(int((window.ends - now()).total_seconds()), 1),
    )


def add(
    session: Session, owner: str, kind: str, window: Window, times: int, most: int | None
) -> bool:
    """Raise a count unless that would pass ``most``; whether it fitted.

    One statement, so that no race passes the limit. The caller commits.
    """
    if most is not None and times > most:
        return False
    postgres = session.get_bind().dialect.name == "postgresql"
    insert = (postgresql.insert if postgres else sqlite.insert)(UsageCount)
    statement = insert.values(owner=owner, kind=kind, starts_at=window.starts, count=times)
    room = None if most is None else UsageCount.count + times <= most
    statement = statement.on_conflict_do_update(
        index_elements=["owner", "kind", "starts_at"],
        set_={"count": UsageCount.count + times}, where=room,
    )  # fmt: skip
    return session.execute(statement.returning(UsageCount.count)).first() is not None


def _owner_and_plan(profile_id: UUID) -> tuple[UUID | None, Plan]:
    """Who pays for a profile, and with which plan."""
    owner = plans.owner_of(profile_id)
    return owner, plans.of(owner)


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _hold(user_id: UUID) -> None:
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update())


def _take(
    owner: str, kind: str, window: Window, times: int, most: int | None, refusal: RateLimited
) -> None:
    """Raise the count in the session's transaction, or ``refusal`` where it would pass ``most``."""
    if not add(db.session(), owner, kind, window, times, most):
        refusal.retry_after = max(int((window.ends - now()).total_seconds()), 1)
        raise refusal
