"""What every action on a post shares: loading it, locking it, refusing what cannot go out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import Select, select, true
from sqlalchemy.orm import joinedload, selectinload

from app import content
from app.config import settings
from app.errors import NotFound, ValidationFailed
from app.extensions import db
from app.models.posts import Post, PostTarget
from app.networks.base import Problem
from app.permissions import Actor
from app.services.access import reach


class PostNotFound(NotFound):
    """No post of ours: foreign, discarded or never there (the Ampost contract's own code)."""

    code = "POST_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("We could not find that post.")


class Refused(ValidationFailed):
    """Something that a network would refuse of a post's content.

    ``problem`` says what, ``network`` which one; ``own``: that network has a text of its own;
    ``several``: the shared text has several parts.
    ``field`` is ``<network>.<field of the problem>``: a contract's door names the place in the
    request's body instead.
    """

    def __init__(
        self, network: str, problem: Problem, *, own: bool = False, several: bool = False
    ) -> None:
        super().__init__(
            problem.message, field=f"{network}.{problem.field}", code=problem.code.value,
            contract=problem.contract, facts={"platform": network},
        )  # fmt: skip
        self.network, self.problem = network, problem
        self.own, self.several = own, several


def load(actor: Actor, post_id: UUID, *, gone: bool = False) -> Post:
    """The post with all that a page shows of it, or ``NotFound``; ``gone``: discarded ones too."""
    found = db.session.scalars(_whole(actor, [post_id], gone=gone)).one_or_none()
    if found is None:
        raise PostNotFound()
    return found


def load_many(actor: Actor, post_ids: Collection[UUID], *, gone: bool = False) -> dict[UUID, Post]:
    """The same of many in a fixed number of statements; those out of reach are left out."""
    return {post.id: post for post in db.session.scalars(_whole(actor, post_ids, gone=gone))}


def lock(post: Post) -> None:
    """Lock the targets, then the post: the order of every writer (``settle``).

    What the rows say is read anew, so a claim by the engine and a person's decision never
    both win.
    """
    locked = (
        select(PostTarget)
        .where(PostTarget.post_id == post.id)
        .order_by(PostTarget.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    db.session.scalars(locked).all()
    db.session.refresh(post, ["rev", "armed", "due_at", "discarded_at"], with_for_update=True)
    if post.discarded_at is not None:
        raise PostNotFound()


def lock_many(actor: Actor, post_ids: Collection[UUID], *, gone: bool = False) -> dict[UUID, Post]:
    """Many posts for writing, locked in the same order and read anew; by id, as ``load_many``."""
    targets, posts = reach(actor).query(PostTarget), reach(actor).query(Post)
    db.session.execute(
        targets.with_only_columns(PostTarget.id)
        .where(PostTarget.post_id.in_(post_ids))
        .order_by(PostTarget.id)
        .with_for_update()
    ).all()
    db.session.execute(
        posts.with_only_columns(Post.id)
        .where(Post.id.in_(post_ids))
        .order_by(Post.id)
        .with_for_update()
    ).all()
    query = _whole(actor, post_ids, gone=gone).execution_options(populate_existing=True)
    return {post.id: post for post in db.session.scalars(query)}


def _whole(actor: Actor, post_ids: Collection[UUID], *, gone: bool) -> Select[Post]:
    return (
        reach(actor)
        .query(Post)
        .where(Post.id.in_(post_ids), true() if gone else Post.discarded_at.is_(None))
        .options(
            selectinload(Post.targets).joinedload(PostTarget.account),
            selectinload(Post.variants),
            selectinload(Post.media),
            joinedload(Post.profile),
        )
    )


def refuse_problems(post: Post, targets: Iterable[PostTarget], *, waits: bool) -> None:
    """Raise ``ValidationFailed`` with one error for each thing a network would refuse.

    ``waits``: the post goes out at a time of ours, so it must not have one of the network's.
    """
    _refuse(
        (target, found)
        for target in targets
        for found in [
            *content.problems(post, target, settings()),
            *(content.clash(post, target) if waits else ()),
        ]
    )


def refuse_clash(post: Post, targets: Iterable[PostTarget]) -> None:
    """Raise ``ValidationFailed`` where a network has been given a time of its own."""
    _refuse((target, found) for target in targets for found in content.clash(post, target))


def _refuse(found: Iterable[tuple[PostTarget, Problem]]) -> None:
    errors = [
        Refused(target.account.network, one, own=_own(target), several=len(target.post.parts) > 1)
        for target, one in found
        if one.blocks
    ]
    if errors:
        first = errors[0]
        raised = Refused(first.network, first.problem, own=first.own, several=first.several)
        raised.errors, raised.facts = list(errors), {}
        raise raised


def _own(target: PostTarget) -> bool:
    return any(one.network == target.account.network for one in target.post.variants)
