"""What a person or a key can do with a post once it is written (reliability §2).

Writing it is ``services/drafts.py``. Every action locks the post's targets first, so a
claim by the engine and a person's decision never both win.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import joinedload

from app import events
from app.clock import now, seconds
from app.config import settings
from app.errors import Conflict, InvalidTransition, Stale, ValidationFailed
from app.extensions import db, queues
from app.models.accounts import AccountStatus
from app.models.attempts import Attempt, AttemptState
from app.models.posts import Post, PostTarget, TargetState, check_move
from app.permissions import Actor, Permission
from app.services import duplicates, seat_belt, slots, usage, verdicts
from app.services.access import reach
from app.services.post_changes import copied, end, retime, throw_away
from app.services.starting import due_of, hold_if_unusable, launch, set_due, stamp
from app.services.writing import load, lock, refuse_problems
from app.settle import settle

S = TargetState


def get(actor: Actor, post_id: UUID, *, gone: bool = False) -> Post:
    """The post with all that a page shows of it, or ``NotFound``; ``gone``: discarded ones too."""
    return load(actor, post_id, gone=gone)


def history(actor: Actor, post_id: UUID) -> list[Attempt]:
    """Every attempt of the post's targets, oldest first: the job log."""
    post = get(actor, post_id)
    return list(
        db.session.scalars(
            reach(actor)
            .query(Attempt)
            .where(PostTarget.post_id == post.id)
            .options(joinedload(Attempt.target).joinedload(PostTarget.account))
            .order_by(Attempt.started_at, Attempt.id)
        )
    )


def schedule(
    actor: Actor,
    post_id: UUID,
    at: datetime,
    *,
    rev: int | None = None,
    only: Collection[UUID] | None = None,
) -> Post:
    """Put the post on the clock for ``at`` (UTC).

    ``only`` names the targets to send; the others move to a draft of their own. Raises
    ``ValidationFailed`` with one error for each network that would refuse it.
    """
    due = due_of(at)
    return _arm(actor, post_id, lambda post, targets: due, rev=rev, only=only, quick=False)


def schedule_next(
    actor: Actor,
    post_id: UUID,
    *,
    seen: datetime | None = None,
    rev: int | None = None,
    only: Collection[UUID] | None = None,
) -> Post:
    """Put the post on the clock in an open slot of its accounts: the one ``seen`` (UTC), or the
    next. Nobody else gets that slot. Raises as ``schedule`` and ``slots.claim`` do.
    """

    def due(post: Post, targets: Sequence[PostTarget]) -> datetime:
        accounts = [one.account_id for one in targets]
        return slots.claim(actor, post.profile, accounts, seen=seen, without=[post.id])

    return _arm(actor, post_id, due, rev=rev, only=only, quick=False)


def publish_now(
    actor: Actor,
    post_id: UUID,
    *,
    rev: int | None = None,
    only: Collection[UUID] | None = None,
    undo: bool = False,
) -> Post:
    """Make it due this moment and wake the engine. ``undo``: due only in ``UNDO_SECONDS``, so
    that a person can take it back until then (``unschedule``)."""
    due = now() + seconds(settings().UNDO_SECONDS if undo else 0)
    return _arm(actor, post_id, lambda post, targets: due, rev=rev, only=only, quick=True)


def undo_until(post: Post) -> datetime | None:
    """Until when "publish now" can be taken back (UTC); ``None`` where it cannot or need not."""
    if any(t.state not in (S.SCHEDULED, S.DRAFT, S.CANCELLED) for t in post.targets):
        return None
    quick = [t for t in post.targets if t.quick and not t.held]
    until = min((t.due_at for t in quick if t.due_at), default=None)
    return until if post.armed and until is not None and until > now() else None


def unschedule(actor: Actor, post_id: UUID) -> Post:
    """Take the post off the clock: a draft again. One that was to go out at once has no time
    then."""
    post = begin(actor, post_id)
    if any(t.state not in (S.SCHEDULED, S.DRAFT, S.CANCELLED) for t in post.targets):
        raise InvalidTransition("This post is already going out, so it can't go back to a draft.")
    for target in post.targets:
        if target.state is S.SCHEDULED:
            target.state = S.DRAFT
            target.hold_reason = target.hold_until = None
    if any(t.quick for t in post.targets):
        post.due_at = None
    post.armed = False
    post.rev += 1
    finish(actor, post, "post.unscheduled")
    return post


