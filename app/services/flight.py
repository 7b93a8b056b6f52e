"""The flight check: what would stop a post, found while there is time (promises.md 8).

A post is looked at when it is put on the clock or changed, 24 hours ahead and one hour ahead.
The job reads, asks, and writes in three separate steps: no transaction is open while anybody
outside thinks, the reads take no write lock, and the engine never waits for any of it. What
is found is kept with the target; a hold is added at the moment of looking.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import joinedload, selectinload

from app import events, logs
from app.clock import now
from app.extensions import db, write_mode
from app.models.accounts import AccountStatus, SocialAccount
from app.models.posts import Post, PostTarget, TargetState
from app.permissions import Actor, Permission
from app.services import account_readiness, cards, checks, flight_checks, posts
from app.services.account_readiness import NOT_HELD, SCHEDULED
from app.services.flight_checks import Finding

log = logs.get("flight")

AHEAD = (timedelta(hours=24), timedelta(hours=1))
BATCH = 32  # targets read, asked about and written together
RUN_SECONDS = 120.0  # one run of the job; the next one goes on
NOW_SECONDS = 25.0  # a person waits
ASKED_LATELY = timedelta(minutes=50)  # an account is not asked again so soon
AT_ONCE = 6
ORDER = {"red": 0, "amber": 1, "green": 2}


@dataclass
class Look:
    """One target under way: its post, what was found so far, the links it holds."""

    target_id: UUID
    post_id: UUID
    account_id: UUID
    findings: list[Finding]
    urls: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)  # key to name
    ask: bool = False  # whether the network is to be asked about the account


@dataclass(frozen=True)
class Line:
    """A scheduled target in a report. ``light`` is empty until it has been looked at."""

    target_id: UUID
    network: str
    handle: str
    light: str
    findings: tuple[Finding, ...]
    at: datetime | None

    @property
    def name(self) -> str:
        return cards.network_title(self.network)


@dataclass(frozen=True)
class Report:
    """The flight check of one post; ``lines`` are its targets that are still to go out."""

    lines: tuple[Line, ...]

    @property
    def light(self) -> str:
        """The worst of them; empty where nothing has been looked at."""
        found = [one.light for one in self.lines if one.light]
        return min(found, key=lambda one: ORDER.get(one, 0)) if found else ""

    @property
    def at(self) -> datetime | None:
        """When the oldest of them was looked at."""
        return min((one.at for one in self.lines if one.at), default=None)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "light": self.light or None,
            "checked_at": _text(self.at),
            "targets": [
                {
                    "id": str(one.target_id), "network": one.network, "account": one.handle,
                    "light": one.light or None, "checked_at": _text(one.at),
                    "findings": [found.plain() for found in one.findings],
                }
                for one in self.lines
            ],
        }  # fmt: skip


def run() -> int:
    """The job: tell of sign-ins that end, then look at what it is time for; how many targets."""
    account_readiness.tell_ending()
    until, done = time.monotonic() + RUN_SECONDS, 0
    while time.monotonic() < until and (ids := _waiting()):
        look(ids, until)
        done += len(ids)
    return done


def report(post: Post) -> Report:
    """What is known of the post's targets that are still to go out; asks nobody."""
    return Report(tuple(_line(one) for one in post.targets if one.state is TargetState.SCHEDULED))


def check_now(actor: Actor, post_id: UUID) -> Report:
    """Look at the post at once; within ``NOW_SECONDS``."""
    post = posts.get(actor, post_id)
    actor.require(Permission.POST_WRITE, post.profile_id)
    ids = [one.id for one in post.targets if one.state is TargetState.SCHEDULED]
    db.session.commit()
    look(ids[:BATCH], time.monotonic() + NOW_SECONDS, fresh=True)
    db.session.expire_all()
    return report(posts.get(actor, post_id))


def look(ids: Sequence[UUID], until: float, *, fresh: bool = False) -> None:
    """Look at these targets and keep what is found; ``until`` is a ``time.monotonic``.

    ``fresh``: accounts that were asked a moment ago are asked again. No transaction may be
    open.
    """
    began = now()
    looks = _read(ids, began, fresh)
    refused = _ask({one.account_id for one in looks if one.ask}, until)
    told = flight_checks.links((url for one in looks for url in one.urls), until)
    gone = flight_checks.missing((key for one in looks for key in one.files), until)
    for one in looks:
        if found := refused.get(one.account_id):
            one.findings.append(found)
        one.findings += flight_checks.about_files(one.files, gone)
        one.findings += flight_checks.about_links(one.urls, told)
    _keep(looks, began)
    _tell({one.post_id for one in looks if any(f.red for f in one.findings)})


# What it is time for -----------------------------------------------------------------------------


def _waiting() -> list[UUID]:
    """Targets never looked at, changed since, or come within 24 hours or one since."""
    at = now()
    crossed = (
        and_(PostTarget.due_at <= at + ahead, _hours_ahead() > ahead.total_seconds() / 3600)
        for ahead in AHEAD
    )
    with _reading():
        return list(
            db.session.scalars(
                select(PostTarget.id)
                .join(Post, Post.id == PostTarget.post_id)
                .where(
                    SCHEDULED, NOT_HELD, PostTarget.due_at > at,
                    or_(
                        PostTarget.flight_at.is_(None), Post.updated_at > PostTarget.flight_at,
                        *crossed,
                    ),
                )
                .order_by(PostTarget.due_at, PostTarget.id)
                .limit(BATCH)
            )
        )  # fmt: skip


