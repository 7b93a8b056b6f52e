"""Asking the network about an outcome nobody read (reliability §4).

The rules of belief: an item that is found settles it; absent is believed of a saved id
once the commit deadline has passed, of a listing only when seen twice and late enough; a
repeat under the same marker is its own answer; else a person decides. What the network has
accepted is never believed absent: a list may be late, or hide what moderation looks at.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import credentials, egress
from app.clock import now, seconds
from app.config import settings
from app.extensions import networks
from app.inflight import FIRST_BYTE_SECONDS
from app.models.attempts import Attempt, AttemptState, Phase
from app.networks.base import (
    Category,
    Effect,
    Item,
    Network,
    NetworkError,
    Probe,
    Probed,
    Verdict,
)
from app.publishing import attempts, items, outcomes, words
from app.publishing.attempts import Closed, Fenced, Opened
from app.publishing.claims import Claim
from app.publishing.store import away, durable, log, transaction

POLLS = (5.0, 10.0, 20.0, 30.0, 60.0)  # processing; then every 60 s up to POLL_LIMIT
POLL_LIMIT = 15 * 60.0
DOOR_SECONDS = 30.0
NO_VERSION = -1  # of tokens that were never read
# What a repeat under the same marker may be refused with, so that nothing is public.
REFUSALS = (Category.VALIDATION, Category.MEDIA_ERROR)


def ask(claim: Claim) -> None:
    """Ask once; settle the attempt, or say when to ask again."""
    opened, row = attempts.reload(claim)
    network = networks.of(claim)
    assert row.commit_at is not None and row.finished_at is not None
    by, version = Probe.NONE, NO_VERSION
    try:
        account = credentials.fresh(claim.account_id)
        version = account.version
        by = network.probe_by(account, _age(row), opened.resume)
        try:
            item = items.build(network, account, opened)
            found = _asked(claim, network, account, item, opened, row, by)
        except NetworkError as error:
            if not (error.expired and error.effect is Effect.NONE):
                raise
            account = credentials.fresh(claim.account_id, force_from_version=account.version)
            version = account.version
            found = _asked(claim, network, account, item, opened, row, by)
    except Closed:
        outcomes.ask_again(claim, row.id, now() + seconds(DOOR_SECONDS), asked=False)
        return
    except NetworkError as error:
        _no_answer(claim, row, error, by, version)
        return
    except Fenced:
        raise
    except Exception as error:
        if isinstance(error, DBAPIError | PoolTimeout) and away(error):
            raise  # the lease runs out, and somebody asks again
        # A fault of our own is no answer either: the table goes on, and ends with a person.
        log.exception("own_fault", phase="question")
        own = NetworkError(Category.UNKNOWN, "Something went wrong on our side.",
                           effect=Effect.UNKNOWN)  # fmt: skip
        _no_answer(claim, row, own, by, version)
        return
    _settle(claim, row, by, found, last=_last(opened))


def _asked(
    claim: Claim,
    network: Network,
    account: credentials.Opened,
    item: Item,
    opened: Opened,
    row: Attempt,
    by: Probe,
) -> Probed:
    assert row.commit_at is not None
    with egress.bounded(settings().COMMIT_DEADLINE_SECONDS):
        if by is Probe.NONE:
            return Probed(Verdict.UNSURE, message="")
        if by is Probe.KEY:
            item = replace(item, known=_known(claim, row))
            began = time.monotonic()
            attempts.to_resend(claim)
            late = FIRST_BYTE_SECONDS - (time.monotonic() - began)
            with egress.bounded(settings().COMMIT_DEADLINE_SECONDS, first_byte_within=late):
                return Probed(Verdict.PUBLISHED, network.commit(account, item, opened.resume))
        return network.probe(account, item, opened.resume, row.commit_at, _known(claim, row))


def _settle(claim: Claim, row: Attempt, by: Probe, found: Probed, *, last: bool) -> None:
    title = words.title(claim.spoken_to)
    if found.verdict is Verdict.PUBLISHED and found.published is not None:
        published = found.published
        durable(
            lambda: outcomes.published(claim, row.id, published, last=last), seconds=60.0,
            what="found",
        )  # fmt: skip
        log.info("settled", target=str(claim.target_id), by=by.value)
        if not last:
            _give_on(claim)
    elif found.verdict is Verdict.PROCESSING:
        _poll(claim, row, title)
    elif found.verdict is Verdict.FAILED and found.error is not None:
        outcomes.believed_absent(claim, row.id, found.error)
    elif found.verdict is Verdict.ABSENT and by is not Probe.NONE:
        _absent(claim, row, found.by or by, title)
    else:
        outcomes.needs_review(
            claim, row.id,
            found.message or f"We cannot tell whether this went out. Look at {title} before "
            "sending it again.",
        )  # fmt: skip


def _absent(claim: Claim, row: Attempt, by: Probe, title: str) -> None:
    """Not there. Whether to believe it depends on how we asked and how late it is."""
    assert row.commit_at is not None
    if row.accepted:
        _next(claim, row, title)
        return
    deadline = row.commit_at + seconds(settings().COMMIT_DEADLINE_SECONDS)
    at = now()
    if by is Probe.HANDLE:
        believed = at > deadline
    else:
        late = deadline + seconds(settings().PROBE_LAG_SECONDS)
        if row.absent_at is not None and at >= late and _twin(claim, row):
            outcomes.needs_review(
                claim, row.id,
                "Two posts with the same text are unsettled on this account, and we cannot tell "
                f"them apart. Look at {title} before sending again.",
            )  # fmt: skip
            return
        believed = row.absent_at is not None and at >= late
    if believed:
        error = NetworkError(
            Category.UNKNOWN,
            f"{title} does not have this post: it was not executed.",
            retryable=True,
        )
        outcomes.believed_absent(claim, row.id, error)
        return
    _next(claim, row, title, absent=True)


def _no_answer(claim: Claim, row: Attempt, error: NetworkError, by: Probe, version: int) -> None:
    """The question itself failed. Only the network's own refusal of a repeat says "absent"."""
    title = words.title(claim.spoken_to)
    refused = error.effect is Effect.NONE and error.status is not None
    final = refused and error.category in REFUSALS and row.phase is Phase.COMMIT
    if by is Probe.KEY and final and not row.accepted:
        outcomes.believed_absent(claim, row.id, error)
    elif error.category is Category.AUTH_ERROR:
        outcomes.needs_review(
            claim, row.id,
            f"{error.message} We could not ask {title} whether this went out. Look there before "
            "sending it again.",
        )  # fmt: skip
        _sign_out(claim, error, version)
    else:
        heard = error if by is Probe.KEY and error.effect is Effect.DONE else None
        _next(claim, row, title, asked=error.retry_at, heard=heard)


