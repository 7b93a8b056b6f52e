"""Work on many posts at once: looked at first, done in turns, undone as one (promises.md 11).

A turn is one transaction over a few posts, in a fixed number of reads: small orders end within
the request that gave them, long ones go on in a job while the page shows how far they are. What
cannot be done to a post is noted with its reason, and the others are done.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from app import events, ids, logs
from app.clock import now
from app.errors import AppError, Conflict, NotFound, Stale, ValidationFailed
from app.extensions import db, queues, write_mode
from app.models.bulk import BulkBatch, BulkItem, BulkKind, BulkState, ItemState
from app.models.people import User
from app.models.posts import Post, TargetState
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.services import seat_belt
from app.services.access import person
from app.services.bulk_orders import MOST, Order
from app.services.bulk_steps import (
    Accounts,
    Approve,
    Delete,
    Done,
    Duplicate,
    Labels,
    Move,
    Plan,
    Step,
)
from app.services.find_replace import Replace
from app.services.writing import PostNotFound, load_many, lock_many
from app.settle import settle

log = logs.get("bulk")
UNDO = timedelta(hours=1)
KEPT = timedelta(days=7)
TURN = 25  # posts of one transaction
AT_ONCE = 50  # posts done while the person waits; more go to a job
RUN_SECONDS = 60.0
STEPS: dict[BulkKind, type[Step]] = {
    BulkKind.MOVE: Move, BulkKind.DATE: Move, BulkKind.DUPLICATE: Duplicate,
    BulkKind.ACCOUNTS: Accounts, BulkKind.APPROVE: Approve, BulkKind.DELETE: Delete,
    BulkKind.REPLACE: Replace, BulkKind.LABELS: Labels,
}  # fmt: skip
AT_WORK = (BulkState.RUNNING, BulkState.UNDOING)
CHANGED = "Somebody changed it meanwhile."
TOO_LATE = "It is too late to undo that, or it has been undone."
BROKEN = "Something broke on our side; it was left as it was."


@dataclass(frozen=True)
class Pick:
    """A post as the person saw it: its ``rev``, and for an approval the request."""

    post_id: UUID
    rev: int
    mark: str = ""


@dataclass(frozen=True)
class Row:
    """A post in the list of what will happen: a plan, or ``why`` nothing will."""

    pick: Pick
    post: Post
    plan: Plan | None
    why: str = ""


@dataclass(frozen=True)
class Report:
    """A batch with its items in their order and the posts they are about, made ones too."""

    batch: BulkBatch
    order: Order
    items: tuple[BulkItem, ...]
    posts: dict[UUID, Post]

    @property
    def counts(self) -> Counter[ItemState]:
        return Counter(item.state for item in self.items)

    @property
    def working(self) -> bool:
        return self.batch.state in AT_WORK

    @property
    def until(self) -> datetime | None:
        """Until when it can be undone; ``None`` where it cannot."""
        return _until(self.batch) if self.counts[ItemState.DONE] else None


def look(actor: Actor, profile: Profile, order: Order, picks: Sequence[Pick]) -> list[Row]:
    """What the order would do to each post; nothing is written.

    Posts that are gone, or are not this brand's, are left out.
    """
    _few(picks)
    posts = load_many(actor, [one.post_id for one in picks])
    wanted = [(pick, posts[pick.post_id]) for pick in picks if _ours(posts, pick, profile)]
    step = _step(actor, profile, order)
    step.prepare([post for _, post in wanted])
    with db.session.no_autoflush:
        return [_looked(step, pick, post) for pick, post in wanted]


def start(
    actor: Actor, profile: Profile, batch_id: UUID, order: Order, picks: Sequence[Pick]
) -> BulkBatch:
    """Take the order. ``batch_id`` is made by the page that shows it, so that sending it twice
    does it once."""
    actor.require(Permission.POST_WRITE, profile.id)
    order.check()
    _few(picks)
    if actor.user_id is None or actor.key_id is not None:
        raise Conflict("Work on many posts is a person's to order.")
    given = db.session.get(BulkBatch, batch_id)
    if given is not None:
        return _mine(actor, profile, given)
    known = load_many(actor, [one.post_id for one in picks])
    wanted = [one for one in picks if _ours(known, one, profile)]
    if not wanted:
        raise ValidationFailed("These posts are not there any more.", field="post")
    batch = BulkBatch(
        id=batch_id, profile_id=profile.id, user_id=actor.user_id, kind=order.kind,
        asked=order.to_json(), state=BulkState.RUNNING,
    )  # fmt: skip
    db.session.add(batch)
    db.session.add_all(
        BulkItem(batch_id=batch_id, place=place, post_id=one.post_id, rev=one.rev, mark=one.mark)
        for place, one in enumerate(wanted)
    )
    events.audit(
        db.session(), actor, "bulk.ordered", profile_id=profile.id, subject="bulk_batch",
        subject_id=batch_id, kind=order.kind.value, posts=len(wanted),
    )  # fmt: skip
    try:
        db.session.commit()
    except IntegrityError:  # the same order at the same moment
        db.session.rollback()
        return _mine(actor, profile, db.session.get(BulkBatch, batch_id))
    return _begin(actor, batch_id, len(wanted))


def undo(actor: Actor, profile: Profile, batch_id: UUID) -> BulkBatch:
    """Put everything back that the batch did and nobody has changed since; once, within the hour.

    Raises ``Conflict`` where that is over.
    """
    batch = _mine(actor, profile, db.session.get(BulkBatch, batch_id))
    actor.require(Permission.POST_WRITE, profile.id)
    count = _count(batch_id, ItemState.DONE)
    taken = db.session.execute(
        update(BulkBatch)
        .where(
            BulkBatch.id == batch_id,
            BulkBatch.state == BulkState.DONE,
            BulkBatch.done_at > now() - UNDO,
        )
        .values(state=BulkState.UNDOING)
        .execution_options(synchronize_session="fetch")
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(TOO_LATE)
    events.audit(
        db.session(), actor, "bulk.undone", profile_id=profile.id, subject="bulk_batch",
        subject_id=batch.id, posts=count,
    )  # fmt: skip
    db.session.commit()
    return _begin(actor, batch_id, count)


def get(actor: Actor, profile: Profile, batch_id: UUID) -> Report:
    """A batch of this person's in this brand, or ``NotFound``."""
    batch = _mine(actor, profile, db.session.get(BulkBatch, batch_id))
    items = db.session.scalars(
        select(BulkItem).where(BulkItem.batch_id == batch.id).order_by(BulkItem.place)
    ).all()
    wanted = [one for item in items for one in (item.post_id, item.made_id) if one]
    posts = load_many(actor, wanted, gone=True)
    return Report(batch, Order.from_json(batch.asked), tuple(items), posts)