def _hours_ahead() -> ColumnElement[Any]:
    """How long before its time a target was last looked at."""
    if db.engine.dialect.name == "postgresql":
        return func.extract("epoch", PostTarget.due_at - PostTarget.flight_at) / 3600.0
    return (func.julianday(PostTarget.due_at) - func.julianday(PostTarget.flight_at)) * 24.0


@contextmanager
def _reading() -> Iterator[None]:
    """A transaction that takes no write lock, and is over at the end of the block."""
    mark = write_mode.set(False)
    try:
        yield
    finally:
        db.session.rollback()
        write_mode.reset(mark)


# The three steps ---------------------------------------------------------------------------------


def _read(ids: Sequence[UUID], at: datetime, fresh: bool) -> list[Look]:
    """Everything that rows tell of these targets."""
    with _reading():
        rows = db.session.scalars(
            select(PostTarget)
            .where(PostTarget.id.in_(ids), PostTarget.state == TargetState.SCHEDULED)
            .options(
                joinedload(PostTarget.account),
                joinedload(PostTarget.post).selectinload(Post.variants),
                joinedload(PostTarget.post).selectinload(Post.media),
            )
        ).unique().all()  # fmt: skip
        known = account_readiness.facts([row.account for row in rows])
        return [_one(row, known, at, fresh) for row in rows]


def _one(target: PostTarget, known: account_readiness.Facts, at: datetime, fresh: bool) -> Look:
    account, post = target.account, target.post
    asked = account.checked_at if not fresh else None
    made = Look(
        target.id, post.id, account.id, [],
        ask=account.status is AccountStatus.ACTIVE and (
            asked is None or asked < at - ASKED_LATELY
        ),
    )  # fmt: skip
    try:
        made.findings = flight_checks.on_paper(post, target, known)
        made.urls = flight_checks.links_of(post, target)
        made.files = flight_checks.files_of(post, target)
    except Exception:
        log.exception("flight_check_failed", target=str(target.id))
        made.findings = [Finding("warning", "This could not be checked.", "wait")]
    return made


def _ask(accounts: Iterable[UUID], until: float) -> dict[UUID, Finding | None]:
    """Ask the networks whether these accounts' sign-ins are alive, several at a time."""
    wanted = list(accounts)
    if not wanted:
        return {}
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def one(account_id: UUID) -> Finding | None:
        if time.monotonic() > until:
            return None
        with app.app_context():
            try:
                told = checks.alive(account_id)
            except Exception:
                log.exception("account_not_asked", account=str(account_id))
                return None
            finally:
                db.session.remove()
        if told is None:
            return None
        return Finding("sign_in" if told.final else "unreached", told.message,
                       "reconnect" if told.final else "wait")  # fmt: skip

    with ThreadPoolExecutor(AT_ONCE, "flight") as pool:
        return dict(zip(wanted, pool.map(one, wanted), strict=True))


def _keep(looks: Sequence[Look], at: datetime) -> None:
    """One short transaction; targets that went out meanwhile are left alone."""
    for one in sorted(looks, key=lambda found: found.target_id):
        db.session.execute(
            update(PostTarget)
            .where(PostTarget.id == one.target_id, PostTarget.state == TargetState.SCHEDULED)
            .values(
                flight_light=flight_checks.light(one.findings), flight_at=at,
                flight=[found.plain() for found in one.findings],
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip
    db.session.commit()


# Told --------------------------------------------------------------------------------------------


def _tell(post_ids: Iterable[UUID]) -> None:
    """Mail each post's author what would stop it, once for the same findings."""
    for post_id in post_ids:
        post = db.session.scalars(
            select(Post)
            .where(Post.id == post_id, Post.discarded_at.is_(None))
            .options(
                selectinload(Post.targets).joinedload(PostTarget.account),
                joinedload(Post.profile),
            )
        ).one_or_none()
        red = [] if post is None else [
            (line, found)
            for line in report(post).lines
            for found in line.findings
            if found.red and found.code != "held"  # the owners were told of those
        ]  # fmt: skip
        if post is None or not red or post.due_at is None or post.due_at <= now():
            continue
        words = sorted(f"{line.target_id}:{found.code}:{found.message}" for line, found in red)
        mark = hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
        due = post.due_at.astimezone(post.profile.zone)
        events.tell_author(
            db.session(), post.profile_id, post.author_id, "flight_check",
            {
                "post_id": str(post.id), "due": f"{due:%a} {due.day} {due:%b, %H:%M}",
                "title": cards.headline(cards.title_of(post.parts)) or "a post without text",
                "found": [f"{line.name}, {line.handle}: {found.message}" for line, found in red],
            },
            once=f"flight_check:{post.id}:{mark}",
        )  # fmt: skip
    db.session.commit()


def _line(target: PostTarget) -> Line:
    account: SocialAccount = target.account
    stored = [Finding(**one) for one in target.flight or []]
    found = [one for one in stored if one.code != "held"]
    waits = flight_checks.held(target)
    light = "red" if waits else target.flight_light or ""
    return Line(
        target.id, account.network, account.handle, light, tuple(waits + found), target.flight_at
    )


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
