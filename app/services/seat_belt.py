"""How far an API key may go by itself (promises.md 12): one rule for REST, MCP and all else.

A key may only write drafts, or have what it puts on the clock wait for a person, or publish; with
a minimum notice, a number of posts a day, and accounts. A person is never held here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from app import content, events, holds
from app.clock import now
from app.errors import Forbidden, NotFound, ValidationFailed
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.keys import ApiKey, Confirmation, ConfirmationState, KeyMode
from app.models.posts import HoldReason, Post, PostTarget, TargetState
from app.permissions import Actor, Permission
from app.services import usage
from app.services.access import reach

GRACE = timedelta(seconds=60)  # as late as a time may be that counts as now
MOST_NOTICE, MOST_A_DAY, MOST_ACCOUNTS = 30 * 24 * 60, 10_000, 100
OFF = (TargetState.CANCELLED, TargetState.DISCARDED)
DRAFTS_ONLY = "This key may only write drafts. A person has to put them on the clock."
NOT_ITS_ACCOUNT = "This key may not use every account of this post."
PENDING = Confirmation.state == ConfirmationState.PENDING


@dataclass(frozen=True)
class Belt:
    """What a key is held to. ``accounts`` ``None``: every account in its reach."""

    mode: KeyMode = KeyMode.PUBLISH
    notice_minutes: int = 0
    posts_a_day: int | None = None
    accounts: tuple[UUID, ...] | None = None


def fasten(actor: Actor, row: ApiKey, belt: Belt) -> None:
    """Put a belt on a key; the caller commits. Raises ``ValidationFailed`` or ``NotFound``."""
    if not 0 <= belt.notice_minutes <= MOST_NOTICE:
        raise ValidationFailed("Choose 0 to 43,200 minutes (30 days).", field="noticeMinutes")
    if belt.posts_a_day is not None and not 1 <= belt.posts_a_day <= MOST_A_DAY:
        raise ValidationFailed("Choose 1 to 10,000 posts a day.", field="postsPerDay")
    row.mode, row.notice_minutes = belt.mode, belt.notice_minutes
    row.posts_a_day = belt.posts_a_day
    row.account_ids = None if belt.accounts is None else _known(actor, row, belt.accounts)


def worn(row: ApiKey) -> Belt:
    """The belt of a key."""
    found = row.account_ids
    accounts = None if found is None else tuple(UUID(one) for one in found)
    return Belt(row.mode, row.notice_minutes, row.posts_a_day, accounts)


def handed_on(actor: Actor) -> Belt | None:
    """The belt that a key made by a belted key wears; ``None`` where its maker wears none."""
    key = key_of(actor)
    found = Belt() if key is None else worn(key)
    return None if found == Belt() else found


def change(actor: Actor, key_id: UUID, given: Mapping[str, Any]) -> ApiKey:
    """Change what is ``given`` of a key's belt, by the names of ``Belt``. A person's doing: one's
    own key, or one of a profile whose keys one manages."""
    row = db.session.get(ApiKey, key_id)
    if row is None or not _manages(actor, row):
        raise NotFound()
    if actor.key_id is not None:
        raise Forbidden("Only a person can change what a key may do.")
    fasten(actor, row, replace(worn(row), **given))
    events.audit(
        db.session(), actor, "key.changed", profile_id=row.profile_id, subject="api_key",
        subject_id=row.id, mode=row.mode.value, notice=row.notice_minutes, a_day=row.posts_a_day,
    )  # fmt: skip
    db.session.commit()
    return row


def key_of(actor: Actor) -> ApiKey | None:
    """The key that acts, ``None`` for a person, the engine, and a key that was read without a
    belt in this request."""
    if actor.key_id is None or actor.unbelted:
        return None
    return db.session.get(ApiKey, actor.key_id)


def within(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    """Filters that leave the accounts a key may use."""
    key = key_of(actor)
    if key is None or key.account_ids is None:
        return ()
    return (SocialAccount.id.in_([UUID(one) for one in key.account_ids]),)


def touch(actor: Actor, post: Post) -> None:
    """Refuse what a key must not change: other accounts' posts, or for a key that only writes
    drafts what is on the clock. Raises ``Forbidden``."""
    key = key_of(actor)
    if key is None:
        return
    if key.mode is KeyMode.DRAFT and post.armed:
        raise Forbidden(DRAFTS_ONLY)
    if key.account_ids is not None:
        live = (t for t in post.targets if t.state not in OFF)
        used = {str(t.account_id or t.account.id) for t in live}
        if used - set(key.account_ids):
            raise Forbidden(NOT_ITS_ACCOUNT, field="accounts")


def send(actor: Actor, post: Post, due: datetime) -> None:
    """Ask whether the key may put this on the clock for ``due``, and count it where it is new.

    Raises ``Forbidden`` for drafts only and too short a notice, ``RateLimited`` past the day.
    """
    key = key_of(actor)
    if key is None:
        return
    if key.mode is KeyMode.DRAFT:
        raise Forbidden(DRAFTS_ONLY)
    if key.notice_minutes and due < now() + timedelta(minutes=key.notice_minutes) - GRACE:
        raise Forbidden(
            f"This key needs {key.notice_minutes} minutes' notice. Choose a later time.",
            field="due_at",
        )
    if key.posts_a_day is not None and not post.armed:
        usage.spend_of_key(key.id, key.posts_a_day)


def hold(actor: Actor, post: Post, targets: Iterable[PostTarget]) -> None:
    """Let what a key has put on the clock wait for a person, where the key needs that."""
    key = key_of(actor)
    if key is None or key.mode is not KeyMode.CONFIRM or not post.armed:
        return
    db.session.add(post)  # a new one need not be of the session yet
    ask_again(post, targets, key.id)


def refuse_verdict(actor: Actor) -> None:
    """Whether something went out is for a person to say, or for a key that may publish."""
    key = key_of(actor)
    if key is not None and key.mode is not KeyMode.PUBLISH:
        raise Forbidden("A person has to say whether this went out.")


def refuse_series(actor: Actor) -> None:
    """A series makes its posts later, when no key is there to hold: not for a key with a belt."""
    if handed_on(actor) is not None:
        raise Forbidden("This key may not make or change posts that repeat by themselves.")


def pending(post_id: UUID) -> Confirmation | None:
    """What waits for a person's word on a post."""
    return db.session.scalars(
        select(Confirmation).where(Confirmation.post_id == post_id, PENDING)
    ).one_or_none()