def move(actor: Actor, post_id: UUID, at: datetime, *, rev: int | None = None) -> Post:
    """Give the post another time (UTC); a draft keeps it as its planned time."""
    post = begin(actor, post_id, rev)
    before = post.due_at
    retime(actor, post, at)
    finish(actor, post, "post.moved", before=stamp(before), after=stamp(post.due_at))
    return post


def cancel(actor: Actor, target_id: UUID) -> Post:
    """Take one account off the post for good; nothing is sent to it after this returns."""
    target = reach(actor).get(PostTarget, target_id, need="post.write")
    post = begin(actor, target.post_id)
    target = _one(post, target_id)
    check_move(target.state, S.CANCELLED)
    end(target, S.CANCELLED)
    if all(t.state in (S.CANCELLED, S.DISCARDED) for t in post.targets):
        post.discarded_at = now()
    finish(actor, post, "post.cancelled", target=str(target_id))
    return post


def discard(actor: Actor, post_id: UUID) -> Post:
    """Delete the post here. What is public already stays public on the networks."""
    post = begin(actor, post_id)
    throw_away(post)
    finish(actor, post, "post.discarded")
    return post


def retry(actor: Actor, target_id: UUID, *, confirm_not_published: bool = False) -> Post:
    """Send a failed target again, with a new count of tries.

    One that needs review goes again only when the person confirms that it is not public
    (``confirmNotPublished``), else ``Conflict``.
    """
    target = reach(actor).get(PostTarget, target_id, need="post.write")
    post = begin(actor, target.post_id)
    target = _one(post, target_id)
    if target.state is S.NEEDS_REVIEW:
        if not confirm_not_published:
            raise Conflict("Look at the network first, then confirm that it is not there.")
        _close_unknown(target, AttemptState.FAILED)
    elif target.state is not S.FAILED:
        raise InvalidTransition(f"A post that is {target.state.value} can't be tried again.")
    target.error = target.error_code = target.category = None
    seat_belt.send(actor, post, now())
    _resume(target)
    seat_belt.hold(actor, post, [target])
    finish(actor, post, "post.retried", target=str(target_id), confirmed=confirm_not_published)
    return post


def confirm_published(actor: Actor, target_id: UUID, url: str = "") -> Post:
    """A person's verdict on a target that needs review: it did go out.

    What follows it, of a thread or as its first comment, goes out now, under the part whose id
    is known from ``url`` or under the last one known before. Where none is, the post ends here
    and says so.
    """
    target = reach(actor).get(PostTarget, target_id, need="post.write")
    link = _link(url)
    post = begin(actor, target.post_id)
    seat_belt.refuse_verdict(actor)
    target = _one(post, target_id)
    if target.state is not S.NEEDS_REVIEW:
        raise InvalidTransition("Only a post that needs review can be settled by hand.")
    rest = verdicts.rest_of(target, link)
    _close_unknown(target, AttemptState.OK, external_id=rest.found, url=link or None)
    target.error = target.error_code = target.category = None
    if rest.any and rest.follows:
        _resume(target)
        finish(actor, post, "post.verdict", target=str(target_id), verdict="published", rest=True)
        return post
    target.state, target.permalink = S.PUBLISHED, link or None
    target.external_id = rest.found or None
    target.published_at = target.published_at or now()
    if rest.any:
        target.error_code = "WARNING"
        target.error = f"This is out, but {rest.words}: we do not know its address."
    events.emit(db.session(), post.profile_id, "post.published", _facts(target))
    finish(actor, post, "post.verdict", target=str(target_id), verdict="published")
    return post


def confirm_failed(actor: Actor, target_id: UUID) -> Post:
    """A person's verdict on a target that needs review: it did not go out; leave it."""
    target = reach(actor).get(PostTarget, target_id, need="post.write")
    post = begin(actor, target.post_id)
    target = _one(post, target_id)
    if target.state is not S.NEEDS_REVIEW:
        raise InvalidTransition("Only a post that needs review can be settled by hand.")
    _close_unknown(target, AttemptState.FAILED)
    target.state = S.FAILED
    target.error = "You said that this did not go out."
    finish(actor, post, "post.verdict", target=str(target_id), verdict="failed")
    return post