def _next(
    claim: Claim,
    row: Attempt,
    title: str,
    *,
    absent: bool = False,
    asked: datetime | None = None,
    heard: NetworkError | None = None,
) -> None:
    """The next question by the table (0, 2, 10, 30, 120 min), or a person's turn.

    ``heard`` is a yes to a repeat that could not be read either.
    """
    assert row.finished_at is not None
    delays = settings().probe_delays
    later = list(delays[row.probes + 1 :])
    if not later:
        outcomes.needs_review(claim, row.id, words.unsettled(title, accepted=row.accepted))
        return
    at = row.finished_at + seconds(later[0])
    if asked is not None:
        at = max(at, asked)
    outcomes.ask_again(claim, row.id, max(at, now()), absent=absent, heard=heard)


def _poll(claim: Claim, row: Attempt, title: str) -> None:
    assert row.finished_at is not None
    if (now() - row.finished_at).total_seconds() > POLL_LIMIT:
        outcomes.needs_review(
            claim, row.id, f"{title} accepted this, but did not finish preparing it."
        )
        return
    wait = POLLS[min(row.probes, len(POLLS) - 1)]
    outcomes.ask_again(claim, row.id, now() + seconds(wait), processing=True)


def _known(claim: Claim, row: Attempt) -> frozenset[str]:
    """Ids recorded for other attempts of the account: they are not this one."""
    with transaction(write=False) as session:
        found = session.scalars(
            select(Attempt.external_id).where(
                Attempt.account_id == claim.account_id,
                Attempt.id != row.id,
                Attempt.external_id.is_not(None),
            )
        )
        return frozenset(one for one in found if one)


def _twin(claim: Claim, row: Attempt) -> bool:
    """Whether another unsettled attempt of the account has the same content (§4)."""
    with transaction(write=False) as session:
        return (
            session.scalar(
                select(Attempt.id)
                .where(
                    Attempt.account_id == claim.account_id,
                    Attempt.id != row.id,
                    Attempt.state == AttemptState.UNKNOWN,
                    Attempt.content_hash == row.content_hash,
                )
                .limit(1)
            )
            is not None
        )


def _sign_out(claim: Claim, error: NetworkError, version: int) -> None:
    """Mark the account, unless it has other tokens by now than those that were refused."""
    with transaction() as session:
        target = attempts.load_target(session, claim.target_id)
        credentials.signed_out(session, target.account, error.message, version=version)


def _give_on(claim: Claim) -> None:
    """A part of a thread was found: the target goes back to the clock for the next one."""
    with transaction() as session:
        outcomes.to_clock(session, claim)


def _age(row: Attempt) -> float:
    assert row.commit_at is not None
    return (now() - row.commit_at).total_seconds()


def _last(opened: Opened) -> bool:
    return opened.part + 1 >= opened.parts
