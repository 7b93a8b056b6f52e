"""What is due, and whose it is: claims with leases and fencing (reliability §3).

One claim takes at most one target of each account, and none of an account that already
has one under way, so an account's posts go out one after the other in ``due_at, id``
order. Profiles take turns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal_column, or_, select, update
from sqlalchemy.orm import Session, aliased

from app import events, holds
from app.clock import seconds
from app.config import settings
from app.models.accounts import AccountStatus, SocialAccount
from app.models.attempts import Attempt
from app.models.posts import HoldReason, Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.publishing import circuits, progress, switch
from app.publishing.store import log, moment, transaction
from app.settle import settle

LOST = "This post stopped the worker each time it was taken up."
WINDOW = 8  # times the wanted number of rows are looked at, so that profiles can take turns
DUE = and_(PostTarget.state == literal_column("'scheduled'"), PostTarget.hold_reason.is_(None))


@dataclass(frozen=True)
class Claim:
    """Somebody's right to move one target; every write carries ``token``.

    ``attempt_id`` is set where the claim is for asking about an outcome nobody read.
    """

    target_id: UUID
    post_id: UUID
    account_id: UUID
    profile_id: UUID
    token: int
    network: str
    server: str
    via: str = "native"
    attempt_id: UUID | None = None

    @property
    def circuit(self) -> str:
        return circuits.key(self.network, self.server)

    @property
    def spoken_to(self) -> str:
        """Who answers, for the words of an outcome: the network, or the bridge."""
        return self.network if self.via == "native" else self.via


def claim(limit: int, *, avoid: Collection[str] = (), behind: Collection[UUID] = ()) -> list[Claim]:
    """Up to ``limit`` due targets, theirs to whoever asked. Empty: nothing can be done now.

    ``avoid`` are circuit keys this worker has enough slow deliveries of; ``behind`` are
    profiles that have most of its threads: theirs are taken where nobody else's wait.
    """
    claims: list[Claim] = []
    aside = limit > 0
    while aside and not claims:
        claims, aside = _claim_once(limit, avoid, behind)
    return claims


def _claim_once(
    limit: int, avoid: Collection[str], behind: Collection[UUID]
) -> tuple[list[Claim], bool]:
    """One transaction; also whether something was put aside, so that another look pays.

    What stays behind is sorted out before a circuit's one trial is given away, else a late
    post would use it up and the others would wait for nothing.
    """
    with transaction() as session:
        at = moment(session)
        if not switch.open_for_work(session, at):
            return [], False
        shut = circuits.shut(session, at) | set(avoid)
        due = _due(session, at, limit, shut, behind)
        if not due and behind:
            due = _due(session, at, limit, shut, ())
        touched: set[UUID] = set()
        timely = _not_late(session, due, at, touched)
        chosen = _lock(session, _take_turns(timely, limit))
        alive = _not_lost(session, chosen, touched)
        aside = bool(touched)
        claims = _take(session, circuits.one_trial(session, alive, at), at)
        settle(session, touched | {one.post_id for one in claims})
        return claims, aside


Due = Row[UUID, UUID, UUID, UUID, datetime, int, str, str, str]


def _due(
    session: Session, at: datetime, limit: int, shut: Collection[str], behind: Collection[UUID]
) -> list[Due]:
    found = _eligible(at, shut).order_by(PostTarget.due_at, PostTarget.id)
    if behind:
        found = found.where(PostTarget.profile_id.not_in(behind))
    return list(session.execute(found.limit(limit * WINDOW)).all())  # type: ignore[arg-type]


def _eligible(at: datetime, shut: Collection[str]) -> Select[*tuple[object, ...]]:
    """Due targets of accounts that are free, usable and not cooling (style.md, habit 7)."""
    busy = aliased(PostTarget)
    a = SocialAccount
    found = (
        select(
            PostTarget.id, PostTarget.post_id, PostTarget.account_id, PostTarget.profile_id,
            PostTarget.due_at, PostTarget.claims, a.network, a.server, a.via,
        )
        .join(a, a.id == PostTarget.account_id)
        .join(Profile, Profile.id == PostTarget.profile_id)
        .where(
            DUE,
            PostTarget.due_at <= at,
            a.status == AccountStatus.ACTIVE,
            or_(a.cooling_until.is_(None), a.cooling_until <= at),
            Profile.paused_at.is_(None),
            PostTarget.account_id.not_in(
                select(busy.account_id).where(busy.lease_until.is_not(None))
            ),
        )
    )  # fmt: skip
    return found.where(*_elsewhere(shut))


def _elsewhere(shut: Collection[str]) -> list[ColumnElement[bool]]:
    """Conditions on accounts: none of these circuits."""
    a = SocialAccount
    pairs = [circuits.parts(one) for one in sorted(shut)]
    return [~and_(a.network == network, a.server == server) for network, server in pairs]


def _take_turns(due: Iterable[Due], limit: int) -> list[Due]:
    """The first of each account, round robin over profiles, at most ``limit``."""
    queues: dict[UUID, list[Due]] = defaultdict(list)
    accounts: set[UUID] = set()
    for row in due:
        if row.account_id not in accounts:
            accounts.add(row.account_id)
            queues[row.profile_id].append(row)
    chosen: list[Due] = []
    turn = 0
    while len(chosen) < limit and queues:
        for profile_id in list(queues):
            if turn < len(queues[profile_id]):
                chosen.append(queues[profile_id][turn])
            else:
                del queues[profile_id]
        turn += 1
    return chosen[:limit]


def _lock(session: Session, chosen: list[Due]) -> list[Due]:
    """Keep those whose account and row nobody else has in hand at this moment.

    On SQLite the writing transaction is alone anyway. On PostgreSQL the lane of an account
    is its row lock: with it, "no target under way" below is true until we commit. Nothing is
    waited for, so a page that locks the same targets in another order is never stood up.
    """
    if session.get_bind().dialect.name != "postgresql" or not chosen:
        return chosen
    ours = set(
        session.scalars(
            select(SocialAccount.id)
            .where(
                SocialAccount.id.in_([c.account_id for c in chosen]),
                SocialAccount.status == AccountStatus.ACTIVE,
            )
            .order_by(SocialAccount.id)
            .with_for_update(skip_locked=True, key_share=True)
        )
    )
    free = _free(session, [c.id for c in chosen if c.account_id in ours])
    return [c for c in chosen if c.id in free]


def _free(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Which of these targets are still due and ours to change, locked until we commit."""
    if session.get_bind().dialect.name != "postgresql" or not ids:
        return set(ids)
    return set(
        session.scalars(
            select(PostTarget.id)
            .where(PostTarget.id.in_(ids), DUE)
            .order_by(PostTarget.id)
            .with_for_update(skip_locked=True)
        )
    )


