"""Writing a post: the draft, its own texts, accounts and pictures (DESIGN §6.4).

What is typed is saved with every pause. A post on the clock is written in a working copy
(``edits_id``), so that half a sentence never goes out; ``apply`` puts it in its place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app import events, ids
from app.clock import now
from app.errors import InvalidTransition, NotFound, Stale, ValidationFailed
from app.extensions import db, queues
from app.models.accounts import SocialAccount
from app.models.posts import (
    OPEN_TO_EDIT,
    Post,
    PostMedia,
    PostStatus,
    PostTarget,
    PostVariant,
    TargetState,
)
from app.models.profiles import LatePolicy, Profile
from app.permissions import Actor, Permission
from app.services import duplicates, options, seat_belt, usual_accounts, versions
from app.services import media as library
from app.services.access import reach
from app.services.post_changes import choose, rewrite
from app.services.writing import load, lock
from app.settle import settle

MAX_PARTS = 25
MAX_TEXT = 30_000  # code points of one part; above every network's own limit
MAX_MEDIA = 10  # a part
MAX_ALT = 2_000


@dataclass(frozen=True)
class Changes:
    """What a save brings; ``None`` leaves a thing as it is.

    ``variants`` maps a network to its own parts, or to ``None`` to use the shared text.
    ``options`` maps a network to all its settings; networks not named keep theirs.
    ``due_at`` is UTC; ``clear_due`` takes the time away. ``alts`` maps the post's own
    pictures (``PostMedia.id``) to their descriptions; one that is gone meanwhile is left out.
    """

    parts: Sequence[str] | None = None
    variants: Mapping[str, Sequence[str] | None] = field(default_factory=dict)
    accounts: Sequence[UUID] | None = None
    alts: Mapping[UUID, str] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] | None = None
    due_at: datetime | None = None
    clear_due: bool = False
    late_policy: LatePolicy | None = None
    late_limit_minutes: int | None = None
    clear_late: bool = False
    accepted: UUID | None = None  # a post that a person lets pass (services/duplicates.py)
    anew: bool = False  # a version of its own (services/versions.py)


def blank(
    actor: Actor,
    profile_id: UUID,
    *,
    post_id: UUID | None = None,
    due_at: datetime | None = None,
    text: str = "",
    accounts: Collection[UUID] = (),
) -> Post:
    """A draft that is not stored, as an empty composer shows it: ``rev`` 0.

    It has those of the ``accounts`` that can post, else the usual ones.
    """
    actor.require(Permission.POST_WRITE, profile_id)
    profile = reach(actor).get(Profile, profile_id)
    post = Post(
        id=post_id or ids.uuid7(), profile_id=profile.id, author_id=actor.user_id, rev=0,
        parts=[_text(text)], due_at=due_at, armed=False, status=PostStatus.DRAFT, options={},
        late_policy=None, late_limit_minutes=None,
    )  # fmt: skip
    for account in usual_accounts.usual(actor, profile.id, accounts):
        post.targets.append(
            PostTarget(
                id=ids.uuid7(), account=account, account_id=account.id, profile_id=profile.id,
                state=TargetState.DRAFT,
            )
        )  # fmt: skip
    return post


def create(
    actor: Actor,
    profile_id: UUID,
    *,
    post_id: UUID | None = None,
    due_at: datetime | None = None,
    text: str = "",
) -> Post:
    """A new draft. ``post_id`` is one that a composer was opened with (``blank``)."""
    post = blank(actor, profile_id, post_id=post_id, due_at=due_at, text=text)
    post.rev = 1
    db.session.add(post)
    db.session.commit()
    return post


def listed(
    actor: Actor, profile_id: UUID, *, page: int = 1, size: int = 30
) -> tuple[list[Post], int]:
    """The brand's drafts, last changed first, and how many there are in all."""
    mine = (
        reach(actor)
        .query(Post)
        .where(
            Post.profile_id == profile_id,
            Post.armed.is_(False),
            Post.edits_id.is_(None),
            Post.discarded_at.is_(None),
        )
    )
    count = db.session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    found = db.session.scalars(
        mine.options(
            selectinload(Post.targets).joinedload(PostTarget.account), selectinload(Post.media)
        )
        .order_by(Post.updated_at.desc(), Post.id.desc())
        .limit(size)
        .offset((page - 1) * size)
    )
    return list(found), count


def copy_of(actor: Actor, post_id: UUID) -> Post | None:
    """The working copy of a post on the clock, where somebody has begun one."""
    return db.session.scalars(
        reach(actor).query(Post).where(Post.edits_id == post_id)
    ).one_or_none()


