"""What became of an attempt, written down once (reliability §4, §5).

Each function is one transaction: the attempt, the target, the account, the post's status,
the events. The retry table of reliability §5 is ``refused``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import credentials, holds, steps
from app.clock import seconds
from app.config import settings
from app.models.accounts import SocialAccount
from app.models.attempts import Attempt, AttemptState, Phase
from app.models.posts import HoldReason, PostTarget, TargetState
from app.networks.base import Category, Effect, NetworkError, Published
from app.publishing import circuits, progress, telling, words
from app.publishing.attempts import Fenced, load_target
from app.publishing.claims import Claim
from app.publishing.rows import OUT, close, facts, move
from app.publishing.store import moment, transaction
from app.retry import CAP_SECONDS, backoff
from app.settle import settle

GIVE_UP = timedelta(hours=24)  # a post that is only ever told to wait (§5, rate_limited)
PROCESSING_RETRY = 60.0


def published(claim: Claim, attempt_id: UUID, found: Published, *, last: bool) -> None:
    """The network has it, and said under which id.

    ``last`` false: a part of a thread; the claim goes on with the next one.
    """
    with transaction() as session:
        at = moment(session)
        close(
            session, claim, attempt_id, AttemptState.OK, at,
            external_id=found.external_id[:500], url=found.url[:2000] or None,
            extras=dict(found.extras), next_probe_at=None,
        )  # fmt: skip
        circuits.answered(session, claim.account_id, claim.circuit, last_post_at=at)
        if last:
            _complete(session, claim, at)
        else:
            move(session, claim, lease_until=at + seconds(settings().LEASE_SECONDS))


def complete(claim: Claim) -> None:
    """Every part is out already: only the target does not say so yet."""
    with transaction() as session:
        _complete(session, claim, moment(session))


def _complete(session: Session, claim: Claim, at: datetime, warning: str = "") -> None:
    rows = session.connection().execute(OUT, {"target_id": claim.target_id}).all()
    first = rows[0]
    warning = warning or next(
        (str(r.extras["warning"]) for r in rows if "warning" in (r.extras or {})), ""
    )
    move(
        session, claim, state=TargetState.PUBLISHED, lease_until=None, published_at=at,
        external_id=first.external_id, permalink=first.url, category=None,
        error_code="WARNING" if warning else None, error=warning or None, published={"parts": [
            {"id": r.external_id, "url": r.url, "extras": r.extras or {}} for r in rows
        ]},
    )  # fmt: skip
    settle(session, [claim.post_id])
    telling.emit(session, claim, "post.published", url=first.url, id=first.external_id)


def to_clock(session: Session, claim: Claim) -> None:
    """Known state, more to do: the next claim goes on where this one stopped."""
    _back(session, claim, load_target(session, claim.target_id), moment(session))
    settle(session, [claim.post_id])


def failed(
    claim: Claim,
    attempt_id: UUID,
    error: NetworkError,
    *,
    committing: bool,
    version: int | None = None,
) -> None:
    """A call that did not go as asked: by what is known, wait, hold, ask or give up."""
    if committing and error.effect is not Effect.NONE:
        unknown(claim, attempt_id, error)
        return
    if committing and error.category is Category.DUPLICATE and _asked_before(claim):
        # Probably ours: an earlier call nobody read the answer of (reliability §4).
        unknown(claim, attempt_id, error)
        return
    with transaction() as session:
        at = moment(session)
        state = AttemptState.REFUSED if error.status else AttemptState.FAILED
        close(session, claim, attempt_id, state, at, **facts(error))
        not_executed(session, claim, error, at, version)


def not_executed(
    session: Session,
    claim: Claim,
    error: NetworkError,
    at: datetime,
    version: int | None = None,
) -> None:
    """The retry table of reliability §5, for an attempt closed as known not executed.

    ``version`` is that of the tokens used: newer ones are not blamed for a refusal.
    """
    target = load_target(session, claim.target_id)
    if error.category is Category.NETWORK_ERROR:
        circuits.silent(session, claim.account_id, claim.circuit, at)
    else:
        circuits.answered(session, claim.account_id, claim.circuit)
    if error.category is Category.AUTH_ERROR:
        _hold(session, claim, target, error, at, version)
    elif error.category is Category.RATE_LIMITED:
        _wait(session, claim, target, error, at)
    elif error.category is Category.MEDIA_PROCESSING:
        later = error.retry_at or at + seconds(PROCESSING_RETRY)
        _again(session, claim, target, error, max(later, at), counts=False)
    elif error.retryable:
        failures = target.failures + 1
        asked = (error.retry_at - at).total_seconds() if error.retry_at else None
        wait = backoff(failures, settings().RETRY_BASE_SECONDS, asked)
        if failures >= settings().MAX_ATTEMPTS:
            _fail(session, claim, target, error)
        else:
            _again(session, claim, target, error, at + seconds(wait), counts=True)
    else:
        _fail(session, claim, target, error)


def handed_back(claim: Claim, attempt_id: UUID, why: str) -> None:
    """The preparation stopped on our side: not a try, the steps done are kept."""
    with transaction() as session:
        at = moment(session)
        close(session, claim, attempt_id, AttemptState.FAILED, at, message=why)
        circuits.not_tried(session, {claim.target_id})
        _back(session, claim, load_target(session, claim.target_id), at)
        settle(session, [claim.post_id])


def let_go(claim: Claim) -> bool:
    """Hand back from outside what a thread is still preparing; whether it could be.

    The target is locked before the attempt, as in ``attempts.to_commit``: either the commit
    call has been begun by then and nothing is touched, or the thread finds itself fenced.
    """
    with transaction() as session:
        at = moment(session)
        held = session.scalar(
            select(PostTarget.id)
            .where(
                PostTarget.id == claim.target_id,
                PostTarget.claim_token == claim.token,
                PostTarget.state == TargetState.POSTING,
            )
            .with_for_update(skip_locked=True)
        )
        attempt_id = held and session.scalar(
            select(Attempt.id)
            .where(
                Attempt.target_id == claim.target_id,
                Attempt.claim_token == claim.token,
                Attempt.state == AttemptState.OPEN,
                Attempt.phase == Phase.PREPARE,
            )
            .with_for_update(skip_locked=True)
        )
        if not attempt_id:
            return False
        close(
            session, claim, attempt_id, AttemptState.FAILED, at,
            message="The worker was stopped before anything was sent.",
        )  # fmt: skip
        circuits.not_tried(session, {claim.target_id})
        _back(session, claim, load_target(session, claim.target_id), at)
        settle(session, [claim.post_id])
        return True


def unknown(claim: Claim, attempt_id: UUID, error: NetworkError) -> None:
    """Sent, and no answer read: the network is asked, nothing is guessed (§1.3)."""
    with transaction() as session:
        at = moment(session)
        title = words.title(claim.spoken_to)
        taken = error.category is Category.MEDIA_PROCESSING and error.effect is Effect.DONE
        phase: dict[str, Any] = {"phase": Phase.PROCESSING} if taken else {}
        if error.resume is not None:
            phase["resume"] = steps.sealed(error.resume, attempt_id)
        first = max(at, error.retry_at) if taken and error.retry_at else at
        close(
            session, claim, attempt_id, AttemptState.UNKNOWN, at, next_probe_at=first,
            **phase, **facts(error),
        )  # fmt: skip
        if error.category is Category.NETWORK_ERROR:
            circuits.silent(session, claim.account_id, claim.circuit, at)
        said = f"We do not know yet whether this went out. We are asking {title}."
        move(
            session, claim, lease_until=None, category=error.category.value,
            error_code="PROCESSING" if taken else "OUTCOME_UNKNOWN",
            error=words.processing(claim.spoken_to) if taken else said,
        )  # fmt: skip
        settle(session, [claim.post_id])


def needs_review(claim: Claim, attempt_id: UUID, why: str) -> None:
    """The network cannot say: a person decides (§4)."""
    with transaction() as session:
        changed = session.execute(
            update(Attempt)
            .where(Attempt.id == attempt_id, Attempt.state == AttemptState.UNKNOWN)
            .values(next_probe_at=None, message=why)
            .execution_options(synchronize_session=False)
        )
        if not changed.rowcount:  # type: ignore[attr-defined]
            raise Fenced
        if without_comment(session, claim, why, moment(session)):
            return
        move(
            session, claim, state=TargetState.NEEDS_REVIEW, lease_until=None,
            error_code="OUTCOME_UNKNOWN", error=why,
        )  # fmt: skip
        settle(session, [claim.post_id])
        telling.emit(session, claim, "post.needs_review", message=why)
        telling.owners(session, claim, "post_needs_review", message=why)


def ask_again(
    claim: Claim,
    attempt_id: UUID,
    at: datetime,
    *,
    absent: bool = False,
    processing: bool = False,
    asked: bool = True,
    heard: NetworkError | None = None,
) -> None:
    """Nothing settled yet: the next question is at ``at``. ``asked`` false: none was put.

    ``heard`` is what the network said meanwhile, kept with the attempt.
    """
    with transaction() as session:
        values: dict[str, Any] = {"next_probe_at": at, **(facts(heard) if heard else {})}
        if asked:
            values["probes"] = Attempt.probes + 1
        if absent:
            values["absent_at"] = func.coalesce(Attempt.absent_at, moment(session))
        if processing:
            values["phase"] = Phase.PROCESSING
        session.execute(
            update(Attempt)
            .where(Attempt.id == attempt_id, Attempt.state == AttemptState.UNKNOWN)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        move(session, claim, lease_until=None)


def believed_absent(claim: Claim, attempt_id: UUID, error: NetworkError) -> None:
    """The network does not have it: unknown → failed, then the retry table."""
    with transaction() as session:
        at = moment(session)
        close(
            session, claim, attempt_id, AttemptState.FAILED, at, next_probe_at=None,
            message=error.message, probes=Attempt.probes + 1,
        )  # fmt: skip
        not_executed(session, claim, error, at)


def _hold(
    session: Session,
    claim: Claim,
    target: PostTarget,
    error: NetworkError,
    at: datetime,
    version: int | None,
) -> None:
    """Signed out: this target and all others of the account wait for a person (promise 2).

    A post of which only the first comment is missing is out all the same.
    """
    title = words.title(claim.spoken_to)
    told = credentials.signed_out(session, target.account, error.message, version=version)
    if not told and target.account.usable:
        # Somebody brought new tokens meanwhile: what was refused is not what we have now.
        _again(session, claim, target, error, at, counts=True)
        return
    if without_comment(session, claim, error.message, at):
        return
    what = "the rest" if progress.of(session, target.id).out else "this"
    reason = holds.reason_for(target.account) or HoldReason.RECONNECT
    said = f"{title} signed you out. Connect the account again and {what} goes out."
    if reason is HoldReason.DISCONNECTED:
        said = f"The account was taken off. Connect it again and {what} goes out."
    move(
        session, claim, state=TargetState.SCHEDULED, lease_until=None, category="auth_error",
        hold_reason=reason, hold_until=holds.deadline(target.due_at, at),
        error_code=error.code[:60] or None, error=said,
    )  # fmt: skip
    settle(session, [claim.post_id])


def _wait(
    session: Session, claim: Claim, target: PostTarget, error: NetworkError, at: datetime
) -> None:
    """Rate limited: the whole account cools; this uses up no attempt (§5).

    A limit that concerns one kind of upload makes only that wait: what else the account has to
    say goes on, and the next upload of the kind asks for itself.
    """
    times = session.scalar(
        select(func.count()).where(
            Attempt.target_id == claim.target_id, Attempt.category == Category.RATE_LIMITED.value
        )
    )
    asked = (error.retry_at - at).total_seconds() if error.retry_at else None
    wait = backoff(times or 1, settings().RETRY_BASE_SECONDS, asked)
    until = at + seconds(min(wait, CAP_SECONDS))
    if not error.narrow:
        session.execute(
            update(SocialAccount)
            .where(SocialAccount.id == claim.account_id)
            .values(cooling_until=until)
            .execution_options(synchronize_session=False)
        )
    if until > _since(session, target, at) + GIVE_UP:
        _fail(session, claim, target, error)
    else:
        _again(session, claim, target, error, until, counts=False)


def _again(
    session: Session,
    claim: Claim,
    target: PostTarget,
    error: NetworkError,
    due_at: datetime,
    *,
    counts: bool,
) -> None:
    if not counts and due_at > _since(session, target, due_at) + GIVE_UP:
        _fail(session, claim, target, error)
        return
    _back(
        session, claim, target, moment(session), due_at=due_at,
        failures=PostTarget.failures + (1 if counts else 0), category=error.category.value,
        error_code=error.code[:60] or None, error=words.waiting(claim.spoken_to, error),
    )  # fmt: skip
    settle(session, [claim.post_id])


def _since(session: Session, target: PostTarget, at: datetime) -> datetime:
    """When it was first to go out: its time, or its first attempt where it was held till then."""
    first = session.scalar(
        select(func.min(Attempt.started_at)).where(Attempt.target_id == target.id)
    )
    return max(target.scheduled_for or at, first or at)


def _back(session: Session, claim: Claim, target: PostTarget, at: datetime, **values: Any) -> None:
    """To the clock again; held where the account was taken off or signed out meanwhile."""
    reason = holds.reason_for(target.account)
    if reason is not None:
        values |= {"hold_reason": reason, "hold_until": holds.deadline(target.due_at, at)}
    move(session, claim, state=TargetState.SCHEDULED, lease_until=None, **values)


def without_comment(session: Session, claim: Claim, why: str, at: datetime) -> bool:
    """The post is out, only its first comment is not: published, and that is said."""
    if not progress.of(session, claim.target_id).only_comment:
        return False
    _complete(session, claim, at, f"This is out, but its first comment was not made: {why}")
    return True


def _fail(session: Session, claim: Claim, target: PostTarget, error: NetworkError) -> None:
    if without_comment(session, claim, error.message, moment(session)):
        return
    so_far = progress.of(session, claim.target_id)
    said = " ".join(filter(None, (words.failed(claim.spoken_to, error), so_far.words)))
    move(
        session, claim, state=TargetState.FAILED, lease_until=None,
        failures=PostTarget.failures + 1, category=error.category.value,
        error_code=error.code[:60] or None, error=said,
    )  # fmt: skip
    settle(session, [claim.post_id])
    telling.emit(session, claim, "post.failed", category=error.category.value, message=said)
    telling.owners(session, claim, "post_failed", message=said)


def _asked_before(claim: Claim) -> bool:
    """Whether an earlier attempt at this target was once of unknown outcome."""
    with transaction(write=False) as session:
        return (
            session.scalar(
                select(func.count()).where(
                    Attempt.target_id == claim.target_id,
                    Attempt.state == AttemptState.FAILED,
                    Attempt.commit_at.is_not(None),
                    Attempt.probes > 0,
                )
            )
            or 0
        ) > 0