def _not_late(session: Session, due: list[Due], at: datetime, touched: set[UUID]) -> list[Due]:
    """Hold or skip what is later than its policy allows (promises.md 1).

    A thread that has begun goes on: half of it is public already.
    """
    suspects = {c.id: c for c in due if at - c.due_at > timedelta(seconds=30)}
    if not suspects:
        return due
    begun = select(Attempt.id).where(
        Attempt.target_id == PostTarget.id, Attempt.state == literal_column("'ok'")
    )
    rows = session.execute(
        select(PostTarget.id, Post, Profile)
        .join(Post, Post.id == PostTarget.post_id)
        .join(Profile, Profile.id == PostTarget.profile_id)
        .where(PostTarget.id.in_(suspects), ~begun.exists())
    )
    late: dict[str, list[UUID]] = {"hold": [], "skip": [], "send": []}
    for target_id, post, profile in rows:
        verdict = holds.late_verdict(profile, post, suspects[target_id].due_at, at)
        late[verdict].append(target_id)
    gone = set(late["hold"]) | set(late["skip"])
    if gone:
        free = _free(session, gone)
        _hold_late(session, free & set(late["hold"]), at)
        touched |= _skip_late(session, free & set(late["skip"]))
        touched |= {suspects[one].post_id for one in free}
    return [c for c in due if c.id not in gone]


