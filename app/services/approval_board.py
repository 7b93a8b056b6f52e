"""What the page of requests shows: what waits for a decision, what is in use, what is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import or_

from app.extensions import db
from app.models.accounts import AccountStatus, Review, SocialAccount
from app.models.approvals import Approval, Place
from app.permissions import Actor, Permission
from app.services import reviews
from app.services.access import reach
from app.services.approvals import MOVES
from app.services.connections import networks_title

MOST = 500  # of each kind
Subject = Literal["network", "place"]


@dataclass(frozen=True)
class Entry:
    """One network, page, wall or channel. ``open_to`` are the decisions that may be taken."""

    subject: Subject
    id: UUID
    network: str
    title: str
    kind: str  # network, page, wall, channel
    name: str
    url: str
    followers: int | None
    category: str
    standing: Review
    signed_in: bool
    asked_by: str
    asked_at: datetime | None
    open_to: tuple[Review, ...]


@dataclass(frozen=True)
class Board:
    """The page."""

    waiting: list[Entry]
    used: list[Entry]
    shut: list[Entry]


def board(actor: Actor, profile_id: UUID) -> Board:
    """Everything there is to decide about in a profile; three statements."""
    actor.require(Permission.ACCOUNT_READ, profile_id)
    asked = _requests(actor, profile_id)
    found = [*_networks(actor, profile_id, asked), *_places(actor, profile_id, asked)]
    return Board(
        waiting=[one for one in found if one.standing is Review.PENDING],
        used=[one for one in found if one.standing is Review.ACCEPTED],
        shut=[one for one in found if one.standing in reviews.CLOSED],
    )


def _requests(actor: Actor, profile_id: UUID) -> dict[UUID, Approval]:
    """The newest request about each network and place."""
    rows = db.session.scalars(
        reach(actor)
        .query(Approval)
        .where(Approval.profile_id == profile_id)
        .order_by(Approval.number.desc())
        .limit(4 * MOST)
    )
    found: dict[UUID, Approval] = {}
    for row in rows:
        subject = row.account_id or row.place_id
        if subject is not None:
            found.setdefault(subject, row)
    return found


def _networks(actor: Actor, profile_id: UUID, asked: Mapping[UUID, Approval]) -> Iterator[Entry]:
    rows = db.session.scalars(
        reach(actor)
        .query(SocialAccount)
        .where(
            SocialAccount.profile_id == profile_id,
            or_(
                SocialAccount.review.is_not(None),
                SocialAccount.status != AccountStatus.DISCONNECTED,
            ),
        )
        .order_by(SocialAccount.number.desc())
        .limit(MOST)
    )
    for one in rows:
        standing = reviews.standing(one)
        if standing is None:
            continue
        yield Entry(
            "network", one.id, one.network, networks_title(one.network), "network",
            one.name or one.handle, one.url, one.declared.get("followers"),
            one.declared.get("category") or "", standing, one.tokens is not None,
            *_asked(asked.get(one.id)), _open(one.review),
        )  # fmt: skip


def _places(actor: Actor, profile_id: UUID, asked: Mapping[UUID, Approval]) -> Iterator[Entry]:
    """Those that people named: one that is a connected account stands among the networks."""
    rows = db.session.scalars(
        reach(actor)
        .query(Place)
        .where(
            Place.profile_id == profile_id, Place.account_id.is_(None), Place.review.is_not(None)
        )
        .order_by(Place.number.desc())
        .limit(MOST)
    )
    for one in rows:
        if one.review is not None:
            yield Entry(
                "place", one.id, one.network, networks_title(one.network), one.kind.value,
                one.name, one.url, one.declared.get("followers"),
                one.declared.get("category") or "", one.review, False,
                *_asked(asked.get(one.id)), _open(one.review),
            )  # fmt: skip


def _asked(row: Approval | None) -> tuple[str, datetime | None]:
    return (row.submitter, row.created_at) if row else ("", None)


def _open(review: Review | None) -> tuple[Review, ...]:
    return tuple(verdict for verdict, before in MOVES.items() if review in before)