def get(actor: Actor, post_id: UUID) -> Post:
    """The draft with all that the composer shows; ``NotFound`` for none of ours."""
    return load(actor, post_id)


def edit(actor: Actor, post_id: UUID) -> Post:
    """What the composer opens: the draft itself, or the working copy of a post on the clock."""
    post = get(actor, post_id)
    actor.require(Permission.POST_WRITE, post.profile_id)
    if not post.armed or post.edits_id is not None:
        return post
    if not any(t.state in OPEN_TO_EDIT for t in post.targets):
        raise InvalidTransition("This post has gone out or is going out. Duplicate it instead.")
    copy = copy_of(actor, post.id)
    if copy is None:
        copy = Post(
            profile_id=post.profile_id, author_id=actor.user_id, edits_id=post.id,
            due_at=post.due_at,
        )  # fmt: skip
        db.session.add(copy)
        _put(copy, post, [t.account_id for t in post.targets if t.state in OPEN_TO_EDIT])
        db.session.commit()
    return get(actor, copy.id)


def save(actor: Actor, post_id: UUID, rev: int, changes: Changes) -> Post:
    """Keep what was typed. Raises ``Stale`` where somebody else saved since ``rev``."""
    post = _draft(actor, post_id, rev)
    put(actor, post, changes)
    return _saved(post)


def put(actor: Actor, post: Post, changes: Changes) -> None:
    """Write the changes into a post that is still a draft; the caller commits."""
    before = versions.said(post)
    if changes.parts is not None:
        post.parts = _parts(changes.parts, "text")
    for network, parts in changes.variants.items():
        _variant(post, network, parts)
    if changes.accounts is not None:
        _accounts(actor, post, changes.accounts)
    for item_id, alt in changes.alts.items():
        _describe(post, item_id, alt)
    if changes.options is not None:
        _options(post, changes.options)
    if changes.clear_due:
        post.due_at = None
    elif changes.due_at is not None:
        post.due_at = changes.due_at
    if changes.clear_late:
        post.late_policy = post.late_limit_minutes = None
    elif changes.late_policy is not None:
        post.late_policy = changes.late_policy
        post.late_limit_minutes = changes.late_limit_minutes
    if changes.accepted is not None:
        duplicates.accept(post, changes.accepted)
    versions.keep(actor, post, before, anew=changes.anew)


def attach(actor: Actor, post_id: UUID, media_id: UUID, *, part: int = 0) -> PostMedia:
    """Put a picture of the library under a part; it comes last, with its own alt text."""
    post = _draft(actor, post_id, None)
    media = library.usable(actor, post.profile_id, [media_id])[0]
    if sum(one.part == part for one in post.media) >= MAX_MEDIA:
        raise ValidationFailed(f"A post takes at most {MAX_MEDIA} pictures.", field="media")
    last = max((one.position for one in post.media), default=-1)
    made = PostMedia(media_id=media.id, part=part, position=last + 1, alt=media.alt)
    post.media.append(made)
    _touched(post)
    return made


def describe(actor: Actor, post_id: UUID, item_id: UUID, alt: str) -> PostMedia:
    """Set the alt text of one picture of the post."""
    post = _draft(actor, post_id, None)
    item = _item(post, item_id)
    _describe(post, item_id, alt)
    _touched(post)
    return item


def arrange(
    actor: Actor, post_id: UUID, item_id: UUID, place: int, *, part: int | None = None
) -> Post:
    """Move a picture to ``place`` (0 is first) among those of its part, or of another part."""
    post = _draft(actor, post_id, None)
    item = _item(post, item_id)
    if part is not None and part != item.part:
        if sum(one.part == part for one in post.media) >= MAX_MEDIA:
            raise ValidationFailed(f"A post takes at most {MAX_MEDIA} pictures.", field="media")
        item.part = part
    others = [one for one in post.media if one.part == item.part and one is not item]
    others.insert(min(max(place, 0), len(others)), item)
    for position, one in enumerate(others):
        one.position = position
    return _touched(post)


def detach(actor: Actor, post_id: UUID, item_id: UUID) -> Post:
    """Take a picture off the post; it stays in the library."""
    post = _draft(actor, post_id, None)
    post.media.remove(_item(post, item_id))
    return _touched(post)


def apply(actor: Actor, post_id: UUID, rev: int) -> Post:
    """Put a working copy in the place of the post it edits; the post keeps its state.

    Raises ``ValidationFailed`` where a network would refuse the new text, ``Conflict`` where
    the post has begun to go out: the copy stays as it is then.
    """
    copy = _draft(actor, post_id, rev)
    if copy.edits_id is None:
        raise InvalidTransition("This is not a change of a scheduled post.")
    post = get(actor, copy.edits_id)
    lock(post)
    rewrite(post, copy)
    db.session.delete(copy)
    db.session.flush()
    seat_belt.tidy(post)
    events.audit(
        db.session(), actor, "post.edited", profile_id=post.profile_id, subject="post",
        subject_id=post.id,
    )  # fmt: skip
    settle(db.session(), [post.id])
    db.session.commit()
    queues.wake("checks.flight")
    return post


