"""The sweep: what a lost worker left behind, and holds whose time is over (reliability §3).

An expired lease tells by the attempt's phase what may have happened: none opened, nothing
was sent; in prepare, nothing became public; in commit, nobody knows and the network is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import literal_column, select, update
from sqlalchemy.orm import Session

from app import events, holds, metrics
from app.clock import seconds
from app.config import settings
from app.models.attempts import Attempt, AttemptState, Phase
from app.models.posts import HoldReason, PostTarget, TargetState
from app.publishing import outcomes, progress
from app.publishing.attempts import load_target
from app.publishing.claims import Claim
from app.publishing.store import log, moment, transaction
from app.retry import backoff
from app.settle import settle

BATCH = 200
SPARE_QUESTIONS = 3  # beyond the table: askers may be lost without the network's fault
MISSED = "MISSED_WINDOW"
UNSETTLED = (AttemptState.OPEN, AttemptState.UNKNOWN)


@dataclass
class Swept:
    """What one sweep did."""

    freed: int = 0  # claims that had opened no attempt
    failed: int = 0  # attempts lost while preparing
    unknown: int = 0  # attempts lost while committing
    missed: int = 0  # held too long


def sweep() -> Swept:
    """Put right everything whose lease or deadline has run out; safe to run anywhere, twice."""
    done = Swept()
    with transaction() as session:
        at = moment(session)
        found = (
            select(PostTarget.id, PostTarget.claim_token, PostTarget.state, PostTarget.post_id)
            .where(PostTarget.lease_until.is_not(None), PostTarget.lease_until < at)
            .order_by(PostTarget.id)
            .limit(BATCH)
        )
        if session.get_bind().dialect.name == "postgresql":
            found = found.with_for_update(skip_locked=True)
        posts: set[UUID] = set()
        for target_id, token, state, post_id in session.execute(found).all():
            posts.add(post_id)
            if state is TargetState.QUEUED:
                done.freed += _free(session, target_id, token)
            elif state is TargetState.POSTING:
                _settle_lost(session, target_id, token, at, done)
            else:
                _unlease(session, target_id, token)
        settle(session, posts)
    metrics.lease_expired.inc(done.freed + done.failed + done.unknown)
    done.missed = _missed()
    if done != Swept():
        log.warning("swept", **done.__dict__)
    return done


def _free(session: Session, target_id: UUID, token: int) -> int:
    return _change(
        session, target_id, token, TargetState.QUEUED, state=TargetState.SCHEDULED, lease_until=None
    )


def _unlease(session: Session, target_id: UUID, token: int) -> None:
    """A person ended the target meanwhile: only the lease is left of the claim."""
    session.execute(
        update(PostTarget)
        .where(PostTarget.id == target_id, PostTarget.claim_token == token)
        .values(lease_until=None)
        .execution_options(synchronize_session=False)
    )


def _settle_lost(session: Session, target_id: UUID, token: int, at: datetime, done: Swept) -> None:
    unsettled = select(Attempt).where(Attempt.target_id == target_id, Attempt.state.in_(UNSETTLED))
    attempt = session.scalars(unsettled).one_or_none()
    if attempt is not None and session.get_bind().dialect.name == "postgresql":
        # An outcome that is being written at this moment has locked the attempt and wants the
        # target: it goes first, and the next sweep finds what it left.
        attempt = session.scalars(
            unsettled.with_for_update(skip_locked=True).execution_options(populate_existing=True)
        ).one_or_none()
        if attempt is None:
            return
    if attempt is None:
        # Between two parts of a thread: the next claim goes on with the next part.
        _to_clock(session, target_id, token, at, counts=False)
        done.freed += 1
    elif attempt.state is AttemptState.UNKNOWN:
        # The worker was lost while asking; the question is still open.
        attempt.probes += 1
        done.unknown += 1
        if attempt.probes > len(settings().probe_delays) + SPARE_QUESTIONS:
            _give_to_person(session, target_id, token, attempt, at)
            return
        _change(session, target_id, token, TargetState.POSTING, lease_until=None)
        attempt.next_probe_at = max(attempt.next_probe_at or at, at)
    elif attempt.phase is Phase.PREPARE:
        attempt.state, attempt.finished_at = AttemptState.FAILED, at
        attempt.error_code = "WORKER_LOST"
        attempt.message = "The worker was lost while preparing; nothing was sent."
        _to_clock(session, target_id, token, at, counts=True)
        done.failed += 1
    else:
        attempt.state, attempt.finished_at = AttemptState.UNKNOWN, at
        attempt.next_probe_at, attempt.error_code = at, "WORKER_LOST"
        attempt.message = "The worker was lost after the call may have been sent."
        _change(
            session, target_id, token, TargetState.POSTING, lease_until=None,
            error_code="OUTCOME_UNKNOWN",
            error="We do not know yet whether this went out. We are asking the network.",
        )  # fmt: skip
        done.unknown += 1


def _give_to_person(
    session: Session, target_id: UUID, token: int, attempt: Attempt, at: datetime
) -> None:
    """Whoever asks is lost each time: nobody will ever hear an answer (§4)."""
    said = "We asked several times and cannot tell whether this went out. Look there first."
    attempt.next_probe_at, attempt.message = None, said
    if _without_comment(session, load_target(session, target_id), token, said, at):
        return
    _change(
        session, target_id, token, TargetState.POSTING, state=TargetState.NEEDS_REVIEW,
        lease_until=None, error_code="OUTCOME_UNKNOWN", error=said,
    )  # fmt: skip
    target = load_target(session, target_id)
    data = {
        "post_id": str(target.post_id), "target_id": str(target.id),
        "network": target.account.network, "message": said,
    }  # fmt: skip
    events.emit(session, target.profile_id, "post.needs_review", data)
    events.tell_owners(
        session, target.profile_id, "post_needs_review", data,
        once=f"post_needs_review:{target.id}:{token}",
    )  # fmt: skip


def _to_clock(session: Session, target_id: UUID, token: int, at: datetime, *, counts: bool) -> None:
    """Back to the clock, or failed where that was the last try."""
    target = load_target(session, target_id)
    failures = target.failures + (1 if counts else 0)
    if counts and failures >= settings().MAX_ATTEMPTS:
        said = "The worker was lost each time this was prepared."
        said = f"{said} {progress.of(session, target_id).sent}".strip()
        if _without_comment(session, target, token, said, at):
            return
        _change(
            session, target_id, token, TargetState.POSTING, state=TargetState.FAILED,
            lease_until=None, failures=failures, category="unknown", error_code="WORKER_LOST",
            error=said,
        )  # fmt: skip
        _tell(session, target, "WORKER_LOST", said)
        return
    values: dict[str, object] = {}
    reason = holds.reason_for(target.account)
    if reason is not None:
        values = {"hold_reason": reason, "hold_until": holds.deadline(target.due_at, at)}
    if counts:
        wait = backoff(failures, settings().RETRY_BASE_SECONDS)
        values["due_at"] = at + seconds(wait)
    _change(
        session, target_id, token, TargetState.POSTING, state=TargetState.SCHEDULED,
        lease_until=None, failures=failures, **values,
    )  # fmt: skip


def _without_comment(
    session: Session, target: PostTarget, token: int, why: str, at: datetime
) -> bool:
    """Where only the first comment is missing the post is out, and that is what is said."""
    claim = Claim(
        target.id, target.post_id, target.account_id, target.profile_id, token,
        target.account.network, target.account.server,
    )  # fmt: skip
    return outcomes.without_comment(session, claim, why, at)


def _change(
    session: Session, target_id: UUID, token: int, was: TargetState, **values: object
) -> int:
    changed = session.execute(
        update(PostTarget)
        .where(PostTarget.id == target_id, PostTarget.claim_token == token, PostTarget.state == was)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return int(changed.rowcount)  # type: ignore[attr-defined]


def _missed() -> int:
    """Held targets whose deadline has passed fail; a person can retry them (§6)."""
    with transaction(write=False) as session:
        at = moment(session)
        due = (
            select(PostTarget.id)
            .where(
                PostTarget.hold_reason.is_not(None),
                PostTarget.hold_until < at,
                PostTarget.state == literal_column("'scheduled'"),
            )
            .limit(BATCH)
        )
        ids = session.scalars(due).all()
    if not ids:
        return 0
    with transaction() as session:
        rows = session.execute(
            # In the order of every writer, and without waiting for one.
            select(PostTarget.id, PostTarget.post_id, PostTarget.hold_reason)
            .where(
                PostTarget.id.in_(ids),
                PostTarget.hold_reason.is_not(None),
                PostTarget.hold_until < at,
                PostTarget.state == literal_column("'scheduled'"),
            )
            .order_by(PostTarget.id)
            .with_for_update(skip_locked=True)
        ).all()
        for target_id, _, reason in rows:
            _give_up(session, target_id, MISSED_WORDS.get(reason, MISSED_ANYHOW), at)
        settle(session, [post_id for _, post_id, _ in rows])
        return len(rows)


def _give_up(session: Session, target_id: UUID, why: str, at: datetime) -> None:
    """Its time is over. What is out already is said to be out; the caller has locked it."""
    so_far = progress.of(session, target_id)
    if so_far.only_comment:
        # Taken up once more, in the same breath, to be closed as published.
        token = session.scalars(
            update(PostTarget)
            .where(PostTarget.id == target_id)
            .values(
                state=TargetState.POSTING, claim_token=PostTarget.claim_token + 1,
                hold_reason=None, hold_until=None,
            )
            .returning(PostTarget.claim_token)
            .execution_options(synchronize_session=False)
        ).one()  # fmt: skip
        _without_comment(session, load_target(session, target_id), token, why, at)
        return
    said = f"{why} {so_far.sent}".strip()
    session.execute(
        update(PostTarget)
        .where(PostTarget.id == target_id)
        .values(
            state=TargetState.FAILED, hold_reason=None, hold_until=None, error_code=MISSED,
            error=said,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    _tell(session, load_target(session, target_id), MISSED, said)


MISSED_ANYHOW = "It was held until its time had passed."
MISSED_WORDS: dict[HoldReason | None, str] = {
    HoldReason.LATE: "Nobody decided in time what to do with this late post.",
    HoldReason.RECONNECT: "The account was not connected again in time.",
    HoldReason.DISCONNECTED: "The account was taken off and not connected again in time.",
    HoldReason.APPROVAL: "Nobody approved it in time.",
}


def _tell(session: Session, target: PostTarget, code: str, said: str) -> None:
    data = {
        "post_id": str(target.post_id), "target_id": str(target.id),
        "network": target.account.network, "code": code, "message": said,
    }  # fmt: skip
    events.emit(session, target.profile_id, "post.failed", data)
    events.tell_owners(
        session, target.profile_id, "post_failed", data, once=f"failed:{target.id}:{code}"
    )
