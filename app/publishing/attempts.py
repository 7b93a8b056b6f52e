"""Attempts written ahead: open → prepare → commit → outcome (reliability §1, §2).

Every write carries the claim's token; where it changes no row, somebody else was first and
``Fenced`` ends the delivery without another word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from app import content
from app.clock import seconds
from app.config import settings
from app.ids import token as random_token
from app.ids import uuid7
from app.models.accounts import AccountStatus, SocialAccount
from app.models.attempts import Attempt, AttemptState, Phase
from app.models.engine import EngineState
from app.models.posts import Post, PostMedia, PostTarget, TargetState
from app.models.profiles import Profile
from app.networks.base import Published
from app.publishing.claims import Claim
from app.publishing.store import moment, transaction
from app.settle import settle

# Categories after which the steps done so far are not used again.
STALE_RESUME = ("media_error", "validation")


class Fenced(Exception):
    """The claim is no longer ours: another worker, a person, or the sweep was first."""


class Closed(Exception):
    """A door closed before the commit call: paused, disconnected, or signed out."""


@dataclass(frozen=True)
class Opened:
    """An attempt as plain data. ``content`` is frozen: edits no longer reach it."""

    id: UUID
    number: int
    part: int
    parts: int
    marker: str
    content: Mapping[str, Any]
    resume: dict[str, Any]
    at: datetime
    root: Published | None
    parent: Published | None


def open_next(claim: Claim) -> Opened | None:
    """Open an attempt for the first part that is not out yet; ``None`` when all are.

    The move to ``posting``, the frozen content and the attempt are one transaction.
    """
    with transaction() as session:
        at = moment(session)
        changed = session.execute(
            update(PostTarget)
            .where(
                PostTarget.id == claim.target_id,
                PostTarget.claim_token == claim.token,
                PostTarget.state.in_((TargetState.QUEUED, TargetState.POSTING)),
            )
            .values(
                state=TargetState.POSTING, claims=0,
                lease_until=at + seconds(settings().LEASE_SECONDS),
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        if not changed.rowcount:  # type: ignore[attr-defined]
            raise Fenced
        before = _before(session, claim.target_id)
        done = {a.part: a for a in before if a.state is AttemptState.OK}
        kept = [a for a in before if a.state is AttemptState.OPEN and a.claim_token == claim.token]
        if kept:
            # We opened it, and lost the connection before we heard so.
            return _as_opened(kept[0], done)
        post = _post(session, claim.post_id)
        if len(done) >= len(post.texts(claim.network) or [""]):
            return None
        frozen = content.freeze(post, claim.network, len(done))
        opened = Opened(
            id=uuid7(),
            number=len(before) + 1,
            part=len(done),
            parts=frozen["parts"],
            marker=random_token(),
            content=frozen,
            resume=_carried(before, len(done), content.digest(frozen)),
            at=at,
            root=published(done[0]) if done else None,
            parent=published(done[len(done) - 1]) if done else None,
        )
        session.execute(
            insert(Attempt).values(
                id=opened.id, target_id=claim.target_id, account_id=claim.account_id,
                number=opened.number, part=opened.part, state=AttemptState.OPEN,
                phase=Phase.PREPARE, marker=opened.marker, claim_token=claim.token,
                content_hash=content.digest(frozen), content=frozen, resume=opened.resume,
                started_at=at, probes=0,
            )
        )  # fmt: skip
        settle(session, [claim.post_id])
        return opened


def reload(claim: Claim) -> tuple[Opened, Attempt]:
    """The attempt of a claim that asks about an outcome, with its row."""
    with transaction(write=False) as session:
        row = session.get(Attempt, claim.attempt_id)
        if row is None or row.claim_token != claim.token or row.state is not AttemptState.UNKNOWN:
            raise Fenced
        before = _before(session, claim.target_id)
        done = {a.part: a for a in before if a.state is AttemptState.OK}
        return _as_opened(row, done), row


def _as_opened(row: Attempt, done: Mapping[int, Attempt]) -> Opened:
    return Opened(
        row.id, row.number, row.part, int(row.content["parts"]), row.marker, row.content,
        dict(row.resume), row.started_at,
        published(done[0]) if 0 in done else None,
        published(done[row.part - 1]) if row.part - 1 in done else None,
    )  # fmt: skip


def _before(session: Session, target_id: UUID) -> list[Attempt]:
    return list(
        session.scalars(
            select(Attempt).where(Attempt.target_id == target_id).order_by(Attempt.number)
        )
    )


def _post(session: Session, post_id: UUID) -> Post:
    return session.scalars(
        select(Post)
        .where(Post.id == post_id)
        .options(selectinload(Post.variants), selectinload(Post.media).joinedload(PostMedia.media))
    ).one()


def _carried(before: list[Attempt], part: int, digest: str) -> dict[str, Any]:
    """Steps of the last attempt at this part that need not be done again.

    A changed post or a refused picture begins anew, but keeps what makes the item itself
    unique (networks/bluesky.md §6: the rkey), under the key ``keep``.
    """
    same = [a for a in before if a.part == part]
    if not same:
        return {}
    last = same[-1]
    if last.content_hash == digest and last.category not in STALE_RESUME:
        return dict(last.resume)
    kept = last.resume.get("keep")
    return {"keep": kept} if kept else {}


def published(row: Attempt) -> Published:
    """What the network gave for a part that is out."""
    return Published(row.external_id or "", row.url or "", row.extras or {})


def save(claim: Claim, attempt_id: UUID, resume: Mapping[str, Any]) -> None:
    """Keep a step of the preparation before the next one begins."""
    with transaction() as session:
        _one(
            session.execute(
                update(Attempt)
                .where(
                    Attempt.id == attempt_id,
                    Attempt.claim_token == claim.token,
                    Attempt.state == AttemptState.OPEN,
                )
                .values(resume=dict(resume))
                .execution_options(synchronize_session=False)
            )
        )


def to_commit(claim: Claim, attempt_id: UUID, resume: Mapping[str, Any]) -> datetime:
    """The last look before the irreversible call, and the lease for it (reliability §3).

    Returns the moment by the database's clock. Raises ``Fenced`` where the lease ran out,
    ``Closed`` where the installation, the brand or the account may not publish any more.
    """
    with transaction() as session:
        at = moment(session)
        _doors(session, claim)
        _one(
            session.execute(
                update(PostTarget)
                .where(
                    PostTarget.id == claim.target_id,
                    PostTarget.state == TargetState.POSTING,
                    PostTarget.claim_token == claim.token,
                    PostTarget.lease_until > at,
                )
                .values(lease_until=at + timedelta(seconds=settings().COMMIT_DEADLINE_SECONDS + 30))
                .execution_options(synchronize_session=False)
            )
        )
        _one(
            session.execute(
                update(Attempt)
                .where(
                    Attempt.id == attempt_id,
                    Attempt.claim_token == claim.token,
                    Attempt.state == AttemptState.OPEN,
                )
                .values(phase=Phase.COMMIT, resume=dict(resume), commit_at=at)
                .execution_options(synchronize_session=False)
            )
        )
        return at


def to_resend(claim: Claim) -> None:
    """The same look before a call that repeats a commit under its marker (probe ``key``)."""
    with transaction() as session:
        at = moment(session)
        _doors(session, claim)
        _one(
            session.execute(
                update(PostTarget)
                .where(
                    PostTarget.id == claim.target_id,
                    PostTarget.claim_token == claim.token,
                    PostTarget.lease_until > at,
                )
                .values(lease_until=at + timedelta(seconds=settings().COMMIT_DEADLINE_SECONDS + 30))
                .execution_options(synchronize_session=False)
            )
        )


def _doors(session: Session, claim: Claim) -> None:
    """Share locks: who closes a door waits for us, or we see it closed."""
    row = session.execute(
        select(EngineState.paused_at, Profile.paused_at, SocialAccount.status)
        .where(
            EngineState.id == 1,
            Profile.id == claim.profile_id,
            SocialAccount.id == claim.account_id,
        )
        .with_for_update(read=True)
    ).one_or_none()
    if row is None or row[0] is not None or row[1] is not None:
        raise Closed
    if row[2] is not AccountStatus.ACTIVE:
        raise Closed


def _one(result: Any) -> None:
    if result.rowcount != 1:
        raise Fenced


def load_target(session: Session, target_id: UUID) -> PostTarget:
    """A target with its account, for the words of an outcome."""
    return session.scalars(
        select(PostTarget).where(PostTarget.id == target_id).options(joinedload(PostTarget.account))
    ).one()
