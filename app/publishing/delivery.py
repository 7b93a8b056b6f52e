"""Speak and record: no transaction is open while the network thinks (reliability §1–§3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from app import credentials, egress
from app.clock import now
from app.config import settings
from app.extensions import networks
from app.inflight import FIRST_BYTE_SECONDS
from app.networks.base import (
    Category,
    Effect,
    Item,
    Network,
    NetworkError,
    Published,
)
from app.publishing import attempts, items, outcomes, questions
from app.publishing.attempts import Closed, Fenced, Opened
from app.publishing.claims import Claim, hand_back
from app.publishing.store import durable, log
from app.publishing.watch import Stopping, Watch

AWAY_SECONDS = 30.0  # how long a preparation waits for a database that is away
NO_VERSION = -1  # of tokens that were never read
Result = TypeVar("Result")


@dataclass
class Speaker:
    """The network, our account there, and the tokens in use: renewed at most once."""

    claim: Claim
    network: Network
    account: credentials.Opened
    renewed: bool = False

    @classmethod
    def of(cls, claim: Claim) -> Speaker:
        """Raises ``NetworkError`` where there are no tokens that work."""
        return cls(claim, networks.of(claim), credentials.fresh(claim.account_id))

    def renew(self, error: NetworkError) -> bool:
        """After "expired token" on a call known not executed: one refresh (§5)."""
        if self.renewed or not error.expired or error.effect is not Effect.NONE:
            return False
        self.renewed = True
        self.account = credentials.fresh(
            self.claim.account_id, force_from_version=self.account.version
        )
        return True


def deliver(watch: Watch) -> None:
    """Carry out one claim. Every outcome is written down before this returns."""
    claim = watch.claim
    try:
        if claim.attempt_id is not None:
            watch.phase = "commit"
            questions.ask(claim)
        else:
            _publish(claim, watch)
    except Fenced:
        log.info("fenced", target=str(claim.target_id), token=claim.token)


def _publish(claim: Claim, watch: Watch) -> None:
    while True:
        if watch.stop.is_set() and watch.phase == "queued":
            hand_back([claim])
            return
        watch.phase = "prepare"
        opened = durable(lambda: attempts.open_next(claim), seconds=AWAY_SECONDS, what="open")
        if opened is None:
            outcomes.complete(claim)
            return
        if not _one_part(claim, opened, watch):
            return


def _one_part(claim: Claim, opened: Opened, watch: Watch) -> bool:
    """Prepare, commit, record; whether another part follows."""
    speaker: Speaker | None = None
    try:
        speaker = durable(lambda: Speaker.of(claim), seconds=AWAY_SECONDS, what="account")
        item, resume = _prepared(speaker, opened, watch)
    except Stopping:
        _recorded(
            lambda: outcomes.handed_back(
                claim, opened.id, "The worker was stopped before anything was sent."
            )
        )
        return False
    except NetworkError as error:
        _record_failure(claim, opened, error, speaker, committing=False)
        return False
    try:
        found = _committed(speaker, item, opened, resume, watch)
    except Closed:
        _recorded(
            lambda: outcomes.handed_back(
                claim, opened.id, "Publishing was stopped before anything was sent."
            )
        )
        return False
    except NetworkError as error:
        _record_failure(claim, opened, error, speaker, committing=True)
        return False
    last = opened.part + 1 >= opened.parts
    _recorded(lambda: outcomes.published(claim, opened.id, found, last=last))
    lateness = (now() - opened.at).total_seconds()
    log.info("published", target=str(claim.target_id), network=claim.network, took=lateness)
    return not last


def _prepared(speaker: Speaker, opened: Opened, watch: Watch) -> tuple[Item, Mapping[str, Any]]:
    """All steps that may be repeated; each is stored before the next begins."""
    with egress.bounded(settings().PREPARE_DEADLINE_SECONDS), _ours_too("prepare"):
        item = durable(
            lambda: items.build(speaker.network, speaker.account, opened),
            seconds=AWAY_SECONDS, what="item",
        )  # fmt: skip
        resume: dict[str, Any] = dict(opened.resume)
        while True:
            try:
                for step in speaker.network.prepare(speaker.account, item, resume):
                    resume = step
                    stored = resume
                    durable(
                        lambda kept=stored: attempts.save(watch.claim, opened.id, kept),  # type: ignore[misc]
                        seconds=AWAY_SECONDS, what="step",
                    )  # fmt: skip
                    watch.step()
                watch.step()
                return item, resume
            except NetworkError as error:
                if not speaker.renew(error):
                    raise


def _committed(
    speaker: Speaker, item: Item, opened: Opened, resume: Mapping[str, Any], watch: Watch
) -> Published:
    """The one irreversible call, after the last look at the lease and the doors (§3)."""
    while True:
        began = durable(
            lambda: _begun(watch.claim, opened, resume), seconds=AWAY_SECONDS, what="commit"
        )
        watch.phase = "commit"
        late = FIRST_BYTE_SECONDS - (time.monotonic() - began)
        try:
            with (
                egress.bounded(settings().COMMIT_DEADLINE_SECONDS, first_byte_within=late) as wire,
                _ours_too("commit", wire),
            ):
                return speaker.network.commit(speaker.account, item, resume)
        except NetworkError as error:
            if not speaker.renew(error):
                raise


def _begun(claim: Claim, opened: Opened, resume: Mapping[str, Any]) -> float:
    """Take the last look; the time (monotonic) just before it, from which the call is late."""
    began = time.monotonic()
    attempts.to_commit(claim, opened.id, resume)
    return began


@contextmanager
def _ours_too(phase: str, wire: egress.Wire | None = None) -> Iterator[None]:
    """A fault of our own is an outcome too: unknown once a byte has left in commit (§5)."""
    try:
        yield
    except (NetworkError, Stopping, Fenced, Closed):
        raise
    except Exception as error:
        log.exception("own_fault", phase=phase)
        gone = wire is not None and wire.sent
        raise NetworkError(
            Category.UNKNOWN,
            "Something went wrong on our side.",
            effect=Effect.UNKNOWN if gone else Effect.NONE,
            code=type(error).__name__,
        ) from error


def _record_failure(
    claim: Claim, opened: Opened, error: NetworkError, speaker: Speaker | None, *, committing: bool
) -> None:
    # Without a speaker the account was marked already, if it had to be; who has connected it
    # again since then is not to be blamed.
    version = speaker.account.version if speaker else NO_VERSION
    _recorded(
        lambda: outcomes.failed(claim, opened.id, error, committing=committing, version=version)
    )
    if error.category is Category.MEDIA_PROCESSING and error.effect is Effect.DONE:
        log.info("taken", target=str(claim.target_id), network=claim.network)
        return
    log.warning(
        "not_published", target=str(claim.target_id), network=claim.network,
        category=error.category.value, effect=error.effect.value, status_code=error.status,
        error_code=error.code, message=error.message,
    )  # fmt: skip


def _recorded(work: Callable[[], Result]) -> Result:
    """Write an outcome down, for as long as the lease lets nobody else speak."""
    return durable(work, seconds=settings().COMMIT_DEADLINE_SECONDS + 20, what="outcome")
