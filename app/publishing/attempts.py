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

from sqlalchemy import and_, bindparam, insert, select, true, update
from sqlalchemy.orm import Session, joinedload

from app import content, steps
from app.clock import seconds
from app.config import settings
from app.extensions import networks
from app.ids import token as random_token
from app.ids import uuid7
from app.models.accounts import AccountStatus, SocialAccount
from app.models.attempts import Attempt, AttemptState, Phase
from app.models.base import table
from app.models.engine import EngineState
from app.models.posts import PostTarget, TargetState
from app.models.profiles import Profile
from app.networks.base import Published
from app.publishing.claims import Claim
from app.publishing.store import moment, transaction
from app.settle import settle

# Categories after which the steps done so far are not used again.
STALE_RESUME = ("media_error", "validation")


# Every delivery runs these: they are built once, and go past the ORM (style.md, habit 7).
TARGETS, ATTEMPTS, SWITCH, PROFILES, ACCOUNTS = map(
    table, (PostTarget, Attempt, EngineState, Profile, SocialAccount)
)
OURS = and_(TARGETS.c.id == bindparam("the_id"), TARGETS.c.claim_token == bindparam("token"))
OPEN_ATTEMPT = and_(
    ATTEMPTS.c.id == bindparam("the_id"),
    ATTEMPTS.c.claim_token == bindparam("token"),
    ATTEMPTS.c.state == AttemptState.OPEN,
)
TAKE_UP = (
    update(TARGETS)
    .where(OURS, TARGETS.c.state.in_((TargetState.QUEUED, TargetState.POSTING)))
    .values(state=TargetState.POSTING, claims=0, lease_until=bindparam("until"))
)
LEASE = (
    update(TARGETS)
    .where(
        OURS, TARGETS.c.state == TargetState.POSTING, TARGETS.c.lease_until > bindparam("at")
    )
    .values(lease_until=bindparam("until"))
)  # fmt: skip
OPEN = insert(ATTEMPTS).values(state=AttemptState.OPEN, phase=Phase.PREPARE, probes=0)
STEP = update(ATTEMPTS).where(OPEN_ATTEMPT).values(resume=bindparam("steps"))
COMMITTING = (
    update(ATTEMPTS)
    .where(OPEN_ATTEMPT)
    .values(phase=Phase.COMMIT, resume=bindparam("steps"), commit_at=bindparam("at"))
)
BEFORE = select(Attempt).where(Attempt.target_id == bindparam("target_id")).order_by(Attempt.number)
DOORS = (
    select(SWITCH.c.paused_at, PROFILES.c.paused_at, ACCOUNTS.c.status)
    .select_from(SWITCH.join(PROFILES, true()).join(ACCOUNTS, true()))
    .where(
        SWITCH.c.id == 1,
        PROFILES.c.id == bindparam("profile_id"),
        ACCOUNTS.c.id == bindparam("account_id"),
    )
    .with_for_update(read=True)
)


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
        _one(
            session.connection().execute(
                TAKE_UP,
                {"the_id": claim.target_id, "token": claim.token,
                 "until": at + seconds(settings().LEASE_SECONDS)},
            )
        )  # fmt: skip
        before = _before(session, claim.target_id)
        done = {a.part: a for a in before if a.state is AttemptState.OK}
        kept = [a for a in before if a.state is AttemptState.OPEN and a.claim_token == claim.token]
        if kept:
            # We opened it, and lost the connection before we heard so.
            return _as_opened(kept[0], done)
        written = content.written(session, claim.post_id, networks.of(claim), claim.account_id)
        if len(done) >= len(written.texts):
            return None
        frozen = content.freeze(written, len(done))
        root, parent = _above(frozen, len(done), done)
        opened = Opened(
            id=uuid7(),
            number=len(before) + 1,
            part=len(done),
            parts=frozen["parts"],
            marker=random_token(),
            content=frozen,
            resume=_carried(before, len(done), content.digest(frozen)),
            at=at,
            root=root,
            parent=parent,
        )
        session.connection().execute(
            OPEN,
            {"id": opened.id, "target_id": claim.target_id, "account_id": claim.account_id,
             "number": opened.number, "part": opened.part, "marker": opened.marker,
             "claim_token": claim.token, "content_hash": content.digest(frozen),
             "content": frozen, "resume": steps.sealed(opened.resume, opened.id), "started_at": at},
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
        steps.opened(row.resume, row.id), row.started_at,
        *_above(row.content, row.part, done),
    )  # fmt: skip


def _above(
    frozen: Mapping[str, Any], part: int, done: Mapping[int, Attempt]
) -> tuple[Published | None, Published | None]:
    """The first part, and the one this goes under: a comment belongs to the post itself.

    A part that a person settled may be known by no id: then the nearest one before it serves.
    """
    root = published(done[0]) if 0 in done else None
    if frozen.get("comment"):
        return root, root
    above = [done[one] for one in range(part - 1, -1, -1) if one in done]
    parent = next((one for one in above if one.external_id), above[0] if above else None)
    return root, published(parent) if parent is not None else None


def _before(session: Session, target_id: UUID) -> list[Attempt]:
    return list(session.scalars(BEFORE, {"target_id": target_id}))


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
        return steps.opened(last.resume, last.id)
    kept = last.resume.get("keep")
    return {"keep": kept} if kept else {}


def published(row: Attempt) -> Published:
    """What the network gave for a part that is out."""
    return Published(row.external_id or "", row.url or "", row.extras or {})


def save(claim: Claim, attempt_id: UUID, resume: Mapping[str, Any]) -> None:
    """Keep a step of the preparation before the next one begins."""
    with transaction() as session:
        _one(
            session.connection().execute(
                STEP,
                {
                    "the_id": attempt_id,
                    "token": claim.token,
                    "steps": steps.sealed(resume, attempt_id),
                },
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
        _leased_for_commit(session, claim, at)
        _one(
            session.connection().execute(
                COMMITTING,
                {
                    "the_id": attempt_id,
                    "token": claim.token,
                    "at": at,
                    "steps": steps.sealed(resume, attempt_id),
                },
            )
        )
        return at


def to_resend(claim: Claim) -> None:
    """The same look before a call that repeats a commit under its marker (probe ``key``)."""
    with transaction() as session:
        at = moment(session)
        _doors(session, claim)
        _leased_for_commit(session, claim, at)


def _leased_for_commit(session: Session, claim: Claim, at: datetime) -> None:
    _one(
        session.connection().execute(
            LEASE,
            {"the_id": claim.target_id, "token": claim.token, "at": at,
             "until": at + timedelta(seconds=settings().COMMIT_DEADLINE_SECONDS + 30)},
        )
    )  # fmt: skip


def _doors(session: Session, claim: Claim) -> None:
    """Share locks: who closes a door waits for us, or we see it closed."""
    row = (
        session.connection()
        .execute(DOORS, {"profile_id": claim.profile_id, "account_id": claim.account_id})
        .one_or_none()
    )
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