def pending_of(post_ids: Collection[UUID]) -> dict[UUID, Confirmation]:
    """What waits for a person's word, by post."""
    rows = db.session.scalars(
        select(Confirmation).where(Confirmation.post_id.in_(post_ids), PENDING)
    )
    return {row.post_id: row for row in rows}


def tidy(post: Post) -> None:
    """After any change of a post: a request that no longer fits it is void. Where the post still
    waits, another one stands for it as it is now. The caller commits."""
    tidy_many([post])


def tidy_many(posts: Sequence[Post]) -> None:
    """The same of many posts, in one look."""
    asked = pending_of([post.id for post in posts])
    for post in posts:
        found = asked.get(post.id)
        if found is None or (waits(post) and found.digest == digest(post)):
            continue
        key_id = found.key_id
        _void(post)
        if waits(post):
            _ask(post, key_id)


def ask_again(post: Post, targets: Iterable[PostTarget], key_id: UUID) -> None:
    """Let these targets wait for a person's word once more, as the key had asked; the caller
    commits."""
    for target in targets:
        target.hold_reason = HoldReason.APPROVAL
        target.hold_until = holds.deadline(target.due_at, now())
    db.session.flush()
    _void(post)
    _ask(post, key_id)


def waits(post: Post) -> bool:
    """Whether some account of the post waits for a person's word."""
    return any(t.held and t.hold_reason is HoldReason.APPROVAL for t in post.targets)


def digest(post: Post) -> str:
    """SHA-256 of all that would go out, where, and when."""
    live = [t for t in post.targets if t.state not in OFF]
    return content.digest({
        "parts": list(post.parts), "link": post.link, "options": dict(post.options),
        "own": sorted([v.network, list(v.parts)] for v in post.variants),
        "media": sorted([m.part, m.position, str(m.media_id), m.alt] for m in post.media),
        "targets": sorted(
            [str(t.account_id), t.due_at.astimezone(UTC).isoformat() if t.due_at else ""]
            for t in live
        ),
    })  # fmt: skip


def _ask(post: Post, key_id: UUID) -> None:
    row = Confirmation(
        post_id=post.id, profile_id=post.profile_id, key_id=key_id, digest=digest(post),
        asked_at=now(), state=ConfirmationState.PENDING,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()


def _void(post: Post) -> None:
    db.session.execute(
        update(Confirmation)
        .where(Confirmation.post_id == post.id, PENDING)
        .values(state=ConfirmationState.VOID, decided_at=now())
    )


def _known(actor: Actor, row: ApiKey, wanted: tuple[UUID, ...]) -> list[str]:
    """The accounts named, if the key can reach them."""
    if len(wanted) > MOST_ACCOUNTS:
        raise ValidationFailed(f"Name at most {MOST_ACCOUNTS} accounts.", field="accounts")
    try:
        found = reach(actor).many(SocialAccount, list(dict.fromkeys(wanted)))
    except NotFound as error:
        raise NotFound("We could not find an account you named.", field="accounts") from error
    if row.profile_id is not None and any(one.profile_id != row.profile_id for one in found):
        raise NotFound("We could not find an account you named.", field="accounts")
    return [str(one.id) for one in found]


def _manages(actor: Actor, row: ApiKey) -> bool:
    if actor.key_id is None and row.user_id == actor.user_id:
        return True
    return row.profile_id is not None and actor.may(Permission.KEY_WRITE, row.profile_id)