def latest(actor: Actor, profile: Profile) -> tuple[BulkBatch, int, datetime] | None:
    """What this person can undo last: the batch, how many posts it changed, until when."""
    if actor.user_id is None:
        return None
    batch = db.session.scalars(
        select(BulkBatch)
        .where(
            BulkBatch.user_id == actor.user_id,
            BulkBatch.profile_id == profile.id,
            BulkBatch.done_at > now() - UNDO,
            BulkBatch.state == BulkState.DONE,
        )
        .order_by(BulkBatch.done_at.desc())
        .limit(1)
    ).first()
    until = _until(batch) if batch is not None else None
    if batch is None or until is None:
        return None
    count = _count(batch.id, ItemState.DONE)
    return (batch, count, until) if count else None


def waits() -> bool:
    """Whether a batch is at work: one look at a partial index."""
    mark = write_mode.set(False)
    try:
        return bool(_at_work())
    finally:
        db.session.rollback()
        write_mode.reset(mark)


def run(seconds_at_most: float = RUN_SECONDS) -> None:
    """Go on with what is at work, the oldest first, a turn of each after the other."""
    until = time.monotonic() + seconds_at_most
    while time.monotonic() < until:
        found = _at_work()
        db.session.rollback()
        if not found:
            return
        for batch_id, user_id in found:
            _serve(batch_id, user_id)


def sweep() -> int:
    """Forget batches that nobody can undo any more; how many."""
    gone = db.session.execute(delete(BulkBatch).where(BulkBatch.created_at < now() - KEPT))
    db.session.commit()
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _begin(actor: Actor, batch_id: UUID, count: int) -> BulkBatch:
    if count > AT_ONCE:
        queues.wake("bulk.run")
    else:
        while _turn(batch_id, actor, TURN):
            pass
    return db.session.get_one(BulkBatch, batch_id)


def _at_work() -> Sequence[tuple[UUID, UUID]]:
    rows = db.session.execute(
        select(BulkBatch.id, BulkBatch.user_id)
        .where(BulkBatch.state.in_(AT_WORK))
        .order_by(BulkBatch.created_at)
        .limit(20)
    )
    return [(row.id, row.user_id) for row in rows]


def _serve(batch_id: UUID, user_id: UUID) -> None:
    """One turn in the name of whoever ordered it; a fault of one post delays no other."""
    for size in (TURN, 1):
        try:
            _turn(batch_id, person(db.session.get_one(User, user_id)), size)
        except Exception:
            db.session.rollback()
            log.exception("bulk_failed", batch_id=str(batch_id))
        else:
            return
    batch, items = _next(batch_id, 1)
    for item in items:
        item.state = ItemState.KEPT if batch.state is BulkState.UNDOING else ItemState.REFUSED
        item.reason = BROKEN
    db.session.commit()


