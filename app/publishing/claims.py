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

from sqlalchemy import Row, Select, and_, func, literal_column, or_, select, update
from sqlalchemy.orm import Session, aliased

from app import events, holds
from app.clock import seconds
from app.config import settings
from app.models.accounts import AccountStatus, SocialAccount
from app.models.attempts import Attempt
from app.models.posts import HoldReason, Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.publishing import circuits, switch
from app.publishing.store import log, moment, transaction
from app.settle import settle

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
    attempt_id: UUID | None = None

    @property
    def circuit(self) -> str:
        return circuits.key(self.network, self.server)


def claim(limit: int, *, avoid: Collection[str] = ()) -> list[Claim]:
    """Up to ``limit`` due targets, theirs to whoever asked. Empty: nothing can be done now.

    ``avoid`` are circuit keys this worker has enough slow deliveries of.
    """
    claims: list[Claim] = []
    aside = limit > 0
    while aside and not claims:
        claims, aside = _claim_once(limit, avoid)
    return claims


def _claim_once(limit: int, avoid: Collection[str]) -> tuple[list[Claim], bool]:
    """One transaction; also whether something late was put aside, so that another look pays."""
    with transaction() as session:
        at = moment(session)
        if not switch.open_for_work(session, at):
            return [], False
        shut = circuits.shut(session, at) | set(avoid)
        chosen = _take_turns(_due(session, at, limit, shut), limit)
        chosen = circuits.one_trial(session, chosen, at)
        chosen = _lock(session, chosen)
        timely = _not_late(session, chosen, at)
        return _take(session, timely, at), len(timely) < len(chosen)


Due = Row[UUID, UUID, UUID, UUID, datetime, int, str, str]


def _due(session: Session, at: datetime, limit: int, shut: Collection[str]) -> list[Due]:
    found = _eligible(at, shut).order_by(PostTarget.due_at, PostTarget.id).limit(limit * WINDOW)
    return list(session.execute(found).all())  # type: ignore[arg-type]


