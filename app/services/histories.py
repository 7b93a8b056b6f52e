"""The history of a post: what people did with it and what became of it (DESIGN §6.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.models.attempts import Attempt
from app.models.events import AuditEvent
from app.models.people import User
from app.models.posts import Post, PostTarget, TargetState
from app.services import standing
from app.services.cards import network_title

S = TargetState


@dataclass(frozen=True)
class Event:
    """One line of the history; ``at`` may be followed by a planned time, ``when``."""

    at: datetime
    who: str
    text: str
    when: datetime | None = None
    bad: bool = False


def audited(post: Post) -> Sequence[AuditEvent]:
    """What people did with it; whoever may read the post may read that."""
    return db.session.scalars(
        select(AuditEvent)
        .where(AuditEvent.subject_id == post.id, AuditEvent.profile_id == post.profile_id)
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
        .limit(50)
    ).all()


def names(post: Post, events: Sequence[AuditEvent]) -> Mapping[UUID, str]:
    """People by id: the author, and who did something."""
    ids = {one.actor_id for one in events if one.actor_id} | {post.author_id}
    rows = db.session.execute(
        select(User.id, User.name, User.email).where(User.id.in_([i for i in ids if i]))
    )
    return {row.id: row.name or row.email for row in rows}


DID = {
    "post.scheduled": "scheduled it for",
    "post.published_now": "sent it at once",
    "post.unscheduled": "took it off the clock",
    "post.moved": "moved it to",
    "post.edited": "changed it",
    "post.cancelled": "left an account out",
    "post.retried": "sent it again",
    "post.duplicated": "made it from another post",
    "post.caught_up": "gave it a new time after the outage,",
    "post.skipped": "left it out after the outage",
}


def told(
    post: Post, audited: Sequence[AuditEvent], names: Mapping[UUID, str],
    attempts: Sequence[Attempt],
) -> list[Event]:  # fmt: skip
    """What people did and what became of it, the last first."""
    ends = {one.target_id: one.finished_at for one in attempts if one.finished_at}
    found = [Event(t.published_at, "", _went(t)) for t in post.targets if t.published_at]
    found += [
        Event(
            ends.get(t.id, t.updated_at),
            "",
            f"{network_title(t.account.network)}: did not go out",
            bad=True,
        )
        for t in post.targets
        if t.state is S.FAILED
    ]
    for one in audited:
        who = names.get(one.actor_id, one.actor) if one.actor_id else ""
        if one.action == "post.verdict":
            said = "went out" if one.detail.get("verdict") == "published" else "did not go out"
            found.append(Event(one.at, who, f"said that it {said}"))
        elif one.action in DID:
            when = one.detail.get("due") or one.detail.get("after")
            told = DID[one.action] if when else DID[one.action].removesuffix(" for")
            found.append(Event(one.at, who, told, _moment(when)))
    writer = names.get(post.author_id, "") if post.author_id else ""
    found.append(Event(post.created_at, writer, "wrote it" if writer else "Written"))
    return sorted(found, key=lambda event: event.at, reverse=True)


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _went(target: PostTarget) -> str:
    """A draft in the network's inbox is not out yet."""
    name = network_title(target.account.network)
    return f"Put into the {name} inbox" if standing.of(target).inbox else f"Went out on {name}"