def duplicate(actor: Actor, post_id: UUID) -> Post:
    """A draft with the same texts, pictures and accounts, and no time."""
    source = get(actor, post_id)
    actor.require(Permission.POST_WRITE, source.profile_id)
    kept = [t.account_id for t in source.targets if t.account.status is AccountStatus.ACTIVE]
    copy = copied(source, actor.user_id, kept)
    db.session.add(copy)
    db.session.flush()
    finish(actor, copy, "post.duplicated", source=str(post_id))
    return copy


def _arm(
    actor: Actor,
    post_id: UUID,
    due_for: Callable[[Post, Sequence[PostTarget]], datetime],
    *,
    rev: int | None,
    only: Collection[UUID] | None,
    quick: bool,
) -> Post:
    post = begin(actor, post_id, rev)
    wanted = [t for t in post.targets if only is None or t.id in only]
    startable = [t for t in wanted if t.state in (S.DRAFT, S.SCHEDULED, S.FAILED)]
    if not wanted:
        raise ValidationFailed("Choose at least one account.", field="accounts")
    if not startable:
        raise InvalidTransition("This post has gone out or is going out.")
    refuse_problems(post, startable, waits=not quick)
    due = due_for(post, startable)
    duplicates.refuse(actor, post, startable, due)
    usage.charge(post, waits=not quick)
    seat_belt.send(actor, post, due)
    launch(post, startable, due, quick=quick)
    left = [t for t in post.targets if t not in wanted and t.state is S.DRAFT]
    if left:
        aside = copied(post, actor.user_id, [t.account_id for t in left])
        db.session.add(aside)
        for target in left:
            post.targets.remove(target)
    seat_belt.hold(actor, post, startable)
    post.rev += 1
    finish(actor, post, "post.published_now" if quick else "post.scheduled", due=stamp(due))
    return post


def begin(actor: Actor, post_id: UUID, rev: int | None = None) -> Post:
    """The post for writing, its targets locked; ``Stale`` where somebody saved since ``rev``."""
    post = load(actor, post_id)
    actor.require(Permission.POST_WRITE, post.profile_id)
    lock(post)
    seat_belt.touch(actor, post)
    if rev is not None and rev != post.rev:
        raise Stale("Somebody else saved this post meanwhile.")
    return post


def _one(post: Post, target_id: UUID) -> PostTarget:
    return next(t for t in post.targets if t.id == target_id)


def _resume(target: PostTarget) -> None:
    """To the clock for this moment, with a new count of tries."""
    target.state, target.failures, target.claims = S.SCHEDULED, 0, 0
    set_due(target, now())
    target.quick = True
    hold_if_unusable(target)


def _close_unknown(target: PostTarget, state: AttemptState, **values: Any) -> None:
    db.session.execute(
        update(Attempt)
        .where(
            Attempt.target_id == target.id,
            Attempt.state.in_((AttemptState.UNKNOWN, AttemptState.OPEN)),
        )
        .values(state=state, finished_at=now(), next_probe_at=None, **values)
    )


def _link(url: str) -> str:
    url = url.strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValidationFailed("Paste the whole link of the post.", field="url") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > 2000:
        raise ValidationFailed("Paste the whole link of the post.", field="url")
    return url


def _facts(target: PostTarget) -> dict[str, Any]:
    return {
        "post_id": str(target.post_id),
        "target_id": str(target.id),
        "network": target.account.network,
        "url": target.permalink,
    }


def finish(actor: Actor, post: Post, action: str, **detail: Any) -> None:
    """The record, the post's status, one commit, then the hint."""
    seat_belt.tidy(post)
    events.audit(
        db.session(), actor, action, profile_id=post.profile_id, subject="post",
        subject_id=post.id, **detail,
    )  # fmt: skip
    settle(db.session(), [post.id])
    db.session.commit()
    if any(t.quick and t.state is S.SCHEDULED for t in post.targets):
        queues.wake("publishing.deliver")
    elif any(t.state is S.SCHEDULED for t in post.targets):
        queues.wake("checks.flight")