def _hold_late(session: Session, ids: set[UUID], at: datetime) -> None:
    if ids:
        session.execute(
            update(PostTarget)
            .where(PostTarget.id.in_(ids), DUE)
            .values(hold_reason=HoldReason.LATE, hold_until=holds.deadline(None, at))
            .execution_options(synchronize_session=False)
        )


def _skip_late(session: Session, ids: set[UUID]) -> set[UUID]:
    if not ids:
        return set()
    rows = session.execute(
        update(PostTarget)
        .where(PostTarget.id.in_(ids), DUE)
        .values(
            state=TargetState.CANCELLED, error_code=holds.SKIPPED,
            error="Taken off: it was found after its time, and late posts are skipped here.",
        )
        .returning(PostTarget.id, PostTarget.post_id, PostTarget.profile_id, PostTarget.due_at)
        .execution_options(synchronize_session=False)
    ).all()  # fmt: skip
    for row in rows:
        events.audit(
            session, events.ENGINE, "target.skipped_late", profile_id=row.profile_id,
            subject="post_target", subject_id=row.id,
            due_at=row.due_at.isoformat() if row.due_at else None,
        )  # fmt: skip
    return {row.post_id for row in rows}


def _not_lost(session: Session, chosen: list[Due], touched: set[UUID]) -> list[Due]:
    """Give up what was claimed again and again and never opened an attempt (§3)."""
    lost = {c.id for c in chosen if c.claims >= settings().MAX_CLAIMS}
    if lost:
        touched |= _give_up(session, lost)
    return [c for c in chosen if c.id not in lost]


def _take(session: Session, chosen: list[Due], at: datetime) -> list[Claim]:
    """The conditional update that makes them ours; rows that moved on are left out."""
    wanted = {c.id: c for c in chosen}
    if not wanted:
        return []
    busy = aliased(PostTarget)
    rows = session.execute(
        update(PostTarget)
        .where(
            PostTarget.id.in_(wanted),
            DUE,
            PostTarget.due_at <= at,
            ~select(busy.id)
            .where(busy.account_id == PostTarget.account_id, busy.lease_until.is_not(None))
            .exists(),
        )
        .values(
            state=TargetState.QUEUED,
            claim_token=PostTarget.claim_token + 1,
            lease_until=at + seconds(settings().LEASE_SECONDS),
            claims=PostTarget.claims + 1,
        )
        .returning(PostTarget.id, PostTarget.claim_token)
        .execution_options(synchronize_session=False)
    ).all()
    claims = [_claim(wanted[target_id], token) for target_id, token in rows]
    circuits.not_tried(session, set(wanted) - {one.target_id for one in claims})
    order = {target_id: place for place, target_id in enumerate(wanted)}
    return sorted(claims, key=lambda one: order[one.target_id])


def _claim(row: Due, token: int) -> Claim:
    return Claim(
        row.id, row.post_id, row.account_id, row.profile_id, token, row.network, row.server,
        row.via,
    )  # fmt: skip


def _give_up(session: Session, ids: set[UUID]) -> set[UUID]:
    """Something kills the workers: failed, in words; the posts that concerns."""
    rows = session.execute(
        update(PostTarget)
        .where(PostTarget.id.in_(ids), DUE)
        .values(
            state=TargetState.FAILED, category="unknown", error_code="WORKER_LOST", error=LOST,
        )
        .returning(PostTarget.id, PostTarget.post_id, PostTarget.profile_id)
        .execution_options(synchronize_session=False)
    ).all()  # fmt: skip
    for row in rows:
        log.error("worker_lost", target=str(row.id))
        said = f"{LOST} {progress.of(session, row.id).sent}".strip()
        session.execute(
            update(PostTarget)
            .where(PostTarget.id == row.id)
            .values(error=said)
            .execution_options(synchronize_session=False)
        )
        events.emit(
            session, row.profile_id, "post.failed",
            {"post_id": str(row.post_id), "target_id": str(row.id), "code": "WORKER_LOST"},
        )  # fmt: skip
    return {row.post_id for row in rows}


