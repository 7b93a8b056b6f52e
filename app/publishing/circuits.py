"""Circuit breakers: an account or a server that does not answer is left alone (§5).

An account's is ``cooling_until`` on its row, since its posts go one at a time anyway. A
network's, or one server's where people name servers, is a row of ``circuits``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.clock import seconds
from app.config import settings
from app.models.accounts import SocialAccount
from app.models.base import table
from app.models.engine import Circuit

ACCOUNT_FAILURES = 5  # in a row
NETWORK_FAILURES = 20  # within WINDOW
WINDOW = timedelta(seconds=60)
SEPARATOR = "|"


# Every delivery runs these: built once, past the ORM.
ACCOUNTS, CIRCUITS = table(SocialAccount), table(Circuit)
POSTED = (
    update(ACCOUNTS)
    .where(ACCOUNTS.c.id == bindparam("the_id"))
    .values(failures=0, last_post_at=bindparam("at"))
)
ANSWERED = (
    update(ACCOUNTS)
    .where(ACCOUNTS.c.id == bindparam("the_id"), ACCOUNTS.c.failures > 0)
    .values(failures=0)
)
IN_TROUBLE = and_(
    CIRCUITS.c.key == bindparam("the_key"),
    or_(CIRCUITS.c.failures > 0, CIRCUITS.c.open_until.is_not(None)),
)
TROUBLED = select(CIRCUITS.c.key).where(IN_TROUBLE)
CLOSE = (
    update(CIRCUITS)
    .where(IN_TROUBLE)
    .values(failures=0, since=None, open_until=None, trial_target=None, trial_until=None)
)


class Candidate(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def network(self) -> str: ...
    @property
    def server(self) -> str: ...


Found = TypeVar("Found", bound=Any)


def key(network: str, server: str) -> str:
    """The name of the circuit an account belongs to."""
    return f"{network}{SEPARATOR}{server}"[:300]


def parts(circuit: str) -> tuple[str, str]:
    """Network and server of a circuit's name."""
    network, _, server = circuit.partition(SEPARATOR)
    return network, server


def shut(session: Session, at: datetime) -> set[str]:
    """Circuits that take no call now: open, or with their one trial still under way."""
    return set(
        session.scalars(
            select(Circuit.key).where(or_(Circuit.open_until > at, Circuit.trial_until > at))
        )
    )


def one_trial(session: Session, chosen: Sequence[Found], at: datetime) -> list[Found]:
    """After the wait one target goes first: the others of that circuit stay behind."""
    waiting = {
        row.key: row
        for row in session.scalars(select(Circuit).where(Circuit.open_until.is_not(None)))
    }
    kept: list[Found] = []
    for one in chosen:
        row = waiting.get(key(one.network, one.server))
        if row is None:
            kept.append(one)
        elif row.trial_target is None or row.trial_until is None or row.trial_until <= at:
            row.trial_target = one.id
            row.trial_until = at + seconds(settings().COMMIT_DEADLINE_SECONDS + 30)
            kept.append(one)
    session.flush()
    return kept


def not_tried(session: Session, targets: Collection[UUID]) -> None:
    """These made no call after all: a trial of theirs is free again."""
    if targets:
        session.execute(
            update(Circuit)
            .where(Circuit.trial_target.in_(targets))
            .values(trial_target=None, trial_until=None)
            .execution_options(synchronize_session=False)
        )


def answered(
    session: Session, account_id: UUID, circuit: str, *, last_post_at: datetime | None = None
) -> None:
    """The network spoke, whatever it said: its circuit and the account's are closed.

    ``last_post_at`` where it took a post.
    """
    connection = session.connection()
    if last_post_at is None:
        connection.execute(ANSWERED, {"the_id": account_id})
    else:
        connection.execute(POSTED, {"the_id": account_id, "at": last_post_at})
    if connection.execute(TROUBLED, {"the_key": circuit}).first() is not None:
        connection.execute(CLOSE, {"the_key": circuit})


def silent(session: Session, account_id: UUID, circuit: str, at: datetime) -> None:
    """The network could not be reached, or did not answer in time."""
    pause = at + seconds(settings().CIRCUIT_SECONDS)
    failures = session.scalar(
        update(SocialAccount)
        .where(SocialAccount.id == account_id)
        .values(failures=SocialAccount.failures + 1)
        .returning(SocialAccount.failures)
        .execution_options(synchronize_session=False)
    )
    if failures is not None and failures >= ACCOUNT_FAILURES:
        session.execute(
            update(SocialAccount)
            .where(
                SocialAccount.id == account_id,
                or_(SocialAccount.cooling_until.is_(None), SocialAccount.cooling_until < pause),
            )
            .values(cooling_until=pause)
            .execution_options(synchronize_session=False)
        )
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(Circuit).values(key=circuit, failures=0).on_conflict_do_nothing())
    row = session.scalars(select(Circuit).where(Circuit.key == circuit).with_for_update()).one()
    if row.since is None or at - row.since > WINDOW:
        row.since, row.failures = at, 0
    row.failures += 1
    if row.failures >= NETWORK_FAILURES or row.open_until is not None:
        row.open_until, row.trial_target, row.trial_until = pause, None, None
    session.flush()
