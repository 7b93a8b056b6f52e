"""What a calendar feed shows: posts that are planned, held or sent, a month back and half a year
ahead, each as one event whatever the number of its accounts (DESIGN §1.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func

from app.clock import now
from app.config import settings
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.files import CalendarFeed
from app.models.posts import Post, PostTarget
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import cards, ical
from app.services.access import reach
from app.services.account_lists import called
from app.services.cards import Card, Line
from app.services.feeds import Opened

BACK, AHEAD = timedelta(days=30), timedelta(days=180)
PAST, FUTURE = 500, 1_500  # events of one feed; those nearest to today win
LASTS = timedelta(minutes=15)  # a post is a moment, and programs draw no line for one
EVERY = timedelta(hours=1)
TEXT = 1_000  # characters of a post shown with its event
NAMED = 3  # accounts in a summary, then "and 2 more"
# A state's word as the calendar's own legend has it, and what it is to a calendar program.
WORDS: Mapping[str, tuple[str, str]] = {
    "scheduled": ("Scheduled", "CONFIRMED"),
    "held": ("Held", "TENTATIVE"),
    "queued": ("About to go out", "CONFIRMED"),
    "posting": ("Going out", "CONFIRMED"),
    "retrying": ("Trying again", "CONFIRMED"),
    "published": ("Published", "CONFIRMED"),
    "partial": ("Partly out", "CONFIRMED"),
    "failed": ("Did not go out", "TENTATIVE"),
    "needs_review": ("Not sure it went out", "TENTATIVE"),
    "cancelled": ("Cancelled", "CANCELLED"),
}


def write(opened: Opened) -> bytes:
    """The whole feed as iCalendar. A few statements, whatever the number of posts."""
    feed, actor = opened.feed, opened.actor
    found = _posts(actor, feed)
    names = _names(actor, feed.profile_id)
    texts = _texts(actor, [card.id for card in found])
    made = [_event(feed.profile, card, names, *texts[card.id]) for card in found]
    return ical.calendar(title(feed), feed.profile.time_zone, made, every=EVERY)


def title(feed: CalendarFeed) -> str:
    """What programs call the calendar: the brand, and the account where it is of one."""
    if feed.account is None:
        return feed.profile.name
    network = cards.network_title(feed.account.network)
    return f"{feed.profile.name}: {network} {called(feed.account)}"


def _posts(actor: Actor, feed: CalendarFeed) -> list[Card]:
    at = now()
    where: list[ColumnElement[bool]] = [Post.armed.is_(True)]
    if feed.account_id is not None:
        on_it = (
            reach(actor)
            .query(PostTarget)
            .with_only_columns(PostTarget.post_id)
            .where(PostTarget.account_id == feed.account_id, PostTarget.state.not_in(cards.GONE))
        )
        where.append(Post.id.in_(on_it))
    ahead = cards.load(
        actor, feed.profile, *where, Post.due_at >= at, Post.due_at < at + AHEAD, limit=FUTURE
    )
    past = cards.load(
        actor, feed.profile, *where, Post.due_at < at, Post.due_at >= at - BACK,
        order=(Post.due_at.desc(), Post.id), limit=PAST,
    )  # fmt: skip
    return [*reversed(past), *ahead]


def _names(actor: Actor, profile_id: UUID) -> dict[UUID, str]:
    """Each account as people know it: ``Bluesky @northdesk``."""
    rows = db.session.scalars(
        reach(actor).query(SocialAccount).where(SocialAccount.profile_id == profile_id)
    )
    return {row.id: f"{cards.network_title(row.network)} {called(row)}" for row in rows}


def _texts(
    actor: Actor, wanted: Sequence[UUID]
) -> dict[UUID, tuple[list[str], datetime, datetime]]:
    """Each post's parts, when it was made, and when it or a target of it last changed."""
    found: dict[UUID, tuple[list[str], datetime, datetime]] = {}
    for start in range(0, len(wanted), 500):
        rows = db.session.execute(
            reach(actor)
            .query(Post)
            .outerjoin(PostTarget, PostTarget.post_id == Post.id)
            .with_only_columns(
                Post.id, Post.parts, Post.created_at, Post.updated_at,
                func.max(PostTarget.updated_at).label("moved"),
            )
            .where(Post.id.in_(wanted[start : start + 500]))
            .group_by(Post.id, Post.parts, Post.created_at, Post.updated_at)
        )  # fmt: skip
        for row in rows:
            changed = max(row.updated_at, row.moved or row.updated_at)
            found[row.id] = (row.parts, row.created_at, changed)
    return found


def _event(
    profile: Profile, card: Card, names: Mapping[UUID, str], parts: list[str], made: datetime,
    changed: datetime,
) -> ical.Event:  # fmt: skip
    word, status = WORDS[card.state]
    on = [line for line in card.lines if line.alive or card.state == "cancelled"]
    where = [names.get(line.account_id, cards.network_title(line.network)) for line in on]
    address = f"{settings().APP_URL.rstrip('/')}/p/{profile.slug}/posts/{card.id}"
    assert card.at is not None
    return ical.Event(
        uid=f"{card.id}@carillon",
        starts=card.at,
        lasts=LASTS,
        summary=" · ".join(filter(None, (word, _listed(where), card.title))),
        text="\n\n".join((_states(on, where), _clipped(parts), address)),
        url=address,
        status=status,
        sequence=card.rev,
        made=made,
        changed=changed,
    )


def _listed(names: Sequence[str]) -> str:
    if len(names) <= NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"


def _states(lines: Sequence[Line], names: Sequence[str]) -> str:
    """Each account with its own state, a line each."""
    return "\n".join(
        f"{name}: {WORDS[cards.state_of(True, [line])][0].lower()}"
        for line, name in zip(lines, names, strict=True)
    )


def _clipped(parts: Sequence[str]) -> str:
    text = "\n\n".join(part for part in parts if part.strip())
    return text if len(text) <= TEXT else f"{text[:TEXT].rstrip()}…"