def claim_questions(limit: int, *, avoid: Collection[str] = ()) -> list[Claim]:
    """Up to ``limit`` attempts whose outcome is to be asked for now (reliability §4)."""
    if limit <= 0:
        return []
    with transaction(write=False) as session:
        asked = select(Attempt.id).where(
            Attempt.state == literal_column("'unknown'"), Attempt.next_probe_at <= moment(session)
        )
        if session.scalar(asked.limit(1)) is None:
            return []  # the usual case: no lock is taken to find nothing
    with transaction() as session:
        at = moment(session)
        if not switch.open_for_work(session, at):
            return []
        found = (
            select(Attempt.id, PostTarget.id, PostTarget.post_id, PostTarget.account_id,
                   PostTarget.profile_id, SocialAccount.network, SocialAccount.server,
                   SocialAccount.via)
            .join(PostTarget, PostTarget.id == Attempt.target_id)
            .join(SocialAccount, SocialAccount.id == PostTarget.account_id)
            .where(
                Attempt.state == literal_column("'unknown'"),
                Attempt.next_probe_at <= at,
                PostTarget.state == TargetState.POSTING,
                PostTarget.lease_until.is_(None),
                *_elsewhere(avoid),
            )
            .order_by(Attempt.next_probe_at)
            .limit(limit)
        )  # fmt: skip
        if session.get_bind().dialect.name == "postgresql":
            found = found.with_for_update(
                of=[PostTarget.__table__, Attempt.__table__], skip_locked=True
            )
        claims: list[Claim] = []
        for (
            attempt_id,
            target_id,
            post_id,
            account_id,
            profile_id,
            network,
            server,
            via,
        ) in session.execute(found).all():
            token = session.scalar(
                update(PostTarget)
                .where(
                    PostTarget.id == target_id,
                    PostTarget.state == TargetState.POSTING,
                    PostTarget.lease_until.is_(None),
                )
                .values(
                    claim_token=PostTarget.claim_token + 1,
                    lease_until=at + seconds(settings().COMMIT_DEADLINE_SECONDS + 30),
                )
                .returning(PostTarget.claim_token)
                .execution_options(synchronize_session=False)
            )
            if token is not None:
                session.execute(
                    update(Attempt).where(Attempt.id == attempt_id).values(claim_token=token)
                )
                claims.append(
                    Claim(target_id, post_id, account_id, profile_id, token, network, server,
                          via, attempt_id)
                )  # fmt: skip
        return claims


def extend(claims: Iterable[Claim]) -> None:
    """The heartbeat of claims in ``queued`` and ``prepare``; never shortens a lease."""
    with transaction() as session:
        until = moment(session) + seconds(settings().LEASE_SECONDS)
        for one in sorted(claims, key=lambda one: one.target_id):  # the order of every writer
            session.execute(
                update(PostTarget)
                .where(
                    PostTarget.id == one.target_id,
                    PostTarget.claim_token == one.token,
                    PostTarget.lease_until < until,
                )
                .values(lease_until=until)
                .execution_options(synchronize_session=False)
            )


def hand_back(claims: Collection[Claim]) -> None:
    """Give up claims that opened no attempt: queued → scheduled, as if never taken."""
    with transaction() as session:
        posts = session.scalars(
            update(PostTarget)
            .where(
                or_(*[
                    and_(PostTarget.id == one.target_id, PostTarget.claim_token == one.token)
                    for one in claims
                ]),
                PostTarget.state == TargetState.QUEUED,
            )
            .values(
                state=TargetState.SCHEDULED, lease_until=None,
                claims=func.max(PostTarget.claims - 1, 0)
                if session.get_bind().dialect.name == "sqlite"
                else func.greatest(PostTarget.claims - 1, 0),
            )
            .returning(PostTarget.post_id)
            .execution_options(synchronize_session=False)
        ).all()  # fmt: skip
        circuits.not_tried(session, {one.target_id for one in claims})
        settle(session, posts)
