"""Previews by a secret link, for people without an account, and their comments.

A token of 256 random bits is the whole right to look, so it is shown once and only its SHA-256
is kept. A link never outlives what its maker may see.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import joinedload

from app import events, ids
from app.clock import now
from app.errors import Conflict, NotFound, RateLimited, ValidationFailed
from app.extensions import db
from app.models.posts import Post
from app.models.shares import PostComment, PostShare
from app.permissions import Actor, Permission
from app.services import access, hourly, throttle, writing
from app.services.access import reach

LIFE = timedelta(days=30)
MOST = 10  # links of a post that work
NAME_LIMIT, TEXT_LIMIT = 80, 2_000
MOST_COMMENTS = 200  # of a link
SHOWN = 50
AN_HOUR = 20  # comments from one address
LOOKS = 600  # an hour from one address, of any links


@dataclass(frozen=True)
class Opened:
    """A link that was asked for with its token, and the post as its maker may see it."""

    share: PostShare
    post: Post


def create(actor: Actor, post: Post) -> tuple[PostShare, str]:
    """A new link to the post's preview and its token, which nobody sees again."""
    actor.require(Permission.POST_WRITE, post.profile_id)
    if actor.user_id is None:
        raise NotFound()
    at = now()
    working = select(func.count()).where(
        PostShare.post_id == post.id, PostShare.revoked_at.is_(None), PostShare.expires_at > at
    )
    if (db.session.scalar(working) or 0) >= MOST:
        raise Conflict(f"A post has at most {MOST} preview links. Revoke one you do not need.")
    token = ids.token()
    row = PostShare(
        id=ids.uuid7(), post_id=post.id, profile_id=post.profile_id, user_id=actor.user_id,
        token_hash=ids.digest(token), created_at=at, expires_at=at + LIFE,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    events.audit(
        db.session(), actor, "share.created", profile_id=post.profile_id, subject="post_share",
        subject_id=row.id, post=str(post.id),
    )  # fmt: skip
    db.session.commit()
    return row, token


def listed(actor: Actor, post: Post) -> list[PostShare]:
    """The links of the post that work, the newest first."""
    found = (
        reach(actor)
        .query(PostShare)
        .where(
            PostShare.post_id == post.id, PostShare.revoked_at.is_(None),
            PostShare.expires_at > now(),
        )
        .options(joinedload(PostShare.user))
        .order_by(PostShare.id.desc())
        .limit(MOST)
    )  # fmt: skip
    return list(db.session.scalars(found))


def revoke(actor: Actor, post: Post, share_id: UUID) -> None:
    """End a link: the next look at its address finds nothing. Its comments stay."""
    row = reach(actor).get(PostShare, share_id, need=Permission.POST_WRITE.value)
    if row.post_id != post.id:
        raise NotFound()
    if row.revoked_at is None:
        row.revoked_at = now()
        events.audit(
            db.session(), actor, "share.revoked", profile_id=post.profile_id,
            subject="post_share", subject_id=row.id, post=str(post.id),
        )  # fmt: skip
    db.session.commit()


def comments(actor: Actor, post_id: UUID) -> list[PostComment]:
    """What visitors said of the post, the newest first, as many as a page shows."""
    found = reach(actor).query(PostComment).where(PostComment.post_id == post_id)
    return list(db.session.scalars(found.order_by(PostComment.id.desc()).limit(SHOWN)))


def remove(actor: Actor, post: Post, comment_id: UUID) -> None:
    """Delete a comment for good."""
    row = reach(actor).get(PostComment, comment_id, need=Permission.POST_WRITE.value)
    if row.post_id != post.id:
        raise NotFound()
    db.session.execute(delete(PostComment).where(PostComment.id == row.id))
    events.audit(
        db.session(), actor, "share.comment_deleted", profile_id=post.profile_id,
        subject="post", subject_id=post.id,
    )  # fmt: skip
    db.session.commit()


def resolve(token: str, address: str) -> Opened:
    """The link of that token. ``NotFound`` alike for one that never was, one that has ended, and
    one whose maker may no longer see the post; ``RateLimited`` past the looks of an address."""
    _count(f"review:{throttle.neighbourhood(address)}", LOOKS)
    digest = ids.digest(token)
    row = db.session.scalars(
        select(PostShare)
        .where(
            PostShare.token_hash == digest, PostShare.revoked_at.is_(None),
            PostShare.expires_at > now(),
        )
        .options(joinedload(PostShare.user))
    ).one_or_none()  # fmt: skip
    if row is None or not hmac.compare_digest(row.token_hash, digest):
        raise NotFound()
    if row.user.suspended_at is not None:
        raise NotFound()
    maker = access.person(row.user)
    if not maker.may(Permission.POST_READ, row.profile_id):
        raise NotFound()
    return Opened(row, writing.load(maker.within(row.profile_id), row.post_id))


def said(opened: Opened) -> list[PostComment]:
    """What was said under this link, the oldest first: other links' comments are not its own."""
    found = (
        select(PostComment)
        .where(PostComment.share_id == opened.share.id)
        .order_by(PostComment.id.desc())
        .limit(SHOWN)
    )
    return list(db.session.scalars(found))[::-1]


def comment(opened: Opened, name: str, text: str, address: str) -> PostComment:
    """Keep what a visitor says. Raises ``ValidationFailed`` naming the field, ``RateLimited``
    past the comments of an address, ``Conflict`` past those of a link."""
    name, text = checked_name(name), checked_text(text)
    _count(f"comment:{throttle.neighbourhood(address)}", AN_HOUR)
    share = opened.share
    count = select(func.count()).where(PostComment.share_id == share.id)
    if (db.session.scalar(count) or 0) >= MOST_COMMENTS:
        raise Conflict("This preview has all the comments it takes. Write to whoever sent it.")
    row = PostComment(
        share_id=share.id, post_id=share.post_id, profile_id=share.profile_id, name=name,
        text=text, created_at=now(),
    )  # fmt: skip
    db.session.add(row)
    db.session.commit()
    return row


def checked_name(name: str) -> str:
    """A visitor's name on one line. Raises ``ValidationFailed``."""
    found = " ".join(name.split())
    if not found:
        raise ValidationFailed("Say who you are.", field="name")
    if len(found) > NAME_LIMIT:
        raise ValidationFailed(f"Use at most {NAME_LIMIT} characters.", field="name")
    return found


def checked_text(text: str) -> str:
    """What a visitor says. Raises ``ValidationFailed``."""
    found = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not found:
        raise ValidationFailed("Write what you think of it.", field="text")
    if len(found) > TEXT_LIMIT:
        raise ValidationFailed(f"Keep it under {TEXT_LIMIT:,} characters.", field="text")
    return found


def _count(name: str, most: int) -> None:
    fits, standing = hourly.hit_named(name, most)
    if not fits:
        wait = max(1, standing.reset - int(now().timestamp()))
        raise RateLimited("Too many from your address. Try again later.", retry_after=wait)
