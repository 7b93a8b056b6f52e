"""Putting an earlier version of a post back: an ordinary edit, which keeps what was there."""

from __future__ import annotations

from uuid import UUID

from app.models.posts import Post
from app.permissions import Actor
from app.services import drafts, versions
from app.services.drafts import Changes


def text_now(actor: Actor, post: Post) -> Post:
    """What versions are compared with: the working copy of a post on the clock where somebody
    has begun one, else the post."""
    copy = drafts.copy_of(actor, post.id) if post.armed else None
    return copy or post


def use(actor: Actor, post_id: UUID, version_id: UUID) -> Post:
    """Write a version into the draft, or into the working copy of a planned post; what the
    composer opens. Raises ``InvalidTransition`` for a post that has gone out."""
    row = versions.get(actor, drafts.get(actor, post_id), version_id)
    then = versions.of(row)
    post = drafts.edit(actor, post_id)
    gone = {v.network: None for v in post.variants if v.network not in then.own}
    wanted = Changes(parts=then.parts, variants={**then.own, **gone}, anew=True)
    return drafts.save(actor, post.id, post.rev, wanted)