def _eligible(at: datetime, shut: Collection[str]) -> Select[*tuple[object, ...]]:
    """Due targets of accounts that are free, usable and not cooling (style.md, habit 7)."""
    busy = aliased(PostTarget)
    a = SocialAccount
    found = (
        select(
            PostTarget.id, PostTarget.post_id, PostTarget.account_id, PostTarget.profile_id,
            PostTarget.due_at, PostTarget.claims, a.network, a.server,
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
    for one in sorted(shut):
        network, server = circuits.parts(one)
        found = found.where(~and_(a.network == network, a.server == server))
    return found


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
    """Keep those whose account nobody else is claiming on at this moment.

    On SQLite the writing transaction is alone anyway. On PostgreSQL the lane of an account
    is its row lock: with it, "no target under way" below is true until we commit.
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
    return [c for c in chosen if c.account_id in ours]


def _not_late(session: Session, chosen: list[Due], at: datetime) -> list[Due]:
    """Hold or skip what is later than its policy allows (promises.md 1)."""
    suspects = [c for c in chosen if at - c.due_at > timedelta(seconds=30)]
    if not suspects:
        return chosen
    gone: set[UUID] = set()
    rows = session.execute(
        select(PostTarget.id, Post, Profile)
        .join(Post, Post.id == PostTarget.post_id)
        .join(Profile, Profile.id == PostTarget.profile_id)
        .where(PostTarget.id.in_([c.id for c in suspects]))
    )
    due = {c.id: c for c in suspects}
    for target_id, post, profile in rows:
        verdict = holds.late_verdict(profile, post, due[target_id].due_at, at)
        if verdict != "send":
            gone.add(target_id)
            _put_aside(session, due[target_id], verdict, at)
    return [c for c in chosen if c.id not in gone]


def _put_aside(session: Session, late: Due, verdict: holds.LateVerdict, at: datetime) -> None:
    row = update(PostTarget).where(PostTarget.id == late.id, DUE)
    if verdict == "hold":
        session.execute(
            row.values(hold_reason=HoldReason.LATE, hold_until=holds.deadline(late.due_at, at))
        )
        return
    session.execute(
        row.values(
            state=TargetState.CANCELLED, error_code=holds.SKIPPED,
            error="Taken off: it was found after its time, and late posts are skipped here.",
        )
    )  # fmt: skip
    settle(session, [late.post_id])
    events.audit(
        session, events.ENGINE, "target.skipped_late", profile_id=late.profile_id,
        subject="post_target", subject_id=late.id, due_at=late.due_at.isoformat(),
    )  # fmt: skip


def _take(session: Session, chosen: list[Due], at: datetime) -> list[Claim]:
    """The conditional update that makes them ours; rows that moved on are left out."""
    config = settings()
    lost = [c.id for c in chosen if c.claims >= config.MAX_CLAIMS]
    if lost:
        _give_up(session, lost)
    wanted = {c.id: c for c in chosen if c.id not in set(lost)}
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
            lease_until=at + seconds(config.LEASE_SECONDS),
            claims=PostTarget.claims + 1,
        )
        .returning(PostTarget.id, PostTarget.claim_token)
        .execution_options(synchronize_session=False)
    ).all()
    claims = [_claim(wanted[target_id], token) for target_id, token in rows]
    settle(session, [one.post_id for one in claims])
    order = {target_id: place for place, target_id in enumerate(wanted)}
    return sorted(claims, key=lambda one: order[one.target_id])


def _claim(row: Due, token: int) -> Claim:
    return Claim(
        row.id, row.post_id, row.account_id, row.profile_id, token, row.network, row.server
    )


def _give_up(session: Session, ids: list[UUID]) -> None:
    """Claimed again and again, and never one attempt: something kills the workers (§3)."""
    rows = session.execute(
        update(PostTarget)
        .where(PostTarget.id.in_(ids), DUE)
        .values(
            state=TargetState.FAILED, category="unknown", error_code="WORKER_LOST",
            error="This post stopped the worker each time it was taken up. Nothing was sent.",
        )
        .returning(PostTarget.id, PostTarget.post_id, PostTarget.profile_id)
        .execution_options(synchronize_session=False)
    ).all()  # fmt: skip
    for row in rows:
        log.error("worker_lost", target=str(row.id))
        events.emit(
            session, row.profile_id, "post.failed",
            {"post_id": str(row.post_id), "target_id": str(row.id), "code": "WORKER_LOST"},
        )  # fmt: skip
    settle(session, [row.post_id for row in rows])


def claim_questions(limit: int, *, avoid: Collection[str] = ()) -> list[Claim]:
    """Up to ``limit`` attempts whose outcome is to be asked for now (reliability §4)."""
    if limit <= 0:
        return []
    with transaction() as session:
        at = moment(session)
        if not switch.open_for_work(session, at):
            return []
        found = (
            select(Attempt.id, PostTarget.id, PostTarget.post_id, PostTarget.account_id,
                   PostTarget.profile_id, SocialAccount.network, SocialAccount.server)
            .join(PostTarget, PostTarget.id == Attempt.target_id)
            .join(SocialAccount, SocialAccount.id == PostTarget.account_id)
            .where(
                Attempt.state == literal_column("'unknown'"),
                Attempt.next_probe_at <= at,
                PostTarget.state == TargetState.POSTING,
                PostTarget.lease_until.is_(None),
            )
            .order_by(Attempt.next_probe_at)
            .limit(limit)
        )  # fmt: skip
        if session.get_bind().dialect.name == "postgresql":
            found = found.with_for_update(of=PostTarget.__table__, skip_locked=True)
        claims: list[Claim] = []
        for (
            attempt_id,
            target_id,
            post_id,
            account_id,
            profile_id,
            network,
            server,
        ) in session.execute(found).all():
            if circuits.key(network, server) in avoid:
                continue
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
                          attempt_id)
                )  # fmt: skip
        return claims


def extend(claims: Iterable[Claim]) -> None:
    """The heartbeat of claims in ``queued`` and ``prepare``; never shortens a lease."""
    with transaction() as session:
        until = moment(session) + seconds(settings().LEASE_SECONDS)
        for one in claims:
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


def hand_back(claims: Iterable[Claim]) -> None:
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
        settle(session, posts)
