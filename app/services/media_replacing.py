"""A new file in the place of one of the library: in what is still to go out (DESIGN §6.7).

Drafts, planned posts, templates and recurring schedules get it. What has gone out, or may have,
keeps the file it went out with, which stays in the library.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload, selectinload

from app import content, events
from app.clock import now
from app.config import settings
from app.errors import AppError, Conflict, ValidationFailed
from app.extensions import db, networks, queues
from app.integrations.storage import Readable
from app.models.base import table
from app.models.content_templates import TemplateMedia
from app.models.media import Media
from app.models.posts import Post, PostTarget, TargetState
from app.models.recurring import RecurringMedia
from app.permissions import Actor, Permission
from app.services import media, media_library, media_tags, media_uses, seat_belt
from app.settle import settle

# Waits for the engine: what a network would refuse of it is told now.
PLANNED = (TargetState.SCHEDULED, TargetState.QUEUED, TargetState.FAILED)


@dataclass(frozen=True)
class Replaced:
    """The new file, and how many posts show it now in the place of the old one."""

    media: Media
    posts: int


def replace(
    actor: Actor, profile_id: UUID, media_id: UUID, stream: Readable, name: str,
    declared_mime: str | None,
) -> Replaced:  # fmt: skip
    """Take a file into the library and put it in the place of another one.

    It gets the other's alt text and tags. Raises ``Conflict`` while a post that shows the old one
    is being sent, and ``ValidationFailed`` with ``field="file"`` for a picture in the place of a
    video or the other way round, and where a network would not take it in a planned post; else as
    ``media.upload``. Nothing is changed then.
    """
    old = media_library.one(actor, profile_id, media_id)
    actor.require(Permission.MEDIA_WRITE, profile_id)
    actor.require(Permission.POST_WRITE, profile_id)
    _refuse_sending(actor, old)
    moves, alt, tags = old.mime.startswith("video/"), old.alt, media_tags.of(media_id)
    made_id = media.upload(actor, profile_id, stream, name, declared_mime).id
    try:
        made = media.held(actor, made_id)
        if made.mime.startswith("video/") != moves:
            what = "a video" if moves else "a picture"
            raise ValidationFailed(f"Choose {what}: that is what it replaces.", field="file")
        made.alt = alt
        media_tags.put(made, tags)
        count = _swap(actor, media_library.one(actor, profile_id, media_id), made)
        db.session.commit()
    except AppError:
        db.session.rollback()
        media.delete(actor, made_id)
        raise
    queues.wake("checks.flight")
    return Replaced(made, count)


def _refuse_sending(actor: Actor, old: Media) -> None:
    """Raise ``Conflict`` naming a post that is being sent with the file at this moment."""
    busy = db.session.scalars(
        media_uses.waiting(actor, old.id).where(media_uses.sending()).limit(1)
    ).first()
    if busy is not None:
        name = media_uses.called(busy.parts, busy.due_at, busy.profile.zone)
        raise Conflict(f"{name} is being sent just now. Try again in a minute.", field="file")


def _swap(actor: Actor, old: Media, made: Media) -> int:
    """Put the new file in; how many posts it changes. The caller commits."""
    posts = _locked(actor, old)
    for post in posts:
        before = _blocking(post)
        for item in post.media:
            if item.media_id == old.id:
                item.media = made
        _refuse_worse(post, before)
        for target in post.targets:
            # Claimed, and nothing sent: the claim is void, so that the file is the new one.
            if target.state is TargetState.QUEUED:
                target.state, target.lease_until = TargetState.SCHEDULED, None
        post.updated_at = now()
    for model in (TemplateMedia, RecurringMedia):
        mine = table(model)
        db.session.execute(
            update(mine).where(mine.c.media_id == old.id).values(media_id=made.id)
        )  # fmt: skip
    db.session.flush()
    for post in posts:
        seat_belt.tidy(post)
    events.audit(
        db.session(), actor, "media.replaced", profile_id=old.profile_id, subject="media",
        subject_id=old.id, name=old.name, by=str(made.id), posts=len(posts),
    )  # fmt: skip
    settle(db.session(), [post.id for post in posts if post.armed])
    ids = {post.id for post in posts}
    return sum(post.edits_id not in ids for post in posts)  # a working copy is not another post


def _locked(actor: Actor, old: Media) -> list[Post]:
    """The posts that get the new file, locked as every writer does: targets, then posts."""
    changing = media_uses.waiting(actor, old.id).where(~media_uses.out())
    ids = list(db.session.scalars(changing.with_only_columns(Post.id).order_by(Post.id)))
    db.session.scalars(
        select(PostTarget)
        .where(PostTarget.post_id.in_(ids))
        .order_by(PostTarget.post_id, PostTarget.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    posts = db.session.scalars(
        select(Post)
        .where(Post.id.in_(ids))
        .order_by(Post.id)
        .with_for_update(of=Post)
        .options(
            selectinload(Post.targets).joinedload(PostTarget.account),
            selectinload(Post.variants), selectinload(Post.media), joinedload(Post.profile),
        )
        .execution_options(populate_existing=True)
    ).all()  # fmt: skip
    _refuse_sending(actor, old)  # what was claimed meanwhile waits for us, or has begun
    still = set(db.session.scalars(changing.with_only_columns(Post.id)))
    return [post for post in posts if post.id in still]


def _blocking(post: Post) -> set[tuple[UUID, str]]:
    """What the networks of a planned post would refuse of it."""
    if not post.armed:
        return set()
    return {
        (target.account_id, problem.message)
        for target in post.targets
        if target.state in PLANNED
        for problem in content.problems(post, target, settings())
        if problem.blocks
    }


def _refuse_worse(post: Post, before: set[tuple[UUID, str]]) -> None:
    """Raise ``ValidationFailed`` where the new file brings a refusal that was not there."""
    worse = sorted(_blocking(post) - before, key=str)
    if not worse:
        return
    account_id, says = worse[0]
    network = next(t.account.network for t in post.targets if t.account_id == account_id)
    name = media_uses.called(post.parts, post.due_at, post.profile.zone)
    raise ValidationFailed(
        f"{networks.get(network).title} would not take it in {name}: {says}", field="file"
    )
