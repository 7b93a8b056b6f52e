"""A whole post in one go: what API clients and agents send (contracts, "Amplify and Ampost").

Files named by URL are fetched first, outside of any transaction. Then everything is checked for
all accounts at once, and the post is stored and put on the clock in one transaction, or not at
all.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app import ids
from app.clock import now
from app.config import settings
from app.errors import AppError, InvalidTransition, NotFound, ValidationFailed
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.posts import Post, PostMedia, PostStatus, PostTarget, TargetState
from app.models.profiles import PlatformSet
from app.permissions import Actor, Permission
from app.services import (
    catalogue,
    content_templates,
    drafts,
    duplicates,
    posts,
    seat_belt,
    starting,
    usage,
)
from app.services import media as library
from app.services.access import reach
from app.services.writing import refuse_problems

POLL_SECONDS = 0.05
OPEN = (TargetState.DRAFT, TargetState.SCHEDULED, TargetState.CANCELLED)
MOVING = (TargetState.SCHEDULED, TargetState.QUEUED, TargetState.POSTING)


class NotConnected(ValidationFailed):
    """A network is named of which no account is connected there."""

    code = "PLATFORM_NOT_CONNECTED"


class NoPlatforms(ValidationFailed):
    code = "NO_PLATFORMS_SELECTED"


@dataclass(frozen=True)
class Submission:
    """One post as it was sent. ``texts`` and ``options`` are by network; ``media`` are of the
    library, with their alt texts (``None``: the library's own)."""

    text: str
    parts: Sequence[str] = ()
    link: str = ""
    texts: Mapping[str, Sequence[str] | None] = field(default_factory=dict)  # None: shared again
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    media: Sequence[tuple[UUID, str | None]] = ()
    media_parts: Sequence[int] = ()  # which part of the thread each is of; the first where unsaid
    due_at: datetime | None = None
    source: str = "api"
    template_id: UUID | None = None  # whose use this is
    post_id: UUID | None = None  # known before it is made, so that it is made once
    allow_duplicate: bool = False  # whatever the accounts have already (services/duplicates.py)


def accounts_of(
    actor: Actor,
    profile_id: UUID,
    platforms: Sequence[str],
    *,
    set_id: UUID | None = None,
    named: Sequence[UUID] = (),
) -> list[SocialAccount]:
    """The accounts a post goes to: those named, and every active one of the networks named in
    the set (the profile's default set where none is named).

    Raises ``NotConnected`` for a network without one, ``NoPlatforms`` where nothing is named.
    """
    found = _named(actor, profile_id, named)
    wanted = list(dict.fromkeys(platforms))
    if not wanted and not found:
        raise NoPlatforms("Name at least one platform.", field="platforms")
    known = {one.name for one in catalogue.entries()}
    for index, name in enumerate(wanted):
        if name not in known:
            words = f"There is no platform called {name[:40]}."
            raise ValidationFailed(words, field=f"platforms.{index}")
    if not wanted:
        return found
    rows = in_set(actor, profile_id, wanted, set_id)
    for index, name in enumerate(wanted):
        if not any(one.network == name for one in (*rows, *found)):
            raise NotConnected(
                f"No {catalogue.entry(name).title} account is connected here. Connect one first.",
                field=f"platforms.{index}",
            )
    have = {one.id for one in found}
    return [*found, *(one for one in rows if one.id not in have)]


def in_set(
    actor: Actor, profile_id: UUID, wanted: Sequence[str], set_id: UUID | None = None
) -> list[SocialAccount]:
    """The connected accounts of these networks in a set; the default set where none is named."""
    found = (
        reach(actor)
        .query(SocialAccount)
        .join(PlatformSet, PlatformSet.id == SocialAccount.set_id)
        .where(
            *seat_belt.within(actor),
            SocialAccount.profile_id == profile_id,
            SocialAccount.network.in_(wanted),
            SocialAccount.status != AccountStatus.DISCONNECTED,
            PlatformSet.is_default if set_id is None else PlatformSet.id == set_id,
        )
        .order_by(SocialAccount.number)
    )
    return list(db.session.scalars(found))


def submit(
    actor: Actor,
    profile_id: UUID,
    sent: Submission,
    accounts: Sequence[SocialAccount],
    *,
    publish: bool = False,
) -> Post:
    """Store the post: a draft, or with ``due_at`` on the clock, or with ``publish`` due now.

    Raises ``ValidationFailed`` with one error for each thing a network would refuse, of a draft
    too; nothing is stored then (contracts, "Amplify and Ampost").
    """
    actor.require(Permission.POST_WRITE, profile_id)
    post = blank(actor, profile_id, sent)
    try:
        with db.session.no_autoflush:
            post.targets = [_target(one, profile_id) for one in accounts]
            write(actor, post, sent, None)
            usage.spend(usage.POSTS, profile_id, by_api=actor.key_id is not None)
            if sent.template_id is not None:
                content_templates.count_use(sent.template_id)
            if publish or sent.due_at is not None:
                due = now() if publish or sent.due_at is None else starting.due_of(sent.due_at)
                starting.start_new(actor, post, due, quick=publish)
            else:
                refuse_problems(post, post.targets, waits=False)
                starting.keep(post)
    except AppError:
        db.session.rollback()
        raise
    return post


def blank(actor: Actor, profile_id: UUID, sent: Submission) -> Post:
    """The post before anything is written into it; not in a session yet."""
    return Post(
        id=sent.post_id or ids.uuid7(), profile_id=profile_id, author_id=actor.user_id,
        source=sent.source,
        options={}, parts=[""], armed=False, status=PostStatus.DRAFT, rev=1,
    )  # fmt: skip


def write(actor: Actor, post: Post, sent: Submission, accounts: Sequence[UUID] | None) -> None:
    """Put what was sent into a draft; ``accounts`` stay where ``None``. The caller commits."""
    link = sent.link.strip()
    if link and len(link) > 2000:
        raise ValidationFailed("Keep the link under 2,000 characters.", field="content.linkUrl")
    post.link = link or None
    texts = {name: parts and linked(parts, link) for name, parts in sent.texts.items()}
    changes = drafts.Changes(
        parts=linked(sent.parts or (sent.text,), link), variants=texts,
        accounts=None if accounts is None else list(accounts), due_at=sent.due_at,
    )  # fmt: skip
    drafts.put(actor, post, changes)
    duplicates.accept_any(post, sent.allow_duplicate)
    seat_belt.touch(actor, post)
    _attach(actor, post, sent.media, sent.media_parts)
    drafts.put(actor, post, drafts.Changes(options=sent.options))


def wait(actor: Actor, post_id: UUID) -> Post:
    """The post once every target has ended, or after ``PUBLISH_WAIT_SECONDS``."""
    until = time.monotonic() + settings().PUBLISH_WAIT_SECONDS
    while True:
        db.session.rollback()
        db.session.expire_all()
        post = posts.get(actor, post_id)
        moving = any(t.state in MOVING and t.hold_reason is None for t in post.targets)
        if not moving or time.monotonic() > until:
            return post
        time.sleep(POLL_SECONDS)


def moment(at: datetime, name: str) -> datetime:
    """A time as sent: with no offset it is UTC; up to 60 s late it is now, earlier is refused."""
    if at.tzinfo is None:
        at = at.replace(tzinfo=now().tzinfo)
    if at < now() - starting.GRACE:
        raise ValidationFailed("That time has passed. Choose a later one.", field=name)
    return at


def _named(actor: Actor, profile_id: UUID, named: Sequence[UUID]) -> list[SocialAccount]:
    if not named:
        return []
    try:
        found = reach(actor).many(SocialAccount, list(dict.fromkeys(named)))
    except NotFound as error:
        raise NotFound("We could not find an account you named.", field="accounts") from error
    if any(one.profile_id != profile_id for one in found):
        raise NotFound("We could not find an account you named.", field="accounts")
    return found


def _target(account: SocialAccount, profile_id: UUID) -> PostTarget:
    return PostTarget(
        id=ids.uuid7(), account=account, account_id=account.id, profile_id=profile_id,
        state=TargetState.DRAFT, failures=0, claims=0, claim_token=0, quick=False,
    )  # fmt: skip


def linked(parts: Sequence[str], link: str) -> tuple[str, ...]:
    """The parts with the link below the first, where none of them names it."""
    if not link or any(link in part for part in parts):
        return tuple(parts)
    first, *rest = parts or ("",)
    return (f"{first}\n\n{link}" if first.strip() else link, *rest)


def _attach(
    actor: Actor, post: Post, media: Sequence[tuple[UUID, str | None]], parts: Sequence[int]
) -> None:
    if not media and not post.media:
        return
    try:
        rows = library.usable(actor, post.profile_id, [one for one, _ in media])
    except NotFound as error:
        raise NotFound("We could not find a file you named.", field="media") from error
    post.media.clear()
    for position, (row, (_, alt)) in enumerate(zip(rows, media, strict=True)):
        post.media.append(
            PostMedia(
                media=row, media_id=row.id, position=position,
                part=parts[position] if position < len(parts) else 0,
                alt=row.alt if alt is None else alt,
            )
        )  # fmt: skip


def change(
    actor: Actor,
    post_id: UUID,
    sent: Submission | None,
    accounts: Sequence[UUID] | None,
    *,
    due_at: datetime | None,
    timed: bool,
) -> Post:
    """Change a draft or a post on the clock; ``timed``: its time too (``None``: a draft again).

    Raises ``InvalidTransition`` once a part of it has gone out or is going out.
    """
    post = posts.begin(actor, post_id)
    if any(t.state not in OPEN for t in post.targets):
        raise InvalidTransition("This post has gone out or is going out, so it can't be changed.")
    wanted = due_at if timed else post.due_at if post.armed else None
    try:
        _rewrite(actor, post, sent, accounts)
        db.session.flush()
        if wanted is not None:
            return posts.schedule(actor, post.id, wanted)
        if sent is not None or accounts is not None:
            going = [t for t in post.targets if t.state is not TargetState.CANCELLED]
            refuse_problems(post, going, waits=False)
        if post.armed:  # off the clock it comes, whatever a network has come to think of it
            return posts.unschedule(actor, post.id)
        if timed:
            post.due_at = None
        post.rev += 1
        db.session.commit()
        return post
    except AppError:
        db.session.rollback()
        raise


def cancel(actor: Actor, post_id: UUID) -> Post:
    """Discard a post that is not wholly out: what has gone out stays on the networks."""
    post = posts.get(actor, post_id, gone=True)
    if post.status in (PostStatus.PUBLISHED, PostStatus.POSTING, PostStatus.DISCARDED):
        raise InvalidTransition(f"A post that is {post.status.value} can't be cancelled.")
    return posts.discard(actor, post_id)


def take_off(actor: Actor, post_id: UUID, target_id: UUID) -> Post:
    """Take one account off the post; with the last one the post is discarded."""
    post = posts.get(actor, post_id)
    if all(t.id != target_id for t in post.targets):
        raise NotFound("This post has no such account.", field="targetId")
    return posts.cancel(actor, target_id)


def retry(actor: Actor, post_id: UUID, *, platforms: Sequence[str] | None, confirmed: bool) -> None:
    """Try again every account that failed, or those of the networks named.

    One that needs review goes again only where ``confirmed`` says that somebody looked.
    """
    post = posts.get(actor, post_id)
    down = [t for t in post.targets if t.state in (TargetState.FAILED, TargetState.NEEDS_REVIEW)]
    if platforms is not None:
        down = [t for t in down if t.account.network in platforms]
    if not down:
        raise InvalidTransition("Only a failed or partly failed post can be tried again.")
    if not confirmed:
        sure = [t for t in down if t.state is TargetState.FAILED]
        down = sure or down
    for target_id in [t.id for t in down]:
        posts.retry(actor, target_id, confirm_not_published=confirmed)


def _rewrite(
    actor: Actor, post: Post, sent: Submission | None, accounts: Sequence[UUID] | None
) -> None:
    if sent is not None:
        write(actor, post, sent, accounts)
    elif accounts is not None:
        drafts.put(actor, post, drafts.Changes(accounts=list(accounts)))
        seat_belt.touch(actor, post)
