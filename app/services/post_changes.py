"""How a locked post is changed: one way a change, for one post and for many at once.

Each looks at everything before it writes anything, so that a refusal leaves the post as it was.
The caller has locked the targets, records what was done, settles and commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app import holds
from app.clock import now
from app.errors import InvalidTransition, ValidationFailed
from app.models.accounts import SocialAccount
from app.models.posts import (
    OPEN_TO_EDIT,
    Post,
    PostMedia,
    PostTarget,
    PostVariant,
    TargetState,
)
from app.permissions import Actor
from app.services import duplicates, left_out, seat_belt
from app.services.starting import due_of, set_due
from app.services.writing import refuse_clash, refuse_problems

S = TargetState


def check_retime(post: Post, at: datetime) -> datetime:
    """When the post would be due. Raises where that time has passed, or nothing of it waits."""
    due, waiting = due_of(at), [t for t in post.targets if t.state is S.SCHEDULED]
    if post.armed and not waiting:
        raise InvalidTransition("This post has gone out or is going out, so it can't be moved.")
    if post.armed:
        refuse_clash(post, waiting)
    return due


def retime(actor: Actor, post: Post, at: datetime) -> None:
    """Give the post another time (UTC); a draft keeps it as its planned time."""
    due, waiting = check_retime(post, at), [t for t in post.targets if t.state is S.SCHEDULED]
    if post.armed:
        seat_belt.send(actor, post, due)
    post.due_at = due
    for target in waiting:
        set_due(target, due)
        target.error = target.error_code = target.category = None  # of a wait that is over
        holds.moved(target, now())
    seat_belt.hold(actor, post, waiting)
    post.rev += 1


def throw_away(post: Post) -> None:
    """Delete the post here. What is public already stays public on the networks."""
    if any(t.state in (S.POSTING, S.NEEDS_REVIEW) for t in post.targets):
        raise InvalidTransition(
            "This post is going out, or nobody knows yet whether it did. Settle that first."
        )
    for target in post.targets:
        if target.state not in (S.PUBLISHED, S.CANCELLED):
            end(target, S.DISCARDED)
    post.discarded_at = now()


def end(target: PostTarget, state: TargetState) -> None:
    """The target goes no further; a claim of it is void."""
    target.state, target.lease_until = state, None
    target.hold_reason = target.hold_until = None


def copied(source: Post, author_id: UUID | None, account_ids: Sequence[UUID]) -> Post:
    """A draft with the same texts, pictures and settings, for these accounts; not stored yet."""
    return Post(
        profile_id=source.profile_id,
        author_id=author_id,
        parts=list(source.parts),
        options=dict(source.options),
        variants=[PostVariant(network=v.network, parts=list(v.parts)) for v in source.variants],
        media=_pictures(source),
        targets=[PostTarget(account_id=a, profile_id=source.profile_id) for a in account_ids],
    )


def working_copy(post: Post) -> Post:
    """The post as ``rewrite`` takes it, with the accounts that can still be changed; not stored.

    Its rows hold their accounts and files, so that it can be checked and counted as it is.
    """
    return Post(
        profile_id=post.profile_id, edits_id=post.id, due_at=post.due_at, armed=False,
        parts=list(post.parts), options=dict(post.options), late_policy=post.late_policy,
        late_limit_minutes=post.late_limit_minutes, link=post.link, accepted=list(post.accepted),
        variants=[PostVariant(network=v.network, parts=list(v.parts)) for v in post.variants],
        media=_pictures(post),
        targets=[
            PostTarget(
                account=t.account, account_id=t.account_id, profile_id=post.profile_id,
                state=S.DRAFT,
            )
            for t in post.targets
            if t.state in OPEN_TO_EDIT
        ],
    )  # fmt: skip


def check_rewrite(post: Post, copy: Post) -> list[PostTarget]:
    """The targets that still wait. Raises where the post has begun to go out, or where a network
    would refuse what the copy says."""
    waiting = [t for t in post.targets if t.state in (*OPEN_TO_EDIT, S.QUEUED)]
    if any(t.state is S.POSTING for t in post.targets) or not waiting:
        raise InvalidTransition("This post has begun to go out. Your text is kept here.")
    if not copy.targets:
        raise ValidationFailed("Choose at least one account.", field="accounts")
    refuse_problems(copy, copy.targets, waits=any(not t.quick for t in waiting))
    return waiting


def rewrite(post: Post, copy: Post) -> None:
    """Put what the copy says in the place of a post on the clock; the post keeps its state.

    Raises ``ValidationFailed`` where a network would refuse the new text, ``InvalidTransition``
    where the post has begun to go out.
    """
    waiting = check_rewrite(post, copy)
    wanted = [t.account_id for t in copy.targets]
    left_out.make_room(post, wanted)
    due_at = copy.due_at if copy.due_at and copy.due_at > now() else post.due_at
    for target in [t for t in waiting if t.account_id not in wanted]:
        end(target, S.CANCELLED)
    for target in waiting:
        if target.account_id not in wanted:
            continue
        if target.state is S.QUEUED:
            # Claimed, and nothing sent: the claim is void, so that time and text are the new ones.
            target.state, target.lease_until = S.SCHEDULED, None
        if target.state is S.SCHEDULED and target.due_at != due_at:
            target.due_at = target.scheduled_for = due_at
            holds.moved(target, now())
    have = {t.account_id for t in post.targets}
    for account in [t.account for t in copy.targets if t.account_id not in have]:
        made = holds.scheduled(post.profile_id, account, due_at, now())
        made.account = account
        post.targets.append(made)
    post.due_at, post.late_policy = due_at, copy.late_policy
    post.late_limit_minutes = copy.late_limit_minutes
    reword(post, copy)
    post.media = _pictures(copy, gone=True)
    post.accepted = list(copy.accepted)
    post.rev += 1
    duplicates.stamp(post, [t for t in post.targets if t.state in OPEN_TO_EDIT])


def choose(post: Post, accounts: Sequence[SocialAccount]) -> None:
    """Give a draft exactly these accounts."""
    chosen = {one.id for one in accounts}
    left_out.make_room(post, chosen)
    for target in [t for t in post.targets if t.account_id not in chosen]:
        post.targets.remove(target)
    have = {t.account_id for t in post.targets}
    for account in accounts:
        if account.id not in have:
            post.targets.append(PostTarget(account=account, profile_id=post.profile_id))


def reword(post: Post, copy: Post) -> None:
    """Take over what the copy says, with the settings of its networks; in place, for a network
    has one row."""
    post.parts, post.options = list(copy.parts), dict(copy.options)
    wished = {v.network: list(v.parts) for v in copy.variants}
    for own in list(post.variants):
        if own.network in wished:
            own.parts = wished.pop(own.network)
        else:
            post.variants.remove(own)
    post.variants.extend(PostVariant(network=name, parts=p) for name, p in wished.items())


def _pictures(source: Post, *, gone: bool = False) -> list[PostMedia]:
    """The source's pictures again, those deleted from the library too where ``gone``."""
    return [
        PostMedia(media=m.media, media_id=m.media_id, part=m.part, position=m.position, alt=m.alt)
        for m in source.media
        if gone or m.media.deleted_at is None
    ]
