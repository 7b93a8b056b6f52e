"""Letting go of the bridge: its planned posts are cancelled, its accounts disabled (AMP).

What Metricool has already, for publication in a minute or two, is taken back there where there
is time (``bridge_back``). This differs from disconnecting one account, whose posts are held
(promises.md 2): the contract says so, and the page says it before anybody agrees. What went out,
its numbers and the record stay.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update

from app import credentials, events, inflight
from app.clock import now
from app.config import BRIDGE
from app.errors import NotFound
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.integrations import Integration
from app.models.posts import Post, PostTarget, TargetState
from app.networks.base import Tokens
from app.networks.metricool import TITLE
from app.permissions import Actor, Permission
from app.services import bridge_back, recurring_pauses
from app.services.access import reach
from app.settle import settle

WORDS = "Metricool was disconnected."
CANCELLED = "Taken off: Metricool was disconnected before it went out."
WAITING = (TargetState.SCHEDULED, TargetState.QUEUED)


@dataclass(frozen=True)
class Effect:
    """Posts with a planned target that goes through the bridge, and its accounts.

    ``handed`` are posts Metricool has already; once it is disconnected, those that could not be
    taken back and may still go out.
    """

    posts: int
    accounts: int
    handed: int = 0


def effect(actor: Actor, profile_id: UUID) -> Effect:
    """What disconnecting would do now."""
    actor.require(Permission.ACCOUNT_WRITE, profile_id)
    ids = [one.id for one in _connected(actor, _needed(actor, profile_id))]
    found = select(func.count(PostTarget.post_id.distinct())).where(
        PostTarget.profile_id == profile_id,
        PostTarget.account_id.in_(ids),
        PostTarget.state.in_(WAITING),
    )
    there = {one.post_id for one in bridge_back.handed(ids)}
    return Effect(db.session.scalar(found) or 0, len(ids), len(there))


def disconnect(actor: Actor, profile_id: UUID) -> Effect:
    """Do it. When this returns, nothing more is handed to Metricool (reliability §1.9).

    Metricool has no call that ends a token; ours is forgotten here.
    """
    actor.require(Permission.ACCOUNT_WRITE, profile_id)
    bridge = _needed(actor, profile_id)
    session, at = db.session(), now()
    tokens = credentials.bridge_keys(bridge) if bridge.secret and bridge.enabled else None
    series = recurring_pauses.lock(profile_id)
    rows = _connected(actor, bridge, lock=True)
    for one in rows:
        one.status, one.status_reason, one.status_at = AccountStatus.DISCONNECTED, WORDS, at
        one.tokens_version += 1
    bridge_id = bridge.id
    bridge.secret, bridge.enabled, bridge.valid = None, False, False
    bridge.reason, bridge.ended_at = WORDS, at
    session.flush()
    posts = _cancel(profile_id, [one.id for one in rows])
    paused = recurring_pauses.pause_left(series)
    ids = [one.id for one in rows]
    done = Effect(len(posts), len(rows))
    events.audit(
        session, actor, "integration.disconnected", profile_id=profile_id, subject="integration",
        subject_id=bridge.id, kind=BRIDGE, brand=bridge.name, cancelled_posts=done.posts,
        disabled_accounts=done.accounts, paused_schedules=paused,
        posts=[str(one) for one in sorted(posts)[:200]],
    )  # fmt: skip
    session.commit()
    for account_id in ids:
        inflight.wait(account_id=account_id)
    taken, left = _back(actor, profile_id, bridge_id, tokens, ids)
    return Effect(len(posts | taken), done.accounts, len(left))


def _back(
    actor: Actor, profile_id: UUID, bridge_id: UUID, tokens: Tokens | None, ids: Collection[UUID]
) -> tuple[set[UUID], set[UUID]]:
    """Take back what is there already: posts that were, and posts that may still go out."""
    session, found = db.session(), bridge_back.handed(ids)
    session.commit()
    if not found:
        return set(), set()
    gone = bridge_back.take_back(tokens, found) if tokens is not None else []
    taken = bridge_back.record(gone)
    _close(taken)
    left = {one.post_id for one in bridge_back.handed(ids)}
    events.audit(
        session, actor, "integration.taken_back", profile_id=profile_id, subject="integration",
        subject_id=bridge_id, kind=BRIDGE, cancelled_posts=len(taken), left_posts=len(left),
    )  # fmt: skip
    session.commit()
    return taken, left


def _needed(actor: Actor, profile_id: UUID) -> Integration:
    row = db.session.scalars(
        reach(actor)
        .query(Integration)
        .where(
            Integration.profile_id == profile_id, Integration.kind == BRIDGE,
            Integration.ended_at.is_(None),
        )
        .with_for_update()
    ).first()  # fmt: skip
    if row is None:
        raise NotFound(f"{TITLE} is not connected.")
    return row


def _connected(actor: Actor, bridge: Integration, *, lock: bool = False) -> list[SocialAccount]:
    found = (
        reach(actor)
        .query(SocialAccount)
        .where(
            SocialAccount.profile_id == bridge.profile_id,
            SocialAccount.integration_id == bridge.id,
            SocialAccount.status != AccountStatus.DISCONNECTED,
        )
        .order_by(SocialAccount.id)
    )
    return list(db.session.scalars(found.with_for_update() if lock else found))


def _cancel(profile_id: UUID, account_ids: Collection[UUID]) -> set[UUID]:
    """Take every waiting target of these accounts off, held ones too; the posts concerned.

    Locked in the order of their ids, as every writer does. One that is already going out has
    an attempt, which ends by itself.
    """
    session = db.session()
    theirs = (
        PostTarget.profile_id == profile_id,
        PostTarget.account_id.in_(account_ids),
        PostTarget.state.in_(WAITING),
    )
    ids = session.scalars(
        select(PostTarget.id).where(*theirs).order_by(PostTarget.id).with_for_update()
    ).all()
    posts = set(
        session.scalars(
            update(PostTarget)
            .where(PostTarget.id.in_(ids), PostTarget.state.in_(WAITING))
            .values(
                state=TargetState.CANCELLED, hold_reason=None, hold_until=None, lease_until=None,
                error_code="BRIDGE_DISCONNECTED", error=CANCELLED,
            )
            .returning(PostTarget.post_id)
            .execution_options(synchronize_session=False)
        )
    )  # fmt: skip
    _close(posts)
    return posts


def _close(posts: Collection[UUID]) -> None:
    """Posts with nothing left to send are put away; the others show how they stand."""
    session = db.session()
    live = select(PostTarget.id).where(
        PostTarget.post_id == Post.id,
        PostTarget.state.not_in((TargetState.CANCELLED, TargetState.DISCARDED)),
    )
    session.execute(
        update(Post)
        .where(Post.id.in_(posts), ~live.exists())
        .values(discarded_at=now())
        .execution_options(synchronize_session=False)
    )
    settle(session, posts)
    session.expire_all()