def _next(batch_id: UUID, size: int) -> tuple[BulkBatch, Sequence[BulkItem]]:
    """The batch, locked, and what of it comes next."""
    batch = db.session.scalars(
        select(BulkBatch)
        .where(BulkBatch.id == batch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    state = ItemState.DONE if batch.state is BulkState.UNDOING else ItemState.WAITING
    items = db.session.scalars(
        select(BulkItem)
        .where(BulkItem.batch_id == batch_id, BulkItem.state == state)
        .order_by(BulkItem.place)
        .limit(size)
    ).all()
    return batch, items


def _turn(batch_id: UUID, actor: Actor, size: int) -> bool:
    """The next few posts in one transaction; whether there may be more."""
    batch, items = _next(batch_id, size)
    if batch.state not in AT_WORK:
        db.session.rollback()
        return False
    if not items:
        _end(batch)
        return False
    undoing, order = batch.state is BulkState.UNDOING, Order.from_json(batch.asked)
    profile = db.session.get_one(Profile, batch.profile_id)
    step = _step(actor, profile, order)
    made = undoing and batch.kind is BulkKind.DUPLICATE  # the copies are what is taken back
    wanted = [item.made_id if made else item.post_id for item in items]
    posts = lock_many(actor, [one for one in wanted if one], gone=undoing and step.gone)
    changed: list[Post] = []
    refusal: AppError | None = None
    try:
        actor.require(Permission.POST_WRITE, profile.id)
        step.prepare(list(posts.values()))
    except AppError as error:  # of all alike: the right is gone, or an account
        refusal = error
    for item, post_id in zip(items, wanted, strict=True):
        try:
            if refusal is not None:
                raise refusal
            post = posts.get(post_id) if post_id else None
            changed += _one(step, actor, item, post, undoing=undoing)
        except AppError as error:
            item.state = ItemState.KEPT if undoing else ItemState.REFUSED
            item.reason = error.message[:500]
    seat_belt.tidy_many(changed)
    settle(db.session(), [post.id for post in changed])
    quick = [t.quick for p in changed for t in p.targets if t.state is TargetState.SCHEDULED]
    db.session.commit()
    if quick:
        queues.wake("publishing.deliver" if any(quick) else "checks.flight")
    return True


def _one(
    step: Step, actor: Actor, item: BulkItem, post: Post | None, *, undoing: bool
) -> list[Post]:
    """Do or undo one; the posts that it changed or made."""
    if post is None or post.profile_id != step.profile.id or post.edits_id is not None:
        raise PostNotFound()
    if not (undoing and step.gone) and post.rev != (item.after if undoing else item.rev):
        raise Stale(CHANGED)
    act: Callable[[], Done] = (
        (lambda: step.undo(post, item.before)) if undoing else (lambda: step.do(post, item.mark))
    )
    done = act()
    subject = done.made or post
    if undoing:
        item.state, item.reason = ItemState.UNDONE, done.note
    else:
        item.state, item.before = ItemState.DONE, done.before
        item.after, item.reason = subject.rev, done.note
    if done.made is not None:
        item.made_id = done.made.id
    events.audit(
        db.session(), actor, done.action, profile_id=post.profile_id, subject="post",
        subject_id=subject.id, bulk=str(item.batch_id), **done.detail,
    )  # fmt: skip
    return [post] if done.made is None else [post, done.made]


def _end(batch: BulkBatch) -> None:
    if batch.state is BulkState.UNDOING:
        batch.state, batch.undone_at = BulkState.UNDONE, now()
    else:
        batch.state, batch.done_at = BulkState.DONE, now()
    db.session.commit()


def _looked(step: Step, pick: Pick, post: Post) -> Row:
    try:
        if pick.rev != post.rev:
            pick = Pick(pick.post_id, post.rev, pick.mark)  # what is seen now is what is meant
        return Row(pick, post, step.check(post, pick.mark))
    except AppError as error:
        return Row(pick, post, None, error.message)


def _step(actor: Actor, profile: Profile, order: Order) -> Step:
    return STEPS[order.kind](actor, profile, order)


def _ours(posts: dict[UUID, Post], pick: Pick, profile: Profile) -> bool:
    post = posts.get(pick.post_id)
    return post is not None and post.profile_id == profile.id and post.edits_id is None


def _few(picks: Sequence[Pick]) -> None:
    if not picks:
        raise ValidationFailed("Choose at least one post.", field="post")
    if len(picks) > MOST:
        raise ValidationFailed(f"Choose at most {MOST} posts at a time.", field="post")


def _mine(actor: Actor, profile: Profile, batch: BulkBatch | None) -> BulkBatch:
    if batch is None or batch.user_id != actor.user_id or batch.profile_id != profile.id:
        raise NotFound("We could not find that.")
    return batch


def _until(batch: BulkBatch) -> datetime | None:
    if batch.state is not BulkState.DONE or batch.done_at is None:
        return None
    until = batch.done_at + UNDO
    return until if until > now() else None


def _count(batch_id: UUID, state: ItemState) -> int:
    found = select(func.count(BulkItem.id)).where(
        BulkItem.batch_id == batch_id, BulkItem.state == state
    )
    return db.session.scalar(found) or 0


def new_id() -> UUID:
    """For a batch that a page is about to order."""
    return ids.uuid7()
