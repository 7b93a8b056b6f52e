"""What every network of a post would refuse or change, with nothing stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app import content
from app.clock import now
from app.config import settings
from app.extensions import db
from app.models.posts import Post, PostTarget, TargetState
from app.networks.base import Problem
from app.permissions import Actor, Permission
from app.services import duplicates, posts, submissions
from app.services.duplicates import Twin
from app.services.submissions import Submission

ENDED = (TargetState.CANCELLED, TargetState.DISCARDED, TargetState.PUBLISHED)


@dataclass(frozen=True)
class Looked:
    """One account: the texts of its parts, and what its network says."""

    account_id: UUID
    network: str
    handle: str
    texts: tuple[str, ...]
    problems: tuple[Problem, ...]
    duplicates: tuple[Twin, ...]

    @property
    def valid(self) -> bool:
        return not any(one.blocks for one in self.problems)


def written(
    actor: Actor, profile_id: UUID, sent: Submission, accounts: Sequence[UUID]
) -> list[Looked]:
    """Look at a post as it would be stored. It is rolled back, and so is what came with it."""
    actor.require(Permission.POST_WRITE, profile_id)
    post = submissions.blank(actor, profile_id, sent)
    db.session.add(post)
    try:
        submissions.write(actor, post, sent, accounts)
        db.session.flush()
        return _looked(post, sent.due_at, waits=sent.due_at is not None)
    finally:
        db.session.rollback()


def stored(actor: Actor, post_id: UUID) -> list[Looked]:
    """Look at a post as it is: the accounts it has not gone out to."""
    post = posts.get(actor, post_id)
    return _looked(post, post.due_at, waits=post.armed)


def twins(post: Post, at: datetime | None) -> tuple[Twin, ...]:
    """What the post's accounts have already of its words, going out at ``at`` or now."""
    return duplicates.of_post(post, at or now()).twins


def at_account(found: Sequence[Twin], account_id: UUID) -> tuple[Twin, ...]:
    """Those of one account."""
    return tuple(one for one in found if any(a.id == account_id for a in one.accounts))


def _looked(post: Post, at: datetime | None, *, waits: bool) -> list[Looked]:
    found = twins(post, at)
    return [_one(post, t, waits, found) for t in post.targets if t.state not in ENDED]


def _one(post: Post, target: PostTarget, waits: bool, twins: Sequence[Twin]) -> Looked:
    account = target.account
    texts = tuple(post.texts(account.network) or [""])
    found = tuple(problems(post, target, waits=waits))
    mine = at_account(twins, account.id)
    return Looked(account.id, account.network, account.handle, texts, found, mine)


def problems(post: Post, target: PostTarget, *, waits: bool) -> list[Problem]:
    """What the network says of the post. ``waits``: it goes out at a time of ours."""
    found = content.problems(post, target, settings())
    return [*found, *content.clash(post, target)] if waits else found