def drop(actor: Actor, post_id: UUID) -> Post | None:
    """Throw away a working copy; the post it edited, unchanged. A draft is discarded elsewhere."""
    copy = _draft(actor, post_id, None)
    if copy.edits_id is None:
        raise InvalidTransition("This is not a change of a scheduled post.")
    original = db.session.get(Post, copy.edits_id)
    db.session.delete(copy)
    db.session.commit()
    return original


def _put(copy: Post, post: Post, account_ids: Sequence[UUID]) -> None:
    copy.parts, copy.options = list(post.parts), dict(post.options)
    copy.late_policy, copy.late_limit_minutes = post.late_policy, post.late_limit_minutes
    copy.accepted = list(post.accepted)
    copy.variants = [PostVariant(network=v.network, parts=list(v.parts)) for v in post.variants]
    copy.media = [
        PostMedia(media_id=m.media_id, part=m.part, position=m.position, alt=m.alt)
        for m in post.media
        if m.media.deleted_at is None
    ]
    copy.targets = [PostTarget(account_id=a, profile_id=post.profile_id) for a in account_ids]


def _draft(actor: Actor, post_id: UUID, rev: int | None) -> Post:
    """The draft for writing, locked; a post on the clock is not written here."""
    post = get(actor, post_id)
    actor.require(Permission.POST_WRITE, post.profile_id)
    lock(post)
    if post.armed:
        raise InvalidTransition("This post is on the clock. Open it again to change it.")
    if rev is not None and rev != post.rev:
        raise Stale("Somebody else saved this draft meanwhile.")
    return post


def _saved(post: Post) -> Post:
    post.rev += 1
    post.updated_at = now()
    db.session.commit()
    return post


def _touched(post: Post) -> Post:
    """Keep a change of one picture. ``rev`` stays: two such changes never overwrite each other,
    and an upload that ends while somebody types must not make what they type stale."""
    post.updated_at = now()
    db.session.commit()
    return post


def _describe(post: Post, item_id: UUID, alt: str) -> None:
    if len(alt) > MAX_ALT:
        raise ValidationFailed(f"Keep the description under {MAX_ALT:,} characters.", field="alt")
    found = _text(alt, "alt").strip()
    for one in post.media:
        if one.id == item_id:
            one.alt = found


def _parts(parts: Sequence[str], name: str) -> list[str]:
    if len(parts) > MAX_PARTS:
        raise ValidationFailed(f"A thread has at most {MAX_PARTS} parts.", field=name)
    return [_text(one, name) for one in parts] or [""]


def _text(text: str, name: str = "text") -> str:
    """Text as stored: line ends as one character; NUL and lone surrogates refused (§1.16)."""
    if "\x00" in text or any(0xD800 <= ord(one) <= 0xDFFF for one in text):
        raise ValidationFailed("This text holds a character that cannot be stored.", field=name)
    if len(text) > MAX_TEXT:
        raise ValidationFailed(f"Keep the text under {MAX_TEXT:,} characters.", field=name)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _variant(post: Post, network: str, parts: Sequence[str] | None) -> None:
    kept = next((v for v in post.variants if v.network == network), None)
    if parts is None:
        if kept is not None:
            post.variants.remove(kept)
        return
    found = _parts(parts, f"{network}.text")
    if kept is None:
        post.variants.append(PostVariant(network=network, parts=found))
    else:
        kept.parts = found


def _options(post: Post, given: Mapping[str, Mapping[str, Any]]) -> None:
    """The settings of the networks named; those of others stay."""
    found = dict(post.options)
    for network, wanted in given.items():
        found[network] = options.checked(network, wanted, post)
    post.options = {network: one for network, one in found.items() if one}


def _accounts(actor: Actor, post: Post, wanted: Sequence[UUID]) -> None:
    try:
        found = reach(actor).many(SocialAccount, list(dict.fromkeys(wanted)))
    except NotFound:
        found = []
    if len(found) < len(set(wanted)) or any(one.profile_id != post.profile_id for one in found):
        raise NotFound("An account you chose is not one of this brand’s.", field="account")
    choose(post, found)


def _item(post: Post, item_id: UUID) -> PostMedia:
    for one in post.media:
        if one.id == item_id:
            return one
    raise NotFound("That picture is no longer part of the post.")
